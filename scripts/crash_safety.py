#!/usr/bin/env python3
"""Kill the processes of a class's grading at random moments, and see that nobody loses or gains by it.

    python scripts/crash_safety.py --kills 100

A class is graded by `nbgrader autograde`, started again whenever it ended early, as an instructor would; meanwhile the
supervisor (that command itself), a checker, the checkers' fork server, bubblewrap, the zygote or a sandbox is killed by
SIGKILL every now and then. When a class is complete, each student must have one submission in the gradebook with
the score that its specimens imply, a whole notebook and a whole report; nothing may still run. Then the next class.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from bareme.authoring.specimens import TOLERANCE, mistake
from bareme.classroom.pupils import Pupil, pupils
from bareme.gradebook.records import read_report
from bareme.grading.assignment import Assignment, load_assignment

ROOT = Path(__file__).resolve().parents[1]
NAME = "masking"
KINDS = ("supervisor", "checker", "checkers' server", "bubblewrap", "zygote", "sandbox")
#: Kinds of submissions that only take long.
_LEFT_OUT = ("slow", "100 MB of outputs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--students", type=int, default=14, help="of which slow ones are left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one object instead of lines")
    given = parser.parse_args()
    rng, kills, wrong, starts, classes = random.Random(given.seed), Counter[str](), [], 0, 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        course, own = Path(folder) / "course", Path(folder) / "t"
        own.mkdir()
        os.environ["TMPDIR"] = str(own)  # of everything that is started: by it our processes are known
        students = make_class(course, given.students)
        while sum(kills.values()) < given.kills:
            starts += grade_once(course, rng, kills, given.kills)
            classes += 1
            wrong += [f"class {classes}: {line}" for line in verify(course, students)]
            if not given.json:
                print(f"class {classes}: {sum(kills.values())} kills so far, {len(wrong)} wrong", flush=True)
            reset(course)
        last = [f"folder left: {path}" for path in own.glob("bareme-*")]
        told = {
            "ok": not (wrong or last),
            "kills": dict(kills),
            "classes": classes,
            "students": len(students),
            "starts": starts,
            "wrong": [*wrong, *last],
            "wall_s": round(time.monotonic() - started),
        }
    if given.json:
        print(json.dumps(told, indent=2))
    else:
        print("\n".join(f"{key:9} {value}" for key, value in told.items()))
    raise SystemExit(0 if told["ok"] else 1)


def make_class(course: Path, count: int) -> list[Pupil]:
    for kind in ("source", "graders"):
        shutil.copytree(ROOT / kind / NAME, course / kind / NAME)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", NAME, "--Bareme.release_unproven=True"]
    subprocess.run(command, cwd=course, check=True, capture_output=True)
    students = [pupil for pupil in pupils(load(course), count) if pupil.about not in _LEFT_OUT]
    for pupil in students:
        folder = course / "submitted" / pupil.name / NAME
        folder.mkdir(parents=True)
        pupil.write(folder)
    shutil.copy(course / "gradebook.db", course / "gradebook.new")
    return students


def load(course: Path) -> Assignment:
    return load_assignment(course, NAME)


def reset(course: Path) -> None:
    """As before any grading."""
    shutil.copy(course / "gradebook.new", course / "gradebook.db")
    for name in ("autograded", ".bareme"):
        shutil.rmtree(course / name, ignore_errors=True)


def grade_once(course: Path, rng: random.Random, kills: Counter[str], most: int) -> int:
    """Grade the class to its end, whatever is killed. Returns how often the command was started."""
    starts = 0
    while True:
        starts += 1
        with (course / "log").open("ab") as log:
            command = [sys.executable, "-m", "nbgrader", "autograde", NAME]
            running = subprocess.Popen(command, cwd=course, stdout=log, stderr=log)
            while running.poll() is None:
                if sum(kills.values()) < most:
                    disturb(running, rng, kills)
                else:
                    running.wait()
        wait_for_the_end()
        if running.returncode == 0:
            return starts
        if starts > 200:
            raise SystemExit(f"the class was never graded: {course / 'log'}")


def disturb(running: subprocess.Popen[bytes], rng: random.Random, kills: Counter[str]) -> None:
    """After a random time, kill a process of a random kind, if there is one."""
    try:
        running.wait(rng.expovariate(1 / 1.5))
        return
    except subprocess.TimeoutExpired:
        pass
    # Seldom the supervisor: its start takes longest, and everything dies with it
    kind = rng.choices(KINDS, weights=[2, 4, 1, 1, 1, 4])[0]
    found = victims(running.pid).get(kind, [])
    if found:
        try:
            os.kill(rng.choice(found), signal.SIGKILL)
            kills[kind] += 1
        except ProcessLookupError:
            pass


def victims(supervisor: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"supervisor": [supervisor]}
    for child in children(supervisor):
        command = commandline(child)
        if "bareme.grading.checker" in command:
            found.setdefault("checkers' server", []).append(child)
            found.setdefault("checker", []).extend(children(child))
        elif "bwrap" in command:
            found.setdefault("bubblewrap", []).append(child)
            for zygote in children(child):
                found.setdefault("zygote", []).append(zygote)
                found.setdefault("sandbox", []).extend(children(zygote))
    return {kind: pids for kind, pids in found.items() if pids}


def children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:
            pass
    return found


def commandline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def strays() -> list[str]:
    """Checkers and bubblewraps of ours that run although no supervisor does; a zygote ends with its bubblewrap."""
    found, own = [], os.environ["TMPDIR"].encode()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            told = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if own in told and (b"bwrap" in told or b"bareme." in told) and int(path.name) != os.getpid():
            found.append(f"{path.name} {commandline(int(path.name))}")
    return found


def wait_for_the_end() -> None:
    deadline = time.monotonic() + 20
    while strays() and time.monotonic() < deadline:
        time.sleep(0.1)


def verify(course: Path, students: list[Pupil]) -> list[str]:
    """What is wrong with a graded class; nothing, as it must be."""
    wrong = [f"still runs: {line}" for line in strays()]
    wrong += [f"unfinished: {path}" for path in (course / ".bareme" / "unfinished").glob("*/*")]
    wrong += [f"half-written: {path}" for path in (course / ".bareme").rglob(".writing-*")]
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        rows = Counter(one.student.id for one in gradebook.assignment_submissions(NAME))
        recorded = {one.student.id: one.score for one in gradebook.assignment_submissions(NAME)}
    if rows != Counter(pupil.name for pupil in students):
        wrong.append(f"submissions in the gradebook: {dict(rows)}")
    for pupil in students:
        try:
            report = read_report(course, NAME, pupil.name)
            nbformat.read(course / "autograded" / pupil.name / NAME / f"{NAME}.ipynb", 4)
        except Exception as error:
            wrong.append(f"{pupil.name}: {type(error).__name__}: {error}")
            continue
        wrong += [f"{pupil.name}: {error}" for error in report.grader_errors]
        ends = {name: mistake(report.exercises[name], one) for name, one in pupil.fates.items()}
        wrong += [f"{pupil.name} ({pupil.about}): {name}: {why}" for name, why in ends.items() if why]
        if abs(recorded.get(pupil.name, -1.0) - report.score) > TOLERANCE:
            wrong.append(f"{pupil.name}: {recorded.get(pupil.name)} in the gradebook, {report.score} in the report")
    return wrong


if __name__ == "__main__":
    main()
