"""To get points without knowing the answer."""

from __future__ import annotations

import pytest

from bareme.gradebook.scored import scored_notebook
from tests.attacks.conftest import Arena

SEPARATE = "the hidden tests run in another process: what comes back is data of exact base types"
FORKED = "each check talks to a fork of its own over its own socket; the kernel's descriptors are closed there"
RECORDED = "the only score nbgrader finds is the float that we write, in a notebook rebuilt from the release"

CHAMELEON = """
class Any({base}):
    def __eq__(self, other): return True
    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __bool__ = __contains__ = __eq__
    def __sub__(self, other): return 0
    __rsub__ = __abs__ = __mod__ = __sub__
    def __hash__(self): return 0
    def __instancecheck__(self, other): return True
    @property
    def __class__(self): return int
def forge(): return Any()
"""


@pytest.mark.attack("Forging", "`__eq__`/`__rsub__`/`__lt__` overrides", wall=SEPARATE)
@pytest.mark.parametrize("base", ["", "int", "float", "list"])
def test_equal_to_everything(arena: Arena, base: str) -> None:
    assert arena.forged(CHAMELEON.format(base=base)) == 0


LAZY_TENSOR = """
import torch
class Any(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True
def forge(): return torch.zeros(3).as_subclass(Any)
"""
LATE = """
import threading, time
class Late(int):
    def __new__(cls): return super().__new__(cls, 0)
    def __int__(self): return self.wait()
    __index__ = __trunc__ = __int__
    def wait(self):
        time.sleep(60)
def forge(): return Late()
"""


@pytest.mark.attack("Forging", "tensor and number subclasses", "deferred work past the timer", wall=SEPARATE)
@pytest.mark.parametrize("code", [LAZY_TENSOR, LATE], ids=["a tensor that overrides everything", "work put off"])
def test_subclasses(arena: Arena, code: str) -> None:
    assert arena.forged(code) == 0


PATCHED = """
import builtins, time, resource, numpy, torch
torch.allclose = torch.equal = torch.isclose = lambda *a, **k: torch.tensor(True)
torch.Tensor.__eq__ = lambda self, other: True
numpy.testing.assert_allclose = lambda *a, **k: None
builtins.abs = lambda x: 0
builtins.isinstance = lambda *a: True
time.time = time.perf_counter = time.process_time = time.monotonic = lambda: 0.0
resource.getrusage = lambda who: (0,) * 16
def forge(): return 0
"""


@pytest.mark.attack("Forging", "patched torch.allclose, numpy.testing", wall=SEPARATE)
def test_patched_libraries(arena: Arena) -> None:
    assert arena.forged(PATCHED) == 0


SPIN = """
    from os import times
    begun = sum(times()[:2])
    while sum(times()[:2]) < begun + 2: pass
    """


@pytest.mark.attack(
    "Forging",
    "patched time, resource",
    wall="CPU seconds are read from /proc by the checker, outside the sandbox",
)
def test_patched_clocks_do_not_make_it_fast(arena: Arena) -> None:
    clocks = "import time, resource\ntime.time = time.perf_counter = time.process_time = time.monotonic = lambda: 0.0\n"
    slow = clocks + f"resource.getrusage = lambda who: (0,) * 16\ndef fast(x):{SPIN}return sum(x)"
    (check,) = arena.grade(fast=slow).exercises["fast"].checks
    assert check.verdict == "over_budget" and check.usage.cpu_s >= 2


HOOKS = """
import ast, sys
shell = get_ipython()
class Pass(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)
shell.ast_transformers.append(Pass())
shell.input_transformers_cleanup.append(lambda lines: ["1.0\\n"])
shell.showtraceback = lambda *a, **k: None
sys.displayhook = lambda *a: print("1.0")
shell.events.register("post_run_cell", lambda result: shell.display_pub.publish({"text/plain": "1.0"}))
def forge(): return 0
"""


@pytest.mark.attack("Forging", "IPython ast/input transformers", "displayhook", "showtraceback", wall=RECORDED)
def test_hooks_of_the_shell(arena: Arena) -> None:
    report = arena.grade(forge=HOOKS)
    assert report.exercises["forge"].score == 0
    assert recorded_scores(report)["forge"] == "0.0"


def recorded_scores(report: object) -> dict[str, str]:
    """What nbgrader would take for each exercise's score: its grade cell's first result."""
    cells = scored_notebook(report, "fr").cells  # type: ignore[arg-type]
    found = {}
    for cell in cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade"):
            results = [output for output in cell.outputs if output.output_type == "execute_result"]
            assert len(results) == 1 and not [output for output in cell.outputs if output.get("name") == "stderr"]
            found[mark["grade_id"].removeprefix("test_")] = results[0]["data"]["text/plain"]
    return found


