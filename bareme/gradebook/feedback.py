"""The page `nbgrader generate_feedback` makes: our template, in the course's language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from bareme.config import settings
from bareme.gradebook.marking_scheme import without_schemes
from bareme.gradebook.page import WORDS, number


class FeedbackExporter(HTMLExporter):
    """nbconvert's HTML, without scripts, with what the template needs to speak the course's language."""

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kwargs: Any) -> Any:
        language = settings(Path(), self.config.get("Bareme", {})).language
        resources["bareme"] = {
            "language": language,
            "words": {key: text[language] for key, text in WORDS.items()},
            "number": lambda value: number(float(value), language),
        }
        nb = without_schemes(nb)
        return super().from_notebook_node(nb, resources, **kwargs)
