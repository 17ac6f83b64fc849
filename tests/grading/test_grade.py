"""grade(): right, wrong, slow, deadly and hostile submissions of a tiny assignment, through the real chain."""

from __future__ import annotations

import json
import os
import shutil
import signal
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bareme.grading.assignment import Assignment
from bareme.grading.engine import Engine
from bareme.grading.grade import grade, start_grading
from bareme.grading.report import Report
from bareme.grading.submission import Refusal, Submission
from bareme.sandbox import supervisor, usage
from tests.tiny import DOUBLE, SHIFT, STUB, notebook

Graded = Callable[..., Report]


def verdicts(report: Report, exercise: str) -> dict[str, str | None]:
    return {check.name: check.verdict for check in report.exercises[exercise].checks}


def test_a_right_submission_gets_full_marks(graded: Graded) -> None:
    report = graded()
    assert report.grader_errors == ()
    assert (report.score, report.max_score) == (5.0, 5.0)
    assert all(check.usage.wall_s > 0 for exercise in report.exercises.values() for check in exercise.checks)


def test_what_goes_well_is_done_once(graded: Graded, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    fork = supervisor.Zygote.fork_sandbox
    monkeypatch.setattr(supervisor.Zygote, "fork_sandbox", lambda zygote: made.append(zygote) or fork(zygote))
    graded()  # the reference, should it be this test that needs it first
    made.clear()
    assert graded().score == 5.0
    assert len(made) == 1


def test_the_report_is_json(graded: Graded) -> None:
    report = json.loads(json.dumps(graded().to_json()))
    assert set(report) >= {"assignment", "student", "score", "max_score", "exercises"}
    check = report["exercises"]["double"]["checks"][0]
    assert set(check) >= {"name", "verdict", "weight", "rationale", "hint", "usage"}
    assert set(check["usage"]) == {"cpu_s", "wall_s", "peak_bytes"}


def test_a_known_mistake_is_named(graded: Graded) -> None:
    report = graded("def double(x):\n    return [3 * item for item in x]")
    (failed,) = (check for check in report.exercises["double"].checks if check.verdict == "failed")
    assert failed.misconception == "triples"
    assert failed.rationale["fr"] == "Le résultat n'est pas le double."
    assert report.exercises["double"].score == 1.0, "the other check still passes, and weighs half"


def test_an_exception_is_shown_with_its_line(graded: Graded) -> None:
    report = graded("def double(x):\n    return [1 / 0 for item in x]")
    raised = report.exercises["double"].checks[0]
    assert raised.verdict == "raised"
    assert "ZeroDivisionError" in raised.rationale["fr"] and "1 / 0" in raised.rationale["fr"]


def test_a_blank_cell_is_missing_and_earns_nothing(graded: Graded, tiny) -> None:
    report = graded(whole=tiny.release)
    assert report.score == 0
    assert set(verdicts(report, "double").values()) == {"missing"}
    assert report.problems


def test_an_exit_in_a_function_costs_its_own_check_only(graded: Graded) -> None:
    report = graded("import os\ndef double(x):\n    if x: os._exit(0)\n    return []")
    assert verdicts(report, "double") == {"test_values": "killed", "test_empty": "passed"}
    assert report.exercises["shift"].score == 3.0


def test_an_exit_in_a_cell_costs_its_own_exercise_only(graded: Graded) -> None:
    report = graded(DOUBLE + "\nimport os; os._exit(0)")
    assert set(verdicts(report, "double").values()) == {"killed"}
    assert report.exercises["shift"].score == 3.0


def test_an_endless_loop_that_swallows_interrupts_costs_its_own_check_only(graded: Graded) -> None:
    loop = """
def double(x):
    while len(x) > 1:
        try:
            while True: pass
        except BaseException: pass
    return []
"""
    report = graded(loop)
    assert verdicts(report, "double")["test_empty"] == "passed"
    assert verdicts(report, "double")["test_values"] == "over_budget"
    assert report.exercises["shift"].score == 3.0


def test_sleeping_past_the_wall_limit_is_over_budget(graded: Graded) -> None:
    report = graded(shift="import time\ndef shift(x, by):\n    time.sleep(60)")
    assert verdicts(report, "shift") == {"test_sum": "over_budget"}


def test_memory_is_bounded(graded: Graded) -> None:
    report = graded(shift="import torch\ndef shift(x, by):\n    return torch.ones(2**33)[:1]")
    assert verdicts(report, "shift") == {"test_sum": "over_budget"}


def test_a_value_that_is_no_data_is_refused(graded: Graded) -> None:
    report = graded(shift="def shift(x, by):\n    return lambda: x")
    assert verdicts(report, "shift") == {"test_sum": "failed"}


def test_the_same_student_meets_the_same_inputs(graded: Graded) -> None:
    tell = "def double(x):\n    if x: raise ValueError(x)\n    return []"
    first, second = graded(tell), graded(tell)
    assert first.exercises["double"].checks[0].rationale == second.exercises["double"].checks[0].rationale


def test_a_refused_notebook_is_a_zero_with_its_reason(engine, tiny) -> None:
    from bareme.grading.grade import grade

    why = {"fr": "Le carnet est illisible.", "en": "The notebook can't be read."}
    report = grade(tiny, Submission(student="ada", notebook=Refusal(why)), engine)
    assert report.score == 0 and report.max_score == 5.0
    assert why in report.problems
    assert all(check.verdict == "missing" for check in report.exercises["double"].checks)


def test_a_dead_zygote_is_replaced_without_losing_the_job(graded: Graded, engine) -> None:
    zygote = supervisor.zygote(engine.level)
    os.killpg(zygote.process.pid, signal.SIGKILL)
    zygote.process.wait()
    assert graded().score == 5.0


def test_outputs_are_safe_to_show(graded: Graded) -> None:
    show = DOUBLE + "\nfrom IPython.display import HTML, display\ndisplay(HTML('<script>alert(1)</script>'))"
    show += "\nprint('\\x1b[31mred\\x1b[0m \\u202e')"
    text = json.dumps(graded(show).notebook.cells[1].outputs)
    assert "script" not in text and "text/html" not in text
    assert "\\u001b" not in text and "\\u202e" not in text and "red" in text


def test_a_flood_of_output_is_cut(graded: Graded) -> None:
    report = graded(DOUBLE + "\nfor _ in range(200_000): print('x' * 100)")
    assert report.score == 5.0
    assert len(json.dumps(report.notebook.cells[1].outputs)) < 3 * 2**20


def test_files_of_the_submission_can_be_read(engine, tiny) -> None:
    from bareme.grading.grade import grade

    code = SHIFT + "\nassert open('data/notes.txt').read() == 'hello'"
    submitted = Submission("ada", notebook(DOUBLE, code), {"data/notes.txt": b"hello"})
    assert grade(tiny, submitted, engine).score == 5.0


def test_what_need_not_run_spoils_no_later_file(engine: Engine, tiny: Assignment, tmp_path: Path) -> None:
    grader = tmp_path / "graders"
    shutil.copytree(tiny.grader, grader)
    first = (grader / "test_tiny.py").read_text("utf-8")
    (grader / "test_zlast.py").write_text(
        first.replace("def test_sum", "def test_again").replace("def test_", "def test_z_")
    )
    report = grade(replace(tiny, grader=grader), Submission("ada", notebook(DOUBLE, STUB.format(name="shift"))), engine)
    assert {check.name: check.verdict for check in report.exercises["shift"].checks} == {
        "test_sum": "missing",
        "test_z_again": "missing",
    }
    assert report.exercises["double"].score == 2.0, "although test_sum of the first file did not run"


@pytest.mark.parametrize("victim", ["checker", "kernel", "zygote", "checkers' fork server"])
def test_a_process_killed_from_outside_costs_nobody_points(engine: Engine, tiny: Assignment, victim: str) -> None:
    slow = "import time\ntime.sleep(1)\ndef double(x):\n    time.sleep(0.5)\n    return [2 * item for item in x]"
    grading = start_grading(tiny, Submission("ada", notebook(slow, SHIFT)), engine)
    time.sleep(2.2 if "checker" in victim or victim == "kernel" else 0.7)
    os.kill(soon(engine, victim), signal.SIGKILL)
    report = grading.result(timeout=60)
    assert report.score == 5.0 and report.grader_errors == (), report.to_json()


def soon(engine: Engine, victim: str) -> int:
    """Its pid, as soon as there is one: a busy machine may take its time."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return pid_of(engine, victim)
        except ValueError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def pid_of(engine: Engine, victim: str) -> int:
    """The youngest process of the kind."""
    if "checker" in victim:
        server = engine.checkers().process.pid
        return server if victim == "checkers' fork server" else max(usage.descendants(server))
    zygote = min(
        set(usage.descendants(supervisor.zygote("full").process.pid)) - {supervisor.zygote("full").process.pid}
    )
    if victim == "zygote":
        return zygote
    return max(pid for pid in usage.descendants(zygote) if _parent(pid) == zygote)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


FORBIDDING = """
    import pytest
    import torch
    from bareme.grading.checks import say

    pytestmark = pytest.mark.forbid("torch.roll", "torch.nn.functional.cross_entropy", "torch.nn.Softmax")

    @pytest.mark.exercise("double")
    @pytest.mark.check(rationale=say(fr="Le double.", en="Twice."), hint=say(fr="2x", en="2x"))
    def test_double(student):
        assert student.double([1]) == [2]

    @pytest.mark.exercise("shift")
    @pytest.mark.check(rationale=say(fr="La somme.", en="The sum."), hint=say(fr="", en=""))
    def test_shift(student, reference):
        x = torch.zeros(3)
        got = student.shift(x, 2.5)
        assert isinstance(got, torch.Tensor) and torch.equal(got, reference.shift(x, 2.5))
"""


@pytest.mark.parametrize(
    "use",
    [
        "torch.roll(x, 1)",  # found in the text
        "getattr(torch, 'ro' + 'll')(x, 1)",  # of C, by a name made up at the call
        "kept[0](x, 1)",  # of C, kept before the check; under a name of the notebook's
        "torch.nn.functional.__dict__['cross' + '_entropy'](x, x)",  # of Python
        "ways['loss'](x, x)",  # of Python, kept before the check where nobody looks
        "ways['softmax'](0)",  # a class, kept too
        "ways['made'](x)",  # and its object
    ],
)
def test_what_is_to_be_written_is_not_called(use: str, engine: Engine, tiny: Assignment, tmp_path: Path) -> None:
    (tmp_path / "test_tiny.py").write_text(textwrap.dedent(FORBIDDING), encoding="utf-8")
    shift = "import torch\nroll = torch.roll\nF = torch.nn.functional\n"
    shift += "ways = {'loss': getattr(F, 'cross_' + 'entropy'), 'softmax': getattr(torch.nn, 'Soft' + 'max')}\n"
    shift += "ways['made'] = ways['softmax'](0)\n"
    kept = "[roll]" if use.startswith("kept") else "[]"
    shift += f"def shift(x, by):\n    kept = {kept}\n    {use}\n    return x + by"
    submission = Submission("ada", notebook("def double(x):\n    return [2 * item for item in x]", shift))
    report = grade(replace(tiny, grader=tmp_path), submission, engine)
    assert report.grader_errors == ()
    assert verdicts(report, "double") == {"test_double": "passed"}
    (check,) = report.exercises["shift"].checks
    assert (check.verdict, report.exercises["shift"].score) == ("forbidden", 0.0)
    assert "torch.roll" in check.rationale["fr"] and "torch.roll" in check.rationale["en"]


def test_what_a_check_gives_stands_in_place_of_the_notebook_s_own(
    engine: Engine, tiny: Assignment, tmp_path: Path
) -> None:
    given = FORBIDDING.replace('pytest.mark.forbid("torch.roll", ', 'pytest.mark.forbid("torch.floor", ')
    given = given.replace(
        '    @pytest.mark.exercise("shift")', '    @pytest.mark.given("math.sqrt")\n    @pytest.mark.exercise("shift")'
    )
    (tmp_path / "test_tiny.py").write_text(textwrap.dedent(given), encoding="utf-8")
    shift = "import torch\n\ndef sqrt(x):\n    return 7.0\n\ndef shift(x, by):\n    return x + sqrt(by * by)"
    for exercise, verdict in (("shift", "passed"), ("double", "failed")):
        double = "def double(x):\n    return [2 * item for item in x]"
        if exercise == "double":  # to which nothing is given
            double = "def double(x):\n    return [sqrt(item * item) for item in x]"
        report = grade(replace(tiny, grader=tmp_path), Submission("ada", notebook(double, shift)), engine)
        assert report.grader_errors == ()
        assert [check.verdict for check in report.exercises[exercise].checks] == [verdict]
