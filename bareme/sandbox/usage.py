"""What a sandbox's processes use, and what they may: read and set from outside, through the host's /proc.

Student code can neither change these figures nor see them taken.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time

from bareme.sandbox.limits import CheckLimits

_PAGE = os.sysconf("SC_PAGE_SIZE")
_LABELS = {"AS": "Max address space", "CPU": "Max cpu time", "NPROC": "Max processes"}
#: What the process may have mapped between its own reading of its size and ours, in bytes.
_SLACK = 64 * 2**20


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads of a process, in nanosecond steps; 0.0 when it has ended.

    The clock id of another process is ``~pid << 3 | 2``: clock_getcpuclockid(3), without its library call.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def descendants(pid: int) -> list[int]:
    """Every living process below ``pid``, not itself."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    numbers: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children:
                numbers += [int(number) for number in children.read().split()]
    except OSError:
        pass  # it ended while we read
    return numbers


class Meter:
    """CPU seconds of a sandbox and everything below it, since the meter was made.

    ``root`` is the sandbox's first process, so that work handed to a helper process counts too. A helper that comes
    and goes between two readings is missed: read often.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._seen: dict[int, float] = {}
        self._start = {pid: cpu_s(pid) for pid in (root, *descendants(root))}

    def read(self) -> float:
        for pid in (self._root, *descendants(self._root)):
            self._seen[pid] = max(cpu_s(pid), self._seen.get(pid, 0.0))
        return sum(seconds - self._start.get(pid, 0.0) for pid, seconds in self._seen.items())


def memory(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, now and at its peak (VmRSS, VmHWM of proc(5)); zeros when it has ended."""
    fields = {"VmRSS": 0, "VmHWM": 0}
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                name, _, rest = line.partition(":")
                if name in fields:
                    fields[name] = int(rest.split()[0]) * 1024
    except OSError:
        pass
    return fields["VmRSS"], fields["VmHWM"]


def confine(pid: int, limits: CheckLimits) -> None:
    """See that a check's process has its limits; they can't be raised again from inside.

    It was asked to set them itself (`limits.apply_to_check`), but student code may have kept it from that: what the
    system says counts, and what is missing is set from outside (prlimit(2)).
    """
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        mapped = int(statm.read().split()[0]) * _PAGE
    now = _hard_limits(pid)
    wanted = {name: min(value, now[name]) for name, value in limits.values(mapped).items()}
    if all(now[name] <= value + (_SLACK if name == "AS" else 0) for name, value in wanted.items()):
        return
    try:
        for name, value in wanted.items():
            resource.prlimit(pid, _number(name), (value, value))
    except PermissionError:
        _confine_as_its_user(pid, wanted)


def _confine_as_its_user(pid: int, limits: dict[str, int]) -> None:
    """A root without CAP_SYS_RESOURCE (a container's, say) may not limit another user's process; that user may."""
    owner = os.stat(f"/proc/{pid}")
    options = [f"--{name.lower()}={value}:{value}" for name, value in limits.items()]
    # setpriv, as subprocess can't change users without copying this large process first
    become = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    subprocess.run([*become, "prlimit", "--pid", str(pid), *options], check=True, capture_output=True)


def _number(name: str) -> int:
    number: int = getattr(resource, f"RLIMIT_{name}")
    return number


def _hard_limits(pid: int) -> dict[str, int]:
    """The hard limits that a process has already: `/proc/PID/limits`, of which each line ends in soft, hard, unit."""
    found: dict[str, int] = {}
    with open(f"/proc/{pid}/limits", encoding="ascii") as lines:
        for line in lines:
            for name, label in _LABELS.items():
                if line.startswith(label):
                    hard = line[len(label) :].split()[1]
                    found[name] = sys.maxsize if hard == "unlimited" else int(hard)
    return found


def kill_below(root: int) -> None:
    """Kill every process below a sandbox's first one, until no new one appears.

    A killed process makes no more children, and those it left behind come back below ``root``. The dead are not waited
    for: the sandbox reaps them when it forks next.
    """
    killed: set[int] = set()
    while new := set(descendants(root)) - killed:
        for pid in new:
            _kill(pid)
        killed |= new


def kill_all(root: int) -> None:
    """Kill a process and every process below it, found before the first one dies and leaves its own to others."""
    for pid in (root, *descendants(root)):
        _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
