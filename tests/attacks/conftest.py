"""The attacked: an assignment in which one check can't be passed honestly, and one course full of secrets.

`forge` asks for a number that only the checker knows: whoever gets a point there forged it. `loot` returns what its
author could lay hands on: its check fails when a secret is among it. `fast` is timed against the reference. `honest`
is easy: that a later submission passes it shows that the engine is well.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from bareme.grading.assignment import Assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import start_grading
from bareme.grading.report import Report
from bareme.grading.submission import Submission
from bareme.grading.trial import Trial
from bareme.sandbox import runtime, supervisor, usage, walls
from bareme.sandbox.supervisor import Level
from tests.tiny import KERNELSPEC, grade_cell, solution

#: In every secret file, in the grader's environment and in the hidden tests themselves.
CANARY = "canary-5d1f0c"
KEY = b"known to the supervisor alone"

GRADER = f"""
    # {CANARY}
    import random
    import pytest
    import torch
    from bareme.grading.checks import close, say

    secret = "{CANARY}"
    words = dict(rationale=say(fr="Un contrôle.", en="A check."), hint=say(fr="Aucune.", en="None."))

    @pytest.mark.exercise("forge")
    @pytest.mark.check(**words)
    @pytest.mark.budget(cpu=3, wall=10)
    def test_a_number_that_only_the_checker_knows(student, rng):
        expected = rng.getrandbits(60)
        got = student.forge()
        assert isinstance(got, int)
        assert got == expected

    @pytest.mark.exercise("forge")
    @pytest.mark.check(**words)
    @pytest.mark.budget(cpu=3, wall=10)
    def test_a_tensor_that_only_the_checker_knows(student, torch_rng):
        expected = torch.randn(3, generator=torch_rng)
        assert close(student.forge(), expected)

    @pytest.mark.exercise("loot")
    @pytest.mark.check(**words)
    @pytest.mark.budget(cpu=20, wall=40)
    def test_nothing_secret_can_be_had(student):
        found = student.loot()
        assert isinstance(found, list)
        assert found[-1:] == ["done"], "the attack itself broke"
        assert not [one for one in found if secret in str(one)], str(found)[:300]

    @pytest.mark.exercise("fast")
    @pytest.mark.check(**words)
    @pytest.mark.budget(cpu=30, wall=60, ratio=3)
    def test_speed(race):
        def make(rng):
            return ([rng.randrange(1000) for _ in range(200)],), {{}}
        race("fast", make=make, same=lambda got, wanted: type(got) is int and got == wanted)

    @pytest.mark.exercise("honest")
    @pytest.mark.check(**words)
    @pytest.mark.budget(cpu=5, wall=20)
    def test_it_doubles(student, rng):
        x = rng.randrange(1000)
        assert student.honest(x) == 2 * x
"""
REFERENCE = {
    "forge": "def forge():\n    return 0",
    "loot": "def loot():\n    return ['done']",
    "fast": "def fast(x):\n    return sum(x)",
    "honest": "def honest(x):\n    return 2 * x",
}
#: A cell that never ends is waited for no longer than needed; else this is a student's grading.
_IMPATIENT = Trial(cell_timeout_s=8)
_STUB = "def {}(*args):\n    # YOUR CODE HERE\n    raise NotImplementedError()"

Attack = Callable[..., Report]


def notebook(cells: dict[str, str]) -> NotebookNode:
    written = []
    for name in REFERENCE:
        written.append(solution(name, textwrap.dedent(cells.get(name, _STUB.format(name)))))
        written.append(grade_cell(name, 1.0, f"assert callable({name})"))
    return new_notebook(cells=written, metadata={"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course folder: its source, grader, gradebook, key and another student's work all hold the canary."""
    course = tmp_path_factory.mktemp("attacked") / "course"
    for place in ("source/target/target.ipynb", "gradebook.db", ".bareme/secret", "submitted/bob/target/target.ipynb"):
        path = course / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CANARY)
        path.chmod(0o644)  # the walls must hold, not the file's mode
    grader = course / "graders" / "target" / "test_target.py"
    grader.parent.mkdir(parents=True)
    grader.write_text(textwrap.dedent(GRADER), encoding="utf-8")
    for folder in (course, *course.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o755)
    os.environ["BAREME_SECRET"] = CANARY  # before any engine starts
    yield course
    del os.environ["BAREME_SECRET"]


