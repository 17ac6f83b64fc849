"""The command ``bareme``: grade one notebook, prove a grader, look at the walls, run the demonstration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bareme import display
from bareme.course.command import app as models_app

app = typer.Typer(help="Barème: an autograded BERT & GPT course on nbgrader.", no_args_is_help=True)
app.add_typer(models_app, name="models")
_console = Console()
_errors = Console(stderr=True)

CourseRoot = Annotated[Path, typer.Option("--course", help="The course folder: the one with nbgrader_config.py.")]


@app.command()
def grade(
    notebook: Annotated[Path, typer.Argument(help="The notebook to grade, named after its assignment.")],
    assignment: Annotated[str, typer.Option(help="The assignment; by default the notebook's file name.")] = "",
    student: Annotated[str, typer.Option(help="Whose it is: hidden inputs are seeded from it.")] = "anonymous",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
    course: CourseRoot = Path(),
) -> None:
    """Grade one notebook and print its verdicts. Nothing is recorded."""
    from bareme.config import hidden_folders, load_config, secret
    from bareme.grading.assignment import load_assignment
    from bareme.grading.engine import Engine
    from bareme.grading.grade import grade as grade_submission
    from bareme.grading.language import CourseError
    from bareme.grading.submission import read_submission
    from bareme.sandbox.supervisor import SandboxError
    from bareme.sandbox.walls import require

    if not notebook.exists():
        raise _stop(f"{notebook}: there is no such file")
    name = assignment or notebook.stem
    try:
        config = load_config(course)
        require(config.walls, hidden_folders(course))
        loaded = load_assignment(course, name, config.language)
        submission = read_submission(notebook.parent, notebook.name, student)
        with Engine(config.walls, secret(config.secret_file)) as engine:
            report = grade_submission(loaded, submission, engine)
    except (CourseError, SandboxError, ValueError) as error:
        raise _stop(str(error)) from None
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        display.show_report(report, config.language, _console)


@app.command()
def prove(
    assignment: Annotated[str, typer.Argument(help="The assignment, a folder of source/ and of graders/.")],
    exercise: Annotated[str, typer.Option(help="Prove this exercise alone.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer mutants and repeats: less than two minutes.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Try again what an earlier proof holds for.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the proof as one JSON object.")] = False,
    course: CourseRoot = Path(),
) -> None:
    """Prove a grader on its specimens, on mutants of the reference, and against noise. Exit code 1 when it fails.

    A proof that holds is recorded beside the grader, in proof.json, and generate_assignment asks for it. Mutants and
    repeats are tried for what has changed since: an exercise at a time, if you like.
    """
    from bareme.authoring.display import progress, show_proof
    from bareme.authoring.prove import QUICK, THOROUGH
    from bareme.authoring.prove import prove as prove_assignment
    from bareme.authoring.record import kept_parts, write_proof
    from bareme.authoring.release import would_be_release
    from bareme.config import hidden_folders, load_config, secret
    from bareme.grading.assignment import exercises, load_assignment
    from bareme.grading.engine import Engine
    from bareme.grading.language import CourseError
    from bareme.sandbox.supervisor import SandboxError
    from bareme.sandbox.walls import require

    try:
        config = load_config(course)
        require(config.walls, hidden_folders(course))
        with would_be_release(course, assignment) as release:
            loaded = load_assignment(course, assignment, config.language, release)
            if exercise and exercise not in exercises(loaded):
                raise CourseError(f"--exercise {exercise}: name one of {', '.join(exercises(loaded))}")
            with (
                progress(_errors) as watch,
                Engine(config.walls, secret(config.secret_file), config.workers) as engine,
            ):
                effort = QUICK if quick else THOROUGH
                earlier = {} if fresh or quick else kept_parts(course, assignment)
                proof = prove_assignment(course, release, loaded, engine, watch, effort, exercise, earlier)
        recorded = write_proof(course, proof)
    except (CourseError, SandboxError, ValueError) as error:
        raise _stop(str(error)) from None
    if as_json:
        typer.echo(json.dumps(proof.to_json(), ensure_ascii=False, indent=2))
    else:
        show_proof(proof, recorded, _console)
    raise typer.Exit(0 if proof.ok else 1)


@app.command()
def doctor(
    course: CourseRoot = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the walls as one JSON object.")] = False,
) -> None:
    """Print each wall: up or down, why, and how to raise it; and the attacks that level «inner» leaves open here.

    Exit code 1 below the configured level."""
    from dataclasses import asdict

    from bareme.config import hidden_folders, load_config
    from bareme.sandbox.walls import gaps, inspect_walls, missing_walls

    try:
        level = load_config(course).walls
    except ValueError as error:
        raise _stop(str(error)) from None
    walls = inspect_walls(hidden_folders(course))
    down = missing_walls(level, walls)
    if as_json:
        open_here = {"full": [asdict(gap) for gap in gaps("full")], "inner": [asdict(gap) for gap in gaps("inner")]}
        told = {"level": level, "ok": not down, "walls": [asdict(wall) for wall in walls], "not_covered": open_here}
        typer.echo(json.dumps(told, indent=2))
    else:
        display.show_walls(walls, level, _console)
        display.show_gaps(gaps("inner"), _console)
    raise typer.Exit(1 if down else 0)


@app.command()
def demo(
    students: Annotated[int, typer.Option(help="How many submissions to make, at least 12.", min=12)] = 20,
    course: CourseRoot = Path(),
    keep: Annotated[Path | None, typer.Option(help="Where to leave the graded class; by default ./demo.")] = None,
) -> None:
    """Release, submit, collect, autograde and feed back a whole class of `masking`, and check every score."""
    from bareme.classroom.demo import DemoError, run_demo

    try:
        run_demo(course.resolve(), (keep or course / "demo").resolve(), students, _console)
    except DemoError as error:
        raise _stop(str(error)) from None


def _stop(message: str) -> typer.Exit:
    _errors.print(f"[bold red]bareme:[/] {message}", highlight=False)
    return typer.Exit(2)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
