"""`nbgrader collect` from an exchange that students write in."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import nbformat
import pytest

from tests.gradebook.conftest import Course

pytestmark = pytest.mark.slow
STAMP = "2026-01-01 10:00:00.000000 UTC"
ME = pwd.getpwuid(os.getuid()).pw_name


def hand_in(course: Course, student: str, stamp: str = STAMP) -> Path:
    inbound = course.root / "exchange" / "bert-gpt" / "inbound"
    folder = inbound / f"{student}+tiny+{stamp}"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(stamp, encoding="utf-8")
    return folder


def collect(course: Course, *options: str) -> str:
    return course.nbgrader("collect", "tiny", "--ExchangeCollect.check_owner=False", *options)


def test_what_is_no_regular_file_is_not_followed(tiny_course: Course) -> None:
    secret = tiny_course.root / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    folder = hand_in(tiny_course, "ada")
    nbformat.write(tiny_course.submission(), folder / "tiny.ipynb")
    (folder / "link.html").symlink_to(secret)
    (folder / "folder").symlink_to(tiny_course.root / "source")
    os.mkfifo(folder / "pipe")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    log = collect(tiny_course)
    got = sorted(path.name for path in tiny_course.folder("ada").iterdir())
    assert got == ["notes.txt", "timestamp.txt", "tiny.ipynb"]
    assert "link.html" in log and "pipe" in log
    tiny_course.nbgrader("autograde", "tiny")
    assert any("link.html" in problem["fr"] for problem in tiny_course.report("ada")["problems"])


def test_a_link_or_a_pipe_for_a_notebook_is_named_to_its_student(tiny_course: Course) -> None:
    (hand_in(tiny_course, "ada") / "tiny.ipynb").symlink_to(tiny_course.root / "source" / "tiny" / "tiny.ipynb")
    os.mkfifo(hand_in(tiny_course, "alan") / "tiny.ipynb")
    collect(tiny_course)
    tiny_course.nbgrader("autograde", "tiny")
    assert "lien symbolique" in tiny_course.report("ada")["problems"][0]["fr"]
    assert "FIFO" in tiny_course.report("alan")["problems"][0]["fr"]
    assert tiny_course.scores("ada") == {"double": 0.0, "shift": 0.0}


def test_odd_folders_in_the_exchange_stop_no_one(tiny_course: Course) -> None:
    inbound = hand_in(tiny_course, "ada").parent
    for name in (f"..+tiny+{STAMP}", f".hidden+tiny+{STAMP}", f"+tiny+{STAMP}", "x+tiny+never", "x+tiny+"):
        (inbound / name).mkdir()
    (inbound / f"file+tiny+{STAMP}").write_text("no folder", encoding="utf-8")
    (inbound / f"linked+tiny+{STAMP}").symlink_to(tiny_course.root / "source")
    collect(tiny_course)
    assert [path.name for path in sorted((tiny_course.root / "submitted").iterdir())] == ["ada"]


def test_a_newer_submission_replaces_the_older_one_whole(tiny_course: Course) -> None:
    (hand_in(tiny_course, "ada") / "old.txt").write_text("old", encoding="utf-8")
    collect(tiny_course)
    (hand_in(tiny_course, "ada", STAMP.replace("10:", "11:")) / "new.txt").write_text("new", encoding="utf-8")
    collect(tiny_course, "--update")
    assert sorted(path.name for path in tiny_course.folder("ada").iterdir()) == ["new.txt", "timestamp.txt"]


def test_no_one_hands_in_for_another(tiny_course: Course) -> None:
    hand_in(tiny_course, "someone else")
    hand_in(tiny_course, ME)
    log = tiny_course.nbgrader("collect", "tiny")
    assert [path.name for path in (tiny_course.root / "submitted").iterdir()] == [ME]
    assert "check_owner" in log
