"""Mutants: every kind of slip, each once, each a program."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bareme.authoring.mutants import OPERATORS, mutants, plain

#: What each operator must be able to write in place of a function's body.
SLIPS = [
    ("constant", "return x[3]", "return x[4]"),
    ("constant", "return x[0]", "return x[-1]"),
    ("constant", "return x.softmax(dim=-1)", "return x.softmax(dim=-2)"),
    ("constant", "return 1.0", "return 0.5"),
    ("constant", "return f(x, mask=True)", "return f(x, mask=False)"),
    ("constant", "return 'ab'", "return ''"),
    ("comparison", "return x < 3", "return x <= 3"),
    ("comparison", "return x in vocab", "return x not in vocab"),
    ("arithmetic", "return q @ k / math.sqrt(d)", "return q @ k"),
    ("arithmetic", "return q @ k / math.sqrt(d)", "return q @ k * math.sqrt(d)"),
    ("arithmetic", "x += 1", "x -= 1"),
    ("logic", "return a and x", "return a or x"),
    ("logic", "return f(~x)", "return f(x)"),
    ("logic", "if x:\n    return 1", "if True:\n    return 1"),
    ("statement", "with torch.no_grad():\n    return f(x)", "return f(x)"),
    ("statement", "for y in x:\n    f(y)", "for y in x:\n    f(y)\n    break"),
    ("statement", "x = 1\nreturn x", "return x"),
    ("statement", "return x", "return"),
    ("call", "return x.eval()", "return x"),
    ("call", "return x.masked_fill(m, 0).softmax(-1)", "return x.softmax(-1)"),
    ("call", "return f(a, b)", "return f(b, a)"),
    ("call", "return f(a, dim=1)", "return f(a)"),
    ("tuple", "return [a, b]", "return [b, a]"),
    ("tuple", "return (a, b)", "return (a,)"),
    ("bound", "return x[:n]", "return x[:n + 1]"),
    ("bound", "return x[n:]", "return x[:]"),
    ("bound", "return list(range(n))", "return list(range(n - 1))"),
]


def cell(body: str) -> str:
    lines = "\n".join("    " + line for line in body.splitlines())
    return f'def f(x):\n    """A docstring of 3 words."""\n{lines}'


@pytest.mark.parametrize(("operator", "body", "slip"), SLIPS)
def test_each_operator_makes_its_slips(operator: str, body: str, slip: str) -> None:
    found = mutants("f", cell(body))
    assert (operator, plain(cell(slip))) in [(one.operator, one.source) for one in found]


def test_every_operator_is_tried_above() -> None:
    assert {operator for operator, _, _ in SLIPS} == set(OPERATORS)


def test_words_are_no_code() -> None:
    assert all(
        ast.get_docstring(ast.parse(one.source).body[0]) == "A docstring of 3 words."
        for one in mutants("f", cell("return x"))
    )


def test_swapping_two_dimensions_of_a_transpose_is_no_slip() -> None:
    assert all("transpose(2, 1)" not in one.source for one in mutants("f", cell("return x.transpose(1, 2)")))


def test_a_diff_shows_the_change_alone() -> None:
    reference = cell("y = x  # a comment\nreturn y[1]")
    (one,) = [mutant for mutant in mutants("f", reference) if "y[2]" in mutant.source]
    assert (one.before, one.after) == ("return y[1]", "return y[2]")
    lines = one.diff(reference).splitlines()
    assert [line for line in lines if line[0] in "+-"] == ["-    return y[1]", "+    return y[2]"]


BODIES = st.lists(st.sampled_from([body for _, body, _ in SLIPS]), min_size=1, max_size=4)


@given(BODIES)
def test_mutants_are_programs_unlike_the_reference_and_each_other(bodies: list[str]) -> None:
    reference = cell("\n".join(bodies))
    sources = [one.source for one in mutants("f", reference)]
    assert len(set(sources)) == len(sources) and plain(reference) not in sources
    for source in sources:
        compile(source, "mutant", "exec")
