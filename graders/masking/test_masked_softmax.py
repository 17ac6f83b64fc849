"""Hidden checks of `masked_softmax`: `torch.softmax` over each sentence's real keys alone, and what follows from it."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from bareme.grading.checks import Misconception, close, expect, say

IN_PLACE = Misconception(
    "in_place",
    symptom=say(
        fr="Après l'appel, les scores ou le masque passés en argument ne sont plus les mêmes.",
        en="After the call, the scores or the mask given as arguments are no longer the same.",
    ),
    hint=say(
        fr="Une méthode qui finit par `_` (`masked_fill_`, `sub_`) ou un opérateur comme `-=` écrit dans le tenseur "
        "lui-même. Essayez `s = torch.zeros(2); t = s.masked_fill_(torch.tensor([True, False]), 9.0)`, puis affichez `s`.",
        en="A method that ends in `_` (`masked_fill_`, `sub_`) or an operator such as `-=` writes into the tensor "
        "itself. Try `s = torch.zeros(2); t = s.masked_fill_(torch.tensor([True, False]), 9.0)`, then print `s`.",
    ),
)
WRONG_DIM = Misconception(
    "wrong_dim",
    symptom=say(
        fr="Ce sont les colonnes qui ont pour somme 1, et non les lignes : chaque clé répartit son poids entre les requêtes.",
        en="The columns sum to one, not the rows: each key shares its weight out among the queries.",
    ),
    hint=say(
        fr="`s[b, h, i, j]` est le score de la requête i contre la clé j ; c'est chaque requête qui répartit son attention "
        "entre les clés. Comparez `torch.tensor([[0.0, 0.0], [3.0, 0.0]]).softmax(-1)` et `.softmax(-2)`.",
        en="`s[b, h, i, j]` is the score of query i against key j; it is each query that shares its attention out among "
        "the keys. Compare `torch.tensor([[0.0, 0.0], [3.0, 0.0]]).softmax(-1)` and `.softmax(-2)`.",
    ),
)
MASKS_QUERIES = Misconception(
    "masks_queries",
    symptom=say(
        fr="La ligne d'une requête de remplissage est traitée à part, alors que le masque ne porte que sur les clés.",
        en="The row of a padding query is treated apart, whereas the mask is about the keys alone.",
    ),
    hint=say(
        fr="Le masque dit qui peut être regardé, non qui regarde : il s'aligne sur la dernière dimension. Quelle forme a "
        "`m[:, None, None, :]` ? Et `m[:, None, :, None]` ? Laquelle s'étend sur les requêtes ?",
        en="The mask says who may be looked at, not who looks: it lines up with the last dimension. What is the shape of "
        "`m[:, None, None, :]`? Of `m[:, None, :, None]`? Which one is expanded over the queries?",
    ),
)
MULTIPLIES_SCORES = Misconception(
    "multiplies_scores",
    symptom=say(
        fr="Une clé de remplissage reçoit le poids qu'aurait un score nul : un score nul n'est pas une absence de score.",
        en="A padding key gets the weight of a zero score: a score of zero is not the absence of a score.",
    ),
    hint=say(
        fr="La softmax passe par l'exponentielle : que vaut exp(0) ? Et quel score faut-il pour que l'exponentielle "
        "s'annule ? Essayez `torch.softmax(torch.tensor([1.0, 1.0]) * torch.tensor([1, 0]), -1)`.",
        en="The softmax goes through the exponential: what is exp(0)? And which score makes the exponential vanish? "
        "Try `torch.softmax(torch.tensor([1.0, 1.0]) * torch.tensor([1, 0]), -1)`.",
    ),
)
NOT_RENORMALISED = Misconception(
    "not_renormalised",
    symptom=say(
        fr="Le remplissage a bien un poids nul, mais les poids restants n'ont plus pour somme 1.",
        en="The padding does weigh nothing, but the remaining weights no longer sum to one.",
    ),
    hint=say(
        fr="Effacer des poids après la softmax laisse le dénominateur inchangé : les clés effacées y comptent encore. "
        "Calculez à la main les poids de scores `[0, 0, 0]` avec le masque `[1, 1, 0]`.",
        en="Erasing weights after the softmax leaves the denominator as it was: the erased keys still count in it. "
        "Work out by hand the weights of scores `[0, 0, 0]` with the mask `[1, 1, 0]`.",
    ),
)
NAN = Misconception(
    "nan",
    symptom=say(
        fr="Une phrase faite de remplissage seul donne des NaN, qui se propageraient ensuite à tout le modèle.",
        en="A sentence made of padding alone gives NaNs, which would then spread to the whole model.",
    ),
    hint=say(
        fr="Sans aucune clé, le dénominateur est nul : c'est la division 0/0. Essayez "
        "`torch.softmax(torch.full((2,), -torch.inf), -1)`, et traitez ce cas pour que la ligne soit nulle.",
        en="Without any key the denominator is zero: this is the division 0/0. Try "
        "`torch.softmax(torch.full((2,), -torch.inf), -1)`, and handle this case so that the row is zero.",
    ),
)
UNIFORM_EMPTY_ROW = Misconception(
    "uniform_empty_row",
    symptom=say(
        fr="Une phrase faite de remplissage seul distribue encore de l'attention, alors qu'elle n'a aucune clé à regarder.",
        en="A sentence made of padding alone still hands out attention, whereas it has no key to look at.",
    ),
    hint=say(
        fr="Si toutes les clés reçoivent la même très grande valeur négative, la softmax n'en voit que les écarts. Essayez "
        "`torch.softmax(torch.full((4,), -1e9), -1)` : vos poids de remplissage sont-ils nuls dans ce cas aussi ?",
        en="If all keys get the same very large negative value, the softmax sees only the differences. Try "
        "`torch.softmax(torch.full((4,), -1e9), -1)`: do your padding keys weigh nothing in this case too?",
    ),
)
SMALL_FILL = Misconception(
    "small_fill",
    symptom=say(
        fr="Quand les scores sont très grands, le remplissage retrouve du poids : il n'était pas exclu, seulement défavorisé.",
        en="When scores are very large, the padding gains weight again: it was not excluded, only put at a disadvantage.",
    ),
    hint=say(
        fr="Une pénalité comme −10 000 suppose que tous les scores restent petits. Que donne la softmax de "
        "`[-20000.0, -10000.0]`, si le second score est celui d'un [PAD] ? Quelle valeur est plus petite que tout score ?",
        en="A penalty such as −10,000 assumes that all scores stay small. What is the softmax of "
        "`[-20000.0, -10000.0]`, if the second score is that of a [PAD]? Which value is smaller than any score?",
    ),
)
OVERFLOW = Misconception(
    "overflow",
    symptom=say(
        fr="Avec des scores très grands ou très petits, une ligne qui a de vraies clés devient nulle, infinie ou NaN.",
        en="With very large or very small scores, a row that has real keys becomes zero, infinite or NaN.",
    ),
    hint=say(
        fr="`torch.exp(torch.tensor(1000.0))` déborde. La softmax ne change pas si l'on retire la même constante à tous les "
        "scores d'une ligne : laquelle choisir, et parmi quelles clés ?",
        en="`torch.exp(torch.tensor(1000.0))` overflows. The softmax does not change when one constant is taken from all "
        "the scores of a row: which one to choose, and among which keys?",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Aucun gradient ne revient aux scores : le modèle ne pourrait pas apprendre où porter son attention.",
        en="No gradient comes back to the scores: the model could not learn where to attend.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `.numpy()`, `torch.no_grad()` et `torch.tensor(…)` sortent du graphe de calcul. Que vaut "
        "`masked_softmax(s, m).requires_grad` quand `s.requires_grad` est vrai ?",
        en="`.detach()`, `.data`, `.numpy()`, `torch.no_grad()` and `torch.tensor(…)` leave the computation graph. What is "
        "`masked_softmax(s, m).requires_grad` when `s.requires_grad` is true?",
    ),
)
NAN_GRADIENT = Misconception(
    "nan_gradient",
    symptom=say(
        fr="Les poids sont justes, mais une phrase faite de remplissage seul renvoie des gradients NaN aux scores.",
        en="The weights are right, but a sentence made of padding alone sends NaN gradients back to the scores.",
    ),
    hint=say(
        fr="Remplacer les NaN après coup répare la valeur, pas la dérivée : la rétropropagation repasse par le 0/0. Évitez "
        "qu'il se produise ; comparez le gradient de `torch.nan_to_num(x / x)` en 0 avec celui de `x / x.clamp(min=1)`.",
        en="Replacing NaNs afterwards mends the value, not the derivative: the backward pass goes through 0/0 again. Keep "
        "it from happening; compare the gradient of `torch.nan_to_num(x / x)` at 0 with that of `x / x.clamp(min=1)`.",
    ),
)


def expected(s: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
    """`torch.softmax` of each sentence's scores with its real keys alone put side by side; zero elsewhere."""
    p = torch.zeros_like(s)
    for sentence, keys in enumerate(m.bool()):
        p[sentence][..., keys] = torch.softmax(s[sentence][..., keys], dim=-1)
    return p


