"""The pytest plugin: what a hidden grader is written with, and how its outcomes become verdicts.

Marks: ``exercise(name)``, ``check(weight=1, rationale=…, hint=…)``, ``budget(cpu=…, wall=…, memory=…, ratio=…)``,
``forbid(*names)``, ``given(*names)``.
Fixtures: ``student``, ``reference``, ``rng``, ``torch_rng``, ``race``. `docs/grader-author.md` shows them at work.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

import pytest
import torch

from bareme.grading import checks
from bareme.grading import race as racing
from bareme.grading.checks import CheckFailed, say
from bareme.grading.forbidden import used
from bareme.grading.notebook import Missing, Notebook, Raised, Refused
from bareme.grading.report import Check, Text, Usage, Verdict
from bareme.grading.safe_text import plain
from bareme.grading.trial import STUDENTS, Trial, as_seen
from bareme.sandbox.check_fork import Budget, Killed, OverBudget
from bareme.sandbox.supervisor import Sandbox

MARKS = (
    "exercise(name): the exercise that this check belongs to",
    "check(weight=1.0, rationale=None, hint=None): its weight, the invariant it is about, and a hint",
    "forbid(*names): functions of libraries, by dotted name, that the exercise may not use: it is to write them",
    "given(*names): right functions, by dotted name, that stand in place of the notebook's own of the same last name",
    "budget(cpu=10.0, wall=30.0, memory=2**30, ratio=None): what it may use; ratio: CPU against the reference",
)


@dataclass(frozen=True)
class Job:
    """What the checker needs to know of one submission.

    verdicts: exercises whose outcome is known already. cells: the notebook's code, by cell.
    """

    student: Sandbox
    reference: Sandbox
    seed: bytes
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    trial: Trial = STUDENTS


#: So that what a call exchanged fits in one message.
_MOST_SEEN, _LONGEST_SEEN = 500, 100


class GraderError(Exception):
    """The grader itself is wrong: a mark is missing, the reference failed, a test has a bug."""


class CheckPlugin:
    """Runs the checks of one job and hands each outcome to ``tell`` as plain data."""

    def __init__(self, job: Job, tell: Callable[[dict[str, Any]], None]) -> None:
        self._job, self._tell = job, tell
        self._given_up: set[str] = set()  # exercises whose first failure was seen, where that is enough

    def pytest_configure(self, config: pytest.Config) -> None:
        for mark in MARKS:
            config.addinivalue_line("markers", mark)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._tell({"grader_error": f"{report.nodeid}: {report.longreprtext}"})

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._tell({"plan": [{"exercise": exercise_of(item), "check": asdict(_blank(item))} for item in session.items]})

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what need not run. Not earlier: a test that pytest does not see end spoils the setup of the next."""
        known = self._known(item)
        if known is not None:
            self._tell_check(item, known)
        if known is not None or exercise_of(item) in self._given_up:
            pytest.skip()
        checks.watch_tolerance()

    def _known(self, item: pytest.Item) -> Outcome | None:
        """The outcome of a check that need not run."""
        verdict = self._job.verdicts.get(exercise_of(item))
        if verdict is not None:
            return Outcome(verdict, _WHY[verdict])
        names = forbidden_in(item)
        replaced = {name.rpartition(".")[2] for name in given_in(item)}
        cells = {name: cell for name, cell in self._job.cells.items() if name not in replaced}
        return _forbidden(names) if names and used(exercise_of(item), cells, names) else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, pytest.skip.Exception) and call.when == "setup":
            pass  # told already
        elif call.when == "call":
            self._conclude(item, error)
        elif call.when == "setup" and error is not None:
            self._conclude(item, GraderError(_where(error)))  # no student code ran yet
        elif call.when == "teardown" and error is not None:
            self._tell({"grader_error": f"{item.name}: {_where(error)}"})
        return (yield)

    def _conclude(self, item: pytest.Item, error: BaseException | None) -> None:
        try:
            outcome = judge(error, item)
        except GraderError as broken:
            self._tell({"grader_error": f"{item.name}: {broken}"})
            outcome = Outcome(None, _BROKEN)
        self._tell_check(item, outcome)

    def _tell_check(self, item: pytest.Item, outcome: Outcome) -> None:
        check = _blank(item)
        seen = {
            "verdict": outcome.verdict,
            "rationale": outcome.rationale or check.rationale,
            "hint": {} if outcome.verdict == "passed" else outcome.hint or check.hint,
            "usage": asdict(_usage_of(item)),
            "tolerance_used": checks.tolerance_used(),
            "misconception": outcome.misconception,
        }
        if self._job.trial.first_failure and outcome.verdict != "passed":
            self._given_up.add(exercise_of(item))
        self._tell({"exercise": exercise_of(item), "check": {**asdict(check), **seen}})

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> Iterator[Notebook]:
        budget, ratio = budget_of(request.node)
        most = self._job.trial.most_cpu_s.get(request.node.name, budget.cpu_s)
        budget = replace(budget, cpu_s=min(budget.cpu_s, most))
        witness = self._witness if self._job.trial.witness else None
        notebook = Notebook(
            self._job.student,
            budget,
            may_fork=ratio is None,
            forbidden=forbidden_in(request.node),
            given=given_in(request.node),
            witness=witness,
        )
        request.node.stash[_STUDENT] = notebook
        yield notebook
        notebook.close()

    def _witness(self, *exchanged: Any) -> None:
        texts = islice((text[:_LONGEST_SEEN] for value in exchanged for text in as_seen(value)), _MOST_SEEN)
        self._tell({"seen": sorted(set(texts))})

    @pytest.fixture
    def reference(self, request: pytest.FixtureRequest) -> Iterator[Notebook]:
        budget, ratio = budget_of(request.node)
        notebook = Notebook(
            self._job.reference,
            budget,
            may_fork=ratio is None,
            forbidden=forbidden_in(request.node),
            given=given_in(request.node),
        )
        yield ReferenceNotebook(notebook)  # type: ignore[misc]
        notebook.close()

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> random.Random:
        return random.Random(self._seed(request.node))

    @pytest.fixture
    def torch_rng(self, request: pytest.FixtureRequest) -> torch.Generator:
        seed = int.from_bytes(self._seed(request.node)[:8], "big") >> 1
        return torch.Generator().manual_seed(seed)

    @pytest.fixture
    def race(
        self, request: pytest.FixtureRequest, student: Notebook, reference: Notebook, rng: random.Random
    ) -> Callable[..., None]:
        _, ratio = budget_of(request.node)
        if ratio is None:
            raise GraderError("the fixture race needs @pytest.mark.budget(ratio=…)")

        def run(what: racing.What, make: racing.Make, same: racing.Same | None = None) -> None:
            racing.race(what, make, student=student, reference=reference, rng=rng, ratio=ratio, same=same)

        return run

    def _seed(self, item: pytest.Item) -> bytes:
        return hmac.digest(self._job.seed, item.name.encode(), hashlib.sha256)


