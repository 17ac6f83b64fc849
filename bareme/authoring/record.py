"""The record of a proof, beside the grader it is about: ``graders/ASSIGNMENT/proof.json``, to be committed with it.

Of an exercise that has not changed since, mutants and repeats are not tried again: they take an hour for an assignment.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from bareme import __version__
from bareme.authoring.proof import COUNTS, Claim, Kept, Proof
from bareme.gradebook.proven import PROOF_FILE
from bareme.gradebook.records import write_whole


def write_proof(course: Path, proof: Proof) -> Path | None:
    """Keep a proof that holds: a complete one whole, of a thorough one of some exercises their part alone.

    Returns where it is kept, if it is.
    """
    if not proof.ok or not (proof.complete or proof.digests):
        return None
    path = course / "graders" / proof.assignment / PROOF_FILE
    told = {"proven_on": datetime.date.today().isoformat(), "bareme": __version__, **proof.to_json()}
    if not proof.complete:
        # The digest of the whole stays as it was: only a complete proof may replace it
        before = _read(path) or {**told, "ok": False, "digest": ""}
        told = {**before, "exercises": {**before["exercises"], **told["exercises"]}}
    write_whole(path, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    path.chmod(0o644)
    return path


def kept_parts(course: Path, assignment: str) -> dict[str, Kept]:
    """What earlier proofs found of each exercise by mutants and repeats; nothing where that can't be read."""
    told = _read(course / "graders" / assignment / PROOF_FILE) or {"exercises": {}}
    parts = {name: _kept(one) for name, one in told["exercises"].items()}
    return {name: part for name, part in parts.items() if part is not None}


def _kept(one: Any) -> Kept | None:
    try:
        part = Kept(
            digest=one["digest"],
            mutants=Claim("mutants", one["claims"]["mutants"]),
            repeats=Claim("repeats", one["claims"]["repeats"]),
            counts={count: int(one[count]) for count in COUNTS if not count.startswith("specimens")},
            bound=float(one["false_fail_bound"]),
        )
        return part if one["ok"] is True else None
    except (KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> dict[str, Any] | None:
    """The record, or None where there is none that can be read."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("exercises"), dict) else None
