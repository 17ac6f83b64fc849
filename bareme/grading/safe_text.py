"""Text from students, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata

_TERMINAL_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_SPACES = re.compile(r" {2,}")


def plain(text: str, limit: int) -> str:
    """``text`` on one line, at most ``limit`` characters long, without anything that acts rather than shows.

    Terminal escapes, controls, direction marks, invisible and unassigned characters go; any white space becomes one
    space. The result is text, not HTML: whoever puts it on a page still has to escape it.
    """
    return _cut(_SPACES.sub(" ", _harmless(text, limit, keep="")), limit)


def block(text: str, limit: int) -> str:
    """Like :func:`plain`, but several lines stay several, and columns stay aligned: for what a cell printed."""
    return _cut(_harmless(text, limit, keep="\n\t"), limit)


def _harmless(text: str, limit: int, keep: str) -> str:
    text = _TERMINAL_ESCAPES.sub("", text[: 10 * limit + 1000])  # the work is bounded too
    return "".join(character if character in keep else _shown(character) for character in text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    # C* is every control, format (bidi, zero width), surrogate, private and unassigned character
    return "" if unicodedata.category(character).startswith("C") else character
