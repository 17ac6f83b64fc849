"""Sentences with named entities whose places are known: people, places, organisations and dates."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bareme.course.generator.lexicon import lexicon, read
from bareme.course.generator.words import Language, Word, elided

_SLOT = re.compile(r"\{([pqvod])\}")
_LABELS = {"p": "PER", "q": "PER", "v": "LOC", "o": "ORG", "d": "DATE"}


@dataclass(frozen=True)
class Tagged:
    """entities: ``(start, end, label)`` in characters, in the order of the text; labels PER, LOC, ORG and DATE."""

    text: str
    entities: tuple[tuple[int, int, str], ...]


def tagged(language: Language, rng: random.Random) -> Tagged:
    """Draw a sentence; some have no entity."""
    bank = _bank(language)
    frame = rng.choice(bank["frames"])
    people = rng.sample([word.text for word in lexicon(language).words["person"] if isinstance(word, Word)], 2)
    towns = [word.text for word in lexicon(language).words["town"] if isinstance(word, Word)]
    given = {"p": people[0], "q": people[1], "v": rng.choice(towns)}
    given |= {"o": rng.choice(bank["organisations"]), "d": rng.choice(bank["dates"])}
    text, rest, entities = "", 0, []
    for slot in _SLOT.finditer(frame):
        text += frame[rest : slot.start()]
        value = given[slot[1]]
        if language == "fr":
            text = elided(text, value)
        if not text:
            value = value[0].upper() + value[1:]
        entities.append((len(text), len(text) + len(value), _LABELS[slot[1]]))
        text += value
        rest = slot.end()
    return Tagged(text + frame[rest:], tuple(entities))


@cache
def _bank(language: Language) -> Mapping[str, Any]:
    return read(language, "entities.toml")
