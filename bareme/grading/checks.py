"""What a hidden test says when it fails: failures are data, in French and in English.

A check states an invariant (its mark's ``rationale``); a :class:`Misconception` is the known wrong idea behind a
failure. Neither ever contains a hidden input or an expected value: students read both.
"""

from __future__ import annotations

from dataclasses import dataclass

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
