"""``bareme models``: list, fetch, verify and describe the checkpoints of the course's roles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bareme.course.fetch import fetch as fetch_checkpoint
from bareme.course.fetch import is_there
from bareme.course.places import cache_folder, checkpoint_folder, package_folder
from bareme.course.profiles import PROFILES, Checkpoint, CourseFileError, profile

app = typer.Typer(help="The models behind the roles that notebooks name.", no_args_is_help=False)
_console = Console()


@app.callback(invoke_without_command=True)
def show(context: typer.Context) -> None:
    """Without a command: list the roles of the profile in use."""
    if context.invoked_subcommand is not None:
        return
    table = Table("role", "checkpoint", "there", "size", "licence", title=f"profile {_profile()}")
    for role, one in PROFILES[_profile()].items():
        there = is_there(one)
        size = f"{_bytes(_folder(one)) / 2**20:.0f} MiB" if there else ""
        table.add_row(role, one.name, "yes" if there else "run `bareme models fetch`", size, one.licence)
    _console.print(table)


@app.command()
def fetch() -> None:
    """Fetch and convert what the profile in use needs and is not there yet. Needs the network; a few minutes."""
    failed = False
    for role, one in PROFILES[_profile()].items():
        if is_there(one):
            _console.print(f"{role}: {one.name} is there")
            continue
        try:
            with _console.status(f"{role}: {one.name} is fetched and converted"):
                folder = fetch_checkpoint(one)
        except CourseFileError as error:
            _stop(error)
            failed = True  # what is left may work
        else:
            _console.print(f"{role}: {one.name} is in {folder}", soft_wrap=True)
    raise typer.Exit(2 if failed else 0)


@app.command()
def verify() -> None:
    """Check every file against its SHA-256. Exit code 1 when one is missing or damaged."""
    wrong = False
    for role, one in PROFILES[_profile()].items():
        try:
            checkpoint_folder(one)
            _console.print(f"✓ {role}: {one.name}")
        except CourseFileError as error:
            wrong = True
            _console.print(f"✗ {role}: {error}", soft_wrap=True)
    raise typer.Exit(1 if wrong else 0)


@app.command()
def describe(role: Annotated[str, typer.Argument(help="A role: see `bareme models`.")]) -> None:
    """Print a checkpoint's model card."""
    from bareme.course.profiles import checkpoint

    try:
        one = checkpoint(role)
    except CourseFileError as error:
        raise _stop(error) from None
    card = package_folder("cards") / f"{one.folder}.md"
    about = f"# {one.name}\n\n{one.about}. Licence: {one.licence}. Its own card is on the hub."
    text = about if one.origin == "hub" else card.read_text("utf-8")
    _console.print(text, markup=False, highlight=False)


def _profile() -> str:
    try:
        return profile()
    except CourseFileError as error:
        raise _stop(error) from None


def _folder(one: Checkpoint) -> Path:
    return (package_folder("weights") if one.origin == "shipped" else cache_folder()) / one.folder


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _stop(error: CourseFileError) -> typer.Exit:
    Console(stderr=True).print(f"bareme: {error}", style="red", soft_wrap=True)
    return typer.Exit(2)
