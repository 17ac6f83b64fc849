"""Submissions whose grading began and did not end, as when the machine stopped: they are graded again.

nbgrader takes a folder in autograded/ for a finished one, however little of it was written. Here a note is made before
anything is written there, and taken away when all is recorded. What a note of a process that is gone is about, is
removed before the next run looks what there is to do.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from bareme.gradebook.records import write_whole

_NOTES = Path(".bareme") / "unfinished"


def begin(course: Path, assignment: str, student: str) -> None:
    """Note that this process is about to write into autograded/."""
    write_whole(course / _NOTES / assignment / student, _process(os.getpid()))


def end(course: Path, assignment: str, student: str) -> None:
    """All of it is written and recorded."""
    (course / _NOTES / assignment / student).unlink(missing_ok=True)


def remove_unfinished(course: Path, assignment: str, autograded: Callable[[str], Path]) -> list[str]:
    """Remove what processes that are gone left half-written; the students that are to be graded again."""
    students = []
    for note in sorted((course / _NOTES / assignment).glob("[!.]*")):
        text = note.read_text(encoding="utf-8")
        if text == _process(int(text.split()[0])) and text != _process(os.getpid()):
            continue  # another process is at it
        shutil.rmtree(autograded(note.name), ignore_errors=True)
        note.unlink(missing_ok=True)
        students.append(note.name)
    return students


def _process(pid: int) -> str:
    """Names a process among all that ever ran since the machine started: its pid, and when it began."""
    try:
        began = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        booted = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return f"{pid} gone"
    return f"{pid} {began} {booted}"
