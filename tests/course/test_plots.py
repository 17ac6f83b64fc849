"""Plots: what is drawn, in which language; wrong shapes are named. How they look was looked at by eye."""

from __future__ import annotations

import io

import pytest
import torch
from IPython.core.formatters import DisplayFormatter

from bareme.course import plots

TOKENS = ["[CLS]", "le", "chat", "[SEP]"]


def test_attention_has_a_panel_for_each_head() -> None:
    figure = plots.attention_map(torch.softmax(torch.randn(5, 4, 4), -1), TOKENS)
    panels = [axis for axis in figure.axes if axis.get_visible() and axis.images]
    assert len(panels) == 5 and [label.get_text() for label in panels[0].get_xticklabels()] == TOKENS
    assert panels[3].get_title() == "tête 3"
    saved = io.BytesIO()
    figure.savefig(saved)
    assert saved.getvalue().startswith(b"\x89PNG")


def test_one_head_needs_no_number() -> None:
    figure = plots.attention_map(torch.eye(4, requires_grad=True), TOKENS, "en")
    assert figure.axes[0].get_title() == "" and "Who" in figure.get_suptitle()


@pytest.mark.parametrize("shape", [(4,), (3, 3), (2, 4, 3), (1, 2, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"weights must be \[H, 4, 4\]"):
        plots.attention_map(torch.zeros(shape), TOKENS)


def test_probabilities_are_sorted_from_the_top() -> None:
    figure = plots.token_probabilities([[("Paris", 0.6), ("Lyon", 0.2)], [("dort", 0.5)]], ["a", "b"])
    bars = figure.axes[0]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["Lyon", "Paris"]
    assert [text.get_text() for text in bars.texts] == ["20,0 %", "60,0 %"]
    assert [axis.get_title() for axis in figure.axes] == ["a", "b"]
    with pytest.raises(ValueError, match="nothing to show"):
        plots.token_probabilities([[]])


def test_losses_are_smoothed_where_asked() -> None:
    (axis,) = plots.loss_curves({"a": [4.0, 2.0, 0.0], "b": [1.0]}, "en", smooth=2).axes
    first, second = axis.get_lines()
    assert first.get_xydata().tolist() == [[2.0, 3.0], [3.0, 1.0]] and second.get_xydata().tolist() == [[1.0, 1.0]]
    assert axis.get_xlabel() == "training step" and first.get_linestyle() != second.get_linestyle()


def test_learning_curves_show_the_seeds_range() -> None:
    (axis,) = plots.learning_curves({"x": {64: [0.7, 0.9], 16: [0.5]}}, score="exactitude").axes
    assert axis.get_lines()[0].get_xydata().tolist() == [[16.0, 0.5], [64.0, pytest.approx(0.8)]]
    assert axis.get_ylabel() == "exactitude" and axis.get_xlabel() == "exemples étiquetés"


def test_shares_are_beside_what_was_expected() -> None:
    (axis,) = plots.shares({"[MASK]": 0.79, "au hasard": 0.11}, {"[MASK]": 0.8}, title="80/10/10").axes
    assert [text.get_text() for text in axis.texts] == ["79,0 %", "11,0 %"]
    assert len(axis.collections) == 1 and axis.get_legend().texts[0].get_text() == "attendu"
    assert axis.get_title() == "80/10/10"
    with pytest.raises(ValueError, match="from 0 to 1"):
        plots.shares({"a": 1.2})


def test_a_notebook_shows_the_picture() -> None:
    data, _ = DisplayFormatter().format(plots.shares({"a": 0.5}))
    assert data["image/png"].startswith(b"\x89PNG")
