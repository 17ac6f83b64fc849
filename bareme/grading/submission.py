"""What a student handed in, read without trusting a byte of it: nothing here follows a link, blocks, or raises."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from bareme.grading.checks import say
from bareme.grading.report import Text
from bareme.grading.safe_text import plain

LARGEST_NOTEBOOK = 32 * 2**20
LARGEST_SOURCE = 2**20
MOST_CELLS = 2000
MOST_FILES, MOST_FILE_BYTES = 200, 16 * 2**20

_KINDS = (
    (stat.S_ISLNK, "un lien symbolique", "a symbolic link"),
    (stat.S_ISFIFO, "un tube nommé (FIFO)", "a named pipe (FIFO)"),
    (stat.S_ISDIR, "un dossier", "a folder"),
    (stat.S_ISSOCK, "une socket", "a socket"),
)
_NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


@dataclass(frozen=True)
class Refusal:
    """Why a notebook can't be graded at all: one sentence, with the remedy."""

    reason: Text


@dataclass(frozen=True)
class Submission:
    """A student's notebook, pruned to its cells' sources and nbgrader marks, and the files beside it."""

    student: str
    notebook: NotebookNode | Refusal
    files: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[Text, ...] = ()


def read_submission(folder: Path, notebook_name: str, student: str) -> Submission:
    """Read a submitted folder. Whatever is wrong with it ends as a Refusal or a problem, never as an exception."""
    if folder.is_symlink():
        return Submission(student, _refuse_kind(folder.name, os.lstat(folder).st_mode))
    found = _read_regular(folder / notebook_name, LARGEST_NOTEBOOK)
    notebook = parse_notebook(found, notebook_name) if isinstance(found, bytes) else found
    files, problems = _read_files(folder)
    return Submission(student, notebook, files, tuple(problems))


def parse_notebook(data: bytes, name: str) -> NotebookNode | Refusal:
    """The notebook in ``data``: its cells' types, sources and nbgrader marks, nothing else of it."""
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return Refusal(
            say(
                fr=f"{name} n'est pas un fichier JSON valide ({plain(str(error), 80)}) : "
                "ouvrez-le dans Jupyter, enregistrez-le et rendez-le à nouveau.",
                en=f"{name} is no valid JSON ({plain(str(error), 80)}): open it in Jupyter, save it, submit it again.",
            )
        )
    if not isinstance(document, dict) or not isinstance(document.get("nbformat"), int):
        return _refuse_form(name)
    if document["nbformat"] != 4:
        version = document["nbformat"] if abs(document["nbformat"]) < 100 else "?"
        return Refusal(
            say(
                fr=f"{name} est au format nbformat {version} ; seul le format 4 est corrigé : "
                "ouvrez-le dans JupyterLab, enregistrez-le et rendez-le à nouveau.",
                en=f"{name} is in nbformat {version}; only 4 is graded: open it in JupyterLab, save it, submit again.",
            )
        )
    language = _language(document.get("metadata"))
    if language.lower() not in ("", "python", "ipython"):
        return Refusal(
            say(
                fr=f"{name} utilise le langage {plain(language, 30)} : choisissez le noyau Python du cours.",
                en=f"{name} is written in {plain(language, 30)}: choose the course's Python kernel.",
            )
        )
    cells = document.get("cells")
    if not isinstance(cells, list) or len(cells) > MOST_CELLS:
        return _refuse_form(name)
    parsed = [_cell(cell) for cell in cells]
    if any(cell is None for cell in parsed):
        return _refuse_form(name)
    return new_notebook(cells=parsed)


def _cell(cell: Any) -> NotebookNode | None:
    """The cell without outputs, attachments or foreign metadata; None when it is no cell."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in _NEW:
        return None
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or len(source) > LARGEST_SOURCE:
        return None
    source = source.encode("utf-8", "replace").decode("utf-8")  # lone surrogates can't be written to a file
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    kept = {"nbgrader": {"grade_id": grade_id}} if isinstance(grade_id, str) else {}
    new: NotebookNode = _NEW[cell["cell_type"]](source, metadata=kept)
    return new


def _language(metadata: Any) -> str:
    """The kernel's language, wherever the notebook names it; empty when it doesn't."""
    for part, key in (("kernelspec", "language"), ("language_info", "name")):
        section = metadata.get(part) if isinstance(metadata, dict) else None
        value = section.get(key) if isinstance(section, dict) else None
        if isinstance(value, str) and value:
            return value
    return ""


def _read_regular(path: Path, most_bytes: int) -> bytes | Refusal:
    """The bytes of a regular file: opened without following a link or waiting for a pipe's writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Refusal(
            say(
                fr=f"{path.name} est absent : rendez le carnet sous ce nom exactement.",
                en=f"{path.name} is missing: submit the notebook under exactly this name.",
            )
        )
    except OSError:
        try:
            return _refuse_kind(path.name, os.lstat(path).st_mode)
        except OSError:
            return _refuse_kind(path.name, 0)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return _refuse_kind(path.name, status.st_mode)
        if status.st_size > most_bytes:
            have, allowed = status.st_size // 2**20, most_bytes // 2**20
            return Refusal(
                say(
                    fr=f"{path.name} pèse {have} Mo, pour {allowed} Mo au plus : "
                    "effacez les sorties (Kernel > Restart & Clear Outputs), enregistrez et rendez à nouveau.",
                    en=f"{path.name} takes {have} MB, {allowed} MB at most: clear its outputs, save, submit again.",
                )
            )
        return file.read(most_bytes)


def _read_files(folder: Path) -> tuple[dict[str, bytes], list[Text]]:
    """The regular files beside the notebook, and a sentence for what was left behind."""
    files: dict[str, bytes] = {}
    left: list[str] = []
    room = MOST_FILE_BYTES
    for parent, folders, names in os.walk(folder):
        left += [name for name in folders if os.path.islink(os.path.join(parent, name))]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.endswith(".ipynb") or name.startswith(".") or name == "timestamp.txt":
                continue
            content = _read_regular(path, room) if len(files) < MOST_FILES and _is_safe(name) else None
            if isinstance(content, bytes):
                files[path.relative_to(folder).as_posix()] = content
                room -= len(content)
            else:
                left.append(name)
    if not left:
        return files, []
    listed = ", ".join(plain(name.encode("utf-8", "replace").decode(), 40) for name in left[:5])
    more = f" (+{len(left) - 5})" if len(left) > 5 else ""
    return files, [
        say(
            fr=f"Fichiers laissés de côté (lien, tube, nom ou taille refusés) : {listed}{more}.",
            en=f"Files left behind (a link, a pipe, a name or size that is refused): {listed}{more}.",
        )
    ]


def _is_safe(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return not name.startswith("-") and plain(name) == name and "\n" not in name


def _refuse_kind(name: str, mode: int) -> Refusal:
    fr, en = next(((fr, en) for test, fr, en in _KINDS if test(mode)), ("illisible", "unreadable"))
    return Refusal(
        say(
            fr=f"{plain(name, 80)} n'est pas un fichier ordinaire, mais {fr} : rendez le carnet lui-même.",
            en=f"{plain(name, 80)} is no regular file but {en}: submit the notebook itself.",
        )
    )


def _refuse_form(name: str) -> Refusal:
    return Refusal(
        say(
            fr=f"{name} n'a pas la forme d'un carnet Jupyter : reprenez le carnet distribué et rendez-le à nouveau.",
            en=f"{name} has not the form of a Jupyter notebook: start from the released one and submit again.",
        )
    )
