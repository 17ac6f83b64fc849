"""Course files that can't be used are refused with file, field and remedy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from bareme.grading.assignment import CourseError, exercises, load_assignment
from tests.tiny import DOUBLE, SHIFT, STUB, notebook


@pytest.fixture
def written(course: Path) -> Path:
    for kind, content in (
        ("source", notebook(DOUBLE, SHIFT)),
        ("release", notebook(STUB.format(name="double"), STUB.format(name="shift"))),
    ):
        (course / kind / "tiny").mkdir(parents=True)
        nbformat.write(content, course / kind / "tiny" / "tiny.ipynb")
    (course / "graders" / "tiny").mkdir(parents=True)
    (course / "graders" / "tiny" / "test_tiny.py").write_text("")
    return course


def test_a_good_one_is_read(written: Path) -> None:
    assignment = load_assignment(written, "tiny", "en")
    assert exercises(assignment) == {"double": 2.0, "shift": 3.0}
    assert assignment.source.cells[1].source == DOUBLE and assignment.language == "en"


def _change(kind: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def run(course: Path) -> None:
        path = course / kind / "tiny" / "tiny.ipynb"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    return run


def _mark(number: int, **values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["cells"][number]["metadata"]["nbgrader"].update(values)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no source": (lambda c: os.remove(c / "source/tiny/tiny.ipynb"), "source/tiny/tiny.ipynb: there is no such file"),
    "not released": (lambda c: os.remove(c / "release/tiny/tiny.ipynb"), "run `nbgrader generate_assignment tiny`"),
    "no grader": (lambda c: os.remove(c / "graders/tiny/test_tiny.py"), "graders/tiny: no hidden test"),
    "not JSON": (lambda c: (c / "source/tiny/tiny.ipynb").write_text("{"), "source/tiny/tiny.ipynb: not a notebook"),
    "not UTF-8": (lambda c: (c / "source/tiny/tiny.ipynb").write_bytes(b"\xff"), "not a notebook"),
    "format 3": (_change("source", lambda d: d.update(nbformat=3)), "nbformat is not 4"),
    "invalid": (_change("source", lambda d: d["cells"][0].update(cell_type="x")), "not a valid notebook"),
    "no points": (_change("release", _mark(2, points=None)), "points is None: give it a number"),
    "no number": (_change("release", _mark(2, points="2")), "points is '2'"),
    "negative": (_change("release", _mark(2, points=-1)), "points is -1"),
    "same name": (_change("release", _mark(3, grade_id="double")), "grade_id 'double' is not a name of one cell"),
    "no partner": (_change("release", _mark(2, grade_id="test_x")), "grade cell 'test_x': grade_id must be test_NAME"),
    "no reference": (_change("source", _mark(1, solution=False)), "no solution cell has the grade_id 'double'"),
    "a wrong tag": (
        _change("source", lambda d: d["cells"][0]["metadata"].update(bareme={"language": "de"})),
        "source/tiny/tiny.ipynb: cell 1",
    ),
}


@pytest.mark.parametrize(("break_it", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_each_broken_file_is_named(break_it: Callable[[Path], object], message: str, written: Path) -> None:
    break_it(written)
    with pytest.raises(CourseError) as caught:
        load_assignment(written, "tiny")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["", "..", "../tiny", "a/b", "-x", "/etc"])
def test_a_name_that_is_none_is_refused(name: str, written: Path) -> None:
    with pytest.raises(CourseError, match="name one of the folders"):
        load_assignment(written, name)
