#!/usr/bin/env python3
"""What the course's models can do, each figure beside the bound that it must keep.

    python -m benchmarks.models [--json] [--only NAME ...]

One thread. Needs build/corpora (`python -m scripts.course.corpora`) for the 3-gram model, and `bareme models fetch`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from bareme.course import load_dataset, load_model, load_tokenizer
from bareme.course.generator.words import Language
from benchmarks.kneser_ney import KneserNey

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
SEEDS = (0, 1, 2)
#: Held-out documents, and words masked, for each language.
_DOCUMENTS, _MASKED = 400, 600
#: Of 0.01, 0.1, 1, 3 and 10, the one that is best on English validation.
_PENALTY = 1.0
_WORD = re.compile(r"[^\W\d_]+")
Figure = dict[str, Any]


def at_least(value: float, bound: float, spread: float = 0.0) -> Figure:
    return {"value": round(value, 4), "at_least": bound, "spread": round(spread, 4), "ok": value >= bound}


def at_most(value: float, bound: float, spread: float = 0.0) -> Figure:
    return {"value": round(value, 4), "at_most": bound, "spread": round(spread, 4), "ok": value <= bound}


def measured(value: float, spread: float = 0.0) -> Figure:
    """A figure that has no bound to keep."""
    return {"value": round(value, 4), "spread": round(spread, 4), "ok": True}


def bound_of(figure: Figure) -> str:
    """In words; empty for a figure without."""
    signs = {"at_least": "≥", "at_most": "≤"}
    return "".join(f"{sign} {figure[key]}" for key, sign in signs.items() if key in figure)


# --- tiny-encoder -----------------------------------------------------------------------------------------------------


def masked_words() -> dict[str, Figure]:
    """Accuracy on whole words masked one at a time; of always saying the commonest word; and with the left alone."""
    model, tokenizer = load_model("tiny-encoder"), load_tokenizer("tiny-encoder")
    found = {}
    for language in LANGUAGES:
        places = list(islice(_places(held_out(language)), _MASKED))
        right = [_fills(model, tokenizer, text, start, end) for text, start, end in places]
        left_only = [_fills(model, tokenizer, text[:end], start, end) for text, start, end in places]
        seen = Counter(word for text in held_out(language, "train", 3000) for word in _WORD.findall(text))
        said = seen.most_common(1)[0][0]
        unigram = statistics.mean(text[start:end] == said for text, start, end in places)
        accuracy = statistics.mean(right)
        error = math.sqrt(accuracy * (1 - accuracy) / len(right))
        found[f"tiny-encoder: masked words, {language}: × unigram"] = at_least(accuracy / unigram, 3.0)
        found[f"tiny-encoder: masked words, {language}: accuracy"] = measured(accuracy, error)
        gain = accuracy - statistics.mean(left_only)
        found[f"tiny-encoder: both sides − left only, {language}"] = at_least(gain, 0.05, error)
    return found


def _places(texts: Iterable[str]) -> Iterable[tuple[str, int, int]]:
    """Three words of each document, with their places."""
    rng = random.Random(0)
    for text in texts:
        short = " ".join(text.split()[:60])
        found = list(_WORD.finditer(short))[3:]
        for word in rng.sample(found, min(3, len(found))):
            yield short, word.start(), word.end()


@torch.no_grad()
def _fills(model: Any, tokenizer: Any, text: str, start: int, end: int) -> bool:
    """Whether every piece of the masked word is the likeliest at its place."""
    encoded = tokenizer(text, return_tensors="pt", truncation=True, max_length=128, return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    chosen = torch.tensor([start <= a < b <= end for a, b in offsets])
    ids = encoded["input_ids"].clone()
    encoded["input_ids"][0, chosen] = tokenizer.mask_token_id
    return bool(chosen.any()) and bool((model(**encoded).logits[0, chosen].argmax(-1) == ids[0, chosen]).all())


# --- both tiny models -------------------------------------------------------------------------------------------------


def agreement() -> dict[str, Figure]:
    """Minimal pairs of subjects and words that the models never saw together: is the right one likelier?"""
    encoder, pieces = load_model("tiny-encoder"), load_tokenizer("tiny-encoder")
    decoder, bytes_ = load_model("tiny-decoder"), load_tokenizer("tiny-decoder")
    found = {}
    for language in LANGUAGES:
        pairs = load_dataset(f"agreement-{language}", "test")
        by_encoder = statistics.mean(
            pseudo_log_likelihood(encoder, pieces, one["right"]) > pseudo_log_likelihood(encoder, pieces, one["wrong"])
            for one in pairs
        )
        by_decoder = statistics.mean(
            nats(decoder, bytes_, one["right"]) < nats(decoder, bytes_, one["wrong"]) for one in pairs
        )
        found[f"tiny-encoder: agreement, {language}"] = at_least(by_encoder, 0.85, _error(by_encoder, len(pairs)))
        found[f"tiny-decoder: agreement, {language}"] = at_least(by_decoder, 0.85, _error(by_decoder, len(pairs)))
    return found


@torch.no_grad()
def pseudo_log_likelihood(model: Any, tokenizer: Any, text: str) -> float:
    """Sum of the log-probabilities of each token with that token masked (Salazar et al., 2020)."""
    ids = tokenizer(text, return_tensors="pt")["input_ids"][0]
    rows = ids.repeat(len(ids) - 2, 1)
    at = torch.arange(1, len(ids) - 1)
    rows[torch.arange(len(rows)), at] = tokenizer.mask_token_id
    logits = model(input_ids=rows).logits[torch.arange(len(rows)), at]
    return -float(cross_entropy(logits, ids[1:-1], reduction="sum"))


@torch.no_grad()
def nats(model: Any, tokenizer: Any, text: str) -> float:
    """Minus the log-probability of a document, beginning and end too; long ones in windows that overlap by half."""
    ids = [tokenizer.bos_token_id, *tokenizer(text)["input_ids"], tokenizer.eos_token_id]
    length, total, scored = model.config.n_positions, 0.0, 1
    for start in range(0, max(1, len(ids) - length // 2), length // 2):
        window = torch.tensor(ids[start : start + length])
        logits = model(input_ids=window[None]).logits[0, :-1]
        fresh = scored - start
        total += float(cross_entropy(logits[fresh - 1 :], window[fresh:], reduction="sum"))
        scored = start + len(window)
    return total


def perplexity() -> dict[str, Figure]:
    """By word, on the same held-out documents, against Kneser-Ney 3-grams of the documents that it learnt from."""
    model, tokenizer = load_model("tiny-decoder"), load_tokenizer("tiny-decoder")
    found = {}
    for language in LANGUAGES:
        baseline = KneserNey(text for _, text in mixture(language, "train"))
        by_source: dict[str, list[float]] = {}
        for source, text in islice(mixture(language, "held-out"), _DOCUMENTS):
            theirs, count = baseline.nats(text)
            for name in (source, "all"):
                sums = by_source.setdefault(name, [0.0, 0.0, 0])
                sums[0] += nats(model, tokenizer, text)
                sums[1] += theirs
                sums[2] += count
        for source, (ours, theirs, count) in sorted(by_source.items()):
            ratio = math.exp((ours - theirs) / count)
            name = f"tiny-decoder: perplexity ÷ 3-grams', {language}, {source}"
            found[name] = at_most(ratio, 0.5) if source == "all" else measured(ratio)
            found[name]["perplexity"] = round(math.exp(ours / count), 2)
    return found


# --- encoder ----------------------------------------------------------------------------------------------------------


def few_labels() -> dict[str, Figure]:
    """128 labelled opinions, 60 CPU seconds: the pretrained encoder against the same architecture from scratch.

    Of fine-tuning all weights and of a head alone, the one that is better on average counts, for either side.
    """
    found = {}
    for language, bound in (("en", 0.10), ("fr", 0.05)):
        test = _items(f"sentiment-{language}", "test")[:400]
        scores: dict[tuple[str, bool], list[float]] = {}
        for seed in SEEDS:
            train = random.Random(seed).sample(_items(f"sentiment-{language}", "train"), 128)
            for method, fit in (("all weights", _fine_tuned), ("head", _head_fitted)):
                for pretrained in (True, False):
                    scores.setdefault((method, pretrained), []).append(fit(train, seed, pretrained)(test))
        best, scratch = (
            max((key for key in scores if key[1] is pretrained), key=lambda key: statistics.mean(scores[key]))
            for pretrained in (True, False)
        )
        gains = [one - other for one, other in zip(scores[best], scores[scratch], strict=True)]
        name = f"encoder: 128 labels, {language}"
        found[f"{name}: points over scratch ({best[0]})"] = at_least(
            statistics.mean(gains), bound, statistics.stdev(gains)
        )
        found[f"{name}: accuracy ({best[0]})"] = measured(statistics.mean(scores[best]), statistics.stdev(scores[best]))
    return found


def zero_shot() -> dict[str, Figure]:
    """A head that learnt from 128 English opinions, on all the French ones. All weights transfer less well."""
    french = [item for split in ("train", "validation", "test") for item in _items("sentiment-fr", split)]
    majority = max(Counter(label for _, label in french).values()) / len(french)
    english = _items("sentiment-en", "train")
    gains = [
        _head_fitted(random.Random(seed).sample(english, 128), seed, pretrained=True)(french) - majority
        for seed in SEEDS
    ]
    return {
        "encoder: English to French, points over the majority": at_least(
            statistics.mean(gains), 0.10, statistics.stdev(gains)
        )
    }


Labelled = list[tuple[str, int]]


def _items(name: str, split: str) -> Labelled:
    items = load_dataset(name, split)  # type: ignore[call-overload]
    return [(one["text"], int(one["label"] == "positive")) for one in items]


def _encoder(pretrained: bool) -> tuple[Any, Callable[[Sequence[str]], torch.Tensor]]:
    """The model, and the means of its last states over texts, [N, D]."""
    from transformers import BertModel

    model, tokenizer = load_model("encoder"), load_tokenizer("encoder")
    if not pretrained:
        model = BertModel(model.config, add_pooling_layer=False)

    def pooled(texts: Sequence[str]) -> torch.Tensor:
        encoded = tokenizer(list(texts), padding=True, truncation=True, max_length=64, return_tensors="pt")
        mask = encoded["attention_mask"]
        states = model(input_ids=encoded["input_ids"], attention_mask=mask).last_hidden_state
        return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

    return model, pooled


def _fine_tuned(train: Labelled, seed: int, pretrained: bool) -> Callable[[Labelled], float]:
    """All weights and a linear head, as long as CPU seconds last."""
    torch.manual_seed(seed)
    model, pooled = _encoder(pretrained)
    head = torch.nn.Linear(model.config.hidden_size, 2)
    optimizer = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=5e-5, weight_decay=0.01)
    began, epoch = time.process_time(), 0
    model.train()
    while time.process_time() - began < 55 and epoch < 10:
        order = torch.randperm(len(train)).tolist()
        for first in range(0, len(order), 16):
            batch = [train[at] for at in order[first : first + 16]]
            loss = cross_entropy(head(pooled([text for text, _ in batch])), torch.tensor([label for _, label in batch]))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        epoch += 1
    model.eval()
    return lambda items: _accuracy(items, lambda texts: head(pooled(texts)))


def _head_fitted(train: Labelled, seed: int, pretrained: bool) -> Callable[[Labelled], float]:
    """A linear head alone: logistic regression on standardised means, with a penalty."""
    torch.manual_seed(seed)
    model, pooled = _encoder(pretrained)
    model.eval()
    with torch.no_grad():
        x = torch.cat([pooled([text for text, _ in train[first : first + 32]]) for first in range(0, len(train), 32)])
    mean, deviation = x.mean(0), x.std(0)
    labels = torch.tensor([label for _, label in train])
    head = torch.nn.Linear(x.shape[1], 2)
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = cross_entropy(head((x - mean) / deviation), labels) + _PENALTY * head.weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return lambda items: _accuracy(items, lambda texts: head((pooled(texts) - mean) / deviation))


@torch.no_grad()
def _accuracy(items: Labelled, logits: Callable[[Sequence[str]], torch.Tensor]) -> float:
    ordered = sorted(items, key=lambda item: len(item[0]))
    right = 0
    for first in range(0, len(ordered), 32):
        batch = ordered[first : first + 32]
        right += int((logits([text for text, _ in batch]).argmax(-1) == torch.tensor([one for _, one in batch])).sum())
    return right / len(items)


# --- files ------------------------------------------------------------------------------------------------------------


def loading() -> dict[str, Figure]:
    found = {}
    for role, bound in (("tiny-encoder", 0.5), ("tiny-decoder", 0.5), ("encoder", 3.0), ("decoder", 3.0)):
        times = []
        for _ in range(4):
            began = time.perf_counter()
            load_model(role)  # type: ignore[call-overload]
            load_tokenizer(role)
            times.append(time.perf_counter() - began)
        found[f"{role}: seconds to load, warm"] = at_most(
            statistics.median(times[1:]), bound, max(times) - min(times[1:])
        )
    return found


def size() -> dict[str, Figure]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    total = sum((ROOT / name).stat().st_size for name in names.split("\0") if name and (ROOT / name).is_file())
    return {"repository: MB": at_most(total / 1e6, 100.0)}


# --- texts ------------------------------------------------------------------------------------------------------------


def mixture(language: Language, kind: str) -> Iterable[tuple[str, str]]:
    from scripts.course.mix import documents

    return documents(language, kind)  # type: ignore[arg-type]


def held_out(language: Language, kind: str = "held-out", count: int = _DOCUMENTS) -> list[str]:
    return [text for _, text in islice(mixture(language, kind), count)]


def _error(share: float, count: int) -> float:
    return math.sqrt(share * (1 - share) / count)


PARTS = {part.__name__: part for part in (masked_words, agreement, perplexity, few_labels, zero_shot, loading, size)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    figures: dict[str, Figure] = {}
    for name in given.only:
        for what, figure in PARTS[name]().items():
            figures[what] = figure
            if not given.json:
                extra = f" (perplexity {figure['perplexity']})" if "perplexity" in figure else ""
                value = f"{figure['value']} ± {figure['spread']} {bound_of(figure)}{extra}"
                print(f"{'✓' if figure['ok'] else '✗'} {what}: {value}", flush=True)
    ok = all(figure["ok"] for figure in figures.values())
    if given.json:
        print(json.dumps({"ok": ok, "figures": figures}, indent=2, ensure_ascii=False))
    raise SystemExit(0 if ok else 1)


if __name__ == "__main__":
    main()
