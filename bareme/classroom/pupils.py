"""A class of submissions made from specimens: what each student hands in, and what must become of it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from bareme.authoring.specimens import Specimen, cell_of, filled, specimens
from bareme.grading.assignment import Assignment, exercises


@dataclass(frozen=True)
class Pupil:
    """One submission: ``write`` puts its files into a folder; ``fates`` says what must become of each exercise."""

    name: str
    about: str
    fates: dict[str, Specimen]
    write: Callable[[Path], object]


def pupils(assignment: Assignment, count: int) -> list[Pupil]:
    """A class: right, partly right, wrong, slow, hostile, and notebooks broken in every known way."""
    known = specimens(assignment)
    names = [f"{_FIRST_NAMES[n % len(_FIRST_NAMES)]}{n // len(_FIRST_NAMES) or ''}" for n in range(count)]
    makers = itertools.chain(_fixed(assignment, known), _mixed(assignment, known))
    return [maker(name) for name, maker in zip(names, makers, strict=False)]


_FIRST_NAMES = (
    "ada alan amina blaise camille chloe emile farid grace henri ines jules karim lea manon nadia "
    "oscar paul rosa sofia theo ursula victor wendy yann zoe"
).split()

_Maker = Callable[[str], Pupil]


def _fixed(assignment: Assignment, known: list[Specimen]) -> Iterator[_Maker]:
    """The submissions that every class has."""
    right = _choice(known, "correct", "reference")
    other = {one.exercise: one for one in known if one.fate == "correct" and one.name != "reference"}
    yield _plain(assignment, "right: the reference", right)
    yield _plain(assignment, "right: another way", {**right, **other})
    yield _broken(assignment, "broken JSON", lambda path: path.write_text('{"cells": [', encoding="utf-8"))
    yield _broken(assignment, "nbformat 3", _write_version_3)
    yield _broken(assignment, "another kernel language", lambda path: _write_other_language(assignment, path))
    yield _broken(assignment, "100 MB of outputs", lambda path: _write_huge(assignment, path))
    yield _broken(assignment, "a symbolic link for a notebook", lambda path: path.symlink_to("/etc/hostname"))
    yield _broken(assignment, "a named pipe for a notebook", lambda path: os.mkfifo(path))
    yield _plain(assignment, "blank", {})
    last = list(right)[-1]
    yield _plain(assignment, "a cell deleted", {name: one for name, one in right.items() if name != last}, drop=last)
    for fate in ("slow", "hostile"):
        bad = {one.exercise: one for one in known if one.fate == fate}
        yield _plain(assignment, fate, {**right, **bad})


def _mixed(assignment: Assignment, known: list[Specimen]) -> Iterator[_Maker]:
    """Partly right ones, without end: each wrong specimen meets right ones of the other exercises."""
    right = _choice(known, "correct", "reference")
    wrong = {name: [one for one in known if one.exercise == name and one.fate == "wrong"] for name in right}
    for turn in itertools.count():
        picked = dict(right)
        for place, (name, choices) in enumerate(wrong.items()):
            if choices and (turn + place) % 3 != 0:
                picked[name] = choices[turn % len(choices)]
        yield _plain(assignment, "partly right", picked)


def _choice(known: list[Specimen], fate: str, name: str) -> dict[str, Specimen]:
    return {one.exercise: one for one in known if (one.fate, one.name) == (fate, name)}


def _plain(assignment: Assignment, about: str, picked: dict[str, Specimen], drop: str = "") -> _Maker:
    """A student who filled in ``picked``, and deleted the cell ``drop``."""

    def write(folder: Path) -> None:
        notebook = filled(assignment, {name: one.source for name, one in picked.items()})
        notebook.cells = [cell for cell in notebook.cells if not drop or cell is not cell_of(notebook, drop)]
        nbformat.write(notebook, folder / f"{assignment.name}.ipynb")

    fates = {name: picked.get(name, Specimen(name, "missing", "blank", "")) for name in exercises(assignment)}
    return lambda name: Pupil(name, about, fates, write)


def _broken(assignment: Assignment, about: str, write: Callable[[Path], object]) -> _Maker:
    fates = {name: Specimen(name, "missing", about, "") for name in exercises(assignment)}
    return lambda name: Pupil(name, about, fates, lambda folder: write(folder / f"{assignment.name}.ipynb"))


def _write_version_3(path: Path) -> None:
    cells = [{"cell_type": "code", "input": "1 + 1", "language": "python", "outputs": [], "metadata": {}}]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    path.write_text(json.dumps(old), encoding="utf-8")


def _write_other_language(assignment: Assignment, path: Path) -> None:
    notebook = filled(assignment, {})
    notebook.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    notebook.metadata["language_info"] = {"name": "R"}
    nbformat.write(notebook, path)


def _write_huge(assignment: Assignment, path: Path) -> None:
    notebook = filled(assignment, {})
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", name="stdout", text="x" * 100_000_000)]
    nbformat.write(notebook, path)
