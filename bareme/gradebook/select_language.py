"""The first step of `nbgrader generate_assignment`: of a bilingual source, keep what students of the course read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from bareme.config import settings
from bareme.gradebook.marking_scheme import without_schemes
from bareme.grading.language import keep_language


class SelectLanguage(NbGraderPreprocessor):  # type: ignore[misc]
    """Drops marking schemes, and cells whose ``metadata.bareme.language`` is another one than ``c.Bareme.language``."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, Any]:
        language = settings(Path(), self.config.get("Bareme", {})).language
        return without_schemes(keep_language(nb, language)), resources
