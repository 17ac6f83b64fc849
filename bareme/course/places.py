"""Where the course's files lie, and whether they are whole."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from importlib import resources
from pathlib import Path

from bareme.course.profiles import Checkpoint, CourseFileError

#: Beside the files of a folder: their SHA-256, by name.
DIGESTS = "sha256.json"
#: The environment variable that names the folder of what `bareme models fetch` made.
VARIABLE = "BAREME_CACHE"


def package_folder(name: str) -> Path:
    """A folder of this package."""
    return Path(str(resources.files("bareme.course"))) / name


def cache_folder() -> Path:
    """Where fetched models are kept: ``$BAREME_CACHE``, or ``bareme`` in the user's cache folder."""
    told = os.environ.get(VARIABLE)
    if told:
        return Path(told)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bareme"


def checkpoint_folder(checkpoint: Checkpoint) -> Path:
    """The verified folder of a checkpoint. Raises CourseFileError that names the file and the remedy."""
    shipped = checkpoint.origin == "shipped"
    folder = package_folder("weights") / checkpoint.folder if shipped else cache_folder() / checkpoint.folder
    remedy = "install the package bareme again" if shipped else "run `bareme models fetch`"
    verify(folder, remedy)
    return folder


@cache  # files do not change under a running process; a notebook may load a model many times
def verify(folder: Path, remedy: str) -> None:
    """Raises CourseFileError when a file of ``folder`` is missing, or is not the one whose digest is noted there."""
    try:
        digests = json.loads((folder / DIGESTS).read_text("utf-8"))
    except FileNotFoundError:
        raise CourseFileError(f"{folder}: it is not there: {remedy}") from None
    except ValueError as error:
        raise CourseFileError(f"{folder / DIGESTS}: damaged ({error}): {remedy}") from None
    for name, digest in digests.items():
        path = folder / name
        try:
            whole = hashlib.sha256(path.read_bytes()).hexdigest() == digest
        except OSError as error:
            raise CourseFileError(f"{path}: {error.strerror}: {remedy}") from None
        if not whole:
            raise CourseFileError(f"{path}: damaged, its SHA-256 is not the one noted in {DIGESTS}: {remedy}")


def note_digests(folder: Path) -> None:
    """Write the digests of the folder's files, as they are now."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in (DIGESTS, "README.md"))
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    (folder / DIGESTS).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
