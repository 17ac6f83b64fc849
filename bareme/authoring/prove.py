"""``prove``: is a grader right about solutions that are known, and about the reference with every small mistake?

Nothing here knows an assignment: what is known of one is its specimens, and its reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from math import ceil
from pathlib import Path
from types import MappingProxyType

from bareme.authoring import claims, leaks
from bareme.authoring.attempts import Attempt, Done, busy_cores, rows, run
from bareme.authoring.equivalent import equivalents
from bareme.authoring.exercise_digest import exercise_digest
from bareme.authoring.mutants import Mutant, mutants
from bareme.authoring.proof import Claim, Kept, Proof
from bareme.authoring.specimens import Specimen, specimens
from bareme.grading.assignment import Assignment, exercises, read_source
from bareme.grading.digest import assignment_digest
from bareme.grading.engine import Engine
from bareme.grading.trial import Trial

#: Cells that a student may well write first, and that change how the same solution rounds.
_PREFACES = (
    "import torch; torch.set_num_threads(2)",
    "import torch; torch.set_num_threads(4)",
    "import torch; torch.set_default_dtype(torch.float64)",
)
_SEEDS = 5
#: Of a mutant that never ends in the visible tests, this many wall seconds are enough to see.
_MUTANTS_CELL_S = 5

#: Told a stage's name and its number of gradings; what it returns is called as each is done.
Watch = Callable[[str, int], Callable[[], object]]


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    mutants: of each exercise, 0 for all of them. repeats: gradings of specimens with other seeds. slack_s: CPU seconds
    for a mutant's check beyond five times what the reference used; 0 leaves it the check's own budget.
    """

    mutants: int
    repeats: int
    slack_s: float


THOROUGH = Effort(mutants=0, repeats=200, slack_s=0.0)
QUICK = Effort(mutants=16, repeats=12, slack_s=1.0)


def prove(
    course: Path,
    release: Path,
    assignment: Assignment,
    engine: Engine,
    watch: Watch,
    effort: Effort = THOROUGH,
    only: str = "",
    earlier: Mapping[str, Kept] = MappingProxyType({}),
) -> Proof:
    """Try the grader of ``assignment``: all its exercises, or ``only`` one. ``release`` holds what is handed out.

    Where an exercise is still the one of an ``earlier`` proof, what mutants and repeats showed there is taken over.

    Raises CourseError for a course file that can't be used, SandboxError when no sandbox can be had.
    """
    started = time.monotonic()
    names = [name for name in exercises(assignment) if only in ("", name)]
    digests = {name: exercise_digest(assignment, name) for name in names}
    kept = {name: earlier[name] for name in names if name in earlier and earlier[name].digest == digests[name]}
    known = [one for one in specimens(assignment) if one.exercise in names]
    reference = tuple(one for one in known if one.fate == "correct" and one.name == "reference")
    annotated = equivalents(assignment.grader)
    source = read_source(course, assignment.name)

    def grade(stage: str, attempts: Sequence[Attempt]) -> list[Done]:
        return run(assignment, attempts, engine, watch(stage, len(attempts)))

    seeds = grade("reference", [*(Attempt(reference, f"prover-{seed}") for seed in range(_SEEDS)), Attempt(())])
    blank = seeds.pop()
    settled = grade("specimens", _specimen_attempts(known))
    rounding = grade("rounding", [Attempt(reference, preface=cell) for cell in _PREFACES])
    witnessed = grade("hidden values", [Attempt(reference, trial=Trial(witness=True))])

    found = {one.exercise: mutants(one.exercise, one.source) for one in reference}
    tried = _picked({name: every for name, every in found.items() if name not in kept}, effort)
    trial = Trial(first_failure=True, most_cpu_s=_most_cpu_s(seeds, effort), cell_timeout_s=_MUTANTS_CELL_S)
    mutated = grade("mutants", [Attempt(row, trial=trial) for row in rows(tried)])

    again = _repeats([one for one in known if one.exercise not in kept], effort)
    half = len(again) // 2
    repeated = grade("repeats", again[:half])
    with busy_cores():
        repeated += grade("repeats, all cores busy", again[half:])

    proven: dict[str, list[Claim]] = {}
    counts: dict[str, dict[str, int]] = {}
    bounds: dict[str, float] = {}
    survivors: list[str] = []
    alive: list[Mutant]
    right = [done for done in settled if all(one.fate == "correct" for one in done[0].picked)]
    for name in names:
        if name in kept:
            mutation, repetition, bounds[name] = kept[name].mutants, kept[name].repeats, kept[name].bound
            numbers, alive = kept[name].counts, []
        else:
            mutation, numbers, alive = claims.mutants_claim(name, tried, mutated, annotated, found[name])
            repetition, repeated_numbers, bounds[name] = claims.repeats_claim(name, settled, repeated)
            numbers = {**numbers, **repeated_numbers}
        specimen = claims.specimens_claim(name, settled)
        proven[name] = [
            claims.reference_claim(name, seeds),
            claims.blank_claim(name, blank),
            specimen,
            mutation,
            repetition,
            claims.budgets_claim(name, seeds),
            claims.tolerances_claim(name, [*seeds, *rounding, *right]),
            claims.statements_claim(assignment, source, name, seeds[0], blank),
        ]
        own = sum(one.exercise == name for one in known)
        counts[name] = {"specimens": own, "specimens_right": own - len(specimen.problems)}
        counts[name] |= numbers
        text = next(one.source for one in reference if one.exercise == name)
        survivors += [f"{name} ({mutant.operator})\n{mutant.diff(text)}" for mutant in alive]
    everything = [*seeds, blank, *settled, *rounding, *mutated, *repeated]
    proven[""] = [_no_errors(everything), *_no_leaks(release, assignment, engine, known, settled, witnessed[0])]
    return Proof(
        assignment=assignment.name,
        digest=assignment_digest(course, assignment.name),
        complete=effort == THOROUGH and not only,
        claims=proven,
        counts=counts,
        bounds=bounds,
        digests=digests if effort == THOROUGH else {},
        wall_s=time.monotonic() - started,
        survivors=tuple(survivors),
    )


