"""What is read and set of a process from outside."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bareme.sandbox import usage
from bareme.sandbox.limits import CheckLimits

LIMITS = CheckLimits(cpu_s=7, memory_bytes=2**30, may_fork=False)


@contextmanager
def python(code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs ``code``, prints a line and waits."""
    code = f"import os, resource, subprocess, sys, time\n{code}\nprint(1, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "1\n"
    try:
        yield child
    finally:
        usage.kill_all(child.pid)
        child.wait()
        child.stdout.close()


def hard(pid: int, which: int) -> int:
    return resource.prlimit(pid, which)[1]


@pytest.mark.parametrize("own", ["", "resource.setrlimit(resource.RLIMIT_CPU, (7, 7))"])
def test_limits_are_set_whatever_the_process_did(own: str) -> None:
    with python(own) as child:
        usage.confine(child.pid, LIMITS)
        assert hard(child.pid, resource.RLIMIT_CPU) == 7
        assert hard(child.pid, resource.RLIMIT_NPROC) == 1
        assert 2**30 < hard(child.pid, resource.RLIMIT_AS) < 2**31


def test_a_limit_that_is_lower_already_stays() -> None:
    with python("resource.setrlimit(resource.RLIMIT_CPU, (3, 3))") as child:
        usage.confine(child.pid, LIMITS)
        assert hard(child.pid, resource.RLIMIT_CPU) == 3


def test_what_a_process_set_itself_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from bareme.sandbox.limits import *; apply_to_check(CheckLimits(7, 2**30, False))"
    with python(code) as child:
        monkeypatch.setattr(resource, "prlimit", None)  # to be called would raise
        usage.confine(child.pid, LIMITS)


def test_cpu_seconds_of_helpers_count_too() -> None:
    with python("subprocess.Popen([sys.executable, '-c', 'while True: pass'])") as child:
        meter = usage.Meter(child.pid)
        time.sleep(0.5)
        assert meter.read() > 0.05
        assert len(usage.descendants(child.pid)) == 1


def test_everything_below_is_killed_and_the_root_only_when_asked() -> None:
    helper = "import subprocess; subprocess.run(['sleep', '60'])"
    tree = f"subprocess.Popen([sys.executable, '-c', {helper!r}])\ntime.sleep(1)"
    with python(tree) as child:
        below = usage.descendants(child.pid)
        assert len(below) == 2
        usage.kill_below(child.pid)
        deadline = time.monotonic() + 5
        while any(usage.cpu_s(pid) for pid in below[1:]) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert child.poll() is None
        usage.kill_all(child.pid)
        child.wait(5)


def test_a_process_that_has_ended_uses_nothing() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert usage.cpu_s(child.pid) == 0.0 and usage.memory(child.pid) == (0, 0) and usage.descendants(child.pid) == []


def test_memory_is_the_resident_one() -> None:
    now, peak = usage.memory(os.getpid())
    assert 2**20 < now <= peak
