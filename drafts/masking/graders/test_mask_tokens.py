"""Hidden checks of `mask_tokens`: exact relations between inputs and labels, and exact binomial tests of the draws.

A right solution fails a comparison of counts with probability below ALPHA; no check makes more than 1,000 of them, so none
fails by bad luck with probability above 1e-7.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from bareme.grading.checks import Misconception, expect, say

pytestmark = pytest.mark.forbid("transformers.DataCollatorForLanguageModeling", "bareme.course.components.mask_tokens")

ALPHA = 1e-10

MASKS_SPECIALS = Misconception(
    "masks_specials",
    symptom=say(
        fr="Des positions spéciales sont choisies ou modifiées : le modèle devrait deviner un [SEP] ou un [PAD].",
        en="Special positions are chosen or changed: the model would have to guess a [SEP] or a [PAD].",
    ),
    hint=say(
        fr="Le tirage porte sur toutes les positions, puis il faut en retirer celles où `special` est vrai. Que vaut "
        "`torch.tensor([True, True]) & ~torch.tensor([True, False])` ?",
        en="The draw covers all positions, then those where `special` is true have to be taken out. What is "
        "`torch.tensor([True, True]) & ~torch.tensor([True, False])`?",
    ),
)
SPECIAL_BY_VALUE = Misconception(
    "special_by_value",
    symptom=say(
        fr="Une position ordinaire n'est jamais choisie si son jeton figure parmi `special_ids`, ou l'inverse : c'est la valeur "
        "qui décide, et non `special`.",
        en="An ordinary position is never chosen when its token is among `special_ids`, or the other way round: the value "
        "decides, and not `special`.",
    ),
    hint=say(
        fr="Un texte peut contenir [UNK] comme mot inconnu : il se masque comme un autre. `special_ids` ne sert qu'au tirage des "
        "jetons au hasard. Essayez une ligne dont `special` est faux partout, avec `p = 1.0`.",
        en="A text may hold [UNK] as an unknown word: it is masked like any other. `special_ids` is only for drawing random "
        "tokens. Try a row whose `special` is false everywhere, with `p = 1.0`.",
    ),
)
MINUS_100_FORGOTTEN = Misconception(
    "minus_100_forgotten",
    symptom=say(
        fr="Des positions qui n'ont pas été choisies ont une étiquette à prédire : la perte compterait des jetons que le modèle voit.",
        en="Positions that were not chosen have a label to predict: the loss would count tokens that the model sees.",
    ),
    hint=say(
        fr="`F.cross_entropy` ignore l'étiquette −100, et elle seule. Comparez "
        "`F.cross_entropy(torch.zeros(2, 3), torch.tensor([1, -100]), reduction='sum')` avec ce qu'il donne pour `[1, 0]`.",
        en="`F.cross_entropy` ignores the label −100, and no other. Compare "
        "`F.cross_entropy(torch.zeros(2, 3), torch.tensor([1, -100]), reduction='sum')` with what it gives for `[1, 0]`.",
    ),
)
LABELS_AFTER_MASKING = Misconception(
    "labels_after_masking",
    symptom=say(
        fr="Les étiquettes sont les jetons d'après le masquage : le modèle apprendrait à répondre ce qu'il voit déjà.",
        en="Labels are the tokens after masking: the model would learn to answer what it sees already.",
    ),
    hint=say(
        fr="L'étiquette est le jeton d'origine. Prenez-la dans `ids` avant toute modification, et non dans `inputs`.",
        en="The label is the original token. Take it from `ids` before anything changes, not from `inputs`.",
    ),
)
LABELS_MASK_ONLY = Misconception(
    "labels_mask_only",
    symptom=say(
        fr="Un jeton remplacé au hasard n'a pas d'étiquette : le modèle n'apprend pas à corriger ce qui a été brouillé.",
        en="A token that was replaced at random has no label: the model does not learn to mend what was scrambled.",
    ),
    hint=say(
        fr="Les trois sorts (masqué, au hasard, inchangé) sont ceux des positions **choisies** : toutes sont à prédire. Les "
        "étiquettes ne dépendent que du premier tirage.",
        en="The three fates (masked, random, unchanged) are those of the **chosen** positions: all are to predict. Labels "
        "depend on the first draw alone.",
    ),
)
LABELS_CHANGED_ONLY = Misconception(
    "labels_changed_only",
    symptom=say(
        fr="Aucune position n'est à la fois à prédire et inchangée : le modèle saurait qu'un jeton ordinaire est toujours le bon.",
        en="No position is both to predict and unchanged: the model would know that an ordinary token is always the right one.",
    ),
    hint=say(
        fr="Une position choisie puis laissée telle quelle garde son étiquette. Comparer `inputs` à `ids` ne dit donc pas "
        "lesquelles ont été choisies.",
        en="A position that is chosen, then left as it is, keeps its label. So comparing `inputs` with `ids` does not tell "
        "which ones were chosen.",
    ),
)
IGNORES_P = Misconception(
    "ignores_p",
    symptom=say(
        fr="La part des positions choisies reste celle de l'article quand `p` change.",
        en="The share of chosen positions stays that of the paper when `p` changes.",
    ),
    hint=say(
        fr="15 % est la valeur de l'article ; ici, c'est l'argument `p`. Cherchez `0.15` dans votre code.",
        en="15% is the paper's value; here it is the argument `p`. Look for `0.15` in your code.",
    ),
)
ALWAYS_MASK = Misconception(
    "always_mask",
    symptom=say(
        fr="Toutes les positions choisies deviennent [MASK] : aucune n'est remplacée au hasard ni laissée telle quelle.",
        en="All chosen positions become [MASK]: none is replaced at random or left as it is.",
    ),
    hint=say(
        fr="Il faut un second tirage, indépendant du premier. Réutiliser le nombre qui a servi à choisir ne suffit pas : s'il est "
        "inférieur à `p`, il est aussi inférieur à 0,8.",
        en="A second draw is needed, independent of the first. Using again the number that served to choose is not enough: "
        "if it is less than `p`, it is less than 0.8 too.",
    ),
)
TENTH_OF_THE_REST = Misconception(
    "tenth_of_the_rest",
    symptom=say(
        fr="Trop peu de jetons au hasard : leur part est un dixième de ce qui n'est pas masqué, et non des positions choisies.",
        en="Too few random tokens: their share is a tenth of what is not masked, not of the chosen positions.",
    ),
    hint=say(
        fr="Une fois les masqués retirés, il reste deux dixièmes des positions choisies. Quelle fraction de **ce reste** fait un "
        "dixième du tout ?",
        en="Once the masked ones are out, two tenths of the chosen positions remain. Which fraction of **that rest** makes one "
        "tenth of the whole?",
    ),
)
SPECIALS_DRAWN = Misconception(
    "specials_drawn",
    symptom=say(
        fr="Un jeton spécial apparaît parmi les jetons au hasard.",
        en="A special token shows up among the random tokens.",
    ),
    hint=say(
        fr="Les numéros de `special_ids` ne sont pas forcément les premiers du vocabulaire. Faites la liste des numéros permis, "
        "puis tirez-y un indice : `words[torch.randint(len(words), …)]`.",
        en="The numbers in `special_ids` are not always the first of the vocabulary. List the numbers that are allowed, then "
        "draw an index into it: `words[torch.randint(len(words), …)]`.",
    ),
)
ONE_RANDOM_WORD = Misconception(
    "one_random_word",
    symptom=say(
        fr="Tous les jetons au hasard d'un même lot sont le même jeton.",
        en="All random tokens of a batch are the same token.",
    ),
    hint=say(
        fr="Comparez `torch.randint(9, (1,)).expand(5)` et `torch.randint(9, (5,))` : combien de tirages chacun fait-il ?",
        en="Compare `torch.randint(9, (1,)).expand(5)` with `torch.randint(9, (5,))`: how many draws does each make?",
    ),
)
DRAWN_PER_BATCH = Misconception(
    "drawn_per_batch",
    symptom=say(
        fr="Toutes les lignes d'un lot sont masquées aux mêmes positions.",
        en="All rows of a batch are masked at the same positions.",
    ),
    hint=say(
        fr="Un masque de forme `[L]` s'étend à toutes les lignes (broadcasting). Quelle forme donner au tirage pour que chaque "
        "position de chaque ligne ait le sien ?",
        en="A mask of shape `[L]` is broadcast to all rows. Which shape should the draw have for each position of each row to "
        "have its own?",
    ),
)
FIXED_COUNT = Misconception(
    "fixed_count",
    symptom=say(
        fr="Le nombre de positions choisies est toujours le même : les positions ne sont donc pas indépendantes.",
        en="The number of chosen positions is always the same: so positions are not independent.",
    ),
    hint=say(
        fr="Lancez dix pièces plusieurs fois : obtenez-vous toujours cinq faces ? Tirez à pile ou face pour chaque position, au "
        "lieu d'en prendre `round(p * L)` au hasard.",
        en="Toss ten coins several times: do you always get five heads? Toss one for each position instead of picking "
        "`round(p * L)` of them.",
    ),
)
IGNORES_RNG = Misconception(
    "ignores_rng",
    symptom=say(
        fr="Les tirages ne suivent pas l'état de `rng` : même état, résultats différents, ou l'inverse, ou un générateur global a servi.",
        en="Draws do not follow the state of `rng`: same state, different results, or the reverse, or a global generator was used.",
    ),
    hint=say(
        fr="Chaque fonction de tirage de torch (`rand`, `randint`, `bernoulli`…) prend `generator=rng`. Un seul appel qui l'oublie suffit.",
        en="Each drawing function of torch (`rand`, `randint`, `bernoulli`…) takes `generator=rng`. One call that forgets it is enough.",
    ),
)
RESEEDS = Misconception(
    "reseeds",
    symptom=say(
        fr="Deux appels de suite avec le même générateur font les mêmes tirages : les masques ne changeraient jamais d'une époque à l'autre.",
        en="Two calls in a row with the same generator make the same draws: masks would never change from epoch to epoch.",
    ),
    hint=say(
        fr="Tirez dans `rng` lui-même, sans `manual_seed` ni copie : c'est à l'appelant de choisir la graine. Appelez deux fois de "
        "suite `torch.rand(2, generator=rng)`.",
        en="Draw from `rng` itself, without `manual_seed` or a copy: the seed is the caller's choice. Call "
        "`torch.rand(2, generator=rng)` twice in a row.",
    ),
)
IN_PLACE = Misconception(
    "in_place",
    symptom=say(
        fr="Après l'appel, les arguments ne sont plus les mêmes : le texte d'origine est perdu.",
        en="After the call, the arguments are no longer the same: the original text is lost.",
    ),
    hint=say(
        fr="`inputs = ids` ne copie rien : écrire ensuite dans `inputs`, c'est écrire dans `ids`. Essayez "
        "`a = torch.zeros(2); b = a; b[0] = 1`, puis affichez `a`.",
        en="`inputs = ids` copies nothing: writing into `inputs` afterwards is writing into `ids`. Try "
        "`a = torch.zeros(2); b = a; b[0] = 1`, then print `a`.",
    ),
)


@dataclass(frozen=True)
class Batch:
    """The arguments but for p and rng. ``words``: what a random token may be."""

    ids: torch.Tensor
    special: torch.Tensor
    mask_id: int
    vocab_size: int
    special_ids: list[int]
    words: torch.Tensor

    def arguments(self) -> tuple[Any, ...]:
        return self.ids, self.special, self.mask_id, self.vocab_size, self.special_ids


def make_batch(
    rng: random.Random, torch_rng: torch.Generator, rows: int, length: int, pads: int, words: int = 9, specials: int = 4
) -> Batch:
    """Words drawn evenly, and ``pads`` special positions a row, anywhere. The numbers of special tokens lie anywhere too:
    the last of the vocabulary is one, the first is not, so that no range of numbers is the right one by luck."""
    vocab_size = words + specials
    special_ids = [*rng.sample(range(1, words), specials - 1), vocab_size - 1]
    mask_id = special_ids[0]
    rng.shuffle(special_ids)
    allowed = torch.tensor([one for one in range(vocab_size) if one not in special_ids])
    special = torch.rand(rows, length, generator=torch_rng).argsort(dim=1) < pads
    ids = allowed[torch.randint(words, (rows, length), generator=torch_rng)]
    held = torch.tensor(special_ids)[torch.randint(specials, (rows, length), generator=torch_rng)]
    return Batch(torch.where(special, held, ids), special, mask_id, vocab_size, special_ids, allowed)


def fresh(rng: random.Random) -> torch.Generator:
    return torch.Generator().manual_seed(rng.getrandbits(62))


def judge(got: Any, batch: Batch, p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Fail unless ``got`` is a possible answer; the inputs, and which positions were chosen."""
    ids, special = batch.ids, batch.special
    assert isinstance(got, (tuple, list))
    assert len(got) == 2
    inputs, labels = got
    for one in (inputs, labels):
        assert isinstance(one, torch.Tensor)
        assert (one.shape, one.dtype) == (ids.shape, torch.int64)
    if bool(special.any()) or p == 0:  # somewhere the label must be -100
        expect(not (torch.equal(labels, ids) and ids.numel() > 0), MINUS_100_FORGOTTEN)
        odd = (labels != -100) & (labels != ids)
        expect(not bool(odd[special].any()), MINUS_100_FORGOTTEN)
    labelled = labels != -100
    held = torch.isin(ids, torch.tensor(batch.special_ids))
    # By the value alone: what differs from `special` is where value and place disagree
    disagree = held != special
    by_value = (
        bool(disagree.any())
        and bool(labelled.any())
        and not bool(labelled[held].any())
        and bool((inputs == ids)[held].all())
    )
    expect(not by_value or p < 0.5, SPECIAL_BY_VALUE)
    expect(not bool(labelled[special].any()), MASKS_SPECIALS)
    expect(bool((inputs == ids)[special].all()), MASKS_SPECIALS)
    wrong = labelled & (labels != ids)
    expect(not bool(wrong.any()) or not torch.equal(labels[labelled], inputs[labelled]), LABELS_AFTER_MASKING)
    assert not bool(wrong.any())
    moved = (inputs != ids) & ~labelled
    all_masked = bool(labelled.any()) and bool((inputs[labelled] == batch.mask_id).all())
    expect(
        not (bool(moved.any()) and all_masked and not bool((inputs[moved] == batch.mask_id).any())), LABELS_MASK_ONLY
    )
    assert not bool(moved.any())
    random_ones = inputs[labelled & (inputs != ids) & (inputs != batch.mask_id)]
    expect(not bool(torch.isin(random_ones, torch.tensor(batch.special_ids)).any()), SPECIALS_DRAWN)
    assert bool(torch.isin(random_ones, batch.words).all())
    if p == 0:
        assert not bool(labelled.any())
    if p == 1:
        missing = ~special & ~labelled
        unchanged = bool((inputs == ids)[labelled].any())
        expect(not bool(missing.any()) or unchanged, LABELS_CHANGED_ONLY)
        assert not bool(missing.any())
    return inputs, labelled