@pytest.fixture(scope="session")
def target(secrets: Path) -> Assignment:
    stubs = {name: _STUB.format(name) for name in REFERENCE}
    return Assignment("target", notebook(stubs), notebook(REFERENCE), secrets / "graders" / "target", "fr")


@pytest.fixture(scope="session", params=["full", "inner"])
def level(request: pytest.FixtureRequest) -> Level:
    chosen: Level = request.param
    return chosen


@pytest.fixture(scope="session")
def attacked(level: Level, secrets: Path, target: Assignment) -> Iterator[Engine]:
    """An engine with both slots free, so that two submissions can be there at once."""
    with Engine(level, key=KEY, workers=2) as engine:
        _have_both_references(engine, target)
        yield engine


def _have_both_references(engine: Engine, target: Assignment) -> None:
    """Both workers have their reference: what is there before an attack is what must be there after it."""
    honest = nbformat.from_dict(notebook(REFERENCE))
    running = [start_grading(target, Submission(name, honest), engine) for name in ("ada", "bob")]
    assert [one.result(60).exercises["honest"].score for one in running] == [1.0, 1.0]


@dataclass(frozen=True)
class Arena:
    """Grades attackers: each exercise by its name, anything else in a cell of its own at the top."""

    assignment: Assignment
    engine: Engine
    level: Level
    course: Path

    def submission(self, student: str = "mallory", files: dict[str, bytes] | None = None, **cells: str) -> Submission:
        before = cells.pop("before", "")
        written = notebook(cells)
        if before:
            written.cells.insert(0, new_code_cell(textwrap.dedent(before), id="before"))
        return Submission(student, nbformat.from_dict(written), files or {})

    def grade(self, **given: Any) -> Report:
        return self.start(**given).result()

    def start(self, **given: Any) -> Future[Report]:
        return start_grading(self.assignment, self.submission(**given), self.engine, _IMPATIENT)

    def forged(self, code: str, **given: Any) -> float:
        """Points of ``forge``: nobody can have any."""
        return self.grade(forge=code, **given).exercises["forge"].score

    def loot(self, code: str, **given: Any) -> str:
        """The verdict on what was found: `passed` when the attack ran to its end and brought nothing secret."""
        (check,) = self.grade(loot=code, **given).exercises["loot"].checks
        assert check.verdict in ("passed", "failed"), f"the attack itself broke: {check.rationale['en']}"
        return str(check.verdict)

    def assert_well(self) -> None:
        """The next student, honest, gets his points; nothing of the attacker runs any more."""
        report = self.grade(student="ada", **REFERENCE)
        assert report.grader_errors == ()
        assert [report.exercises[name].score for name in ("loot", "fast", "honest")] == [1.0, 1.0, 1.0], report


@pytest.fixture
def arena(target: Assignment, attacked: Engine, level: Level, secrets: Path) -> Iterator[Arena]:
    zygote = supervisor.zygote(level)
    yield Arena(target, attacked, level, secrets)
    assert zygote.alive and supervisor.zygote(level) is zygote, "the attack cost the zygote its life"


@pytest.fixture(autouse=True)
def unharmed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After the attack nothing of it is left, and the next submission is graded as if it had not been."""
    if "arena" not in request.fixturenames:
        yield
        return
    arena = request.getfixturevalue("arena")
    before = _state()
    yield
    deadline = time.monotonic() + 5  # what was killed may take a moment to go
    while (after := _state()) != before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert after == before, "a process or a file outlived its submission"
    arena.assert_well()


def _state() -> tuple[list[int], list[str]]:
    """Every process of ours, and what lies in the folder of sockets and temporary files."""
    alive = [pid for pid in usage.descendants(os.getpid()) if not _is_zombie(pid)]
    return sorted(alive), sorted(os.listdir(runtime.folder()))


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def uncovered(level: Level) -> set[str]:
    """What `bareme doctor` says is not covered on this machine at this level."""
    return {gap.attack for gap in walls.gaps(level)}
