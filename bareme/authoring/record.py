"""The record of a proof, beside the grader it is about: ``graders/ASSIGNMENT/proof.json``, to be committed with it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

from bareme import __version__
from bareme.authoring.proof import Proof
from bareme.gradebook.proven import PROOF_FILE
from bareme.gradebook.records import write_whole


def write_proof(course: Path, proof: Proof) -> Path | None:
    """Keep a complete proof that holds; any other is not worth keeping. Returns where it is kept, if it is."""
    if not (proof.complete and proof.ok):
        return None
    path = course / "graders" / proof.assignment / PROOF_FILE
    told = {"proven_on": datetime.date.today().isoformat(), "bareme": __version__, **proof.to_json()}
    write_whole(path, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    path.chmod(0o644)
    return path
