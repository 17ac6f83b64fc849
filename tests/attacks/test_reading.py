"""To see what only the checker, the instructor or another student may see."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import nbformat
import pytest

from bareme.grading.grade import grade
from bareme.grading.submission import read_submission
from tests.attacks.conftest import CANARY, REFERENCE, Arena, notebook

SEPARATE = "no hidden test and no expected value is ever in the student's process"

#: An attacker who is told what to look for, so that a wall and not his ignorance must stop him.
SEEK = f"""
WORD = "canary" + "-5d1f" + "0c"
def holds(value):
    try: return WORD in (value if isinstance(value, str) else repr(value))
    except BaseException: return False
assert holds("can" + "{CANARY[3:]}")
"""


@pytest.mark.attack("Reading", "stack frames", "gc objects", "sys.modules", "linecache", wall=SEPARATE)
def test_inside_python(arena: Arena) -> None:
    code = """
import gc, inspect, linecache, sys
def loot():
    found = []
    frame = sys._getframe()
    while frame:
        values = (*frame.f_locals.values(), *frame.f_globals.values())
        found += [repr(value)[:200] for value in values if not isinstance(value, str) and holds(value)]
        frame = frame.f_back
    for one in gc.get_objects():
        if isinstance(one, (list, tuple, set)) and any(isinstance(item, str) and item == WORD for item in one):
            if one is not loot.__code__.co_consts: found.append("gc: " + repr(one)[:200])
        elif isinstance(one, dict) and any(isinstance(item, str) and item == WORD for item in one.values()):
            if one is not globals(): found.append("gc: " + repr(one)[:200])
    for name, lines in linecache.cache.items():
        if "test_target" in name: found.append("canary-5d1f0c linecache: " + name)
    hidden = ("_pytest", "pytest", "bareme.grading", "bareme.grading.plugin", "test_target")
    found += ["canary-5d1f0c module " + name for name in sys.modules if name in hidden]
    return found + ["done"]
"""
    assert arena.loot(code, before=SEEK) == "passed"


@pytest.mark.attack("Reading", "/proc/self/mem", wall=SEPARATE)
def test_own_memory(arena: Arena) -> None:
    # The attacker knows a digest alone: with the word itself he would find his own
    digest = hashlib.sha256(CANARY.encode()).hexdigest()
    code = f"""
import hashlib
mine = "only-in-this-notebook"
def loot():
    found, searched = [], False
    with open("/proc/self/maps") as maps:
        ranges = [line.split() for line in maps]
    with open("/proc/self/mem", "rb", 0) as memory:
        for place in ranges:
            start, end = (int(number, 16) for number in place[0].split("-"))
            if "r" not in place[1] or end - start > 1 << 28 or place[-1].startswith("[v"): continue
            try:
                memory.seek(start); block = memory.read(end - start)
            except OSError: continue
            searched = searched or b"only-in-this-notebook" in block
            at = block.find(b"canary-")
            while at >= 0:
                word = block[at:at + {len(CANARY)}]
                if hashlib.sha256(word).hexdigest() == {digest!r}: found.append(word.decode())
                at = block.find(b"canary-", at + 1)
    return (found if searched else ["not searched"]) + ["done"]
"""
    (check,) = arena.grade(loot=code).exercises["loot"].checks
    # Where one's own memory can't even be opened, the attack ends by an exception: nothing was read either
    assert check.verdict == "passed" or (check.verdict == "raised" and "PermissionError" in check.rationale["en"]), (
        check
    )


@pytest.mark.attack(
    "Reading",
    "/proc/<other>/",
    wall="at level full its own pid namespace; at both, other users' or undumpable processes",
)
def test_other_processes(arena: Arena) -> None:
    code = """
import os
def loot():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline", "mem", "maps", "cwd", "root", "fd"):
            path = f"/proc/{pid}/{name}"
            try:
                if name in ("cwd", "root"): text = str(os.listdir(path + "/")) if int(pid) != os.getpid() else ""
                elif name == "fd": text = str([os.readlink(f"{path}/{one}") for one in os.listdir(path)])
                elif name == "mem": text = "" if int(pid) == os.getpid() else WORD + str(open(path, "rb"))
                else: text = open(path).read()
            except (OSError, ValueError): continue
            if holds(text) or "test_target" in text: found.append(path + text[:200] + "canary-5d1f0c")
    return found + ["done"]
"""
    assert arena.loot(code, before=SEEK) == "passed"


@pytest.mark.attack(
    "Reading",
    "graders/",
    "source/",
    "gradebook",
    "environment",
    wall="bubblewrap shows the system and Python alone, Landlock allows the same, and the environment is a new one",
)
def test_files_and_environment(arena: Arena) -> None:
    course = str(arena.course)
    code = f"""
import glob, os
def loot():
    found = [f"{{key}}={{value}}" for key, value in os.environ.items() if holds(value)]
    found += [name + WORD for name in ("BAREME_SECRET", "PYTEST_CURRENT_TEST") if name in os.environ]
    course = {course!r}
    for place in ("graders/target/test_target.py", "source/target/target.ipynb", "gradebook.db", ".bareme/secret"):
        for root in ("", "/proc/1/root", "/proc/self/root"):
            path = f"{{root}}{{course}}/{{place}}"
            try: found.append("canary-5d1f0c " + open(path).read(100))
            except OSError: pass
            try: os.link(path, "/tmp/link"); found.append("canary-5d1f0c linked " + path)
            except OSError: pass
    for place in (course, os.path.dirname(course)):
        try: found.append("canary-5d1f0c " + str(os.listdir(place)[:5]))
        except OSError: pass
    return found + ["done"]
