"""This process's own temporary folder: the sockets of its sandboxes, and what is sent into them.

One a process, private (0700), removed when the process ends; those of processes that were killed are swept at the
next start.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

_PREFIX = "bareme-"
_LONGEST_SOCKET_PATH = 107  # sun_path of unix(7), less its final NUL


@functools.cache
def folder() -> Path:
    """The folder, made at the first call."""
    _sweep()
    path = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")).resolve()
    atexit.register(_remove, path, os.getpid())
    return path


def new_sandbox_folder() -> Path:
    """A new folder for one sandbox's sockets. Raises OSError where a socket's path would be too long."""
    path = Path(tempfile.mkdtemp(prefix="k", dir=folder()))
    if len(os.fsencode(path / "in" / "work" / "output")) > _LONGEST_SOCKET_PATH:
        raise OSError(f"the path {path} is too long for a socket: set TMPDIR to a shorter folder, such as /tmp")
    return path


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a forked child that ends by the ordinary way
        remove(path)


def remove(path: Path) -> None:
    """Remove a folder, whatever a student made of it: deeper than Python can go, or closed to its own owner."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
    except (OSError, RecursionError):
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(path)], capture_output=True, check=False)


def _sweep() -> None:
    """Remove folders of our own whose process is gone."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        match = re.fullmatch(rf"{_PREFIX}(\d+)-.*", path.name)
        if match is None or path.is_symlink() or os.path.exists(f"/proc/{match[1]}"):
            continue
        try:
            if path.stat().st_uid == os.geteuid():
                remove(path)
        except FileNotFoundError:
            pass  # another process sweeps too
