"""The words of each language, by category."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from bareme.course.generator.words import Agreeing, Language, Word, adjective, noun


@dataclass(frozen=True)
class Lexicon:
    """Nouns, names and adjectives by category."""

    words: dict[str, tuple[Word | Agreeing, ...]]

    def draw(self, category: str, rng: random.Random, taken: Collection[Word | Agreeing]) -> Word | Agreeing:
        """One that is not ``taken`` yet. Raises ValueError for a category that does not exist."""
        if category not in self.words:
            raise ValueError(f"no category {category}: there are {sorted(self.words)}")
        return rng.choice([word for word in self.words[category] if word not in taken])


@cache
def lexicon(language: Language) -> Lexicon:
    """The words of a language. Raises ValueError that names the entry that can't be read."""
    return words_of(read(language, "lexicon.toml"), language)


def words_of(told: Mapping[str, Any], language: Language) -> Lexicon:
    """The words that the tables ``nouns``, ``adjectives`` and ``names`` of a file list."""
    words: dict[str, tuple[Word | Agreeing, ...]] = {}
    for category, entries in told.get("nouns", {}).items():
        words[category] = tuple(noun(entry, language) for entry in entries)
    for category, entries in told.get("adjectives", {}).items():
        words[category] = tuple(adjective(entry, language) for entry in entries)
    for category, by_gender in told.get("names", {}).items():
        words[category] = tuple(
            Word(entry, language, gender, name=True) for gender in ("f", "m") for entry in by_gender.get(gender, ())
        )
    return Lexicon(words)


def read(language: Language, name: str) -> dict[str, Any]:
    """The tables of a file of the language's folder. Raises ValueError that names it when it is no TOML."""
    place = resources.files("bareme.course.generator") / language / name
    try:
        return tomllib.loads(place.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{place}: {error}") from error
