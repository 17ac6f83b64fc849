"""Speed, judged against the reference measured in the same run: noise never fails a student.

Student and reference take turns on the same inputs, new ones every round, so that nothing can be cached; noise only
ever adds time, so the best round of each counts; rounds are added until the answer is clear.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bareme.grading.checks import say

if TYPE_CHECKING:
    from bareme.grading.notebook import Notebook

#: From a seeded generator, fresh arguments: ``(args, kwargs)``.
Make = Callable[[random.Random], tuple[tuple[Any, ...], dict[str, Any]]]
#: The function to time, or what prepares it in a notebook and returns it: models live there, and only data crosses.
What = str | Callable[["Notebook"], Callable[..., Any]]
#: Whether the student's value is right, given the reference's.
Same = Callable[[Any, Any], bool]

SLACK_S = 1.0
_FEWEST, _MOST = 3, 9
#: Ratios of used to allowed beyond which no further round is needed.
_CLEARLY_FAST, _CLEARLY_SLOW = 0.8, 1.5


class TooSlow(Exception):
    """The student's best round is over the limit."""

    def __init__(self, used_s: float, reference_s: float, limit_s: float) -> None:
        super().__init__(f"{used_s:.3f} s, limit {limit_s:.3f} s")
        self.rationale = say(
            fr=f"Trop lent : {used_s:.2f} s de calcul, pour une limite de {limit_s:.2f} s "
            f"(la solution de référence met {reference_s:.2f} s sur les mêmes données).",
            en=f"Too slow: {used_s:.2f} CPU seconds against a limit of {limit_s:.2f} s "
            f"(the reference solution takes {reference_s:.2f} s on the same data).",
        )


def race(
    what: What,
    make: Make,
    *,
    student: Notebook,
    reference: Notebook,
    rng: random.Random,
    ratio: float,
    same: Same | None = None,
) -> None:
    """Raise TooSlow when the student needs more than ``ratio`` × the reference's CPU seconds + 1 s.

    Raises AssertionError when a value is wrong (``same`` says): correctness gates speed.
    """
    student_call, reference_call = (
        getattr(notebook, what) if isinstance(what, str) else what(notebook) for notebook in (student, reference)
    )
    best_student = best_reference = float("inf")
    for done in range(1, _MOST + 1):
        args, kwargs = make(rng)
        wanted, seconds = _timed(reference, reference_call, args, kwargs)
        best_reference = min(best_reference, seconds)
        value, seconds = _timed(student, student_call, args, kwargs)
        best_student = min(best_student, seconds)
        assert same is None or same(value, wanted), "a wrong answer is not a fast one"
        limit = ratio * best_reference + SLACK_S
        used = best_student / limit
        if used <= _CLEARLY_FAST or (done >= _FEWEST and used >= _CLEARLY_SLOW):
            break
    if best_student > limit:
        raise TooSlow(best_student, best_reference, limit)


def _timed(
    notebook: Notebook, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, float]:
    """The value of a call, and the CPU seconds that its sandbox used for it."""
    before = notebook.fork.cpu_s() if notebook.fork is not None else 0.0
    value = call(*args, **kwargs)
    assert notebook.fork is not None
    return value, notebook.fork.cpu_s() - before
