"""Failures as data, and the score they add up to."""

from __future__ import annotations

import numpy
import pytest
import torch

from bareme.grading.checks import CheckFailed, Misconception, expect, say
from bareme.grading.report import Check, Exercise, Report

WRONG = Misconception("wrong", say(fr="Faux.", en="Wrong."), say(fr="Relisez.", en="Read again."))


def test_expect_fails_with_its_misconception() -> None:
    expect(True, WRONG)
    with pytest.raises(CheckFailed) as caught:
        expect(False, WRONG)
    assert caught.value.misconception is WRONG


@pytest.mark.parametrize("value", [torch.tensor(True), numpy.bool_(True), 1, "x", [1], None])
def test_expect_wants_a_real_bool(value: object) -> None:
    with pytest.raises(TypeError, match="wants a bool"):
        expect(value, WRONG)  # type: ignore[arg-type]


def test_points_are_shared_by_weight() -> None:
    checks = (Check("a", "passed", 1.0), Check("b", "failed", 2.0), Check("c", "passed", 1.0), Check("d", None, 4.0))
    assert Exercise("e", 4.0, checks).score == 1.0
    assert Exercise("e", 4.0, ()).score == 0.0
    assert Exercise("e", 4.0, (Check("a", "passed", 0.0),)).score == 0.0
    report = Report("masking", "ada", {"e": Exercise("e", 4.0, checks), "f": Exercise("f", 2.0, checks[:1])})
    assert (report.score, report.max_score) == (3.0, 6.0)
