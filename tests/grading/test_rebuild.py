"""Of a submission, only the student's own cells reach the notebook that is graded; each oddity has one outcome."""

from __future__ import annotations

import copy
import json

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from bareme.grading.assignment import Assignment
from bareme.grading.rebuild import Rebuilt, rebuild
from bareme.grading.submission import Refusal, Submission, parse_notebook
from tests.tiny import DOUBLE, SHIFT, notebook


def rebuilt(tiny: Assignment, submitted: NotebookNode) -> Rebuilt:
    """As grading does it: what was handed in goes through the parser first."""
    parsed = parse_notebook(json.dumps(submitted).encode(), "tiny.ipynb")
    assert not isinstance(parsed, Refusal)
    result = rebuild(tiny, Submission("ada", parsed))
    nbformat.validate(result.notebook)
    return result


def sources(result: Rebuilt) -> list[str]:
    return [cell.source for cell in result.notebook.cells]


def test_a_plain_submission_is_the_release_with_its_answers(tiny: Assignment) -> None:
    result = rebuilt(tiny, notebook(DOUBLE, SHIFT))
    assert sources(result) == [cell.source for cell in notebook(DOUBLE, SHIFT).cells]
    assert [cell.metadata for cell in result.notebook.cells] == [cell.metadata for cell in tiny.release.cells]
    assert (result.problems, result.missing) == ((), frozenset())


def test_a_blank_or_deleted_cell_is_missing(tiny: Assignment) -> None:
    assert rebuilt(tiny, copy.deepcopy(tiny.release)).missing == {"double", "shift"}
    submitted = notebook(DOUBLE, SHIFT)
    del submitted.cells[1]
    result = rebuilt(tiny, submitted)
    assert result.missing == {"double"} and "was deleted" in result.problems[0]["en"]


def test_a_cell_that_lost_its_mark_still_counts(tiny: Assignment) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    submitted.cells[1].metadata = {}
    result = rebuilt(tiny, submitted)
    assert result.missing == frozenset() and DOUBLE in sources(result)
    assert sources(result).index(DOUBLE) > 1, "after the stub, which would hide it"


def test_of_a_doubled_cell_the_last_counts_and_the_first_still_runs(tiny: Assignment) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    submitted.cells.insert(1, copy.deepcopy(submitted.cells[1]))
    submitted.cells[1].source = "helper = 1"
    result = rebuilt(tiny, submitted)
    assert sources(result)[1:3] == ["helper = 1", DOUBLE]
    assert "is there twice" in result.problems[0]["en"]


def test_locked_cells_are_the_releases(tiny: Assignment) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    submitted.cells[2].source = "100"
    del submitted.cells[4]
    result = rebuilt(tiny, submitted)
    assert sources(result) == sources(rebuilt(tiny, notebook(DOUBLE, SHIFT)))
    assert ["test_double" in p["en"] for p in result.problems] == [True, False]
    assert "test_shift" in result.problems[1]["en"]


def test_a_doubled_locked_cell_is_dropped(tiny: Assignment) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    submitted.cells.append(copy.deepcopy(submitted.cells[2]))
    submitted.cells[-1].source = "forged"
    assert "forged" not in sources(rebuilt(tiny, submitted))


def test_moved_cells_are_put_back(tiny: Assignment) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    submitted.cells.reverse()
    result = rebuilt(tiny, submitted)
    assert sources(result)[1] == DOUBLE and sources(result)[3] == SHIFT
    assert any("moved" in problem["en"] for problem in result.problems)


def test_own_cells_stay_where_they_stood(tiny: Assignment) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    submitted.cells.insert(1, new_code_cell("import math"))
    submitted.cells.insert(4, new_markdown_cell("my notes"))
    submitted.cells += [new_code_cell("the_end"), new_raw_cell("raw"), new_code_cell("  ")]
    result = rebuilt(tiny, submitted)
    tests = [cell.source for cell in tiny.release.cells if "assert" in cell.source]
    assert sources(result) == ["# Tiny", "import math", DOUBLE, tests[0], "my notes", SHIFT, tests[1], "the_end"]


def test_a_refused_notebook_leaves_the_release(tiny: Assignment) -> None:
    why = {"fr": "Illisible.", "en": "Unreadable."}
    result = rebuild(tiny, Submission("ada", Refusal(why)))
    assert sources(result) == [cell.source for cell in tiny.release.cells]
    assert result.problems == (why,) and result.missing == {"double", "shift"}


_SHUFFLED = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from(["keep", "edit", "unmark", "mark"]), st.sampled_from(["a = 1", "", "("])
    ),
    max_size=8,
)


@given(_SHUFFLED)
def test_locked_cells_points_and_order_survive_anything(tiny: Assignment, picked: list[tuple[int, str, str]]) -> None:
    submitted = notebook(DOUBLE, SHIFT)
    cells = []
    for place, change, text in picked:
        cell = copy.deepcopy(submitted.cells[place])
        if change == "edit":
            cell.source = text
        elif change == "unmark":
            cell.metadata = {}
        elif change == "mark":
            cell.metadata = {"nbgrader": {"grade_id": "test_shift", "points": 9, "solution": True}}
        cells.append(cell)
    submitted.cells = cells
    result = rebuilt(tiny, submitted)
    marked = [cell for cell in result.notebook.cells if "nbgrader" in cell.metadata]
    released = [cell for cell in tiny.release.cells if "nbgrader" in cell.metadata]
    assert [cell.metadata for cell in marked] == [cell.metadata for cell in released]
    locked = [(mine, theirs) for mine, theirs in zip(marked, released, strict=True) if theirs.metadata.nbgrader.grade]
    assert all(mine.source == theirs.source for mine, theirs in locked)
