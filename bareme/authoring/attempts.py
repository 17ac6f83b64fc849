"""Attempts: gradings of known solutions, many side by side."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass

from nbformat.v4 import new_code_cell

from bareme.authoring.specimens import Specimen, filled
from bareme.grading.assignment import Assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import start_grading
from bareme.grading.report import Report
from bareme.grading.submission import Submission
from bareme.grading.trial import STUDENTS, Trial


@dataclass(frozen=True)
class Attempt:
    """A submission made of known solutions, one for each of some exercises.

    Hidden inputs are seeded from ``student``. ``preface`` is a cell of the student's own, before all others.
    """

    picked: tuple[Specimen, ...]
    student: str = "prover"
    preface: str = ""
    trial: Trial = STUDENTS


Done = tuple[Attempt, Report]


def run(
    assignment: Assignment, attempts: Sequence[Attempt], engine: Engine, advance: Callable[[], object]
) -> list[Done]:
    """Grade every attempt, as many at once as the engine has workers. ``advance`` is called as each one is done."""
    futures = {start_grading(assignment, _submission(assignment, one), engine, one.trial): one for one in attempts}
    try:
        for future in as_completed(futures):
            future.result()  # whatever stops grading stops the proof
            advance()
    finally:
        for future in futures:
            future.cancel()
    return [(attempt, future.result()) for future, attempt in futures.items()]


def _submission(assignment: Assignment, attempt: Attempt) -> Submission:
    notebook = filled(assignment, {one.exercise: one.source for one in attempt.picked})
    if attempt.preface:
        notebook.cells.insert(0, new_code_cell(attempt.preface, id="preface"))
    return Submission(attempt.student, notebook)


def rows(solutions: Iterable[Specimen]) -> Iterator[tuple[Specimen, ...]]:
    """Solutions of different exercises side by side: as no exercise costs another, one submission tries several."""
    by_exercise: dict[str, list[Specimen]] = {}
    for one in solutions:
        by_exercise.setdefault(one.exercise, []).append(one)
    for row in itertools.zip_longest(*by_exercise.values()):
        yield tuple(one for one in row if one is not None)


@contextmanager
def busy_cores() -> Iterator[None]:
    """One process that never rests for each core that this one may use."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
