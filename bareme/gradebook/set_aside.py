"""Before nbgrader copies a submission's extra files: what it must not copy is moved out of its way.

nbgrader follows symbolic links and waits on pipes. Whatever is no regular file, and whatever is too large, goes to
``.bareme/set_aside/``; the notebook itself stays, as it is read with the same care. Submissions that `nbgrader collect`
brought hold no such file (see `collect.py`); those that an instructor unpacked into submitted/ may.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from pathlib import Path

from bareme.gradebook.left_out import recall, remember
from bareme.grading.safe_files import left_out

_MOST_BYTES = 64 * 2**20


def set_aside(notebooks: list[str]) -> None:
    """Clean the folders of ``notebooks``, those of one submission; called in the course folder."""
    for folder in {Path(notebook).parent for notebook in notebooks}:
        _clean(folder, Path.cwd(), {Path(notebook).name for notebook in notebooks})


def _clean(folder: Path, course: Path, keep: set[str]) -> None:
    if folder.is_symlink():
        raise OSError(f"{folder} is a symbolic link: collect the submission again")
    moved: dict[str, list[str]] = {}
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent, name)
            if Path(parent) == folder and name in keep:
                continue
            reason = _why_not(path)
            if reason is not None:
                moved.setdefault(reason, []).append(str(path.relative_to(folder)))
                _move(path, course / ".bareme" / "set_aside")
    if moved:
        assignment, student = folder.name, folder.parent.name
        sentences = tuple(left_out(reason, names) for reason, names in moved.items())
        remember(course, assignment, student, (*recall(course, assignment, student), *sentences))


def _why_not(path: Path) -> str | None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        return "kind"
    return "size" if status.st_size > _MOST_BYTES else None


def _move(path: Path, aside: Path) -> None:
    aside.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = aside / f"{secrets.token_hex(8)}-{path.name[:100]}"
    try:
        os.rename(path, target)
    except OSError:  # another file system: of a link or a pipe nothing is lost
        if path.is_symlink() or not path.is_file():
            path.unlink()
        else:
            shutil.move(path, target)
