"""A student's notebook file, from bytes to the little of it that grading looks at.

Nothing in the bytes is trusted: every shape is checked here by hand, and what is not needed is dropped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from bareme.grading.checks import say
from bareme.grading.report import Text
from bareme.grading.safe_text import plain

MOST_BYTES = 32 * 2**20
#: Lists and objects: a few bytes of JSON each, but a hundred of memory.
MOST_CONTAINERS = 1_000_000
MOST_CELLS = 2_000
MOST_SOURCE = 2**20

_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SURROGATES = re.compile("[\ud800-\udfff]")
#: Names of kernels that are known not to be Python's, for notebooks that don't say their language.
_OTHER_KERNELS = re.compile(
    r"(ir|julia|octave|matlab|sas|stata|x?cpp\d*|xeus-cling|scala|almond|javascript|jslab|tslab|deno|bash|"
    r"rust|evcxr|java|ijava|kotlin|gonb|gophernotes|ruby|perl|raku|lua|xsql|i?haskell|\.net)([-_. \d].*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refusal:
    """Why a notebook can't be graded at all."""

    reason: Text


class _Unusable(ValueError):
    def __init__(self, *, fr: str, en: str) -> None:
        super().__init__(en)
        self.reason = say(fr=fr, en=en)


def parse_notebook(data: bytes, name: str) -> NotebookNode | Refusal:
    """The notebook in ``data``, pruned, or why it can't be graded. ``name`` is what messages call the file."""
    name = plain(name, 80)
    try:
        return prune(_json(data, name), name)
    except _Unusable as error:
        return Refusal(error.reason)


def too_large(name: str) -> Refusal:
    """The refusal of a file of more than MOST_BYTES."""
    name, most = plain(name, 80), MOST_BYTES // 2**20
    return Refusal(
        say(
            fr=f"Le fichier {name} est trop gros (plus de {most} Mio) : effacez les sorties du carnet.",
            en=f"The file {name} is too large (over {most} MiB): clear the notebook's outputs.",
        )
    )


def _json(data: bytes, name: str) -> Any:
    if len(data) > MOST_BYTES:
        raise _Unusable(**too_large(name).reason)
    if data.count(b"[") + data.count(b"{") > MOST_CONTAINERS:
        raise _Unusable(
            fr=f"Le fichier {name} est trop complexe : effacez les sorties du carnet et enregistrez-le à nouveau.",
            en=f"The file {name} is too complex: clear the notebook's outputs and save it again.",
        )
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        raise _Unusable(
            fr=f"Le fichier {name} n'est pas en UTF-8 (octet {error.start}) : enregistrez-le à nouveau avec Jupyter.",
            en=f"The file {name} is not UTF-8 (byte {error.start}): save it again with Jupyter.",
        ) from None
    except json.JSONDecodeError as error:
        where = (error.lineno, error.colno)
        raise _Unusable(
            fr=f"Le fichier {name} n'est pas du JSON (ligne {where[0]}, colonne {where[1]}) : rendez le carnet tel que "
            "Jupyter l'enregistre.",
            en=f"The file {name} is not JSON (line {where[0]}, column {where[1]}): hand in the notebook as Jupyter "
            "saves it.",
        ) from None
    except (RecursionError, MemoryError, ValueError):  # ValueError: a number of thousands of digits
        raise _Unusable(
            fr=f"Le JSON du fichier {name} est trop imbriqué ou démesuré : rendez le carnet tel que Jupyter "
            "l'enregistre.",
            en=f"The JSON of the file {name} is nested too deeply or out of bounds: hand in the notebook as Jupyter "
            "saves it.",
        ) from None


def prune(document: Any, name: str) -> NotebookNode:
    """The cells of a JSON document that claims to be a notebook: type, id, source and ``grade_id``.

    Outputs, execution counts, attachments, widget states and all other metadata are the student's word only, and go.
    """
    if not isinstance(document, dict) or type(document.get("nbformat")) is not int:
        raise _not_a_notebook(name)
    _check_version(document["nbformat"], name)
    if not isinstance(document.get("cells"), list):
        raise _not_a_notebook(name)
    _check_language(_object(document.get("metadata")), name)
    if len(document["cells"]) > MOST_CELLS:
        raise _Unusable(
            fr=f"Le carnet {name} a plus de {MOST_CELLS} cellules : supprimez les vôtres qui ne servent pas.",
            en=f"The notebook {name} has more than {MOST_CELLS} cells: delete those of yours that are of no use.",
        )
    cells = [_cell(cell, number, name) for number, cell in enumerate(document["cells"], 1)]
    _give_ids(cells)
    pruned: NotebookNode = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    return pruned


