"""Tagged sentences: each entity stands where it is said to, and reads as it should."""

from __future__ import annotations

import random

import pytest

from bareme.course.generator.entities import tagged
from bareme.course.generator.words import Language


@pytest.mark.parametrize("language", ["fr", "en"])
def test_entities_stand_where_they_are_said_to(language: Language) -> None:
    rng = random.Random(0)
    drawn = [tagged(language, rng) for _ in range(2000)]
    assert drawn[0] == tagged(language, random.Random(0))
    for one in drawn:
        assert "{" not in one.text and "  " not in one.text and one.text[-1] in ".?"
        assert one.text[0].isupper() or one.text[0] in '«"'
        last = 0
        for start, end, label in one.entities:
            assert last <= start < end <= len(one.text) and label in ("PER", "LOC", "ORG", "DATE")
            assert one.text[start - 1 : start] in ("", " ", "'", '"', "«", "\u00a0") and not one.text[end].isalnum()
            last = end
    assert {label for one in drawn for _, _, label in one.entities} == {"PER", "LOC", "ORG", "DATE"}
    assert any(not one.entities for one in drawn)


def test_french_names_are_elided() -> None:
    rng = random.Random(0)
    texts = " ".join(tagged("fr", rng).text for _ in range(3000))
    assert " d'A" in texts and " de A" not in texts and " que A" not in texts
