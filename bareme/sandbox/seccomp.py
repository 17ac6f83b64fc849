"""seccomp: which system calls a sandbox may make (seccomp(2), through libseccomp)."""

from __future__ import annotations

import errno
import os
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

#: Where no namespaces are: calls by which one of our user's processes reaches another, or leaves something behind.
_REACHING_OUT = "shmget semget msgget mq_open connect truncate openat2".split()
#: Refused for other processes than the caller. Those of the scheduler are answered as done: libzmq ends the process
#: when it can't set its own threads' priority, and the filter can't tell a thread's number from another process's.
_SCHEDULING = "sched_setaffinity sched_setscheduler sched_setparam sched_setattr".split()
#: Landlock leaves these to the owner of a file, and all files of the grader's user are the sandbox's. Answered as
#: done, so that shutil.copy works.
_FILE_STATUS = """
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat
    setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
""".split()
#: Calls that are younger than the libseccomp of Debian 12: one number on every architecture.
_NUMBERS = {"fchmodat2": 452, "setxattrat": 463, "removexattrat": 466}
_PR_SET_CHILD_SUBREAPER = 36

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
_IOPRIO_WHO_PROCESS = 1
_SOCKET_TYPES = 0xF  # the rest of the argument are flags


def build_filter(*, alone: bool = False) -> Any:
    """Build the filter once, before the fork; `.load()` then applies it to the calling process, for good.

    ``alone``: the sandbox shares the machine's namespaces, and its user, with other processes.
    """
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
    if alone:
        _add_for_shared_namespaces(rules)
    return rules


def _add_for_shared_namespaces(rules: Any) -> None:
    import pyseccomp as libseccomp

    refuse = libseccomp.ERRNO(errno.EPERM)
    for name in _REACHING_OUT:
        _add(rules, refuse, name)
    _add(rules, refuse, "prlimit64", libseccomp.Arg(0, libseccomp.NE, 0))
    for name in _SCHEDULING:
        _add(rules, libseccomp.ERRNO(0), name, libseccomp.Arg(0, libseccomp.NE, 0))
    for name in ("setpriority", "ioprio_set"):
        itself = {"setpriority": os.PRIO_PROCESS, "ioprio_set": _IOPRIO_WHO_PROCESS}[name]
        _add(rules, refuse, name, libseccomp.Arg(0, libseccomp.NE, itself))
        _add(rules, refuse, name, libseccomp.Arg(1, libseccomp.NE, 0))
    for name in _FILE_STATUS:
        _add(rules, libseccomp.ERRNO(0), name)
    # A datagram goes to any address, without a connection
    for name in ("socket", "socketpair"):
        kind = libseccomp.Arg(1, libseccomp.MASKED_EQ, _SOCKET_TYPES, int(socket.SOCK_DGRAM))
        _add(rules, libseccomp.ERRNO(errno.EPROTONOSUPPORT), name, kind)
    # Landlock knows of emptying a file since Linux 6.2; to open one for writing it has always known
    emptied = (os.O_TRUNC | os.O_ACCMODE, os.O_TRUNC | os.O_RDONLY)
    _add(rules, refuse, "open", libseccomp.Arg(1, libseccomp.MASKED_EQ, *emptied))
    _add(rules, refuse, "openat", libseccomp.Arg(2, libseccomp.MASKED_EQ, *emptied))
    # What its processes leave behind must come back to the sandbox's first one, where it is counted and ended
    _add(rules, refuse, "prctl", libseccomp.Arg(0, libseccomp.EQ, _PR_SET_CHILD_SUBREAPER))


def _add(rules: Any, action: int, name: str, *arguments: Any) -> None:
    """Add a rule; a call that this architecture or this libseccomp doesn't know needs none."""
    import pyseccomp as libseccomp

    number = libseccomp.resolve_syscall(libseccomp.Arch.NATIVE, name)
    if number < 0:
        number = _NUMBERS.get(name, number)
    if number >= 0:
        rules.add_rule(action, number, *arguments)
