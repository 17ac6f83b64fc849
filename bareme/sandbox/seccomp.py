"""seccomp: which system calls a sandbox may make (seccomp(2), through libseccomp)."""

from __future__ import annotations

import errno
import socket
from typing import Any

from bareme.sandbox import syscalls

#: Calls no notebook needs, that look into other processes, change mounts or namespaces, or widen the kernel's surface.
_REFUSED = """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr unshare setns
    keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff reboot acct quotactl
    open_by_handle_at name_to_handle_at settimeofday clock_settime clock_adjtime adjtimex iopl ioperm syslog
    personality vhangup sethostname setdomainname fanotify_init mbind move_pages migrate_pages
""".split()

#: Answered "no such call": the C library then falls back to an older call, whose flags the filter can see.
_UNKNOWN = ("clone3", "memfd_secret")

_NEW_NAMESPACES = (
    syscalls.CLONE_NEWNS,
    syscalls.CLONE_NEWUTS,
    syscalls.CLONE_NEWIPC,
    syscalls.CLONE_NEWUSER,
    syscalls.CLONE_NEWPID,
    syscalls.CLONE_NEWNET,
    0x02000000,  # CLONE_NEWCGROUP
)
_TIOCSTI = 0x5412  # types characters into a terminal


def build_filter() -> Any:
    """Build the filter once, before the fork; `.load()` then applies it to the calling process, for good."""
    import pyseccomp as libseccomp

    rules = libseccomp.SyscallFilter(defaction=libseccomp.ALLOW)
    for name in _REFUSED:
        _add(rules, libseccomp.ERRNO(errno.EPERM), name)
    for name in _UNKNOWN:
        _add(rules, libseccomp.ERRNO(errno.ENOSYS), name)
    for flag in _NEW_NAMESPACES:
        _add(rules, libseccomp.ERRNO(errno.EPERM), "clone", libseccomp.Arg(0, libseccomp.MASKED_EQ, flag, flag))
    # Only local sockets: no network family, and none that a network namespace doesn't cover (AF_VSOCK).
    for name in ("socket", "socketpair"):
        _add(rules, libseccomp.ERRNO(errno.EAFNOSUPPORT), name, libseccomp.Arg(0, libseccomp.NE, int(socket.AF_UNIX)))
    _add(rules, libseccomp.ERRNO(errno.EPERM), "ioctl", libseccomp.Arg(1, libseccomp.EQ, _TIOCSTI))
    return rules


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    """Add a rule; a call that this architecture or this libseccomp doesn't know needs none."""
    import pyseccomp as libseccomp

    number = libseccomp.resolve_syscall(libseccomp.Arch.NATIVE, name)
    if number >= 0:
        rules.add_rule(action, number, *arguments)
