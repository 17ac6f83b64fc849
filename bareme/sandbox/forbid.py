"""Exchange functions in a check's fork: what an exercise asks to write raises, what earlier ones asked is right.

For who forgets the rule, not against who hides a call: that is for a teacher's eye.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType
from typing import Any


class Forbidden(RuntimeError):
    """The exercise is to write this function; its verdict is ``forbidden``."""


def forbid(names: list[str], namespace: dict[str, Any]) -> None:
    """From now on each function or class of these dotted names raises :class:`Forbidden`, whatever name it goes by.

    Raises LookupError for a name that there is not.
    """
    for name in names:
        owner, last = _owner(name)
        forbidden = getattr(owner, last)
        if isinstance(forbidden, type):
            for method in ("__init__", "forward"):
                if hasattr(forbidden, method):
                    setattr(forbidden, method, _refuse)
            continue
        if isinstance(forbidden, FunctionType) and not forbidden.__code__.co_freevars:
            forbidden.__code__ = _refuse.__code__  # whoever holds the function, and under whatever name
        for place in (vars(owner), namespace, vars(sys.modules.get(str(forbidden.__module__), owner))):
            for key in [key for key, value in place.items() if value is forbidden]:
                place[key] = _refuse


def give(names: list[str], namespace: dict[str, Any]) -> None:
    """From now on the notebook's own functions of these names are the ones of these dotted names.

    What the student wrote in one exercise must not cost another that calls it. Raises LookupError for a name that
    there is not.
    """
    for name in names:
        owner, last = _owner(name)
        namespace[last] = getattr(owner, last)


def _owner(name: str) -> tuple[Any, str]:
    """What holds the last part of a dotted name: a module or a class."""
    path, _, last = name.rpartition(".")
    parts = path.split(".")
    for size in range(len(parts), 0, -1):
        try:
            owner: Any = import_module(".".join(parts[:size]))
        except ModuleNotFoundError:
            continue
        for part in parts[size:]:
            owner = getattr(owner, part, None)
        if hasattr(owner, last):
            return owner, last
        break
    raise LookupError(name)


def _refuse(*_: Any, **__: Any) -> Any:
    # Its code also runs in place of other modules' functions: it finds no name of this one
    from bareme.sandbox.forbid import Forbidden

    raise Forbidden("to be written, not called")
