"""The hidden checks as stock nbgrader would run them: in the student's own kernel, on the notebook's own names.

This is how a course without Barème would hide the same tests (`### BEGIN HIDDEN TESTS` in the grade cell), with all
that is wrong with it. Only the benchmark uses it, so that both sides do the same work.
"""

from __future__ import annotations

import copy
import importlib.util
import random
import time
import types
from pathlib import Path
from typing import Any

import torch

from bareme.grading.notebook import Observation
from bareme.sandbox import check_server


class Here:
    """What a check calls ``student`` or ``reference``, on a namespace of this process."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        return self._namespace[name]

    def observe(self, name: str, *args: Any, **kwargs: Any) -> Observation:
        return Observation(**check_server._observe(self._namespace[name], list(args), kwargs))

    def vjp(self, name: str, *args: Any, cotangent: Any, **kwargs: Any) -> tuple[Any, Any]:
        args, kwargs = copy.deepcopy((list(args), kwargs))
        return check_server._vjp(self._namespace[name], args, kwargs, cotangent)


def run(grader: str, exercise: str, namespace: dict[str, Any]) -> None:
    """Run one exercise's checks; the first that fails raises, and stock nbgrader then gives no points."""
    spec = importlib.util.spec_from_file_location(f"test_{exercise}", Path(grader) / f"test_{exercise}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    student = Here(namespace)

    def race(name: str, make: Any, same: Any = None) -> None:
        args, kwargs = make(random.Random(0))
        for _ in range(2):  # the student, and as much work again for the reference
            begun = time.process_time()
            value = namespace[name](*args, **kwargs)
            assert time.process_time() - begun < 10
        assert same is None or same(value, value)

    for name, check in vars(module).items():
        if name.startswith("test_") and isinstance(check, types.FunctionType):
            known = {"student": student, "reference": student, "rng": random.Random(0), "race": race}
            known["torch_rng"] = torch.Generator().manual_seed(0)
            wanted = check.__code__.co_varnames[: check.__code__.co_argcount]
            check(**{fixture: known[fixture] for fixture in wanted})
