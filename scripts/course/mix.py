"""The mixture that the tiny models learn from, as documents: generated stories, and what people wrote."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from bareme.course.generator.agreement import minimal_pair
from bareme.course.generator.words import Language
from scripts.course.corpora import stories, written

LANGUAGES: tuple[Language, ...] = ("fr", "en")
Kind = Literal["train", "held-out"]

#: Words of generated stories, and of generated sentences on their own, in each language.
_STORY_WORDS = {"train": 2_200_000, "held-out": 40_000}
_SENTENCE_WORDS = {"train": 300_000, "held-out": 8_000}
#: Of what people wrote, at most this many words of a source.
_MOST_WORDS = {"chats": 500_000, "speeches": 300_000}
_WORD = re.compile(r"[^\W\d_]+")
#: Chats are kept when every word of theirs was typed this often: few slips are.
_COMMON = 40


def documents(language: Language, kind: Kind) -> Iterator[tuple[str, str]]:
    """``(source, text)``, in an order without meaning that is always the same."""
    found = [
        *(("stories", text) for text in _until(_STORY_WORDS[kind], stories(language, kind))),
        *(("sentences", text) for text in _until(_SENTENCE_WORDS[kind], _sentences(language, kind))),
        *_people(language, kind),
    ]
    random.Random(f"{language}/{kind}").shuffle(found)
    yield from found


def _until(words: int, texts: Iterator[str]) -> Iterator[str]:
    while words > 0:
        text = next(texts)
        words -= len(text.split())
        yield text


def _sentences(language: Language, kind: Kind) -> Iterator[str]:
    """A few at a time; those of held-out pairs are in none that the models learn from."""
    rng = random.Random(f"{language}/{kind}/sentences")
    while True:
        pairs = [minimal_pair(language, rng) for _ in range(8)]
        yield " ".join(pair.right for pair in pairs if pair.held_out == (kind == "held-out"))


def _people(language: Language, kind: Kind) -> Iterator[tuple[str, str]]:
    with open(written(language, kind), encoding="utf-8") as file:
        found = [(one["source"], one["text"]) for one in map(json.loads, file)]
    random.Random(0).shuffle(found)
    common = _common_words(language)
    left = dict(_MOST_WORDS)
    for source, text in found:
        if source == "chats" and not common.issuperset(_WORD.findall(text)):
            continue
        left[source] = left.get(source, 10**9) - len(text.split())
        if left[source] > 0:
            yield source, text


def _common_words(language: Language) -> set[str]:
    counts: Counter[str] = Counter()
    with open(written(language, "train"), encoding="utf-8") as file:
        for line in islice(file, 200_000):
            counts.update(_WORD.findall(json.loads(line)["text"]))
    return {word for word, count in counts.items() if count >= _COMMON}
