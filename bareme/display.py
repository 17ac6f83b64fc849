"""What the commands print, with Rich. Text from students is never read as markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bareme.grading.report import Check, Report, Verdict
from bareme.sandbox.walls import Gap, Wall

#: A sign beside each colour: nobody must tell red from green.
_SIGNS: dict[Verdict | None, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "raised": ("!", "red"),
    "over_budget": ("⏱", "yellow"),
    "killed": ("☠", "red"),
    "missing": ("∅", "yellow"),
    "forbidden": ("⛔", "red"),
    None: ("?", "magenta"),
}


def show_report(report: Report, language: str, console: Console) -> None:
    """One table: each exercise's points, each check's verdict, reason and use of its budget."""
    for problem in report.problems:
        console.print(Text(f"• {problem[language]}", style="yellow"))
    table = Table(title=Text(f"{report.assignment} · {report.student}"), show_lines=False)
    for heading, justify in (("exercise", "left"), ("check", "left"), ("verdict", "left"), ("why", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("CPU s", justify="right")
    table.add_column("points", justify="right")
    for exercise in report.exercises.values():
        for row, check in enumerate(exercise.checks):
            first = row == 0
            points = f"{exercise.score:.2f} / {exercise.points:g}" if first else ""
            table.add_row(
                Text(exercise.name if first else ""),
                Text(check.name.removeprefix("test_").replace("_", " ")),
                verdict_text(check),
                Text(check.rationale.get(language, "")),
                f"{check.usage.cpu_s:.2f}",
                points,
            )
        table.add_section()
    console.print(table)
    console.print(f"[bold]{report.score:.2f} / {report.max_score:g}[/] · {report.wall_s:.2f} s")
    for error in report.grader_errors:
        console.print(Text(f"grader error: {error}", style="magenta"))


def verdict_text(check: Check) -> Text:
    sign, colour = _SIGNS[check.verdict]
    return Text(f"{sign} {check.verdict or 'no verdict'}", style=colour)


def sign(verdict: Verdict | None) -> str:
    """One character for a verdict; :func:`legend` tells them apart."""
    return _SIGNS[verdict][0]


def legend() -> str:
    return "  ".join(f"{mark} {verdict or 'no verdict'}" for verdict, (mark, _) in _SIGNS.items())


def show_walls(walls: Sequence[Wall], level: str, console: Console) -> None:
    table = Table(title=f"walls (grading asks for level «{level}»)")
    for heading in ("wall", "", "why", "how to raise it", "needed by"):
        table.add_column(heading)
    for wall in walls:
        state = Text("✓ up", style="green") if wall.up else Text("✗ down", style="red")
        needed = ", ".join(wall.levels) or "advice"
        table.add_row(Text(wall.name), state, Text(wall.why), Text("" if wall.up else wall.remedy), needed)
    console.print(table)


def show_gaps(gaps: Sequence[Gap], console: Console) -> None:
    table = Table(title="attacks that level «inner» does not cover here (level «full» does: docs/security.md)")
    table.add_column("attack")
    table.add_column("why")
    for gap in gaps:
        table.add_row(Text(gap.attack), Text(gap.why))
    console.print(table)
