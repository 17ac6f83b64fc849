"""`docs/security.md` says what the tests do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bareme.sandbox import walls
from tests.attacks.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]


def test_every_line_has_a_test_and_the_page_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "page.md"
    code = "import pathlib, sys\nsys.path[:0] = ['.', 'scripts']\nimport security_page\n"
    code += f"security_page.PAGE = pathlib.Path({str(made)!r})\nsecurity_page.main()\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert made.read_text("utf-8") == (ROOT / "docs" / "security.md").read_text("utf-8"), "run scripts/security_page.py"


def test_doctor_names_attacks_as_the_catalogue_does() -> None:
    lines = {line for lines in CATALOGUE.values() for line in lines}
    assert walls.gaps("full") == []
    assert {gap.attack for gap in walls.gaps("inner")} <= lines
