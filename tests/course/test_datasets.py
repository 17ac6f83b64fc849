"""Data sets: typed items, splits without leakage, and a hidden split out of every sandbox's sight."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from bareme.course import load_dataset
from bareme.course.datasets import NAMES
from bareme.course.places import package_folder, verify
from bareme.course.profiles import CourseFileError
from bareme.grading.run import executed

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = ROOT / "graders" / "data"
SPLITS = ("train", "validation", "test")


def items(name: str, split: str) -> list[dict[str, Any]]:
    if split == "hidden":
        return [json.loads(line) for line in (HIDDEN / f"{name}-hidden.jsonl").read_text("utf-8").splitlines()]
    return list(load_dataset(name, split))  # type: ignore[call-overload]


def key(item: dict[str, Any]) -> str:
    """What must not be in two splits."""
    if "context" in item:
        return str(item["context"])
    return str(item.get("text") or item.get("right") or item.get("messages"))


@pytest.mark.parametrize("name", NAMES)
def test_no_item_is_in_two_splits(name: str) -> None:
    kinds = SPLITS if name.startswith("text") else (*SPLITS, "hidden")
    seen: dict[str, str] = {}
    for split in kinds:
        for item in items(name, split):
            assert seen.setdefault(key(item), split) == split, item
    assert len(seen) > 20


@pytest.mark.parametrize("name", ["sentiment-fr", "sentiment-en"])
@pytest.mark.parametrize("split", [*SPLITS, "hidden"])
def test_opinions_are_balanced(name: str, split: str) -> None:
    labels = [item["label"] for item in items(name, split)]
    assert set(labels) == {"positive", "negative"} and 0.45 <= labels.count("positive") / len(labels) <= 0.55


def test_there_is_enough() -> None:
    count = {
        name: sum(len(items(name, split)) for split in (*SPLITS, "hidden")) for name in NAMES if "text" not in name
    }
    assert count["sentiment-fr"] >= 600 and count["sentiment-en"] >= 2000
    for language in ("fr", "en"):
        assert count[f"qa-{language}"] >= 100 and count[f"agreement-{language}"] >= 500
        dialogues = [one for split in (*SPLITS, "hidden") for one in items(f"dialogues-{language}", split)]
        assert sum(message["role"] == "user" for one in dialogues for message in one["messages"]) >= 150


@pytest.mark.parametrize("name", ["qa-fr", "qa-en"])
@pytest.mark.parametrize("split", [*SPLITS, "hidden"])
def test_answers_stand_where_they_are_said_to(name: str, split: str) -> None:
    for one in items(name, split):
        if one["start"] < 0:
            assert one["answer"] == ""
        else:
            assert one["context"][one["start"] : one["start"] + len(one["answer"])] == one["answer"] != ""


@pytest.mark.parametrize("name", ["dialogues-fr", "dialogues-en"])
def test_roles_alternate(name: str) -> None:
    for split in (*SPLITS, "hidden"):
        for one in items(name, split):
            roles = [message["role"] for message in one["messages"] if message["role"] != "system"]
            assert roles == ["user", "assistant"] * (len(roles) // 2) and roles, one


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(CourseFileError, match="'sentiment': no such data set: use one of sentiment-fr, sentiment-en"):
        load_dataset("sentiment", "train")  # type: ignore[call-overload]
    with pytest.raises(CourseFileError, match="'hidden': no such split: use one of train, validation, test"):
        load_dataset("sentiment-fr", "hidden")  # type: ignore[call-overload]


def test_lists_are_the_callers_own() -> None:
    load_dataset("sentiment-fr", "test").clear()
    assert load_dataset("sentiment-fr", "test")


def test_files_are_whole() -> None:
    verify(package_folder("data"), "")
    verify(HIDDEN, "")


def test_no_sandbox_sees_the_hidden_split(tmp_path: Path) -> None:
    """Neither the file, nor a line of it in anything that a notebook may load."""
    line = items("sentiment-fr", "hidden")[0]["text"]
    look = (
        "import os, subprocess\n"
        "from bareme.course import load_dataset\n"
        f"print(os.path.exists({str(HIDDEN)!r}), len(load_dataset('sentiment-fr', 'train')) > 100)"
    )

    async def run() -> str:
        async with executed(new_notebook(cells=[new_code_cell(look)]), tmp_path, level="full") as done:
            return str(done.notebook.cells[0].outputs)

    assert "False True" in asyncio.run(run())
    public = "".join(path.read_text("utf-8") for path in package_folder("data").glob("*.jsonl"))
    assert line not in public
