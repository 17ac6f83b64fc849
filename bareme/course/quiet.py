"""transformers without its progress bars and without its threads.

What loads in a blink needs no bar, and a notebook would keep it. Threads are refused to a check that is timed, and gain
nothing for weights of a few megabytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging

#: Read by transformers at each load.
_NO_THREADS = "HF_DEACTIVATE_ASYNC_LOAD"


@contextmanager
def quietly() -> Iterator[None]:
    """Leave the settings as they were found."""
    shown, threads = logging.is_progress_bar_enabled(), os.environ.get(_NO_THREADS)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    os.environ[_NO_THREADS] = "1"
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        if threads is None:
            del os.environ[_NO_THREADS]
        else:
            os.environ[_NO_THREADS] = threads
