"""An assignment as grading needs it: what was released, the instructor's notebook, and the hidden grader."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bareme.grading.language import CourseError, keep_language


@dataclass(frozen=True)
class Assignment:
    """release: locked cells, stubs, points, in one language. source: with solutions. grader: the hidden tests."""

    name: str
    release: NotebookNode
    source: NotebookNode
    grader: Path
    language: str = "fr"


def load_assignment(course_root: Path, name: str, language: str = "fr") -> Assignment:
    """Read release/NAME/NAME.ipynb, source/NAME/NAME.ipynb and graders/NAME. Raises CourseError."""
    release = _read(
        course_root / "release" / name / f"{name}.ipynb", f"run `nbgrader generate_assignment {name} --force`"
    )
    source = _read(course_root / "source" / name / f"{name}.ipynb", "check the assignment's name")
    grader = course_root / "graders" / name
    if not any(grader.glob("test_*.py")):
        raise CourseError(f"{grader}: no hidden test there; write graders/{name}/test_EXERCISE.py")
    assignment = Assignment(name, release, keep_language(source, language), grader, language)
    if not exercises(assignment):
        raise CourseError(f"release/{name}/{name}.ipynb: no exercise; a grade cell test_NAME must follow a cell NAME")
    return assignment


def exercises(assignment: Assignment) -> dict[str, float]:
    """Each exercise's points, in the notebook's order: a solution cell NAME with a grade cell ``test_NAME``."""
    marks = [cell.metadata.get("nbgrader", {}) for cell in assignment.release.cells]
    solutions = {mark.get("grade_id") for mark in marks if mark.get("solution") and not mark.get("grade")}
    points: dict[str, float] = {}
    for mark in marks:
        name = str(mark.get("grade_id", "")).removeprefix("test_")
        if mark.get("grade") and not mark.get("solution") and name in solutions:
            value = mark.get("points")
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < float("inf"):
                where = f"release/{assignment.name}, cell test_{name}"
                raise CourseError(f"{where}: points is {value!r}; give it a number in the source notebook")
            points[name] = float(value)
    return points


def _read(path: Path, remedy: str) -> NotebookNode:
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise CourseError(f"{path}: there is no such notebook; {remedy}") from None
    except Exception as error:  # nbformat and json raise many kinds
        raise CourseError(f"{path}: not a readable notebook ({error}); {remedy}") from None
    return notebook
