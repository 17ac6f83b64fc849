"""To change what is graded, or for how much, by what is handed in."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from bareme.grading.grade import grade
from bareme.grading.report import Report
from bareme.grading.submission import Submission, read_submission
from tests.attacks.conftest import REFERENCE, Arena, notebook

REBUILT = "the notebook is rebuilt from the release: only solution cells and added cells are the student's"
REFUSED = "it is refused with one line for its student; the others are graded"
HONEST = {"honest": REFERENCE["honest"]}


#: What is handed in is read before any wall: one level is enough
pytestmark = pytest.mark.parametrize("level", ["full"], indirect=True)


def graded(arena: Arena, submitted: NotebookNode) -> Report:
    return grade(arena.assignment, Submission("mallory", nbformat.from_dict(submitted)), arena.engine)


@pytest.mark.attack("Notebook", "points and metadata edited", wall=REBUILT)
def test_points(arena: Arena) -> None:
    submitted = notebook(HONEST)
    for cell in submitted.cells:
        cell.metadata.nbgrader.update({"points": 100, "locked": False, "solution": True, "schema_version": 99})
    submitted.metadata.update({"kernelspec": {"name": "python3"}, "celltoolbar": "x", "nbgrader": {"score": 100}})
    report = graded(arena, submitted)
    assert (report.score, report.max_score) == (1.0, 4.0)


@pytest.mark.attack("Notebook", "grade cells deleted", "grade cells duplicated or reordered", wall=REBUILT)
@pytest.mark.parametrize("how", ["deleted", "doubled", "moved", "edited"])
def test_grade_cells(arena: Arena, how: str) -> None:
    submitted = notebook({**HONEST, "forge": "def forge(): return 0"})
    tests = [cell for cell in submitted.cells if cell.metadata.nbgrader.get("grade")]
    if how == "deleted":
        submitted.cells = [cell for cell in submitted.cells if cell not in tests]
    elif how == "doubled":
        submitted.cells += [copy.deepcopy(cell) | {"id": f"twin{n}"} for n, cell in enumerate(tests)]
    elif how == "moved":
        submitted.cells.reverse()
    else:
        for cell in tests:
            cell.source = "1e9"
    report = graded(arena, submitted)
    assert (report.score, report.max_score) == (1.0, 4.0)
    assert report.problems or how == "moved"


@pytest.mark.attack("Notebook", "kernelspec changed", wall="the kernel is ours, whatever the notebook names")
def test_kernelspec(arena: Arena, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    submitted = notebook(HONEST)
    submitted.metadata["kernelspec"] = {
        "name": "evil",
        "argv": ["touch", str(mark)],
        "display_name": "",
        "language": "python",
    }
    assert graded(arena, submitted).score == 1.0 and not mark.exists()
    submitted.metadata["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    submitted.metadata["language_info"] = {"name": "R"}
    assert refused(arena, tmp_path, json.dumps(submitted).encode()).startswith("The notebook")


def refused(arena: Arena, folder: Path, content: bytes) -> str:
    """Why the notebook is refused; it earns nothing, and the next is graded."""
    (folder / "target.ipynb").write_bytes(content)
    report = grade(arena.assignment, read_submission(folder, "target.ipynb", "mallory"), arena.engine)
    assert report.score == 0 and len(report.problems) == 1 and report.grader_errors == ()
    assert {check.verdict for one in report.exercises.values() for check in one.checks} == {"missing"}
    return report.problems[0]["en"]


@pytest.mark.attack("Notebook", "100 MB outputs", wall=REFUSED)
def test_outputs_of_100_megabytes(arena: Arena, tmp_path: Path) -> None:
    submitted = notebook(HONEST)
    submitted.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="x" * 10**8)]
    assert "too large" in refused(arena, tmp_path, json.dumps(submitted).encode())


@pytest.mark.attack("Notebook", "invalid JSON", wall=REFUSED)
@pytest.mark.parametrize("content", [b"", b'{"cells": [', b"[" * 100_000, b"\xff\xfe", b'{"cells": NaN}', b"null"])
def test_invalid_json(arena: Arena, tmp_path: Path, content: bytes) -> None:
    assert refused(arena, tmp_path, content)


@pytest.mark.attack("Notebook", "nbformat 3", wall=REFUSED)
def test_nbformat_3(arena: Arena, tmp_path: Path) -> None:
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}
    assert "format 3" in refused(arena, tmp_path, json.dumps(old).encode())