def ask(student: Any, batch: Batch, p: float, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    return judge(student.mask_tokens(*batch.arguments(), p, generator), batch, p)


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


def assert_independent(hits: torch.Tensor, chance: float) -> None:
    """Fail unless the bools of ``hits`` [R, L] are likely to be independent, each with this chance: by column, by number
    in a row (their whole distribution, thus its variance), and by disjoint pairs of neighbours, along rows and columns."""
    rows, length = hits.shape
    assert all(likely(int(count), rows, chance) for count in hits.sum(dim=0))
    in_row = torch.bincount(hits.sum(dim=1), minlength=length + 1).tolist()
    for number, count in enumerate(in_row):
        assert likely(count, rows, math.comb(length, number) * chance**number * (1 - chance) ** (length - number))
    even_columns, even_rows = length // 2 * 2, rows // 2 * 2
    beside = hits[:, 0:even_columns:2] & hits[:, 1:even_columns:2]
    below = hits[0:even_rows:2] & hits[1:even_rows:2]
    for both in (beside, below):
        assert likely(int(both.sum()), both.numel(), chance**2)


def blame_draws(chosen: torch.Tensor, special: torch.Tensor) -> None:
    """Name the draws that are not one for each position. With 1,500 rows, chance does neither."""
    often, out_of = chosen.sum(dim=0), (~special).sum(dim=0)
    expect(not bool(((often == 0) | (often == out_of)).all()), DRAWN_PER_BATCH)
    in_row = chosen.sum(dim=1)
    expect(int(in_row.min()) < int(in_row.max()), FIXED_COUNT)


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="L'étiquette est le jeton d'origine aux positions choisies, −100 ailleurs ; hors d'elles, rien ne change, et une position "
        "spéciale n'est jamais choisie.",
        en="The label is the original token at chosen positions, −100 elsewhere; outside of them nothing changes, and a special "
        "position is never chosen.",
    ),
    hint=say(
        fr="Affichez `ids`, `inputs` et `labels` l'un sous l'autre pour une ligne de dix jetons et `p = 0.5`.",
        en="Print `ids`, `inputs` and `labels` one below the other for a row of ten tokens and `p = 0.5`.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_labels(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for p in (0.5, 0.9):
        batch = make_batch(rng, torch_rng, 60, 20, 5)
        ask(student, batch, p, fresh(rng))
    # [UNK] at ordinary positions, and words at special ones
    ids = torch.randint(batch.vocab_size, batch.ids.shape, generator=torch_rng)
    mixed = Batch(ids, batch.special, batch.mask_id, batch.vocab_size, batch.special_ids, batch.words)
    ask(student, mixed, 0.6, fresh(rng))
    ask(student, mixed, 1.0, fresh(rng))


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="La part des positions ordinaires qui sont choisies est `p` (test binomial exact, risque d'erreur inférieur à 1e-7).",
        en="The share of ordinary positions that are chosen is `p` (exact binomial test, error below 1e-7).",
    ),
    hint=say(
        fr="Comptez `(labels != -100).sum() / (~special).sum()` sur un grand lot, pour plusieurs valeurs de `p`.",
        en="Count `(labels != -100).sum() / (~special).sum()` on a large batch, for several values of `p`.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_share_of_positions(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for p in (0.15, 0.4):
        batch = make_batch(rng, torch_rng, 1500, 40, 7)
        _, chosen = ask(student, batch, p, fresh(rng))
        blame_draws(chosen, batch.special)
        count, ordinary = int(chosen.sum()), int((~batch.special).sum())
        expect(p == 0.15 or not likely(count, ordinary, 0.15), IGNORES_P)
        assert likely(count, ordinary, p)


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Parmi les positions choisies, quel que soit `p`, 80 % deviennent [MASK], 10 % un jeton au hasard, et 10 % restent telles "
        "quelles (tests binomiaux exacts).",
        en="Among chosen positions, whatever `p`, 80% become [MASK], 10% a random token, and 10% stay as they are (exact binomial "
        "tests).",
    ),
    hint=say(
        fr="Sur un grand lot avec `p = 1.0`, comptez les trois sorts. Un jeton au hasard peut retomber sur celui d'origine : prenez "
        "un grand vocabulaire.",
        en="On a large batch with `p = 1.0`, count the three fates. A random token may fall on the original one: take a large "
        "vocabulary.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_eighty_ten_ten(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for p in (0.3, 1.0):
        batch = make_batch(rng, torch_rng, 1500, 40, 7)
        inputs, chosen = ask(student, batch, p, fresh(rng))
        assert bool(chosen.any())
        before, after = batch.ids[chosen], inputs[chosen]
        masked, same = after == batch.mask_id, after == before
        other = ~masked & ~same
        total, words = len(before), len(batch.words)
        # A random token is the original one with chance 1 / words
        elsewhere = 1 - 1 / words
        expect(not bool(masked.all()), ALWAYS_MASK)
        expect(not likely(int(other.sum()), total, 0.02 * elsewhere), TENTH_OF_THE_REST)
        assert likely(int(masked.sum()), total, 0.8)
        assert likely(int(other.sum()), total, 0.1 * elsewhere)
        assert likely(int(same.sum()), total, 0.1 + 0.1 / words)


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Un jeton au hasard est tiré uniformément, pour chaque position, parmi tous les jetons du vocabulaire qui ne sont pas spéciaux.",
        en="A random token is drawn evenly, for each position, among all tokens of the vocabulary that are not special.",
    ),
    hint=say(
        fr="Avec un petit vocabulaire, comptez `inputs[labels != -100].bincount()` : qui manque, qui est de trop ?",
        en="With a small vocabulary, count `inputs[labels != -100].bincount()`: who is missing, who is too many?",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_random_words(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    # With two words, a [MASK] among the random tokens would show in the share of the masked
    for words, specials in ((9, 4), (14, 6), (2, 2)):
        batch = make_batch(rng, torch_rng, 1500, 40, 6, words, specials)
        inputs, chosen = ask(student, batch, 1.0, fresh(rng))
        visible = chosen & (inputs != batch.ids) & (inputs != batch.mask_id)
        expect(int(inputs[visible].unique().numel()) != 1 or words == 2, ONE_RANDOM_WORD)
        assert likely(int((inputs == batch.mask_id)[chosen].sum()), int(chosen.sum()), 0.8)
        for word in batch.words.tolist():
            others = chosen & (batch.ids != word)
            assert likely(int((inputs == word)[others].sum()), int(others.sum()), 0.1 / words)
    # All words the same: two neighbours that show one and the same other word
    batch = make_batch(rng, torch_rng, 1500, 40, 0)
    ids = batch.words[0].expand(1500, 40).clone()
    plain = Batch(ids, batch.special, batch.mask_id, batch.vocab_size, batch.special_ids, batch.words)
    inputs, _ = ask(student, plain, 1.0, fresh(rng))
    visible = (inputs != ids) & (inputs != batch.mask_id)
    alike = visible[:, ::2] & (inputs[:, ::2] == inputs[:, 1::2])
    words = len(batch.words)
    assert likely(int(alike.sum()), alike.numel(), 0.01 * (words - 1) / words**2)


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Chaque position a ses propres tirages : leur nombre par ligne et par lot varie comme une loi binomiale, et les voisins "
        "ne s'influencent pas.",
        en="Each position has draws of its own: their number in a row and in a batch varies as a binomial law, and neighbours do not "
        "influence each other.",
    ),
    hint=say(
        fr="Pour L positions ordinaires, la variance du nombre de choisies d'une ligne est L p (1 − p). Comparez-la à celle de "
        "`(labels != -100).sum(1)`.",
        en="For L ordinary positions, the variance of the number chosen in a row is L p (1 − p). Compare it with that of "
        "`(labels != -100).sum(1)`.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_each_position_for_itself(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    batch = make_batch(rng, torch_rng, 1500, 26, 6)
    _, chosen = ask(student, batch, 0.35, fresh(rng))
    blame_draws(chosen, batch.special)
    assert_independent(chosen[~batch.special].view(1500, 20), 0.35)
    inputs, _ = ask(student, batch, 1.0, fresh(rng))
    masked, other = inputs == batch.mask_id, (inputs != batch.mask_id) & (inputs != batch.ids)
    expect(not bool((masked.sum(dim=0) == (~batch.special).sum(dim=0)).all()), ALWAYS_MASK)
    blame_draws(masked & ~batch.special, batch.special)
    assert_independent(masked[~batch.special].view(1500, 20), 0.8)
    assert_independent(other[~batch.special].view(1500, 20), 0.1 * (1 - 1 / len(batch.words)))
    # Small batches one after the other: the same number in all 40 by luck, less than once in 1e27
    counts = []
    for _ in range(40):
        small = make_batch(rng, torch_rng, 2, 9, 1)
        counts.append(int(ask(student, small, 0.5, fresh(rng))[1].sum()))
    expect(len(set(counts)) > 1, FIXED_COUNT)
    assert likely(counts.count(8), 40, math.comb(16, 8) / 2**16)


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Avec `p = 0`, rien n'est choisi ; avec `p = 1`, tout l'est sauf les positions spéciales ; un lot peut être vide, ou d'un seul jeton.",
        en="With `p = 0` nothing is chosen; with `p = 1` all is but special positions; a batch may be empty, or of a single token.",
    ),
    hint=say(
        fr="Essayez `p = 0.0`, `p = 1.0`, puis `ids = torch.zeros(2, 0, dtype=torch.int64)`.",
        en="Try `p = 0.0`, `p = 1.0`, then `ids = torch.zeros(2, 0, dtype=torch.int64)`.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_extremes(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for p in (0.0, 1.0):
        ask(student, make_batch(rng, torch_rng, 40, 30, 8), p, fresh(rng))
        ask(student, make_batch(rng, torch_rng, 5, 1, 0), p, fresh(rng))
        ask(student, make_batch(rng, torch_rng, 5, 1, 1), p, fresh(rng))
    for rows, length in ((0, 5), (3, 0)):
        ask(student, make_batch(rng, torch_rng, rows, length, 0), 0.5, fresh(rng))


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Tout le hasard vient de `rng` : même état, même résultat ; autre état, autre résultat ; et chaque appel fait avancer `rng`.",
        en="All randomness comes from `rng`: same state, same result; another state, another result; and each call moves `rng` on.",
    ),
    hint=say(
        fr="Appelez votre fonction deux fois avec `torch.Generator().manual_seed(0)` créé à neuf, puis deux fois avec le même générateur.",
        en="Call your function twice with a new `torch.Generator().manual_seed(0)`, then twice with one and the same generator.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_randomness_comes_from_rng(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    batch = make_batch(rng, torch_rng, 30, 40, 8)
    generator = fresh(rng)
    seen = student.observe("mask_tokens", *batch.arguments(), 0.5, generator)
    judge(seen.value, batch, 0.5)
    again = student.mask_tokens(*batch.arguments(), 0.5, generator)
    judge(again, batch, 0.5)
    expect(alike(again, seen.value), IGNORES_RNG)
    other = student.mask_tokens(*batch.arguments(), 0.5, fresh(rng))
    judge(other, batch, 0.5)
    expect(not alike(other, seen.value) and not seen.rng_touched, IGNORES_RNG)
    # What the labels do not show: both the fate and the random tokens change with the state too
    assert not torch.equal(other[0] == batch.mask_id, seen.value[0] == batch.mask_id)
    # The same seed, further on: what the generator is after a call, or after a draw of ours
    assert len(seen.args) == 7
    after = seen.args[6]
    assert isinstance(after, torch.Generator)
    expect(not torch.equal(after.get_state(), generator.get_state()), RESEEDS)
    torch.rand(5, generator=generator)
    for moved in (after, generator):
        value = student.mask_tokens(*batch.arguments(), 0.5, moved)
        judge(value, batch, 0.5)
        expect(not torch.equal(value[1], seen.value[1]), RESEEDS)


def alike(one: Any, other: Any) -> bool:
    return torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction renvoie de nouveaux tenseurs, ne modifie pas ses arguments et ne touche à aucun générateur global.",
        en="The function returns new tensors, modifies none of its arguments and touches no global generator.",
    ),
    hint=say(
        fr="Gardez une copie, `ids.clone()`, et comparez-la à `ids` après l'appel.",
        en="Keep a copy, `ids.clone()`, and compare it with `ids` after the call.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    batch = make_batch(rng, torch_rng, 20, 30, 5)
    seen = student.observe("mask_tokens", *batch.arguments(), 0.5, fresh(rng))
    assert len(seen.args) == 7
    assert isinstance(seen.args[0], torch.Tensor)
    assert isinstance(seen.args[1], torch.Tensor)
    expect(torch.equal(seen.args[0], batch.ids) and torch.equal(seen.args[1], batch.special), IN_PLACE)
    expect(isinstance(seen.args[4], list) and seen.args[4] == batch.special_ids, IN_PLACE)
    expect(not seen.rng_touched, IGNORES_RNG)
    judge(seen.value, batch, 0.5)


@pytest.mark.exercise("mask_tokens")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Toutes les positions se tirent en quelques opérations sur le tenseur entier (5 fois le temps de la référence).",
        en="All positions are drawn in a few operations on the whole tensor (5 times the reference's time).",
    ),
    hint=say(
        fr="Une boucle sur les positions lance des milliers de petits tirages ; `torch.rand(ids.shape, generator=rng)` n'en lance qu'un.",
        en="A loop over positions starts thousands of small draws; `torch.rand(ids.shape, generator=rng)` starts only one.",
    ),
)
@pytest.mark.budget(cpu=90, wall=300, ratio=5)
def test_speed(race: Any) -> None:
    batches = []

    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        batches.append(make_batch(rng, fresh(rng), 1000, 500, 60, words=400))
        return (*batches[-1].arguments(), 0.15, fresh(rng)), {}

    def same(value: Any, _: Any) -> bool:
        judge(value, batches[-1], 0.15)
        return True

    race("mask_tokens", make=make, same=same)
