"""Hidden checks of `whole_word_mask`: exact groups, exact binomial tests of the words drawn, and memory of its own.

A right solution fails a comparison of counts with probability below ALPHA; no check makes more than 1,000 of them, so none
fails by bad luck with probability above 1e-7.
"""

from __future__ import annotations

import math
import random
from itertools import groupby
from typing import Any

import pytest
import torch

from bareme.grading.checks import Misconception, expect, say

# In transformers 5 whole words are an option of this class; DataCollatorForWholeWordMask is no more
pytestmark = pytest.mark.forbid("transformers.DataCollatorForLanguageModeling")

ALPHA = 1e-10
Words = list[int | None]

TOKEN_SAMPLING = Misconception(
    "token_sampling",
    symptom=say(
        fr="Un mot n'est caché qu'en partie : ses autres morceaux trahissent la réponse.",
        en="A word is hidden in part only: its other pieces give the answer away.",
    ),
    hint=say(
        fr="Le tirage porte sur les mots, non sur les positions : un seul par mot, étendu à tous ses morceaux. Que donne "
        "`torch.tensor([True, False]).repeat_interleave(torch.tensor([3, 1]))` ?",
        en="The draw is about words, not positions: one for each word, spread over all its pieces. What does "
        "`torch.tensor([True, False]).repeat_interleave(torch.tensor([3, 1]))` give?",
    ),
)
ANY_PIECE = Misconception(
    "any_piece",
    symptom=say(
        fr="Plus un mot a de morceaux, plus il est souvent choisi.",
        en="The more pieces a word has, the more often it is chosen.",
    ),
    hint=say(
        fr="Si chaque morceau tire au sort et qu'un seul suffit, un mot de n morceaux échappe avec la probabilité (1 − p)ⁿ. "
        "Combien de tirages faut-il par mot ?",
        en="If each piece makes a draw and one is enough, a word of n pieces escapes with probability (1 − p)ⁿ. How many draws "
        "should there be for a word?",
    ),
)
NO_RESET = Misconception(
    "no_reset",
    symptom=say(
        fr="Deux mots de même numéro que d'autres jetons séparent sont toujours cachés ensemble, comme s'ils n'en faisaient qu'un.",
        en="Two words of the same number with other tokens between them are always hidden together, as if they were one.",
    ),
    hint=say(
        fr="La numérotation repart de 0 à la seconde phrase : un numéro ne désigne pas un mot à lui seul. Affichez "
        "`tokenizer('Le chat', 'dort').word_ids()`.",
        en="Numbering starts again from 0 in the second sentence: a number alone does not name a word. Print "
        "`tokenizer('Le chat', 'dort').word_ids()`.",
    ),
)
NONE_DROPPED = Misconception(
    "none_dropped",
    symptom=say(
        fr="Deux mots de même numéro, séparés seulement par un jeton spécial, sont pris pour un seul mot.",
        en="Two words of the same number, with only a special token between them, are taken for one word.",
    ),
    hint=say(
        fr="Si l'on retire d'abord les `None`, des mots qui ne se touchaient pas deviennent voisins. Un `None` termine un mot : "
        "combien y en a-t-il dans `[0, None, 0]` ?",
        en="When the `None`s are taken out first, words that did not touch become neighbours. A `None` ends a word: how many are "
        "there in `[0, None, 0]`?",
    ),
)
MASKS_SPECIALS = Misconception(
    "masks_specials",
    symptom=say(
        fr="Un jeton spécial est caché, étiqueté ou modifié, alors qu'il n'appartient à aucun mot.",
        en="A special token is hidden, labelled or changed, whereas it belongs to no word.",
    ),
    hint=say(
        fr="`None` n'est pas un numéro de mot : les positions qui le portent ne prennent part à aucun tirage. Et `None == None` est "
        "vrai : un groupement par égalité en fait un mot.",
        en="`None` is no word's number: the positions that have it take part in no draw. And `None == None` is true: grouping by "
        "equality makes a word of them.",
    ),
)
LABELS_EVERYWHERE = Misconception(
    "labels_everywhere",
    symptom=say(
        fr="Des mots qui n'ont pas été choisis ont une étiquette à prédire : la perte compterait ce que le modèle voit.",
        en="Words that were not chosen have a label to predict: the loss would count what the model sees.",
    ),
    hint=say(
        fr="Partout où `inputs` est resté comme `ids`, l'étiquette est −100, la seule que `F.cross_entropy` ignore.",
        en="Wherever `inputs` stayed as `ids`, the label is −100, the only one that `F.cross_entropy` ignores.",
    ),
)
LABELS_AFTER_MASKING = Misconception(
    "labels_after_masking",
    symptom=say(
        fr="Les étiquettes des mots choisis sont [MASK], et non les morceaux d'origine.",
        en="The labels of chosen words are [MASK], not the original pieces.",
    ),
    hint=say(
        fr="L'étiquette se prend dans `ids`, avant que rien ne soit caché.",
        en="The label is taken from `ids`, before anything is hidden.",
    ),
)
EIGHTY_TEN_TEN = Misconception(
    "eighty_ten_ten",
    symptom=say(
        fr="Des morceaux d'un mot choisi restent visibles, ou deviennent d'autres jetons que [MASK].",
        en="Pieces of a chosen word stay visible, or become other tokens than [MASK].",
    ),
    hint=say(
        fr="Le partage 80/10/10 est l'affaire de `mask_tokens`. Ici, tous les morceaux d'un mot choisi deviennent `mask_id`.",
        en="The 80/10/10 shares are the business of `mask_tokens`. Here all pieces of a chosen word become `mask_id`.",
    ),
)
FIXED_COUNT = Misconception(
    "fixed_count",
    symptom=say(
        fr="Le nombre de mots choisis est toujours le même : les mots ne sont donc pas indépendants.",
        en="The number of chosen words is always the same: so words are not independent.",
    ),
    hint=say(
        fr="Lancez dix pièces plusieurs fois : obtenez-vous toujours cinq faces ? Tirez à pile ou face pour chaque mot, au lieu d'en "
        "prendre un nombre fixé d'avance.",
        en="Toss ten coins several times: do you always get five heads? Toss one for each word instead of picking a number of them "
        "that is set beforehand.",
    ),
)
SHARED_STORAGE = Misconception(
    "shared_storage",
    symptom=say(
        fr="Les tenseurs partagent leur mémoire : écrire dans l'un en change un autre, et le texte d'origine peut être perdu.",
        en="Tensors share their memory: writing into one changes another, and the original text may be lost.",
    ),
    hint=say(
        fr="`a = b` ne copie rien, `b.view(-1)` et `b[:]` non plus ; `b.clone()`, `b.masked_fill(…)` et `torch.where(…)` donnent un "
        "nouveau tenseur. Comparez `a.data_ptr()` et `b.data_ptr()`, même quand rien n'est choisi.",
        en="`a = b` copies nothing, nor do `b.view(-1)` and `b[:]`; `b.clone()`, `b.masked_fill(…)` and `torch.where(…)` give a new "
        "tensor. Compare `a.data_ptr()` with `b.data_ptr()`, also when nothing is chosen.",
    ),
)
IGNORES_RNG = Misconception(
    "ignores_rng",
    symptom=say(
        fr="Les tirages ne suivent pas l'état de `rng` : même état, résultats différents, ou l'inverse, ou un générateur global a servi.",
        en="Draws do not follow the state of `rng`: same state, different results, or the reverse, or a global generator was used.",
    ),
    hint=say(
        fr="Chaque fonction de tirage de torch (`rand`, `randperm`, `bernoulli`…) prend `generator=rng` ; `random.random()` ne le peut pas.",
        en="Each drawing function of torch (`rand`, `randperm`, `bernoulli`…) takes `generator=rng`; `random.random()` cannot.",
    ),
)
RESEEDS = Misconception(
    "reseeds",
    symptom=say(
        fr="Deux appels de suite avec le même générateur cachent les mêmes mots : ils ne changeraient jamais d'une époque à l'autre.",
        en="Two calls in a row with the same generator hide the same words: they would never change from epoch to epoch.",
    ),
    hint=say(
        fr="Tirez dans `rng` lui-même, sans `manual_seed` ni copie : c'est à l'appelant de choisir la graine. Appelez deux fois de "
        "suite `torch.rand(2, generator=rng)`.",
        en="Draw from `rng` itself, without `manual_seed` or a copy: the seed is the caller's choice. Call "
        "`torch.rand(2, generator=rng)` twice in a row.",
    ),
)

