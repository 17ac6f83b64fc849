#!/usr/bin/env python3
"""Fuzz what reads bytes from students, guided by coverage (libFuzzer, by atheris), for as long as you like.

    pip install --editable '.[fuzz]'
    python scripts/fuzz.py wire --seconds 300
    python scripts/fuzz.py rebuild --seconds 300

Whatever comes in must end as a value or as a clear refusal. Anything else (another exception, more than 10 s, more than
2 GiB) ends the run, and leaves the bytes in a file whose name is printed: `python scripts/fuzz.py wire FILE` tries
them again. What was found interesting is kept in `--corpus`, and is where the next run starts.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["bareme"]):
    from bareme.bridge import frames
    from bareme.bridge.values import BridgeError
    from bareme.grading.assignment import Assignment, load_assignment
    from bareme.grading.parse import Refusal, parse_notebook
    from bareme.grading.rebuild import Rebuilt, rebuild
    from bareme.grading.submission import Submission


class Bytes:
    """An end of a socket that has these bytes left to give, and then hangs up."""

    def __init__(self, data: bytes) -> None:
        self.left = memoryview(data)

    def recv_into(self, view: memoryview, /) -> int:
        count = min(len(view), len(self.left))
        view[:count] = self.left[:count]
        self.left = self.left[count:]
        return count

    def sendall(self, data: bytes | memoryview, /) -> None:
        raise AssertionError("a receiver sends nothing")


class Kept:
    """Takes what is sent, to make seeds of it."""

    def __init__(self) -> None:
        self.data = b""

    def recv_into(self, view: memoryview, /) -> int:
        return 0

    def sendall(self, data: bytes | memoryview, /) -> None:
        self.data += bytes(data)


def wire(data: bytes) -> None:
    try:
        message = frames.receive(Bytes(data), max_bytes=2**20)
    except (BridgeError, EOFError):
        return
    assert type(message) is dict
    frames.send(Kept(), message)  # what could come in can go out


def rebuilder(assignment: Assignment) -> Callable[[bytes], None]:
    locked = [cell.source for cell in assignment.release.cells if cell.metadata.get("nbgrader", {}).get("locked")]

    def one(data: bytes) -> None:
        parsed = parse_notebook(data, "masking.ipynb")
        assert isinstance(parsed, Refusal) or parsed.nbformat == 4
        rebuilt = rebuild(assignment, Submission("ada", parsed))
        assert isinstance(rebuilt, Rebuilt)
        sources = [cell.source for cell in rebuilt.notebook.cells]
        assert all(source in sources for source in locked)

    return one


def seeds(target: str, folder: Path) -> None:
    """Well-formed inputs of each kind, for the first mutations to start from."""
    import torch

    values = [1, -2.5, "été", None, True, [1, 2], (3,), {"a": [1]}, torch.arange(6.0).view(2, 3), float("nan"), 2**70]
    if target == "wire":
        for number, value in enumerate([*values, values]):
            kept = Kept()
            frames.send(kept, {"value": value})
            (folder / f"seed{number}").write_bytes(kept.data)
        header = json.dumps({"v": {"%": "t", "d": "float32", "s": [2], "b": 0}, "n": [8]}).encode()
        (folder / "seed").write_bytes(struct.pack("!I", len(header)) + header + bytes(8))
    else:
        for number, path in enumerate((ROOT / "release").glob("*/*.ipynb")):
            (folder / f"seed{number}").write_bytes(path.read_bytes())
        cells = [{"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": {"grade_id": "wordpiece"}}}]
        (folder / "small").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=["wire", "rebuild"])
    parser.add_argument("again", nargs="?", type=Path, help="a file to try once, instead of fuzzing")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--corpus", type=Path, help="where interesting inputs are kept; by default nowhere")
    given = parser.parse_args()
    test = wire if given.target == "wire" else rebuilder(load_assignment(ROOT, "masking"))
    if given.again:
        test(given.again.read_bytes())
        return
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="fuzz-"))
    corpus.mkdir(parents=True, exist_ok=True)
    seeds(given.target, corpus)
    options = [f"-max_total_time={given.seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=65536"]
    options += ["-print_final_stats=1", f"-artifact_prefix={corpus}/crash-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], test)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
