"""`nbgrader autograde` with our plugins: what reaches the gradebook, and what never does."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from tests.gradebook.conftest import SOLVED, Course

pytestmark = pytest.mark.slow
RIGHT = {name: solution for name, (_, solution) in SOLVED.items()}


def test_a_class_is_graded(tiny_course: Course) -> None:
    tiny_course.submit("ada", tiny_course.submission(**RIGHT))
    tiny_course.submit("alan", tiny_course.submission(**{**RIGHT, "double": "def double(x):\n    return [0]"}))
    tiny_course.submit("blaise", tiny_course.submission())
    (tiny_course.submit("chloe") / "tiny.ipynb").write_text('{"cells": [', encoding="utf-8")
    os.mkfifo(tiny_course.submit("emile") / "tiny.ipynb")
    (tiny_course.submit("farid") / "tiny.ipynb").symlink_to(tiny_course.root / "source" / "tiny" / "tiny.ipynb")
    nbformat.write(tiny_course.submission(**RIGHT), tiny_course.submit("grace") / "my work.ipynb")
    tiny_course.submit("henri")
    noisy = RIGHT["shift"] + "\nimport sys; print('a warning', file=sys.stderr)"
    tiny_course.submit("ines", tiny_course.submission(double=RIGHT["double"], shift=noisy))
    log = tiny_course.nbgrader("autograde", "tiny")
    assert tiny_course.scores("ada") == {"double": 2.0, "shift": 3.0}
    assert tiny_course.scores("alan") == {"double": 0.0, "shift": 3.0}
    for name in ("blaise", "chloe", "emile", "farid", "grace", "henri"):
        assert tiny_course.scores(name) == {"double": 0.0, "shift": 0.0}, name
        assert len(tiny_course.report(name)["problems"]) >= 1
    assert tiny_course.scores("ines") == {"double": 2.0, "shift": 3.0}, "stderr never scores"
    assert "grader error" not in log
    tiny_course.nbgrader("generate_feedback", "tiny")
    page = (tiny_course.root / "feedback" / "chloe" / "tiny" / "tiny.html").read_text("utf-8")
    assert "JSON" in page and 'lang="fr"' in page


def test_a_resubmission_keeps_no_old_score_and_a_manual_one(tiny_course: Course) -> None:
    tiny_course.submit("ada", tiny_course.submission(**RIGHT))
    tiny_course.nbgrader("autograde", "tiny")
    with Gradebook(f"sqlite:///{tiny_course.root / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("test_shift", "tiny", "tiny", "ada").manual_score = 1.5
        gradebook.db.commit()
    second = tiny_course.submission()
    second.cells = [cell for cell in second.cells if cell.cell_type == "markdown"]  # every grade cell is gone
    tiny_course.submit("ada", second)
    tiny_course.nbgrader("autograde", "tiny", "--force")
    assert tiny_course.scores("ada") == {"double": 0.0, "shift": 0.0}
    with Gradebook(f"sqlite:///{tiny_course.root / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("test_shift", "tiny", "tiny", "ada")
        assert (grade.manual_score, grade.score, grade.needs_manual_grade) == (1.5, 1.5, True)


def test_links_beside_the_notebook_are_not_followed(tiny_course: Course) -> None:
    folder = tiny_course.submit("ada", tiny_course.submission(**RIGHT))
    secret = tiny_course.root / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    (folder / "page.html").symlink_to(secret)
    os.mkfifo(folder / "pipe")
    (folder / "data.csv").write_text("1,2", encoding="utf-8")
    tiny_course.nbgrader("autograde", "tiny")
    tiny_course.nbgrader("generate_feedback", "tiny")
    assert tiny_course.scores("ada") == {"double": 2.0, "shift": 3.0}
    left = {path.name for path in Path(tiny_course.root / "autograded" / "ada" / "tiny").iterdir()}
    assert left == {"tiny.ipynb", "data.csv"}
    assert not any("page.html" in path.name for path in (tiny_course.root / "feedback").rglob("*"))
    assert any("page.html" in problem["en"] for problem in tiny_course.report("ada")["problems"])


def test_html_of_students_is_text(tiny_course: Course) -> None:
    submitted = tiny_course.submission(
        **RIGHT,
    )
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    submitted.cells.append(nbformat.v4.new_markdown_cell(f"# Mine\n{attack}"))
    submitted.cells.append(nbformat.v4.new_code_cell(f"print({attack!r})\nraise ValueError({attack!r})"))
    shown = f"from IPython.display import display\ndisplay({{'image/png': '\"' + {attack!r}}}, raw=True)"
    submitted.cells.append(nbformat.v4.new_code_cell(shown))
    tiny_course.submit("ada", submitted)
    tiny_course.nbgrader("autograde", "tiny")
    tiny_course.nbgrader("generate_feedback", "tiny")
    page = (tiny_course.root / "feedback" / "ada" / "tiny" / "tiny.html").read_text("utf-8")
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "alert(2)" in page, "it is shown, as text"


def test_the_release_is_in_the_language_of_the_course(tiny_course: Course) -> None:
    assert [cell.source for cell in tiny_course.release().cells if cell.cell_type == "markdown"] == [
        "# Tiny",
        "Doublez.",
    ]
    config = tiny_course.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8").replace('language = "fr"', 'language = "en"'), encoding="utf-8")
    tiny_course.nbgrader("generate_assignment", "tiny", "--force", "--Bareme.release_unproven=True")
    assert tiny_course.release().cells[-1].source == "Double."


def test_graders_see_the_marking_scheme_and_students_never(tiny_course: Course) -> None:
    path = tiny_course.root / "source" / "tiny" / "tiny.ipynb"
    source = nbformat.read(path, 4)
    mark = {"grade_id": "essay", "grade": True, "solution": True, "locked": False, "task": False, "points": 2.0}
    mark |= {"schema_version": 3, "cell_type": "markdown"}
    source.cells.insert(3, nbformat.v4.new_markdown_cell("A model answer.", metadata={"nbgrader": mark}))
    for language, text in (("fr", "Un point par idée."), ("en", "A point for each idea.")):
        about = {"bareme": {"language": language, "audience": "graders"}}
        source.cells.insert(4, nbformat.v4.new_markdown_cell(text, metadata=about))
    nbformat.write(source, path)
    tiny_course.nbgrader("generate_assignment", "tiny", "--force", "--Bareme.release_unproven=True")
    assert not any("point" in cell.source or "model" in cell.source for cell in tiny_course.release().cells)
    tiny_course.submit("ada", tiny_course.submission(**RIGHT, essay="Because."))
    tiny_course.nbgrader("autograde", "tiny")
    graded = nbformat.read(tiny_course.root / "autograded" / "ada" / "tiny" / "tiny.ipynb", 4)
    texts = [cell.source for cell in graded.cells]
    assert texts[texts.index("Because.") + 1] == "Un point par idée." and "A point for each idea." not in texts
    tiny_course.nbgrader("generate_feedback", "tiny")
    page = (tiny_course.root / "feedback" / "ada" / "tiny" / "tiny.html").read_text("utf-8")
    assert "Because." in page and "Un point par" not in page


def test_grading_below_the_configured_level_is_refused(tiny_course: Course) -> None:
    tiny_course.submit("ada", tiny_course.submission(**RIGHT))
    (tiny_course.root / ".bareme").mkdir(exist_ok=True)
    (tiny_course.root / ".bareme" / "secret").write_text("not a key", encoding="utf-8")
    log = tiny_course.nbgrader("autograde", "tiny", ok=False)
    assert "secret" in log and not (tiny_course.root / "autograded" / "ada").exists()
