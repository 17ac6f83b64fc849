"""Run a notebook in a sandbox, cell after cell, so that one deadly cell costs only itself.

A cell that kills the kernel, or outlives its time, is left out and the others run again in a fresh sandbox.
"""

from __future__ import annotations

import copy
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets.config import Config

from bareme.grading.safe_text import block, plain
from bareme.sandbox.provisioner import SandboxProvisioner
from bareme.sandbox.supervisor import Level, Sandbox

KERNEL = "bareme"
_MOST_OUTPUT_BYTES = 2**20
#: So often may a kernel be killed from outside while one and the same cell runs.
_MOST_MURDERS = 5
#: Outputs that no browser runs. Everything else a cell displays is dropped: an instructor will look at the page.
_SAFE_TYPES = ("text/plain", "image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")  # pages put an image's text into an attribute as it is

Lost = Literal["killed", "over_budget"]


@dataclass
class Execution:
    """A notebook that ran: its outputs, the sandbox that still holds its state, and the cells it had to leave out."""

    notebook: NotebookNode
    sandbox: Sandbox
    lost: dict[int, Lost] = field(default_factory=dict)


@asynccontextmanager
async def executed(
    notebook: NotebookNode, folder: Path, *, level: Level, cell_timeout_s: int = 30, timeout_s: float = 300.0
) -> AsyncIterator[Execution]:
    """Run ``notebook`` with a copy of the files in ``folder``; the sandbox lives until the context ends.

    A kernel killed by SIGKILL was killed from outside: a pid namespace's first process can't do that to itself. So the
    notebook runs again, unless this goes on: where memory runs out, say, it is the notebook's doing after all.

    Once ``timeout_s`` have passed, a cell that ends the kernel takes all cells after it along: a notebook of a thousand
    endless cells would else hold a worker for hours.
    """
    lost: dict[int, Lost] = {}
    murders: Counter[int] = Counter()
    deadline = time.monotonic() + timeout_s
    while True:
        runner = _Runner(copy.deepcopy(notebook), folder, level, cell_timeout_s)
        try:
            culprit = await runner.start_and_run(lost)
            if culprit is None:
                yield Execution(runner.nb, runner.sandbox(), lost)
                return
            murders[culprit[0]] += runner.murdered
            if runner.murdered and murders[culprit[0]] < _MOST_MURDERS:
                continue
            lost[culprit[0]] = culprit[1]
            if time.monotonic() > deadline:
                lost |= {index: "over_budget" for index in range(culprit[0], len(notebook.cells)) if index not in lost}
        finally:
            await runner.end()


class _Runner(NotebookClient):
    """nbclient, with bounded outputs and without its polite shutdown."""

    def __init__(self, notebook: NotebookNode, folder: Path, level: Level, cell_timeout_s: int) -> None:
        config = Config()
        config.SandboxProvisioner.level = level
        config.KernelManager.client_class = "bareme.sandbox.client.SandboxClient"
        super().__init__(
            notebook,
            km=AsyncKernelManager(kernel_name=KERNEL, config=config),
            timeout=cell_timeout_s,
            allow_errors=True,
            store_widget_state=False,
            coalesce_streams=True,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        self._shown = 0
        self.murdered = False

    async def start_and_run(self, skipped: dict[int, Lost]) -> tuple[int, Lost] | None:
        """Run every cell but the skipped ones. Returns the cell that ended the kernel, and how; None if none did."""
        await self.async_start_new_kernel()
        await self.async_start_new_kernel_client()
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type != "code":
                continue
            if index in skipped:
                cell.outputs = [_notice(skipped[index])]
                continue
            self._shown = 0
            try:
                await self.async_execute_cell(cell, index, store_history=True)
            except CellTimeoutError:
                return index, "over_budget"
            except DeadKernelError:
                assert self.km is not None and self.km.provisioner is not None
                self.murdered = await self.km.provisioner.wait() == -signal.SIGKILL
                return index, "killed"
            finally:
                cell.outputs = [safe for output in cell.outputs if (safe := _safe(output)) is not None]
        return None

    def sandbox(self) -> Sandbox:
        assert self.km is not None
        provisioner = self.km.provisioner
        assert isinstance(provisioner, SandboxProvisioner) and provisioner.forked is not None
        return Sandbox(provisioner.forked.control, provisioner.pid or 0)

    async def end(self) -> None:
        if self.kc is not None:
            self.kc.stop_channels()
            self.kc = None
        if isinstance(self.km, AsyncKernelManager):
            await self.km.shutdown_kernel(now=True)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Drop what a cell shows beyond a bound, before it is kept: a flood must not fill the supervisor's memory."""
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error", "update_display_data"):
            size = len(repr(msg["content"]))
            if self._shown <= _MOST_OUTPUT_BYTES < self._shown + size:
                cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=_TOO_MUCH))
            self._shown += size
            if self._shown > _MOST_OUTPUT_BYTES:
                return None
        shown: NotebookNode | None = super().process_message(msg, cell, cell_index)
        return shown


_TOO_MUCH = "… (sortie tronquée · output truncated)\n"


def _notice(lost: Lost) -> NotebookNode:
    text = {
        "killed": "Cette cellule met fin au noyau : elle a été laissée de côté. · This cell ends the kernel: left out.",
        "over_budget": "Cette cellule ne se termine pas à temps : laissée de côté. · This cell does not end in time.",
    }[lost]
    return _output("error", ename=lost, evalue=text, traceback=[text])


def _output(kind: str, **content: Any) -> NotebookNode:
    output: NotebookNode = nbformat.v4.new_output(kind, **content)
    return output


def _safe(output: NotebookNode) -> NotebookNode | None:
    """The output with only what can be shown to an instructor without running anything."""
    if output.output_type == "stream":
        return _output("stream", name=output.name, text=block(output.text, _MOST_OUTPUT_BYTES))
    if output.output_type == "error":
        trace = [block(line, 20_000) for line in output.traceback]
        return _output("error", ename=plain(output.ename, 200), evalue=plain(output.evalue, 20_000), traceback=trace)
    data = {kind: str(value) for kind, value in output.get("data", {}).items() if kind in _SAFE_TYPES}
    data = {kind: value for kind, value in data.items() if kind == "text/plain" or _BASE64.fullmatch(value)}
    if "text/plain" in data:
        data["text/plain"] = block(data["text/plain"], _MOST_OUTPUT_BYTES)
    # Never an execute_result: nbgrader reads scores from those, and only ours may be one
    return _output("display_data", data=data) if data else None