MASK = 4


def fresh(rng: random.Random) -> torch.Generator:
    return torch.Generator().manual_seed(rng.getrandbits(62))


def sentence(rng: random.Random, words: int, longest: int) -> Words:
    """Words numbered from 0, of 1 to ``longest`` pieces each; one of each length at least when there are enough words."""
    lengths = [*range(1, longest + 1), *(rng.randint(1, longest) for _ in range(words))][:words]
    rng.shuffle(lengths)
    return [number for number, length in enumerate(lengths) for _ in range(length)]


def document(rng: random.Random, sentences: int, words: int, longest: int = 4) -> Words:
    """Sentences as a tokenizer numbers them, with one or two special tokens before, between and after."""
    word_ids: Words = [None]
    for _ in range(sentences):
        word_ids += [*sentence(rng, words, longest), *[None] * rng.randint(1, 2)]
    return word_ids


def runs(word_ids: Words) -> list[tuple[int, int]]:
    """Where each word starts, and its number of pieces."""
    found, start = [], 0
    for number, run in groupby(word_ids):
        length = len(list(run))
        if number is not None:
            found.append((start, length))
        start += length
    return found


def make_ids(word_ids: Words, torch_rng: torch.Generator) -> torch.Tensor:
    """Numbers that tell nothing about the words: special tokens' inside of them, ordinary ones outside."""
    return torch.randint(300, (len(word_ids),), generator=torch_rng)


