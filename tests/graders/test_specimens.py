"""Every specimen of every assignment ends as its folder says: the graders, graded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bareme.authoring.attempts import Attempt, rows, run
from bareme.authoring.specimens import filled, mistake, specimens
from bareme.grading.assignment import exercises, load_assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import grade
from bareme.grading.submission import Submission

pytestmark = pytest.mark.slow
COURSE = Path(__file__).resolve().parents[2]
_AT_ONCE = 4
ASSIGNMENTS = sorted(path.name for path in (COURSE / "source").iterdir() if path.is_dir())


def attempts() -> Iterator[tuple[str, list[Attempt]]]:
    """Submissions that together hold every specimen: one of each exercise at a time, as no exercise costs another.

    Hostile ones come alone: what they break in their own kernel may cost the exercises after theirs.
    """
    for name in ASSIGNMENTS:
        known = specimens(load_assignment(COURSE, name))
        together = rows(one for one in known if one.fate != "hostile")
        every = [Attempt(picked) for picked in [*together, *((one,) for one in known if one.fate == "hostile")]]
        for first in range(0, len(every), _AT_ONCE):
            yield name, every[first : first + _AT_ONCE]


@pytest.fixture(scope="module")
def all_cores() -> Iterator[Engine]:
    with Engine("full", key=b"a key for tests only", workers=len(os.sched_getaffinity(0))) as warm:
        yield warm


@pytest.mark.parametrize(("name", "chosen"), attempts(), ids=lambda value: value if isinstance(value, str) else "")
def test_each_ends_as_its_folder_says(all_cores: Engine, name: str, chosen: list[Attempt]) -> None:
    wrong = []
    for attempt, report in run(load_assignment(COURSE, name), chosen, all_cores, lambda: None):
        assert report.grader_errors == ()
        for one in attempt.picked:
            why = mistake(report.exercises[one.exercise], one)
            if why:
                wrong.append(f"{one.fate}/{one.exercise}/{one.name}: {why}")
    assert not wrong


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_exercise_has_its_specimens(name: str) -> None:
    assignment = load_assignment(COURSE, name)
    known = specimens(assignment)
    for exercise in exercises(assignment):
        fates = [one.fate for one in known if one.exercise == exercise]
        assert fates.count("correct") >= 3, "the reference and two others"
        assert fates.count("wrong") >= 3 and "slow" in fates and "hostile" in fates, exercise


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_blank_release_earns_nothing(engine: Engine, name: str) -> None:
    assignment = load_assignment(COURSE, name)
    report = grade(assignment, Submission("ada", filled(assignment, {})), engine)
    assert report.score == 0 and report.grader_errors == ()
    verdicts = {check.verdict for exercise in report.exercises.values() for check in exercise.checks}
    assert verdicts == {"missing"}
