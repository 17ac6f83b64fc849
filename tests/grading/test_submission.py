"""Whatever was handed in ends in a submission: a notebook of plain cells and files, or a reason in both languages."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from bareme.grading import parse, safe_files
from bareme.grading.submission import Refusal, parse_notebook, read_submission
from tests.tiny import DOUBLE, SHIFT, notebook


def read(folder: Path):
    return read_submission(folder, "tiny.ipynb", "ada")


def hand_in(folder: Path, content: bytes | str) -> None:
    (folder / "tiny.ipynb").write_bytes(content if isinstance(content, bytes) else content.encode())


def document(**changes: Any) -> dict[str, Any]:
    return {**json.loads(nbformat.writes(notebook(DOUBLE, SHIFT))), **changes}


def code(**changes: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None, **changes}


def test_a_notebook_is_read_without_what_it_claims(tmp_path: Path) -> None:
    cell = code(source=["a\n", "b"], outputs=[{"output_type": "execute_result"}], attachments={"x": {}})
    cell["metadata"] = {"nbgrader": {"grade_id": "double", "points": 100, "grade": True}, "tags": ["x"]}
    hand_in(tmp_path, json.dumps(document(cells=[cell], metadata={"widgets": {}})))
    read_notebook = read(tmp_path).notebook
    assert read_notebook.metadata == {}
    assert read_notebook.cells[0].source == "a\nb" and read_notebook.cells[0].outputs == []
    assert read_notebook.cells[0].metadata == {"nbgrader": {"grade_id": "double"}}
    nbformat.validate(read_notebook)


REFUSED = {
    "empty": (b"", "is not JSON"),
    "half": (b'{"cells": [', "is not JSON"),
    "a list": (b"[]", "not a Jupyter notebook"),
    "no cells": (json.dumps({"nbformat": 4}).encode(), "not a Jupyter notebook"),
    "Latin-1": ('{"é": 1}'.encode("latin-1"), "not UTF-8"),
    "version 3": (json.dumps({"nbformat": 3, "worksheets": []}).encode(), "old format 3"),
    "version 5": (json.dumps(document(nbformat=5)).encode(), "not a Jupyter notebook"),
    "true": (json.dumps(document(nbformat=True)).encode(), "not a Jupyter notebook"),
    "R": (json.dumps(document(metadata={"language_info": {"name": "R"}})).encode(), "kernel of R"),
    "Julia": (json.dumps(document(metadata={"kernelspec": {"name": "julia-1.9"}})).encode(), "kernel of julia"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "long number": (b'{"nbformat": ' + b"9" * 10_000 + b"}", "nested too deeply or out of bounds"),
    "many objects": (b"[" + b"{}," * 1_000_001 + b"{}]", "too complex"),
    "many cells": (json.dumps(document(cells=[code()] * 3000)).encode(), "more than 2000 cells"),
    "a long cell": (json.dumps(document(cells=[code(source="#" * 2**21)])).encode(), "is too long"),
    "a cell of numbers": (json.dumps(document(cells=[code(source=[1, 2])])).encode(), "Cell 1 of the notebook"),
    "a cell that is none": (json.dumps(document(cells=[code(), None])).encode(), "Cell 2 of the notebook"),
    "an unknown cell": (json.dumps(document(cells=[code(cell_type="heading")])).encode(), "Cell 1 of the notebook"),
    "large": (b" " * (parse.MOST_BYTES + 1), "too large"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_broken_notebook_is_refused_with_a_reason(content: bytes, reason: str, tmp_path: Path) -> None:
    hand_in(tmp_path, content)
    refusal = read(tmp_path).notebook
    assert isinstance(refusal, Refusal) and reason in refusal.reason["en"]
    assert "tiny.ipynb" in refusal.reason["fr"] and refusal.reason["fr"] != refusal.reason["en"]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_notebook_or_a_refusal(content: bytes) -> None:
    assert isinstance(parse_notebook(content, "n.ipynb"), (Refusal, NotebookNode))


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda parts: st.one_of(st.lists(parts, max_size=3), st.dictionaries(st.text(max_size=5), parts, max_size=3)),
    max_leaves=8,
)
_CELLS = st.lists(
    st.one_of(
        _JSON,
        st.fixed_dictionaries(
            {"cell_type": st.sampled_from(["code", "markdown", "raw"]), "source": st.one_of(st.text(), _JSON)},
            optional={"id": st.one_of(st.text(max_size=3), _JSON), "metadata": st.one_of(_JSON, st.just({}))},
        ),
    ),
    max_size=4,
)


@given(_CELLS, st.one_of(_JSON, st.fixed_dictionaries({"kernelspec": _JSON, "language_info": _JSON})))
def test_any_notebook_of_json_is_valid_once_read_or_refused(cells: list[Any], metadata: Any) -> None:
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": metadata}).encode()
    parsed = parse_notebook(data, "n.ipynb")
    if not isinstance(parsed, Refusal):
        nbformat.validate(parsed)
        nbformat.writes(parsed).encode()


def test_bad_ids_become_good_ones(tmp_path: Path) -> None:
    hand_in(tmp_path, json.dumps(document(cells=[code(id=one) for one in ("a", "a", "é", None, 3, "cell-2")])))
    ids = [cell.id for cell in read(tmp_path).notebook.cells]
    assert ids[0] == "a" and len(set(ids)) == 6


def test_what_is_no_regular_file_is_refused_and_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    made = {
        "link": lambda path: path.symlink_to(secret),
        "pipe": os.mkfifo,
        "folder": lambda path: path.mkdir(),
        "socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
    }
    for name, make in made.items():
        folder = tmp_path / name
        folder.mkdir()
        make(folder / "tiny.ipynb")
        refusal = read(folder).notebook
        assert isinstance(refusal, Refusal) and "as a regular file" in refusal.reason["en"], name


def test_nothing_there_is_a_reason_too(tmp_path: Path) -> None:
    assert "is missing" in read(tmp_path).notebook.reason["en"]
    assert "is missing" in read(tmp_path / "nowhere").notebook.reason["en"]
    (tmp_path / "linked").symlink_to(tmp_path)
    assert "a symbolic link" in read(tmp_path / "linked").notebook.reason["en"]
    with pytest.raises(ValueError, match="file's name"):
        read_submission(tmp_path, "../tiny.ipynb", "ada")


def test_files_beside_the_notebook_come_along(tmp_path: Path) -> None:
    hand_in(tmp_path, json.dumps(document()))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vocab é.txt").write_bytes(b"words")
    for left in (".ipynb_checkpoints/tiny.ipynb", "__pycache__/x.pyc", ".git/config", "timestamp.txt"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).write_text("x")
    submission = read(tmp_path)
    assert submission.files == {"data/vocab é.txt": b"words"} and submission.problems == ()


def test_files_that_are_none_stay_behind_and_are_named(tmp_path: Path) -> None:
    hand_in(tmp_path, json.dumps(document()))
    (tmp_path / "a link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "a pipe")
    (tmp_path / "-rf").write_text("x")
    (tmp_path / "bidi\u202e.txt").write_text("x")
    (tmp_path / "huge").open("wb").truncate(safe_files.MOST_TOTAL_BYTES + 1)
    os.makedirs(tmp_path / "/".join("d" * 12))
    submission = read(tmp_path)
    assert submission.files == {}
    said = " ".join(problem["en"] for problem in submission.problems)
    for name in ("a link", "a pipe", "-rf", "huge", "d/d/d"):
        assert name in said
    assert "\u202e" not in said


def test_too_many_files_are_cut(tmp_path: Path) -> None:
    hand_in(tmp_path, json.dumps(document()))
    for number in range(safe_files.MOST_FILES + 5):
        (tmp_path / f"{number:04}.txt").write_text("x")
    submission = read(tmp_path)
    assert len(submission.files) == safe_files.MOST_FILES
    assert "more than 200" in submission.problems[0]["en"]
