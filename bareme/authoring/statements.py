"""Statements are complete: both languages, visible tests, and a rationale and a hint for each check."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from nbformat import NotebookNode

from bareme.authoring.specimens import cell_of
from bareme.grading.assignment import Assignment, mark
from bareme.grading.language import LANGUAGES
from bareme.grading.report import Text


def missing_statements(source: NotebookNode, exercise: str) -> list[str]:
    """What the bilingual source lacks before the exercise's solution cell: a statement in one of the languages."""
    told: set[str] = set()
    for cell in source.cells:
        if mark(cell).get("grade_id") == exercise:
            break
        if mark(cell).get("solution") or mark(cell).get("grade"):
            told.clear()  # what stands before another exercise is about that one
        elif cell.cell_type == "markdown" and cell.source.strip():
            told.add(cell.metadata.get("bareme", {}).get("language", ""))
    return [
        f"no statement in {language}: tag a markdown cell with it" for language in LANGUAGES if language not in told
    ]


def missing_visible_tests(assignment: Assignment, exercise: str) -> list[str]:
    """Whether the released grade cell has an assertion that the student can run."""
    tests = cell_of(assignment.release, f"test_{exercise}").source
    if any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(tests))):
        return []
    return [f"the cell test_{exercise} asserts nothing: write visible tests"]


def missing_texts(kind: str, by_check: Mapping[str, Text]) -> list[str]:
    """The checks whose text of this kind lacks a language."""
    return [
        f"{check}: no {kind} in {language}"
        for check, text in by_check.items()
        for language in LANGUAGES
        if not text.get(language, "").strip()
    ]
