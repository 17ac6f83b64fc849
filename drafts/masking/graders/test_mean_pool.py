"""Hidden checks of `mean_pool`: the mean of each sentence's real tokens alone, sentence by sentence, and what follows from it."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
import torch
from torch.nn.functional import normalize

from bareme.course import load_model, load_tokenizer
from bareme.course.generator.lexicon import lexicon
from bareme.course.generator.template import Lines, fill
from bareme.course.generator.words import Language
from bareme.grading.checks import Misconception, close, expect, say

pytestmark = [pytest.mark.forbid("torch.masked.mean"), pytest.mark.budget(cpu=5, wall=60)]

PADS_AVERAGED = Misconception(
    "pads_averaged",
    symptom=say(
        fr="Les vecteurs du remplissage entrent dans la moyenne : le vecteur d'une phrase change dès qu'on allonge ses [PAD].",
        en="The padding's vectors enter the mean: a sentence's vector changes as soon as its [PAD]s are made longer.",
    ),
    hint=say(
        fr="`h.mean(dim=1)` ne sait rien de `m`. Sur une seule phrase, comparez `h[0].mean(0)` et `h[0][m[0] == 1].mean(0)` : "
        "d'où vient l'écart ?",
        en="`h.mean(dim=1)` knows nothing of `m`. For a single sentence, compare `h[0].mean(0)` and `h[0][m[0] == 1].mean(0)`: "
        "where does the difference come from?",
    ),
)
DIVIDES_BY_LENGTH = Misconception(
    "divides_by_length",
    symptom=say(
        fr="La somme est juste, mais elle est divisée par la longueur du lot : plus il y a de remplissage, plus le vecteur est court.",
        en="The sum is right, but it is divided by the batch's length: the more padding, the shorter the vector.",
    ),
    hint=say(
        fr="`.mean(dim=1)` divise par L, même là où le masque a mis des zéros. Combien de jetons ont vraiment été additionnés ? "
        "Essayez `(torch.ones(1, 4, 1) * torch.tensor([1, 1, 0, 0])[None, :, None]).mean(1)`.",
        en="`.mean(dim=1)` divides by L, even where the mask has put zeros. How many tokens were really added up? "
        "Try `(torch.ones(1, 4, 1) * torch.tensor([1, 1, 0, 0])[None, :, None]).mean(1)`.",
    ),
)
BATCH_NORMALISED = Misconception(
    "batch_normalised",
    symptom=say(
        fr="Toutes les phrases sont divisées par un même nombre, compté sur le lot entier : une voisine change le vecteur d'une phrase.",
        en="All sentences are divided by one number, counted over the whole batch: a neighbour changes a sentence's vector.",
    ),
    hint=say(
        fr="Quelle est la forme de `m.sum()` ? Et celle de `m.sum(dim=1)` ? Laquelle a un nombre pour chaque phrase ?",
        en="What is the shape of `m.sum()`? Of `m.sum(dim=1)`? Which one has a number for each sentence?",
    ),
)
NOT_DIVIDED = Misconception(
    "not_divided",
    symptom=say(
        fr="C'est une somme, et non une moyenne : le vecteur d'une phrase grandit avec le nombre de ses jetons.",
        en="This is a sum, not a mean: a sentence's vector grows with the number of its tokens.",
    ),
    hint=say(
        fr="Que doit donner une phrase dont tous les jetons ont le même vecteur ? Essayez avec `h = torch.ones(1, 5, 2)`.",
        en="What should a sentence give, all of whose tokens have the same vector? Try it with `h = torch.ones(1, 5, 2)`.",
    ),
)
FIRST_TOKEN = Misconception(
    "first_token",
    symptom=say(
        fr="Seul le premier vecteur de chaque phrase est gardé : les autres jetons ne changent rien au résultat.",
        en="Only the first vector of each sentence is kept: the other tokens change nothing in the result.",
    ),
    hint=say(
        fr="Prendre le vecteur de [CLS] est une autre façon de résumer une phrase. Ici, tous les vrais jetons pèsent autant.",
        en="Taking the vector of [CLS] is another way to sum a sentence up. Here all real tokens weigh the same.",
    ),
)
PADS_AT_THE_END = Misconception(
    "pads_at_the_end",
    symptom=say(
        fr="Le résultat n'est juste que si le remplissage est à la fin : les premières positions sont prises, quel que soit le masque.",
        en="The result is right only if padding is at the end: the first positions are taken, whatever the mask says.",
    ),
    hint=say(
        fr="Compter les 1 du masque ne dit pas où ils sont. Que faudrait-il prendre quand `m[0]` vaut `[0, 0, 1, 1]` ?",
        en="Counting the mask's ones does not say where they are. What should be taken when `m[0]` is `[0, 0, 1, 1]`?",
    ),
)
SMALL_CONSTANT = Misconception(
    "small_constant",
    symptom=say(
        fr="Les moyennes sont toutes un peu trop petites, comme si le diviseur était un peu trop grand.",
        en="All means are a little too small, as if the divisor were a little too large.",
    ),
    hint=say(
        fr="Ajouter une petite constante au diviseur évite 0/0, mais fausse toutes les autres phrases. Comparez "
        "`n + 1e-6` et `n.clamp(min=1)` pour n = 0, 1 et 5.",
        en="Adding a small constant to the divisor avoids 0/0, but distorts all other sentences. Compare `n + 1e-6` and "
        "`n.clamp(min=1)` for n = 0, 1 and 5.",
    ),
)
NAN = Misconception(
    "nan",
    symptom=say(
        fr="Une phrase faite de remplissage seul donne des NaN ou des infinis au lieu d'un vecteur nul.",
        en="A sentence made of padding alone gives NaNs or infinities instead of a zero vector.",
    ),
    hint=say(
        fr="Sans aucun vrai jeton, la moyenne est 0/0. Quel diviseur choisir pour que la phrase donne zéro, sans rien changer "
        "aux autres ? Essayez `torch.tensor(0.0) / 0`.",
        en="Without any real token the mean is 0/0. Which divisor makes this sentence give zero and changes nothing for the "
        "others? Try `torch.tensor(0.0) / 0`.",
    ),
)
NAN_GRADIENT = Misconception(
    "nan_gradient",
    symptom=say(
        fr="Les vecteurs sont justes, mais une phrase faite de remplissage seul renvoie des gradients NaN.",
        en="The vectors are right, but a sentence made of padding alone sends NaN gradients back.",
    ),
    hint=say(
        fr="Remplacer les NaN après coup répare la valeur, pas la dérivée : la rétropropagation repasse par le 0/0. Comparez, "
        "en x = 0, les gradients de `torch.nan_to_num(x / 0)` et de `x / 1`.",
        en="Replacing NaNs afterwards mends the value, not the derivative: the backward pass goes through 0/0 again. Compare "
        "the gradients of `torch.nan_to_num(x / 0)` and of `x / 1` at x = 0.",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Aucun gradient ne revient aux vecteurs des jetons : le modèle ne pourrait pas apprendre à travers cette moyenne.",
        en="No gradient comes back to the tokens' vectors: the model could not learn through this mean.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `.numpy()`, `torch.no_grad()` et `torch.tensor(…)` sortent du graphe de calcul. Que vaut "
        "`mean_pool(h, m).requires_grad` quand `h.requires_grad` est vrai ?",
        en="`.detach()`, `.data`, `.numpy()`, `torch.no_grad()` and `torch.tensor(…)` leave the computation graph. What is "
        "`mean_pool(h, m).requires_grad` when `h.requires_grad` is true?",
    ),
)
IN_PLACE = Misconception(
    "in_place",
    symptom=say(
        fr="Après l'appel, les vecteurs ou le masque passés en argument ne sont plus les mêmes.",
        en="After the call, the vectors or the mask given as arguments are no longer the same.",
    ),
    hint=say(
        fr="`h[m == 0] = 0`, `h *= …` et les méthodes en `_` écrivent dans le tenseur de l'appelant. `h * …` en fait un nouveau.",
        en="`h[m == 0] = 0`, `h *= …` and methods that end in `_` write into the caller's tensor. `h * …` makes a new one.",
    ),
)


def expected(h: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """Sentence by sentence: the mean of the vectors that are real; zero when there are none."""
    return torch.stack(
        [
            one[real].mean(dim=0) if bool(real.any()) else torch.zeros_like(one[0])
            for one, real in zip(h, m.bool(), strict=True)
        ]
    )


def mistaken(h: torch.Tensor, m: torch.Tensor) -> list[tuple[Misconception, torch.Tensor]]:
    """What each known wrong idea gives."""
    total, count = (h * m.unsqueeze(-1)).sum(dim=1), m.sum(dim=1, keepdim=True)
    in_front = torch.stack([one[: max(int(real.sum()), 1)].mean(dim=0) for one, real in zip(h, m, strict=True)])
    return [
        (PADS_AVERAGED, h.mean(dim=1)),
        (DIVIDES_BY_LENGTH, total / h.shape[1]),
        (BATCH_NORMALISED, total / m.sum().clamp(min=1)),
        (NOT_DIVIDED, total),
        (FIRST_TOKEN, h[:, 0]),
        (PADS_AT_THE_END, in_front),
        *((SMALL_CONSTANT, total / (count + constant)) for constant in (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)),
    ]


def judge(got: Any, h: torch.Tensor, m: torch.Tensor) -> None:
    """Fail unless ``got`` is right, naming the misconception that explains the difference."""
    well_formed(got, h)
    wanted = expected(h, m)
    if close(got, wanted):
        return
    some = m.bool().any(dim=1)
    if not close(got[some], wanted[some]):
        for misconception, wrong in mistaken(h, m):
            expect(not close(got[some], wrong[some]), misconception)
        raise AssertionError("another difference")
    expect(bool(got[~some].isfinite().all()), NAN)
    raise AssertionError("a sentence of pads alone is not zero")


def well_formed(got: Any, h: torch.Tensor) -> None:
    assert isinstance(got, torch.Tensor)
    assert (got.shape, got.dtype) == ((h.shape[0], h.shape[2]), h.dtype)


def ragged_mask(rng: random.Random, sentences: int, length: int) -> torch.Tensor:
    """Pads at the right, at the left, and anywhere: at least two real tokens and one pad a sentence, never as many in a row."""
    m = torch.ones(sentences, length, dtype=torch.int64)
    for number in range(sentences):
        pads = 1 + (number + rng.randrange(2)) % (length - 2)  # unequal lengths, whatever is drawn
        if number % 3 == 0:
            m[number, length - pads :] = 0
        elif number % 3 == 1:
            m[number, :pads] = 0
        else:
            m[number, rng.sample(range(length - 1), pads)] = 0
    return m


def vectors(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Far from zero on average, so that no sum of them is small by luck."""
    return 2 + torch.randn(shape, generator=generator, dtype=dtype)


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Le vecteur d'une phrase est la moyenne des vecteurs de ses vrais jetons, où qu'ils soient dans la phrase.",
        en="A sentence's vector is the mean of the vectors of its real tokens, wherever they stand in the sentence.",
    ),
    hint=say(
        fr="Prenez une phrase de trois positions dont une de remplissage, et refaites le calcul à la main.",
        en="Take a sentence of three positions, one of them padding, and redo the computation by hand.",
    ),
)
def test_matches_definition(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for sentences, length, width in ((6, 7, 5), (4, 9, 3), (7, 5, 5)):
        h, m = vectors((sentences, length, width), torch_rng), ragged_mask(rng, sentences, length)
        judge(student.mean_pool(h, m), h, m)
    h, everything = vectors((3, 4, 6), torch_rng), torch.ones(3, 4, dtype=torch.int64)
    judge(student.mean_pool(h, everything), h, everything)


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Une phrase a le même vecteur seule ou dans un lot, avec ou sans remplissage, quoi que le remplissage contienne.",
        en="A sentence has the same vector alone or in a batch, with or without padding, whatever the padding holds.",
    ),
    hint=say(
        fr="Multipliez par mille les vecteurs du remplissage, puis ajoutez quelques [PAD] à la fin : quels résultats changent ?",
        en="Multiply the padding's vectors by a thousand, then add a few [PAD]s at the end: which results change?",
    ),
)
def test_nothing_but_real_tokens(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    h, m = vectors((5, 8, 4), torch_rng), ragged_mask(rng, 5, 8)
    judge(student.mean_pool(h, m), h, m)
    # 1e12: what subtracts the padding from a total of everything loses the real tokens' digits
    for size in (3.0, 1e12):
        other = torch.where(m.unsqueeze(-1) == 1, h, size * vectors(h.shape, torch_rng))
        judge(student.mean_pool(other, m), other, m)
    longer = torch.cat([h, vectors((5, 3, 4), torch_rng)], dim=1)
    longer_m = torch.cat([m, torch.zeros(5, 3, dtype=torch.int64)], dim=1)
    judge(student.mean_pool(longer, longer_m), longer, longer_m)
    for number in range(5):
        one, real = h[number : number + 1], m[number : number + 1]
        judge(student.mean_pool(one, real), one, real)


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Une phrase faite de remplissage seul donne zéro sans rien changer à ses voisines ; une phrase d'un seul jeton "
        "donne le vecteur de ce jeton.",
        en="A sentence made of padding alone gives zero and changes nothing for its neighbours; a sentence of a single token "
        "gives that token's vector.",
    ),
    hint=say(
        fr="Essayez `mean_pool(torch.ones(2, 1, 3), torch.tensor([[1], [0]]))`.",
        en="Try `mean_pool(torch.ones(2, 1, 3), torch.tensor([[1], [0]]))`.",
    ),
)
def test_shortest_sentences(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    h, m = vectors((6, 6, 4), torch_rng), ragged_mask(rng, 6, 6)
    empty, single = rng.sample(range(6), 2)
    m[empty] = m[single] = 0
    m[single, rng.randrange(1, 6)] = 1
    judge(student.mean_pool(h, m), h, m)
    h, m = vectors((3, 1, 4), torch_rng), torch.tensor([[1], [0], [1]])
    judge(student.mean_pool(h, m), h, m)
    h, m = vectors((2, 5, 1), torch_rng), torch.zeros(2, 5, dtype=torch.int64)
    judge(student.mean_pool(h, m), h, m)


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le gradient se partage également entre les vrais jetons d'une phrase, il est nul ailleurs et n'est jamais NaN.",
        en="The gradient is shared equally among a sentence's real tokens, is zero elsewhere and is never NaN.",
    ),
    hint=say(
        fr="Appelez `mean_pool(h, m).sum().backward()` avec `h.requires_grad_()`, et affichez `h.grad`.",
        en="Call `mean_pool(h, m).sum().backward()` with `h.requires_grad_()`, and print `h.grad`.",
    ),
)
def test_gradients(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 5, 6)
    for with_empty in (False, True):
        if with_empty:
            m[rng.randrange(5)] = 0
        h, cotangent = vectors((5, 6, 4), torch_rng), vectors((5, 4), torch_rng)
        judge(student.mean_pool(h, m), h, m)  # a wrong value is named as such
        pooled, gradients = student.vjp("mean_pool", h, m, cotangent=cotangent)
        assert close(pooled, expected(h, m))
        gradient = first(first(gradients))
        expect(gradient is not None, DETACHED)
        assert isinstance(gradient, torch.Tensor)
        expect(bool(gradient.isfinite().all()), NAN_GRADIENT)
        share = m / m.sum(dim=1, keepdim=True).clamp(min=1).double()
        assert close(gradient, share.unsqueeze(-1) * cotangent.unsqueeze(1))


