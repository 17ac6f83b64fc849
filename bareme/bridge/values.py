"""Values as data: a JSON header, and the raw bytes of tensors beside it. Never pickle.

=========  =============================================  ==================================================
value      header                                         notes
=========  =============================================  ==================================================
None,      itself                                         exact base types only
bool, str
int        itself, or ``{"%": "i", "v": hex}``            the latter beyond 53 bits, to 4,096
float      ``{"%": "f", "v": repr}``                      nan, infinities and the zero's sign are kept
list,      ``{"%": "l", "v": […]}``, ``"u"``              nested 32 deep at most
tuple
dict       ``{"%": "m", "v": [[key, value], …]}``         keys: None, bool, int, float, str, tuples of these
tensor,    ``{"%": "t", "d": dtype, "s": shape,           buffer number b holds its contiguous little-endian
array      "b": number}``, ``"n"``                        bytes; each buffer belongs to exactly one
generator ``{"%": "g", "b": number}``                    a torch.Generator of the CPU: its state
other      ``{"%": "r", "id": number, "t": type name}``   stays where it is: a :class:`Ref` stands for it
=========  =============================================  ==================================================

The untrusted side encodes what student code returned, so decoding trusts nothing: a closed set of tags, checked sizes,
and nothing but exact base types, plain tensors and arrays come out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import torch

_DEEPEST = 32
_MOST_NODES = 200_000
_MOST_DIMENSIONS = 8
_MOST_INT_BITS = 4096
_PLAIN_INT_BITS = 53
_SURROGATES = re.compile("[\ud800-\udfff]")

_TORCH = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool),
    )
}
_NUMPY = {name: numpy.dtype(name) for name in _TORCH if name != "bfloat16"}


class BridgeError(ValueError):
    """A value that may not cross, or bytes that are not a well-formed value."""


@dataclass(frozen=True)
class Ref:
    """An object that lives in the sandbox: its number there, and the name of its type."""

    id: int
    type: str


def encode(value: Any, put_ref: Callable[[Any], int] | None = None) -> tuple[Any, list[memoryview]]:
    """The header and the buffers of ``value``.

    An object that can't cross is handed to ``put_ref``, whose number stands for it. Raises BridgeError without it.
    """
    buffers: list[memoryview] = []
    return _Encoder(buffers, put_ref).encode(value, 0), buffers


class _Counted:
    """Counts the parts of a value. Raises BridgeError when there are too many."""

    _nodes = 0

    def _count(self, parts: int) -> None:
        self._nodes += parts
        if self._nodes > _MOST_NODES:
            raise BridgeError(f"a value of over {_MOST_NODES} parts")


class _Encoder(_Counted):
    def __init__(self, buffers: list[memoryview], put_ref: Callable[[Any], int] | None) -> None:
        self._buffers, self._put_ref = buffers, put_ref

    def encode(self, value: Any, depth: int) -> Any:
        self._count(1)
        if depth > _DEEPEST:
            raise BridgeError(f"a value nested over {_DEEPEST} deep")
        # The base types' own conversions, so that a subclass is sent as what it is based on
        if value is None or value is True or value is False:
            return value
        if isinstance(value, (numpy.bool_, numpy.integer, numpy.floating)):
            value = value.item()
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return _encode_int(int.__int__(value))
        if isinstance(value, float):
            return {"%": "f", "v": float.__repr__(float.__float__(value))}
        if isinstance(value, str):
            return _encode_str(str.__str__(value))
        if isinstance(value, Ref):
            return {"%": "r", "id": value.id, "t": value.type}
        if isinstance(value, (list, tuple)):
            tag, items = ("l", list.__iter__(value)) if isinstance(value, list) else ("u", tuple.__iter__(value))
            if type(value) is list and _are_plain(value):  # token ids, by the thousand
                self._count(len(value))
                return {"%": "l", "v": value}
            return {"%": tag, "v": [self.encode(item, depth + 1) for item in items]}
        if isinstance(value, dict):
            pairs = dict.items(value)
            if type(value) is dict and _are_plain(list(value)) and _are_plain(list(value.values())):  # a vocabulary
                self._count(2 * len(value))
                return {"%": "m", "v": [[key, item] for key, item in pairs]}
            return {"%": "m", "v": [[self.encode(key, depth + 1), self.encode(item, depth + 1)] for key, item in pairs]}
        if isinstance(value, torch.Tensor):
            return self._encode_tensor(value)
        if isinstance(value, numpy.ndarray) and value.dtype.name in _NUMPY:
            array = numpy.ascontiguousarray(value).view(numpy.ndarray)
            return self._append("n", value.dtype.name, value.shape, array.reshape(-1).view(numpy.uint8))
        if isinstance(value, torch.Generator) and value.device.type == "cpu":
            self._buffers.append(memoryview(value.get_state().numpy().tobytes()))
            return {"%": "g", "b": len(self._buffers) - 1}
        if self._put_ref is None:
            raise BridgeError(f"an object of type {type(value).__name__} can't cross")
        return {"%": "r", "id": self._put_ref(value), "t": type(value).__name__[:100]}

    def _encode_tensor(self, tensor: torch.Tensor) -> Any:
        with torch._C.DisableTorchFunctionSubclass():  # a subclass is sent as the plain tensor it holds
            name = str(tensor.dtype).removeprefix("torch.")
            if name not in _TORCH or tensor.layout != torch.strided or tensor.device.type not in ("cpu", "cuda"):
                raise BridgeError(f"a {tensor.layout} tensor of {tensor.dtype} on {tensor.device} can't cross")
            dense = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
            raw = dense.reshape(-1).view(torch.uint8).numpy()
            return self._append("t", name, tuple(tensor.shape), raw)

    def _append(self, tag: str, dtype: str, shape: Sequence[int], raw: numpy.ndarray) -> Any:
        self._buffers.append(memoryview(raw.tobytes()))
        return {"%": tag, "d": dtype, "s": list(shape), "b": len(self._buffers) - 1}


def _are_plain(items: list[Any]) -> bool:
    """Whether all are exactly ints, or all exactly strings, that JSON holds as they are."""
    kinds = set(map(type, items))
    if kinds == {str}:
        return _SURROGATES.search("".join(items)) is None
    most = 1 << _PLAIN_INT_BITS
    return kinds == {int} and -most < min(items) and max(items) < most


def _encode_int(value: int) -> Any:
    bits = value.bit_length()
    if bits > _MOST_INT_BITS:
        raise BridgeError(f"an int of {bits} bits: {_MOST_INT_BITS} at most")
    return value if bits <= _PLAIN_INT_BITS else {"%": "i", "v": hex(value)}


def _encode_str(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BridgeError("a string with a lone surrogate can't cross") from None
    return text


def decode(header: Any, buffers: Sequence[bytes | bytearray], get_ref: Callable[[int], Any] | None = None) -> Any:
    """The value behind a header and its buffers. Raises BridgeError unless every part is as this module writes it.

    With ``get_ref``, a reference becomes the object it names (KeyError: no such); without, a :class:`Ref`.
    """
    decoder = _Decoder(buffers, get_ref)
    try:
        value = decoder.decode(header, 0)
    except BridgeError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise BridgeError(f"a malformed value: {type(error).__name__}") from None
    if len(decoder.used) != len(buffers):
        raise BridgeError("a buffer that belongs to no tensor")
    return value


class _Decoder(_Counted):
    def __init__(self, buffers: Sequence[bytes | bytearray], get_ref: Callable[[int], Any] | None) -> None:
        self._buffers, self._get_ref = buffers, get_ref
        self.used: set[int] = set()

    def decode(self, header: Any, depth: int) -> Any:
        self._count(1)
        if depth > _DEEPEST:
            raise BridgeError(f"a value nested over {_DEEPEST} deep")
        if header is None or type(header) in (bool, str):
            return header
        if type(header) is int:
            if header.bit_length() > _PLAIN_INT_BITS:
                raise BridgeError("an int that should have been written in hex")
            return header
        if type(header) is not dict:
            raise BridgeError(f"a bare {type(header).__name__}")
        match header.get("%"):
            case "i":
                return _decode_int(header["v"])
            case "f":
                return _decode_float(header["v"])
            case "l":
                items = _list(header["v"])
                if _are_plain(items):
                    self._count(len(items))
                    return items
                return [self.decode(item, depth + 1) for item in items]
            case "u":
                return tuple(self.decode(item, depth + 1) for item in _list(header["v"]))
            case "m":
                return self._decode_dict(_list(header["v"]), depth)
            case "t" | "n" as tag:
                return self._decode_tensor(tag, header)
            case "g":
                return _generator(self._take(header["b"]))
            case "r":
                return self._decode_ref(header["id"], header["t"])
        raise BridgeError("an unknown tag")

    def _decode_dict(self, pairs: list[Any], depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        if any(type(pair) is not list or len(pair) != 2 for pair in pairs):
            raise BridgeError("a dict's part that is no pair")
        keys, items = [key for key, _ in pairs], [item for _, item in pairs]
        if _are_plain(keys) and _are_plain(items):
            self._count(2 * len(pairs))
            result = dict(zip(keys, items, strict=True))
            if len(result) != len(pairs):
                raise BridgeError("a dict key that comes twice")
            return result
        for key_header, item_header in pairs:
            key = self.decode(key_header, depth + 1)
            if not _is_key(key) or key in result:
                raise BridgeError("a dict key that is no scalar, or comes twice")
            result[key] = self.decode(item_header, depth + 1)
        return result

    def _decode_tensor(self, tag: str, header: dict[str, Any]) -> torch.Tensor | numpy.ndarray:
        name = header["d"]
        shape = _list(header["s"])
        if type(name) is not str or name not in (_TORCH if tag == "t" else _NUMPY):
            raise BridgeError("a dtype that may not cross")
        if len(shape) > _MOST_DIMENSIONS or any(type(size) is not int or not 0 <= size < 2**48 for size in shape):
            raise BridgeError("a shape that is none")
        raw = self._take(header["b"])
        itemsize = _TORCH[name].itemsize
        if math.prod(shape) * itemsize != len(raw):
            raise BridgeError("a buffer whose size is not its tensor's")
        if name == "bool" and raw.translate(None, b"\0\1"):
            raise BridgeError("a bool that is neither 0 nor 1")
        if tag == "n":
            return numpy.frombuffer(bytearray(raw), dtype=_NUMPY[name]).reshape(shape)
        if not raw:
            return torch.empty(shape, dtype=_TORCH[name])
        return torch.frombuffer(bytearray(raw), dtype=_TORCH[name]).reshape(shape)

    def _take(self, number: Any) -> bytes | bytearray:
        if type(number) is not int or not 0 <= number < len(self._buffers) or number in self.used:
            raise BridgeError("a buffer that is not there, or used twice")
        self.used.add(number)
        return self._buffers[number]

    def _decode_ref(self, number: Any, type_name: Any) -> Any:
        if type(number) is not int or not 0 <= number < 2**31 or type(type_name) is not str or len(type_name) > 100:
            raise BridgeError("a malformed reference")
        if self._get_ref is None:
            return Ref(number, type_name)
        try:
            return self._get_ref(number)
        except KeyError:
            raise BridgeError(f"no object has the number {number}") from None


def _generator(state: bytes | bytearray) -> torch.Generator:
    made = torch.Generator()
    if len(state) != made.get_state().numel():
        raise BridgeError("a generator's state of another size")
    try:
        return made.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
    except RuntimeError:
        raise BridgeError("a generator's state that is none") from None


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise BridgeError("a list was expected")
    return value


def _is_key(key: Any) -> bool:
    if isinstance(key, tuple):
        return all(_is_key(part) for part in key)
    return key is None or type(key) in (bool, int, float, str)


def _decode_int(text: Any) -> int:
    if type(text) is not str or len(text) > _MOST_INT_BITS // 4 + 3 or "_" in text:
        raise BridgeError("an int that is none")
    value = int(text, 16)
    if not _PLAIN_INT_BITS < value.bit_length() <= _MOST_INT_BITS:
        raise BridgeError("an int that is too small or too large for its form")
    return value


def _decode_float(text: Any) -> float:
    if type(text) is not str or len(text) > 32 or "_" in text:
        raise BridgeError("a float that is none")
    return float(text)
