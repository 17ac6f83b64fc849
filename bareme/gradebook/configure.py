"""All of Barème's settings for nbgrader, in one call from `nbgrader_config.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades
from traitlets.config import Config

from bareme.course.profiles import VARIABLE

_TEMPLATES = Path(__file__).parent / "templates"


def configure(config: Config) -> None:
    """Plug the engine into nbgrader: call it with what ``get_config()`` gave."""
    # nbgrader upgrades its database by a command named `alembic`: found although this environment is not activated
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    own = os.path.dirname(sys.executable)
    if own not in path:
        os.environ["PATH"] = os.pathsep.join([own, *path])

    profile = config.Bareme.get("profile")
    if profile:  # read by bareme.course, in this process and in sandboxes
        os.environ[VARIABLE] = profile

    ours = ["bareme.gradebook.proven.RequireProof", "bareme.gradebook.select_language.SelectLanguage"]
    config.GenerateAssignment.preprocessors = [*ours, *GenerateAssignment.preprocessors.default()]

    config.Autograde.exporter_class = "bareme.gradebook.exporter.SubmissionExporter"
    config.Autograde.pre_convert_hook = "bareme.gradebook.hooks.before"
    config.Autograde.post_convert_hook = "bareme.gradebook.hooks.after"
    # The exporter has rebuilt, run and scored the notebook: what is left is to record it
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = [SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]

    config.ExchangeFactory.collect = "bareme.gradebook.collect.SafeCollect"

    config.GenerateFeedback.exporter_class = "bareme.gradebook.feedback.FeedbackExporter"
    config.FeedbackExporter.template_name = "bareme"
    config.FeedbackExporter.extra_template_basedirs = [str(_TEMPLATES)]
