"""The course's own settings, read from its `nbgrader_config.py` beside nbgrader's: ``c.Bareme.… = …``."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from traitlets import Bool, Enum, Integer, TraitError, Unicode
from traitlets.config import Config, Configurable
from traitlets.config.loader import PyFileConfigLoader

from bareme.course.profiles import PROFILES
from bareme.grading.language import LANGUAGES, CourseError
from bareme.sandbox.supervisor import Level

CONFIG_FILE = "nbgrader_config.py"
_SECRET_BYTES = 32


class Bareme(Configurable):
    """Settings under ``c.Bareme`` in `nbgrader_config.py`."""

    language = Enum(LANGUAGES, "fr", help="The language that students get: statements, hints, feedback.").tag(
        config=True
    )
    walls = Enum(
        ("full", "inner"),
        "full",
        help="The walls without which nothing is graded. full: bubblewrap and its namespaces, and the inner ones. "
        "inner: Landlock, seccomp and limits alone, where namespaces can't be had. See `bareme doctor`.",
    ).tag(config=True)
    workers = Integer(
        0, min=0, help="Submissions that `nbgrader autograde` grades side by side; 0: one for each core."
    ).tag(config=True)
    release_unproven = Bool(
        False, help="Let `nbgrader generate_assignment` release what `bareme prove` did not prove as it is now."
    ).tag(config=True)
    profile = Enum(
        tuple(PROFILES),
        "offline",
        help="The models behind the roles that notebooks name: offline (shipped, or converted from packages), hub or "
        "gpu. `bareme models fetch` fetches what is missing.",
    ).tag(config=True)
    secret_file = Unicode(
        ".bareme/secret",
        help="The secret key that hidden inputs are seeded from, made at first use; relative to the course's folder.",
    ).tag(config=True)


@dataclass(frozen=True)
class Settings:
    """The validated settings of one course."""

    language: str
    walls: Level
    secret_file: Path
    workers: int = 1
    release_unproven: bool = False


def load_config(course: Path) -> Settings:
    """Read ``course/nbgrader_config.py``. Raises CourseError, naming file, field and remedy, when it can't be used."""
    path = course / CONFIG_FILE
    if not path.is_file():
        raise CourseError(f"{path}: there is no such file: name the course's folder with --course")
    try:
        config = PyFileConfigLoader(CONFIG_FILE, path=str(course)).load_config()
    except Exception as error:  # the file is Python: it may raise anything
        raise CourseError(f"{path}: {type(error).__name__}: {error}: correct the file") from None
    return settings(course, config.get("Bareme", {}), path)


def settings(course: Path, section: object, path: Path | None = None) -> Settings:
    """Settings out of the section ``c.Bareme`` of a loaded configuration. Raises CourseError."""
    known = Bareme.class_traits(config=True)
    values = dict(section) if isinstance(section, dict) else {}
    for name in values:
        if name not in known:
            raise CourseError(f"{path or CONFIG_FILE}: c.Bareme.{name} is no setting: use one of {', '.join(known)}")
    try:
        checked = Bareme(config=Config({"Bareme": values}))  # a command line's values are texts still
    except TraitError as error:
        raise CourseError(f"{path or CONFIG_FILE}: c.Bareme: {error}") from None
    workers = checked.workers or len(os.sched_getaffinity(0))
    return Settings(
        checked.language, cast(Level, checked.walls), course / checked.secret_file, workers, checked.release_unproven
    )


def hidden_folders(course: Path) -> list[Path]:
    """What no sandbox may see of a course."""
    names = ("source", "graders", "drafts", "gradebook.db", "submitted", "autograded", "feedback", ".bareme")
    return [course / name for name in names]


def secret(path: Path) -> bytes:
    """The course's secret key: read from ``path``, or made there for its owner alone.

    Raises CourseError when the file can't be read, can't be made, or was not made by this function.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_secret(path)
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}: let the grading user read and write it") from None
    except ValueError:
        key = b""
    if len(key) != _SECRET_BYTES:
        raise CourseError(f"{path}: not a key of {_SECRET_BYTES} bytes in hexadecimal: restore it, or delete it")
    return key


def _make_secret(path: Path) -> None:
    """Written aside and linked into place, so that of two processes at once both read the same whole key."""
    descriptor, aside = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # for this user alone (0600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_SECRET_BYTES))
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(aside)
