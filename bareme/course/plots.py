"""Plots for notebooks, readable by the colour-blind and in grey, captioned in French or English.

Each function returns a matplotlib Figure, which a notebook shows when it is the last value of a cell.
Colours: viridis for quantities, Okabe and Ito's palette (2008) for lines, told apart by dashes and marks too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import torch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Language = Literal["fr", "en"]
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_DASHES: tuple[Literal["-", "--", "-.", ":"], ...] = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_WORDS: dict[str, dict[Language, str]] = {
    "keys": {"fr": "clés (positions regardées)", "en": "keys (positions looked at)"},
    "queries": {"fr": "requêtes (positions qui regardent)", "en": "queries (positions that look)"},
    "weight": {"fr": "poids d'attention", "en": "attention weight"},
    "head": {"fr": "tête", "en": "head"},
    "probability": {"fr": "probabilité", "en": "probability"},
    "step": {"fr": "pas d'entraînement", "en": "training step"},
    "loss": {"fr": "perte (nats)", "en": "loss (nats)"},
    "examples": {"fr": "exemples étiquetés", "en": "labelled examples"},
    "score": {"fr": "score", "en": "score"},
    "share": {"fr": "part", "en": "share"},
    "expected": {"fr": "attendu", "en": "expected"},
    "attention_title": {"fr": "Qui regarde qui", "en": "Who looks at whom"},
    "probability_title": {"fr": "Les jetons les plus probables", "en": "The most likely tokens"},
    "loss_title": {"fr": "La perte pendant l'entraînement", "en": "Loss during training"},
    "learning_title": {"fr": "Ce que valent plus d'exemples", "en": "What more examples are worth"},
}


def attention_map(weights: torch.Tensor, tokens: Sequence[str], language: Language = "fr") -> Figure:
    """Heat maps of attention weights, one for each head.

    weights: float [H, L, L], or [L, L] for one head; row i holds query i's weights. tokens: L of them.
    Raises ValueError for other shapes.
    """
    heads = weights.detach().float().cpu()
    heads = heads[None] if heads.dim() == 2 else heads
    length = len(tokens)
    if heads.dim() != 3 or heads.shape[1:] != (length, length):
        raise ValueError(f"weights must be [H, {length}, {length}] for {length} tokens, not {list(weights.shape)}")
    columns = min(len(heads), 4)
    rows = -(-len(heads) // columns)
    side = max(2.6, 0.32 * length)
    figure, axes = _figure(columns * side + 1.2, rows * side + 0.9, rows, columns)
    for number, axis in enumerate(axes):
        if number >= len(heads):
            axis.set_visible(False)
            continue
        image = axis.imshow(heads[number], cmap="viridis", vmin=0.0, vmax=1.0)
        axis.set_xticks(range(length), tokens, rotation=90, fontsize=8)
        axis.set_yticks(range(length), tokens, fontsize=8)
        if len(heads) > 1:
            axis.set_title(f"{_WORDS['head'][language]} {number}", fontsize=9)
        if number == (rows - 1) * columns:
            axis.set_xlabel(_WORDS["keys"][language], fontsize=8)
            axis.set_ylabel(_WORDS["queries"][language], fontsize=8)
    figure.colorbar(image, ax=axes, label=_WORDS["weight"][language], shrink=0.8)
    figure.suptitle(_WORDS["attention_title"][language])
    return figure


def token_probabilities(
    candidates: Sequence[Sequence[tuple[str, float]]], titles: Sequence[str] = (), language: Language = "fr"
) -> Figure:
    """Bars of the likeliest tokens, one panel for each place: what ``fill_mask`` and next-token distributions give.

    candidates: of each place, ``(token, probability)`` pairs. titles: one for each place, if any.
    Raises ValueError when there is nothing to show.
    """
    if not candidates or not all(candidates):
        raise ValueError("there is nothing to show: give at least one (token, probability) for each place")
    most = max(map(len, candidates))
    figure, axes = _figure(1.0 + 3.4 * len(candidates), 1.2 + 0.32 * most, 1, len(candidates))
    for number, (axis, place) in enumerate(zip(axes, candidates, strict=True)):
        names = [token for token, _ in place][::-1]
        values = [probability for _, probability in place][::-1]
        bars = axis.barh(range(len(names)), values, color=_PALETTE[0])
        axis.set_yticks(range(len(names)), names)
        axis.bar_label(bars, labels=[_percent(value, language) for value in values], padding=3, fontsize=8)
        axis.set_xlim(0, max(values) * 1.25 or 1.0)
        axis.set_xlabel(_WORDS["probability"][language])
        axis.set_title(titles[number] if number < len(titles) else "", fontsize=9)
    figure.suptitle(_WORDS["probability_title"][language])
    return figure


def shares(
    values: Mapping[str, float], expected: Mapping[str, float] | None = None, language: Language = "fr", title: str = ""
) -> Figure:
    """Bars of shares by name, each from 0 to 1; a black line across the bar where a share is expected.

    Raises ValueError for a share outside of 0 to 1.
    """
    if not values or not all(0 <= share <= 1 for share in values.values()):
        raise ValueError(f"shares are from 0 to 1, not {dict(values)}")
    figure, (axis,) = _figure(1.6 + 1.5 * len(values), 3.6, 1, 1)
    names, heights = list(values), list(values.values())
    bars = axis.bar(range(len(names)), heights, color=_PALETTE[0], width=0.6)
    axis.bar_label(bars, labels=[_percent(height, language) for height in heights], padding=4)
    wanted = [(number, expected[name]) for number, name in enumerate(names) if expected and name in expected]
    if wanted:
        places, levels = zip(*wanted, strict=True)
        starts, ends = ([place + side for place in places] for side in (-0.38, 0.38))
        axis.hlines(levels, starts, ends, color="black", linestyle="--", label=_WORDS["expected"][language])
        axis.legend()
    axis.set_xticks(range(len(names)), names)
    axis.set_ylim(0, max([*heights, *(level for _, level in wanted)]) * 1.2 or 1.0)
    axis.set_ylabel(_WORDS["share"][language])
    axis.set_title(title)
    axis.grid(axis="y", alpha=0.3)
    return figure


def loss_curves(curves: Mapping[str, Sequence[float]], language: Language = "fr", smooth: int = 1) -> Figure:
    """Losses by training step, one line for each name. smooth: mean over that many steps; 1 draws them as they are."""
    figure, (axis,) = _figure(6.4, 4.0, 1, 1)
    for number, (name, losses) in enumerate(curves.items()):
        values = torch.tensor(list(losses), dtype=torch.float64)
        if smooth > 1 and len(values) >= smooth:
            values = values.unfold(0, smooth, 1).mean(-1)
        steps = range(smooth if len(values) != len(losses) else 1, len(losses) + 1)
        axis.plot(steps, values, label=name, color=_colour(number), linestyle=_DASHES[number % len(_DASHES)])
    _finish(axis, "step", "loss", "loss_title", language, legend=len(curves) > 1)
    return figure


def learning_curves(
    curves: Mapping[str, Mapping[int, Sequence[float]]], language: Language = "fr", score: str = ""
) -> Figure:
    """Scores by number of labelled examples: the mean of each point's seeds, with its lowest and highest.

    curves: by name, by number of examples, the scores of the seeds. score: what the scores are, on the axis.
    """
    figure, (axis,) = _figure(6.4, 4.0, 1, 1)
    for number, (name, points) in enumerate(curves.items()):
        counts = sorted(points)
        means = [sum(points[count]) / len(points[count]) for count in counts]
        spread = [
            [mean - min(points[count]) for mean, count in zip(means, counts, strict=True)],
            [max(points[count]) - mean for mean, count in zip(means, counts, strict=True)],
        ]
        axis.errorbar(
            counts,
            means,
            yerr=spread,
            label=name,
            capsize=3,
            color=_colour(number),
            linestyle=_DASHES[number % len(_DASHES)],
            marker=_MARKS[number % len(_MARKS)],
        )
    axis.set_xscale("log", base=2)
    ticks = sorted({count for points in curves.values() for count in points})
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    _finish(axis, "examples", "score", "learning_title", language, legend=len(curves) > 1)
    if score:
        axis.set_ylabel(score)
    return figure


def _figure(width: float, height: float, rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    # Not pyplot: no figure is kept, nor shown twice. Not on top: matplotlib takes half a second to import
    from bareme.course.figure import NotebookFigure

    figure = NotebookFigure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _finish(axis: Axes, x: str, y: str, title: str, language: Language, *, legend: bool) -> None:
    axis.set_xlabel(_WORDS[x][language])
    axis.set_ylabel(_WORDS[y][language])
    axis.set_title(_WORDS[title][language])
    axis.grid(alpha=0.3)
    if legend:
        axis.legend()


def _colour(number: int) -> str:
    return _PALETTE[number % len(_PALETTE)]


def _percent(value: float, language: Language) -> str:
    return f"{100 * value:.1f} %".replace(".", ",") if language == "fr" else f"{100 * value:.1f}%"
