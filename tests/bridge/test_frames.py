"""Messages over a socket: whole, bounded, and never anything but a dict, a BridgeError or EOFError."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bareme.bridge import frames
from bareme.bridge.values import BridgeError


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    left.settimeout(10)
    right.settimeout(10)
    with left, right:
        yield left, right


def test_a_message_comes_as_it_was_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    weights = torch.randn(1000, 1000)  # more than a socket holds at once
    sending = threading.Thread(target=frames.send, args=(ends[0], {"value": [weights, "é", 2**60]}))
    sending.start()
    got = frames.receive(ends[1])
    sending.join()
    assert torch.equal(got["value"][0], weights) and got["value"][1:] == ["é", 2**60]


def test_nothing_is_sent_of_what_may_not_cross(ends: tuple[socket.socket, socket.socket]) -> None:
    for value in ({"value": object()}, {"value": ["x" * 1000] * 5000}, {"value": [torch.ones(1)] * 20_000}):
        with pytest.raises(BridgeError):
            frames.send(ends[0], value)
    frames.send(ends[0], {"value": 1})
    assert frames.receive(ends[1]) == {"value": 1}


def _received(data: bytes, **options: Any) -> Any:
    """What ``receive`` makes of these bytes, followed by the end of the stream."""
    left, right = socket.socketpair()
    with left, right:
        left.settimeout(10)
        right.settimeout(10)
        left.sendall(data)
        left.shutdown(socket.SHUT_WR)
        return frames.receive(right, **options)


def _framed(header: object, rest: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("!I", len(text)) + text + rest


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        assert type(_received(data)) is dict
    except (BridgeError, EOFError):
        pass


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_header_is_a_message_or_refused(header: bytes, rest: bytes) -> None:
    try:
        assert type(_received(struct.pack("!I", len(header)) + header + rest)) is dict
    except (BridgeError, EOFError):
        pass


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!I", 2**32 - 1),
        _framed([]),
        _framed({"v": None}),
        _framed({"v": None, "n": [], "more": 1}),
        _framed({"v": None, "n": [-1]}),
        _framed({"v": None, "n": [True]}),
        _framed({"v": None, "n": [2**60]}),
        _framed({"v": None, "n": [0] * 20_000}),
        _framed({"v": None, "n": []}),
        _framed({"v": {"%": "m", "v": [[1, 2]]}, "n": []}),
        struct.pack("!I", 3) + b"NaN",
        struct.pack("!I", 19) + b'{"v":1e999,"n":[]} ',
        struct.pack("!I", 200_000) + b"[" * 200_000,
        struct.pack("!I", 2) + b"\xff\xff",
    ],
)
def test_each_forged_message_is_refused(data: bytes) -> None:
    with pytest.raises(BridgeError):
        _received(data)


@given(st.integers(0, 200))
def test_a_message_cut_short_is_the_end(kept: int) -> None:
    header = {"v": {"%": "m", "v": [["value", {"%": "t", "d": "uint8", "s": [90], "b": 0}]]}, "n": [90]}
    whole = _framed(header, bytes(90))
    with pytest.raises(EOFError):
        _received(whole[: min(kept, len(whole) - 1)])


def test_the_limit_of_the_caller_holds() -> None:
    pair = [{"%": "t", "d": "uint8", "s": [45], "b": number} for number in range(2)]
    whole = _framed({"v": {"%": "m", "v": [["value", {"%": "l", "v": pair}]]}, "n": [45, 45]}, bytes(90))
    assert len(_received(whole, max_bytes=90)["value"]) == 2
    with pytest.raises(BridgeError, match="90 bytes: 89 at most"):
        _received(whole, max_bytes=89)
