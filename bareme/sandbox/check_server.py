"""Answering checks, inside the sandbox: each check gets a fork of the executed notebook's state.

Everything here runs in the student's process, and may be tampered with: it earns nothing. What it sends is data, and
is judged elsewhere; the limits it sets itself are verified from outside.
"""

from __future__ import annotations

import gc
import hashlib
import os
import random
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import torch
from tornado import ioloop

from bareme.bridge import frames, values
from bareme.sandbox import wire
from bareme.sandbox.forbid import forbid, give
from bareme.sandbox.limits import CheckLimits, apply_to_check

_MOST_FRAMES = 20
_LONGEST_TEXT = 2000


def attach(control: socket.socket, namespace: dict[str, Any]) -> None:
    """Listen, on the kernel's own event loop, for requests to fork a check."""
    loop = ioloop.IOLoop.current()

    def on_request(_descriptor: Any, _events: int) -> None:
        try:
            request, (descriptor,) = wire.receive(control)
        except EOFError:
            os._exit(0)  # the supervisor is gone
        _reap()
        gc.freeze()  # so that the forks' garbage collectors do not go through, and so copy, the notebook's state
        if os.fork() == 0:
            try:
                control.close()
                apply_to_check(CheckLimits(**request["limits"]))
                _serve(socket.socket(fileno=descriptor), namespace, request["forbidden"], request["given"])
            finally:
                os._exit(0)
        os.close(descriptor)

    loop.add_handler(control.fileno(), on_request, ioloop.IOLoop.READ)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _serve(end: socket.socket, namespace: dict[str, Any], forbidden: list[str], given: list[str]) -> None:
    """Answer calls until the checker hangs up. The first message lets the kernel attest this process's pid."""
    _let_go_of_the_kernel(end.fileno())
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process
    torch.set_num_threads(1)  # a pool of threads made before the fork is not there any more
    give(given, namespace)
    forbid(forbidden, namespace)
    end.sendall(b"\0")
    kept: list[Any] = []

    def keep(value: Any) -> int:
        kept.append(value)
        return len(kept) - 1

    def kept_at(number: int) -> Any:
        try:
            return kept[number]
        except IndexError:
            raise KeyError(number) from None

    while True:
        try:
            request = frames.receive(end, get_ref=kept_at)
        except EOFError:
            return
        answer = _answer(request, namespace, kept_at, keep)
        try:
            frames.send(end, answer, put_ref=keep)
        except values.BridgeError as error:
            frames.send(end, {"raised": {"type": "BridgeError", "message": str(error)[:_LONGEST_TEXT], "frames": []}})


def _let_go_of_the_kernel(own: int) -> None:
    """Put the null device in place of every socket, pipe and event that is shared with the kernel but ``own``.

    What is written to those would reach the kernel, and stall the other checks. The numbers stay taken: libraries that
    still hold them must not meet another file there.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in [int(name) for name in os.listdir("/proc/self/fd")]:
        if descriptor in (own, null):
            continue
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith(("socket:", "pipe:", "anon_inode:")):
                os.dup2(null, descriptor)
        except FileNotFoundError:
            pass  # the folder's own, closed since
    os.close(null)


def _answer(
    request: dict[str, Any], namespace: dict[str, Any], kept_at: Callable[[int], Any], keep: Callable[[Any], int]
) -> dict[str, Any]:
    try:
        function = _resolve(request, namespace, kept_at)
    except (LookupError, AttributeError):
        return {"missing": True}
    except BaseException as error:  # what a student's own __getattr__ raises
        return {"raised": _describe(error)}
    args, kwargs = request["args"], request["kwargs"]
    try:
        if request["how"] == "observe":
            return {"value": _observe(function, args, kwargs)}
        if request["how"] == "vjp":
            return {"value": _vjp(function, args, kwargs, request["cotangent"])}
        result = function(*args, **kwargs)
        if request["how"] == "keep":
            return {"value": values.Ref(keep(result), type(result).__name__)}
        return {"value": result}
    except BaseException as error:  # KeyboardInterrupt and SystemExit too: they are the student's
        return {"raised": _describe(error)}


def _resolve(request: dict[str, Any], namespace: dict[str, Any], kept_at: Callable[[int], Any]) -> Any:
    name = request["name"]
    if request["on"] is None:
        return namespace[name]
    target = kept_at(request["on"])
    return target if name == "" else getattr(target, name)


def _describe(error: BaseException) -> dict[str, Any]:
    """The exception as data: type, message, and the frames of the student's own cells."""
    own = [
        {"cell": frame.filename, "line": frame.lineno, "function": frame.name, "source": (frame.line or "")[:200]}
        for frame in traceback.extract_tb(error.__traceback__)
        if "ipykernel_" in frame.filename or frame.filename.startswith("<ipython")
    ]
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be read)"
    return {"type": type(error).__name__, "message": message[:_LONGEST_TEXT], "frames": own[-_MOST_FRAMES:]}


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in nested lists, tuples and dicts, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def _random_state() -> str:
    """A digest of the three global generators' states."""
    state: Any = numpy.random.get_state()
    name, keys, *rest = state
    parts = (repr(random.getstate()), repr((name, keys.tolist(), rest)), repr(torch.get_rng_state().tolist()))
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _observe(function: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    before = _random_state()
    result = function(*args, **kwargs)
    return {
        "value": result,
        "args": args,
        "kwargs": kwargs,
        "rng_touched": _random_state() != before,
        "requires_grad": any(tensor.requires_grad for tensor in _tensors(result)),
    }


def _vjp(function: Any, args: Any, kwargs: Any, cotangent: Any) -> tuple[Any, Any]:
    """Vector-Jacobian product: call, then backward with ``cotangent``; gradients mirror ``(args, kwargs)``."""
    inputs = [tensor for tensor in _tensors((args, kwargs)) if tensor.is_floating_point()]
    for tensor in inputs:
        tensor.requires_grad_(True)
    result = function(*args, **kwargs)
    outputs = [tensor for tensor in _tensors(result) if tensor.is_floating_point()]
    pairs = [(out, co) for out, co in zip(outputs, _tensors(cotangent), strict=True) if out.requires_grad]
    if pairs:
        torch.autograd.backward([out for out, _ in pairs], [co for _, co in pairs])
    return result, _gradients((args, kwargs))


def _gradients(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.grad
    if isinstance(value, (list, tuple)):
        return type(value)(_gradients(item) for item in value)
    if isinstance(value, dict):
        return {key: _gradients(item) for key, item in value.items()}
    return None
