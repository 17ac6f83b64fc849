"""Write `docs/security.md` from the marks of the tests in `tests/attacks/`: run it after a change there."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security.md"

HEAD = """\
# Security: what is tried, and what stops it

Every attack that other graders are known to have fallen to is tried here as a real submission, through the whole chain:
rebuild, sandbox, checker, report. Each runs at level `full` and, where the sandbox matters, at level `inner`, and is
judged from outside: points, files, listeners, processes that are left, and the next student's grading. What level
`inner` does not cover on a machine, `bareme doctor` names as the tables below do.

Written by `scripts/security_page.py` from the tests' marks; a test fails when it is stale.
"""

FOOT = """
## What is not defended

- **A student can learn his own hidden inputs.** What his code raises is shown to him, so a function can raise its
  arguments. They are his alone: the next student's differ, and his own stay the same at a regrade.
- **A student can write his own output.** What a cell prints is on the page as text, and may lie: no score is read.
- **All memory together.** Each process of a sandbox is limited (3 GiB), and so is their number (128), not their sum:
  many processes at once can use up the machine's memory. The system then kills one of them; put graders into a cgroup.
- **CPU that helpers use between two looks.** The meter looks every 20 ms; a helper process that comes and goes between
  is missed. Wall time still counts, and checks of speed may not start processes (at level `inner`, as root, they can).
- **Side channels.** Submissions that run at the same time can tell from the timing of CPU and caches that others run.
- **Bugs of the kernel, of bubblewrap, of Python, torch or libzmq.** A sandbox shares the machine's kernel.
- **Other CUDA streams** are out of reach as no device is in the sandbox: there is no GPU tier yet.
- **When a submission was handed in** is what nbgrader says; its `timestamp.txt` is trusted as it is there.
- **Plagiarism.** Nothing here compares submissions.
- **The instructor's own files.** Graders and `source/` are trusted. Whoever can write there, or read `.bareme/secret`,
  can have any score.

At level `inner`, besides:

- Command lines and names of all processes can be read in `/proc`, and for a path that is known, whether it exists, its
  size and times; no content, memory or environment.
- A sandbox's files are limited one by one, not in number: it can fill the disk below the temporary folder.
  What it wrote is removed when it ends.
- As root, the number of its processes is not limited. As an ordinary user it is, but for all of that user together: one
  sandbox's bomb can keep its siblings from forking, while it runs.
- Before Linux 6.12, Landlock keeps no signal inside.
- `connect`, datagram sockets, System V IPC and changing files' modes do not work there: a notebook that needs them
  can't be graded at this level.
"""


class _Collector:
    items: list[pytest.Item]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def collect() -> list[pytest.Item]:
    """The tests of `tests/attacks/`, as pytest finds them."""
    collector = _Collector()
    options = [
        "--collect-only",
        "-qq",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(ROOT),
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    code = pytest.main([*options, str(ROOT / "tests" / "attacks")], plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"pytest could not collect the attacks: {code}")
    return collector.items


def page(items: list[pytest.Item], catalogue: dict[str, tuple[str, ...]]) -> str:
    """The page. Raises SystemExit where a line has no test, or a mark names no line."""
    found: dict[tuple[str, str], dict[tuple[str, str], None]] = defaultdict(dict)
    for item in items:
        for mark in item.iter_markers("attack"):
            heading, *lines = mark.args
            for line in lines:
                test = f"`{item.path.name}::{getattr(item, 'originalname', item.name)}`"
                found[heading, line][mark.kwargs["wall"], test] = None
    wanted = {(heading, line) for heading, lines in catalogue.items() for line in lines}
    if wanted != set(found):
        raise SystemExit(f"without a test: {sorted(wanted - set(found))}; no line: {sorted(set(found) - wanted)}")
    parts = [HEAD]
    for heading, lines in catalogue.items():
        parts += [f"\n## {heading}\n", "| attack | the wall that stops it | test |", "| --- | --- | --- |"]
        for line in lines:
            for number, (wall, test) in enumerate(found[heading, line]):
                parts.append(f"| {line if number == 0 else ''} | {wall} | {test} |".replace("<", "&lt;"))
    return "\n".join(parts) + "\n" + FOOT


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from tests.attacks.catalogue import CATALOGUE

    PAGE.write_text(page(collect(), CATALOGUE), encoding="utf-8")


if __name__ == "__main__":
    main()
