"""A grading that was cut off is begun again; one that another process is at is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from bareme.gradebook.unfinished import begin, end, remove_unfinished
from tests.gradebook.conftest import SOLVED, Course

RIGHT = {name: solution for name, (_, solution) in SOLVED.items()}


def half_written(course: Path, student: str) -> Path:
    folder = course / "autograded" / student / "tiny"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2026-01-01 00:00:00 UTC")
    return folder


def begun_by(command: str, course: Path) -> subprocess.Popen[bytes]:
    code = f"import pathlib, time\nfrom bareme.gradebook.unfinished import begin\n{command}"
    return subprocess.Popen([sys.executable, "-c", code, str(course)], cwd=course)


def test_only_what_the_dead_left_is_removed(tmp_path: Path) -> None:
    folders = {name: half_written(tmp_path, name) for name in ("ada", "bob", "eve")}
    begun_by("begin(pathlib.Path(), 'tiny', 'ada')", tmp_path).wait()
    alive = begun_by("begin(pathlib.Path(), 'tiny', 'bob'); time.sleep(60)", tmp_path)
    try:
        while not (tmp_path / ".bareme" / "unfinished" / "tiny" / "bob").exists():
            time.sleep(0.01)
        begin(tmp_path, "tiny", "eve")
        end(tmp_path, "tiny", "eve")
        again = remove_unfinished(tmp_path, "tiny", lambda student: folders[student])
    finally:
        alive.kill()
        alive.wait()
    assert again == ["ada"]
    assert [folder.exists() for folder in folders.values()] == [False, True, True]


@pytest.mark.slow
def test_a_killed_autograde_loses_nobody(tiny_course: Course) -> None:
    names = ("ada", "bob", "eve")
    for name in names:
        tiny_course.submit(name, tiny_course.submission(**RIGHT))
    command = [sys.executable, "-m", "nbgrader", "autograde", "tiny"]
    killed = subprocess.Popen(command, cwd=tiny_course.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    notes = tiny_course.root / ".bareme" / "unfinished" / "tiny"
    deadline = time.monotonic() + 120
    while not (notes.exists() and any(notes.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    half_written_is_there = [path.name for path in notes.iterdir()]
    log = tiny_course.nbgrader("autograde", "tiny")
    assert half_written_is_there and "was cut off" in log
    assert all(tiny_course.scores(name) == {"double": 2.0, "shift": 3.0} for name in names)
    assert list(notes.iterdir()) == []
    with Gradebook(f"sqlite:///{tiny_course.root / 'gradebook.db'}") as gradebook:
        assert sorted(one.student.id for one in gradebook.assignment_submissions("tiny")) == sorted(names)
