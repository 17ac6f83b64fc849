"""One source notebook, two languages: cells tagged ``metadata.bareme.language`` are kept or dropped."""

from __future__ import annotations

import copy

from nbformat import NotebookNode

LANGUAGES = ("fr", "en")


class CourseError(ValueError):
    """Something of the course itself is wrong: the message names the file, the field and the remedy."""


def keep_language(notebook: NotebookNode, language: str) -> NotebookNode:
    """A copy without the cells of other languages; untagged cells belong to all of them."""
    kept = copy.deepcopy(notebook)
    kept.cells = [cell for cell in kept.cells if _language_of(cell) in (None, language)]
    return kept


def _language_of(cell: NotebookNode) -> str | None:
    tag: str | None = cell.metadata.get("bareme", {}).get("language")
    if tag is not None and tag not in LANGUAGES:
        start = cell.source[:40]
        raise CourseError(f"cell «{start}»: metadata.bareme.language is {tag!r}; write one of {', '.join(LANGUAGES)}")
    return tag
