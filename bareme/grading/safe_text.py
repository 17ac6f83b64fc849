"""Student text as it may be shown: no terminal escapes, no control or direction-changing characters, bounded."""

from __future__ import annotations

import re

_ESCAPE_SEQUENCES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str, limit: int | None = None) -> str:
    """``text`` without what could fool its reader, cut to ``limit`` characters."""
    clean = _CONTROLS.sub("", _ESCAPE_SEQUENCES.sub("", text))
    return clean if limit is None or len(clean) <= limit else clean[: limit - 1] + "…"