def first(items: Any) -> Any:
    """The first item of what should be a list or a tuple: the sandbox may have answered anything."""
    assert isinstance(items, (list, tuple))
    assert len(items) > 0
    return items[0]


#: Facts, each said in two ways: {p} a person, {v} a town, {t} a thing, {d} a dish, {i} an instrument, {a} an animal, {m} a machine
FACTS: dict[Language, tuple[tuple[str, str], ...]] = {
    "fr": (
        ("{p} habite à {v}.", "C'est à {v} que vit {p}."),
        ("{p} a perdu {t.his:p}.", "{t.the} de {p} a disparu."),
        ("{p} prépare {d.a} pour le dîner.", "Au menu du soir, il y a {d.a} que {p} cuisine."),
        ("{p} apprend à jouer d'un instrument, {i.the}.", "{i.the} : voilà ce que {p} étudie en musique."),
        ("Dans le jardin de {p} vit {a.a}.", "{p} a vu {a.a} près de la maison."),
        ("{p} répare {m.the}.", "{m.the} ne marchait plus, {p} s'en occupe."),
    ),
    "en": (
        ("{p} lives in {v}.", "It is in {v} that {p} has a home."),
        ("{p} lost {t.the}.", "{t.the} that {p} owned has gone."),
        ("{p} cooks {d.a} for dinner.", "Tonight there will be {d.a}, made by {p}."),
        ("{p} learns to play {i.the}.", "{i.the} is what {p} studies in music."),
        ("In the garden of {p} lives {a.a}.", "{p} saw {a.a} near the house."),
        ("{p} repairs {m.the}.", "{m.the} was broken, so {p} mends it."),
    ),
}
CAST = {"p": "person", "v": "town", "t": "thing", "d": "dish", "i": "instrument", "m": "machine"}
ANIMAL: dict[Language, str] = {"fr": "animal", "en": "night_animal"}
ITEMS, LONGEST = 40, 128