"""
    assert Path(course, "gradebook.db").read_text() == CANARY
    assert arena.loot(code, before=SEEK) == "passed"


LEAVE = """
import os, pathlib
WORD = "left-by-" + "another-student"
PLACES = ["/tmp", ".", "/dev/shm", "/var/tmp", "/home/student", "/run/bareme", os.path.expanduser("~")]
def everywhere():
    return list(dict.fromkeys(PLACES + [str(path) for path in pathlib.Path("/tmp").glob("*") if path.is_dir()]))
"""


@pytest.mark.attack(
    "Reading",
    "other submissions",
    "the next or previous submission",
    wall="private folders that end with the sandbox, and processes that end with it",
)
def test_previous_and_next_submissions(arena: Arena) -> None:
    left = """
import multiprocessing.shared_memory as shared, subprocess, sys
def loot():
    written = 0
    for place in everywhere():
        try:
            with open(f"{place}/{WORD}.py", "w") as file: file.write(WORD)
            written += 1
        except OSError: pass
    try: shared.SharedMemory(WORD[:20], create=True, size=64).buf[:15] = WORD[:15].encode()
    except OSError: pass
    try: subprocess.Popen([sys.executable, "-c", "import time\\nwhile True: time.sleep(1)"], start_new_session=True)
    except OSError: pass
    return ["done"] if written else ["nothing could be left", "done"]
loot()
"""
    assert arena.loot(left, before=LEAVE, student="eve") == "passed"
    found = """
import multiprocessing.shared_memory as shared
def loot():
    found = []
    for place in everywhere():
        try: found += ["canary-5d1f0c " + name for name in os.listdir(place) if WORD in name]
        except OSError: pass
    try: found.append("canary-5d1f0c " + repr(bytes(shared.SharedMemory(WORD[:20]).buf[:15])))
    except OSError: pass
    return found + ["done"]
"""
    assert arena.loot(found, before=LEAVE) == "passed"


@pytest.mark.attack(
    "Reading",
    "other submissions",
    "the next or previous submission",
    wall="at level full, namespaces of its own; at level inner, Landlock: each sandbox reads its own folder alone",
)
def test_a_submission_beside_it(arena: Arena) -> None:
    private = {"mine.txt": CANARY.encode()}
    waits = "import time\ndef loot():\n    time.sleep(3)\n    return ['done']"
    victim = arena.start(student="bob", loot=waits, files=private)
    code = """
import glob, os, time
def loot():
    found, end = [], time.time() + 3
    while time.time() < end:
        for path in [*glob.glob("/tmp/bareme-*/**/mine.txt", recursive=True), *glob.glob("/proc/*/cwd/mine.txt"),
                     *glob.glob("/run/**/mine.txt", recursive=True), *glob.glob("/home/**/mine.txt", recursive=True)]:
            try: found.append(open(path).read())
            except OSError: pass
        for folder, _, names in os.walk(os.environ.get("TMPDIR", "/tmp") + "/.."):
            if "mine.txt" in names:
                try: found.append(open(folder + "/mine.txt").read())
                except OSError: pass
        time.sleep(0.1)
    return found[:5] + ["done"]
"""
    assert arena.loot(code, before=SEEK) == "passed"
    assert victim.result().exercises["loot"].score == 1.0


@pytest.mark.attack(
    "Reading",
    "planted conftest.py, sitecustomize.py, torch.py",
    wall="the checker never reads the student's folder; the zygote imported everything before",
)
def test_planted_modules(arena: Arena) -> None:
    evil = b"import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'1.0')\n    except OSError: pass\n"
    evil += b"allclose = equal = isclose = lambda *a, **k: True\n"
    names = (
        "conftest.py",
        "sitecustomize.py",
        "usercustomize.py",
        "torch.py",
        "pytest.py",
        "bareme.py",
        "test_target.py",
    )
    files = {f"{name}.py": evil for name in names} | {
        "pytest.ini": b"[pytest]\naddopts = -p evil\n",
        "pyproject.toml": b"[",
    }
    report = arena.grade(forge="def forge(): return 0", files=files, honest=REFERENCE["honest"])
    assert report.exercises["forge"].score == 0 and report.exercises["honest"].score == 1.0
    assert report.grader_errors == ()


@pytest.mark.attack(
    "Reading",
    "symlinks",
    "FIFOs",
    "devices",
    "hostile file names",
    wall="only regular files are read, each by a handle on its folder, under names that are plain",
)
def test_hostile_files(arena: Arena, tmp_path: Path) -> None:
    folder = tmp_path / "handed in"
    folder.mkdir()
    code = """
import os
def loot():
    found = []
    for path, _, names in os.walk("."):
        for name in names:
            try: found.append(open(os.path.join(path, name), errors="replace").read(200))
            except OSError: pass
    return found + ["done"]
"""
    nbformat.write(notebook({"loot": code}), folder / "target.ipynb")
    (folder / "link.txt").symlink_to(arena.course / "gradebook.db")
    (folder / "folder").symlink_to(arena.course)
    os.mkfifo(folder / "pipe")
    (folder / "..\n\x1b[31m").write_text("x")
    (folder / "‮txt.exe").write_text("x")
    report = grade(arena.assignment, read_submission(folder, "target.ipynb", "mallory"), arena.engine)
    (check,) = report.exercises["loot"].checks
    assert check.verdict == "passed", check
    assert len(report.problems) >= 3
    shown = "".join(problem["en"] for problem in report.problems)
    assert "\x1b" not in shown and "‮" not in shown