def _specimen_attempts(known: list[Specimen]) -> list[Attempt]:
    """Each specimen once. Hostile ones alone: they may cost the exercises after theirs. Slow ones alone, and first."""
    alone = [one for fate in ("slow", "hostile") for one in known if one.fate == fate]
    by_fate = [row for fate in ("correct", "wrong") for row in rows(one for one in known if one.fate == fate)]
    return [Attempt(picked) for picked in [*((one,) for one in alone), *by_fate]]


def _picked(found: dict[str, list[Mutant]], effort: Effort) -> dict[Specimen, Mutant]:
    """The mutants to try, as solutions; of too many, some of each kind."""
    tried = {}
    for name, every in found.items():
        step = ceil(len(every) / effort.mutants) if effort.mutants else 1
        by_kind = sorted(every, key=lambda mutant: mutant.operator)
        for number, mutant in enumerate(by_kind[::step]):
            tried[Specimen(name, "wrong", f"mutant {number}", mutant.source)] = mutant
    return tried


def _most_cpu_s(seeds: Sequence[Done], effort: Effort) -> dict[str, float]:
    if not effort.slack_s:
        return {}
    uses: dict[str, float] = {}
    for _, report in seeds:
        for exercise in report.exercises.values():
            for check in exercise.checks:
                uses[check.name] = max(uses.get(check.name, 0.0), check.usage.cpu_s)
    return {name: 5 * used + effort.slack_s for name, used in uses.items()}


def _repeats(known: list[Specimen], effort: Effort) -> list[Attempt]:
    """Right and wrong solutions by turns, each time with another seed."""
    turns = []
    for fate in ("correct", "wrong"):
        pools = [[one for one in known if (one.exercise, one.fate) == (name, fate)] for name in _names(known)]
        turns.append(zip(*(cycle(pool) for pool in pools if pool), strict=False))
    picked = islice((row for pair in zip(*turns, strict=False) for row in pair), effort.repeats)
    return [Attempt(row, f"prover-again-{number}") for number, row in enumerate(picked)]


def _names(known: list[Specimen]) -> list[str]:
    return list(dict.fromkeys(one.exercise for one in known))


def _no_errors(everything: Sequence[Done]) -> Claim:
    errors = sorted({error for _, report in everything for error in report.grader_errors})
    return Claim("grader", f"{len(everything)} gradings, {len(errors)} errors of the grader itself", tuple(errors))


def _no_leaks(
    folder: Path, assignment: Assignment, engine: Engine, known: list[Specimen], settled: list[Done], witnessed: Done
) -> list[Claim]:
    """Nothing secret in the release, and nothing in what feedback pages add to what a student wrote."""
    release = leaks.released_texts(assignment, folder / assignment.name)
    pages = [text for _, report in settled for text in leaks.feedback_texts(report)]
    solutions = leaks.solution_runs(assignment, [one for one in known if one.fate == "correct"])
    hidden = leaks.hidden_test_runs(assignment.grader)
    schemes = leaks.scheme_lines(assignment.source)
    known_to_all = [*release, leaks.told_to_all(assignment.grader)]
    values = set(witnessed[1].seen) - set(leaks.found_values(witnessed[1].seen, known_to_all))
    own = [
        text
        for attempt, report in settled
        if attempt.student == witnessed[0].student
        for text in leaks.feedback_texts(report)
    ]
    checked = [
        ("solutions", len(solutions), leaks.found_runs(solutions, [*release, *pages])),
        ("hidden tests", len(hidden), leaks.found_runs(hidden, [*release, *pages])),
        ("marking schemes", len(schemes), leaks.found_values(schemes, [*release, *pages])),
        ("hidden values", len(values), leaks.found_values(values, own)),
        (
            "secret key",
            1,
            ["it is written out"] if leaks.found_values(leaks.key_texts(engine.key), [*release, *pages]) else [],
        ),
    ]
    return [
        Claim(f"leaks: {what}", f"{len(found)} of {number} pieces", tuple(found)) for what, number, found in checked
    ]
