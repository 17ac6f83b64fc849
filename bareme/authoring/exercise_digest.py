"""The digest of one exercise: as long as it is the same, so is what its mutants and repeats showed."""

from __future__ import annotations

import hashlib
import re

from bareme.authoring.equivalent import equivalents
from bareme.grading.assignment import Assignment, exercises, mark

_EXERCISE = re.compile(r"""exercise\(\s*["'](\w+)["']""")


def exercise_digest(assignment: Assignment, name: str) -> str:
    """SHA-256, in hexadecimal, of what the proof of one exercise depends on.

    Those are the notebook's code before its first exercise, the cells ``NAME``, ``test_NAME`` and ``given_NAME``, the
    grader's modules but for those with checks of other exercises alone, the exercise's specimens, and its mutants that
    are no mistakes.
    """
    digest = hashlib.sha256()

    def add(label: str, text: str) -> None:
        digest.update(f"{label}\0{len(text.encode())}\0{text}".encode())

    known = exercises(assignment)
    begun = False
    for cell in assignment.source.cells:
        grade_id = mark(cell).get("grade_id", "")
        begun = begun or grade_id in known
        if cell.cell_type == "code" and (not begun or grade_id in (name, f"test_{name}", f"given_{name}")):
            add(str(grade_id), cell.source)
    add("points", str(known[name]))
    for path in sorted(assignment.grader.glob("*.py")):
        text = path.read_text("utf-8")
        marked = _EXERCISE.findall(text)
        if name in marked or not marked:
            add(path.name, text)
    for path in sorted(assignment.grader.glob(f"specimens/*/{name}/*.py")):
        add(f"{path.parents[1].name}/{path.name}", path.read_text("utf-8"))
    for change, reason in sorted(equivalents(assignment.grader).items()):
        if change[0] == name:
            add("equivalent", "\0".join((*change, reason)))
    return digest.hexdigest()
