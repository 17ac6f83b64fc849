"""Hidden checks of `encode_pair`: exact equality with transformers' own preparation of a pair of sequences."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import transformers
from transformers.tokenization_python import PythonBackend

from bareme.grading.checks import Misconception, expect, say

transformers.logging.set_verbosity_error()  # it warns of each pair that it truncates

FINAL_SEP_CUT = Misconception(
    "final_sep_cut",
    symptom=say(
        fr="Quand la paire est tronquée, la dernière position utile n'est plus un [SEP] : qui l'a coupé ?",
        en="When the pair is truncated, the last useful position is no longer a [SEP]: what cut it?",
    ),
    hint=say(
        fr="On tronque `a` et `b`, jamais la suite assemblée : réservez d'abord la place des jetons spéciaux. Essayez "
        "`encode_pair([11, 12, 13], [21, 22], 6, cls=1, sep=2, pad=0)` : combien de [SEP] faut-il encore ?",
        en="Truncate `a` and `b`, never the assembled sequence: first set aside room for the special tokens. Try "
        "`encode_pair([11, 12, 13], [21, 22], 6, cls=1, sep=2, pad=0)`: how many [SEP] are still needed?",
    ),
)
SEP_SEGMENT = Misconception(
    "sep_segment",
    symptom=say(
        fr="Le premier [SEP] n'appartient pas au segment de la phrase qu'il ferme.",
        en="The first [SEP] does not belong to the segment of the sentence that it closes.",
    ),
    hint=say(
        fr="Chaque [SEP] porte le numéro de la phrase qui le précède. Comptez les 0 de `token_type_ids` pour "
        "`encode_pair([11], [21], 5, cls=1, sep=2, pad=0)`.",
        en="Each [SEP] carries the number of the sentence before it. Count the 0s of `token_type_ids` for "
        "`encode_pair([11], [21], 5, cls=1, sep=2, pad=0)`.",
    ),
)
PADS_ATTENDED = Misconception(
    "pads_attended",
    symptom=say(
        fr="L'attention est ouverte sur des positions de remplissage.",
        en="Attention is open on padding positions.",
    ),
    hint=say(
        fr="`attention_mask` vaut 1 sur les jetons utiles et 0 sur le remplissage. Que vaut sa somme pour "
        "`encode_pair([11, 12], None, 9, cls=1, sep=2, pad=0)` ?",
        en="`attention_mask` is 1 on useful tokens and 0 on the padding. What is its sum for "
        "`encode_pair([11, 12], None, 9, cls=1, sep=2, pad=0)`?",
    ),
)
MASK_BY_ID = Misconception(
    "mask_by_id",
    symptom=say(
        fr="Un vrai token de la phrase disparaît de l'attention parce que son numéro est celui du remplissage.",
        en="A real token of the sentence is dropped from attention because its number is that of the padding.",
    ),
    hint=say(
        fr="Le masque se déduit des longueurs, pas des valeurs (GPT remplit souvent avec son jeton de fin). Essayez "
        "`encode_pair([11, 0, 12], None, 7, cls=1, sep=2, pad=0)`.",
        en="The mask follows from lengths, not from values (GPT often pads with its end token). Try "
        "`encode_pair([11, 0, 12], None, 7, cls=1, sep=2, pad=0)`.",
    ),
)
PADS_IN_SEGMENT_B = Misconception(
    "pads_in_segment_b",
    symptom=say(
        fr="Le remplissage est compté dans la seconde phrase : quel segment porte un [PAD] ?",
        en="The padding is counted in the second sentence: which segment does a [PAD] carry?",
    ),
    hint=say(
        fr="Les trois tenseurs sont remplis séparément ; `token_type_ids` l'est par des 0. Essayez "
        "`encode_pair([11], [21], 9, cls=1, sep=2, pad=0)`.",
        en="The three tensors are padded separately; `token_type_ids` is padded with 0s. Try "
        "`encode_pair([11], [21], 9, cls=1, sep=2, pad=0)`.",
    ),
)
ONE_SIDE_ONLY = Misconception(
    "one_side_only",
    symptom=say(
        fr="Toute la coupe tombe sur une seule phrase, alors que l'autre est devenue la plus longue.",
        en="The whole cut falls on one sentence, whereas the other one has become the longer.",
    ),
    hint=say(
        fr="Token après token, c'est la phrase la plus longue **à cet instant** qui perd son dernier token. Essayez "
        "`encode_pair([11, 12, 13, 14], [21, 22, 23], 7, cls=1, sep=2, pad=0)` : que reste-t-il de chaque côté ?",
        en="Token after token, the sentence that is longer **at that moment** loses its last token. Try "
        "`encode_pair([11, 12, 13, 14], [21, 22, 23], 7, cls=1, sep=2, pad=0)`: what is left on each side?",
    ),
)
TIE_CUTS_A = Misconception(
    "tie_cuts_a",
    symptom=say(
        fr="À longueurs égales, c'est la première phrase qui perd un token, alors que l'énoncé désigne la seconde.",
        en="At equal lengths the first sentence loses a token, whereas the statement names the second.",
    ),
    hint=say(
        fr="Regardez le sens de l'inégalité (`>` ou `>=`) de votre boucle sur "
        "`encode_pair([11, 12], [21, 22], 6, cls=1, sep=2, pad=0)`.",
        en="Look at the inequality (`>` or `>=`) of your loop on "
        "`encode_pair([11, 12], [21, 22], 6, cls=1, sep=2, pad=0)`.",
    ),
)
MUTATES_INPUTS = Misconception(
    "mutates_inputs",
    symptom=say(
        fr="Les listes données par l'appelant sont plus courtes après l'appel.",
        en="The lists given by the caller are shorter after the call.",
    ),
    hint=say(
        fr="`a.pop()` modifie la liste de l'appelant ; `a = a[:n]` en fait une nouvelle. Affichez `a` après "
        "`encode_pair(a, [21], 4, cls=1, sep=2, pad=0)` avec `a = [11, 12, 13]`.",
        en="`a.pop()` modifies the caller's list; `a = a[:n]` makes a new one. Print `a` after "
        "`encode_pair(a, [21], 4, cls=1, sep=2, pad=0)` with `a = [11, 12, 13]`.",
    ),
)

KEYS = ("input_ids", "token_type_ids", "attention_mask")
Fields = dict[str, list[int]]


class Numbers(PythonBackend):
    """A tokenizer of transformers that knows its three special tokens alone: sentences come as numbers already."""

    def __init__(self, cls: int, sep: int, pad: int) -> None:
        self._numbers = {"[CLS]": cls, "[SEP]": sep, "[PAD]": pad}
        super().__init__(
            cls_token="[CLS]",
            sep_token="[SEP]",
            pad_token="[PAD]",
            special_tokens_pattern="cls_sep",
            token_type_ids_pattern="bert_style",
            token_type_ids_include_special_tokens=True,
        )

    @property
    def vocab_size(self) -> int:
        return len(self._numbers)

    def get_vocab(self) -> dict[str, int]:
        return dict(self._numbers)

    def _convert_token_to_id(self, token: str) -> int:
        return self._numbers[token]

    def _convert_id_to_token(self, index: int) -> str:
        return str(index)


def library(a: list[int], b: list[int] | None, max_len: int, cls: int, sep: int, pad: int) -> Fields:
    """What transformers prepares: longest first, padded to ``max_len``."""
    prepared = Numbers(cls, sep, pad).prepare_for_model(
        a,
        b,
        truncation="longest_first",
        padding="max_length",
        max_length=max_len,
        return_token_type_ids=True,
        return_attention_mask=True,
    )
    return {key: list(prepared[key]) for key in KEYS}


def ids_of(a: list[int], b: list[int] | None, max_len: int, cls: int, sep: int, pad: int) -> list[int]:
    """Already truncated sentences, assembled and padded."""
    ids = [cls, *a, sep] if b is None else [cls, *a, sep, *b, sep]
    return ids + [pad] * (max_len - len(ids))


def judge(got: Any, a: list[int], b: list[int] | None, max_len: int, cls: int, sep: int, pad: int) -> None:
    """Fail unless ``got`` is what transformers prepares, naming the misconception behind the difference."""
    assert isinstance(got, dict)
    assert set(got) == set(KEYS)
    assert all(isinstance(got[key], torch.Tensor) for key in KEYS)
    expected = library(a, b, max_len, cls, sep, pad)
    useful = sum(expected["attention_mask"])
    ids = got["input_ids"].tolist()
    if len(ids) == max_len and ids != expected["input_ids"] and useful == max_len:
        judge_truncation(ids, a, b, max_len, cls, sep, pad)
    assert all(got[key].dtype == torch.int64 and got[key].shape == (max_len,) for key in KEYS)
    assert ids == expected["input_ids"]
    mask = got["attention_mask"].tolist()
    by_id = [int(token != pad) for token in ids]
    if mask != expected["attention_mask"]:
        expect(mask != by_id or pad not in ids[:useful], MASK_BY_ID)
        expect(not any(mask[useful:]), PADS_ATTENDED)
    assert mask == expected["attention_mask"]
    segments, right = got["token_type_ids"].tolist(), expected["token_type_ids"]
    if segments != right:
        first_sep = 1 + len(a) if b is None else right.index(1) - 1 if 1 in right else useful - 1
        expect(not (0 <= first_sep < max_len and segments[first_sep] != 0), SEP_SEGMENT)
        expect(not any(segments[useful:]), PADS_IN_SEGMENT_B)
    assert segments == right


def judge_truncation(
    ids: list[int], a: list[int], b: list[int] | None, max_len: int, cls: int, sep: int, pad: int
) -> None:
    """Name the wrong way to cut that gives ``ids``, if it is a known one."""
    whole = ids_of(a, b, 0, cls, sep, pad)
    expect(not (len(whole) > max_len and ids[-1] != sep), FINAL_SEP_CUT)
    expect(not (len(whole) > max_len and ids == [*whole[: max_len - 1], sep] and b is not None), FINAL_SEP_CUT)
    if b is None:
        return
    room = max_len - 3
    keep_a = len(a)
    keep_b = len(b)
    while keep_a + keep_b > room:  # the same loop, with the tie the other way round
        keep_a, keep_b = (keep_a - 1, keep_b) if keep_a >= keep_b else (keep_a, keep_b - 1)
    expect(ids != ids_of(a[:keep_a], b[:keep_b], max_len, cls, sep, pad), TIE_CUTS_A)
    first_only = max(room - len(b), 0)
    second_only = max(room - len(a), 0)
    one_sided = (
        ids_of(a[:first_only], b[: room - first_only], max_len, cls, sep, pad),
        ids_of(a[: room - second_only], b[:second_only], max_len, cls, sep, pad),
    )
    expect(ids not in one_sided, ONE_SIDE_ONLY)


def sentence(rng: random.Random, length: int) -> list[int]:
    return [rng.randrange(100, 1000) for _ in range(length)]


def specials(rng: random.Random) -> dict[str, int]:
    """Three different numbers that no sentence contains."""
    return dict(zip(("cls", "sep", "pad"), rng.sample(range(1, 100), 3), strict=True))


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Une phrase seule est codée comme le fait transformers : [CLS] a [SEP], puis le remplissage.",
        en="A single sentence is encoded as transformers does: [CLS] a [SEP], then the padding.",
    ),
    hint=say(
        fr="Sans `b`, il n'y a qu'un [SEP] et qu'un segment ; une phrase trop longue perd ses derniers tokens.",
        en="Without `b` there is one [SEP] and one segment; a sentence that is too long loses its last tokens.",
    ),
)
def test_single_sentence(student: Any, rng: random.Random) -> None:
    for _ in range(6):
        given = specials(rng)
        length = rng.randint(3, 12)
        for max_len in (length + 2, length + rng.randint(3, 8), rng.randint(4, length + 1)):
            a = sentence(rng, length)
            judge(student.encode_pair(a, None, max_len, **given), a, None, max_len, **given)


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Une paire qui tient dans la longueur donne les numéros, segments et masque de transformers.",
        en="A pair that fits the length gives the numbers, segments and mask of transformers.",
    ),
    hint=say(
        fr="Écrivez les trois lignes de l'exemple de l'énoncé l'une sous l'autre, position par position.",
        en="Write the three lines of the statement's example one under the other, position by position.",
    ),
)
def test_pair_that_fits(student: Any, rng: random.Random) -> None:
    for _ in range(10):
        given = specials(rng)
        a, b = sentence(rng, rng.randint(1, 9)), sentence(rng, rng.randint(1, 9))
        max_len = len(a) + len(b) + 3 + rng.choice((0, 0, 1, 4, 7))
        judge(student.encode_pair(a, b, max_len, **given), a, b, max_len, **given)


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=5,
    rationale=say(
        fr="Une paire trop longue est tronquée comme `longest_first` : la plus longue d'abord, puis l'une et l'autre.",
        en="A pair that is too long is truncated as by `longest_first`: the longer one first, then both in turn.",
    ),
    hint=say(
        fr="Combien de places reste-t-il une fois les jetons spéciaux comptés ? Qui cède la sienne à chaque tour ?",
        en="How much room is left once the special tokens are counted? Which one gives up its place at each turn?",
    ),
)
def test_longest_first(student: Any, rng: random.Random) -> None:
    for gap in (-6, -3, -1, 1, 3, 6):
        given = specials(rng)
        shorter = rng.randint(5, 9)
        a = sentence(rng, shorter + max(gap, 0))
        b = sentence(rng, shorter - min(gap, 0))
        overflow = abs(gap) + rng.choice((2, 4))  # an even rest after the gap is closed: no tie to settle
        max_len = len(a) + len(b) + 3 - overflow
        judge(student.encode_pair(a, b, max_len, **given), a, b, max_len, **given)
    for shorter, longer in ((2, 12), (3, 9)):  # the shorter one stays whole
        given = specials(rng)
        short, long = sentence(rng, shorter), sentence(rng, longer)
        max_len = 2 * shorter + 4
        judge(student.encode_pair(short, long, max_len, **given), short, long, max_len, **given)
        judge(student.encode_pair(long, short, max_len, **given), long, short, max_len, **given)


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="À longueurs égales, c'est la seconde phrase qui perd un token, comme dans le code de BERT.",
        en="At equal lengths, the second sentence loses a token, as in BERT's own code.",
    ),
    hint=say(
        fr="Une égalité se présente quand il reste un nombre impair de tokens à garder.",
        en="There is a tie when an odd number of tokens is to be kept.",
    ),
)
def test_ties(student: Any, rng: random.Random) -> None:
    for extra_a, extra_b in ((0, 0), (0, 2), (2, 0), (1, 0), (0, 1)):
        given = specials(rng)
        length = rng.randint(4, 8)
        a, b = sentence(rng, length + extra_a), sentence(rng, length + extra_b)
        max_len = 2 * length - 1 - 2 * rng.randint(0, 2) + 3
        judge(student.encode_pair(a, b, max_len, **given), a, b, max_len, **given)


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="On retrouve les deux phrases à partir du masque et des segments, quels que soient leurs numéros.",
        en="Both sentences can be read back from the mask and the segments, whatever their numbers.",
    ),
    hint=say(
        fr="Un numéro de la phrase peut être égal à `pad`, `cls` ou `sep` : rien ne doit se déduire des valeurs.",
        en="A number of the sentence may equal `pad`, `cls` or `sep`: nothing may be deduced from the values.",
    ),
)
def test_round_trip(student: Any, rng: random.Random) -> None:
    for _ in range(6):
        given = specials(rng)
        a = [*sentence(rng, rng.randint(1, 4)), given["pad"], *sentence(rng, 2)]
        b = [*sentence(rng, rng.randint(1, 4)), given["sep"], given["pad"], given["cls"]]
        rng.shuffle(b)
        max_len = len(a) + len(b) + 3 + rng.randint(1, 5)
        got = student.encode_pair(a, b, max_len, **given)
        judge(got, a, b, max_len, **given)
        seen = got["attention_mask"] == 1
        for number, tokens in ((0, [given["cls"], *a, given["sep"]]), (1, [*b, given["sep"]])):
            assert got["input_ids"][seen & (got["token_type_ids"] == number)].tolist() == tokens


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Les listes reçues sont rendues intactes, et aucun générateur aléatoire global n'est touché.",
        en="The given lists are left intact, and no global random generator is touched.",
    ),
    hint=say(
        fr="Cherchez `pop`, `append`, `extend`, `+=` ou `del` appliqués à `a` ou à `b`.",
        en="Look for `pop`, `append`, `extend`, `+=` or `del` applied to `a` or `b`.",
    ),
)
def test_arguments_left_alone(student: Any, rng: random.Random) -> None:
    given = specials(rng)
    for overflow in (0, 2, 6):
        a, b = sentence(rng, 7), sentence(rng, 5)
        max_len = len(a) + len(b) + 3 - overflow
        seen = student.observe("encode_pair", a, b, max_len, **given)
        expect(bool(seen.args[0] == a and seen.args[1] == b), MUTATES_INPUTS)
        judge(seen.value, a, b, max_len, **given)
        assert not seen.rng_touched


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Les cas limites suivent la règle générale : phrase vide, seconde phrase vide, longueur minimale.",
        en="Edge cases follow the general rule: an empty sentence, an empty second sentence, the least length.",
    ),
    hint=say(
        fr="`b = []` n'est pas `b = None` : une paire garde ses deux [SEP]. Attention à `if b:`, et à `a[:-0]`.",
        en="`b = []` is not `b = None`: a pair keeps its two [SEP]. Beware of `if b:`, and of `a[:-0]`.",
    ),
)
def test_edge_cases(student: Any, rng: random.Random) -> None:
    cases: list[tuple[list[int], list[int] | None, int]] = [
        ([], None, 5),
        (sentence(rng, 4), None, 2),
        (sentence(rng, 3), [], 9),
        ([], sentence(rng, 3), 8),
        ([], [], 3),
        (sentence(rng, 3), [], 5),
        (sentence(rng, 1), sentence(rng, 1), 5),
        (sentence(rng, 3), sentence(rng, 2), 3),
    ]
    for a, b, max_len in cases:
        given = specials(rng)
        judge(student.encode_pair(a, b, max_len, **given), a, b, max_len, **given)


@pytest.mark.exercise("encode_pair")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le temps croît comme la longueur, pas comme son carré (5 fois la référence).",
        en="Time grows as the length, not as its square (5 times the reference).",
    ),
    hint=say(
        fr="Recopier toute la liste à chaque token retiré ou ajouté (`a = a[:-1]`) coûte le carré de la longueur.",
        en="Copying the whole list for each token removed or added (`a = a[:-1]`) costs the square of the length.",
    ),
)
@pytest.mark.budget(ratio=5, cpu=30, wall=60)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        length = 80_000
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        a, b = torch.randint(100, 1000, (2, length), generator=generator).tolist()
        return (a, b, 2 * length - 80_000), specials(rng)

    race("encode_pair", make=make, same=same_fields)


def same_fields(mine: Any, right: Any) -> bool:
    """Equal dicts of tensors."""
    return (
        isinstance(mine, dict)
        and set(mine) == set(right)
        and all(isinstance(mine[key], torch.Tensor) and torch.equal(mine[key], right[key]) for key in right)
    )
