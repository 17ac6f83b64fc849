"""Text with slots that agree: the small language in which the course's sentences and stories are written.

``{a}`` is what the slot ``a`` was given; ``{a.the}`` one of its forms; ``{a:content|contente}`` a choice by its gender;
``{c:o}`` an adjective ``c`` that agrees with ``o``; ``[alors|puis]`` any of these; ``<weather>`` any line of that name.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bareme.course.generator.words import Agreeing, Word, article, elided

_SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?(?::([^{}]*))?\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SPACES = re.compile(r" +")
_LINE = re.compile(r"<(\w+)>")
_BETWEEN_CHOICES = re.compile(r"\|(?![^{}]*\})")  # not the two forms of a slot within a choice
_START = re.compile(r"(^|[.] +|\n+|^« |^“|— )(\w)")
_PRONOUN_BEFORE_A_VOWEL = re.compile(r" (?=[aeiouyàâéèêhAEIOU])")


@dataclass(frozen=True)
class Lines:
    """Named lists of lines, that templates of one language may call for by ``<name>``."""

    of: Mapping[str, Sequence[str]]


def fill(template: str, slots: Mapping[str, Word | Agreeing], lines: Lines, rng: random.Random) -> str:
    """The text of ``template``. Raises ValueError that names the slot, form or line that does not exist."""
    chosen = template
    while named := _LINE.search(chosen):
        if named[1] not in lines.of:
            raise ValueError(f"no lines are called <{named[1]}>: {template}")
        chosen = chosen[: named.start()] + rng.choice(lines.of[named[1]]) + chosen[named.end() :]
    while choice := _CHOICE.search(chosen):
        chosen = chosen[: choice.start()] + rng.choice(_BETWEEN_CHOICES.split(choice[1])) + chosen[choice.end() :]
    text, rest = "", 0
    for slot in _SLOT.finditer(chosen):
        value, word = _value(slot, slots, template), slots[slot[1]]
        text += chosen[rest : slot.start()]
        if isinstance(word, Word) and word.language == "fr":
            text = elided(text, value, aspirated=word.aspirated and value == word.text)
        text += value
        rest = slot.end()
        if slot[2] == "him" and value in ("le", "la") and (gap := _PRONOUN_BEFORE_A_VOWEL.match(chosen, rest)):
            text, rest = f"{text[:-1]}'", gap.end()
    text = _SPACES.sub(" ", text + chosen[rest:])
    return _START.sub(lambda start: start[1] + start[2].upper(), text)


def _value(slot: re.Match[str], slots: Mapping[str, Word | Agreeing], template: str) -> str:
    name, form, agreement = slot.groups()
    if name not in slots:
        raise ValueError(f"no slot is called {name}, there are {sorted(slots)}: {template}")
    given = slots[name]
    if isinstance(given, Agreeing) and form == "a":  # English: before its noun
        return article(given.forms[0]) + given.forms[0]
    if isinstance(given, Agreeing):
        other = slots.get(agreement or "")
        if not isinstance(other, Word) or form:
            raise ValueError(
                f"{{{name}}} is an adjective: write {{{name}:slot}} with the slot it agrees with: {template}"
            )
        return given.agreeing(other)
    if form is not None:
        owner = slots.get(agreement or "", given)
        assert isinstance(owner, Word)
        return given.form(form, owner)
    if agreement is not None:
        forms = agreement.split("|")
        if len(forms) != 2:
            raise ValueError(f"{slot[0]}: two forms, masculine and feminine, are wanted: {template}")
        return forms[given.gender == "f"]
    return given.text
