"""Mutants that are no mistakes, as the grader's author says with a reason: ``equivalent_mutants.toml``.

```toml
[[mutant]]
exercise = "masked_softmax"
before = "for end in range(len(word), start, -1):"
after = "for end in range(len(word) + 1, start, -1):"
reason = "a slice beyond the word's end is the same slice"
```
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from bareme.authoring.mutants import Mutant
from bareme.grading.language import CourseError

FILE = "equivalent_mutants.toml"
_FIELDS = {"exercise", "before", "after", "reason"}

#: Exercise, the lines that the mutation takes away, those that it adds.
Change = tuple[str, str, str]


def change(mutant: Mutant) -> Change:
    return mutant.exercise, mutant.before, mutant.after


def equivalents(grader: Path) -> dict[Change, str]:
    """The annotated changes and their reasons. Raises CourseError, naming file, entry and field."""
    path = grader / FILE
    if not path.exists():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: not TOML ({error}): correct the file") from None
    if not isinstance(entries, list):
        raise CourseError(f"{path}: mutant: write each as a table of its own, under [[mutant]]")
    return dict(_read(entry, f"{path}: mutant {number}") for number, entry in enumerate(entries, start=1))


def _read(entry: object, place: str) -> tuple[Change, str]:
    fields = entry if isinstance(entry, dict) else {}
    told = {name: text.strip() for name, text in fields.items() if isinstance(text, str)}
    if set(told) != set(fields) or set(told) != _FIELDS or not all(told[name] for name in _FIELDS - {"after"}):
        raise CourseError(f"{place}: give exercise, before, after and reason, as texts")
    return (told["exercise"], told["before"], told["after"]), told["reason"]
