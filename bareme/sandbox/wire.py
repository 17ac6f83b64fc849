"""Messages between the supervisor and its own processes: one JSON object a packet, with file descriptors beside it.

Over SOCK_SEQPACKET, so that a packet is a message. Student data never travels here: that is the bridge's work.
"""

from __future__ import annotations

import array
import asyncio
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

_LARGEST = 1 << 18
_MOST_DESCRIPTORS = 8

Message = dict[str, Any]


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends; neither has a path that another process could find."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(end: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    data = json.dumps(message).encode()
    if len(data) > _LARGEST:
        raise ValueError(f"a message of {len(data)} bytes: at most {_LARGEST} can be sent")
    socket.send_fds(end, [data], list(descriptors), socket.MSG_NOSIGNAL)


def receive(end: socket.socket, flags: int = 0) -> tuple[Message, list[int]]:
    """Take one message and the descriptors sent with it. Raises EOFError when the other side hung up.

    Not socket.recv_fds: Python 3.11's drops its flags argument, and blocks where MSG_DONTWAIT was asked for.
    """
    room = socket.CMSG_LEN(_MOST_DESCRIPTORS * array.array("i").itemsize)
    try:
        data, ancillary, _, _ = end.recvmsg(_LARGEST, room, flags | socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        raise EOFError from None
    descriptors: list[int] = []
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers = array.array("i")
            numbers.frombytes(payload[: len(payload) - len(payload) % numbers.itemsize])
            descriptors.extend(numbers)
    if not data:
        for descriptor in descriptors:
            os.close(descriptor)
        raise EOFError
    return json.loads(data), descriptors


async def receive_async(end: socket.socket) -> tuple[Message, list[int]]:
    """As :func:`receive`, on the running event loop."""
    while True:
        try:
            return receive(end, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        await readable(end.fileno())


async def readable(descriptor: int) -> None:
    """Wait, on the running event loop, until there is something to read: of a pidfd, that its process has ended."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _fulfil, waiting)
    try:
        await waiting
    finally:
        loop.remove_reader(descriptor)


def _fulfil(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