def judge(got: Any, ids: torch.Tensor, word_ids: Words, p: float) -> torch.Tensor:
    """Fail unless ``got`` is a possible answer; whether each word was chosen, in order: bool [number of words]."""
    assert isinstance(got, (tuple, list))
    assert len(got) == 2
    inputs, labels = got
    for one in (inputs, labels):
        assert isinstance(one, torch.Tensor)
        assert (one.shape, one.dtype) == (ids.shape, torch.int64)
    outside = torch.tensor([number is None for number in word_ids], dtype=torch.bool)
    labelled = labels != -100
    expect(not (bool(outside.any()) and torch.equal(inputs, labels)), SHARED_STORAGE)
    # Labels on everything, or on everything but special tokens, though some words are as they were
    seen = labelled & (inputs == ids) & (ids != MASK)
    expect(p == 1 or not (bool(labelled[~outside].all()) and bool(seen[~outside].any())), LABELS_EVERYWHERE)
    expect(not (bool(outside.any()) and torch.equal(labels, ids)), LABELS_EVERYWHERE)
    expect(not bool(labelled[outside].any()) and bool((inputs == ids)[outside].all()), MASKS_SPECIALS)
    wrong = labelled & (labels != ids)
    expect(not (bool(wrong.any()) and torch.equal(labels[labelled], inputs[labelled])), LABELS_AFTER_MASKING)
    assert not bool(wrong.any())
    assert bool((inputs == ids)[~labelled].all())
    places = runs(word_ids)
    word_of = torch.full(ids.shape, -1)
    for word, (start, length) in enumerate(places):
        word_of[start : start + length] = word
    sizes = torch.tensor([length for _, length in places], dtype=torch.int64)
    pieces = torch.bincount(word_of[labelled], minlength=len(places))
    expect(bool(((pieces == 0) | (pieces == sizes)).all()), TOKEN_SAMPLING)
    expect(bool((inputs == MASK)[labelled].all()), EIGHTY_TEN_TEN)
    return pieces > 0