def _cell(cell: Any, number: int, name: str) -> dict[str, Any]:
    cell_type, source = (cell.get("cell_type"), cell.get("source")) if isinstance(cell, dict) else (None, None)
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or cell_type not in ("code", "markdown", "raw"):
        raise _Unusable(
            fr=f"La cellule {number} du carnet {name} n'a pas la forme d'une cellule : rendez le carnet tel que "
            "Jupyter l'enregistre.",
            en=f"Cell {number} of the notebook {name} does not have the form of a cell: hand in the notebook as "
            "Jupyter saves it.",
        )
    if len(source) > MOST_SOURCE:
        raise _Unusable(
            fr=f"La cellule {number} du carnet {name} est trop longue ({len(source)} caractères, {MOST_SOURCE} au "
            "plus) : raccourcissez-la.",
            en=f"Cell {number} of the notebook {name} is too long ({len(source)} characters, at most {MOST_SOURCE}): "
            "shorten it.",
        )
    grade_id = _object(_object(cell.get("metadata")).get("nbgrader")).get("grade_id")
    name_of_cell = _SURROGATES.sub("\ufffd", grade_id) if isinstance(grade_id, str) else ""
    # JSON may name half a character, which no file can hold
    kept = {"cell_type": cell_type, "source": _SURROGATES.sub("\ufffd", source), "id": cell.get("id")}
    kept["metadata"] = {"nbgrader": {"grade_id": name_of_cell}} if name_of_cell else {}
    return {**kept, "outputs": [], "execution_count": None} if cell_type == "code" else kept


def _give_ids(cells: list[dict[str, Any]]) -> None:
    """Keep each valid id at its first cell; give every other cell one of ours."""
    used: set[str] = set()
    for number, cell in enumerate(cells, 1):
        valid = isinstance(cell["id"], str) and _CELL_ID.fullmatch(cell["id"]) and cell["id"] not in used
        cell["id"] = cell["id"] if valid else f"cell-{number}"
        while cell["id"] in used:
            cell["id"] += "-"
        used.add(cell["id"])


def _check_version(version: int, name: str) -> None:
    if version < 4:
        raise _Unusable(
            fr=f"Le carnet {name} est au format {version}, trop ancien : ouvrez-le dans JupyterLab et enregistrez-le, "
            "ou lancez « jupyter nbconvert --to notebook --inplace » sur ce fichier.",
            en=f"The notebook {name} has the old format {version}: open it in JupyterLab and save it, or run "
            "“jupyter nbconvert --to notebook --inplace” on this file.",
        )
    if version > 4:
        raise _not_a_notebook(name)


def _check_language(metadata: dict[str, Any], name: str) -> None:
    kernel, info = _object(metadata.get("kernelspec")), _object(metadata.get("language_info"))
    stated = [one.strip() for one in (kernel.get("language"), info.get("name")) if isinstance(one, str) and one.strip()]
    others = [one for one in stated if not one.lower().startswith(("python", "ipython"))]
    if not stated and isinstance(kernel.get("name"), str) and _OTHER_KERNELS.fullmatch(kernel["name"]):
        others = [kernel["name"]]
    if others:
        other = re.sub(r"[^\w.+# -]", "", plain(others[0], 40)).strip() or "?"
        raise _Unusable(
            fr=f"Le carnet {name} est écrit pour un noyau {other} : choisissez le noyau Python 3 et enregistrez-le.",
            en=f"The notebook {name} is written for a kernel of {other}: choose the kernel Python 3 and save it.",
        )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _not_a_notebook(name: str) -> _Unusable:
    return _Unusable(
        fr=f"Le fichier {name} n'est pas un carnet Jupyter (format 4) : rendez le carnet tel que Jupyter l'enregistre.",
        en=f"The file {name} is not a Jupyter notebook (format 4): hand in the notebook as Jupyter saves it.",
    )