class ReferenceNotebook:
    """The instructor's solution as the checks call it: whatever goes wrong there is the grader's error."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def __getattr__(self, name: str) -> Callable[..., Any]:
        target = getattr(self._notebook, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return target(*args, **kwargs)
            except (Raised, Missing, Refused, OverBudget, Killed) as error:
                raise GraderError(f"the reference failed: {type(error).__name__}: {error}") from None

        return call if callable(target) else target


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict | None
    rationale: Text = field(default_factory=dict)
    hint: Text = field(default_factory=dict)
    misconception: str | None = None


_STUDENT = pytest.StashKey[Notebook]()

_BROKEN = say(
    fr="Ce contrôle n'a pas pu conclure : c'est une erreur du correcteur, pas la vôtre. L'enseignant est prévenu.",
    en="This check could not conclude: an error of the grader, not yours. Your instructor is told.",
)
_WHY: dict[Verdict, Text] = {
    "missing": say(
        fr="Rien à corriger ici : la cellule est absente, vide ou inchangée.",
        en="Nothing to grade here: the cell is absent, empty or unchanged.",
    ),
    "killed": say(
        fr="Votre cellule met fin au noyau Python : elle a été laissée de côté.",
        en="Your cell ends the Python kernel: it was left out.",
    ),
    "over_budget": say(
        fr="Votre cellule ne se termine pas dans le temps imparti : elle a été laissée de côté.",
        en="Your cell does not end in the time allowed: it was left out.",
    ),
}
_LIMITS = {
    "cpu_s": ("secondes de calcul", "CPU seconds"),
    "wall_s": ("secondes d'attente", "seconds of waiting"),
    "memory_bytes": ("octets de mémoire", "bytes of memory"),
}


def judge(error: BaseException | None, item: pytest.Item) -> Outcome:
    """The verdict that a test's end stands for. Raises GraderError when it is the grader's own fault."""
    if error is None:
        return Outcome("passed")
    if isinstance(error, CheckFailed):
        known = error.misconception
        return Outcome("failed", known.symptom, known.hint, known.name)
    if isinstance(error, Raised):
        if error.kind == "MemoryError" or "can't allocate memory" in error.message:
            return judge(OverBudget("memory_bytes", budget_of(item)[0].memory_bytes), item)
        if error.kind == "Forbidden":
            return _forbidden(forbidden_in(item))
        return Outcome("raised", _raised_text(error))
    if isinstance(error, Missing):
        name = plain(str(error), 60)
        return Outcome("missing", say(fr=f"Le nom {name} n'est pas défini.", en=f"The name {name} is not defined."))
    if isinstance(error, Refused):
        why = plain(str(error), 200)
        return Outcome(
            "failed",
            say(
                fr=f"La valeur renvoyée n'est pas du type annoncé ({why}).",
                en=f"The value returned is not of the type announced ({why}).",
            ),
        )
    if isinstance(error, OverBudget):
        fr, en = _LIMITS[error.what]
        amount = f"{error.limit:.3g}"
        return Outcome("over_budget", say(fr=f"Plus de {amount} {fr}.", en=f"More than {amount} {en}."))
    if isinstance(error, racing.TooSlow):
        return Outcome("over_budget", error.rationale)
    if isinstance(error, Killed):
        return Outcome(
            "killed",
            say(fr="Votre code a mis fin au processus Python.", en="Your code ended the Python process."),
        )
    if isinstance(error, AssertionError):
        return Outcome("failed")
    if isinstance(error, GraderError):
        raise error
    raise GraderError(_where(error))


def _forbidden(names: tuple[str, ...]) -> Outcome:
    listed = ", ".join(names)
    return Outcome(
        "forbidden",
        say(
            fr=f"Votre code se sert d'une fonction qu'il s'agit d'écrire. Interdits dans cet exercice : {listed}.",
            en=f"Your code uses a function that is to be written. Forbidden in this exercise: {listed}.",
        ),
    )


def _raised_text(error: Raised) -> Text:
    place = ""
    if error.frames:
        last = error.frames[-1]
        place = plain(f" ({last.get('function', '?')}, l. {last.get('line', '?')}: {last.get('source', '')})", 200)
    what = plain(f"{error.kind}: {error.message}", 300)
    return say(fr=f"Votre code lève {what}{place}", en=f"Your code raises {what}{place}")


def _where(error: BaseException) -> str:
    return (
        "".join(traceback.format_exception_only(error)).strip()
        + " @ "
        + repr(traceback.extract_tb(error.__traceback__)[-1:])
    )


def _usage_of(item: pytest.Item) -> Usage:
    """What the check's fork was seen to use so far; nothing when it made no call."""
    notebook = item.stash.get(_STUDENT, None)
    if notebook is None or notebook.fork is None:
        return Usage()
    return Usage(notebook.fork.cpu_s(), notebook.fork.wall_s(), notebook.fork.peak_bytes())


