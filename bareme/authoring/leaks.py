"""Leaks, found by content: pieces of solutions and of hidden tests, hidden values, and the secret key.

Code is compared as runs of tokens, so that neither spacing, nor a cell's borders, nor a JSON string hide it.
"""

from __future__ import annotations

import ast
import base64
import html
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from bareme.authoring.specimens import Specimen, cell_of
from bareme.gradebook.marking_scheme import is_scheme
from bareme.gradebook.scored import scored_notebook
from bareme.grading.assignment import Assignment, mark
from bareme.grading.language import LANGUAGES
from bareme.grading.report import Report

#: So many tokens in a row are no coincidence: a line of code, or two of tests, which repeat signatures and set-ups.
_SOLUTION_RUN, _TEST_RUN = 16, 24
_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|[^\s\w]")
_STRING = "\0"

Run = tuple[str, ...]


def solution_runs(assignment: Assignment, solutions: Iterable[Specimen]) -> set[Run]:
    """Runs of tokens that solutions hold, and the stubs that students get do not."""
    found: set[Run] = set()
    for one in solutions:
        stub = cell_of(assignment.release, one.exercise).source
        found |= runs(code(one.source), _SOLUTION_RUN) - runs(code(stub), _SOLUTION_RUN)
    return found


def hidden_test_runs(grader: Path) -> set[Run]:
    """Runs of tokens of the hidden tests, without their texts: students do read rationales and hints."""
    modules = [path for path in grader.rglob("*.py") if "specimens" not in path.relative_to(grader).parts]
    return {run for path in modules for run in runs(code(path.read_text("utf-8")), _TEST_RUN)}


def found_runs(secret: set[Run], public: Iterable[str]) -> list[str]:
    """Which of the secret runs stand in a public text, as one line each."""
    lengths = {len(run) for run in secret}
    return sorted({" ".join(run) for text in public for length in lengths for run in runs(text, length) & secret})


def found_values(secret: Iterable[str], public: Iterable[str]) -> list[str]:
    """Which of the secret texts stand in a public one; spacing does not count."""
    everything = "\n".join(" ".join(text.split()) for text in public)
    return sorted({value for value in secret if " ".join(value.split()) in everything})


def told_to_all(grader: Path) -> str:
    """What the hidden tests say in their checks' texts: the same for every student, so it holds no hidden value."""
    modules = [path for path in grader.rglob("*.py") if "specimens" not in path.relative_to(grader).parts]
    nodes = [node for path in modules for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    said = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"]
    parts = [part for call in said for part in ast.walk(call) if isinstance(part, ast.Constant)]
    return "\n".join(str(part.value) for part in parts)


def scheme_lines(source: NotebookNode) -> set[str]:
    """The lines of marking schemes that are long enough to be no coincidence."""
    lines = [line.strip() for cell in source.cells if is_scheme(cell) for line in cell.source.splitlines()]
    return {line for line in lines if len(line) > 20}


def key_texts(key: bytes) -> list[str]:
    """How a secret key would be written."""
    return [key.hex(), base64.b64encode(key).decode().rstrip("="), repr(key)] if key else []


def released_texts(assignment: Assignment, folder: Path) -> list[str]:
    """Everything that a release hands out: the notebook's strings, and each file beside it as text."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".ipynb"]
    return [*texts(assignment.release), *(path.read_text("utf-8", errors="replace") for path in files)]


def feedback_texts(report: Report) -> list[str]:
    """What a feedback page adds to what the student wrote: remarks, verdicts and hints, in both languages."""
    found = [*texts(report.to_json())]
    for language in LANGUAGES:
        for cell in scored_notebook(report, language).cells:
            if cell.cell_type == "code" and mark(cell).get("grade"):
                found += texts(cell.outputs)
            elif "notice" in cell.metadata.get("bareme", {}):
                found += texts(cell.source)
    return found


def texts(value: Any) -> Iterator[str]:
    """Every string in nested lists and dicts, keys too, as written and with HTML's entities replaced."""
    if isinstance(value, str):
        yield value
        if "&" in value:
            yield html.unescape(value)
    elif isinstance(value, dict):
        yield from texts([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def runs(text: str, length: int) -> set[Run]:
    """Every run of so many tokens without a string in it."""
    tokens = _TOKEN.findall(text)
    every = zip(*(tokens[start:] for start in range(length)), strict=False)
    return {run for run in every if _STRING not in run}


def code(source: str) -> str:
    """Python source without its comments, and with a mark for each string."""
    kept = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING" or kind.startswith("FSTRING"):
            kept.append(_STRING)
        elif kind != "COMMENT":
            kept.append(token.string)
    return " ".join(kept)
