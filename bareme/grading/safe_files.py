"""Reading files that a student placed: regular ones only, without following a link or waiting on a pipe."""

from __future__ import annotations

import itertools
import os
import stat
import unicodedata
from pathlib import Path

from bareme.grading.checks import say
from bareme.grading.report import Text
from bareme.grading.safe_text import plain

MOST_FILES = 200
MOST_TOTAL_BYTES = 16 * 2**20
_MOST_ENTRIES = 2_000
_MOST_DEPTH = 8
_MOST_NAMED = 5

#: What Jupyter, Python, git and nbgrader leave beside a notebook: of no use to it, and no fault of the student's.
_IGNORED = frozenset({".ipynb_checkpoints", "__pycache__", ".pytest_cache", ".git", ".DS_Store", "timestamp.txt"})

_KINDS = {
    stat.S_IFLNK: say(fr="un lien symbolique", en="a symbolic link"),
    stat.S_IFIFO: say(fr="un tube nommé (FIFO)", en="a named pipe (FIFO)"),
    stat.S_IFSOCK: say(fr="une socket", en="a socket"),
    stat.S_IFCHR: say(fr="un périphérique", en="a device"),
    stat.S_IFBLK: say(fr="un périphérique", en="a device"),
    stat.S_IFDIR: say(fr="un dossier", en="a directory"),
}

_SKIPPED = {
    "kind": say(fr="ce ne sont pas des fichiers ordinaires", en="they are not regular files"),
    "name": say(fr="leur nom n'est pas admis", en="their names are not allowed"),
    "unreadable": say(fr="ils ne peuvent pas être lus", en="they can't be read"),
    "depth": say(fr=f"plus de {_MOST_DEPTH} dossiers les contiennent", en=f"more than {_MOST_DEPTH} folders deep"),
    "count": say(fr=f"il y en a plus de {MOST_FILES}", en=f"there are more than {MOST_FILES}"),
    "size": say(
        fr=f"le tout dépasse {MOST_TOTAL_BYTES // 2**20} Mio",
        en=f"all together exceed {MOST_TOTAL_BYTES // 2**20} MiB",
    ),
}


class NotRegular(OSError):
    """A name that leads to something else than a regular file; ``kind`` says to what."""

    def __init__(self, mode: int) -> None:
        self.kind = _KINDS.get(stat.S_IFMT(mode), say(fr="un objet inconnu", en="an unknown object"))
        super().__init__(self.kind["en"])


class TooLarge(OSError):
    """A file beyond the limit; ``size`` is what is known of its bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"{size} bytes")


def open_folder(path: Path | str, dir_fd: int | None = None) -> int:
    """A descriptor of a directory that is not reached by a symbolic link. Raises NotRegular or OSError."""
    mode = os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode
    if not stat.S_ISDIR(mode):
        raise NotRegular(mode)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)


def read_regular(name: str, dir_fd: int, limit: int) -> bytes:
    """The bytes of a regular file, ``limit`` at most. Raises NotRegular, TooLarge or OSError.

    Looked at before it is opened, as opening a device may act on it; and after, as it may have been exchanged.
    """
    mode = os.stat(name, dir_fd=dir_fd, follow_symlinks=False).st_mode
    if not stat.S_ISREG(mode):
        raise NotRegular(mode)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with open(os.open(name, flags, dir_fd=dir_fd), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise NotRegular(found.st_mode)
        if found.st_size > limit:
            raise TooLarge(found.st_size)
        content = file.read(limit + 1)  # it may grow meanwhile
    if len(content) > limit:
        raise TooLarge(len(content))
    return content


def extra_files(folder: int, notebook_name: str) -> tuple[dict[str, bytes], tuple[Text, ...]]:
    """The files beside the notebook by relative POSIX name, and a sentence on each kind that was left out."""
    walk = _Walk(notebook_name)
    walk.folder(folder, "", 1)
    return walk.files, tuple(left_out(reason, names) for reason, names in walk.skipped.items())


class _Walk:
    """One walk over a submission, bounded in files, bytes, depth and names looked at."""

    def __init__(self, notebook_name: str) -> None:
        self.files: dict[str, bytes] = {}
        self.skipped: dict[str, list[str]] = {}
        self._notebook_name = notebook_name
        self._entries_left, self._bytes_left = _MOST_ENTRIES, MOST_TOTAL_BYTES

    def folder(self, folder: int, prefix: str, depth: int) -> None:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in itertools.islice(entries, self._entries_left + 1))
        except OSError:
            return self._skip("unreadable", prefix)
        for name in names:
            if name in _IGNORED or prefix + name == self._notebook_name:
                continue
            if self._entries_left == 0:
                return self._skip("count", prefix + name)
            self._entries_left -= 1
            if not _safe(name):
                self._skip("name", prefix + name)
                continue
            try:
                self._entry(name, folder, prefix, depth)
            except NotRegular:
                self._skip("kind", prefix + name)
            except TooLarge:
                self._skip("size", prefix + name)
            except OSError:
                self._skip("unreadable", prefix + name)

    def _entry(self, name: str, folder: int, prefix: str, depth: int) -> None:
        if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            if len(self.files) == MOST_FILES:
                return self._skip("count", prefix + name)
            content = read_regular(name, folder, self._bytes_left)
            self._bytes_left -= len(content)
            self.files[prefix + name] = content
        elif depth == _MOST_DEPTH:
            self._skip("depth", prefix + name)
        else:
            inner = open_folder(name, folder)
            try:
                self.folder(inner, f"{prefix}{name}/", depth + 1)
            finally:
                os.close(inner)

    def _skip(self, reason: str, name: str) -> None:
        self.skipped.setdefault(reason, []).append(name)


def _safe(name: str) -> bool:
    """No option (-x), no parent folder, nothing invisible; bytes that are not UTF-8 show up as surrogates."""
    odd = any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name)
    return not odd and not name.startswith("-") and name not in ("", ".", "..")


def left_out(reason: str, names: list[str]) -> Text:
    shown = ", ".join(plain(name, 60).strip() or "?" for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    why = _SKIPPED[reason]
    return say(
        fr=f"Des fichiers ont été laissés de côté, car {why['fr']} : {shown}{f' et {more} autres' * (more > 0)}.",
        en=f"Some files were left out, as {why['en']}: {shown}{f' and {more} more' * (more > 0)}.",
    )
