#!/usr/bin/env python3
"""Move drafts into source/masking and graders/masking: see README.md beside this file.

python drafts/masking/assemble.py EXERCISE…
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COURSE = HERE.parents[1]
NOTEBOOK = COURSE / "source" / "masking" / "masking.ipynb"
GRADER = COURSE / "graders" / "masking"
POINTS = {
    "wordpiece": 4,
    "encode_pair": 4,
    "mean_pool": 4,
    "masked_softmax": 5,
    "bert_embeddings": 5,
    "self_attention": 8,
    "bert_layer": 7,
    "MiniBert": 10,
    "mask_tokens": 7,
    "whole_word_mask": 5,
    "mlm_loss": 4,
    "nsp_pairs": 5,
    "fill_mask": 7,
    "pll": 6,
    "train_mlm": 9,
}
IMPORTS = """import math

import torch
from torch import nn
from torch.nn import functional as F

from bareme.course import load_dataset, load_model, load_tokenizer"""
Cell = dict[str, Any]


def cell(kind: str, grade_id: str, text: str, language: str = "", **mark: Any) -> Cell:
    marks = {"cell_type": kind, "grade": False, "grade_id": grade_id, "locked": True, "schema_version": 3}
    marks |= {"solution": False, "task": False, **mark}
    about: dict[str, Any] = {"nbgrader": marks}
    if marks["locked"]:
        about |= {"deletable": False, "editable": False}
    if language:
        about["bareme"] = {"language": language}
    made = {"cell_type": kind, "id": grade_id.replace("_", "-"), "metadata": about}
    made["source"] = text.strip("\n").splitlines(keepends=True)
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def both(kind: str, grade_id: str, folder: Path, stem: str) -> list[Cell]:
    return [
        cell(kind, f"{grade_id}_{language}", (folder / f"{stem}_{language}.md").read_text("utf-8"), language)
        for language in ("fr", "en")
    ]


def optional(grade_id: str, path: Path) -> list[Cell]:
    """A locked code cell, in two languages where it says "fr" somewhere; none where there is no such file."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    if '"fr"' not in text:
        return [cell("code", grade_id, text)]
    return [cell("code", f"{grade_id}_{one}", text.replace('"fr"', f'"{one}"'), one) for one in ("fr", "en")]


def drafted(name: str) -> list[Cell]:
    folder = HERE / "sections" / name
    return [
        *optional(f"given_{name}", folder / "given.py"),
        *both("markdown", f"statement_{name}", folder, "statement"),
        cell("code", name, (folder / "solution.py").read_text("utf-8"), locked=False, solution=True),
        cell("code", f"test_{name}", (folder / "visible.py").read_text("utf-8"), grade=True, points=POINTS[name]),
        *optional(f"figure_{name}", folder / "figure.py"),
    ]


def kept(cells: list[Cell], name: str, number: int) -> list[Cell]:
    """The cells of an exercise that is in the notebook already, with its number and points as they are now."""
    own = re.compile(rf"(statement|test|given|figure)_{name}(_fr|_en)?|{name}")
    found = [one for one in cells if own.fullmatch(grade_id(one))]
    for one in found:
        if grade_id(one) == f"test_{name}":
            one["metadata"]["nbgrader"]["points"] = POINTS[name]
        if grade_id(one).startswith("statement_"):
            title = re.sub(r"^## \d+\.", f"## {number}.", one["source"][0])
            one["source"][0] = re.sub(r"\(\d+ points\)", f"({POINTS[name]} points)", title)
    if not any(grade_id(one).startswith("figure_") for one in found):
        found += optional(f"figure_{name}", HERE / "sections" / name / "figure.py")
    return found


def grade_id(one: Cell) -> str:
    return str(one["metadata"].get("nbgrader", {}).get("grade_id", ""))


def closing() -> list[Cell]:
    folder = HERE / "sections" / "closing"
    answer = (folder / "answer.md").read_text("utf-8")
    schemes = both("markdown", "scheme_closing", folder, "scheme")
    for one in schemes:
        one["metadata"] = {"bareme": {**one["metadata"]["bareme"], "audience": "graders"}}
    question = both("markdown", "statement_closing", folder, "statement")
    return [
        *question,
        cell("markdown", "closing", answer, grade=True, solution=True, locked=False, points=10),
        *schemes,
    ]


def main() -> None:
    chosen = sys.argv[1:]
    unknown = [name for name in chosen if not (HERE / "graders" / f"test_{name}.py").exists()]
    if unknown or not chosen:
        raise SystemExit(f"no draft of {', '.join(unknown) or 'nothing'}: name some of this folder's exercises")
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    before = notebook["cells"]
    cells = [*both("markdown", "intro", HERE, "intro"), cell("code", "imports", IMPORTS)]
    for number, name in enumerate(POINTS, start=1):
        cells += drafted(name) if name in chosen else kept(before, name, number)
    notebook["cells"] = [*cells, *closing()]
    NOTEBOOK.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name in chosen:
        shutil.copy(HERE / "graders" / f"test_{name}.py", GRADER)
        for folder in (HERE / "graders" / "specimens").glob(f"*/{name}"):
            shutil.copytree(folder, GRADER / "specimens" / folder.parent.name / name, dirs_exist_ok=True)
    equivalent = HERE / "graders" / "equivalent_mutants.toml"
    entries = re.split(r"(?=^\[\[mutant\]\])", equivalent.read_text("utf-8"), flags=re.M)
    with open(GRADER / "equivalent_mutants.toml", "a", encoding="utf-8") as file:
        for entry in entries:
            if any(f'exercise = "{name}"' in entry for name in chosen):
                file.write("\n" + entry.strip() + "\n")


if __name__ == "__main__":
    main()
