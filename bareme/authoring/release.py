"""The release that `nbgrader generate_assignment` would make of an assignment now: what a proof is about."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bareme.grading.language import CourseError

_TIMEOUT_S = 120


@contextmanager
def would_be_release(course: Path, name: str) -> Iterator[Path]:
    """A temporary folder that holds it as ``NAME/``. What is handed out already, and the gradebook, stay as they are.

    Raises CourseError, with nbgrader's words, when it can't be made.
    """
    if not (course / "source" / name).is_dir():
        raise CourseError(
            f"{course / 'source' / name}: there is no such file: name one of {course / 'source'}'s folders"
        )
    with tempfile.TemporaryDirectory(prefix="bareme-release-") as folder:
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", name, "--force", "--no-db"]
        command += [f"--CourseDirectory.release_directory={folder}", "--Bareme.release_unproven=True"]
        done = subprocess.run(command, cwd=course, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise CourseError(f"source/{name} can't be released:\n{done.stderr.strip()[-2000:]}")
        yield Path(folder)
