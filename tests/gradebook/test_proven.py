"""`nbgrader generate_assignment` hands out nothing that was not proven as it is."""

from __future__ import annotations

import json

import pytest

from bareme.grading.digest import assignment_digest
from tests.gradebook.conftest import Course

pytestmark = pytest.mark.slow


def test_only_what_is_proven_is_released(tiny_course: Course) -> None:
    log = tiny_course.nbgrader("generate_assignment", "tiny", "--force", ok=False)
    assert "tiny was never proven" in log and "bareme prove tiny" in log and "release_unproven" in log
    proof = {"digest": assignment_digest(tiny_course.root, "tiny"), "ok": True}
    (tiny_course.root / "graders" / "tiny" / "proof.json").write_text(json.dumps(proof))
    tiny_course.nbgrader("generate_assignment", "tiny", "--force")
    grader = tiny_course.root / "graders" / "tiny" / "test_tiny.py"
    grader.write_text(grader.read_text("utf-8") + "\n# changed\n")
    assert "changed since" in tiny_course.nbgrader("generate_assignment", "tiny", "--force", ok=False)
    config = tiny_course.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + "\nc.Bareme.release_unproven = True\n")
    tiny_course.nbgrader("generate_assignment", "tiny", "--force")
