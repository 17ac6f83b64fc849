"""Landlock: which files a sandbox may open, and which processes it may signal (landlock(7))."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence

from bareme.sandbox import syscalls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_CREATE_RULESET_VERSION = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_SOCK, _TRUNCATE, _IOCTL_DEV = 1 << 5, 1 << 9, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
#: Rights that make sense for one file; the kernel refuses the others on anything but a folder.
_ON_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
#: A folder of sockets: they can be made and removed there, but no file that could fill the disk.
_SOCKETS = _READ_FILE | _READ_DIR | _MAKE_SOCK | _REMOVE_FILE

_NET_BIND_AND_CONNECT_TCP = 3
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3


def abi() -> int:
    """The kernel's Landlock version; 0 when it has none (or it is switched off)."""
    version = syscalls.libc.syscall(
        ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(_CREATE_RULESET_VERSION)
    )
    return max(int(version), 0)


def _all_file_rights(version: int) -> int:
    """Every file right known to this version, so that what is not granted below is refused."""
    bits = 16 if version >= 5 else 15 if version >= 3 else 14 if version >= 2 else 13
    return (1 << bits) - 1


def restrict(*, read: Sequence[str], write: Sequence[str], sockets: Sequence[str]) -> None:
    """Confine this process, for good, to the listed paths; no TCP, no signal to a process outside.

    Paths that don't exist are passed over. Needs no privilege. Raises OSError when the kernel has no Landlock.
    """
    version = abi()
    if version < 1:
        raise OSError("this kernel has no Landlock")
    rights = _all_file_rights(version)
    attributes = struct.pack(
        "QQQ",
        rights,
        _NET_BIND_AND_CONNECT_TCP if version >= 4 else 0,
        _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = syscalls.syscall(
        _CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint(0), call="landlock_create_ruleset"
    )
    try:
        for paths, granted in ((read, _READ), (write, rights), (sockets, _SOCKETS)):
            for path in paths:
                _grant(ruleset, path, granted & rights)
        syscalls.no_new_privileges()
        syscalls.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0), call="landlock_restrict_self")
    finally:
        os.close(ruleset)


def _grant(ruleset: int, path: str, granted: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            granted &= _ON_A_FILE
        rule = struct.pack("=Qi", granted, handle)
        syscalls.syscall(
            _ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_RULE_PATH_BENEATH),
            rule,
            ctypes.c_uint(0),
            call=f"landlock_add_rule {path}",
        )
    finally:
        os.close(handle)
