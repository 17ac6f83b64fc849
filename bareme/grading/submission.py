"""What a student handed in: a notebook, or why it can't be graded, and the files beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from bareme.grading.checks import say
from bareme.grading.parse import MOST_BYTES, Refusal, parse_notebook, too_large
from bareme.grading.report import Text
from bareme.grading.safe_files import NotRegular, TooLarge, extra_files, open_folder, read_regular
from bareme.grading.safe_text import plain

__all__ = ["Refusal", "Submission", "parse_notebook", "read_submission"]


@dataclass(frozen=True)
class Submission:
    """One student's work. ``files`` are by relative POSIX name; ``problems`` say what was left out of them."""

    student: str
    notebook: NotebookNode | Refusal
    files: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Text, ...] = ()


def read_submission(folder: Path, notebook_name: str, student: str) -> Submission:
    """Read what lies in ``folder``, where the notebook is the file ``notebook_name``.

    Whatever a student may have put there ends in a submission, at worst one whose notebook is a Refusal.
    """
    if "/" in notebook_name or notebook_name in ("", ".", ".."):
        raise ValueError(f"notebook_name must be a file's name, not {notebook_name!r}")
    try:
        opened = open_folder(folder)
    except OSError as error:
        return Submission(student, _unread(folder.name, error))
    try:
        notebook = _read_notebook(opened, notebook_name)
        if isinstance(notebook, Refusal):
            return Submission(student, notebook)
        files, problems = extra_files(opened, notebook_name)
    finally:
        os.close(opened)
    return Submission(student, notebook, files, problems)


def _read_notebook(folder: int, name: str) -> NotebookNode | Refusal:
    try:
        return parse_notebook(read_regular(name, folder, MOST_BYTES), name)
    except TooLarge:
        return too_large(name)
    except OSError as error:
        return _unread(name, error)


def _unread(name: str, error: OSError) -> Refusal:
    """Why a notebook, or the submission's own folder, could not be read."""
    name = plain(name, 80)
    if isinstance(error, NotRegular):
        return Refusal(
            say(
                fr=f"{name} est {error.kind['fr']} : rendez le carnet lui-même, comme fichier ordinaire.",
                en=f"{name} is {error.kind['en']}: hand in the notebook itself, as a regular file.",
            )
        )
    if isinstance(error, FileNotFoundError):
        return Refusal(
            say(
                fr=f"{name} manque dans ce qui a été rendu : rendez le carnet sous ce nom exact.",
                en=f"{name} is missing from what was handed in: hand in the notebook under this exact name.",
            )
        )
    return Refusal(
        say(
            fr=f"{name} ne peut pas être lu : vérifiez ses droits d'accès et rendez-le à nouveau.",
            en=f"{name} can't be read: check its permissions and hand it in again.",
        )
    )
