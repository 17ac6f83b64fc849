"""The checker: a trusted process that runs one submission's hidden tests with pytest.

Forked from a fork server that has imported torch, transformers and pytest once. It holds the sandboxes' sockets, and
tells its supervisor every outcome as it comes, so that a crash here loses only what was not told yet.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path
from typing import Any

import numpy  # noqa: F401 - imported before the fork, for the graders
import pytest
import tokenizers  # noqa: F401
import torch
import transformers.models.bert.modeling_bert
import transformers.models.bert.tokenization_bert  # noqa: F401

from bareme.grading.plugin import CheckPlugin, Job
from bareme.grading.trial import Trial
from bareme.sandbox import forkserver, wire
from bareme.sandbox.supervisor import Sandbox

#: pytest's own plugins that a few dozen short checks would wait for, and that nobody reads the results of.
_NEEDLESS = "cacheprovider doctest faulthandler junitxml logging pastebin stepwise threadexception".split()
_NEEDLESS += ["unraisableexception", "warnings"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    forkserver.serve(socket.socket(fileno=arguments.control), run, own_namespaces=False)


def run(control: socket.socket) -> None:
    """Run the tests that the request names, then end this process."""
    request, (student, reference, cells) = wire.receive(control)
    with open(cells, encoding="utf-8") as written:
        student_cells = json.load(written)
    job = Job(
        Sandbox(socket.socket(fileno=student), request["student_pid"]),
        Sandbox(socket.socket(fileno=reference), request["reference_pid"]),
        bytes.fromhex(request["seed"]),
        request["verdicts"],
        student_cells,
        Trial(**request["trial"]),
    )
    grader = Path(request["grader"])

    def tell(message: dict[str, Any]) -> None:
        wire.send(control, message)

    tests = sorted(str(path) for path in grader.glob("test_*.py"))
    options = ["-c", os.devnull, "--rootdir", str(grader), "--import-mode=importlib", "--assert=plain", "-s", "-q"]
    options += [option for name in _NEEDLESS for option in ("-p", f"no:{name}")]
    code = pytest.main([*options, *tests], plugins=[CheckPlugin(job, tell)])
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        tell({"grader_error": f"pytest could not run {grader}: {pytest.ExitCode(code).name}"})
    tell({"done": True})
    os._exit(0)


if __name__ == "__main__":
    main()