def judge(got: Any, s: torch.Tensor, m: torch.Tensor) -> None:
    """Fail unless ``got`` is right, naming the misconception that explains the difference."""
    assert isinstance(got, torch.Tensor)
    assert (got.shape, got.dtype) == (s.shape, s.dtype)
    wanted = expected(s, m)
    if close(got, wanted):
        return
    for one_got, one_s, one_m, one_wanted in zip(got, s, m.bool(), wanted, strict=True):
        if bool(one_m.any()):
            blame(one_got, one_s, one_m, one_wanted)
            assert close(one_got, one_wanted)
    empty = got[~m.bool().any(dim=1)]
    expect(not bool(empty.isnan().any()), NAN)
    expect(bool((empty == 0).all()), UNIFORM_EMPTY_ROW)
    raise AssertionError("another difference")


def blame(got: torch.Tensor, s: torch.Tensor, real: torch.Tensor, wanted: torch.Tensor) -> None:
    """Name what is wrong with one sentence's weights, if it is known: ``got``, ``s``, ``wanted`` [H, L, L], ``real`` [L]."""
    if close(got, wanted):
        return
    columns = got.sum(dim=-2)[:, real]
    expect(not close(columns, torch.ones_like(columns)), WRONG_DIM)
    unmasked = torch.softmax(s, dim=-1)
    rows = got[:, real]
    expect(not (close(rows, wanted[:, real]) or close(rows, unmasked[:, real])) or close(got, unmasked), MASKS_QUERIES)
    expect(not close(got, torch.softmax(s * real, dim=-1)), MULTIPLIES_SCORES)
    expect(not close(got, unmasked * real), NOT_RENORMALISED)


