"""What one sandbox may use in all, set with rlimits before any student code runs (getrlimit(2))."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Hard limits of one sandbox. Checks get tighter ones of their own.

    cpu_s: CPU seconds of any one of its processes. memory_bytes: address space beyond what the zygote already maps.
    processes: processes and threads of its user. file_bytes: size of any one file. disk_bytes: its private folders.
    """

    cpu_s: int = 300
    memory_bytes: int = 3 * 2**30
    processes: int = 128
    file_bytes: int = 256 * 2**20
    disk_bytes: int = 256 * 2**20


def apply(limits: Limits) -> None:
    """Confine this process and its descendants; they can't raise the limits again."""
    address_space = _mapped_bytes() + limits.memory_bytes
    for which, value in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(which, (value, value))


@dataclass(frozen=True)
class CheckLimits:
    """Hard limits of one check's fork. memory_bytes: address space beyond what it has mapped when it begins."""

    cpu_s: int
    memory_bytes: int
    may_fork: bool

    def values(self, mapped_bytes: int) -> dict[str, int]:
        """Each limit by the name of its resource (RLIMIT_…)."""
        found = {"AS": mapped_bytes + self.memory_bytes, "CPU": self.cpu_s}
        return found if self.may_fork else {**found, "NPROC": 1}


def apply_to_check(limits: CheckLimits) -> None:
    """Confine this fork as far as it is not yet."""
    for name, value in limits.values(_mapped_bytes()).items():
        which = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def _mapped_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[0])
    return pages * resource.getpagesize()
