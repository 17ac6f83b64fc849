"""Messages over a stream socket: u32 header length | JSON header | the buffers, one after another.

The header is ``{"v": value, "n": [length of each buffer]}``. Sizes are checked before anything is allocated.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any, Protocol

from bareme.bridge.values import BridgeError, decode, encode

MOST_BYTES = 256 * 2**20
_LONGEST_HEADER = 4 * 2**20
_MOST_BUFFERS = 10_000
_LENGTH = struct.Struct("!I")


class End(Protocol):
    """What is used of a connected stream socket."""

    def recv_into(self, view: memoryview, /) -> int: ...

    def sendall(self, data: bytes | memoryview, /) -> None: ...


def send(end: End, message: dict[str, Any], put_ref: Callable[[Any], int] | None = None) -> None:
    """Send a message of plain values. Raises BridgeError before a byte is sent when it may not cross."""
    value, buffers = encode(message, put_ref)
    header = json.dumps({"v": value, "n": [len(buffer) for buffer in buffers]}).encode()
    if len(header) > _LONGEST_HEADER or sum(map(len, buffers)) > MOST_BYTES or len(buffers) > _MOST_BUFFERS:
        raise BridgeError(f"a value of over {MOST_BYTES} bytes, or with a header of over {_LONGEST_HEADER}")
    end.sendall(_LENGTH.pack(len(header)) + header)
    for buffer in buffers:
        end.sendall(buffer)


def receive(end: End, max_bytes: int = MOST_BYTES, get_ref: Callable[[int], Any] | None = None) -> dict[str, Any]:
    """Take one message.

    Raises EOFError when the other side hung up, BridgeError when what it sent is no message, and whatever the
    socket's timeout raises.
    """
    (length,) = _LENGTH.unpack(_exactly(end, _LENGTH.size))
    if length > _LONGEST_HEADER:
        raise BridgeError(f"a header of {length} bytes: {_LONGEST_HEADER} at most")
    try:
        header = json.loads(bytes(_exactly(end, length)), parse_constant=_refuse, parse_float=_refuse)
    except (ValueError, RecursionError):
        raise BridgeError("a header that is no JSON") from None
    if type(header) is not dict or set(header) != {"v", "n"} or type(header["n"]) is not list:
        raise BridgeError("a header without its parts")
    lengths = header["n"]
    if len(lengths) > _MOST_BUFFERS or any(type(one) is not int or not 0 <= one <= max_bytes for one in lengths):
        raise BridgeError("a buffer of a length that may not be")
    if sum(lengths) > max_bytes:
        raise BridgeError(f"buffers of {sum(lengths)} bytes: {max_bytes} at most")
    message = decode(header["v"], [_exactly(end, one) for one in lengths], get_ref)
    if type(message) is not dict or any(type(key) is not str for key in message):
        raise BridgeError("a message that is no dict")
    return message


def _refuse(text: str) -> Any:
    raise BridgeError(f"a bare {text[:20]}: floats are written as text")


def _exactly(end: End, count: int) -> bytearray:
    data = bytearray(count)
    view = memoryview(data)
    have = 0
    while have < count:
        received = end.recv_into(view[have:])
        if not received:
            raise EOFError("the other side hung up")
        have += received
    return data
