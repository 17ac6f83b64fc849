"""No release without a proof: what is handed out was proven as it is now, or its author said that it need not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from bareme.config import settings
from bareme.grading.digest import assignment_digest

PROOF_FILE = "proof.json"


class RequireProof(NbGraderPreprocessor):  # type: ignore[misc]
    """Stops `nbgrader generate_assignment` where the grader was not proven since it, or the source, changed."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, Any]:
        coursedir = self.parent.parent.coursedir
        course = Path(coursedir.root)
        if not settings(course, self.config.get("Bareme", {})).release_unproven:
            why = unproven(course, resources["nbgrader"]["assignment"])
            if why:
                raise NbGraderException(why)
        return nb, resources


def unproven(course: Path, name: str) -> str:
    """Why the assignment can't be released, and what to do; empty when it is proven."""
    path = course / "graders" / name / PROOF_FILE
    remedy = f"run `bareme prove {name}`, or set c.Bareme.release_unproven = True in nbgrader_config.py"
    try:
        proof = json.loads(path.read_text(encoding="utf-8"))
        digest, ok = proof["digest"], proof["ok"]
    except FileNotFoundError:
        return f"{name} was never proven: {remedy}"
    except (ValueError, KeyError, TypeError, OSError) as error:
        return f"{path}: not a proof ({error}): {remedy}"
    if digest != assignment_digest(course, name):
        return f"source/{name} or graders/{name} changed since {name} was proven: {remedy}"
    if ok is not True:
        return f"{path}: its proof does not hold: {remedy}"
    return ""
