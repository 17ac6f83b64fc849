"""Leaks are found by content, however they are wrapped; what everybody may read is none."""

from __future__ import annotations

import copy
import html
import json
import textwrap
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat.v4 import new_markdown_cell, new_output

from bareme.authoring import leaks
from bareme.authoring.specimens import Specimen
from bareme.grading.assignment import Assignment
from bareme.grading.trial import as_seen

SOLUTION = """
def double(x):
    # each one, twice
    total = [2 * item + 0 * index for index, item in enumerate(x)]
    return total if len(total) == len(x) else None
"""


@pytest.fixture
def solved(tiny: Assignment) -> list[Specimen]:
    return [Specimen("double", "correct", "reference", SOLUTION)]


def planted(tiny: Assignment, change: object) -> list[str]:
    release = copy.deepcopy(tiny.release)
    change(release)  # type: ignore[operator]
    return list(leaks.texts(json.loads(nbformat.writes(release))))


def test_a_clean_release_has_none(tiny: Assignment, solved: list[Specimen]) -> None:
    public = planted(tiny, lambda release: None)
    assert leaks.found_runs(leaks.solution_runs(tiny, solved), public) == []
    assert leaks.found_runs(leaks.hidden_test_runs(tiny.grader), public) == []


@pytest.mark.parametrize(
    "plant",
    [
        lambda nb: nb.cells.append(new_markdown_cell("Hint:\n```\n" + SOLUTION + "```")),
        lambda nb: nb.cells[1].metadata.update({"note": SOLUTION.replace("    ", "\t")}),
        lambda nb: nb.cells[1].outputs.append(new_output("display_data", {"text/html": html.escape(SOLUTION)})),
        lambda nb: nb.metadata.update({SOLUTION.replace(" * ", "*").replace(" = ", "=").replace(", ", ","): 1}),
    ],
    ids=["a statement", "metadata", "an output, escaped", "a key, with other spaces"],
)
def test_a_solution_is_found(tiny: Assignment, solved: list[Specimen], plant: object) -> None:
    secret = leaks.solution_runs(tiny, solved)
    assert leaks.found_runs(secret, planted(tiny, plant))


def test_a_hidden_test_is_found_and_its_words_are_not(tiny: Assignment) -> None:
    secret = leaks.hidden_test_runs(tiny.grader)
    body = "x = [rng.randrange(1000) for _ in range(5)]\ngot = student.double(x)\nexpect(got != [3 * item"
    assert leaks.found_runs(secret, [body])
    assert not leaks.found_runs(
        secret, ["Le résultat n'est pas le double. 2x. La liste vide. The empty list. Not twice."]
    )


def test_the_same_name_and_arguments_are_no_leak(tiny: Assignment) -> None:
    stub = "def shift(*args):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert leaks.solution_runs(tiny, [Specimen("shift", "correct", "blank", stub)]) == set()


def test_a_key_is_found_as_it_may_be_written() -> None:
    key = bytes(range(200, 232))
    for written in (key.hex(), repr(key), "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc="):
        assert leaks.found_values(leaks.key_texts(key), [f"the key is {written}."])
    assert not leaks.found_values(leaks.key_texts(key), ["no key"]) and leaks.key_texts(b"") == []


def test_values_are_recognised_as_they_are_printed() -> None:
    tensor = torch.tensor([[0.12345, -2.5, 3.0], [0.25, 7.0, 8.0]])
    seen = [*as_seen({"déraisonnable": 3}), *as_seen([101, 2054, 7, 102]), *as_seen(tensor)]
    for page in ("Le mot déraisonnable.", "got [101,  2054,\n 7, 102, 0]".replace(",  ", ", "), str(tensor.flatten())):
        assert leaks.found_values(seen, [page]), page
    assert list(as_seen([1, 0, 1, 1, 0, 0])) == [], "masks are no secret"
    assert list(as_seen(["ab", None, True])) == []


def test_files_beside_the_notebook_are_released_too(tiny: Assignment, tmp_path: Path, solved: list[Specimen]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "helper.py").write_text(textwrap.dedent(SOLUTION))
    public = leaks.released_texts(tiny, tmp_path)
    assert leaks.found_runs(leaks.solution_runs(tiny, solved), public)


def test_what_checks_say_to_every_student_is_no_hidden_value(tiny: Assignment) -> None:
    told = leaks.told_to_all(tiny.grader)
    assert "Le résultat n'est pas le double." in told and "Twice." in told
    assert "randrange" not in told and "triples" not in told
