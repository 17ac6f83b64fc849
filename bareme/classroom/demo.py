"""The demonstration: a whole class of `masking`, from release to feedback, through nbgrader's own commands.

Everything happens in a folder of its own; the course it is started from is only read. It ends by comparing every
score in nbgrader's gradebook with what the submission was made of.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bareme.authoring.specimens import TOLERANCE, mistake
from bareme.classroom.pupils import Pupil, pupils
from bareme.display import legend, sign
from bareme.gradebook.records import read_report
from bareme.grading.assignment import Assignment, load_assignment
from bareme.grading.report import Exercise, Report, Verdict

ASSIGNMENT = "masking"
_MARKER = ".bareme-demo"
_END_TIMEOUT_S = 30.0


class DemoError(RuntimeError):
    """The demonstration could not run, or a score is not what it must be."""


def run_demo(course: Path, target: Path, count: int, console: Console) -> None:
    """Make, grade and check a class of ``count`` students in ``target``. Raises DemoError when a score is wrong."""
    started = time.monotonic()
    _prepare(course, target)
    console.print(f"[bold]1. release[/]: nbgrader generate_assignment, release_assignment {ASSIGNMENT}")
    # Proven or not: that each score is what its specimens imply is checked at the end
    _nbgrader(target, "generate_assignment", ASSIGNMENT, "--Bareme.release_unproven=True")
    _nbgrader(target, "release_assignment", ASSIGNMENT)
    assignment = load_assignment(target, ASSIGNMENT)
    students = pupils(assignment, count)
    console.print(f"[bold]2. submit[/]: {len(students)} students hand in through the exchange folder")
    for pupil in students:
        _submit(target, pupil)
    console.print(f"[bold]3. collect[/]: nbgrader collect {ASSIGNMENT}")
    # All of them are this one user's doing
    _nbgrader(target, "collect", ASSIGNMENT, "--ExchangeCollect.check_owner=False")
    console.print(f"[bold]4. autograde[/]: nbgrader autograde {ASSIGNMENT}")
    begun = time.monotonic()
    _nbgrader(target, "autograde", ASSIGNMENT)
    seconds = time.monotonic() - begun
    console.print(f"   {seconds:.1f} s for {len(students)} submissions, start included")
    console.print(f"[bold]5. feedback[/]: nbgrader generate_feedback {ASSIGNMENT}")
    _nbgrader(target, "generate_feedback", ASSIGNMENT)
    reports = {pupil.name: _report(target, pupil) for pupil in students}
    console.print(_table(assignment, students, reports))
    wrong = [line for pupil in students for line in _check(target, pupil, reports[pupil.name])]
    if wrong:
        raise DemoError("scores that are not what their specimens imply:\n" + "\n".join(wrong))
    example = next((pupil for pupil in students if pupil.about.startswith("partly")), students[0])
    jupyter, course_folder = (shlex.quote(str(path)) for path in (Path(sys.executable).with_name("jupyter"), target))
    console.print(
        f"[green]✓[/] every score is what its specimens imply ({time.monotonic() - started:.0f} s in all)\n"
        f"Look next at: {target}/feedback/{example.name}/{ASSIGNMENT}/{ASSIGNMENT}.html (what a student reads)\n"
        f"              nbgrader's own view: cd {course_folder} && {jupyter} lab, then Nbgrader > Formgrader\n"
        f"              one notebook: bareme grade --course {course_folder} FILE.ipynb",
        highlight=False,
        soft_wrap=True,
    )


def _prepare(course: Path, target: Path) -> None:
    """A fresh course folder; only one that an earlier demonstration made is ever replaced."""
    if target.exists() and not (target / _MARKER).exists():
        raise DemoError(f"{target} exists and is no earlier demonstration: move it, or choose another with --keep")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / _MARKER).touch()
    for name in ("source", "graders"):
        shutil.copytree(course / name / ASSIGNMENT, target / name / ASSIGNMENT)
    shutil.copy(course / "nbgrader_config.py", target)
    (target / "exchange").mkdir()
    (target / "exchange").chmod(0o777)  # nbgrader asks for it


def _nbgrader(target: Path, *arguments: str) -> None:
    """Run an nbgrader command in the demonstration's folder, its log in a file beside. Raises DemoError."""
    log = target / "nbgrader.log"
    command = [sys.executable, "-m", "nbgrader", *arguments, f"--Exchange.root={target / 'exchange'}"]
    with log.open("a", encoding="utf-8") as output:
        environment = {**os.environ, "NO_COLOR": "1"}
        # A session of its own, so that Ctrl-C reaches it once: by us, who then wait until it has cleaned up
        child = subprocess.Popen(
            command, cwd=target, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = child.wait()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(_END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    if code:
        last = "\n".join(log.read_text(encoding="utf-8").splitlines()[-15:])
        raise DemoError(f"nbgrader {' '.join(arguments)} failed; the end of {log}:\n{last}")


def _submit(target: Path, pupil: Pupil) -> None:
    """Leave what `nbgrader submit` leaves in the exchange."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    (course_folder,) = (path for path in (target / "exchange").iterdir() if path.is_dir())
    folder = course_folder / "inbound" / f"{pupil.name}+{ASSIGNMENT}+{stamp}"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(stamp, encoding="utf-8")
    pupil.write(folder)


def _report(target: Path, pupil: Pupil) -> Report:
    try:
        return read_report(target, ASSIGNMENT, pupil.name)
    except FileNotFoundError:
        raise DemoError(f"{pupil.name} ({pupil.about}) has no report: see {target / 'nbgrader.log'}") from None


def _table(assignment: Assignment, students: list[Pupil], reports: dict[str, Report]) -> Table:
    table = Table(title=f"{ASSIGNMENT}: points and verdicts", caption=legend())
    table.add_column("student")
    table.add_column("handed in")
    names = list(next(iter(reports.values())).exercises)
    for name in names:
        table.add_column(name)
    table.add_column("score", justify="right")
    table.add_column("s", justify="right")
    for pupil in students:
        report = reports[pupil.name]
        cells = [_summary(report.exercises[name]) for name in names]
        table.add_row(pupil.name, pupil.about, *cells, f"{report.score:.2f}", f"{report.wall_s:.1f}")
    return table


def _summary(exercise: Exercise) -> Text:
    verdicts: set[Verdict | None] = {check.verdict for check in exercise.checks}
    shown = sorted(verdicts - {"passed"}, key=str) or ["passed"]
    colour = "green" if shown == ["passed"] else "yellow" if exercise.score else "red"
    signs = "".join(sign(verdict) for verdict in shown)
    return Text(f"{exercise.score:.2f}/{exercise.points:g} {signs}", style=colour)


def _check(target: Path, pupil: Pupil, report: Report) -> list[str]:
    """What is wrong with one student's result; nothing when all is as it must be."""
    from nbgrader.api import Gradebook

    wrong = [f"{pupil.name}: {error}" for error in report.grader_errors]
    with Gradebook(f"sqlite:///{target / 'gradebook.db'}") as gradebook:
        recorded = gradebook.find_submission(ASSIGNMENT, pupil.name).score
    if abs(recorded - report.score) > TOLERANCE:
        wrong.append(f"{pupil.name}: {recorded} in the gradebook, {report.score} in the report")
    for name, specimen in pupil.fates.items():
        why = mistake(report.exercises[name], specimen)
        if why:
            wrong.append(f"{pupil.name} ({pupil.about}), {name}, {specimen.fate}/{specimen.name}: {why}")
    if not (target / "feedback" / pupil.name / ASSIGNMENT / f"{ASSIGNMENT}.html").exists():
        wrong.append(f"{pupil.name} ({pupil.about}): no feedback page")
    return wrong
