"""Rebuild a submission on the released notebook: of the student's, only solution cells and extra cells are taken.

Locked cells, points and metadata always come from the release. What was missing, doubled, edited or moved has one
defined outcome each, and is reported.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from bareme.grading.assignment import Assignment, exercises
from bareme.grading.checks import say
from bareme.grading.report import Text
from bareme.grading.safe_text import plain
from bareme.grading.submission import Refusal, Submission


@dataclass(frozen=True)
class Rebuilt:
    """The notebook to run, sentences for the student, and the exercises with nothing to grade."""

    notebook: NotebookNode
    problems: tuple[Text, ...]
    missing: frozenset[str]


def rebuild(assignment: Assignment, submission: Submission) -> Rebuilt:
    """The notebook that is graded: see the module's rules."""
    if isinstance(submission.notebook, Refusal):
        return _refused(assignment, submission.notebook)
    base = copy.deepcopy(assignment.release)
    theirs = submission.notebook.cells
    places = _places(base, theirs)
    problems: list[Text] = [*_doubled(places), *_moved(base, places), *_edited(base, theirs, places)]
    answered = _take_answers(base, theirs, places)
    extras = _extras(base, theirs, places)
    written = _names_defined(extras)
    stubs = {_grade_id(cell): cell.source for cell in assignment.release.cells}
    missing = set()
    for name in exercises(assignment):
        if name in written and (name not in answered or answered[name] == stubs[name]):
            continue
        if name not in answered:
            problems.append(_gone(name))
            missing.add(name)
        elif answered[name] == stubs[name]:
            problems.append(_blank(name))
            missing.add(name)
    base.cells = _woven(base, extras)
    return Rebuilt(base, tuple(problems), frozenset(missing))


def _refused(assignment: Assignment, refusal: Refusal) -> Rebuilt:
    return Rebuilt(copy.deepcopy(assignment.release), (refusal.reason,), frozenset(exercises(assignment)))


def _grade_id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _is_answer(cell: NotebookNode) -> bool:
    """Whether the student writes in this cell of the release."""
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("solution") or mark.get("task"))


def _places(base: NotebookNode, theirs: list[NotebookNode]) -> dict[str, list[int]]:
    """Where each of the release's marked cells stands in the student's notebook: several places when doubled."""
    known = {_grade_id(cell) for cell in base.cells} - {""}
    places: dict[str, list[int]] = {}
    for index, cell in enumerate(theirs):
        if _grade_id(cell) in known:
            places.setdefault(_grade_id(cell), []).append(index)
    return places


def _take_answers(base: NotebookNode, theirs: list[NotebookNode], places: dict[str, list[int]]) -> dict[str, str]:
    """Write the student's answers into the release's cells; of a doubled cell the last, as when all are run."""
    answered: dict[str, str] = {}
    for cell in base.cells:
        name = _grade_id(cell)
        if _is_answer(cell) and name in places:
            cell.source = answered[name] = theirs[places[name][-1]].source
    return answered


def _extras(
    base: NotebookNode, theirs: list[NotebookNode], places: dict[str, list[int]]
) -> list[tuple[str, NotebookNode]]:
    """The student's own cells, each with the release's cell that it comes before ("" at the end)."""
    answers = {_grade_id(cell) for cell in base.cells if _is_answer(cell)}
    locked_sources = {cell.source for cell in base.cells if not _is_answer(cell)}
    anchors = {indices[-1]: name for name, indices in places.items()}
    extras: list[tuple[str, NotebookNode]] = []
    before = ""
    for index in reversed(range(len(theirs))):
        cell = theirs[index]
        if index in anchors:
            before = anchors[index]
        elif _is_extra(cell, places, answers, locked_sources):
            extras.append((before, _extra(cell, index)))
    return extras[::-1]


def _is_extra(cell: NotebookNode, places: dict[str, list[int]], answers: set[str], locked_sources: set[str]) -> bool:
    """Not a raw cell, an empty one, nor the copy of a locked cell; the first of a doubled answer stays as an extra."""
    doubled_locked = _grade_id(cell) in places and _grade_id(cell) not in answers
    return (
        cell.cell_type != "raw"
        and bool(cell.source.strip())
        and not doubled_locked
        and cell.source not in locked_sources
    )


def _extra(cell: NotebookNode, index: int) -> NotebookNode:
    about = {"id": f"extra-{index}", "metadata": {"bareme": {"extra": True}}}
    extra: NotebookNode
    extra = new_code_cell(cell.source, **about) if cell.cell_type == "code" else new_markdown_cell(cell.source, **about)
    return extra


def _woven(base: NotebookNode, extras: list[tuple[str, NotebookNode]]) -> list[NotebookNode]:
    cells: list[NotebookNode] = []
    for cell in base.cells:
        cells += [extra for before, extra in extras if before and before == _grade_id(cell)]
        cells.append(cell)
    return cells + [extra for before, extra in extras if not before]


def _names_defined(extras: list[tuple[str, NotebookNode]]) -> set[str]:
    """Top-level names that the student's own code cells define: a cell that lost its mark still counts."""
    names: set[str] = set()
    for _, cell in extras:
        if cell.cell_type != "code":
            continue
        try:
            body = ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, ast.Assign):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _doubled(places: dict[str, list[int]]) -> list[Text]:
    return [
        say(
            fr=f"La cellule {plain(name, 60)} est en double : c'est la dernière qui compte.",
            en=f"The cell {plain(name, 60)} is there twice: the last one counts.",
        )
        for name, indices in places.items()
        if len(indices) > 1
    ]


def _moved(base: NotebookNode, places: dict[str, list[int]]) -> list[Text]:
    order = [places[_grade_id(cell)][-1] for cell in base.cells if _grade_id(cell) in places]
    if order == sorted(order):
        return []
    return [
        say(
            fr="Des cellules ont changé de place : elles ont été remises dans l'ordre du carnet distribué.",
            en="Cells were moved: they were put back in the released notebook's order.",
        )
    ]


def _edited(base: NotebookNode, theirs: list[NotebookNode], places: dict[str, list[int]]) -> list[Text]:
    """Locked cells that were changed or removed: the release's stand in their place."""
    changed = []
    for cell in base.cells:
        name = _grade_id(cell)
        if name and not _is_answer(cell):
            sources = [theirs[index].source for index in places.get(name, [])]
            if sources != [cell.source] * max(len(sources), 1):
                changed.append(name)
    return [
        say(
            fr=f"La cellule verrouillée {name} avait été modifiée ou supprimée : celle de l'énoncé la remplace.",
            en=f"The locked cell {name} had been edited or removed: the released one stands in its place.",
        )
        for name in changed
    ]


def _gone(name: str) -> Text:
    return say(
        fr=f"La cellule de l'exercice {name} a été supprimée : rien à corriger.",
        en=f"The cell of the exercise {name} was deleted: nothing to grade.",
    )


def _blank(name: str) -> Text:
    return say(fr=f"Rien n'a été écrit pour l'exercice {name}.", en=f"Nothing was written for the exercise {name}.")
