"""A check's fork of an executed notebook, as the checker holds it: ask, wait within limits, kill.

The fork runs student code and may say anything. Its pid comes from the kernel (SCM_CREDENTIALS), its use of the
machine from `/proc`, read while this side waits.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bareme.bridge import frames
from bareme.sandbox import usage, wire
from bareme.sandbox.limits import CheckLimits
from bareme.sandbox.supervisor import Sandbox

_HELLO_TIMEOUT_S = 10.0
_WATCH_EVERY_S = 0.02


@dataclass(frozen=True)
class Budget:
    """What one check may use: CPU seconds, wall seconds, bytes beyond the notebook's own state."""

    cpu_s: float = 10.0
    wall_s: float = 30.0
    memory_bytes: int = 2**30


class OverBudget(Exception):
    """A limit was passed. ``what`` is "cpu_s", "wall_s" or "memory_bytes"."""

    def __init__(self, what: str, limit: float) -> None:
        super().__init__(f"{what} over {limit}")
        self.what, self.limit = what, limit


class Killed(Exception):
    """The process ended without an answer, by its own doing or the system's."""


class _Watched:
    """The end of a socket, for frames: while it waits, and while bytes drip in, it looks at the budget."""

    def __init__(self, end: socket.socket, over: Callable[[], OverBudget | None]) -> None:
        self._end, self._over = end, over
        self._looked = time.monotonic()

    def recv_into(self, view: memoryview) -> int:
        self._wait(select.POLLIN)
        return self._end.recv_into(view)

    def sendall(self, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(select.POLLOUT)
            rest = rest[self._end.send(rest, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]

    def _wait(self, event: int) -> None:
        poller = select.poll()
        poller.register(self._end, event)
        ready = False
        while not ready:
            ready = bool(poller.poll(_WATCH_EVERY_S * 1000))
            if not ready or time.monotonic() - self._looked > _WATCH_EVERY_S:
                self._looked = time.monotonic()
                over = self._over()
                if over is not None:
                    raise over


class CheckFork:
    """One fork. Use as a context manager: leaving it kills everything the check started.

    ``forbidden``: dotted names of library functions that raise there. ``given``: of those that stand there in place of
    the notebook's own of the same last name.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        budget: Budget,
        *,
        may_fork: bool = True,
        forbidden: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> None:
        self._sandbox, self._budget = sandbox, budget
        self._started = time.monotonic()
        self._meter = usage.Meter(sandbox.pid)
        self._end, theirs = socket.socketpair()
        self._watched = _Watched(self._end, self._over)
        try:
            self._end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            # The system's own limit on CPU time is for a process that outlives us: we end it before
            limits = CheckLimits(int(budget.cpu_s) + 2, budget.memory_bytes, may_fork)
            self.pid = self._ask_for_fork(
                theirs, {"limits": asdict(limits), "forbidden": list(forbidden), "given": list(given)}
            )
            self._rss_at_start = usage.memory(self.pid)[0]
            usage.confine(self.pid, limits)
        except (OSError, EOFError) as error:  # it died, or a sandbox that died before
            self.close()
            raise Killed(str(error)) from None

    def _ask_for_fork(self, theirs: socket.socket, request: dict[str, Any]) -> int:
        with theirs:
            wire.send(self._sandbox.control, request, [theirs.fileno()])
        self._end.settimeout(_HELLO_TIMEOUT_S)
        data, ancillary, _, _ = self._end.recvmsg(1, socket.CMSG_SPACE(struct.calcsize("3i")))
        for level, kind, payload in ancillary:
            if data and (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                pid: int = struct.unpack("3i", payload[: struct.calcsize("3i")])[0]
                self._end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
                if pid not in usage.descendants(self._sandbox.pid):
                    raise EOFError("the check was answered by a process that is not the sandbox's")
                return pid
        raise EOFError("the sandbox did not fork")

    def __enter__(self) -> CheckFork:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._end.close()
        usage.kill_below(self._sandbox.pid)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises OverBudget or Killed, after which the fork is no more; BridgeError when the answer is not well formed.
        """
        try:
            frames.send(self._watched, request)
            return frames.receive(self._watched)
        except OverBudget:
            self.close()
            raise
        except (EOFError, OSError):
            self.close()
            raise Killed("the process ended without an answer") from None

    def _over(self) -> OverBudget | None:
        if self.cpu_s() > self._budget.cpu_s:
            return OverBudget("cpu_s", self._budget.cpu_s)
        if self.wall_s() > self._budget.wall_s:
            return OverBudget("wall_s", self._budget.wall_s)
        return None

    def cpu_s(self) -> float:
        """CPU seconds of the whole sandbox since this fork was asked for."""
        return self._meter.read()

    def wall_s(self) -> float:
        return time.monotonic() - self._started

    def peak_bytes(self) -> int:
        """Most resident bytes that the fork had beyond those it started with."""
        return max(usage.memory(self.pid)[1] - self._rss_at_start, 0)
