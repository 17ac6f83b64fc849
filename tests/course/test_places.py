"""Where models lie, and that a missing or damaged file is named with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bareme.course import load_model
from bareme.course.places import DIGESTS, cache_folder, note_digests, verify
from bareme.course.profiles import PROFILES, VARIABLE, CourseFileError, checkpoint, profile


def test_an_unknown_role_lists_the_known_ones() -> None:
    with pytest.raises(
        CourseFileError, match="'tiny': no such role in profile offline: use one of tiny-encoder, tiny-decoder"
    ):
        load_model("tiny")  # type: ignore[call-overload]


def test_the_profile_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert profile() == "offline"
    monkeypatch.setenv(VARIABLE, "hub")
    assert checkpoint("decoder").name == "openai-community/gpt2" and "/" not in checkpoint("decoder").folder
    monkeypatch.setenv(VARIABLE, "moon")
    with pytest.raises(CourseFileError, match="BAREME_PROFILE=moon: there is no such profile: use one of offline, hub"):
        checkpoint("encoder")


def test_every_profile_has_the_roles_that_notebooks_use() -> None:
    for roles in PROFILES.values():
        assert {"tiny-encoder", "tiny-decoder", "encoder"} <= set(roles)


def test_what_was_not_fetched_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BAREME_CACHE", str(tmp_path / "nothing"))
    with pytest.raises(CourseFileError, match=r"nothing/multilingual-e5.*: it is not there: run `bareme models fetch`"):
        load_model("encoder")


def test_the_cache_is_where_the_user_has_his(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BAREME_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "bareme"


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda folder: (folder / "a.bin").write_bytes(b"abd"), "a.bin: damaged"),
        (lambda folder: (folder / "a.bin").unlink(), "a.bin: No such file"),
        (lambda folder: (folder / DIGESTS).write_text("{"), f"{DIGESTS}: damaged"),
        (lambda folder: (folder / DIGESTS).unlink(), "it is not there"),
    ],
)
def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path, damage: object, why: str) -> None:
    assert callable(damage)
    (tmp_path / "a.bin").write_bytes(b"abc")
    note_digests(tmp_path)
    verify(tmp_path, "do this")
    verify.cache_clear()
    damage(tmp_path)
    with pytest.raises(CourseFileError, match=f"{why}.*: do this"):
        verify(tmp_path, "do this")
