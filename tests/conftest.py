"""What tests share: a tiny course of two exercises, and one warm engine for the whole run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from hypothesis import settings
from nbformat import NotebookNode

from bareme.grading.assignment import Assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import grade
from bareme.grading.report import Report
from bareme.grading.submission import Submission
from tests.tiny import DOUBLE, GRADER, SHIFT, STUB, notebook

# The same examples at every run, and no deadline: a slow machine is no failure
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine("full", key=b"a key for tests only") as warm:
        yield warm


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    grader = tmp_path_factory.mktemp("graders") / "tiny"
    grader.mkdir()
    (grader / "test_tiny.py").write_text(textwrap.dedent(GRADER), encoding="utf-8")
    release = notebook(STUB.format(name="double"), STUB.format(name="shift"))
    return Assignment(name="tiny", release=release, source=notebook(DOUBLE, SHIFT), grader=grader, language="fr")


@pytest.fixture
def graded(engine: Engine, tiny: Assignment) -> Callable[..., Report]:
    """Grade a submission of `tiny`: its two solution cells, or a whole notebook."""

    def run(double: str = DOUBLE, shift: str = SHIFT, *, whole: NotebookNode | None = None) -> Report:
        submitted = nbformat.from_dict(whole) if whole is not None else notebook(double, shift)
        return grade(tiny, Submission(student="ada", notebook=submitted), engine)

    return run


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """An empty course folder whose name has a space: paths must be quoted everywhere."""
    root = tmp_path / "my course"
    root.mkdir()
    return root
