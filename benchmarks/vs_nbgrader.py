"""Wall seconds a submission: stock ``nbgrader autograde`` against ours, on the same notebooks, in one run.

Both start from nothing and grade the same class with nbgrader's own command. Stock runs the visible tests alone, in
an ordinary kernel; ours runs those and every hidden check, in sandboxes. The two take turns, so that the machine's
mood is shared; the ratio is of each pair, and the median pair counts.

    python benchmarks/vs_nbgrader.py [--students 12] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bareme.classroom.pupils import filled, specimens
from bareme.grading.assignment import Assignment, load_assignment

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = "masking"
STOCK_CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\nc.Execute.kernel_name = "python3"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vs-nbgrader-") as folder:
        stock, ours = Path(folder, "stock"), Path(folder, "ours")
        _make_course(stock, STOCK_CONFIG, arguments.students)
        _make_course(ours, (ROOT / "nbgrader_config.py").read_text(encoding="utf-8"), arguments.students)
        pairs = [(_autograde(stock), _autograde(ours)) for _ in range(arguments.rounds)]
    per_stock = [seconds / arguments.students for seconds, _ in pairs]
    per_ours = [seconds / arguments.students for _, seconds in pairs]
    result = {
        "students": arguments.students,
        "rounds": arguments.rounds,
        "stock_s_per_submission": per_stock,
        "bareme_s_per_submission": per_ours,
        "ratio": statistics.median(a / b for a, b in zip(per_stock, per_ours, strict=True)),
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, seconds in (("nbgrader, stock", per_stock), ("nbgrader with Barème", per_ours)):
        print(f"{name:22} {statistics.median(seconds):6.2f} s a submission  [{min(seconds):.2f}-{max(seconds):.2f}]")
    print(f"{'ratio':22} {result['ratio']:6.1f}")


def _make_course(folder: Path, config: str, students: int) -> None:
    """A course with the class's submissions in place, and its release in the gradebook."""
    for name in ("source", "graders"):
        shutil.copytree(ROOT / name / ASSIGNMENT, folder / name / ASSIGNMENT)
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    _nbgrader(folder, "generate_assignment", ASSIGNMENT, "--force")
    assignment = load_assignment(ROOT, ASSIGNMENT)
    for number in range(students):
        submission = folder / "submitted" / f"s{number:03}" / ASSIGNMENT
        submission.mkdir(parents=True)
        _write(assignment, number, submission / f"{ASSIGNMENT}.ipynb")


def _write(assignment: Assignment, number: int, path: Path) -> None:
    """Right solutions and wrong ones in turn; none that kills a kernel, which stock would not survive."""
    import nbformat

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
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"nbgrader {' '.join(arguments)} in {folder.name} failed:\n{done.stderr[-3000:]}")


if __name__ == "__main__":
    main()
