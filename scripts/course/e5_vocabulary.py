"""Which of multilingual-e5-small's 250,002 tokens French and English texts use: bareme/course/e5_tokens.txt.

python -m scripts.course.e5_vocabulary
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from scripts.course.corpora import stories
from scripts.course.mix import LANGUAGES, documents
from scripts.course.sources import E5, HELP_FR, LITTRE, WORDS_EN, WORDS_FR, unpacked

KEPT = Path(__file__).resolve().parents[2] / "bareme" / "course" / "e5_tokens.txt"
_MOST = 32_000
_TAG = re.compile(r"<[^>]+>")


def texts() -> Iterator[str]:
    for language in LANGUAGES:
        yield from (text for _, text in documents(language, "train"))
        yield from islice(stories(language, "held-out"), 2000)
    for path in sorted((unpacked(HELP_FR)).rglob("*.html")):
        yield html.unescape(_TAG.sub(" ", path.read_text("utf-8", errors="replace")))
    with gzip.open(unpacked(LITTRE) / "usr" / "share" / "stardict" / "dic" / "XMLittre.dict.dz", "rt") as file:
        yield from (_TAG.sub(" ", line) for line in file)
    for package, name in ((WORDS_FR, "french"), (WORDS_EN, "british-english")):
        words = (unpacked(package) / "usr" / "share" / "dict" / name).read_text("utf-8").split()
        yield from words


def main() -> None:
    path = next(unpacked(E5).rglob("multilingual-e5-small/tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    counts: Counter[int] = Counter()
    found = texts()
    while batch := list(islice(found, 4000)):
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            counts.update(encoding.ids)
    told = json.loads(path.read_text("utf-8"))
    pieces = told["model"]["vocab"]
    kept = {one["id"] for one in told["added_tokens"]} | {number for number, _ in counts.most_common(_MOST)}
    kept |= {number for number, (piece, _) in enumerate(pieces) if len(piece) == 1 and ord(piece) < 0x250}
    KEPT.write_text("\n".join(map(str, sorted(kept))) + "\n", encoding="ascii")
    covered = sum(count for number, count in counts.items() if number in kept) / counts.total()
    print(f"{len(kept)} tokens, {covered:.4%} of {counts.total() / 1e6:.1f} million in French and English texts")


if __name__ == "__main__":
    main()