def ragged_mask(rng: random.Random, sentences: int, length: int) -> torch.Tensor:
    """Pads at the right, at the left, and anywhere: at least one real key and one pad a sentence."""
    m = torch.ones(sentences, length, dtype=torch.int64)
    for number in range(sentences):
        pads = rng.randint(1, length - 2)
        if number % 3 == 0:
            m[number, length - pads :] = 0
        elif number % 3 == 1:
            m[number, :pads] = 0
        else:
            m[number, rng.sample(range(length), pads)] = 0
    return m


def scores(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return 3 * torch.randn(shape, generator=generator, dtype=dtype)


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Chaque requête a les poids que `torch.softmax` donnerait si la phrase ne comptait que ses vraies clés.",
        en="Each query has the weights that `torch.softmax` would give if the sentence had its real keys alone.",
    ),
    hint=say(
        fr="Prenez une phrase de trois positions dont une de remplissage, et refaites le calcul à la main sur deux clés.",
        en="Take a sentence of three positions, one of them padding, and redo the computation by hand on two keys.",
    ),
)
def test_matches_torch(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for sentences, heads, length in ((3, 4, 7), (5, 2, 6)):
        m = ragged_mask(rng, sentences, length)
        s = scores((sentences, heads, length, length), torch_rng)
        judge(student.masked_softmax(s, m), s, m)
    everything = torch.ones(2, 5, dtype=torch.int64)
    s = scores((2, 3, 5, 5), torch_rng)
    judge(student.masked_softmax(s, everything), s, everything)


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Les poids d'une requête ont pour somme 1, qu'elle soit un token ou du remplissage ; une clé de remplissage a "
        "un poids exactement nul.",
        en="The weights of a query sum to one, whether it is a token or padding; a padding key weighs exactly zero.",
    ),
    hint=say(
        fr="Affichez `p.sum(-1)`, puis la plus grande valeur de `p` sur les clés où `m` vaut 0.",
        en="Print `p.sum(-1)`, then the largest value of `p` on the keys where `m` is 0.",
    ),
)
def test_rows_sum_to_one(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 4, 9)
    s = scores((4, 3, 9, 9), torch_rng)
    p = student.masked_softmax(s, m)
    judge(p, s, m)
    rows = p.sum(dim=-1)
    assert close(rows, torch.ones_like(rows))
    assert bool((p.transpose(1, 3)[m == 0] == 0).all())


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Changer les scores des clés de remplissage ne change aucun poids.",
        en="Changing the scores of padding keys changes no weight.",
    ),
    hint=say(
        fr="Les scores du remplissage doivent sortir du numérateur et du dénominateur : que devient le dénominateur si l'un "
        "d'eux augmente ?",
        en="The padding's scores must leave both the numerator and the denominator: what becomes of the denominator when "
        "one of them grows?",
    ),
)
def test_pads_scores_do_not_count(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 3, 8)
    s = scores((3, 5, 8, 8), torch_rng)
    before = student.masked_softmax(s, m)
    judge(before, s, m)
    for size in (1.0, 10.0):
        other = torch.where(m[:, None, None, :] == 1, s, size * scores(s.shape, torch_rng))
        after = student.masked_softmax(other, m)
        judge(after, other, m)
        assert close(after, before)


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Une phrase faite de remplissage seul n'a que des poids nuls, et ne change rien à ses voisines du lot.",
        en="A sentence made of padding alone has zero weights only, and changes nothing for the others of the batch.",
    ),
    hint=say(
        fr="Essayez `masked_softmax(torch.zeros(1, 1, 2, 2), torch.tensor([[0, 0]]))`.",
        en="Try `masked_softmax(torch.zeros(1, 1, 2, 2), torch.tensor([[0, 0]]))`.",
    ),
)
def test_all_padding(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 4, 6)
    m[rng.randrange(4)] = 0
    s = scores((4, 3, 6, 6), torch_rng)
    judge(student.masked_softmax(s, m), s, m)
    single = torch.tensor([[1], [0]])
    s = scores((2, 3, 1, 1), torch_rng)
    judge(student.masked_softmax(s, single), s, single)


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Les poids restent justes quand les scores sont de l'ordre de ±100 000, sur les tokens comme sur le remplissage.",
        en="The weights stay right when scores are of the order of ±100,000, on tokens as on padding.",
    ),
    hint=say(
        fr="Cherchez l'étape qui déborde, et la valeur qui est censée être plus petite que tous les scores.",
        en="Look for the step that overflows, and for the value that is meant to be smaller than all scores.",
    ),
)
def test_extreme_scores(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 3, 7)
    s = scores((3, 2, 7, 7), torch_rng)
    judge(student.masked_softmax(s, m), s, m)  # an error that has nothing to do with size is named as such
    pads = (m == 0)[:, None, None, :].expand_as(s)
    for real_level, pad_level in ((-30_000, 0), (20_000, 90_000), (0, -90_000), (-90_000, 90_000), (90_000, 90_000)):
        extreme = s + torch.where(pads, pad_level, real_level)
        p = student.masked_softmax(extreme, m)
        assert isinstance(p, torch.Tensor)
        assert (p.shape, p.dtype) == (s.shape, s.dtype)
        expect(bool(p.isfinite().all()), OVERFLOW)
        expect(bool((p[pads] == 0).all()), SMALL_FILL)
        rows = p.sum(dim=-1)
        expect(close(rows, torch.ones_like(rows)), OVERFLOW)
        assert close(p, expected(extreme, m))


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le gradient revient aux scores des vraies clés, il est nul ailleurs et n'est jamais NaN.",
        en="The gradient comes back to the scores of real keys, is zero elsewhere and is never NaN.",
    ),
    hint=say(
        fr="Appelez `masked_softmax(s, m)[0, 0, 0, 0].backward()` avec `s.requires_grad_()`, et affichez `s.grad`.",
        en="Call `masked_softmax(s, m)[0, 0, 0, 0].backward()` with `s.requires_grad_()`, and print `s.grad`.",
    ),
)
def test_gradients(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 4, 6)
    cotangent = torch.randn(4, 3, 6, 6, generator=torch_rng, dtype=torch.float64)
    for with_empty in (False, True):
        if with_empty:
            m[rng.randrange(4)] = 0
        s = scores((4, 3, 6, 6), torch_rng)
        p, gradients = student.vjp("masked_softmax", s, m, cotangent=cotangent)
        judge(p, s, m)
        gradient = first(first(gradients))
        expect(gradient is not None, DETACHED)
        assert isinstance(gradient, torch.Tensor)
        expect(bool(gradient.isfinite().all()), NAN_GRADIENT)
        assert close(gradient, expected_gradient(s, m, cotangent))


