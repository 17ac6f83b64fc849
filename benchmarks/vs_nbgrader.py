"""Wall seconds a submission: stock ``nbgrader autograde`` against ours, on the same notebooks, in one run.

Both start from nothing and grade the same class with nbgrader's own command, and both run the same checks: ours apart
from the student, stock in the student's kernel, as hidden tests of the notebook's grade cells (`in_process.py`). Stock
without any hidden test, which grades next to nothing, is timed too. They take turns, so that the machine's mood is
shared; each ratio is of one turn, and the median turn counts.

    python benchmarks/vs_nbgrader.py [--students 40] [--rounds 1] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from bareme.authoring.specimens import filled, specimens
from bareme.grading.assignment import Assignment, load_assignment

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "masking"
OURS = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
STOCK_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\nc.Execute.kernel_name = "python3"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vs-nbgrader-") as folder:
        courses = {name: Path(folder, name) for name in ("stock", "stock_visible_tests_only", "bareme")}
        for name, course in courses.items():
            config = OURS if name == "bareme" else STOCK_CONFIG
            _make_course(course, config, arguments.students, hidden=name == "stock")
        seconds: dict[str, list[float]] = {name: [] for name in courses}
        for _ in range(arguments.rounds):
            for name, course in courses.items():
                seconds[name].append(_autograde(course) / arguments.students)
    result = {
        "students": arguments.students,
        "rounds": arguments.rounds,
        "cores": len(os.sched_getaffinity(0)),
        **{f"{name}_s_per_submission": values for name, values in seconds.items()},
        "ratio": _ratio(seconds["stock"], seconds["bareme"]),
        "ratio_to_visible_tests_only": _ratio(seconds["stock_visible_tests_only"], seconds["bareme"]),
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, values in seconds.items():
        print(f"{name:26} {statistics.median(values):6.2f} s a submission  [{min(values):.2f}-{max(values):.2f}]")
    print(f"{'ratio, same checks':26} {result['ratio']:6.1f}")
    print(f"{'ratio, visible tests only':26} {result['ratio_to_visible_tests_only']:6.1f}")


def _ratio(theirs: list[float], ours: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


def _make_course(folder: Path, config: str, students: int, *, hidden: bool) -> None:
    """A course with the class's submissions in place, and its release in the gradebook."""
    for name in ("source", "graders"):
        shutil.copytree(ROOT / name / ASSIGNMENT, folder / name / ASSIGNMENT)
    if hidden:
        _hide_the_checks(folder / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb")
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    _nbgrader(folder, "generate_assignment", ASSIGNMENT, "--force", "--Bareme.release_unproven=True")
    assignment = load_assignment(ROOT, ASSIGNMENT)
    for number in range(students):
        submission = folder / "submitted" / f"s{number:03}" / ASSIGNMENT
        submission.mkdir(parents=True)
        _write(assignment, number, submission / f"{ASSIGNMENT}.ipynb")


def _hide_the_checks(path: Path) -> None:
    """Write into every grade cell, as a hidden test, the run of its exercise's checks."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade"):
            exercise = mark["grade_id"].removeprefix("test_")
            call = f"run({str(ROOT / 'graders' / ASSIGNMENT)!r}, {exercise!r}, globals())"
            setup = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r})"
            lines = ["### BEGIN HIDDEN TESTS", setup, "from in_process import run", call, "### END HIDDEN TESTS"]
            cell.source += "\n" + "\n".join(lines)
    nbformat.write(notebook, path)


def _write(assignment: Assignment, number: int, path: Path) -> None:
    """Right solutions and wrong ones in turn; none that kills a kernel, which stock would not survive."""
    picked: dict[str, str] = {}
    by_exercise: dict[str, list[str]] = {}
    for specimen in specimens(assignment):
        if specimen.fate in ("correct", "wrong"):
            by_exercise.setdefault(specimen.exercise, []).append(specimen.source)
    for exercise, sources in by_exercise.items():
        picked[exercise] = sources[number % len(sources)]
    nbformat.write(filled(assignment, picked), path)


def _autograde(folder: Path) -> float:
    shutil.rmtree(folder / "autograded", ignore_errors=True)
    begun = time.perf_counter()
    _nbgrader(folder, "autograde", ASSIGNMENT)
    return time.perf_counter() - begun


def _nbgrader(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])  # for its `alembic`
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"nbgrader {' '.join(arguments)} in {folder.name} failed:\n{done.stderr[-3000:]}")


if __name__ == "__main__":
    main()
