"""What students and nbgrader read of a report: escaped, in one language, and no score but ours."""

from __future__ import annotations

import html.parser

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell, new_output

from bareme.gradebook.page import VERDICTS, WORDS, inline, number, problems_markdown, verdicts_html
from bareme.gradebook.scored import scored_notebook
from bareme.grading.checks import say
from bareme.grading.report import Check, Exercise, Report, Usage
from tests.tiny import DOUBLE, SHIFT, notebook

WHY, HINT = say(fr="La somme `a + b`.", en="The sum `a + b`."), say(fr="Posez-la.", en="Write it down.")


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


def tags(text: str) -> set[str]:
    parser = _Tags()
    parser.feed(text)
    return parser.tags


def exercise(*verdicts: str | None) -> Exercise:
    checks = [
        Check(f"test_{n}", v, 1.0, WHY, HINT, Usage(0.5, 1.0, 2**20), {"cpu_s": 10.0}) for n, v in enumerate(verdicts)
    ]
    return Exercise("shift", 3.0, tuple(checks))


@pytest.mark.parametrize(
    ("language", "points", "hint"), [("fr", "1,5 / 3 points", "Posez-la."), ("en", "1.5 / 3 points", "Write it down.")]
)
def test_a_page_is_in_one_language(language: str, points: str, hint: str) -> None:
    page = verdicts_html(exercise("passed", "failed"), language)
    assert points in page and page.count(hint) == 1, "no hint beside what passed"
    assert "<code>a + b</code>" in page
    assert (WHY["en"][:8] in page) == (language == "en")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_a_sign_and_a_word_in_both_languages(verdict: str | None) -> None:
    sign, word = VERDICTS[verdict]
    for language in ("fr", "en"):
        page = verdicts_html(exercise("passed", verdict), language)
        assert sign in page and word[language] in page


def test_every_word_is_in_both_languages() -> None:
    assert all(set(word) == {"fr", "en"} and all(word.values()) for word in WORDS.values())


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [(2.0, "2", "2"), (0.5, "0,5", "0.5"), (1 / 3, "0,33", "0.33"), (0.0, "0", "0"), (100.0, "100", "100")],
)
def test_numbers(value: float, fr: str, en: str) -> None:
    assert (number(value, "fr"), number(value, "en")) == (fr, en)


@given(st.text())
def test_text_from_students_makes_no_element(text: str) -> None:
    assert tags(inline(text)) <= {"code"}
    assert tags(problems_markdown([say(fr=text, en=text)], "fr")) <= {"code"}


def scored(verdict: str, *outputs: nbformat.NotebookNode, **more: object) -> nbformat.NotebookNode:
    ran = notebook(DOUBLE, SHIFT)
    ran.cells[2].outputs = list(outputs)
    ran.cells.append(new_markdown_cell("# Mine <script>alert(1)</script> 1 < 2"))
    checks = (Check("test_values", verdict, 1.0, WHY, HINT),)
    exercises = {"double": Exercise("double", 2.0, checks), "shift": Exercise("shift", 3.0, ())}
    return scored_notebook(Report("tiny", "ada", exercises, notebook=ran, **more), "en")


def test_grade_cells_hold_our_score_first_and_nothing_that_nbgrader_takes_for_one() -> None:
    theirs = [
        new_output("error", ename="AssertionError", evalue="no", traceback=[]),
        new_output("stream", name="stderr", text="warned"),
    ]
    cell = scored("passed", *theirs).cells[2]
    assert cell.outputs[0].data["text/plain"] == "2.0"
    assert [output.output_type for output in cell.outputs[1:]] == ["stream", "stream"]
    assert {output.name for output in cell.outputs[1:]} == {"stdout"}
    assert scored("failed").cells[2].outputs[0].data["text/plain"] == "0.0"


def test_remarks_come_first_and_the_students_html_is_text() -> None:
    result = scored("passed", problems=(say(fr="Déplacée.", en="Moved."),))
    assert "Moved." in result.cells[0].source and "Déplacée" not in result.cells[0].source
    assert "<script" not in result.cells[-1].source and "1 < 2" in result.cells[-1].source
    nbformat.validate(result)
