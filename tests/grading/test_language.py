"""One language out of a bilingual notebook."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bareme.grading.language import CourseError, keep_language


def _bilingual(*tags: object):
    return new_notebook(
        cells=[
            new_markdown_cell("Bonjour", metadata={"bareme": {"language": "fr"}}),
            new_markdown_cell("Hello", metadata={"bareme": {"language": "en"}}),
            new_code_cell("1 + 1"),
            *(new_markdown_cell("?", id="odd", metadata={"bareme": tag}) for tag in tags),
        ]
    )


@pytest.mark.parametrize(("language", "greeting"), [("fr", "Bonjour"), ("en", "Hello")])
def test_one_language_and_what_belongs_to_both_stay(language: str, greeting: str) -> None:
    source = _bilingual()
    kept = keep_language(source, language)
    assert [cell.source for cell in kept.cells] == [greeting, "1 + 1"]
    assert len(source.cells) == 3, "the source itself is unchanged"


@pytest.mark.parametrize("tag", [{"language": "de"}, {"language": 1}, "fr-FR"])
def test_a_tag_that_is_no_language_is_named(tag: object) -> None:
    with pytest.raises(CourseError, match=r"cell 4 \(odd\).*metadata.bareme.language.*fr, en"):
        keep_language(_bilingual(tag), "fr")


def test_a_language_that_is_not_taught_is_refused() -> None:
    with pytest.raises(CourseError, match=r"'de'.*fr, en"):
        keep_language(_bilingual(), "de")
