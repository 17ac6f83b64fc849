"""The claims about one exercise: each takes what was observed, and says what was found and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nbformat import NotebookNode

from bareme.authoring import statements
from bareme.authoring.attempts import Done
from bareme.authoring.equivalent import FILE, Change, change
from bareme.authoring.mutants import Mutant
from bareme.authoring.proof import Claim
from bareme.authoring.rates import upper_bound
from bareme.authoring.specimens import TOLERANCE, Specimen, mistake
from bareme.grading.assignment import Assignment
from bareme.grading.report import Check, Exercise

#: A budget leaves this many times what the reference used; rounding takes one part in as many of a tolerance.
MARGIN = 3
_USES = (("cpu_s", "CPU seconds"), ("wall_s", "wall seconds"), ("peak_bytes", "bytes"))


def seen_of(done: Iterable[Done], name: str) -> Iterator[tuple[Specimen, Exercise]]:
    """Each solution of the exercise that was graded, and what became of it."""
    for attempt, report in done:
        for one in attempt.picked:
            if one.exercise == name:
                yield one, report.exercises[name]


def reference_claim(name: str, done: Sequence[Done]) -> Claim:
    lost = [
        f"{report.exercises[name].score:g} of {report.exercises[name].points:g} points as {attempt.student}: "
        + ", ".join(
            f"{check.name} {check.verdict}" for check in report.exercises[name].checks if check.verdict != "passed"
        )
        for attempt, report in done
        if abs(report.exercises[name].score - report.exercises[name].points) > TOLERANCE
    ]
    return Claim("reference", f"all points with {len(done) - len(lost)} of {len(done)} seeds", tuple(lost))


def blank_claim(name: str, blank: Done) -> Claim:
    score = blank[1].exercises[name].score
    return Claim("blank release", f"{score:g} points", ("it earns points",) if score else ())


def specimens_claim(name: str, settled: Sequence[Done]) -> Claim:
    ends = {one: mistake(exercise, one) for one, exercise in seen_of(settled, name)}
    wrong = tuple(f"{one.fate}/{one.name}: {why}" for one, why in ends.items() if why)
    return Claim("specimens", f"{len(ends) - len(wrong)} of {len(ends)} as their folders say", wrong)


def mutants_claim(
    name: str,
    tried: Mapping[Specimen, Mutant],
    done: Sequence[Done],
    annotated: Mapping[Change, str],
    known: Sequence[Mutant],
) -> tuple[Claim, dict[str, int], list[Mutant]]:
    """The claim, its numbers, and the mutants that should have been killed."""
    killed = {
        tried[one]: any(check.verdict != "passed" for check in exercise.checks) for one, exercise in seen_of(done, name)
    }
    own = {this: reason for this, reason in annotated.items() if this[0] == name}
    alive = [mutant for mutant, dead in killed.items() if not dead and change(mutant) not in own]
    problems = [f"survives ({mutant.operator}): {mutant.before} → {mutant.after or '(nothing)'}" for mutant in alive]
    problems += [
        f"{FILE}: killed after all: {mutant.before}"
        for mutant, dead in killed.items()
        if dead and change(mutant) in own
    ]
    changes = {change(mutant) for mutant in known}
    problems += [f"{FILE}: no mutant makes this change: {this[1]} → {this[2]}" for this in own if this not in changes]
    equivalent = sum(not dead for dead in killed.values()) - len(alive)
    dead = sum(killed.values())
    numbers = {"mutants": len(killed), "mutants_killed": dead, "mutants_equivalent": equivalent}
    rate = dead / max(1, len(killed) - equivalent)
    some = "" if len(killed) == len(known) else f", of {len(known)} in all"
    found = f"{dead} of {len(killed)} killed, {equivalent} equivalent: {rate:.0%}{some}"
    return Claim("mutants", found, tuple(problems)), numbers, alive


def repeats_claim(name: str, settled: Sequence[Done], again: Sequence[Done]) -> tuple[Claim, dict[str, int], float]:
    """The claim, its numbers, and an upper bound on the rate at which a right solution fails."""
    usual = {one: _verdicts(exercise) for one, exercise in seen_of(settled, name)}
    flips, right, failed = [], 0, 0
    repeats = list(seen_of(again, name))
    for one, exercise in repeats:
        changed = sorted(set(_verdicts(exercise).items()) ^ set(usual[one].items()), key=str)
        if changed:
            flips.append(f"{one.fate}/{one.name}: " + ", ".join(f"{check} {verdict}" for check, verdict in changed))
        right += one.fate == "correct"
        failed += one.fate == "correct" and exercise.score < exercise.points - TOLERANCE
    bound = upper_bound(failed, right)
    found = (
        f"{len(repeats)} with other seeds, half of them while all cores were busy: {len(flips)} verdicts changed; "
        f"a right solution loses points in less than {bound:.1%} of gradings (95 % confidence)"
    )
    return Claim("repeats", found, tuple(flips)), {"repeats": len(repeats), "flips": len(flips)}, bound


def _verdicts(exercise: Exercise) -> dict[str, str | None]:
    return {check.name: check.verdict for check in exercise.checks}


def budgets_claim(name: str, done: Sequence[Done]) -> Claim:
    """Budgets are at least MARGIN times what the reference used at most, and so are ratios."""
    least, problems = float("inf"), []
    for _, exercise in seen_of(done, name):
        for check in exercise.checks:
            for what, margin in _margins(check):
                least = min(least, margin)
                if margin < MARGIN:
                    problems.append(f"{check.name}: {what}: {margin:.1f} times the reference's use, less than {MARGIN}")
    return Claim("budgets", f"at least {least:.1f} times the reference's use", tuple(sorted(set(problems))))


def _margins(check: Check) -> Iterator[tuple[str, float]]:
    for what, words in _USES:
        used = getattr(check.usage, what)
        if used and what in check.limits:
            yield words, check.limits[what] / used
    if "ratio" in check.limits:
        yield "ratio", check.limits["ratio"]


def tolerances_claim(name: str, done: Sequence[Done]) -> Claim:
    """Rounding alone, of any right solution that was seen, stays well inside every tolerance."""
    used: dict[str, float] = {}
    for _, exercise in seen_of(done, name):
        for check in exercise.checks:
            if check.tolerance_used is not None:
                used[check.name] = max(check.tolerance_used, used.get(check.name, 0.0))
    if not used:
        return Claim("tolerances", "none: everything is compared exactly")
    near = [f"{check}: rounding takes {part:.0%} of the tolerance" for check, part in used.items() if part * MARGIN > 1]
    most = max(used.values())
    return Claim(
        "tolerances", f"rounding takes at most {most:.2g} of one (seeds, dtypes, threads, other solutions)", tuple(near)
    )


def statements_claim(assignment: Assignment, source: NotebookNode, name: str, first: Done, blank: Done) -> Claim:
    """Both languages, visible tests, and words for each check.

    Rationales are taken from the reference's report, hints from the blank's: other outcomes put words of their own.
    """
    problems = [*statements.missing_statements(source, name), *statements.missing_visible_tests(assignment, name)]
    problems += statements.missing_texts(
        "rationale", {check.name: check.rationale for check in first[1].exercises[name].checks}
    )
    problems += statements.missing_texts("hint", {check.name: check.hint for check in blank[1].exercises[name].checks})
    return Claim("statements", "both languages, visible tests, a rationale and a hint for each check", tuple(problems))
