"""The demonstration runs from end to end, and leaves the machine as it was, also when it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
COURSE = Path(__file__).resolve().parents[2]


class Machine:
    """A temporary folder of its own for the demonstration, by which its processes are known too."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self._before = set(Path(tempfile.gettempdir()).glob("bareme-*"))

    def start(self, target: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "bareme.cli", "demo", "--students", "12", "--keep", str(target)]
        environment = {**os.environ, "TMPDIR": str(self.temporary), "COLUMNS": "100"}
        return subprocess.Popen(
            command, cwd=COURSE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def running(self, below: int) -> list[str]:
        """What still runs of a session that ``below`` led or was in: by environment, as parents are gone."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                ours = f"TMPDIR={self.temporary}".encode() in (folder / "environ").read_bytes()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if ours or str(self.temporary) in command:
                    found.append(f"{folder.name} {command[:120]}")
            except OSError:
                pass
        return [one for one in found if not one.startswith(f"{below} ")]

    def left(self) -> list[Path]:
        return [*self.temporary.iterdir(), *(set(Path(tempfile.gettempdir()).glob("bareme-*")) - self._before)]


@pytest.fixture
def machine() -> Machine:
    return Machine(Path(tempfile.mkdtemp(prefix="demo")))  # short: the sockets' paths must fit


def test_a_class_from_release_to_feedback(machine: Machine, tmp_path: Path) -> None:
    child = machine.start(tmp_path / "class")
    output, _ = child.communicate(timeout=280)
    assert child.returncode == 0, output
    assert "every score is what its specimens imply" in output
    assert len(list((tmp_path / "class" / "feedback").glob("*/masking/masking.html"))) == 12
    assert machine.left() == [] and machine.running(child.pid) == []


def test_ctrl_c_leaves_nothing(machine: Machine, tmp_path: Path) -> None:
    child = machine.start(tmp_path / "class")
    deadline = time.monotonic() + 120
    reports = tmp_path / "class" / ".bareme" / "reports"
    while not list(reports.glob("*/*.json")) and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.1)
    assert child.poll() is None, child.communicate()[0]
    assert machine.running(child.pid), "it is in the middle of its grading"
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode != 0
    assert machine.left() == []
    deadline = time.monotonic() + 10  # what was told to end may take its time
    while machine.running(child.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert machine.running(child.pid) == []


def test_a_folder_that_is_no_demonstration_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    done = subprocess.run(
        [sys.executable, "-m", "bareme.cli", "demo", "--keep", str(tmp_path)],
        cwd=COURSE, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "choose another with --keep" in done.stderr
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
