"""Every specimen of every assignment ends as its folder says: the graders, graded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bareme.authoring.specimens import Specimen, filled, mistake, specimens
from bareme.grading.assignment import exercises, load_assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import grade
from bareme.grading.submission import Submission

pytestmark = pytest.mark.slow
COURSE = Path(__file__).resolve().parents[2]
ASSIGNMENTS = sorted(path.name for path in (COURSE / "source").iterdir() if path.is_dir())


def classes() -> Iterator[tuple[str, dict[str, Specimen]]]:
    """Submissions that together hold every specimen: one of each exercise at a time, as no exercise costs another.

    Hostile ones come alone: what they break in their own kernel may cost the exercises after theirs.
    """
    for name in ASSIGNMENTS:
        assignment = load_assignment(COURSE, name)
        known = specimens(assignment)
        by_exercise = {
            exercise: [one for one in known if one.exercise == exercise and one.fate != "hostile"]
            for exercise in exercises(assignment)
        }
        for row in range(max(map(len, by_exercise.values()))):
            yield name, {exercise: ones[row] for exercise, ones in by_exercise.items() if row < len(ones)}
        for one in known:
            if one.fate == "hostile":
                yield name, {one.exercise: one}


@pytest.mark.parametrize(
    ("name", "picked"), classes(), ids=lambda value: value if isinstance(value, str) else _label(value)
)
def test_each_ends_as_its_folder_says(engine: Engine, name: str, picked: dict[str, Specimen]) -> None:
    assignment = load_assignment(COURSE, name)
    notebook = filled(assignment, {exercise: one.source for exercise, one in picked.items()})
    report = grade(assignment, Submission("ada", notebook), engine)
    assert report.grader_errors == ()
    wrong = {
        f"{one.fate}/{one.exercise}/{one.name}": mistake(report.exercises[one.exercise], one) for one in picked.values()
    }
    assert not {where: why for where, why in wrong.items() if why}


def _label(picked: dict[str, Specimen]) -> str:
    return " ".join(f"{one.fate}/{one.name}" for one in picked.values())


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
