"""A word 3-gram model to compare the tiny decoder with: modified Kneser-Ney (Chen & Goodman, 1998), open vocabulary.

Ours, as NLTK's takes minutes a sentence at this size and knows no new words, and KenLM must be compiled. A word never
seen in training costs what Good and Turing's mass for new words leaves it, spelt by a letter 3-gram model: so that
perplexities by word can be compared with those of a model of pieces of words.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

_WORD = re.compile(r"\w+|[^\w\s]")
_START, _END = "<s>", "</s>"
_Gram = tuple[str, ...]


def words(text: str) -> list[str]:
    """Words and punctuation marks: what perplexities are counted by."""
    return _WORD.findall(text)


class KneserNey:
    """Trained on documents at construction."""

    def __init__(self, documents: Iterable[str]) -> None:
        trigrams: Counter[_Gram] = Counter()
        counts: Counter[str] = Counter()
        for document in documents:
            line = [_START, _START, *words(document), _END]
            counts.update(line[2:])
            trigrams.update(zip(line, line[1:], line[2:], strict=False))
        bigrams = Counter(gram[1:] for gram in trigrams)  # continuation counts, from here down
        unigrams = Counter(gram[1:] for gram in bigrams)
        self._orders = [_Order(unigrams), _Order(bigrams), _Order(trigrams)]
        self._new = sum(count == 1 for count in counts.values()) / counts.total()
        self._letters = _Letters(counts)

    def nats(self, text: str) -> tuple[float, int]:
        """Minus the log-probability of a document, and of how many words: its end is one of them."""
        line = [_START, _START, *words(text), _END]
        total = -sum(math.log(self._probability(line[at - 2 : at], line[at])) for at in range(2, len(line)))
        return total, len(line) - 2

    def _probability(self, context: list[str], word: str) -> float:
        base = self._new * self._letters.probability(word)
        found = base + (1 - self._new) * self._orders[0].share((), word)
        for length in (1, 2):
            found = self._orders[length].interpolated(tuple(context[2 - length :]), word, found)
        return found


class _Order:
    """Counts of one length, and what is discounted from a count of one, two, three or more."""

    def __init__(self, grams: Counter[_Gram]) -> None:
        self._grams = grams
        self._totals: defaultdict[_Gram, int] = defaultdict(int)
        self._kinds: defaultdict[_Gram, list[int]] = defaultdict(lambda: [0, 0, 0])
        for gram, count in grams.items():
            self._totals[gram[:-1]] += count
            self._kinds[gram[:-1]][min(count, 3) - 1] += 1
        n = Counter(min(count, 5) for count in grams.values())
        y = n[1] / (n[1] + 2 * n[2])
        self._discounts = [0.0, *(k - (k + 1) * y * n[k + 1] / max(n[k], 1) for k in (1, 2, 3))]

    def share(self, context: _Gram, word: str) -> float:
        """Undiscounted: for the shortest."""
        return self._grams[(*context, word)] / self._totals[context]

    def interpolated(self, context: _Gram, word: str, lower: float) -> float:
        total = self._totals.get(context)
        if not total:
            return lower
        count = self._grams.get((*context, word), 0)
        kept = max(count - self._discounts[min(count, 3)], 0.0)
        freed = sum(one * kind for one, kind in zip(self._discounts[1:], self._kinds[context], strict=True))
        return (kept + freed * lower) / total


class _Letters:
    """How a new word is spelt: letter 3-grams of the words seen, smoothed by the half of a count."""

    def __init__(self, seen: Iterable[str]) -> None:
        self._grams: Counter[tuple[str, str]] = Counter()
        self._contexts: Counter[str] = Counter()
        self._alphabet: set[str] = set()
        for word in seen:
            spelt = f"\2\2{word}\3"
            self._alphabet.update(spelt[2:])
            for at in range(2, len(spelt)):
                self._grams[spelt[at - 2 : at], spelt[at]] += 1
                self._contexts[spelt[at - 2 : at]] += 1

    def probability(self, word: str) -> float:
        spelt, found = f"\2\2{word}\3", 1.0
        for at in range(2, len(spelt)):
            context = spelt[at - 2 : at]
            found *= (self._grams[context, spelt[at]] + 0.5) / (
                self._contexts[context] + 0.5 * (len(self._alphabet) + 1)
            )
        return found
