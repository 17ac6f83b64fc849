"""``load_dataset(name, split)``: small data sets in French and English, each with its card in ``data/README.md``."""

from __future__ import annotations

import json
from typing import Any, Literal, TypedDict, overload

from bareme.course.places import package_folder, verify
from bareme.course.profiles import CourseFileError

Split = Literal["train", "validation", "test"]
_SPLITS = ("train", "validation", "test")
_REMEDY = "install the package bareme again"


class Opinion(TypedDict):
    """label: ``positive`` or ``negative``."""

    text: str
    label: str


class Question(TypedDict):
    """answer: ``context[start:start + len(answer)]``; empty, with start −1, where the context does not tell."""

    context: str
    question: str
    answer: str
    start: int


class Pair(TypedDict):
    """Two sentences that differ in one word. phenomenon: what must agree."""

    right: str
    wrong: str
    phenomenon: str


class Message(TypedDict):
    """role: ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


class Dialogue(TypedDict):
    topic: str
    messages: list[Message]


class Text(TypedDict):
    """source: where the text comes from."""

    text: str
    source: str


NAMES = {
    f"{kind}-{language}": kind
    for kind in ("sentiment", "qa", "agreement", "dialogues", "text")
    for language in ("fr", "en")
}


@overload
def load_dataset(name: Literal["sentiment-fr", "sentiment-en"], split: Split) -> list[Opinion]: ...
@overload
def load_dataset(name: Literal["qa-fr", "qa-en"], split: Split) -> list[Question]: ...
@overload
def load_dataset(name: Literal["agreement-fr", "agreement-en"], split: Split) -> list[Pair]: ...
@overload
def load_dataset(name: Literal["dialogues-fr", "dialogues-en"], split: Split) -> list[Dialogue]: ...
@overload
def load_dataset(name: Literal["text-fr", "text-en"], split: Split) -> list[Text]: ...


def load_dataset(name: str, split: str) -> Any:
    """The items of a split, in an order that is always the same; the list is the caller's own.

    Raises CourseFileError: an unknown name or split (the known ones are listed), or a damaged file (with the remedy).
    """
    if name not in NAMES:
        raise CourseFileError(f"{name!r}: no such data set: use one of {', '.join(NAMES)}")
    if split not in _SPLITS:
        raise CourseFileError(f"{split!r}: no such split: use one of {', '.join(_SPLITS)}")
    folder = package_folder("data")
    verify(folder, _REMEDY)
    with open(folder / f"{name}-{split}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
