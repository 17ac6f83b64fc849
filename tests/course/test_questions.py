"""Generated questions: the answer stands where it is said to, or nowhere."""

from __future__ import annotations

import random

import pytest

from bareme.course.generator.questions import question
from bareme.course.generator.words import Language


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_answer_stands_there_once(language: Language) -> None:
    rng = random.Random(0)
    for _ in range(3000):
        asked = question(language, rng)
        assert asked.question.endswith("?") and asked.question[0].isupper()
        if asked.start < 0:
            assert asked.answer == ""
            continue
        assert asked.context[asked.start : asked.start + len(asked.answer)] == asked.answer
        around = asked.context[max(0, asked.start - 1) : asked.start + len(asked.answer) + 1]
        assert not around.replace(asked.answer, "", 1).strip(" ,.;'()").isalnum(), asked


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_asked_for_is_drawn(language: Language) -> None:
    rng = random.Random(0)
    assert all(question(language, rng, answerable=True).answer for _ in range(300))
    assert not any(question(language, rng, answerable=False).answer for _ in range(300))
    assert 0.05 < sum(not question(language, rng).answer for _ in range(1000)) / 1000 < 0.2


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_asked_person_alone_is_told_of_it_once(language: Language) -> None:
    """Another person's fact of the same kind is there as a distractor, never the same answer."""
    rng = random.Random(1)
    contexts = [question(language, rng, answerable=True) for _ in range(500)]
    assert sum(asked.context.count(asked.answer) > 1 for asked in contexts) / 500 < 0.15
    assert len({asked.question for asked in contexts}) > 300