def ask(
    student: Any, word_ids: Words, p: float, rng: random.Random, torch_rng: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which words the student chose among new tokens, and their numbers of pieces."""
    ids = make_ids(word_ids, torch_rng)
    chosen = judge(student.whole_word_mask(ids, word_ids, p, MASK, fresh(rng)), ids, word_ids, p)
    return chosen, torch.tensor([length for _, length in runs(word_ids)], dtype=torch.int64)


def likely(count: int, trials: int, chance: float) -> bool:
    """Whether Binomial(trials, chance) is as far out as ``count``, on its side, with probability ALPHA / 2 or more. Exact."""
    step = 1 if count >= trials * chance else -1
    k = count
    log_term = math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
    term = math.exp(log_term + k * math.log(chance) + (trials - k) * math.log1p(-chance))
    tail = 0.0
    while term > 0 and tail < ALPHA / 2:
        tail += term
        odds = chance / (1 - chance)
        term *= (trials - k) / (k + 1) * odds if step == 1 else k / ((trials - k + 1) * odds)
        k += step
    return tail >= ALPHA / 2


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Un mot est caché en entier ou pas du tout ; ce qui est caché, et rien d'autre, a pour étiquette le morceau d'origine.",
        en="A word is hidden whole or not at all; what is hidden, and nothing else, has the original piece as its label.",
    ),
    hint=say(
        fr="Affichez `word_ids`, `inputs` et `labels` l'un sous l'autre pour deux phrases courtes et `p = 0.5`.",
        en="Print `word_ids`, `inputs` and `labels` one below the other for two short sentences and `p = 0.5`.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_whole_words(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for p in (0.3, 0.6):
        ask(student, document(rng, 2, 40), p, rng, torch_rng)
        ask(student, sentence(rng, 50, 5), p, rng, torch_rng)  # no special token at all
    # Numbers in no order, each in several places: only neighbours make a word
    numbers: list[int] = [rng.randrange(6) for _ in range(80)]
    ask(student, [number for number in numbers for _ in range(rng.randint(1, 3))], 0.5, rng, torch_rng)


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Deux mots que quelque chose sépare sont tirés chacun à part, même s'ils ont le même numéro.",
        en="Two words with something between them are drawn separately, even if they have the same number.",
    ),
    hint=say(
        fr="Un mot est une suite de positions voisines : il commence là où le numéro diffère de celui d'avant.",
        en="A word is a run of neighbouring positions: it starts where the number differs from the one before.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_same_number_twice(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    # Two words agree with chance 1/2: that all 60 do is luck less than once in 1e18
    chosen, _ = ask(student, document(rng, 2, 60), 0.5, rng, torch_rng)
    expect(not torch.equal(chosen[:60], chosen[60:]), NO_RESET)
    assert likely(int((chosen[:60] == chosen[60:]).sum()), 60, 0.5)
    # The same two numbers by turns, without any special token
    by_turns = [number for _ in range(60) for number in (3, 3, 8)]
    chosen, _ = ask(student, by_turns, 0.5, rng, torch_rng)
    expect(len(set(chosen[::2].tolist())) == 2 and len(set(chosen[1::2].tolist())) == 2, NO_RESET)
    # Sentences of one word, as close to each other as can be
    chosen, _ = ask(student, [0, *[None, 0, 0] * 60], 0.5, rng, torch_rng)
    expect(len(set(chosen.tolist())) == 2, NONE_DROPPED)
    assert likely(int(chosen.sum()), 61, 0.5)


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Chaque mot est choisi avec la probabilité `p`, quelle que soit sa longueur (tests binomiaux exacts, risque d'erreur inférieur "
        "à 1e-7).",
        en="Each word is chosen with probability `p`, however long it is (exact binomial tests, error below 1e-7).",
    ),
    hint=say(
        fr="Sur un long texte, comptez la part des mots choisis parmi ceux d'un morceau, puis parmi ceux de quatre.",
        en="On a long text, count the share of chosen words among those of one piece, then among those of four.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_share_of_words(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for p in (0.15, 0.4):
        chosen, sizes = ask(student, document(rng, 300, 40), p, rng, torch_rng)
        counts = [(size, int(chosen[sizes == size].sum()), int((sizes == size).sum())) for size in range(1, 5)]
        expect(not all(likely(count, out_of, 1 - (1 - p) ** size) for size, count, out_of in counts), ANY_PIECE)
        for _, count, out_of in counts:
            assert likely(count, out_of, p)
        # Its own draw for each: pairs of neighbours
        assert likely(int((chosen[::2] & chosen[1::2]).sum()), len(chosen) // 2, p * p)


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le nombre de mots choisis varie d'un appel à l'autre, comme une loi binomiale.",
        en="The number of chosen words varies from call to call, as a binomial law does.",
    ),
    hint=say(
        fr="Appelez votre fonction vingt fois sur la même phrase de dix mots, et notez le nombre de mots cachés.",
        en="Call your function twenty times on one sentence of ten words, and write down the number of hidden words.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_number_of_words(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for longest in (1, 3):
        counts = [int(ask(student, document(rng, 1, 10, longest), 0.5, rng, torch_rng)[0].sum()) for _ in range(40)]
        expect(len(set(counts)) > 1, FIXED_COUNT)  # by luck, less than once in 1e23
        for number in range(11):
            assert likely(counts.count(number), 40, math.comb(10, number) / 2**10)


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Avec `p = 0`, rien n'est choisi ; avec `p = 1`, tous les mots le sont ; une suite peut être vide, d'un seul jeton, ou sans aucun mot.",
        en="With `p = 0` nothing is chosen; with `p = 1` all words are; a sequence may be empty, of one token, or without any word.",
    ),
    hint=say(
        fr="Essayez `ids = torch.tensor([], dtype=torch.int64)` avec `word_ids = []`, puis `[None]`, puis `[0]`.",
        en="Try `ids = torch.tensor([], dtype=torch.int64)` with `word_ids = []`, then `[None]`, then `[0]`.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_extremes(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for word_ids in (document(rng, 3, 12), [None], [0], [None, None], [5, 5], []):
        chosen, _ = ask(student, word_ids, 1.0, rng, torch_rng)
        assert bool(chosen.all())
        chosen, _ = ask(student, word_ids, 0.0, rng, torch_rng)
        assert not bool(chosen.any())


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Tout le hasard vient de `rng` : même état, même résultat ; autre état, autre résultat ; et l'appel fait avancer `rng`.",
        en="All randomness comes from `rng`: same state, same result; another state, another result; and the call moves `rng` on.",
    ),
    hint=say(
        fr="Appelez votre fonction deux fois avec `torch.Generator().manual_seed(0)` créé à neuf, puis deux fois avec le même générateur.",
        en="Call your function twice with a new `torch.Generator().manual_seed(0)`, then twice with one and the same generator.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_randomness_comes_from_rng(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    word_ids = document(rng, 2, 80)
    ids, generator = make_ids(word_ids, torch_rng), fresh(rng)

    def draw(state: torch.Generator) -> torch.Tensor:
        return judge(student.whole_word_mask(ids, word_ids, 0.5, MASK, state), ids, word_ids, 0.5)

    seen = student.observe("whole_word_mask", ids, word_ids, 0.5, MASK, generator)
    chosen = judge(seen.value, ids, word_ids, 0.5)
    expect(torch.equal(draw(generator), chosen), IGNORES_RNG)
    expect(not torch.equal(draw(fresh(rng)), chosen) and not seen.rng_touched, IGNORES_RNG)
    # The same seed, further on: what the generator is after a call, or after a draw of ours
    assert len(seen.args) == 5
    after = seen.args[4]
    assert isinstance(after, torch.Generator)
    expect(not torch.equal(after.get_state(), generator.get_state()), RESEEDS)
    torch.rand(5, generator=generator)
    for moved in (after, generator):
        expect(not torch.equal(draw(moved), chosen), RESEEDS)


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="`inputs` et `labels` ne partagent leur mémoire ni avec `ids` ni entre eux, et les arguments restent intacts.",
        en="`inputs` and `labels` share memory neither with `ids` nor with each other, and the arguments stay as they are.",
    ),
    hint=say(
        fr="Après l'appel, mettez `inputs` à zéro (`inputs.zero_()`) : `ids` et `labels` ont-ils changé ?",
        en="After the call, set `inputs` to zero (`inputs.zero_()`): did `ids` or `labels` change?",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_memory_of_its_own(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    word_ids = document(rng, 2, 30)
    ids = make_ids(word_ids, torch_rng)
    for p in (0.5, 0.0, 1.0):
        seen = student.observe("whole_word_mask", ids, word_ids, p, MASK, fresh(rng))
        assert len(seen.args) == 5
        assert isinstance(seen.args[0], torch.Tensor)
        assert isinstance(seen.args[1], list)
        expect(torch.equal(seen.args[0], ids), SHARED_STORAGE)
        assert seen.args[1] == word_ids
        assert not seen.rng_touched
        judge(seen.value, ids, word_ids, p)
        # There, without copies on the way: what is written into the inputs must show nowhere else
        there = student.ask("keep", "clone", [], {}, on=kept_inputs(student, ids, word_ids, p, rng).id)
        before = student.on(there, "clone")
        pair = student.keep("whole_word_mask", there, word_ids, p, MASK, fresh(rng))
        labels = student.on(pair, "__getitem__", 1)
        for part in (0, 1):
            written = student.ask("keep", "__getitem__", [part], {}, on=pair.id)
            student.on(written, "fill_", -7)
            now = student.on(there, "clone")
            assert isinstance(now, torch.Tensor)
            assert isinstance(before, torch.Tensor)
            expect(torch.equal(now, before), SHARED_STORAGE)
            if part == 0:
                after = student.on(pair, "__getitem__", 1)
                assert isinstance(after, torch.Tensor)
                assert isinstance(labels, torch.Tensor)
                expect(torch.equal(after, labels), SHARED_STORAGE)


def kept_inputs(student: Any, ids: torch.Tensor, word_ids: Words, p: float, rng: random.Random) -> Any:
    """The inputs of an answer, left in the student's process: what is sent as an argument is a copy each time."""
    pair = student.keep("whole_word_mask", ids, word_ids, p, MASK, fresh(rng))
    return student.ask("keep", "__getitem__", [0], {}, on=pair.id)


@pytest.mark.exercise("whole_word_mask")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le temps de calcul est proportionnel à la longueur du texte (5 fois le temps de la référence).",
        en="The time is proportional to the length of the text (5 times the reference's time).",
    ),
    hint=say(
        fr="Une opération sur toute la suite coûte L ; faite une fois par mot, elle coûte L² ou presque. Mesurez votre temps pour L, "
        "puis pour 2 L.",
        en="An operation on the whole sequence costs L; done once for each word it costs nearly L². Measure your time for L, then "
        "for 2 L.",
    ),
)
@pytest.mark.budget(cpu=90, wall=300, ratio=5)
def test_speed(race: Any) -> None:
    asked: list[tuple[torch.Tensor, Words]] = []

    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        word_ids = document(rng, 1500, 30, longest=3)
        asked.append((make_ids(word_ids, fresh(rng)), word_ids))
        return (*asked[-1], 0.15, MASK, fresh(rng)), {}

    def same(value: Any, _: Any) -> bool:
        judge(value, *asked[-1], 0.15)
        return True

    race("whole_word_mask", make=make, same=same)
