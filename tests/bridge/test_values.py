"""Values cross exactly or not at all, and whatever the other side wrote ends in a value or a BridgeError."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bareme.bridge.values import BridgeError, Ref, decode, encode

_DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool]
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**4000), 2**4000), st.floats(), st.text(st.characters(codec="utf-8"))
)
_KEYS = st.one_of(_SCALARS.filter(lambda key: key == key), st.tuples(st.integers(), st.text("ab")))


@st.composite
def _tensors(draw: st.DrawFn) -> torch.Tensor:
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    dtype = draw(st.sampled_from(_DTYPES))
    raw = torch.randint(0, 256, [math.prod(shape) * dtype.itemsize], dtype=torch.uint8)
    if dtype == torch.bool:
        raw %= 2
    return raw.view(dtype).reshape(shape) if raw.numel() else torch.empty(shape, dtype=dtype)


_VALUES = st.recursive(
    st.one_of(_SCALARS, _tensors(), _tensors().filter(lambda one: one.dtype != torch.bfloat16).map(torch.Tensor.numpy)),
    lambda parts: st.one_of(
        st.lists(parts, max_size=4), st.lists(parts, max_size=4).map(tuple), st.dictionaries(_KEYS, parts, max_size=4)
    ),
    max_leaves=12,
)


def _same(left: Any, right: Any) -> bool:
    """Equal, of the same types all through, NaN being equal to NaN and the zero's sign counting."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return repr(left) == repr(right)
    if isinstance(left, torch.Tensor):
        same_kind = left.dtype == right.dtype and left.shape == right.shape
        return (
            same_kind and left.numpy(force=True).tobytes() == right.numpy(force=True).tobytes()
            if (left.dtype != torch.bfloat16)
            else same_kind and _same(left.view(torch.int16), right.view(torch.int16))
        )
    if isinstance(left, numpy.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict):
        pairs = zip(left.items(), right.items(), strict=True) if len(left) == len(right) else [((0, 0), (1, 1))]
        return all(_same(one, two) for one, two in pairs)
    return bool(left == right)


def _through_the_wire(value: Any, **refs: Any) -> Any:
    header, buffers = encode(value, **refs)
    return decode(json.loads(json.dumps(header)), [bytes(buffer) for buffer in buffers])


