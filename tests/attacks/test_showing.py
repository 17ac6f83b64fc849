"""To run something, or to mislead, where an instructor or a student looks at a graded notebook."""

from __future__ import annotations

import html.parser
import re

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from bareme.gradebook.configure import _TEMPLATES
from bareme.gradebook.feedback import FeedbackExporter
from bareme.gradebook.page import verdicts_html
from bareme.gradebook.scored import scored_notebook
from bareme.grading.grade import grade
from bareme.grading.report import Report
from tests.attacks.conftest import Arena

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)><iframe src='javascript:alert(3)'></iframe>"
SHOWN = f"""
from IPython.display import HTML, Javascript, Markdown, SVG, display
evil = {EVIL!r}
display(HTML(evil)); display(Javascript("alert(4)")); display(Markdown(evil))
display({{"text/html": evil, "image/svg+xml": "<svg onload='alert(5)'/>", "text/latex": evil}}, raw=True)
print(evil)
class Evil(Exception): pass
Evil.__name__ = evil
def forge(): raise Evil(evil)
raise Evil(evil)
"""
ESCAPED = (
    "what a notebook shows is kept as plain text and images alone; pages escape the rest and carry no script of ours"
)


class Active(html.parser.HTMLParser):
    """Collects what a browser would act on: not text that looks like it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "svg", "base", "meta", "form"):
            self.found.append(tag)
        self.found += [
            f"{tag} {key}={value}" for key, value in attrs if key.startswith("on") or "script:" in (value or "")
        ]


def page(report: Report) -> str:
    """The cells of the feedback page, as `nbgrader generate_feedback` renders them: its own style and frame aside."""
    cells, _ = HTMLExporter(template_name="basic").from_notebook_node(scored_notebook(report, "fr"))
    return cells + "".join(verdicts_html(exercise, "fr") for exercise in report.exercises.values())


@pytest.mark.attack("Showing", "HTML", "JavaScript", wall=ESCAPED)
def test_active_content(arena: Arena) -> None:
    submission = arena.submission(forge=SHOWN)
    submission.notebook.cells.append(new_markdown_cell(EVIL, id="evil"))
    forged = new_output("display_data", data={"text/html": EVIL, "application/javascript": "alert(6)"})
    submission.notebook.cells.append(new_code_cell("1", id="old", outputs=[forged]))
    report = grade(arena.assignment, submission, arena.engine)
    shown = page(report)
    assert "&lt;script&gt;alert(1)" in shown, "it is there, as text"
    active = Active()
    active.feed(shown)
    assert active.found == []


CONTROLS = "\\x1b]0;title\\x07\\x1b[2J\\x1b[31mred \\u202egnirts\\u2066 \\x00\\x08 \\u200b"
LOUD = f"""
print("{CONTROLS}" * 3, flush=True)
class Evil(Exception): pass
Evil.__name__ = "N" * 100_000
def forge(): raise Evil("{CONTROLS}" + "y" * 10_000_000)
def {"z" * 5000}(): forge()
raise Evil("{CONTROLS}" + "y" * 100_000)
"""
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b\\u202a-\\u202e\\u2066-\\u2069]")


@pytest.mark.attack(
    "Showing",
    "ANSI",
    "bidi controls",
    "oversized text in outputs, names and tracebacks",
    wall="control characters are replaced and lengths are capped, in reports, outputs and messages",
)
def test_control_characters(arena: Arena) -> None:
    report = arena.grade(forge=LOUD)
    told = report.to_json()
    texts = [text for check in told["exercises"]["forge"]["checks"] for text in check["rationale"].values()]
    outputs = [str(output) for cell in report.notebook.cells for output in cell.get("outputs", [])]  # type: ignore[union-attr]
    assert any("red" in text for text in texts) and any("red" in text for text in outputs), texts
    for text in (*texts, *outputs):
        assert _CONTROL.search(text) is None, repr(text[:200])
    assert max(map(len, texts)) < 1000 and sum(map(len, outputs)) < 3 * 2**20


def test_pages_have_no_script_of_their_own() -> None:
    assert FeedbackExporter and "script" not in (_TEMPLATES / "bareme" / "index.html.j2").read_text("utf-8").lower()
