"""Short stories, drawn from the lexicon and the scenarios of a language: what the tiny language models learn from.

A story keeps its people and things from the first sentence to the last, so that there is something to remember.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bareme.course.generator.lexicon import Lexicon, lexicon, read, words_of
from bareme.course.generator.template import Lines, fill
from bareme.course.generator.words import Agreeing, Language, Word


@dataclass(frozen=True)
class Scenario:
    """cast: each slot's category. steps: of each, one line is told. lines and words: those of its file."""

    name: str
    cast: dict[str, str]
    steps: tuple[tuple[str, ...], ...]
    lines: Lines
    words: Lexicon

    def drawn(self, rng: random.Random) -> dict[str, Word | Agreeing]:
        """A word for each slot of the cast, none twice."""
        slots: dict[str, Word | Agreeing] = {}
        for slot, category in self.cast.items():
            slots[slot] = self.words.draw(category, rng, set(slots.values()))
        return slots


def story(language: Language, rng: random.Random) -> str:
    """A story of a few sentences."""
    scenario = rng.choice(scenarios(language))
    slots = scenario.drawn(rng)
    told = [fill(rng.choice(step), slots, scenario.lines, rng) for step in scenario.steps]
    return " ".join(sentence for sentence in told if sentence)


@cache
def scenarios(language: Language) -> tuple[Scenario, ...]:
    """All scenarios of a language's files of stories. A file may bring words of its own, else it has the lexicon's."""
    found: list[Scenario] = []
    folder = resources.files("bareme.course.generator") / language
    for name in sorted(path.name for path in folder.iterdir() if path.name.endswith("stories.toml")):
        told = read(language, name)
        words = words_of(told, language) if "nouns" in told else lexicon(language)
        lines = Lines({title: tuple(lines) for title, lines in told.get("lines", {}).items()})
        for one in told["story"]:
            steps = tuple(tuple(step) for step in one["steps"])
            found.append(Scenario(one["name"], one["cast"], steps, lines, words))
    return tuple(found)
