"""A sandbox's own view of the machine, below the one bubblewrap made for the zygote.

Inside bubblewrap the system is read-only already; here each sandbox gets its own processes (it is pid 1, so nothing of
it outlives it and no sibling can be seen or signalled), network (none), and private folders of limited size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bareme.sandbox import syscalls
from bareme.sandbox.syscalls import mount

#: Where the notebook runs. No course of anybody lies there: what is visible below it would be in the way.
WORK = "/home/student"
RUN = "/run/bareme"
_QUIET = syscalls.MS_NOSUID | syscalls.MS_NODEV
#: Folders of its own in every sandbox, and the share of its disk budget that each may take.
_PRIVATE = {WORK: 0.5, "/tmp": 0.25, "/dev/shm": 0.25}

_FLAGS = (
    syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWUTS
)


def leave_the_zygote() -> None:
    """Step into new namespaces; the *next* fork is the new pid namespace's first process.

    A user other than root needs a user namespace of its own first (user_namespaces(7)).
    """
    if os.geteuid() == 0:
        syscalls.unshare(_FLAGS)
        return
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | _FLAGS)
    syscalls.set_dumpable(True)  # else these files are root's: proc(5). No other sandbox can see this process
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    syscalls.set_dumpable(False)


def furnish(folder: str, visible: list[str], disk_bytes: int) -> None:
    """Mount the private folders, and hide the sockets of every other sandbox: ``folder``, in RUN, is this one's.

    ``visible`` paths that lie under a private folder stay visible there. Runs as the first process of the new pid
    namespace, before it gives up its capabilities.
    """
    mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    mount("proc", "/proc", "proc", _QUIET | syscalls.MS_NOEXEC)
    with _kept([folder]) as keep:
        mount("tmpfs", RUN, "tmpfs", _QUIET, "size=64k,nr_inodes=16,mode=755")
        keep()
        mount(None, RUN, None, syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | _QUIET)
    with _kept([path for path in visible if path.startswith(tuple(f"{private}/" for private in _PRIVATE))]) as keep:
        for path, share in _PRIVATE.items():
            mount("tmpfs", path, "tmpfs", _QUIET, f"size={int(disk_bytes * share)},nr_inodes=20000,mode=1777")
        keep()


@contextmanager
def _kept(paths: list[str]) -> Iterator[Callable[[], None]]:
    """Open ``paths`` before something is mounted over them; the function it gives makes them visible again."""
    handles = {path: os.open(path, os.O_PATH) for path in paths}

    def bind_again() -> None:
        for path, handle in handles.items():
            os.makedirs(path, 0o755, exist_ok=True)
            mount(f"/proc/self/fd/{handle}", path, None, syscalls.MS_BIND | syscalls.MS_REC)

    yield bind_again
    for handle in handles.values():
        os.close(handle)


def become(uid: int) -> None:
    """Give up root for ``uid``, which owns nothing else on the machine."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.write(text.encode())
