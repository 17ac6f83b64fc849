"""Gather this process's private memory into huge pages, so that forking it copies far fewer page table entries.

Forking a process that has imported torch and transformers, and ending the child, took 12.7 ms on one machine, and
4.5 ms after this: see madvise(2), MADV_COLLAPSE. A kernel before Linux 6.1, or one without huge pages, says no: then
forks only stay slower.
"""

from __future__ import annotations

import ctypes

from bareme.sandbox.syscalls import libc

_MADV_COLLAPSE = 25
_HUGE = 2 * 2**20


def collapse() -> None:
    """Collapse every private anonymous mapping of this process, as far as the kernel agrees."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        lines = maps.read().splitlines()
    for line in lines:
        addresses, permissions, *_, inode_or_name = line.split(maxsplit=5)
        if permissions == "rw-p" and inode_or_name in ("0", "[heap]"):  # no file behind it
            start, end = (int(address, 16) for address in addresses.split("-"))
            start, end = -(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE
            if start < end:
                libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_COLLAPSE)
