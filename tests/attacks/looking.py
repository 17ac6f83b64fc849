"""Attackers that tell what they found, both from a cell and from a check."""

from __future__ import annotations

import json
import re
import textwrap

from bareme.grading.report import Report
from tests.attacks.conftest import Arena

_LOOKING = """
import json
def _look():
    found = []
{body}
    return "<<" + json.dumps(found).replace('"', "~") + ">>"
print(_look())
def honest(x):
    raise LookupError(_look())
"""


def look(arena: Arena, body: str, *, files: dict[str, bytes] | None = None) -> list[object]:
    """What the lines ``body`` append to ``found``, run in a cell and, again, in a check.

    The check tells by raising, which earns nothing but is shown to the student: his own way to tell himself.
    """
    report = arena.grade(honest=_LOOKING.format(body=textwrap.indent(textwrap.dedent(body), "    ")), files=files)
    assert score(report, "honest") == 0
    cell = next(cell for cell in report.notebook.cells if "_look" in cell.source)
    return [*_told(str(cell.outputs)), *_told(rationale(report, "honest"))]


def _told(text: str) -> list[object]:
    match = re.search(r"<<(.*?)>>", text, re.DOTALL)
    assert match is not None, f"the attack did not run to its end: {text[:2000]}"
    told: list[object] = json.loads(match[1].replace("~", '"'))
    return told


def score(report: Report, exercise: str) -> float:
    return report.exercises[exercise].score


def rationale(report: Report, exercise: str) -> str:
    return report.exercises[exercise].checks[0].rationale["en"]


def verdicts(report: Report, exercise: str) -> set[str | None]:
    return {check.verdict for check in report.exercises[exercise].checks}
