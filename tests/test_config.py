"""The course's settings: what is wrong in them is named, and the secret is made once and kept private."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bareme.config import hidden_folders, load_config, secret
from bareme.grading.language import CourseError


def config(course: Path, text: str) -> Path:
    (course / "nbgrader_config.py").write_text(f"c = get_config()\n{text}\n")
    return course


def test_what_holds_by_default(course: Path) -> None:
    settings = load_config(config(course, ""))
    assert (settings.language, settings.walls) == ("fr", "full")
    assert settings.workers == len(os.sched_getaffinity(0))
    assert settings.secret_file == course / ".bareme/secret"


def test_each_setting_is_read(course: Path) -> None:
    text = "c.Bareme.language = 'en'; c.Bareme.walls = 'inner'; c.Bareme.workers = 3; c.Bareme.secret_file = '/k'"
    settings = load_config(config(course, text))
    assert (settings.language, settings.walls, settings.workers) == ("en", "inner", 3)
    assert settings.secret_file == Path("/k")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c.Bareme.language = 'de'", "c.Bareme.*language.*'fr'.*'en'"),
        ("c.Bareme.walls = 'none'", "c.Bareme.*walls"),
        ("c.Bareme.workers = -1", "c.Bareme.*workers"),
        ("c.Bareme.workers = 'two'", "c.Bareme.*workers"),
        ("c.Bareme.langage = 'fr'", "c.Bareme.langage is no setting: use one of language"),
        ("1 / 0", "nbgrader_config.py: ZeroDivisionError"),
        ("c.Bareme.language = (", "nbgrader_config.py: SyntaxError"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str, course: Path) -> None:
    with pytest.raises(CourseError, match=message):
        load_config(config(course, text))


def test_a_folder_that_is_no_course_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"nbgrader_config.py: there is no such file.*--course"):
        load_config(tmp_path)


def test_everything_hidden_is_listed(course: Path) -> None:
    names = {path.name for path in hidden_folders(course)}
    assert names >= {"source", "graders", "gradebook.db", "submitted", "autograded", ".bareme"}


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    key = secret(path)
    assert len(key) == 32 and secret(path) == key
    assert path.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


def test_two_at_once_get_the_same_secret(tmp_path: Path) -> None:
    made: list[bytes] = []
    start = threading.Barrier(4)

    def make(number: int) -> None:
        start.wait()
        made.append(secret(tmp_path / "secret"))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4 and len(set(made)) == 1


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31, "é" * 64])
def test_a_secret_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(text)
    with pytest.raises(CourseError, match="secret: not a key of 32 bytes"):
        secret(tmp_path / "secret")


def test_a_secret_that_can_t_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with pytest.raises(CourseError, match=r"secret: .*let the grading user read"):
        secret(tmp_path / "secret")