@given(_VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    assert _same(_through_the_wire(value), value)


def test_layouts_that_are_not_contiguous_come_back_equal() -> None:
    base = torch.arange(24.0).reshape(2, 3, 4)
    for view in (base.transpose(0, 2), base[:, ::2], base.expand(2, 3, 4), torch.tensor(3.0), base[:0]):
        assert torch.equal(_through_the_wire(view), view)
    assert numpy.array_equal(_through_the_wire(numpy.arange(9).reshape(3, 3).T), numpy.arange(9).reshape(3, 3).T)
    leaf = torch.ones(2, requires_grad=True)
    assert not _through_the_wire(leaf).requires_grad


class _Lie:
    """What hostile subclasses redefine: to compare equal, to count wrong, to convert to something else."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


class _Int(_Lie, int):
    def __int__(self) -> int:
        return 7

    def __index__(self) -> int:
        return 7


class _Float(_Lie, float):
    def __float__(self) -> float:
        return 7.0


class _Str(_Lie, str):
    def __str__(self) -> str:
        return "seven"

    def encode(self, *_: object) -> bytes:  # type: ignore[override]
        return b"seven"


class _List(_Lie, list):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        return iter([7])

    def __len__(self) -> int:
        return 7


class _Dict(_Lie, dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return [(7, 7)]


class _Tensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *_: object, **__: object) -> Any:
        return torch.tensor(7.0)


class _Array(numpy.ndarray):  # type: ignore[type-arg]
    def __array_ufunc__(self, *_: object, **__: object) -> Any:
        return 7

    def tobytes(self, *_: object) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("hostile", "base"),
    [
        (_Int(3), 3),
        (_Float(3.5), 3.5),
        (_Str("three"), "three"),
        (_List([1, 2]), [1, 2]),
        ([_Int(1), _List([_Int(2)])], [1, [2]]),
        (_Dict({1: _Int(2)}), {1: 2}),
        (numpy.float64(2.5), 2.5),
        (numpy.int32(4), 4),
        (numpy.bool_(True), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_subclass_crosses_as_what_it_is_based_on(hostile: Any, base: Any) -> None:
    assert _same(_through_the_wire(hostile), base)


def test_a_tensor_subclass_crosses_as_the_plain_tensor() -> None:
    got = _through_the_wire(torch.tensor([1.0, 2.0]).as_subclass(_Tensor))
    assert type(got) is torch.Tensor and torch.equal(got, torch.tensor([1.0, 2.0]))
    array = _through_the_wire(numpy.array([1, 2]).view(_Array))
    assert type(array) is numpy.ndarray and array.tolist() == [1, 2]


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        lambda: object(),
        lambda: {1, 2},
        lambda: b"bytes",
        lambda: 3 + 4j,
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.ones(2, device="meta"),
        lambda: torch.ones(2, dtype=torch.complex64),
        lambda: numpy.array(["text"]),
        lambda: numpy.array([object()]),
        lambda: _nested(40),
        lambda: [[]] * 300_000,
        lambda: [1] * 300_000,
        lambda: 1 << 5000,
        lambda: "\ud800",
        lambda: {"a": {1: lambda: 0}},
    ],
)
def test_what_may_not_cross_is_refused(value: Any) -> None:
    with pytest.raises(BridgeError):
        encode(value())


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(BridgeError, match="nested"):
        encode(endless)


def test_an_object_stays_where_it_is_and_a_number_stands_for_it() -> None:
    kept: list[object] = []

    def put(one: object) -> int:
        kept.append(one)
        return len(kept) - 1

    header, buffers = encode({"model": test_values_come_back_as_they_were}, put)
    assert decode(header, buffers) == {"model": Ref(0, "function")}
    assert decode(header, buffers, kept.__getitem__) == {"model": test_values_come_back_as_they_were}
    with pytest.raises(BridgeError, match="number 3"):
        decode({"%": "r", "id": 3, "t": "Model"}, [], {}.__getitem__)


_ALLOWED = (type(None), bool, int, float, str, list, tuple, dict, torch.Tensor, numpy.ndarray, Ref)


def _only_plain_types(value: Any) -> bool:
    if type(value) not in _ALLOWED:
        return False
    if isinstance(value, (list, tuple)):
        return all(map(_only_plain_types, value))
    if isinstance(value, dict):
        return all(_only_plain_types(part) for pair in value.items() for part in pair)
    return True


_TAGS = st.sampled_from(["i", "f", "l", "u", "m", "t", "n", "r", "x", "", None, 1])
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text("0x1_.-enaif", max_size=12)),
    lambda parts: st.one_of(
        st.lists(parts, max_size=4),
        st.fixed_dictionaries({"%": _TAGS}, optional={"v": parts}),
        st.fixed_dictionaries(
            {"%": st.sampled_from("tn")},
            optional={
                "d": st.one_of(parts, st.sampled_from(["float32", "bfloat16", "bool", "object", "V8", "int64"])),
                "s": st.one_of(parts, st.lists(st.integers(-1, 2**50), max_size=10)),
                "b": st.one_of(parts, st.integers(-1, 3)),
            },
        ),
        st.fixed_dictionaries({"%": st.just("r")}, optional={"id": parts, "t": parts}),
        st.fixed_dictionaries({"%": st.just("m"), "v": st.lists(st.lists(parts, max_size=3), max_size=3)}),
        st.dictionaries(st.text(max_size=3), parts, max_size=3),
    ),
    max_leaves=20,
)


@given(_JSON, st.lists(st.binary(max_size=16), max_size=3))
def test_whatever_is_decoded_is_a_plain_value_or_refused(header: Any, buffers: list[bytes]) -> None:
    try:
        value = decode(header, buffers)
    except BridgeError:
        return
    assert _only_plain_types(value)


@given(_VALUES, st.data())
def test_a_well_formed_value_with_one_part_changed_is_a_plain_value_or_refused(value: Any, data: st.DataObject) -> None:
    header, buffers = encode([value, value])
    text = json.dumps(header)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from('"{}[],:0123456789-%eitlumnrfvdsb ')) + text[place + 1 :]
    try:
        assert _only_plain_types(decode(json.loads(changed), [bytes(buffer) for buffer in buffers]))
    except (BridgeError, json.JSONDecodeError):
        pass


@pytest.mark.parametrize(
    ("header", "buffers"),
    [
        ({"%": "t", "d": "float32", "s": [2], "b": 0}, [b"1234567"]),
        ({"%": "t", "d": "float32", "s": [2**40, 2**40], "b": 0}, [b"12345678"]),
        ({"%": "t", "d": "bool", "s": [1], "b": 0}, [b"\x02"]),
        ({"%": "n", "d": "object", "s": [1], "b": 0}, [b"12345678"]),
        ({"%": "l", "v": [{"%": "t", "d": "uint8", "s": [1], "b": 0}] * 2}, [b"1"]),
        ({"%": "m", "v": [[1, 2], [True, 3]]}, []),
        ({"%": "m", "v": [[{"%": "l", "v": []}, 2]]}, []),
        ({"%": "i", "v": "0x1"}, []),
        ({"%": "f", "v": "1_0"}, []),
        (1.5, []),
        (1 << 60, []),
        (None, [b"left over"]),
    ],
)
def test_each_forged_form_is_refused(header: Any, buffers: list[bytes]) -> None:
    with pytest.raises(BridgeError):
        decode(header, buffers)


def test_a_generator_goes_on_where_it_was() -> None:
    generator = torch.Generator().manual_seed(5)
    torch.rand(3, generator=generator)
    crossed = _through_the_wire([generator, torch.ones(2)])
    assert torch.equal(crossed[1], torch.ones(2))
    assert torch.equal(torch.randn(7, generator=crossed[0]), torch.randn(7, generator=generator))


@given(st.integers(0, 2**32), st.sampled_from([0, 60, 5056]))
def test_a_state_that_is_none_is_refused(seed: int, size: int) -> None:
    state = random.Random(seed).randbytes(size)
    try:
        torch.rand(1300, generator=decode({"%": "g", "b": 0}, [state]))
    except BridgeError:
        pass


def test_a_state_with_an_index_out_of_bounds_is_refused() -> None:
    state = bytearray(torch.Generator().manual_seed(1).get_state().numpy().tobytes())
    for at in range(0, 24):
        other = bytearray(state)
        other[at] = 0xFF
        try:
            torch.rand(1300, generator=decode({"%": "g", "b": 0}, [other]))
        except BridgeError:
            pass
