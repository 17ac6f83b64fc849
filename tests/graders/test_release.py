"""release/ is what `nbgrader generate_assignment` makes of source/ today: proven, in the course's language."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from bareme.grading.language import LANGUAGES, keep_language

COURSE = Path(__file__).resolve().parents[2]
ASSIGNMENTS = sorted(path.name for path in (COURSE / "source").iterdir() if path.is_dir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_is_not_stale(name: str, tmp_path: Path) -> None:
    for kind in ("source", "graders"):
        shutil.copytree(COURSE / kind / name, tmp_path / kind / name)
    shutil.copy(COURSE / "nbgrader_config.py", tmp_path)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", name]
    subprocess.run(command, cwd=tmp_path, env=os.environ, check=True, capture_output=True, timeout=120)
    assert _files(tmp_path / "release" / name) == _files(COURSE / "release" / name), "run `make release`"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_nothing_of_the_solutions_or_hidden_tests_is_released(name: str) -> None:
    text = "".join(cell.source for cell in nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4).cells)
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "bareme.grading", "pytest"):
        assert mark not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_both_languages_state_every_exercise(name: str, language: str) -> None:
    kept = keep_language(nbformat.read(COURSE / "source" / name / f"{name}.ipynb", 4), language)
    marks = [cell.metadata.get("nbgrader", {}) for cell in kept.cells]
    for answer in (mark["grade_id"] for mark in marks if mark.get("solution")):
        assert any(mark.get("grade_id") == f"statement_{answer}_{language}" for mark in marks)
