"""What a hidden test says when it fails: failures are data, in French and in English.

A check states an invariant (its mark's ``rationale``); a :class:`Misconception` is the known wrong idea behind a
failure. Neither ever contains a hidden input or an expected value: students read both.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch

from bareme.grading.report import Text


def say(*, fr: str, en: str) -> Text:
    """The same sentence in French and in English."""
    return {"fr": fr, "en": en}


@dataclass(frozen=True)
class Misconception:
    """A known wrong idea: the invariant it breaks, and a hint towards the concept.

    ``name`` is also the file name of the specimen that shows it, ``specimens/wrong/<exercise>/<name>.py``.
    """

    name: str
    symptom: Text
    hint: Text


class CheckFailed(AssertionError):
    """A check failed for a reason that is known by name."""

    def __init__(self, misconception: Misconception) -> None:
        super().__init__(misconception.name)
        self.misconception = misconception


def expect(condition: bool, misconception: Misconception) -> None:
    """Fail the check with this misconception's symptom and hint unless ``condition`` is exactly True.

    ``condition`` must be a real bool: anything else is a mistake of the grader, never the student's.
    """
    if type(condition) is not bool:
        raise TypeError(f"expect() wants a bool, not {type(condition).__name__}: wrap tensors in bool(...)")
    if not condition:
        raise CheckFailed(misconception)


#: Relative and absolute tolerance of comparisons: rounding of a few operations in each type, and no more.
TOLERANCES = {torch.float64: (1e-9, 1e-10), torch.float32: (1e-4, 1e-5)}
_tolerance_used: ContextVar[float | None] = ContextVar("tolerance_used", default=None)


def close(got: Any, wanted: torch.Tensor, *, equal_nan: bool = False) -> bool:
    """Whether ``got``, which may be anything, is a tensor of ``wanted``'s shape and dtype and equal up to rounding.

    As ``torch.allclose`` with the :data:`TOLERANCES` of the dtype: |got − wanted| ≤ atol + rtol · |wanted|. Keeps how
    much of that was used, so that `bareme prove` can tell whether rounding alone comes near it. Raises KeyError when
    ``wanted`` is neither float32 nor float64.
    """
    rtol, atol = TOLERANCES[wanted.dtype]
    if not isinstance(got, torch.Tensor) or (got.shape, got.dtype) != (wanted.shape, wanted.dtype):
        return False
    if not torch.allclose(got, wanted, rtol=rtol, atol=atol, equal_nan=equal_nan):
        return False
    finite = wanted.isfinite()  # equal infinities are close
    used = ((got - wanted).abs() / (atol + rtol * wanted.abs()))[finite]
    most = float(used.max()) if used.numel() else 0.0
    _tolerance_used.set(max(most, _tolerance_used.get() or 0.0))
    return True


def watch_tolerance() -> None:
    """Forget what was used so far: a new check begins."""
    _tolerance_used.set(None)


def tolerance_used() -> float | None:
    """The largest part of the tolerance that an agreement took in this check; None when nothing was compared."""
    return _tolerance_used.get()
