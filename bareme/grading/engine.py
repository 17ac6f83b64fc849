"""The warm processes that grading needs: fork servers, the reference's sandboxes, and an event loop of their own.

Make one for a whole class: its start costs seconds, each submission then a fraction of one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import nbformat

from bareme.grading.assignment import Assignment
from bareme.grading.run import Execution, executed
from bareme.sandbox import runtime, supervisor
from bareme.sandbox.supervisor import ForkServer, Level, SandboxError

T = TypeVar("T")

_END_TIMEOUT_S = 10.0


class Engine:
    """Use as a context manager.

    ``key`` is the course's secret, that hidden inputs are seeded from. At most ``workers`` submissions are graded at
    once.
    """

    def __init__(self, level: Level = "full", key: bytes = b"", workers: int = 1) -> None:
        self.level: Level = level
        self.key = key
        self.slots = asyncio.Semaphore(workers)
        self._checkers: ForkServer | None = None
        self._idle_references: dict[str, list[Execution]] = {}
        self._kept = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        # A loop of its own: callers may have one that runs already (formgrader's), or none
        self._thread = threading.Thread(target=self._loop.run_forever, name="bareme-engine", daemon=True)

    def __enter__(self) -> Engine:
        self._thread.start()
        supervisor.zygote(self.level)  # both servers import at once; nobody waits for them yet
        self.checkers()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove every file that this engine made."""
        if self._loop.is_closed():
            return
        try:
            self.wait(self._end_all())
        except TimeoutError:
            pass  # what does not end politely ends with its fork server, below
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._checkers is not None:
            self._checkers.close()
        supervisor.close_all()

    async def _end_all(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_END_TIMEOUT_S)
        async with asyncio.timeout(_END_TIMEOUT_S):
            await self._kept.aclose()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run ``work`` on the engine's loop, beside what runs there already."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` on the engine's loop and wait for it; an interrupt here cancels it there."""
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def checkers(self) -> ForkServer:
        """The checkers' fork server; a dead one is replaced."""
        if self._checkers is None or not self._checkers.alive:
            if self._checkers is not None:
                self._checkers.close()
            # The trusted side keeps its environment but for what would change results, or load foreign plugins
            environment = {**os.environ, **supervisor.kernel_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
            for name in ("PATH", "USER", "LOGNAME"):
                environment[name] = os.environ.get(name, environment[name])
            environment.pop("PYTEST_ADDOPTS", None)
            environment["TMPDIR"] = str(runtime.folder())  # torch leaves a cache folder there, by importing alone
            self._checkers = ForkServer("bareme.grading.checker", [], wrapper=[], environment=environment)
        return self._checkers

    @asynccontextmanager
    async def reference(self, assignment: Assignment) -> AsyncIterator[Execution]:
        """The instructor's notebook, executed: for one submission at a time, then kept for the next.

        Raises SandboxError when it does not run cleanly.
        """
        digest = hashlib.sha256(nbformat.writes(assignment.source).encode()).hexdigest()
        idle = self._idle_references.setdefault(digest, [])
        while idle and not idle[-1].sandbox.alive:
            idle.pop()  # it died
        execution = idle.pop() if idle else await self._run_reference(assignment)
        try:
            yield execution
        finally:
            idle.append(execution)

    async def _run_reference(self, assignment: Assignment) -> Execution:
        folder = Path(tempfile.mkdtemp(prefix="empty-", dir=runtime.folder()))
        context = executed(assignment.source, folder, level=self.level)
        execution = await self._kept.enter_async_context(context)
        if execution.lost:
            raise SandboxError(
                f"source/{assignment.name}: cells {sorted(execution.lost)} end the kernel, or take too long"
            )
        for cell in execution.notebook.cells:
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    raise SandboxError(
                        f"source/{assignment.name}: a cell of the instructor's notebook fails: "
                        f"{output.ename}: {output.evalue}"
                    )
        return execution
