"""What a further sandbox costs in memory once it has loaded a model: proportional set sizes, in MB.

python -m benchmarks.shared_weights [--role encoder] [--sandboxes 3] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from bareme.grading.run import executed
from bareme.sandbox import supervisor, usage

_LOAD = """
from bareme.course import load_model
import torch
model = load_model({role!r})
with torch.no_grad():
    out = model(input_ids=torch.arange(5, 69)[None])
print(next(iter(out.values())).shape)
"""


async def measure(role: str, count: int) -> list[float]:
    """Memory of the zygote and all sandboxes: before any loads, then after each more that has."""
    notebook = new_notebook(cells=[new_code_cell(_LOAD.format(role=role))])
    found = []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            async with executed(new_notebook(cells=[new_code_cell("1")]), Path(folder), level="full"):
                found.append(_proportional_mb())
            for _ in range(count):
                done = await stack.enter_async_context(executed(notebook, Path(folder), level="full"))
                shown = "".join(str(output) for output in done.notebook.cells[0].outputs)
                if "torch.Size" not in shown:
                    raise SystemExit(f"the model was not loaded: {shown}")
                found.append(_proportional_mb())
    supervisor.close_all()
    return found


def _proportional_mb() -> float:
    total = 0
    for pid in usage.descendants(supervisor.zygote("full").process.pid):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--role", default="encoder")
    parser.add_argument("--sandboxes", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sums = asyncio.run(measure(given.role, given.sandboxes))
    further = [round(after - before, 1) for before, after in pairwise(sums[1:])]
    told = {"role": given.role, "zygote_and_one_sandbox_mb": round(sums[0], 1), "each_further_mb": further}
    print(json.dumps(told) if given.json else "\n".join(f"{key}: {value}" for key, value in told.items()))


if __name__ == "__main__":
    main()
