"""``student`` and ``reference``: what a hidden test holds to call into an executed notebook.

Values go out and come back through the bridge; nothing of the other side is ever run here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bareme.bridge.values import BridgeError, Ref
from bareme.sandbox.check_fork import Budget, CheckFork
from bareme.sandbox.supervisor import Sandbox


class Raised(Exception):
    """The notebook's code raised: type, message and its own frames, as data."""

    def __init__(self, kind: str, message: str, frames: list[dict[str, Any]]) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.message, self.frames = kind, message, frames


class Missing(Exception):
    """The notebook does not define the name."""


class Refused(Exception):
    """What came back is not data of the kinds that may cross."""


@dataclass(frozen=True)
class Observation:
    """A call seen from around it: its value, its arguments as they are afterwards, and what it left behind.

    rng_touched: a global generator (random, numpy, torch) changed. requires_grad: some tensor of the value does.
    """

    value: Any
    args: list[Any]
    kwargs: dict[str, Any]
    rng_touched: bool
    requires_grad: bool


class Notebook:
    """An executed notebook: ``notebook.NAME(*args, **kwargs)`` calls NAME in a fork of its state.

    The fork is made at the first call and lives until ``close``: the calls of one check share it, those of two don't.
    ``forbidden``: dotted names of library functions that raise there. ``given``: of those that stand there in place of
    the notebook's own of the same last name. ``witness`` is called with the arguments and the value of each call.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        budget: Budget,
        *,
        may_fork: bool = True,
        forbidden: Sequence[str] = (),
        given: Sequence[str] = (),
        witness: Callable[..., None] | None = None,
    ) -> None:
        self._sandbox, self._budget, self._may_fork = sandbox, budget, may_fork
        self._forbidden, self._given, self._witness = forbidden, given, witness
        self._fork: CheckFork | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.ask("call", name, args, kwargs)

    def observe(self, name: str, *args: Any, **kwargs: Any) -> Observation:
        """Call ``name`` and see its effects on its arguments and on the global generators."""
        seen = _mapping(
            self.ask("observe", name, args, kwargs), ("value", "args", "kwargs", "rng_touched", "requires_grad")
        )
        return Observation(
            seen["value"],
            seen["args"] if isinstance(seen["args"], list) else [],
            seen["kwargs"] if isinstance(seen["kwargs"], dict) else {},
            seen["rng_touched"] is not False,
            seen["requires_grad"] is True,
        )

    def vjp(self, name: str, *args: Any, cotangent: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Call ``name``, then backward with ``cotangent`` (one tensor per float tensor of the value, in order).

        Returns ``(value, gradients)``; gradients mirrors ``(args, kwargs)``, None where none flowed.
        """
        answer = self.ask("vjp", name, args, kwargs, cotangent=cotangent)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise Refused("no gradients came back")
        return answer

    def keep(self, name: str, *args: Any, **kwargs: Any) -> Ref:
        """Call ``name`` and leave the result in the sandbox, named by a reference that later calls may pass."""
        answer = self.ask("keep", name, args, kwargs)
        if type(answer) is not Ref:
            raise Refused("no reference came back")
        return answer

    def on(self, target: Ref, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call the method ``name`` of a kept object, or the object itself when ``name`` is empty."""
        return self.ask("call", name, args, kwargs, on=target.id)

    def ask(self, how: str, name: str, args: Any, kwargs: Any, *, on: int | None = None, cotangent: Any = None) -> Any:
        if self._fork is None:
            self._fork = CheckFork(
                self._sandbox,
                self._budget,
                may_fork=self._may_fork,
                forbidden=self._forbidden,
                given=self._given,
            )
        request = {"how": how, "on": on, "name": name, "args": list(args), "kwargs": kwargs, "cotangent": cotangent}
        try:
            answer = self._fork.ask(request)
        except BridgeError as error:
            raise Refused(str(error)) from None
        if "missing" in answer:
            raise Missing(name)
        if "raised" in answer:
            raise _raised(answer["raised"])
        if "value" not in answer:
            raise Refused("the answer has no value")
        if self._witness is not None:
            self._witness(args, kwargs, *answer["value"].values() if how == "observe" else [answer["value"]])
        return answer["value"]

    @property
    def fork(self) -> CheckFork | None:
        """The fork that answers, once a call was made."""
        return self._fork

    def close(self) -> None:
        if self._fork is not None:
            self._fork.close()
            self._fork = None


def _mapping(value: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise Refused("an observation came back incomplete")
    return value


def _raised(told: Any) -> Raised:
    """Student code may have built this: take only what has the right shape."""
    told = told if isinstance(told, dict) else {}
    frames = (
        [
            {
                key: frame[key]
                for key in ("cell", "line", "function", "source")
                if isinstance(frame.get(key), (str, int))
            }
            for frame in told.get("frames", [])
            if isinstance(frame, dict)
        ]
        if isinstance(told.get("frames"), list)
        else []
    )
    return Raised(str(told.get("type", "Exception"))[:100], str(told.get("message", ""))[:2000], frames[:20])