def paraphrases(rng: random.Random) -> tuple[list[str], list[str]]:
    """Texts of two or three facts, and as many that say the same otherwise and in another order; no word of a slot comes twice."""
    texts, others = [], []
    languages: tuple[Language, ...] = ("fr", "en")
    drawn = {}
    for language in languages:
        cast = {**CAST, "a": ANIMAL[language]}
        drawn[language] = {slot: rng.sample(lexicon(language).words[kind], ITEMS // 2) for slot, kind in cast.items()}
    for number in range(ITEMS):  # by turns: each batch has both languages, so that none tells batches apart
        language = languages[number % 2]
        slots = {slot: words[number // 2] for slot, words in drawn[language].items()}
        facts = rng.sample(FACTS[language], 2 + number // 2 % 2)
        texts.append(" ".join(fill(fact, slots, Lines({}), rng) for fact, _ in facts))
        others.append(" ".join(fill(other, slots, Lines({}), rng) for _, other in facts[1:] + facts[:1]))
    return texts, others


@cache
def encoder() -> tuple[Any, Any]:
    return load_model("tiny-encoder").bert, load_tokenizer("tiny-encoder")


def hidden_states(texts: list[str], *, much_padding: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """The last layer's vectors and the mask of a batch, padded to its longest text or to the model's length."""
    model, tokenizer = encoder()
    padding = {"padding": "max_length", "max_length": LONGEST} if much_padding else {"padding": True}
    tokens = tokenizer(texts, return_tensors="pt", **padding)
    with torch.no_grad():
        return model(**tokens).last_hidden_state, tokens["attention_mask"]


def recall(pooled: list[torch.Tensor], others: list[torch.Tensor]) -> float:
    """The share of texts whose nearest neighbour by cosine, among all the others, is their paraphrase."""
    one, other = (normalize(torch.cat(parts).nan_to_num(), dim=-1) for parts in (pooled, others))
    nearest = (one @ other.T).argmax(dim=1)
    return float((nearest == torch.arange(len(nearest))).double().mean())


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="La moyenne des vrais jetons rapproche une phrase de sa paraphrase, quel que soit le remplissage de leurs lots.",
        en="The mean of the real tokens brings a sentence close to its paraphrase, whatever the padding of their batches.",
    ),
    hint=say(
        fr="Deux phrases de même sens ont été encodées dans des lots de longueurs très inégales. Qu'y a-t-il dans votre vecteur qui "
        "dépende de la longueur du lot, ou d'un seul jeton ?",
        en="Two sentences of the same meaning were encoded in batches of very unequal lengths. What in your vector depends on the "
        "batch's length, or on a single token?",
    ),
)
@pytest.mark.budget(cpu=8, wall=120)
def test_finds_paraphrases(student: Any, reference: Any, rng: random.Random) -> None:
    """At least half of the reference's gain over a mean that counts pads. Nothing is trained or drawn but the texts: a right
    solution has the reference's recall, up to rounding, so that it never fails."""
    texts, others = paraphrases(rng)
    half = ITEMS // 2
    # Each text's batch has much padding where its paraphrase's has little, so that to count pads is to see nothing else
    batches = [
        (hidden_states(side[part], much_padding=much), number)
        for part, first_much in ((slice(0, half), True), (slice(half, None), False))
        for number, (side, much) in enumerate(((texts, first_much), (others, not first_much)))
    ]
    by_student: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    by_reference: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    baseline: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    explained = {PADS_AVERAGED.name: True, FIRST_TOKEN.name: True}
    for (h, m), number in batches:
        got = student.mean_pool(h, m)
        well_formed(got, h)
        by_student[number].append(got)
        by_reference[number].append(reference.mean_pool(h, m))
        baseline[number].append(h.mean(dim=1))
        for misconception, wrong in mistaken(h, m):
            if misconception.name in explained:
                explained[misconception.name] &= close(got, wrong)
    floor, top = recall(*baseline), recall(*by_reference)
    if top - floor < 0.1:
        raise RuntimeError(
            f"the reference finds {top:.0%} of the paraphrases, the baseline {floor:.0%}: too near to tell"
        )
    if recall(*by_student) < (floor + top) / 2:
        expect(not explained[PADS_AVERAGED.name], PADS_AVERAGED)
        expect(not explained[FIRST_TOKEN.name], FIRST_TOKEN)
        raise AssertionError("too few paraphrases are found")


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction garde le type des vecteurs, ne modifie pas ses arguments et ne touche à aucun générateur aléatoire global.",
        en="The function keeps the vectors' type, modifies none of its arguments and touches no global random generator.",
    ),
    hint=say(
        fr="Gardez des copies, `h.clone()` et `m.clone()`, et comparez-les aux arguments après l'appel.",
        en="Keep copies, `h.clone()` and `m.clone()`, and compare them with the arguments after the call.",
    ),
)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for dtype in (torch.float32, torch.float64):
        h, m = vectors((4, 6, 3), torch_rng, dtype), ragged_mask(rng, 4, 6)
        seen = student.observe("mean_pool", h, m)
        assert len(seen.args) == 2
        assert all(isinstance(argument, torch.Tensor) for argument in seen.args)
        expect(torch.equal(seen.args[0], h) and torch.equal(seen.args[1], m), IN_PLACE)
        assert not seen.rng_touched
        judge(seen.value, h, m)


@pytest.mark.exercise("mean_pool")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Toutes les phrases du lot sont traitées en une fois (5 fois le temps de la référence).",
        en="All sentences of the batch are treated at once (5 times the reference's time).",
    ),
    hint=say(
        fr="Une boucle Python coûte quelques microsecondes par tour ; une opération sur le tenseur entier, une seule fois. "
        "Quelle forme donner au masque pour qu'il multiplie `h` ?",
        en="A Python loop costs a few microseconds a turn; an operation on the whole tensor, only once. Which shape should the "
        "mask have to multiply `h`?",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        h = vectors((250_000, 4, 3), generator, torch.float32)
        m = (torch.rand(250_000, 4, generator=generator) < 0.6).long()
        return (h, m), {}

    race("mean_pool", make=make, same=close)
