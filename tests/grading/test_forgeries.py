"""Every forgery that fools nbgrader (reference: «what is broken») is tried here, and must earn nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bareme.grading.report import Report
from tests.tiny import SHIFT, notebook

Graded = Callable[..., Report]

#: Solution cells that know nothing of the answer. Each tries to be taken for a right one.
FORGED = {
    "displayhook in the function": """
def double(x):
    get_ipython().displayhook(5)
""",
    "an AST transformer that drops asserts": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)
get_ipython().ast_transformers.append(Drop())
def double(x):
    return None
""",
    "an input transformer that empties cells": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["2.0\\n"])
def double(x):
    return None
""",
    "an object equal to everything": """
class Any:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __len__(self): return 0
    def __iter__(self): return iter([])
def double(x):
    return Any()
""",
    "a list equal to everything": """
class Any(list):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def double(x):
    return Any([1])
""",
    "patched comparisons": """
import builtins, torch
torch.allclose = torch.equal = lambda *a, **k: True
builtins.all = builtins.any = lambda *a: True
def double(x):
    return [0]
""",
    "the caller's frames": """
import sys, gc
def double(x):
    frame = sys._getframe()
    while frame:
        for name, value in frame.f_locals.items():
            if name in ("want", "expected", "reference"): return value
        frame = frame.f_back
    return None
""",
    "the hidden tests on disk": """
import os
def double(x):
    for folder, _, names in os.walk("/"):
        for name in names:
            if name.startswith("test_tiny"): return [2 * item for item in x]
    return None
""",
    "a result written to inherited descriptors": """
import os
def double(x):
    if len(x) == 1: return [2]  # the visible test; to write there stalls the kernel until the cell's time is up
    for descriptor in range(3, 64):
        try: os.write(descriptor, b'{"value": [0]}')
        except OSError: pass
    return None
""",
    "NaN": "def double(x):\n    return float('nan')",
    "True": "def double(x):\n    return True",
    "a score": "def double(x):\n    return 2.0",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_forgery_earns_nothing(graded: Graded, forged: str) -> None:
    report = graded(forged)
    assert report.exercises["double"].score == 0
    if "get_ipython().ast" not in forged and "input_transformers" not in forged and "builtins" not in forged:
        # (who breaks his own kernel or Python pays with the later exercises)
        assert report.exercises["shift"].score == 3.0, "and costs no other exercise"


#: What a student writes in place of the visible tests. Only ours may ever be a score.
PRINTED = ["float('nan')", "-1", "True", "'text'", "1e9", "__import__('numpy').float64(2.5)", "torch.tensor(0.)", "2.0"]


@pytest.mark.parametrize("value", PRINTED)
def test_an_edited_grade_cell_earns_nothing(graded: Graded, value: str) -> None:
    submitted = notebook("def double(x):\n    return None", SHIFT)
    submitted.cells[2].source = value
    submitted.cells[2].metadata.nbgrader["points"] = 100
    report = graded(whole=submitted)
    assert report.exercises["double"].score == 0
    assert report.max_score == 5.0
    assert any("double" in problem["en"] for problem in report.problems)
    kinds = {output.output_type for cell in report.notebook.cells for output in cell.get("outputs", [])}
    assert "execute_result" not in kinds


def test_an_image_only_result_is_no_score(graded: Graded) -> None:
    image = "from IPython.display import Image\nImage(data=b'\\x89PNG', format='png')"
    assert graded("def double(x):\n    return None\n" + image).exercises["double"].score == 0


def test_stderr_costs_nothing(graded: Graded) -> None:
    noisy = SHIFT + "\nimport sys, warnings\nprint('warned', file=sys.stderr)\nwarnings.warn('again')"
    assert graded(shift=noisy).score == 5.0


@pytest.mark.parametrize("change", [{}, {"grade": False}, {"points": 0}, {"grade_id": "other"}, {"locked": False}])
def test_changed_metadata_changes_nothing(graded: Graded, change: dict[str, object]) -> None:
    submitted = notebook("def double(x):\n    return None", SHIFT)
    if change:
        submitted.cells[2].metadata.nbgrader.update(change)
    else:
        del submitted.cells[2].metadata["nbgrader"]
    report = graded(whole=submitted)
    assert (report.score, report.max_score) == (3.0, 5.0)
