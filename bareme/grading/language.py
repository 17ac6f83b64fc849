"""One language out of a bilingual notebook, whose cells carry ``metadata.bareme.language``."""

from __future__ import annotations

import copy

from nbformat import NotebookNode

LANGUAGES = ("fr", "en")


class CourseError(ValueError):
    """A course file is missing or wrong; the message names the file, the field and the remedy."""


def keep_language(notebook: NotebookNode, language: str) -> NotebookNode:
    """A copy of ``notebook`` without the cells of the other language; cells without the tag belong to both.

    Raises CourseError when ``language`` or a cell's tag is not a language of the course.
    """
    if language not in LANGUAGES:
        raise CourseError(f"language {language!r}: choose one of {', '.join(LANGUAGES)}")
    kept: NotebookNode = copy.deepcopy(notebook)
    kept.cells = [cell for index, cell in enumerate(kept.cells) if _language(cell, index) in (None, language)]
    return kept


def _language(cell: NotebookNode, index: int) -> str | None:
    ours = cell.metadata.get("bareme", {})
    language = ours.get("language") if isinstance(ours, dict) else ours
    if language is None or language in LANGUAGES:
        return language
    name = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id", "without an id")
    raise CourseError(
        f"cell {index + 1} ({name}): metadata.bareme.language is {language!r}: "
        f"write one of {', '.join(LANGUAGES)}, or remove it from a cell that is for both"
    )
