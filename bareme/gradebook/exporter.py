"""Where nbgrader's autograde meets the engine: an exporter that grades what it reads.

nbgrader converts each submission twice, first to sanitise it, then to run it. Here the first conversion does both: it
reads the submitted file as untrusted, grades it in a sandbox, and writes a rebuilt notebook whose grade cells hold our
scores. The second only records them, by nbgrader's own preprocessors.
"""

from __future__ import annotations

import re
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory

from bareme.config import hidden_folders, settings
from bareme.gradebook.left_out import recall
from bareme.gradebook.marking_scheme import with_schemes
from bareme.gradebook.records import write_report
from bareme.gradebook.scored import scored_notebook
from bareme.gradebook.unfinished import remove_unfinished
from bareme.gradebook.warm_engine import warm_engine
from bareme.grading.assignment import Assignment, load_assignment
from bareme.grading.grade import start_grading
from bareme.grading.language import CourseError
from bareme.grading.report import Report
from bareme.grading.submission import read_submission
from bareme.sandbox.supervisor import SandboxError

#: Submissions handed to each worker before nbgrader asks for them: more would only fill memory.
_AHEAD = 8


class SubmissionExporter(NotebookExporter):
    """For ``c.Autograde.exporter_class``: `bareme.gradebook.configure` sets it."""

    parent: Any  # the converter that made it: nbgrader's Autograde

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._started: dict[Path, Future[Report]] = {}
        converter = self.parent
        if converter is not None:
            _remove_unfinished(converter)
            _add_those_without_notebook(converter)

    def from_filename(self, filename: str, resources: Any = None, **kwargs: Any) -> Any:
        about, coursedir = resources["nbgrader"], self.parent.coursedir
        submitted = coursedir.format_path(coursedir.submitted_directory, about["student"], about["assignment"])
        if Path(filename).parent.resolve() != Path(submitted).resolve():
            return super().from_filename(filename, resources, **kwargs)
        report, assignment = self._grade(Path(filename), about["assignment"], about["student"])
        for error in report.grader_errors:
            self.log.error("%s, %s: grader error: %s", about["assignment"], about["student"], error)
        scored = with_schemes(scored_notebook(report, assignment.language), assignment.source)
        return super().from_notebook_node(scored, resources, **kwargs)  # type: ignore[no-untyped-call]

    def _grade(self, path: Path, name: str, student: str) -> tuple[Report, Assignment]:
        """Grade one submission and keep its report. Raises NbGraderException when grading is impossible."""
        course = Path(self.parent.coursedir.root)
        try:
            config = settings(course, self.config.get("Bareme", {}))
            assignment = load_assignment(course, name, config.language)
            engine = warm_engine(config, hidden_folders(course))
            # nbgrader goes through a class one by one; the engine is given enough to keep all its workers busy
            for one in [path, *self._next(path)][: _AHEAD * config.workers]:
                if one not in self._started:
                    submission = read_submission(one.parent, one.name, _student(one, self.parent.coursedir, name))
                    self._started[one] = start_grading(assignment, submission, engine)
            report = self._started.pop(path).result()
        except (CourseError, SandboxError) as error:
            raise NbGraderException(f"{name}, {student}: {error}") from error
        report = replace(report, problems=(*recall(course, name, student), *report.problems))
        write_report(course, report)
        return report, assignment

    def _next(self, path: Path) -> list[Path]:
        """The submissions that nbgrader will come to after this one."""
        converter, name = self.parent, path.name
        folders = [Path(folder) for folder in sorted(converter.assignments) if Path(folder) > path.parent]
        return [folder / name for folder in folders if converter.force or not _done(folder, converter)]


def _student(path: Path, coursedir: CourseDirectory, assignment: str) -> str:
    pattern = coursedir.format_path(coursedir.submitted_directory, "(?P<student>.*)", assignment, escape=True)
    found = re.fullmatch(pattern, str(path.parent))
    return found["student"] if found else path.parent.parent.name


def _done(folder: Path, converter: Any) -> bool:
    coursedir = converter.coursedir
    student = _student(folder / "_", coursedir, coursedir.assignment_id)
    return Path(coursedir.format_path(coursedir.autograded_directory, student, coursedir.assignment_id)).exists()


def _remove_unfinished(converter: Any) -> None:
    coursedir: CourseDirectory = converter.coursedir
    name = coursedir.assignment_id

    def autograded(student: str) -> Path:
        return Path(coursedir.format_path(coursedir.autograded_directory, student, name))

    for student in remove_unfinished(Path(coursedir.root), name, autograded):
        converter.log.warning("%s, %s: an earlier grading was cut off: it is graded again", name, student)


def _add_those_without_notebook(converter: Any) -> None:
    """Let nbgrader convert, too, submissions without the notebook they should hold: it would pass over them silently.

    The exporter is made between nbgrader's listing of the submissions and its converting them.
    """
    coursedir: CourseDirectory = converter.coursedir
    pattern = coursedir.format_path(coursedir.submitted_directory, coursedir.student_id, coursedir.assignment_id)
    wanted = f"{coursedir.assignment_id}.ipynb"
    for folder in Path("/").glob(pattern.lstrip("/")):
        found = converter.assignments.setdefault(str(folder), [])
        if coursedir.notebook_id == "*" and str(folder / wanted) not in found:
            found.append(str(folder / wanted))
