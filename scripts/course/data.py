"""Make the course's data sets from what their authors wrote and from packages: splits, digests, the hidden split apart.

    python -m scripts.course.data AUTHORED

AUTHORED holds what was written for the course (sentiment_fr.jsonl, qa_fr.jsonl, …). Its items are in the splits
whole, so that the splits themselves are the source from then on; only a change to AUTHORED needs this script.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bareme.course.generator.agreement import minimal_pair
from bareme.course.generator.words import Language
from bareme.course.places import note_digests
from scripts.course.mix import LANGUAGES, documents
from scripts.course.sources import VADER, unpacked

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ROOT / "bareme" / "course" / "data"
#: Beside the graders: never released, and not to be seen from a sandbox.
HIDDEN = ROOT / "graders" / "data"
_AGREEMENT = {"train": 1000, "validation": 200, "test": 600, "hidden": 600}
_TEXT_WORDS = {"train": 60_000, "validation": 8_000, "test": 8_000}
#: Shares of the other splits; the rest is hidden.
_SHARES = {"train": 0.5, "validation": 0.1, "test": 0.15}


def sentiment_en() -> dict[str, list[dict[str, Any]]]:
    """Snippets of film reviews, by the mean of what twenty people gave them, −4 to 4; those near 0 are left out."""
    folder = next(unpacked(VADER).rglob("hutto_ICWSM_2014.tar.gz"))
    with tarfile.open(folder) as archive:
        member = archive.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt")
        assert member is not None
        rows = csv.reader(member.read().decode("utf-8", "replace").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        rated = [(float(row[1]), " ".join(row[2].split()).replace("''", '"')) for row in rows if len(row) == 3]
    clear = [(rating, text) for rating, text in rated if abs(rating) > 1.5 and 4 <= len(text.split()) <= 40]
    random.Random(0).shuffle(clear)
    items, seen = [], set()
    for label, sign in (("positive", 1), ("negative", -1)):
        of_label = []
        for rating, text in clear:
            shingles = _shingles(text)
            if rating * sign > 0 and not shingles & seen:  # no snippet is in two splits by another wording
                seen |= shingles
                of_label.append({"text": text, "label": label})
        items.append(of_label[:2500])
    return split([one for pair in zip(*items, strict=False) for one in pair], groups_of=2)


def _shingles(text: str) -> set[str]:
    words = [word.lower() for word in text.split()]
    return {" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))}


def sentiment_fr(authored: Path) -> dict[str, list[dict[str, Any]]]:
    """In blocks of ten of one topic, as they were written: some of a block mirror one another."""
    items = read(authored / "sentiment_fr.jsonl")
    blocks = [items[at : at + 10] for at in range(0, len(items), 10)]
    random.Random(0).shuffle(blocks)
    return split([one for block in blocks for one in block], groups_of=10)


def qa(authored: Path, language: Language) -> dict[str, list[dict[str, Any]]]:
    """Split by entity: of what the hidden questions ask about, nothing else tells."""
    items = read(authored / f"qa_{language}.jsonl")
    entities = list(dict.fromkeys(one["entity"] for one in items))
    random.Random(0).shuffle(entities)
    ordered = sorted(items, key=lambda one: entities.index(one["entity"]))
    for one in ordered:
        one["start"] = _start(one) if one["answer"] else -1
        del one["occurrence"], one["entity"]
    return split(ordered, groups_of=len(items) // len(entities))


def _start(item: dict[str, Any]) -> int:
    start = -1
    for _ in range(item["occurrence"] + 1):
        start = item["context"].index(item["answer"], start + 1)
    return start


def dialogues(authored: Path, language: Language) -> dict[str, list[dict[str, Any]]]:
    items = [
        {name: one[name] for name in ("topic", "messages")} for one in read(authored / f"dialogues_{language}.jsonl")
    ]
    random.Random(0).shuffle(items)
    return split(items)


def agreement(language: Language) -> dict[str, list[dict[str, Any]]]:
    """No pair twice; test and hidden ones are of subjects and words that the tiny models never saw together."""
    rng, seen, found = random.Random(f"{language}/agreement"), set(), {}
    for name, count in _AGREEMENT.items():
        found[name] = []
        while len(found[name]) < count:
            pair = minimal_pair(language, rng)
            if pair.right not in seen and pair.held_out == (name in ("test", "hidden")):
                seen.add(pair.right)
                found[name].append({"right": pair.right, "wrong": pair.wrong, "phenomenon": pair.phenomenon})
    return found


def text(language: Language) -> dict[str, list[dict[str, Any]]]:
    """Of the tiny models' mixture: train of what they saw, the others of what they did not."""
    found: dict[str, list[dict[str, Any]]] = {}
    seen: set[str] = set()  # some facts are told of several countries
    held_out = documents(language, "held-out")
    for name, words in _TEXT_WORDS.items():
        found[name] = []
        for source, one in documents(language, "train") if name == "train" else held_out:
            if source in ("stories", "quotations", "speeches", "factbook") and one not in seen:
                seen.add(one)
                found[name].append({"text": one, "source": source})
                words -= len(one.split())
            if words <= 0:
                break
    return found


def split(items: list[dict[str, Any]], groups_of: int = 1) -> dict[str, list[dict[str, Any]]]:
    """By their order, whole groups to each split."""
    groups = [items[at : at + groups_of] for at in range(0, len(items), groups_of)]
    found, at = {}, 0
    for name, share in _SHARES.items():
        count = round(share * len(groups))
        found[name] = [one for group in groups[at : at + count] for one in group]
        at += count
    found["hidden"] = [one for group in groups[at:] for one in group]
    return found


def read(path: Path) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def write(name: str, splits: dict[str, list[dict[str, Any]]]) -> None:
    for kind, items in splits.items():
        folder = HIDDEN if kind == "hidden" else PUBLIC
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{name}-{kind}.jsonl", items)
    print(name, {kind: len(items) for kind, items in splits.items()})


def _write(path: Path, items: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in items), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("authored", type=Path)
    given = parser.parse_args()
    write("sentiment-en", sentiment_en())
    write("sentiment-fr", sentiment_fr(given.authored))
    for language in LANGUAGES:
        write(f"qa-{language}", qa(given.authored, language))
        write(f"dialogues-{language}", dialogues(given.authored, language))
        write(f"agreement-{language}", agreement(language))
        write(f"text-{language}", text(language))
    note_digests(PUBLIC)
    note_digests(HIDDEN)


if __name__ == "__main__":
    main()
