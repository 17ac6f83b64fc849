"""A course folder with one tiny assignment, run by nbgrader's own commands as an instructor would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook

from tests.tiny import GRADER, notebook

SOLVED = {
    "double": (
        "def double(x):\n    ### BEGIN SOLUTION\n    return [2 * item for item in x]\n    ### END SOLUTION",
        "def double(x):\n    return [2 * item for item in x]",
    ),
    "shift": (
        "import torch\ndef shift(x, by):\n    ### BEGIN SOLUTION\n    return x + by\n    ### END SOLUTION",
        "import torch\ndef shift(x, by):\n    return x + by",
    ),
}
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Course:
    root: Path

    def nbgrader(self, *arguments: str, ok: bool = True) -> str:
        """Run a command in the course folder; its log. Fails the test on another outcome than the one expected."""
        command = [sys.executable, "-m", "nbgrader", *arguments, f"--Exchange.root={self.root / 'exchange'}"]
        environment = {**os.environ, "PATH": "/usr/bin:/bin"}  # as where no environment is activated
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=180)
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def release(self) -> NotebookNode:
        return nbformat.read(self.root / "release" / "tiny" / "tiny.ipynb", 4)

    def submission(self, **answers: str) -> NotebookNode:
        filled = self.release()
        for cell in filled.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in answers:
                cell.source = answers[name]
        return filled

    def folder(self, student: str) -> Path:
        path = self.root / "submitted" / student / "tiny"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def submit(self, student: str, submitted: NotebookNode | None = None) -> Path:
        """Put a notebook, or none, where `nbgrader collect` would."""
        folder = self.folder(student)
        if submitted is not None:
            nbformat.write(submitted, folder / "tiny.ipynb")
        return folder

    def scores(self, student: str) -> dict[str, float | None]:
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            found = gradebook.find_submission_notebook("tiny", "tiny", student)
            return {grade.name.removeprefix("test_"): grade.auto_score for grade in found.grades}

    def report(self, student: str) -> dict:
        return json.loads((self.root / ".bareme" / "reports" / "tiny" / f"{student}.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course after `nbgrader generate_assignment`; in a folder whose name has a space."""
    root = tmp_path_factory.mktemp("a course") / "the course"
    (root / "graders" / "tiny").mkdir(parents=True)
    (root / "graders" / "tiny" / "test_tiny.py").write_text(textwrap.dedent(GRADER), encoding="utf-8")
    (root / "source" / "tiny").mkdir(parents=True)
    source = notebook(SOLVED["double"][0], SOLVED["shift"][0])
    for language, text in (("fr", "Doublez."), ("en", "Double.")):
        source.cells.append(new_markdown_cell(text, metadata={"bareme": {"language": language}}))
    nbformat.write(source, root / "source" / "tiny" / "tiny.ipynb")
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    (root / "exchange").mkdir()
    (root / "exchange").chmod(0o777)
    Course(root).nbgrader("generate_assignment", "tiny", "--Bareme.release_unproven=True")
    return root


@pytest.fixture
def tiny_course(released: Path, tmp_path: Path) -> Iterator[Course]:
    """A copy for one test: a test may change everything in it."""
    root = tmp_path / "the course"
    shutil.copytree(released, root)
    yield Course(root)


Submit = Callable[..., Path]
