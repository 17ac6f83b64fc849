"""Words and the small words that agree with them."""

from __future__ import annotations

import pytest

from bareme.course.generator.words import Word, adjective, article, both_numbers, elided, noun, verb

ADA, TOM = Word("Ada", "en", "f", name=True), Word("Tom", "en", "m", name=True)

FRENCH = {
    ("le livre", "a"): "un livre",
    ("le livre", "of"): "du livre",
    ("le livre", "his"): "son livre",
    ("le hibou", "the"): "le hibou",  # an aspirated h
    ("le hibou", "this"): "ce hibou",
    ("la hache", "his"): "sa hache",
    ("l'arbre (m)", "the"): "l'arbre",
    ("l'arbre (m)", "this"): "cet arbre",
    ("l'arbre (m)", "to"): "à l'arbre",
    ("l'horloge (f)", "a"): "une horloge",
    ("l'horloge (f)", "this"): "cette horloge",
    ("l'horloge (f)", "his"): "son horloge",
    ("l'horloge (f)", "of"): "de l'horloge",
    ("la clé", "to"): "à la clé",
    ("la clé", "he"): "elle",
    ("la clé", "him"): "la",
    ("les gants (m)", "a"): "des gants",
    ("les gants (m)", "to"): "aux gants",
    ("les gants (m)", "he"): "ils",
    ("les clés (f)", "with_him"): "elles",
    ("les clés (f)", "to_him"): "leur",
}


@pytest.mark.parametrize(("written", "form"), FRENCH)
def test_french_forms(written: str, form: str) -> None:
    word = noun(written, "fr")
    assert word.form(form, word) == FRENCH[written, form]


ENGLISH = {
    ("key", "a"): "a key",
    ("umbrella", "a"): "an umbrella",
    ("hour", "a"): "an hour",
    ("uniform", "a"): "a uniform",
    ("keys (p)", "a"): "keys",
    ("keys (p)", "this"): "these keys",
    ("keys (p)", "he"): "they",
    ("key", "he"): "it",
    ("aunt (f)", "him"): "her",
    ("uncle (m)", "himself"): "himself",
}


@pytest.mark.parametrize(("written", "form"), ENGLISH)
def test_english_forms(written: str, form: str) -> None:
    word = noun(written, "en")
    assert word.form(form, word) == ENGLISH[written, form]


def test_english_owners() -> None:
    key = noun("key", "en")
    assert [key.form("his", owner) for owner in (ADA, TOM, noun("dogs (p)", "en"))] == [
        "her key",
        "his key",
        "their key",
    ]
    assert ADA.form("his", ADA) == "her"


@pytest.mark.parametrize(
    ("text", "following", "cut"),
    [
        ("le chat de ", "Élise", "le chat d'"),
        ("le chat de ", "Paul", "le chat de "),
        ("parce que ", "il", "parce qu'"),
        ("elle ne ", "aime", "elle n'"),
        ("la ", "amie", "l'"),
        ("il va ", "avec", "il va "),  # no word that is ever cut
        ("une ", "amie", "une "),
        ("près du ", "orme", "près de l'"),
        ("au ", "enfant", "à l'"),
        ("du ", "chêne", "du "),
    ],
)
def test_elision(text: str, following: str, cut: str) -> None:
    assert elided(text, following) == cut


def test_what_agrees() -> None:
    cat, cats = both_numbers("la chatte, chattes", "fr")
    assert adjective("blanc|blanche", "fr").agreeing(cats) == "blanches"
    assert adjective("gris|grise", "fr").agreeing(noun("les gants (m)", "fr")) == "gris"
    assert adjective("rouge", "fr").agreeing(cat) == "rouge"
    assert [verb("dort, dorment").agreeing(one) for one in (cat, cats)] == ["dort", "dorment"]
    horse, horses = both_numbers("le cheval, chevaux", "fr")
    assert (horse.form("of", horse), horses.form("of", horses)) == ("du cheval", "des chevaux")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: noun("livre", "fr"),
        lambda: noun("l'arbre", "fr"),
        lambda: noun("les clés", "fr"),
        lambda: verb("dort"),
        lambda: both_numbers("le chat", "fr"),
        lambda: adjective("a|b|c", "fr"),
        lambda: ADA.form("the", ADA),
        lambda: noun("key", "en").form("nothing", ADA),
    ],
)
def test_what_is_badly_written_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=r"write|is a name|no form"):
        wrong()


def test_articles() -> None:
    assert [article(word) for word in ("apple", "one-way ticket", "European", "honest man", "house")] == [
        "an ", "a ", "a ", "an ", "a "
    ]  # fmt: skip
