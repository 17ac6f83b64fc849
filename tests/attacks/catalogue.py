"""Every attack that peers are known to have fallen to, by what it is for. Each line has a test here, marked with it."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, ...]] = {
    "Forging": (
        "objects that are equal to everything, smaller, or subtract to zero",
        "tensor and number subclasses, and work put off past the timer",
        "patched torch.allclose, numpy.testing, time and resource",
        "IPython's AST and input transformers, displayhook and showtraceback",
        "NaN as a wildcard, and as a score",
        "results written to files and to inherited descriptors",
        "fake last lines on standard output",
        "atexit functions, and threads that outlive the call",
        "sys.exit and os._exit before the verdict",
    ),
    "Reading": (
        "stack frames, gc's objects, sys.modules and linecache",
        "the process's own memory",
        "other processes in /proc",
        "graders/, source/, the gradebook, the secret key and the environment",
        "other submissions: the next and the previous one",
        "conftest.py, sitecustomize.py and torch.py beside the notebook",
        "links, pipes, devices and hostile file names beside the notebook",
    ),
    "Escaping and exhausting": (
        "sockets: TCP, UDP, unix and abstract",
        "a fork bomb",
        "all the memory",
        "all the disk",
        "all the inodes",
        "endless output",
        "deep recursion",
        "an endless loop that swallows KeyboardInterrupt",
        "blocked signals",
        "ptrace, and killing the zygote and siblings",
        "setuid programs, and new namespaces",
        "pickles with __reduce__, and torch.load",
    ),
    "Timing": (
        "answers cached between timed rounds",
        "caches by id()",
        "warm-up told from timed rounds",
        "inputs changed so that the reference agrees",
        "uninitialised memory that still holds an answer",
        "guessed seeds",
        "devices and their streams",
    ),
    "Showing": (
        "HTML and JavaScript in what a page shows",
        "ANSI codes, bidirectional controls and endless text",
    ),
    "Notebook": (
        "points and metadata edited",
        "grade cells deleted, doubled and moved",
        "another kernelspec",
        "100 MB of outputs",
        "invalid JSON",
        "nbformat 3",
    ),
}
