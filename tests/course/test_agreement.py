"""Minimal pairs: one word differs, draws are repeatable, and what is held out stays so."""

from __future__ import annotations

import random

import pytest

from bareme.course.generator.agreement import MinimalPair, minimal_pair
from bareme.course.generator.words import Language

LANGUAGES: tuple[Language, ...] = ("fr", "en")


def pairs(language: Language, count: int, seed: int = 0) -> list[MinimalPair]:
    rng = random.Random(seed)
    return [minimal_pair(language, rng) for _ in range(count)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_twins_differ_in_one_word_or_phrase(language: Language) -> None:
    for pair in pairs(language, 1500):
        right, wrong = pair.right.split(), pair.wrong.split()
        assert right != wrong
        first = next(at for at, (a, b) in enumerate(zip(right, wrong, strict=False)) if a != b)
        assert first > 0 or language == "en", pair  # an English question begins with what agrees
        assert len(right) == len(wrong) and sum(a != b for a, b in zip(right, wrong, strict=True)) <= 2, pair
        assert pair.right[0].isupper() and pair.right[-1] in ".?"


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_are_varied_and_repeatable(language: Language) -> None:
    drawn = pairs(language, 600)
    assert drawn == pairs(language, 600) != pairs(language, 600, seed=1)
    assert len({pair.right for pair in drawn}) > 590
    assert len({pair.phenomenon for pair in drawn}) >= 7
    assert 0.1 < sum(pair.held_out for pair in drawn) / 600 < 0.3


@pytest.mark.parametrize("language", LANGUAGES)
def test_held_out_words_never_meet_elsewhere(language: Language) -> None:
    told: dict[str, set[bool]] = {}
    for pair in pairs(language, 8000):
        told.setdefault(pair.right, set()).add(pair.held_out)
    assert all(len(kinds) == 1 for kinds in told.values())
