"""Opinions with a known sentiment: plain, turned round by a negation, or mixed with a clear winner.

Put together from clauses that people wrote for it; what is said of which topic, and how, is drawn anew each time.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from bareme.course.generator.lexicon import read
from bareme.course.generator.words import Language

Label = Literal["positive", "negative"]
Manner = Literal["plain", "negated", "mixed"]
LABELS: tuple[Label, ...] = ("positive", "negative")
MANNERS: tuple[Manner, ...] = ("plain", "negated", "mixed")

_SLOT = re.compile(r"\{(main|second|small)\}")
_START = re.compile(r"(^|[.!?…:] )(\w)")
_AFTER_A_COLON = ":"
_SIDES = {"positive": "good", "negative": "bad"}


@dataclass(frozen=True)
class Opinion:
    """manner: ``negated``, a negation turns its words round; ``mixed``, a minor point speaks for the other label."""

    text: str
    label: Label
    topic: str
    manner: Manner


def opinion(
    language: Language, rng: random.Random, *, label: Label | None = None, manner: Manner | None = None
) -> Opinion:
    """Draw an opinion; label and manner where they are not given, all equally likely."""
    told: Label = rng.choice(LABELS) if label is None else label
    how: Manner = rng.choice(MANNERS) if manner is None else manner
    bank = _bank(language)
    topic = rng.choice(sorted(bank["topic"]))
    clauses = bank["topic"][topic]
    side = _SIDES[told]
    if how == "mixed":
        frame = rng.choice(bank["frames"]["mixed"])
    else:
        frame = rng.choice(bank["frames"][rng.choice(("one", "two"))])
    main, second = rng.sample(clauses[side], 2)
    if how == "negated":
        main = rng.choice(clauses[f"{side}_negated"])
    small = rng.choice(clauses["small_bad" if told == "positive" else "small_good"])
    return Opinion(_filled(frame, {"main": main, "second": second, "small": small}), told, topic, how)


def _filled(frame: str, clauses: Mapping[str, str]) -> str:
    text = _SLOT.sub(lambda slot: clauses[slot[1]], frame)
    return _START.sub(lambda start: start[1] + (start[2] if _AFTER_A_COLON in start[1] else start[2].upper()), text)


@cache
def _bank(language: Language) -> Mapping[str, Any]:
    return read(language, "opinions.toml")
