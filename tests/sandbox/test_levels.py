"""The inner walls alone, and what the walls' inspection says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bareme.grading.engine import Engine
from bareme.grading.grade import grade
from bareme.grading.submission import Submission
from bareme.sandbox import namespaces, supervisor, syscalls, walls
from tests.tiny import DOUBLE, SHIFT, notebook


def test_every_wall_is_up_here() -> None:
    down = walls.missing_walls("full", walls.inspect_walls())
    assert down == [], "run `bareme doctor`: the tests need the level «full»"


def test_a_course_inside_what_sandboxes_may_read_is_refused() -> None:
    with pytest.raises(supervisor.SandboxError, match="hidden folders"):
        walls.require("inner", [Path("/usr/share/graders")])


def test_without_bubblewrap_grading_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor.shutil, "which", lambda _: None)
    with pytest.raises(supervisor.SandboxError, match="apt-get install bubblewrap"):
        walls.require("full")


def test_an_ordinary_user_makes_namespaces_too() -> None:
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                namespaces.become(65534)
            syscalls.set_dumpable(False)  # as the zygote is: its own /proc is then root's
            namespaces.leave_the_zygote()
            inner = os.fork()
            if inner == 0:
                os._exit(os.getpid() - 1)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_inner_walls_alone_grade_and_hide(tiny, tmp_path: Path) -> None:
    secret = tmp_path / "hidden.txt"
    secret.write_text("secret")
    peek = f"def double(x):\n    open({str(secret)!r})\n    return [2 * item for item in x]"
    network = "import socket\ndef shift(x, by):\n    socket.socket()\n    return x + by"
    with Engine("inner") as engine:
        right = grade(tiny, Submission("ada", notebook(DOUBLE, SHIFT)), engine)
        nosy = grade(tiny, Submission("bob", notebook(peek, network)), engine)
    assert right.score == 5.0, right
    assert nosy.score == 0
    assert {check.verdict for name in ("double", "shift") for check in nosy.exercises[name].checks} == {"raised"}
