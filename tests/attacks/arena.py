"""The course that the attacks are tried on, and what they are tried with."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from bareme.grading.assignment import Assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import grade
from bareme.grading.report import Report
from bareme.grading.submission import Submission
from bareme.sandbox import supervisor
from tests.tiny import KERNELSPEC, STUB, grade_cell, solution

#: Stands in every hidden file of the course. Nothing that student code finds may hold it.
SECRET = "bareme-canary-9d1f"

SQUARES = "def squares(x):\n    return [item * item for item in x]"
SCALE = "import torch\n\ndef scale(x):\n    return torch.softmax(x, -1)"
RANK = "def rank(x):\n    return sorted(x)"
HONEST = {"squares": SQUARES, "scale": SCALE, "rank": RANK}
POINTS = {"squares": 2.0, "scale": 3.0, "rank": 1.0}
FULL_MARKS = sum(POINTS.values())

#: The reference is slow on purpose, so that a limit is soon passed and the rounds are short.
SLOW_RANK = """
def rank(x):
    out = []
    for item in x:
        place = 0
        while place < len(out) and out[place] < item:
            place += 1
        out.insert(place, item)
    return out
"""

GRADER = f"""
    # {SECRET}
    import pytest
    import torch
    from bareme.grading.checks import close, say

    WHY = say(fr="La valeur.", en="The value.")

    @pytest.mark.exercise("squares")
    @pytest.mark.check(rationale=WHY, hint=WHY)
    @pytest.mark.budget(cpu=1, wall=3, memory=2**28)
    def test_squares(student, rng):
        expected_secret = [rng.randrange(2, 1000) for _ in range(5)]
        got = student.squares(list(expected_secret))
        assert type(got) is list and got == [item * item for item in expected_secret]

    @pytest.mark.exercise("scale")
    @pytest.mark.check(rationale=WHY, hint=WHY)
    @pytest.mark.budget(cpu=1, wall=3, memory=2**28)
    def test_scale(student, reference, torch_rng):
        x = torch.randn(3, 4, generator=torch_rng)
        first = student.scale(x)
        assert close(first, reference.scale(x))  # the reference meets the same tensor after the student
        seen = student.observe("scale", x)
        assert close(seen.value, torch.softmax(x, -1))
        assert torch.equal(seen.args[0], x)

    @pytest.mark.exercise("rank")
    @pytest.mark.check(rationale=WHY, hint=WHY)
    @pytest.mark.budget(cpu=20, wall=30, ratio=1.0)
    def test_rank(race):
        def make(rng):
            return ([rng.randrange(10**9) for _ in range(300)],), {{}}
        race("rank", make=make, same=lambda value, wanted: value == wanted)
"""


def notebook(**answers: str) -> NotebookNode:
    """A submission: honest but for the cells that are given."""
    cells = []
    for name, source in {**HONEST, **answers}.items():
        cells.append(solution(name, source))
        cells.append(grade_cell(name, POINTS[name], f"assert callable({name})"))
    return new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})


def make_course(root: Path) -> Assignment:
    """A course folder with a secret in each file that students may not see."""
    grader = root / "graders" / "arena"
    grader.mkdir(parents=True)
    (grader / "test_arena.py").write_text(textwrap.dedent(GRADER), encoding="utf-8")
    for name in ("source/arena/arena.ipynb", "submitted/bob/arena/arena.ipynb", "gradebook.db", ".bareme/secret"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(SECRET, encoding="utf-8")
    release = notebook(**{name: STUB.format(name=name) for name in HONEST})
    return Assignment("arena", release, notebook(rank=SLOW_RANK), grader, "en")


@dataclass(frozen=True)
class Arena:
    """One engine at one level, and the course."""

    engine: Engine
    course: Path
    assignment: Assignment

    @property
    def level(self) -> supervisor.Level:
        return self.engine.level

    def grade(self, *, student: str = "eve", files: dict[str, bytes] | None = None, **answers: str) -> Report:
        return grade(self.assignment, Submission(student, notebook(**answers), files or {}), self.engine)

    def grade_whole(self, submitted: NotebookNode) -> Report:
        return grade(self.assignment, Submission("eve", submitted), self.engine)

    def look(self, body: str, *, files: dict[str, bytes] | None = None) -> list[object]:
        """What the lines ``body`` append to ``found``, run in a cell and, again, in a check: both must not differ.

        The check tells by raising, which earns nothing but is shown to the student: his own way to tell himself.
        """
        report = self.grade(squares=LOOKING.format(body=textwrap.indent(textwrap.dedent(body), "    ")), files=files)
        assert report.exercises["squares"].score == 0
        in_cell = _told(str(report.notebook.cells[0].outputs))
        in_check = _told(rationale(report, "squares"))
        assert len(in_cell) == len(in_check), (in_cell, in_check)
        return [*in_cell, *in_check]

    def zygote(self) -> int:
        return supervisor.zygote(self.level).process.pid


LOOKING = """
import json
def _look():
    found = []
{body}
    return "<<" + json.dumps(found).replace('"', "|").replace("|", "~") + ">>"
print(_look())
def squares(x):
    raise LookupError(_look())
"""


def _told(text: str) -> list[object]:
    match = re.search(r"<<(.*)>>", text)
    assert match is not None, f"the attack did not run to its end: {text[:2000]}"
    told: list[object] = json.loads(match[1].replace("~", '"'))
    return told


def rationale(report: Report, exercise: str) -> str:
    return report.exercises[exercise].checks[0].rationale["en"]


def verdict(report: Report, exercise: str) -> str | None:
    (check,) = report.exercises[exercise].checks
    return check.verdict


Graded = Callable[..., Report]
