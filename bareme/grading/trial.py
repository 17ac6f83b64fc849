"""How `bareme prove` grades a specimen or a mutant, beyond what a student's submission gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch


@dataclass(frozen=True)
class Trial:
    """What is asked of one grading; nothing, for a student's.

    first_failure: an exercise's checks end with the first that does not pass; the others get no verdict.
    most_cpu_s: CPU seconds for all calls of a check, by its name, where this is less than its budget.
    cell_timeout_s: wall seconds of one cell: what is left out with a visible test costs no point.
    witness: the report's ``seen`` holds the values that the checks exchanged with the notebook, as text.
    """

    first_failure: bool = False
    most_cpu_s: dict[str, float] = field(default_factory=dict)
    cell_timeout_s: int = 30
    witness: bool = False


#: A student's grading.
STUDENTS = Trial()

_MOST_ITEMS = 64
_SHORTEST_TEXT = 6


def as_seen(value: Any) -> Iterator[str]:
    """The texts by which a value would be recognised on a page: strings, and four numbers in a row, not all bits."""
    if isinstance(value, torch.Tensor):
        value = value.flatten()[:_MOST_ITEMS].tolist()
    if isinstance(value, str) and len(value) >= _SHORTEST_TEXT:
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from as_seen(item)
        yield from as_seen(list(value))
    elif isinstance(value, (list, tuple)):
        numbers = [item for item in value if type(item) in (int, float)][:_MOST_ITEMS]
        for four in zip(numbers, numbers[1:], numbers[2:], numbers[3:], strict=False):
            if any(item not in (0, 1) for item in four):
                yield ", ".join(map(_number, four))
        for item in islice((item for item in value if type(item) not in (int, float)), _MOST_ITEMS):
            yield from as_seen(item)


def _number(value: float) -> str:
    """As torch prints it."""
    return str(value) if isinstance(value, int) else f"{value:.4f}"
