"""Questions about short texts, whose answers stand in the text or, sometimes, do not: extractive question answering.

After SQuAD 2.0 (Rajpurkar et al., 2018). Who and what is asked about is drawn anew each time.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bareme.course.generator.lexicon import lexicon, read
from bareme.course.generator.template import Lines, fill
from bareme.course.generator.words import Agreeing, Language, Word

_NO_LINES = Lines({})
_NUMBERS = {"year": (1850, 2020), "recent": (1980, 2025), "age": (5, 40), "count": (11, 90)}


@dataclass(frozen=True)
class Asked:
    """answer: ``context[start:start + len(answer)]``; empty, with start −1, when the context does not tell."""

    context: str
    question: str
    answer: str
    start: int


def question(language: Language, rng: random.Random, *, answerable: bool | None = None) -> Asked:
    """A context of a few facts about two people, and a question about one of them.

    The other person's facts are of the same kinds, so that the kind of answer alone does not give it away. answerable:
    whether the context tells; by default it does in seven of eight.
    """
    told = rng.random() < 0.875 if answerable is None else answerable
    person, other = rng.sample([one for one in lexicon(language).words["person"] if isinstance(one, Word)], 2)
    kinds = rng.sample(range(len(_facts(language))), 4)
    facts = [(kind, person) for kind in kinds[:3]] + [(kind, other) for kind in rng.sample(kinds[:3], 2)]
    asked_kind = kinds[0] if told else kinds[3]
    taken: set[Word | Agreeing] = {person, other}
    texts: list[tuple[str, bool]] = []
    asked, answer = "", None
    for kind, of in [*facts, (asked_kind, person)] if not told else facts:
        fact = _facts(language)[kind]
        slots = _draw(language, fact["slots"], rng, taken) | {"p": of}
        asks = rng.choice(sorted(fact["asks"]))
        asked_about = (kind, of) == (asked_kind, person)
        if asked_about:
            asked = fill(rng.choice(fact["asks"][asks]), slots, _NO_LINES, rng)
            answer = slots[asks]
        if told or not asked_about:
            texts.append((fill(rng.choice(fact["statements"]), slots, _NO_LINES, rng), asked_about))
    rng.shuffle(texts)
    context = " ".join(text for text, _ in texts)
    if not told:
        return Asked(context, asked, "", -1)
    assert isinstance(answer, Word)
    sentence = next(text for text, asked_about in texts if asked_about)
    stands = re.search(rf"(?<!\w){re.escape(answer.text)}(?!\w)", sentence)
    assert stands is not None
    return Asked(context, asked, answer.text, context.index(sentence) + stands.start())


def _draw(
    language: Language, wanted: Mapping[str, str], rng: random.Random, taken: set[Word | Agreeing]
) -> dict[str, Word | Agreeing]:
    """One word for each slot; none twice in a text, so that an answer stands there once."""
    slots: dict[str, Word | Agreeing] = {}
    for slot, category in wanted.items():
        if category in _NUMBERS:
            number = rng.choice([n for n in range(*_NUMBERS[category]) if _number(language, n) not in taken])
            slots[slot] = _number(language, number)
        else:
            slots[slot] = lexicon(language).draw(category, rng, taken)
        taken.add(slots[slot])
    return slots


def _number(language: Language, number: int) -> Word:
    return Word(str(number), language, "m", name=True)


@cache
def _facts(language: Language) -> tuple[Mapping[str, Any], ...]:
    return tuple(read(language, "questions.toml")["fact"])
