"""What of a submission was left behind before it was graded, so that its student is told: a file for each."""

from __future__ import annotations

import json
from pathlib import Path

from bareme.gradebook.records import write_whole
from bareme.grading.report import Text


def remember(course: Path, assignment: str, student: str, problems: tuple[Text, ...]) -> None:
    """Keep these sentences, in place of earlier ones."""
    path = _path(course, assignment, student)
    if problems:
        write_whole(path, json.dumps(problems, ensure_ascii=False))
    else:
        path.unlink(missing_ok=True)


def recall(course: Path, assignment: str, student: str) -> tuple[Text, ...]:
    try:
        return tuple(json.loads(_path(course, assignment, student).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()


def _path(course: Path, assignment: str, student: str) -> Path:
    return course / ".bareme" / "left_out" / assignment / f"{student}.json"
