"""What `bareme prove` shows: a bar for each stage, then a table for each exercise, and one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from bareme.authoring.proof import Claim, Proof
from bareme.authoring.prove import Watch


@contextmanager
def progress(console: Console) -> Iterator[Watch]:
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:

        def watch(stage: str, total: int) -> Callable[[], object]:
            task = bars.add_task(stage, total=total)
            return lambda: bars.advance(task)

        yield watch


def show_proof(proof: Proof, recorded: Path | None, console: Console) -> None:
    for name, claims in proof.claims.items():
        console.print(_table(name or f"{proof.assignment}, as a whole", claims))
    for survivor in proof.survivors:
        title, _, diff = survivor.partition("\n")
        console.print(Text(f"survives: {title}", style="bold"))
        console.print(Syntax(diff, "diff", background_color="default"))
    killed = f"{proof.total('mutants_killed')} of {proof.total('mutants')} mutants killed"
    summary = f"{proof.total('specimens_right')} of {proof.total('specimens')} specimens, {killed} "
    summary += f"({proof.total('mutants_equivalent')} equivalent), {proof.total('flips')} verdict changes"
    verdict = "[bold green]✓ proven[/]" if proof.ok else "[bold red]✗ not proven[/]"
    console.print(f"{verdict}: {summary} · {proof.wall_s:.0f} s")
    if recorded is not None:
        whole = "commit it with the grader" if proof.complete else "a release needs the other exercises too"
        console.print(f"recorded in {recorded}: {whole}")
    elif proof.ok:
        console.print("not recorded: a release needs the whole proof, without --quick")


def _table(title: str, claims: list[Claim]) -> Table:
    table = Table(title=Text(title), title_justify="left", show_header=False, expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for claim in claims:
        mark = Text("✓", style="green") if claim.ok else Text("✗", style="red")
        table.add_row(mark, Text(claim.name), Text("\n".join([claim.found, *(f"• {one}" for one in claim.problems)])))
    return table
