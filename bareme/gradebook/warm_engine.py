"""One warm engine for a process, as long as it lives.

nbgrader makes a converter for every command and every click in formgrader, and tells no one when it is done with it.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence
from pathlib import Path

from bareme.config import Settings, secret
from bareme.grading.engine import Engine
from bareme.sandbox.walls import require

_engines: dict[Settings, Engine] = {}
_lock = threading.Lock()


def warm_engine(course: Settings, hidden: Sequence[Path]) -> Engine:
    """The engine for a course's settings, started at the first call.

    Raises SandboxError when a wall of the configured level is down, or one of the files ``hidden`` can be seen.
    """
    with _lock:
        if course not in _engines:
            require(course.walls, list(hidden))
            if not _engines:
                atexit.register(_close_all)
            _engines[course] = Engine(course.walls, secret(course.secret_file), course.workers).__enter__()
        return _engines[course]


def _close_all() -> None:
    with _lock:
        while _engines:
            _engines.popitem()[1].close()
