"""A fork server: a process that has imported the heavy libraries once, and forks from that state on request.

It talks to its supervisor over one inherited socket, and ends when that closes. Each child reads its own request from
a socket of its own; the server only forks, tells when a child ended, and kills one whose supervisor hung up.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from bareme.sandbox import hugepages, namespaces, syscalls, wire


@dataclass
class _Child:
    pid: int
    pidfd: int
    life: socket.socket


def serve(control: socket.socket, become: Callable[[socket.socket], None], *, own_namespaces: bool) -> None:
    """Fork a child that runs ``become(request socket)`` for every request on ``control``; returns never.

    The server must have exactly one thread: a warmed OpenMP pool, for one, hangs the children.
    """
    syscalls.set_dumpable(False)
    syscalls.adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle: it closes the socket
    tasks = os.listdir("/proc/self/task")
    if len(tasks) != 1:
        raise RuntimeError(f"{len(tasks)} threads after the imports: forking would hang the children")
    gc.collect()
    gc.freeze()  # so that the children's garbage collector does not touch, and so copy, the shared pages
    hugepages.collapse()
    wire.send(control, {"ready": True})
    _serve(control, become, own_namespaces)


def _serve(control: socket.socket, become: Callable[[socket.socket], None], own_namespaces: bool) -> None:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    children: dict[int, _Child] = {}  # by pidfd and by life socket
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        # Forks come last: a new child's handles may reuse the numbers that a burial in the same batch gave back.
        for descriptor in sorted(ready, key=lambda one: one == control.fileno()):
            if descriptor == control.fileno():
                _answer(control, become, own_namespaces, children, poll)
            elif descriptor in children:
                child = children[descriptor]
                if descriptor == child.pidfd:
                    _bury(child, children, poll)
                    if not own_namespaces:
                        _end_orphans({one.pid for one in children.values()})
                else:  # the supervisor hung up: its sandbox must not outlive it
                    poll.unregister(descriptor)
                    del children[descriptor]
                    signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)


def _answer(
    control: socket.socket,
    become: Callable[[socket.socket], None],
    own_namespaces: bool,
    children: dict[int, _Child],
    poll: select.poll,
) -> None:
    try:
        _, (request, life) = wire.receive(control)
    except EOFError:
        os._exit(0)
    child = _fork(request, socket.socket(fileno=life), become, own_namespaces)
    if child is not None:
        for handle in (child.pidfd, child.life.fileno()):
            children[handle] = child
            poll.register(handle, select.POLLIN)


def _fork(
    request: int, life: socket.socket, become: Callable[[socket.socket], None], own_namespaces: bool
) -> _Child | None:
    """Fork a child that reads its own request; tell the supervisor its pidfd."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(request, write_end, become, own_namespaces)
    os.close(request)
    os.close(write_end)
    told = os.read(read_end, 16)
    os.close(read_end)
    if own_namespaces or not told:
        os.waitpid(pid, 0)
    if not told:
        wire.send(life, {"error": "the child could not enter its namespaces: run `bareme doctor`"})
        life.close()
        return None
    child = _Child(int(told), os.pidfd_open(int(told)), life)
    try:
        wire.send(life, {"forked": True}, [child.pidfd])
    except OSError:
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
    return child


def _become(request: int, write_end: int, become: Callable[[socket.socket], None], own_namespaces: bool) -> None:
    """In the forked child: leave the server's open files behind, and its namespaces, then do the child's work."""
    try:
        _close_all_but(request, write_end)
        if own_namespaces:
            namespaces.leave_the_zygote()
            inner = os.fork()
            if inner:
                os.write(write_end, str(inner).encode())
                os._exit(0)
        else:
            os.write(write_end, str(os.getpid()).encode())
        os.close(write_end)
        become(socket.socket(fileno=request))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)


def _close_all_but(*kept: int) -> None:
    """Close every inherited handle: the supervisor's socket, other sandboxes' sockets and pidfds.

    Python objects that still name them are never used nor collected: the frames that hold them are below us.
    """
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                pass  # the handle by which /proc/self/fd itself was listed


def _bury(child: _Child, children: dict[int, _Child], poll: select.poll) -> None:
    _, status, usage = os.wait4(child.pid, 0)
    for handle in (child.pidfd, child.life.fileno()):
        if children.pop(handle, None):
            poll.unregister(handle)
    os.close(child.pidfd)
    message = {"exit": os.waitstatus_to_exitcode(status), "cpu_s": usage.ru_utime + usage.ru_stime}
    try:
        wire.send(child.life, message)
    except OSError:
        pass  # nobody is left to be told
    child.life.close()


def _end_orphans(children: set[int]) -> None:
    """Kill what an ended child left behind; it came to this process, as it has no namespace to end with.

    The dead ones' own children come here in turn. While there are more, only killing goes on: whoever multiplies must
    not win.
    """
    while orphans := set(_own_processes()) - children:
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            os.waitpid(pid, 0)


def _own_processes() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
        return [int(pid) for pid in children.read().split()]
