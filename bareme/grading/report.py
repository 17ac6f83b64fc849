"""The report: everything grading one submission produced, as plain values.

``Report.to_json()`` is the object ``bareme grade --json`` prints; `docs/report.md` describes it field by field.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from nbformat import NotebookNode

#: A check's outcome, one of a closed set (the only verdict vocabulary).
Verdict: TypeAlias = Literal["passed", "failed", "raised", "over_budget", "killed", "missing", "forbidden"]

#: The same sentence in each language of the course: ``{"fr": …, "en": …}``.
Text: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Usage:
    """What a check was seen to use, measured from outside the sandbox."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Check:
    """The outcome of one hidden test.

    ``verdict`` is None when the grader itself broke: the check earns nothing, and the report says so.
    ``tolerance_used`` is the largest part of the tolerance that an accepted comparison took, 0 to 1.
    ``misconception`` names the known wrong idea that the failure points to, if one was recognised.
    """

    name: str
    verdict: Verdict | None
    weight: float
    rationale: Text = field(default_factory=dict)
    hint: Text = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    limits: dict[str, float] = field(default_factory=dict)
    tolerance_used: float | None = None
    misconception: str | None = None


@dataclass(frozen=True)
class Exercise:
    """One exercise: its points, and the checks that share them by weight."""

    name: str
    points: float
    checks: tuple[Check, ...] = ()

    @property
    def score(self) -> float:
        """Points earned: ``points`` × weight of passed checks ÷ total weight; zero without checks."""
        total = sum(check.weight for check in self.checks)
        passed = sum(check.weight for check in self.checks if check.verdict == "passed")
        return self.points * passed / total if total > 0 else 0.0


@dataclass(frozen=True)
class Report:
    """Everything grading one submission produced.

    ``problems`` are sentences for the student (a refused notebook, a missing cell…); ``grader_errors`` are for the
    instructor alone. ``notebook`` is the rebuilt and executed notebook, with outputs that are safe to show.
    ``seen`` is what :class:`bareme.grading.trial.Trial` asks for: hidden values, never written anywhere.
    """

    assignment: str
    student: str
    exercises: dict[str, Exercise]
    problems: tuple[Text, ...] = ()
    grader_errors: tuple[str, ...] = ()
    wall_s: float = 0.0
    notebook: NotebookNode | None = None
    seen: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        return sum(exercise.score for exercise in self.exercises.values())

    @property
    def max_score(self) -> float:
        return sum(exercise.points for exercise in self.exercises.values())

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict, without the notebook and what was seen."""
        return {
            "assignment": self.assignment,
            "student": self.student,
            "score": self.score,
            "max_score": self.max_score,
            "problems": list(self.problems),
            "grader_errors": list(self.grader_errors),
            "wall_s": self.wall_s,
            "exercises": {
                name: {
                    "score": exercise.score,
                    "points": exercise.points,
                    "checks": [asdict(check) for check in exercise.checks],
                }
                for name, exercise in self.exercises.items()
            },
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Report:
        """The report that :meth:`to_json` gave this for. Raises KeyError or TypeError for anything else."""
        graded = {
            name: Exercise(
                name,
                told["points"],
                tuple(Check(**{**check, "usage": Usage(**check["usage"])}) for check in told["checks"]),
            )
            for name, told in value["exercises"].items()
        }
        return cls(
            value["assignment"],
            value["student"],
            graded,
            tuple(value["problems"]),
            tuple(value["grader_errors"]),
            value["wall_s"],
        )
