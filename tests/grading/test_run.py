"""Running a notebook cell after cell: a deadly cell costs itself alone, and nothing is left running."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from bareme.grading.run import Execution, executed


def run(*sources: str, folder: Path, cell_timeout_s: int = 30) -> Execution:
    async def go() -> Execution:
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        async with executed(notebook, folder, level="full", cell_timeout_s=cell_timeout_s) as execution:
            assert os.path.exists(f"/proc/{execution.sandbox.pid}")
        assert not os.path.exists(f"/proc/{execution.sandbox.pid}")
        return execution

    return asyncio.run(go())


def shown(execution: Execution) -> list[str]:
    return [
        "".join(output.get("text", output.get("ename", "")) for output in cell.outputs)
        for cell in execution.notebook.cells
    ]


def test_cells_run_in_order_and_errors_stop_nothing(tmp_path: Path) -> None:
    execution = run("x = 1", "1 / 0", "print(x)", folder=tmp_path)
    assert shown(execution) == ["", "ZeroDivisionError", "1\n"] and execution.lost == {}


def test_a_deadly_cell_is_left_out_and_the_others_run_again(tmp_path: Path) -> None:
    # at the very start, when the kernel's client has barely connected; and twice in a notebook
    for _ in range(2):
        execution = run("import os; os._exit(3)", "print(1)", "os = __import__('os'); os.abort()", folder=tmp_path)
        assert execution.lost == {0: "killed", 2: "killed"}
        assert shown(execution) == ["killed", "1\n", "killed"]


def test_an_endless_cell_is_left_out(tmp_path: Path) -> None:
    execution = run("while True: pass", "print(2)", folder=tmp_path, cell_timeout_s=1)
    assert execution.lost == {0: "over_budget"} and shown(execution)[1] == "2\n"


def test_the_notebook_itself_is_unchanged(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell("print(1)")])
    before = nbformat.writes(notebook)

    async def go() -> None:
        async with executed(notebook, tmp_path, level="full"):
            pass

    asyncio.run(go())
    assert nbformat.writes(notebook) == before
