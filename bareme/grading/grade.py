"""``grade(assignment, submission) -> Report``: a pure function of its arguments, and the engine it runs on."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from bareme.grading.assignment import Assignment, exercises
from bareme.grading.engine import Engine
from bareme.grading.rebuild import Rebuilt, rebuild
from bareme.grading.report import Check, Exercise, Report, Usage, Verdict
from bareme.grading.run import Execution, executed
from bareme.grading.submission import Refusal, Submission
from bareme.grading.trial import STUDENTS, Trial
from bareme.sandbox import runtime, wire
from bareme.sandbox.supervisor import SandboxError

#: Wall seconds that all checks of one submission may take together.
_CHECKS_TIMEOUT_S = 600.0
#: How often a submission is graded when processes that grading needs are killed.
_MOST_ATTEMPTS = 5
#: A check that was killed may be the first that is seen of its sandbox's end.
_SANDBOX_ENDS_IN_S = 0.5


def grade(assignment: Assignment, submission: Submission, engine: Engine | None = None) -> Report:
    """Grade one submission.

    Whatever the student did ends in a report. Raises only when grading itself is impossible: CourseError for a
    broken assignment, SandboxError when no sandbox can be had.
    """
    if engine is None:
        with Engine() as temporary:
            return grade(assignment, submission, temporary)
    return engine.wait(_grade(assignment, submission, engine))


def start_grading(
    assignment: Assignment, submission: Submission, engine: Engine, trial: Trial = STUDENTS
) -> Future[Report]:
    """:func:`grade`, without waiting for it: several submissions may be graded side by side."""
    return engine.start(_grade(assignment, submission, engine, trial))


async def _grade(assignment: Assignment, submission: Submission, engine: Engine, trial: Trial = STUDENTS) -> Report:
    rebuilt = rebuild(assignment, submission)
    async with engine.slots:
        started = time.monotonic()
        for attempt in range(_MOST_ATTEMPTS):
            last = attempt == _MOST_ATTEMPTS - 1
            try:
                execution, outcomes, alive = await _attempt(assignment, submission, rebuilt, engine, trial)
            except (SandboxError, RuntimeError, EOFError, OSError) as error:
                if last:
                    raise SandboxError(f"given up after {_MOST_ATTEMPTS} times: {error}") from error
                continue
            if alive:
                break
    points = exercises(assignment)
    graded = {name: Exercise(name, value, outcomes.of(name)) for name, value in points.items()}
    outcomes.errors += [f"{name}: no check belongs to this exercise" for name in points if not graded[name].checks]
    return Report(
        assignment=assignment.name,
        student=submission.student,
        exercises=graded,
        problems=(*submission.problems, *rebuilt.problems),
        grader_errors=tuple(outcomes.errors),
        wall_s=time.monotonic() - started,
        notebook=execution.notebook,
        seen=tuple(outcomes.seen),
    )


async def _attempt(
    assignment: Assignment, submission: Submission, rebuilt: Rebuilt, engine: Engine, trial: Trial
) -> tuple[Execution, _Outcomes, bool]:
    """Run and check once. Raises SandboxError when a process died that no student can reach: it says nothing of him.

    The last of what is returned: whether the student's own sandbox lived to the end. It may have died by his doing or
    by another's.
    """
    outcomes = _Outcomes()
    files = {} if isinstance(submission.notebook, Refusal) else dict(submission.files)
    async with AsyncExitStack() as stack:
        reference = await stack.enter_async_context(engine.reference(assignment))
        folder = stack.enter_context(_folder_of(files))
        execution = await stack.enter_async_context(
            executed(rebuilt.notebook, folder, level=engine.level, cell_timeout_s=trial.cell_timeout_s)
        )
        known = _known_verdicts(rebuilt, execution)
        written = _written(rebuilt)
        checked = await _check(
            assignment, submission.student, engine, execution, reference, known, written, outcomes, trial
        )
        if not checked:
            raise SandboxError("; ".join(outcomes.errors))
        if not reference.sandbox.alive:
            raise SandboxError("the reference's sandbox died")
        if outcomes.any_killed():
            await asyncio.sleep(_SANDBOX_ENDS_IN_S)
        return execution, outcomes, execution.sandbox.alive


@contextmanager
def _folder_of(files: dict[str, bytes]) -> Iterator[Path]:
    """A folder that holds the submission's files; the sandbox gets a copy."""
    folder = Path(tempfile.mkdtemp(prefix="files-", dir=runtime.folder()))
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _known_verdicts(rebuilt: Rebuilt, execution: Execution) -> dict[str, Verdict]:
    """Exercises whose checks need not run: their cell is missing, or was left out of the run."""
    known: dict[str, Verdict] = {name: "missing" for name in rebuilt.missing}
    for index, how in execution.lost.items():
        known[rebuilt.notebook.cells[index].metadata.get("nbgrader", {}).get("grade_id", "")] = how
    return known


