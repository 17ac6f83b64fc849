"""Minimal pairs: a sentence in which something agrees, and its twin that differs by that one agreement.

After BLiMP (Warstadt et al., 2020): a language model knows agreement when it finds the right sentence likelier.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from bareme.course.generator.lexicon import read
from bareme.course.generator.template import Lines, fill
from bareme.course.generator.words import Agreeing, Language, Word, adjective, both_numbers, verb

_HELD_OUT = 0.2


@dataclass(frozen=True)
class MinimalPair:
    """Two sentences that differ in one word. held_out: the tiny models never saw that subject with that word."""

    right: str
    wrong: str
    phenomenon: str
    held_out: bool


@dataclass(frozen=True)
class _Frames:
    nouns: Mapping[str, tuple[tuple[Word, Word], ...]]
    agreeing: Mapping[str, tuple[Agreeing, ...]]
    lines: Lines
    frames: tuple[Mapping[str, Any], ...]


def minimal_pair(language: Language, rng: random.Random) -> MinimalPair:
    """Draw a pair; the phenomena are equally likely."""
    known = _read_frames(language)
    while True:
        frame = rng.choice(known.frames)
        slots = _draw(known, frame["slots"], rng)
        subject = slots["s"]
        assert isinstance(subject, Word)
        template, seed = rng.choice(frame["lines"]), rng.random()
        right, wrong = (
            fill(template, {**slots, "t": agreed_with}, known.lines, random.Random(seed))
            for agreed_with in (subject, _flipped(subject, frame["flips"]))
        )
        if right != wrong:  # many a French adjective has one form for both genders
            return MinimalPair(right, wrong, frame["phenomenon"], _is_held_out(slots, template))


def _draw(known: _Frames, wanted: Mapping[str, str], rng: random.Random) -> dict[str, Word | Agreeing]:
    slots: dict[str, Word | Agreeing] = {}
    taken: set[tuple[Word, Word]] = set()
    for slot, asked in wanted.items():
        category, _, number = asked.partition(" ")
        if category in known.agreeing:
            slots[slot] = rng.choice(known.agreeing[category])
            continue
        both = rng.choice([pair for pair in known.nouns[category] if pair not in taken])
        taken.add(both)
        subject = slots.get("s")
        plural = {"singular": False, "plural": True, "other": isinstance(subject, Word) and not subject.plural}.get(
            number, rng.random() < 0.5
        )
        slots[slot] = both[plural]
    return slots


def _flipped(word: Word, what: Literal["number", "gender"]) -> Word:
    if what == "number":
        return replace(word, plural=not word.plural)
    return replace(word, gender="m" if word.gender == "f" else "f")


def _is_held_out(slots: Mapping[str, Word | Agreeing], template: str) -> bool:
    """By the subject, and by the verb or adjective that agrees with it."""
    told = {name: one for name, one in slots.items() if name not in ("o", "p") and f"{{{name}" in template}
    said = [one.text if isinstance(one, Word) else one.forms[0] for one in told.values()]
    return int(hashlib.sha256("/".join(said).encode()).hexdigest()[:8], 16) / 16**8 < _HELD_OUT


@cache
def _read_frames(language: Language) -> _Frames:
    told = read(language, "sentences.toml")
    nouns = {
        category: tuple(both_numbers(entry, language) for entry in entries)
        for category, entries in told["nouns"].items()
    }
    agreeing = {
        category: tuple(verb(entry) if ", " in entry else adjective(entry, language) for entry in entries)
        for category, entries in told["agreeing"].items()
    }
    lines = Lines({name: tuple(lines) for name, lines in told["lines"].items()})
    return _Frames(nouns, agreeing, lines, tuple(told["frame"]))
