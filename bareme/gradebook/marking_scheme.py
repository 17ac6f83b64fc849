"""Marking schemes of answers that people grade: cells of the source that graders see in formgrader, and students never.

Such a cell carries ``metadata.bareme.audience = "graders"``, and stands right after the answer that it is about.
"""

from __future__ import annotations

import copy

from nbformat import NotebookNode

from bareme.grading.assignment import mark


def is_scheme(cell: NotebookNode) -> bool:
    ours = cell.metadata.get("bareme", {})
    return isinstance(ours, dict) and ours.get("audience") == "graders"


def without_schemes(notebook: NotebookNode) -> NotebookNode:
    """A copy for students."""
    kept: NotebookNode = copy.deepcopy(notebook)
    kept.cells = [cell for cell in kept.cells if not is_scheme(cell)]
    return kept


def with_schemes(notebook: NotebookNode, source: NotebookNode) -> NotebookNode:
    """A copy for graders: each of ``source``'s schemes after the cell of ``notebook`` that it comes after there.

    ``source`` is the instructor's notebook in one language.
    """
    shown: NotebookNode = copy.deepcopy(notebook)
    answer = ""
    for cell in source.cells:
        if not is_scheme(cell):
            answer = mark(cell).get("grade_id", "")
            continue
        for index, other in enumerate(shown.cells):
            if answer and mark(other).get("grade_id") == answer:
                shown.cells.insert(index + 1, copy.deepcopy(cell))
                break
    return shown
