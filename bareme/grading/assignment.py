"""An assignment, as the course's files describe it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from bareme.grading.language import CourseError, keep_language

__all__ = ["Assignment", "CourseError", "exercises", "load_assignment", "mark", "read_source"]


@dataclass(frozen=True)
class Assignment:
    """What grading needs of an assignment.

    ``release`` is the notebook as students get it: locked cells, stubs, points. ``source`` is the instructor's, with
    the solutions, in the same language. ``grader`` is the folder of the hidden tests.
    """

    name: str
    release: NotebookNode
    source: NotebookNode
    grader: Path
    language: str = "fr"


def load_assignment(
    course_root: Path, name: str, language: str = "fr", release_folder: Path | None = None
) -> Assignment:
    """Read ``release/NAME/NAME.ipynb``, ``source/NAME/NAME.ipynb`` and ``graders/NAME``.

    ``release_folder`` stands for ``release`` where given. Raises CourseError when one is missing or can't be used.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise CourseError(f"assignment {name!r}: name one of the folders of {course_root / 'source'}")
    released = release_folder or course_root / "release"
    paths = {
        kind: folder / name / f"{name}.ipynb"
        for kind, folder in (("source", course_root / "source"), ("release", released))
    }
    source = read_source(course_root, name)
    release = _read(paths["release"], f"run `nbgrader generate_assignment {name}`")
    grader = course_root / "graders" / name
    if not any(grader.glob("test_*.py")):
        raise CourseError(f"{grader}: no hidden test is there: write its test_*.py files")
    try:
        assignment = Assignment(name, release, keep_language(source, language), grader, language)
    except CourseError as error:
        raise CourseError(f"{paths['source']}: {error}") from None
    _check(assignment, paths)
    return assignment


def read_source(course_root: Path, name: str) -> NotebookNode:
    """The instructor's notebook in both languages. Raises CourseError when it can't be used."""
    return _read(course_root / "source" / name / f"{name}.ipynb", "write the instructor's notebook there")


def exercises(assignment: Assignment) -> dict[str, float]:
    """The autograded exercises and their points, in the notebook's order.

    An exercise is a solution cell ``NAME`` with a grade cell ``test_NAME``. A cell that is both is graded by hand,
    and is none. Raises CourseError when a grade cell carries no points.
    """
    marks = [mark(cell) for cell in assignment.release.cells]
    points = {one.get("grade_id"): _points(one) for one in marks if one.get("grade")}
    answers = [one.get("grade_id") for one in marks if one.get("solution") and not one.get("grade")]
    return {str(name): points[f"test_{name}"] for name in answers if f"test_{name}" in points}


def mark(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """nbgrader's metadata of a cell; empty for a cell it knows nothing of."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, Mapping) else {}


def _points(one: Mapping[str, Any]) -> float:
    points = one.get("points")
    if isinstance(points, int | float) and not isinstance(points, bool) and 0 <= points < math.inf:
        return float(points)
    raise CourseError(
        f"grade cell {one.get('grade_id')!r}: metadata.nbgrader.points is {points!r}: "
        "give it a number of points, zero or more, in source/ and release it again"
    )


def _read(path: Path, remedy: str) -> NotebookNode:
    try:
        notebook: NotebookNode = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8")))
        if not isinstance(notebook, NotebookNode) or notebook.get("nbformat") != 4:
            raise CourseError(f"{path}: nbformat is not 4: open and save it in JupyterLab, or {remedy}")
        nbformat.validate(notebook)
    except FileNotFoundError:
        raise CourseError(f"{path}: there is no such file: {remedy}") from None
    except OSError as error:
        raise CourseError(f"{path}: can't be read ({error.strerror}): check its permissions, or {remedy}") from None
    except nbformat.ValidationError as error:
        reason = str(error).partition("\n")[0]
        raise CourseError(f"{path}: not a valid notebook ({reason}): repair it, or {remedy}") from None
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CourseError(f"{path}: not a notebook ({error}): repair it, or {remedy}") from None
    rejoined: NotebookNode = rejoin_lines(notebook)
    return rejoined


def _check(assignment: Assignment, paths: Mapping[str, Path]) -> None:
    """Raise CourseError unless every point of the release can be earned, and its reference exists."""
    release = [mark(cell) for cell in assignment.release.cells]
    answers = {mark(cell).get("grade_id") for cell in assignment.source.cells if mark(cell).get("solution")}
    names = [one.get("grade_id") for one in release if one]
    for name in names:
        if not isinstance(name, str) or not name or names.count(name) > 1:
            raise CourseError(f"{paths['release']}: grade_id {name!r} is not a name of one cell: give each its own")
    try:
        known = exercises(assignment)
    except CourseError as error:
        raise CourseError(f"{paths['release']}: {error}") from None
    for one in release:
        name = one.get("grade_id", "")
        if one.get("grade") and not one.get("solution") and name.removeprefix("test_") not in known:
            raise CourseError(
                f"{paths['release']}: grade cell {name!r}: grade_id must be test_NAME, where NAME is the grade_id of a "
                "solution cell: rename one of them in source/ and release it again"
            )
    for name in known:
        if name not in answers:
            raise CourseError(f"{paths['source']}: no solution cell has the grade_id {name!r}: write the reference")
