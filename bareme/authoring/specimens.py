"""Specimens: known solutions kept with a grader, in a folder named after what must become of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode

from bareme.grading.assignment import Assignment, exercises, mark
from bareme.grading.report import Exercise

#: Between two scores that should be equal.
TOLERANCE = 1e-9

#: What must become of an exercise: all its points, not all of them, all but speed's, or none.
Fate = Literal["correct", "wrong", "slow", "hostile", "missing"]


@dataclass(frozen=True)
class Specimen:
    """One solution cell's text, and what must become of it. A wrong one is named after its misconception."""

    exercise: str
    fate: Fate
    name: str
    source: str


def specimens(assignment: Assignment) -> list[Specimen]:
    """Every specimen of the grader, the reference solution as a correct one included."""
    found = [
        Specimen(name, "correct", "reference", cell_of(assignment.source, name).source)
        for name in exercises(assignment)
    ]
    for fate in ("correct", "wrong", "slow", "hostile"):
        for path in sorted((assignment.grader / "specimens" / fate).glob("*/*.py")):
            found.append(Specimen(path.parent.name, fate, path.stem, path.read_text(encoding="utf-8")))
    return found


def mistake(exercise: Exercise, specimen: Specimen) -> str:
    """Why an exercise did not end as its specimen implies; empty when it did."""
    score, points = exercise.score, exercise.points
    verdicts = {check.verdict for check in exercise.checks}
    named = {check.misconception for check in exercise.checks}
    match specimen.fate:
        case "correct":
            return "" if abs(score - points) <= TOLERANCE else f"{score} of {points} points"
        case "wrong":
            return "" if score < points and specimen.name in named else f"{score} of {points}, recognised: {named}"
        case "slow":
            right = 0 < score < points and verdicts == {"passed", "over_budget"}
            return "" if right else f"{score} of {points}, verdicts {verdicts}"
        case "hostile":
            return "" if score == 0 else f"{score} points"
        case "missing":
            return "" if verdicts == {"missing"} else f"verdicts {verdicts}"


def filled(assignment: Assignment, sources: dict[str, str]) -> NotebookNode:
    """The released notebook with some solution cells written."""
    notebook: NotebookNode = copy.deepcopy(assignment.release)
    for name, source in sources.items():
        cell_of(notebook, name).source = source
    return notebook


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    cell: NotebookNode
    (cell,) = (one for one in notebook.cells if mark(one).get("grade_id") == grade_id)
    return cell
