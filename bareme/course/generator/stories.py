"""Short stories, drawn from the lexicon and the scenarios of a language: what the tiny language models learn from.

A story keeps its people and things from the first sentence to the last, so that there is something to remember.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from bareme.course.generator.lexicon import lexicon, read
from bareme.course.generator.template import Lines, fill
from bareme.course.generator.words import Agreeing, Language, Word


@dataclass(frozen=True)
class Scenario:
    """cast: each slot's category. steps: of each, one line is told."""

    name: str
    cast: dict[str, str]
    steps: tuple[tuple[str, ...], ...]


def story(language: Language, rng: random.Random) -> str:
    """A story of a few sentences."""
    every, lines = scenarios(language)
    return tell(rng.choice(every), language, lines, rng)


def tell(scenario: Scenario, language: Language, lines: Lines, rng: random.Random) -> str:
    """``scenario`` with a cast drawn for it."""
    slots: dict[str, Word | Agreeing] = {}
    for slot, category in scenario.cast.items():
        slots[slot] = lexicon(language).draw(category, rng, set(slots.values()))
    told = [fill(rng.choice(step), slots, lines, rng) for step in scenario.steps]
    return " ".join(sentence for sentence in told if sentence)


@cache
def scenarios(language: Language) -> tuple[tuple[Scenario, ...], Lines]:
    """All scenarios of a language, and the lines that they share."""
    told = read(language, "stories.toml")
    every = tuple(
        Scenario(one["name"], one["cast"], tuple(tuple(step) for step in one["steps"])) for one in told["story"]
    )
    return every, Lines({name: tuple(lines) for name, lines in told.get("lines", {}).items()})
