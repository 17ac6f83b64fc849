"""A tiny assignment of two exercises, `double` and `shift`: its notebooks and its grader, as text."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNELSPEC = {"name": "bareme", "display_name": "Barème (Python 3)", "language": "python"}

DOUBLE = "def double(x):\n    return [2 * item for item in x]"
SHIFT = "import torch\n\ndef shift(x, by):\n    return x + by"
STUB = "def {name}(*args):\n    # YOUR CODE HERE\n    raise NotImplementedError()"

GRADER = """
    import pytest
    import torch
    from bareme.grading.checks import Misconception, expect, say

    TRIPLES = Misconception(
        "triples", say(fr="Le résultat n'est pas le double.", en="Not twice."), say(fr="2x", en="2x")
    )

    @pytest.mark.exercise("double")
    @pytest.mark.check(weight=1, rationale=say(fr="Le double.", en="Twice."), hint=say(fr="2x", en="2x"))
    def test_values(student, rng):
        x = [rng.randrange(1000) for _ in range(5)]
        got = student.double(x)
        expect(got != [3 * item for item in x], TRIPLES)
        assert got == [2 * item for item in x]

    @pytest.mark.exercise("double")
    @pytest.mark.check(weight=1, rationale=say(fr="La liste vide.", en="The empty list."), hint=say(fr="", en=""))
    @pytest.mark.budget(cpu=2, wall=5)
    def test_empty(student):
        assert student.double([]) == []

    @pytest.mark.exercise("shift")
    @pytest.mark.check(weight=1, rationale=say(fr="La somme.", en="The sum."), hint=say(fr="", en=""))
    @pytest.mark.budget(cpu=2, wall=5)
    def test_sum(student, torch_rng):
        x = torch.randn(3, 4, generator=torch_rng)
        got = student.shift(x, 2.5)
        assert isinstance(got, torch.Tensor) and torch.equal(got, x + 2.5)
"""


def solution(name: str, source: str) -> NotebookNode:
    mark = {"grade_id": name, "solution": True, "grade": False, "locked": False, "schema_version": 3, "task": False}
    return new_code_cell(source, id=f"s-{name}", metadata={"nbgrader": {**mark, "cell_type": "code"}})


def grade_cell(name: str, points: float, source: str) -> NotebookNode:
    mark = {"grade_id": f"test_{name}", "solution": False, "grade": True, "locked": True, "points": points}
    mark |= {"schema_version": 3, "task": False, "cell_type": "code"}
    return new_code_cell(source, id=f"t-{name}", metadata={"nbgrader": mark})


def notebook(double: str, shift: str) -> NotebookNode:
    cells = [
        new_markdown_cell("# Tiny", id="title"),
        solution("double", double),
        grade_cell("double", 2.0, "assert double([1]) == [2]"),
        solution("shift", shift),
        grade_cell("shift", 3.0, "assert shift(torch.zeros(1), 1.0).item() == 1.0"),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
