"""Whatever a student writes, nothing of it acts where it is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bareme.grading.safe_text import block, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("deux mots", "deux mots"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "]0;titlex"),
        ("a\r\nb\tc", "a b c"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("z\u200bero", "zero"),
        ("half \ud800", "half "),
        ("été 😀", "été 😀"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text, 100) == shown


def test_block_keeps_lines_and_columns() -> None:
    assert block("a  b\n\tc\x1b[1m\r\x00", 100) == "a  b\n\tc "


def test_what_is_too_long_is_cut() -> None:
    assert plain("abcdef", 4) == "abc…" and plain("abcd", 4) == "abcd" and plain("x", 0) == "…"
    assert len(plain("x" * 10**7, 50)) == 50


@given(st.text(st.characters()), st.integers(1, 50))
def test_nothing_that_acts_is_left(text: str, limit: int) -> None:
    for shown, kept in ((plain(text, limit), ""), (block(text, limit), "\n\t")):
        assert len(shown) <= limit
        assert not [c for c in shown if unicodedata.category(c)[0] == "C" and c not in kept]
        shown.encode()
