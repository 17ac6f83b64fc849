"""To look fast, or right, by playing with the clock, with memory or with chance."""

from __future__ import annotations

import pytest

from tests.attacks.conftest import KEY, REFERENCE, Arena

NEW_INPUTS = "every round has inputs of its own, the value is compared each time, and CPU seconds are read outside"
SLOW = """
import os
def spin(seconds):
    end = sum(os.times()[:2]) + seconds
    while sum(os.times()[:2]) < end: pass
"""
#: Each is slow unless its trick works; a limit is 3 times the reference's CPU seconds, and one second more.
CACHES = {
    "caching between timed runs": """
known = {}
def fast(x):
    key = len(x)
    if key not in known:
        spin(2)
        known[key] = sum(x)
    return known[key]
""",
    "`id()` caches": """
known = {}
def fast(x):
    if id(x) not in known:
        spin(2)
        known[id(x)] = sum(x)
    return known[id(x)]
""",
    "detecting warm-up": """
calls = 0
def fast(x):
    global calls
    calls += 1
    if calls == 1:
        spin(2)
        return sum(x)
    return 0
""",
}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(code, id=name, marks=pytest.mark.attack("Timing", name, wall=NEW_INPUTS))
        for name, code in CACHES.items()
    ],
)
def test_tricks_with_rounds(arena: Arena, code: str) -> None:
    report = arena.grade(before=SLOW, fast=code, honest=REFERENCE["honest"])
    (check,) = report.exercises["fast"].checks
    assert check.verdict in ("over_budget", "failed"), check
    assert report.exercises["honest"].score == 1.0


@pytest.mark.attack("Timing", "mutating inputs so that the reference agrees", wall="each side gets inputs of its own")
def test_changed_inputs(arena: Arena) -> None:
    code = "def fast(x):\n    x[:] = [0] * len(x)\n    return 0"
    assert arena.grade(fast=code).exercises["fast"].score == 0


@pytest.mark.attack(
    "Timing",
    "uninitialised memory that still holds an answer",
    wall="the answer is computed in another process: the student's memory never held it",
)
def test_uninitialised_memory(arena: Arena) -> None:
    code = "import torch\ndef forge():\n    return torch.empty(3)"
    assert arena.forged(code) == 0


@pytest.mark.attack(
    "Timing", "seed guessing", wall="inputs are drawn from an HMAC of the course's key, the student and the check"
)
def test_guessed_seeds(arena: Arena) -> None:
    code = """
import hashlib, hmac, random
def forge():
    name = b"test_a_number_that_only_the_checker_knows"
    seed = hmac.digest(hmac.digest({key!r}, b"target/mallory", hashlib.sha256), name, hashlib.sha256)
    return random.Random(seed).getrandbits(60)
"""
    for key in (b"", b"mallory", b"bareme"):
        assert arena.forged(code.format(key=key)) == 0
    if arena.level == "full":  # the same attack, told the key: it is the key alone that holds
        assert arena.forged(code.format(key=KEY)) > 0
    assert arena.forged("import random\nrandom.seed(0)\ndef forge():\n    return random.getrandbits(60)") == 0


@pytest.mark.attack("Timing", "other CUDA streams", wall="no device but null, zero, random and their like opens")
def test_devices(arena: Arena) -> None:
    code = """
import os, re, torch
def opens(name):
    try: os.close(os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK))
    except OSError: return False
    return not os.path.isdir(f"/dev/{name}")
def loot():
    harmless = re.compile("full|null|zero|random|urandom|tty|ptmx|console|std.*")
    try: names = os.listdir("/dev")
    except OSError: names = ["sda", "vda", "nvme0n1", "mem", "kmsg", "kvm", "fuse", "nvidia0", "nvidiactl", "dri"]
    found = ["canary-5d1f0c " + name for name in names if not harmless.fullmatch(name) and opens(name)]
    if torch.cuda.is_available(): found.append("canary-5d1f0c cuda")
    return found + ["done"]
"""
    assert arena.loot(code) == "passed"
