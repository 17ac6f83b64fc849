"""Hidden checks of `wordpiece`: exact equality with WordPiece of the `tokenizers` library."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers.models import WordPiece

from bareme.grading.checks import Misconception, expect, say

NO_PREFIX = Misconception(
    "no_prefix",
    symptom=say(
        fr="Un morceau qui n'est pas au début du mot perd sa marque « ## », ou est cherché sans elle dans le vocabulaire.",
        en="A piece that does not start the word loses its “##” mark, or is looked up in the vocabulary without it.",
    ),
    hint=say(
        fr="« ons » et « ##ons » sont deux entrées différentes : la première ouvre un mot, la seconde en continue un. Essayez "
        '`wordpiece("citrons", {"[UNK]": 0, "citr": 1, "ons": 2, "##ons": 3})` : quelle entrée convient après « citr » ?',
        en="“ons” and “##ons” are two different entries: the first opens a word, the second continues one. Try "
        '`wordpiece("citrons", {"[UNK]": 0, "citr": 1, "ons": 2, "##ons": 3})`: which entry fits after “citr”?',
    ),
)
SHORTEST_MATCH = Misconception(
    "shortest_match",
    symptom=say(
        fr="Un morceau plus long du vocabulaire convenait au même endroit : WordPiece prend toujours le plus long.",
        en="A longer piece of the vocabulary fitted at the same place: WordPiece always takes the longest one.",
    ),
    hint=say(
        fr="La recherche part de la fin du mot et recule. Essayez "
        '`wordpiece("porte", {"[UNK]": 0, "p": 1, "port": 2, "##o": 3, "##r": 4, "##t": 5, "##e": 6})` : '
        "combien de morceaux faut-il ?",
        en="The search starts at the end of the word and moves back. Try "
        '`wordpiece("porte", {"[UNK]": 0, "p": 1, "port": 2, "##o": 3, "##r": 4, "##t": 5, "##e": 6})`: '
        "how many pieces are needed?",
    ),
)
UNK_PER_PIECE = Misconception(
    "unk_per_piece",
    symptom=say(
        fr="Le jeton inconnu apparaît à côté d'autres morceaux, alors qu'il remplace toujours le mot entier.",
        en="The unknown token appears next to other pieces, whereas it always replaces the whole word.",
    ),
    hint=say(
        fr="Dès qu'une position n'a aucun morceau, les morceaux déjà trouvés sont abandonnés. Essayez "
        '`wordpiece("tapis", {"[UNK]": 0, "tap": 1, "##s": 2})` : que reste-t-il de « tap » quand « ##is » manque ?',
        en="As soon as a position has no piece, the pieces found so far are given up. Try "
        '`wordpiece("tapis", {"[UNK]": 0, "tap": 1, "##s": 2})`: what is left of “tap” when “##is” is missing?',
    ),
)
BACKTRACKS = Misconception(
    "backtracks",
    symptom=say(
        fr="Votre découpage existe bien dans le vocabulaire, mais ce n'est pas celui d'un algorithme glouton : "
        "WordPiece ne revient jamais sur un morceau choisi.",
        en="Your split does exist in the vocabulary, but it is not that of a greedy algorithm: "
        "WordPiece never reconsiders a piece once chosen.",
    ),
    hint=say(
        fr="Glouton veut dire : à chaque position le plus long morceau, sans retour en arrière, même si la suite échoue. Essayez "
        '`wordpiece("lune", {"[UNK]": 0, "lun": 1, "lu": 2, "##ne": 3})` : que se passe-t-il après « lun » ?',
        en="Greedy means: the longest piece at each position, no way back, even if what follows fails. Try "
        '`wordpiece("lune", {"[UNK]": 0, "lun": 1, "lu": 2, "##ne": 3})`: what happens after “lun”?',
    ),
)
NORMALISES = Misconception(
    "normalises",
    symptom=say(
        fr="Deux écritures différentes du même mot (accents composés ou décomposés, casse) donnent les mêmes morceaux : "
        "qui a changé les caractères du mot ?",
        en="Two different spellings of the same word (composed or decomposed accents, case) give the same pieces: "
        "what changed the characters of the word?",
    ),
    hint=say(
        fr="La normalisation est une étape antérieure ; `wordpiece` compare des points de code tels quels. Essayez "
        '`wordpiece("a\\u0300", {"[UNK]": 0, "à": 1})` : ce mot de deux points de code est-il dans le vocabulaire ?',
        en="Normalisation is an earlier step; `wordpiece` compares code points as they are. Try "
        '`wordpiece("a\\u0300", {"[UNK]": 0, "à": 1})`: is this word of two code points in the vocabulary?',
    ),
)
COUNTS_BYTES = Misconception(
    "counts_bytes",
    symptom=say(
        fr="Un mot accentué est jugé trop long alors qu'un mot sans accent de même longueur ne l'est pas.",
        en="An accented word is judged too long whereas an unaccented word of the same length is not.",
    ),
    hint=say(
        fr="`max_chars` compte des caractères (points de code), pas des octets : comparez "
        '`len("été")` et `len("été".encode())`.',
        en='`max_chars` counts characters (code points), not bytes: compare `len("été")` and `len("été".encode())`.',
    ),
)

LETTERS = "abcdeilmnoprstuéèàç"


def library(word: str, vocab: dict[str, int], unk: str = "[UNK]", max_chars: int = 100) -> list[str]:
    """The pieces that `tokenizers` finds, without any normaliser."""
    ids = {piece: number for number, piece in enumerate(dict.fromkeys([*vocab, unk]))}
    model = WordPiece(ids, unk_token=unk, max_input_chars_per_word=max_chars)
    return [token.value for token in model.tokenize(word)]


def shortest(word: str, vocab: dict[str, int], unk: str) -> list[str]:
    """What the shortest match at each position gives."""
    pieces: list[str] = []
    start = 0
    while start < len(word):
        ends = range(start + 1, len(word) + 1)
        found = next((end for end in ends if ("##" if start else "") + word[start:end] in vocab), None)
        if found is None:
            return [unk]
        pieces.append(("##" if start else "") + word[start:found])
        start = found
    return pieces


def bare(word: str, vocab: dict[str, int], unk: str) -> list[str]:
    """What looking every piece up without its mark gives."""
    pieces: list[str] = []
    start = 0
    while start < len(word):
        end = next((end for end in range(len(word), start, -1) if word[start:end] in vocab), None)
        if end is None:
            return [unk]
        pieces.append(word[start:end])
        start = end
    return pieces


def strip_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")


NORMALISERS: tuple[Callable[[str], str], ...] = (
    *(lambda word, form=form: unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC", "NFKD")),
    strip_accents,
    str.lower,
    lambda word: strip_accents(word.lower()),
    lambda word: unicodedata.normalize("NFC", word.lower()),
    lambda word: unicodedata.normalize("NFD", word.lower()),
)


def judge(got: Any, word: str, vocab: dict[str, int], unk: str = "[UNK]", max_chars: int = 100) -> None:
    """Fail unless ``got`` is what the library gives, naming the misconception that explains the difference."""
    assert isinstance(got, list)
    assert all(isinstance(piece, str) for piece in got)
    expected = library(word, vocab, unk, max_chars)
    if got == expected:
        return
    expect(unk not in got or len(got) == 1, UNK_PER_PIECE)
    too_long = len(word) > max_chars
    if not too_long:
        others = {tuple(library(form(word), vocab, unk, 4 * max_chars + 4)) for form in NORMALISERS}
        expect(not (got == [unk] and len(word.encode()) > max_chars), COUNTS_BYTES)
        expect(tuple(got) not in others, NORMALISES)
        continued = got[1:]
        expect(all(piece.startswith("##") and piece in vocab for piece in continued), NO_PREFIX)
        expect(got != [unk] or bare(word, vocab, unk) != [unk], NO_PREFIX)
        expect(got != shortest(word, vocab, unk), SHORTEST_MATCH)
        complete = "".join([*got[:1], *(piece[2:] for piece in continued)]) == word
        expect(not (complete and all(piece in vocab for piece in got)), BACKTRACKS)
    assert got == expected


def random_vocab(rng: random.Random, letters: str = LETTERS, pieces: int = 160) -> dict[str, int]:
    """Every letter as a start and as a continuation, and random pieces that are one or the other."""
    entries = {"[UNK]", *letters, *("##" + letter for letter in letters)}
    for _ in range(pieces):
        piece = random_word(rng, 2, 5, letters)
        entries.add(piece if rng.random() < 0.4 else "##" + piece)
    order = sorted(entries)
    rng.shuffle(order)
    return {piece: number for number, piece in enumerate(order)}


def random_word(rng: random.Random, shortest_length: int, longest_length: int, letters: str = LETTERS) -> str:
    return "".join(rng.choices(letters, k=rng.randint(shortest_length, longest_length)))


def word_of_pieces(rng: random.Random, vocab: dict[str, int], count: int) -> str:
    """A word that the vocabulary covers, and that starts with a piece of more than one letter."""
    starts = sorted(piece for piece in vocab if len(piece) > 1 and not piece.startswith("##") and piece != "[UNK]")
    continuations = sorted(piece[2:] for piece in vocab if piece.startswith("##"))
    return rng.choice(starts) + "".join(rng.choice(continuations) for _ in range(count - 1))


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=5,
    rationale=say(
        fr="Sur des mots que le vocabulaire couvre, les morceaux sont ceux de la bibliothèque `tokenizers`.",
        en="On words that the vocabulary covers, the pieces are those of the `tokenizers` library.",
    ),
    hint=say(
        fr="Déroulez à la main l'exemple « déraisonnable » de l'énoncé, une position après l'autre.",
        en="Work through the statement's example, “déraisonnable”, by hand, one position after the other.",
    ),
)
def test_matches_the_library(student: Any, rng: random.Random) -> None:
    vocab = random_vocab(rng)
    for number in range(24):
        word = word_of_pieces(rng, vocab, rng.randint(2, 5)) if number % 2 else random_word(rng, 3, 14)
        judge(student.wordpiece(word, vocab), word, vocab)


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Chaque morceau est le plus long possible à sa place, et un mot du vocabulaire reste entier.",
        en="Each piece is the longest possible at its place, and a word of the vocabulary stays whole.",
    ),
    hint=say(
        fr="Essayez d'abord la fin du mot comme borne, puis reculez d'un caractère à la fois.",
        en="First try the end of the word as a bound, then move back one character at a time.",
    ),
)
def test_longest_piece_first(student: Any, rng: random.Random) -> None:
    vocab = random_vocab(rng, pieces=30)
    for _ in range(6):
        stem = random_word(rng, 6, 9)
        nested = {stem[:end]: len(vocab) + end for end in range(1, len(stem) + 1)}
        family = vocab | {piece: number for piece, number in nested.items() if piece not in vocab}
        for word in (stem, stem + rng.choice(LETTERS), stem[: rng.randint(2, 5)]):
            judge(student.wordpiece(word, family), word, family)


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Un mot dont une partie n'a aucun morceau devient un seul jeton inconnu, celui qu'on a demandé.",
        en="A word with a part that no piece covers becomes one unknown token, the one asked for.",
    ),
    hint=say(
        fr='Que rend votre fonction si seule la dernière lettre est inconnue ? Et si l\'on passe `unk="<unk>"` ?',
        en='What does your function return if the last letter alone is unknown? And with `unk="<unk>"`?',
    ),
)
def test_unknown_words(student: Any, rng: random.Random) -> None:
    vocab = random_vocab(rng)
    for unknown in ("ß", "œ", "漢", "k"):
        before, after = random_word(rng, 2, 6), random_word(rng, 2, 6)
        for word in (before + unknown, before + unknown + after, unknown + after, unknown):
            judge(student.wordpiece(word, vocab), word, vocab)
            judge(student.wordpiece(word, vocab, unk="<unk>"), word, vocab, unk="<unk>")
    with_bare_mark = vocab | {"##": len(vocab)}  # an entry like any other: nothing is left to split after it
    unknown = random_word(rng, 2, 4) + "ß"
    judge(student.wordpiece(unknown, with_bare_mark), unknown, with_bare_mark)
    known = word_of_pieces(rng, vocab, 3)
    judge(student.wordpiece(known, vocab, unk="<unk>"), known, vocab, unk="<unk>")


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Un morceau choisi n'est jamais remis en cause, même quand la suite du mot n'a plus de morceau.",
        en="A chosen piece is never reconsidered, even when the rest of the word has no piece left.",
    ),
    hint=say(
        fr="L'algorithme est glouton : il ne cherche ni le découpage le plus court ni un découpage qui existe.",
        en="The algorithm is greedy: it looks neither for the shortest split nor for one that exists.",
    ),
)
def test_no_way_back(student: Any, rng: random.Random) -> None:
    for _ in range(8):
        first, second, third, *rest = rng.sample(LETTERS, 7)
        tail = "".join(rest[: rng.randint(2, 4)])
        # The longest start eats `third`, which the only piece for the tail needs.
        pieces = [first + second + third, first + second, first, "##" + second, "##" + third + tail, tail, "[UNK]"]
        rng.shuffle(pieces)
        vocab = {piece: number for number, piece in enumerate(pieces)}
        word = first + second + third + tail
        judge(student.wordpiece(word, vocab), word, vocab)
        judge(student.wordpiece(first + second, vocab), first + second, vocab)


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le mot est découpé tel quel : ses points de code ne sont ni recomposés, ni décomposés, ni mis en minuscules.",
        en="The word is split as it is: its code points are neither composed, nor decomposed, nor lower-cased.",
    ),
    hint=say(
        fr="Regardez `[hex(ord(c)) for c in mot]` pour un même mot en NFC et en NFD.",
        en="Look at `[hex(ord(c)) for c in word]` for one word in NFC and in NFD.",
    ),
)
def test_code_points_as_they_are(student: Any, rng: random.Random) -> None:
    plain = "aceilnorst"
    vocab = random_vocab(rng, plain + "éèàçÉÀ", pieces=60)
    with_marks = vocab | {"##" + mark: len(vocab) + number for number, mark in enumerate("\u0300\u0301\u0327")}
    for _ in range(8):
        letters = [*random_word(rng, 2, 5, plain), rng.choice("éèàç"), rng.choice("ÉÀ")]
        rng.shuffle(letters)
        word = word_of_pieces(rng, vocab, 1) + "".join(letters)
        for form in ("NFC", "NFD"):
            spelling = unicodedata.normalize(form, word)
            judge(student.wordpiece(spelling, vocab), spelling, vocab)
            if form == "NFC" or ("E" not in spelling and "A" not in spelling):
                judge(student.wordpiece(spelling, with_marks), spelling, with_marks)


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Un mot est inconnu à partir de `max_chars` + 1 caractères, jamais avant, même s'il est au vocabulaire.",
        en="A word is unknown from `max_chars` + 1 characters on, never before, even if it is in the vocabulary.",
    ),
    hint=say(
        fr="Comparez `len(word)` et `max_chars` une fois, au début ; un mot de longueur `max_chars` est encore découpé.",
        en="Compare `len(word)` with `max_chars` once, at the start; a word of length `max_chars` is still split.",
    ),
)
def test_too_long(student: Any, rng: random.Random) -> None:
    vocab = random_vocab(rng)
    limit = rng.randint(6, 12)
    for letters in ("abcdeilmnoprstu", "éèàç"):
        for length in (limit - 1, limit, limit + 1):
            word = random_word(rng, length, length, letters)
            judge(student.wordpiece(word, vocab, max_chars=limit), word, vocab, max_chars=limit)
            known = vocab | {word: len(vocab)}
            judge(student.wordpiece(word, known, max_chars=limit), word, known, max_chars=limit)
        for length in (100, 101):
            word = random_word(rng, length, length, letters)
            judge(student.wordpiece(word, vocab), word, vocab)


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Un mot vide n'a aucun morceau, un mot d'une lettre en a un, et le vocabulaire reçu n'est pas modifié.",
        en="An empty word has no piece, a word of one letter has one, and the given vocabulary is not modified.",
    ),
    hint=say(
        fr='Essayez `wordpiece("", {"[UNK]": 0})`, et comparez `vocab` avant et après l\'appel.',
        en='Try `wordpiece("", {"[UNK]": 0})`, and compare `vocab` before and after the call.',
    ),
)
def test_shortest_words_and_arguments(student: Any, rng: random.Random) -> None:
    vocab = random_vocab(rng)
    for word in ("", rng.choice(LETTERS), word_of_pieces(rng, vocab, 2)):
        seen = student.observe("wordpiece", word, vocab)
        judge(seen.value, word, vocab)
        assert seen.args[1] == vocab
        assert not seen.rng_touched


@pytest.mark.exercise("wordpiece")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le temps de calcul sur un très long mot reste celui de recherches dans un dictionnaire (5 fois la référence).",
        en="The time on a very long word stays that of look-ups in a dictionary (5 times the reference).",
    ),
    hint=say(
        fr="`morceau in vocab` coûte le même temps quelle que soit la taille de `vocab` ; `morceau in list(vocab)` non.",
        en="`piece in vocab` takes the same time whatever the size of `vocab`; `piece in list(vocab)` does not.",
    ),
)
@pytest.mark.budget(ratio=5, cpu=30, wall=60)
def test_speed(race: Any) -> None:
    vocab = random_vocab(random.Random(0), pieces=6000)  # made once: the words are new in each round

    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (random_word(rng, 800, 800), vocab), {"max_chars": 2000}

    race("wordpiece", make=make, same=lambda mine, right: bool(mine == right))