def first(items: Any) -> Any:
    """The first item of what should be a list or a tuple: the sandbox may have answered anything."""
    assert isinstance(items, (list, tuple))
    assert len(items) > 0
    return items[0]


def expected_gradient(s: torch.Tensor, m: torch.Tensor, cotangent: torch.Tensor) -> torch.Tensor:
    """The softmax's derivative in closed form: p × (c − Σ p c), which is zero where p is."""
    p = expected(s, m)
    return p * (cotangent - (p * cotangent).sum(dim=-1, keepdim=True))


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction garde la forme et le type des scores, ne modifie pas ses arguments et ne touche à aucun "
        "générateur aléatoire global.",
        en="The function keeps the scores' shape and type, modifies none of its arguments and touches no global random "
        "generator.",
    ),
    hint=say(
        fr="Gardez des copies, `s.clone()` et `m.clone()`, et comparez-les aux arguments après l'appel.",
        en="Keep copies, `s.clone()` and `m.clone()`, and compare them with the arguments after the call.",
    ),
)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for dtype in (torch.float32, torch.float64):
        m = ragged_mask(rng, 3, 6)
        s = scores((3, 2, 6, 6), torch_rng, dtype)
        seen = student.observe("masked_softmax", s, m)
        assert len(seen.args) == 2
        assert all(isinstance(argument, torch.Tensor) for argument in seen.args)
        expect(torch.equal(seen.args[0], s) and torch.equal(seen.args[1], m), IN_PLACE)
        assert not seen.rng_touched
        judge(seen.value, s, m)


@pytest.mark.exercise("masked_softmax")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le calcul traite en une fois les phrases, les têtes et les requêtes (5 fois le temps de la référence).",
        en="The computation treats sentences, heads and queries all at once (5 times the reference's time).",
    ),
    hint=say(
        fr="Une boucle Python coûte quelques microsecondes par tour ; une opération sur le tenseur entier, une seule fois. "
        "Quelle forme donner au masque pour qu'il s'étende de lui-même (broadcasting) ?",
        en="A Python loop costs a few microseconds a turn; an operation on the whole tensor, only once. Which shape should "
        "the mask have to be broadcast by itself?",
    ),
)
@pytest.mark.budget(cpu=40, wall=90, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        return (scores((960, 16, 12, 12), generator, torch.float32), ragged_mask(rng, 960, 12)), {}

    race("masked_softmax", make=make, same=close)