def _written(rebuilt: Rebuilt) -> dict[str, str]:
    """The code cells, in the notebook's order: the release's by their grade_id, the student's own by their id."""
    code = [cell for cell in rebuilt.notebook.cells if cell.cell_type == "code"]
    return {cell.metadata.get("nbgrader", {}).get("grade_id", cell.id): cell.source for cell in code}


def _in_memory(text: str) -> IO[str]:
    """A file without a name, to be read from its start by whom it is handed to."""
    file = open(os.memfd_create("cells"), "w", encoding="utf-8")  # noqa: SIM115 - the caller closes it
    file.write(text)
    file.flush()
    file.seek(0)
    return file


class _Outcomes:
    """What the checker told, by exercise and check; a planned check that was never told has no verdict."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.seen: set[str] = set()
        self._checks: dict[tuple[str, str], Check] = {}

    def take(self, message: dict[str, Any]) -> None:
        if "grader_error" in message:
            self.errors.append(message["grader_error"])
        self.seen.update(message.get("seen", ()))
        for told in message.get("plan", [message] if "check" in message else []):
            check = Check(**{**told["check"], "usage": Usage(**told["check"]["usage"])})
            self._checks[told["exercise"], check.name] = check

    def of(self, exercise: str) -> tuple[Check, ...]:
        return tuple(check for (name, _), check in self._checks.items() if name == exercise)

    def any_killed(self) -> bool:
        return any(check.verdict == "killed" for check in self._checks.values())


async def _check(
    assignment: Assignment,
    student: str,
    engine: Engine,
    execution: Execution,
    reference: Execution,
    known: dict[str, Verdict],
    written: dict[str, str],
    outcomes: _Outcomes,
    trial: Trial,
) -> bool:
    """Have a checker run the hidden tests, and take what it tells until it is done, dead or out of time.

    Whether it lived to tell everything.
    """
    seed = hmac.digest(engine.key, f"{assignment.name}/{student}".encode(), hashlib.sha256)
    request = {
        "grader": str(assignment.grader.resolve()),
        "seed": seed.hex(),
        "verdicts": known,
        "trial": asdict(trial),
        "student_pid": execution.sandbox.pid,
        "reference_pid": reference.sandbox.pid,
    }
    checker = engine.checkers().fork()
    try:
        with _in_memory(json.dumps(written)) as cells:
            handles = [execution.sandbox.control.fileno(), reference.sandbox.control.fileno(), cells.fileno()]
            wire.send(checker.control, request, handles)
        async with asyncio.timeout(_CHECKS_TIMEOUT_S):
            done = False
            while not done:
                message, _ = await wire.receive_async(checker.control)
                outcomes.take(message)
                done = "done" in message
    except TimeoutError:
        outcomes.errors.append(f"the checks took more than {_CHECKS_TIMEOUT_S:.0f} s together")
    except (EOFError, OSError) as error:
        outcomes.errors.append(f"the checker died ({error}): {engine.checkers().last_words()}")
        return False
    finally:
        checker.close()  # kills it, should it live
    return True
