"""Words that know their gender and number, and the small words that agree with them, in French and in English."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Language = Literal["fr", "en"]

_VOWEL = re.compile(r"[aeiouyàâäéèêëîïôöùûüœæh]", re.IGNORECASE)
_ELIDED = re.compile(r"\b([dqnsjmtlDQNSJMTL]|qu|Qu|jusqu|lorsqu|puisqu|quoiqu)(e|a) $")
_CONTRACTED = re.compile(r"\b(du|au) $")
_SOUNDS_LIKE_A_CONSONANT = re.compile(r"(uni|use|usu|euro|one\b|once\b|u-)", re.IGNORECASE)
_SILENT_H = ("hour", "honest", "honour", "heir")

# By gender and number: masculine, before a vowel, feminine, plural
_FRENCH = {
    "a": ("un ", "un ", "une ", "des "),
    "the": ("le ", "l'", "la ", "les "),
    "of": ("du ", "de l'", "de la ", "des "),
    "to": ("au ", "à l'", "à la ", "aux "),
    "this": ("ce ", "cet ", "cette ", "ces "),
    "his": ("son ", "son ", "sa ", "ses "),
    "my": ("mon ", "mon ", "ma ", "mes "),
    "your": ("ton ", "ton ", "ta ", "tes "),
}
_FRENCH_ALONE = {
    "he": ("il", "elle", "ils", "elles"),
    "him": ("le", "la", "les", "les"),
    "to_him": ("lui", "lui", "leur", "leur"),
    "himself": ("lui-même", "elle-même", "eux-mêmes", "elles-mêmes"),
    "with_him": ("lui", "elle", "eux", "elles"),
}
_ENGLISH = {"the": ("the ", "the "), "of": ("of the ", "of the "), "to": ("to the ", "to the ")}
_ENGLISH |= {"this": ("this ", "these "), "my": ("my ", "my "), "your": ("your ", "your ")}
_ENGLISH_ALONE = {
    "he": ("he", "she", "it", "they"),
    "him": ("him", "her", "it", "them"),
    "to_him": ("him", "her", "it", "them"),
    "with_him": ("him", "her", "it", "them"),
    "himself": ("himself", "herself", "itself", "themselves"),
    "this_alone": ("this", "this", "this", "these"),
}
FORMS = frozenset({*_FRENCH, *_FRENCH_ALONE})


@dataclass(frozen=True)
class Word:
    """A noun, or a name.

    gender: ``m``, ``f``, or ``n`` for an English thing. name: it takes no article. aspirated: a French h that allows no
    elision (*le hibou*).
    """

    text: str
    language: Language
    gender: Literal["m", "f", "n"]
    plural: bool = False
    name: bool = False
    aspirated: bool = False

    def form(self, form: str, owner: Word) -> str:
        """This word with an article, or a pronoun in its place. ``owner`` is whose it is (*his*, *her*)."""
        french = self.language == "fr"
        alone = _FRENCH_ALONE if french else _ENGLISH_ALONE
        if form in alone:
            return alone[form][self._column_alone()]
        if self.name and not french and form == "his":
            return _possessive(self).rstrip()
        if self.name:
            raise ValueError(f"{self.text} is a name: of {sorted(FORMS)} it has {sorted(alone)}")
        if french and form in _FRENCH:
            return _FRENCH[form][self._french_column(form)] + self.text
        if form == "his":
            return _possessive(owner) + self.text
        if form == "a":
            return self.text if self.plural else article(self.text) + self.text
        if form in _ENGLISH:
            return _ENGLISH[form][self.plural] + self.text
        raise ValueError(f"no form {form}: there are {sorted(FORMS)}")

    @property
    def starts_with_a_vowel(self) -> bool:
        return _VOWEL.match(self.text) is not None and not self.aspirated

    def _french_column(self, form: str) -> int:
        if self.plural:
            return 3
        if self.starts_with_a_vowel and form != "a":
            return 1 if not (form == "this" and self.gender == "f") else 2
        return 0 if self.gender == "m" else 2

    def _column_alone(self) -> int:
        if self.language == "fr":
            return 2 * self.plural + (self.gender == "f")
        return 3 if self.plural else {"m": 0, "f": 1, "n": 2}[self.gender]


@dataclass(frozen=True)
class Agreeing:
    """An adjective or a verb: its forms by number and gender, masculine and feminine, singular and plural."""

    forms: tuple[str, str, str, str]

    def agreeing(self, word: Word) -> str:
        return self.forms[2 * word.plural + (word.gender == "f")]


def article(text: str) -> str:
    """``a`` or ``an``, by how ``text`` sounds."""
    vowel = text[:1].lower() in "aeiou" and not _SOUNDS_LIKE_A_CONSONANT.match(text)
    return "an " if vowel or text.lower().startswith(_SILENT_H) else "a "


def elided(text: str, following: str, *, aspirated: bool = False) -> str:
    """``text``, whose last word is changed before a vowel: *de Élise* becomes *d'Élise*, *du arbre* *de l'arbre*."""
    if aspirated or not _VOWEL.match(following):
        return text
    if contracted := _CONTRACTED.search(text):
        return f"{text[: contracted.start()]}{'de' if contracted[1] == 'du' else 'à'} l'"
    last = _ELIDED.search(text)
    if last is None or (last[2] == "a" and last[1] not in "lL"):
        return text
    return f"{text[: last.start()]}{last[1]}'"


def _possessive(owner: Word) -> str:
    return "their " if owner.plural else {"m": "his ", "f": "her ", "n": "its "}[owner.gender]


def noun(written: str, language: Language) -> Word:
    """The noun of a line of a lexicon.

    French: with its article, and its gender where the article does not tell: ``le livre``, ``l'horloge (f)``,
    ``les clés (f)``. English: alone, in braces what is not singular or not a thing: ``lamp``, ``shoes (p)``,
    ``aunt (f)``.
    """
    told = re.fullmatch(r"(.*?)(?: \((\w)\))?", written)
    assert told is not None
    text, mark = told[1], told[2]
    if language == "en":
        gender: Literal["m", "f", "n"] = "m" if mark == "m" else "f" if mark == "f" else "n"
        return Word(text, "en", gender, plural=mark == "p")
    split = re.fullmatch(r"(le |la |l'|les )(.+)", text)
    if split is None or (split[1] in ("l'", "les ") and mark not in ("m", "f")):
        raise ValueError(f"{written}: write le, la, l' or les before it, and (m) or (f) after l' and les")
    french: Literal["m", "f"] = "f" if split[1] == "la " or mark == "f" else "m"
    aspirated = split[1] in ("le ", "la ") and _VOWEL.match(split[2]) is not None
    return Word(split[2], "fr", french, plural=split[1] == "les ", aspirated=aspirated)


def adjective(written: str, language: Language) -> Agreeing:
    """``vert`` and ``rouge`` follow the rules; others are written out: ``blanc|blanche``, or all four."""
    forms = written.split("|")
    if language == "en":
        return Agreeing((written, written, written, written))
    if len(forms) == 1:
        forms.append(written if written.endswith("e") else f"{written}e")
    if len(forms) == 2:
        forms += [one if one[-1] in "sx" else f"{one}s" for one in forms]
    if len(forms) != 4:
        raise ValueError(f"{written}: write one, two or four forms")
    return Agreeing((forms[0], forms[1], forms[2], forms[3]))


def verb(written: str) -> Agreeing:
    """``dort, dorment``: third person singular and plural."""
    singular, _, plural = written.partition(", ")
    if not plural:
        raise ValueError(f"{written}: write the third persons singular and plural, with a comma between")
    return Agreeing((singular, singular, plural, plural))


def both_numbers(written: str, language: Language) -> tuple[Word, Word]:
    """``le cheval, chevaux`` and ``l'amie (f), amies``: a noun as :func:`noun` reads it, and its plural."""
    singular, _, plural = written.partition(", ")
    if not plural:
        raise ValueError(f"{written}: write the singular and the plural, with a comma between")
    one = noun(singular, language)
    return one, replace(one, text=plural, plural=True)
