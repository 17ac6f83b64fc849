"""The digest of an assignment: of everything its author wrote that grading depends on."""

from __future__ import annotations

import hashlib
from pathlib import Path

#: Files of a grader's folder that grading does not depend on: the proof itself, and what is about it.
_LEFT_OUT = ("proof.json", "README.md")


def assignment_digest(course: Path, name: str) -> str:
    """SHA-256, in hexadecimal, of the names and bytes of ``source/NAME`` and ``graders/NAME``, specimens included."""
    digest = hashlib.sha256()
    for kind in ("source", "graders"):
        folder = course / kind / name
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            place = path.relative_to(folder)
            if place.name in _LEFT_OUT or any(part.startswith((".", "__pycache__")) for part in place.parts):
                continue
            content = path.read_bytes()
            digest.update(f"{kind}/{place.as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
