"""Templates: slots that agree, choices, lines, and what is wrong in one told by name."""

from __future__ import annotations

import random

import pytest

from bareme.course.generator.template import Lines, fill
from bareme.course.generator.words import Word, adjective, noun

SLOTS = {
    "a": Word("Élise", "fr", "f", name=True),
    "b": Word("Paul", "fr", "m", name=True),
    "o": noun("la clé", "fr"),
    "c": adjective("vert", "fr"),
    "d": adjective("old", "en"),
    "h": noun("le hibou", "fr"),
    "t": noun("l'orme (m)", "fr"),
    "u": noun("umbrella", "en"),
}
LINES = Lines({"rain": ("il pleut.",)})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a} cherche {o.the} {c:o} de {a}.", "Élise cherche la clé verte d'Élise."),
        ("{a} {o.him} a perdu{o:|e}.", "Élise l'a perdue."),
        ("{a} {o.him} voit.", "Élise la voit."),
        ("{a} est [ravi{a:|e}] et {b:content|contente}.", "Élise est ravie et content."),
        ("près du {h}, au {t}, le {h}, le {t}", "Près du hibou, à l'orme, le hibou, l'orme"),
        ("<rain> {a.he} sort.", "Il pleut. Elle sort."),
        ("— où est {o.he} ? demande {b}.", "— Où est elle ? demande Paul."),
        ("{a}  sort [].", "Élise sort ."),
        ("{d.a} {u} and {d:u} {u}", "An old umbrella and old umbrella"),
    ],
)
def test_filled(template: str, text: str) -> None:
    assert fill(template, SLOTS, LINES, random.Random(0)) == text


def test_choices_are_drawn() -> None:
    rng = random.Random(0)
    assert {fill("[alors|puis|] {a}", SLOTS, LINES, rng).strip() for _ in range(60)} == {
        "Alors Élise",
        "Puis Élise",
        "Élise",
    }


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{z} dort", "no slot is called z"),
        ("<snow>", "no lines are called <snow>"),
        ("{a.the}", "is a name"),
        ("{c}", "is an adjective"),
        ("{a:x}", "two forms"),
    ],
)
def test_what_is_wrong_is_named(template: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        fill(template, SLOTS, LINES, random.Random(0))