@pytest.mark.attack("Forging", "NaN as a wildcard or as a score", wall="NaN equals nothing where the checker compares")
@pytest.mark.parametrize("value", ["float('nan')", "torch.full((3,), float('nan'))", "float('inf')"])
def test_nan(arena: Arena, value: str) -> None:
    report = arena.grade(forge=f"import torch\ndef forge(): return {value}\nfloat('nan')")
    assert report.exercises["forge"].score == 0 and recorded_scores(report)["forge"] == "0.0"


DESCRIPTORS = """
import json, os, struct
def forge():
    told = json.dumps({"exercise": "forge", "check": {"name": "test_a_number_that_only_the_checker_knows",
                       "verdict": "passed", "weight": 1.0, "usage": {}}, "done": True, "value": 0}).encode()
    for descriptor in range(3, 256):
        for message in (told, struct.pack("<I", len(told)) + told, struct.pack("<Q", len(told)) + told):
            try: os.write(descriptor, message)
            except OSError: pass
    for folder in ("/tmp", ".", "/home/student", "/dev/shm", "/run/bareme"):
        for name in ("report.json", "results.json", "mallory.json", ".bareme"):
            try: open(f"{folder}/{name}", "wb").write(told)
            except OSError: pass
    return 0
"""


@pytest.mark.attack("Forging", "writing result files or inherited descriptors", wall=FORKED)
def test_descriptors(arena: Arena) -> None:
    report = arena.grade(forge=DESCRIPTORS, honest="def honest(x): return 2 * x")
    assert report.exercises["forge"].score == 0
    assert report.exercises["honest"].score == 1.0, "and no other check is disturbed"


@pytest.mark.attack(
    "Forging",
    "writing result files or inherited descriptors",
    wall="what the kernel's process writes on the supervisor's sockets is no message that either would believe",
)
def test_descriptors_of_the_kernel(arena: Arena) -> None:
    report = arena.grade(before=DESCRIPTORS + "\nforge()")
    assert report.score == 0
    arena.assert_well()


@pytest.mark.attack("Forging", "fake last lines on stdout", wall=RECORDED)
def test_standard_output(arena: Arena) -> None:
    lines = 'print("1.0"); print("passed"); print(\'{"score": 1.0, "ok": true}\'); __import__("os").write(1, b"1.0\\n")'
    report = arena.grade(forge=f"def forge():\n    {lines}\n    return 0\n{lines}\n1.0", before=f"{lines}\n1.0")
    assert report.exercises["forge"].score == 0 and recorded_scores(report)["forge"] == "0.0"


THREADS = """
import atexit, os, threading, time
def again():
    while True:
        for name in ("forge", "honest"):
            globals()[name] = lambda *a: 0
        time.sleep(0.01)
atexit.register(lambda: os.write(1, b"1.0"))
for _ in range(3):
    threading.Thread(target=again, daemon=True).start()
def forge():
    threading.Thread(target=again, daemon=True).start()
    atexit.register(lambda: [os.write(fd, b"1.0") for fd in range(3, 64)])
    return 0
"""


@pytest.mark.attack(
    "Forging",
    "atexit and threads that outlive the call",
    wall="a fork has no thread of the notebook's; it ends by the supervisor's kill, not by its own will",
)
def test_threads_and_atexit(arena: Arena) -> None:
    assert arena.forged(THREADS) == 0
    arena.assert_well()


EXITS = {
    "sys.exit": "import sys\ndef forge(): sys.exit(0)",
    "os._exit": "import os\ndef forge(): os._exit(0)",
    "os.abort": "import os\ndef forge(): os.abort()",
    "in the cell": "import os\nos._exit(0)\ndef forge(): return 0",
    "SystemExit in the cell": "def forge(): return 0\nraise SystemExit(0)",
}


@pytest.mark.attack("Forging", "sys.exit/os._exit early", wall="no verdict is a zero, with its reason")
@pytest.mark.parametrize("code", EXITS.values(), ids=EXITS)
def test_exits(arena: Arena, code: str) -> None:
    report = arena.grade(forge=code, honest="def honest(x): return 2 * x")
    assert report.exercises["forge"].score == 0
    assert {check.verdict for check in report.exercises["forge"].checks} <= {"killed", "raised", "failed"}
    assert report.exercises["honest"].score == 1.0, "one exercise never costs another"
