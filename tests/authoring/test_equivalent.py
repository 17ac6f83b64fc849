"""Annotations of equivalent mutants: read whole, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bareme.authoring.equivalent import FILE, equivalents
from bareme.grading.language import CourseError

GOOD = '[[mutant]]\nexercise = "double"\nbefore = "a"\nafter = ""\nreason = "why"\n'


def test_none_and_some(tmp_path: Path) -> None:
    assert equivalents(tmp_path) == {}
    (tmp_path / FILE).write_text(GOOD)
    assert equivalents(tmp_path) == {("double", "a", ""): "why"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mutant = [", "not TOML"),
        (GOOD.replace("reason", "because"), "mutant 1: give exercise, before, after and reason"),
        (GOOD + GOOD.replace('"why"', '" "'), "mutant 2"),
        (GOOD.replace('"a"', "3"), "mutant 1"),
        ("mutant = 3", "mutant"),
        ("mutant = [3]", "mutant 1"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CourseError, match=f"{FILE}: .*{why}"):
        equivalents(tmp_path)