def exercise_of(item: pytest.Item) -> str:
    mark = item.get_closest_marker("exercise")
    return str(mark.args[0]) if mark is not None and mark.args else ""


def forbidden_in(item: pytest.Item) -> tuple[str, ...]:
    """Dotted names of the library functions that the check's exercise may not use."""
    return _names_in(item, "forbid")


def given_in(item: pytest.Item) -> tuple[str, ...]:
    """Dotted names of the functions that the check gives, in place of the student's own."""
    return _names_in(item, "given")


def _names_in(item: pytest.Item, mark: str) -> tuple[str, ...]:
    return tuple(str(name) for one in item.iter_markers(mark) for name in one.args)


def budget_of(item: pytest.Item) -> tuple[Budget, float | None]:
    """The check's limits, and its CPU ratio to the reference if it has one."""
    mark = item.get_closest_marker("budget")
    given = dict(mark.kwargs) if mark is not None else {}
    ratio = given.pop("ratio", None)
    default = Budget()
    budget = Budget(
        given.pop("cpu", default.cpu_s), given.pop("wall", default.wall_s), given.pop("memory", default.memory_bytes)
    )
    if given:
        raise GraderError(f"budget() does not know {', '.join(sorted(given))}: it takes cpu, wall, memory, ratio")
    return budget, ratio


def _blank(item: pytest.Item) -> Check:
    """The check before it ran: no verdict."""
    mark = item.get_closest_marker("check")
    given = mark.kwargs if mark is not None else {}
    budget, ratio = budget_of(item)
    limits = {"cpu_s": budget.cpu_s, "wall_s": budget.wall_s, "peak_bytes": float(budget.memory_bytes)}
    if ratio is not None:
        limits["ratio"] = float(ratio)
    return Check(
        name=item.name,
        verdict=None,
        weight=float(given.get("weight", 1.0)),
        rationale=given.get("rationale") or {},
        hint=given.get("hint") or {},
        limits=limits,
    )
