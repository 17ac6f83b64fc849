"""Generated opinions: what was asked for is drawn, and no bank contradicts itself."""

from __future__ import annotations

import random

import pytest

from bareme.course.generator.lexicon import read
from bareme.course.generator.opinions import LABELS, MANNERS, opinion
from bareme.course.generator.words import Language


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_asked_for_is_drawn(language: Language) -> None:
    rng = random.Random(0)
    for label in LABELS:
        for manner in MANNERS:
            drawn = [opinion(language, rng, label=label, manner=manner) for _ in range(50)]
            assert {(one.label, one.manner) for one in drawn} == {(label, manner)}
            assert len({one.text for one in drawn}) > 25
    assert all(one.text[0].isupper() and one.text.endswith(".") for one in drawn)
    assert opinion(language, random.Random(3)) == opinion(language, random.Random(3))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_topics_have_as_much_of_each_side(language: Language) -> None:
    bank = read(language, "opinions.toml")
    seen: set[str] = set()
    for topic in bank["topic"].values():
        assert len(topic["good"]) == len(topic["bad"]) >= 14
        assert len(topic["good_negated"]) == len(topic["bad_negated"]) >= 6
        for clauses in topic.values():
            for clause in clauses:
                assert clause not in seen and not clause.endswith((".", "!", " "))
                assert clause[0].islower() or clause.startswith("I "), clause
                seen.add(clause)
