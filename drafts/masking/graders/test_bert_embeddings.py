"""Hidden checks of `bert_embeddings`: equality with transformers' embeddings of BERT and CamemBERT, and what follows."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from transformers import BertConfig, CamembertConfig
from transformers.models.bert.modeling_bert import BertEmbeddings
from transformers.models.camembert.modeling_camembert import CamembertEmbeddings

from bareme.grading.checks import Misconception, close, expect, say

NO_SEGMENT = Misconception(
    "no_segment",
    symptom=say(
        fr="Passer un token de la première phrase à la seconde ne change pas son vecteur.",
        en="Moving a token from the first sentence to the second does not change its vector.",
    ),
    hint=say(
        fr="La somme a trois termes. D'où viendrait, sans le segment, la différence entre les deux phrases d'une paire ?",
        en="The sum has three terms. Without the segment, what would tell the two sentences of a pair apart?",
    ),
)
NO_POSITION = Misconception(
    "no_position",
    symptom=say(
        fr="Le même token a le même vecteur partout dans la phrase : l'ordre des mots est perdu.",
        en="The same token has the same vector everywhere in the sentence: the order of words is lost.",
    ),
    hint=say(
        fr="Comparez les deux vecteurs que vous donnez à « bon bon » dans l'exemple de l'énoncé.",
        en="Compare the two vectors that you give to “good good” in the statement's example.",
    ),
)
POSITIONS_FROM_ONE = Misconception(
    "positions_from_one",
    symptom=say(
        fr="Sans `pad`, le premier token ne reçoit pas la première ligne de la table des positions.",
        en="Without `pad`, the first token does not get the first row of the table of positions.",
    ),
    hint=say(
        fr="BERT compte à partir de 0. Comparez `torch.arange(3)` et `torch.arange(1, 4)`.",
        en="BERT counts from 0. Compare `torch.arange(3)` and `torch.arange(1, 4)`.",
    ),
)
POSITIONS_FROM_PAD = Misconception(
    "positions_from_pad",
    symptom=say(
        fr="Avec `pad`, le premier vrai token partage sa position avec le remplissage, ou ne suit pas celui-ci d'un seul pas.",
        en="With `pad`, the first real token shares its position with the padding, or does not follow it by just one.",
    ),
    hint=say(
        fr="Que vaut `torch.tensor([1, 1, 1]).cumsum(0)` : cette numérotation part-elle de 0 ou de 1 ? Et que faut-il y "
        "ajouter pour que le premier vrai token soit à la position `pad + 1` ?",
        en="What is `torch.tensor([1, 1, 1]).cumsum(0)`: does this numbering start from 0 or from 1? And what is to be added "
        "so that the first real token stands at position `pad + 1`?",
    ),
)
PADS_COUNTED = Misconception(
    "pads_counted",
    symptom=say(
        fr="Avec `pad`, ajouter du remplissage à gauche d'un token change sa position, ou le remplissage lui-même est numéroté.",
        en="With `pad`, adding padding to the left of a token changes its position, or the padding itself is numbered.",
    ),
    hint=say(
        fr="Seuls les tokens différents de `pad` font avancer le compteur. Affichez `(ids != pad).long().cumsum(1)` quand "
        "`ids` contient du remplissage au milieu : quelles valeurs restent à corriger ?",
        en="Only tokens other than `pad` move the counter on. Print `(ids != pad).long().cumsum(1)` where `ids` has padding "
        "in the middle: which values are left to be mended?",
    ),
)
PAD_IGNORED = Misconception(
    "pad_ignored",
    symptom=say(
        fr="Les vecteurs sont les mêmes que `pad` soit donné ou non.",
        en="The vectors are the same whether `pad` is given or not.",
    ),
    hint=say(
        fr="Avec un entier, les positions ne sont plus 0, 1, 2… : refaites l'exemple `[1, 7, 1, 9]` de l'énoncé.",
        en="With an integer, positions are no longer 0, 1, 2…: redo the example `[1, 7, 1, 9]` of the statement.",
    ),
)
PAD_ZERO = Misconception(
    "pad_zero",
    symptom=say(
        fr="`pad=0` est pris pour `pad=None`, alors que le remplissage peut porter le numéro 0.",
        en="`pad=0` is taken for `pad=None`, whereas padding may have the number 0.",
    ),
    hint=say(
        fr="Que vaut `bool(0)` ? Comparez `if pad:` et `if pad is not None:`.",
        en="What is `bool(0)`? Compare `if pad:` and `if pad is not None:`.",
    ),
)
SCALED_WORDS = Misconception(
    "scaled_words",
    symptom=say(
        fr="Les trois plongements ne comptent pas autant dans la somme : celui du mot est agrandi.",
        en="The three embeddings do not count the same in the sum: that of the word is enlarged.",
    ),
    hint=say(
        fr="Le facteur √D est celui du Transformer de Vaswani et al. (2017, § 3.4) ; BERT ne l'a pas.",
        en="The factor √D is that of the Transformer of Vaswani et al. (2017, § 3.4); BERT does not have it.",
    ),
)
NOT_NORMALISED = Misconception(
    "not_normalised",
    symptom=say(
        fr="Doubler tous les plongements double aussi le résultat : la somme n'est pas normalisée.",
        en="Doubling all embeddings doubles the result too: the sum is not normalised.",
    ),
    hint=say(
        fr="Dans `w`, que font `LayerNorm.weight` et `LayerNorm.bias` ? Reprenez la formule de l'énoncé.",
        en="In `w`, what are `LayerNorm.weight` and `LayerNorm.bias` for? Go back to the statement's formula.",
    ),
)
EPS = Misconception(
    "eps",
    symptom=say(
        fr="Quand la variance est minuscule, les vecteurs sont trop petits : epsilon pèse plus qu'il ne doit.",
        en="When the variance is tiny, the vectors are too small: epsilon weighs more than it should.",
    ),
    hint=say(
        fr="La valeur par défaut de `nn.LayerNorm` est 1e-5 ; BERT prend 1e-12. Laquelle compte devant une variance de 1e-10 ?",
        en="The default of `nn.LayerNorm` is 1e-5; BERT takes 1e-12. Which one matters beside a variance of 1e-10?",
    ),
)
EPS_OUTSIDE = Misconception(
    "eps_outside",
    symptom=say(
        fr="Quand la variance est minuscule, les vecteurs sont trop grands : epsilon est ajouté à l'écart-type.",
        en="When the variance is tiny, the vectors are too large: epsilon is added to the standard deviation.",
    ),
    hint=say(
        fr="Comparez `math.sqrt(1e-12 + 1e-12)` et `math.sqrt(1e-12) + 1e-12` : où est epsilon dans la formule ?",
        en="Compare `math.sqrt(1e-12 + 1e-12)` and `math.sqrt(1e-12) + 1e-12`: where does epsilon stand in the formula?",
    ),
)
NO_EPS = Misconception(
    "no_eps",
    symptom=say(
        fr="Quand la variance est nulle ou minuscule, les vecteurs sont trop grands, ou NaN : epsilon manque.",
        en="When the variance is zero or tiny, the vectors are too large, or NaN: epsilon is missing.",
    ),
    hint=say(
        fr="Que devient (e − μ) / σ quand les D composantes de e sont égales ?",
        en="What becomes of (e − μ) / σ when the D components of e are equal?",
    ),
)
UNBIASED = Misconception(
    "unbiased_variance",
    symptom=say(
        fr="Avec γ = 1 et β = 0, le carré moyen des composantes d'un vecteur n'est pas 1 : il est plus petit.",
        en="With γ = 1 and β = 0, the mean square of a vector's components is not 1: it is smaller.",
    ),
    hint=say(
        fr="Par défaut, `torch.var` et `torch.std` divisent par D − 1. Essayez `torch.tensor([1.0, -1.0]).var()`, puis avec "
        "`correction=0`.",
        en="By default `torch.var` and `torch.std` divide by D − 1. Try `torch.tensor([1.0, -1.0]).var()`, then with "
        "`correction=0`.",
    ),
)
WRONG_AXIS = Misconception(
    "wrong_axis",
    symptom=say(
        fr="Changer un token change aussi les vecteurs des autres positions, qui devraient se normaliser chacune à part.",
        en="Changing a token also changes the vectors of other positions, each of which should be normalised by itself.",
    ),
    hint=say(
        fr="La moyenne se prend sur les D composantes d'une position. Quelle forme a `e.mean(dim=-1, keepdim=True)` ? Et "
        "`e.mean(dim=(1, 2), keepdim=True)` ?",
        en="The mean is over the D components of one position. What is the shape of `e.mean(dim=-1, keepdim=True)`? Of "
        "`e.mean(dim=(1, 2), keepdim=True)`?",
    ),
)
NO_AFFINE = Misconception(
    "no_affine",
    symptom=say(
        fr="Changer `LayerNorm.weight` ou `LayerNorm.bias` ne change pas le résultat.",
        en="Changing `LayerNorm.weight` or `LayerNorm.bias` does not change the result.",
    ),
    hint=say(
        fr="Après la normalisation viennent γ et β : chacun a D valeurs, que le modèle apprend.",
        en="After the normalisation come γ and β: each has D values, which the model learns.",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Le gradient n'atteint pas les cinq tenseurs de poids : une des tables ne pourrait pas apprendre.",
        en="The gradient does not reach all five weight tensors: one of the tables could not learn.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `torch.no_grad()`, `torch.tensor(…)` et un `nn.Parameter` ou un `nn.Embedding` rempli par "
        "copie coupent le graphe. Appelez `.sum().backward()` et affichez les `grad`.",
        en="`.detach()`, `.data`, `torch.no_grad()`, `torch.tensor(…)` and an `nn.Parameter` or `nn.Embedding` filled by "
        "copying cut the graph. Call `.sum().backward()` and print the `grad`s.",
    ),
)
DROPOUT = Misconception(
    "dropout",
    symptom=say(
        fr="Deux appels sur les mêmes données ne donnent pas le même résultat : où est le hasard ?",
        en="Two calls on the same data do not give the same result: where is the randomness?",
    ),
    hint=say(
        fr="Il n'y a pas de dropout ici, et `F.dropout(x, 0.1)` est actif par défaut : essayez `F.dropout(torch.ones(8), 0.1)`.",
        en="There is no dropout here, and `F.dropout(x, 0.1)` is active by default: try `F.dropout(torch.ones(8), 0.1)`.",
    ),
)

pytestmark = pytest.mark.forbid(
    "transformers.models.bert.modeling_bert.BertEmbeddings",
    "transformers.models.roberta.modeling_roberta.RobertaEmbeddings",
    "transformers.models.camembert.modeling_camembert.CamembertEmbeddings",
    "transformers.models.electra.modeling_electra.ElectraEmbeddings",
    "torch.nn.functional.layer_norm",
    "torch.layer_norm",
    "torch.native_layer_norm",
    "torch.nn.LayerNorm",
    "torch.nn.functional.group_norm",
    "torch.nn.GroupNorm",
    "bareme.course.components.bert_embeddings",
)

Weights = dict[str, torch.Tensor]
TABLES = ("word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight")


def trusted(ids: torch.Tensor, seg: torch.Tensor, w: Weights, pad: int | None) -> torch.Tensor:
    """transformers' embeddings with these weights: BERT's, or CamemBERT's when there is a ``pad``."""
    words, places, kinds = (w[name] for name in TABLES)
    sizes = {
        "vocab_size": len(words),
        "max_position_embeddings": len(places),
        "type_vocab_size": len(kinds),
        "hidden_size": words.shape[1],
        "num_attention_heads": 1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": pad,
    }
    # CamemBERT's own eps is 1e-5; the exercise keeps BERT's
    module = BertEmbeddings(BertConfig(**sizes)) if pad is None else CamembertEmbeddings(CamembertConfig(**sizes))
    out: torch.Tensor = torch.func.functional_call(module.to(words.dtype).eval(), w, (ids, seg))
    return out


def places_of(ids: torch.Tensor, pad: int | None, how: str) -> torch.Tensor:
    """Positions, int64 [B, L], in the right way or in a known wrong one."""
    plain = torch.arange(ids.shape[1]).expand(ids.shape)
    if pad is None or how == "ignored":
        return plain + (1 if how == "shifted" else 0)
    real = (ids != pad).long()
    rank = real.cumsum(dim=1)
    return {
        "right": pad + rank * real,
        "shifted": pad + 1 + rank * real,
        "from_pad": pad + (rank - 1) * real,
        "only_real_from_pad": pad + (rank - 1).clamp(min=0),
        "everything": pad + 1 + plain,
        "counts_pads": pad + (plain + 1) * real,
        "pads_keep_rank": pad + rank,
    }[how]


def embeddings(
    ids: torch.Tensor,
    seg: torch.Tensor,
    w: Weights,
    pad: int | None,
    *,
    places: str | None = "right",
    segment: bool = True,
    scale: float = 1.0,
    normalised: bool = True,
    axes: tuple[int, ...] = (-1,),
    correction: int = 0,
    eps: float = 1e-12,
    outside: bool = False,
    affine: bool = True,
) -> torch.Tensor:
    """The embeddings with one thing done in another way: what each known wrong idea gives."""
    words, rows, kinds = (w[name] for name in TABLES)
    e = scale * words[ids]
    if segment:
        e = e + kinds[seg]
    if places is not None:
        e = e + rows[places_of(ids, pad, places).clamp(max=len(rows) - 1)]
    if normalised:
        variance = e.var(dim=axes, keepdim=True, correction=correction)
        e = (e - e.mean(dim=axes, keepdim=True)) / (variance.sqrt() + eps if outside else (variance + eps).sqrt())
    return e * w["LayerNorm.weight"] + w["LayerNorm.bias"] if affine else e


def judge(got: Any, ids: torch.Tensor, seg: torch.Tensor, w: Weights, pad: int | None) -> torch.Tensor:
    """``got``, once it is known to be right; else fail, naming the misconception that explains the difference."""
    wanted = trusted(ids, seg, w, pad)
    assert isinstance(got, torch.Tensor)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    if close(got, wanted):
        return got
    ideas: list[tuple[Misconception, dict[str, Any]]] = [
        (NO_SEGMENT, {"segment": False}),
        (NO_POSITION, {"places": None}),
        (SCALED_WORDS, {"scale": math.sqrt(wanted.shape[-1])}),
        (NOT_NORMALISED, {"normalised": False}),
        (NOT_NORMALISED, {"normalised": False, "affine": False}),
        (UNBIASED, {"correction": 1}),
        (UNBIASED, {"correction": 1, "outside": True}),
        (WRONG_AXIS, {"axes": (1, 2)}),
        (WRONG_AXIS, {"axes": (1,)}),
        (WRONG_AXIS, {"axes": (0, 1, 2)}),
        (NO_AFFINE, {"affine": False}),
        *((EPS, {"eps": eps}) for eps in (1e-5, 1e-6, 1e-8)),
        (NO_EPS, {"eps": 0.0}),
        (EPS_OUTSIDE, {"outside": True}),
    ]
    if pad is None:
        ideas.append((POSITIONS_FROM_ONE, {"places": "shifted"}))
    else:
        ideas.append((PAD_IGNORED if pad else PAD_ZERO, {"places": "ignored"}))
        ideas += [(PADS_COUNTED, {"places": how}) for how in ("everything", "counts_pads", "pads_keep_rank")]
        ideas += [(POSITIONS_FROM_PAD, {"places": how}) for how in ("from_pad", "only_real_from_pad", "shifted")]
    for misconception, change in ideas:
        wrong = embeddings(ids, seg, w, pad, **change)
        expect(close(wanted, wrong, equal_nan=True) or not close(got, wrong, equal_nan=True), misconception)
    raise AssertionError("another difference")


def ask(
    student: Any, ids: torch.Tensor, seg: torch.Tensor, w: Weights, pad: int | None = None, *, named: bool = False
) -> torch.Tensor:
    """The student's answer, once it is known to be right; without the keyword where there is no ``pad``."""
    kept = {"pad": pad} if pad is not None or named else {}
    return judge(student.bert_embeddings(ids, seg, w, **kept), ids, seg, w, pad)


def weights(
    rows: tuple[int, int, int], width: int, generator: torch.Generator, dtype: torch.dtype = torch.float64
) -> Weights:
    """Tables of so many words, positions and segments, and a LayerNorm that matters: no weight of it is near 0 or 1."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    tables = {name: normal(count, width) for name, count in zip(TABLES, rows, strict=True)}
    return tables | {"LayerNorm.weight": 1.5 + normal(width).abs(), "LayerNorm.bias": normal(width)}


def pairs(
    sentences: int, length: int, words: int, kinds: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens from 1 on, and segments of every kind in every sentence."""
    ids = torch.randint(1, words, (sentences, length), generator=generator)
    seg = torch.randint(0, kinds, (sentences, length), generator=generator)
    seg[:, : min(kinds, length)] = torch.arange(min(kinds, length))
    return ids, seg


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=5,
    rationale=say(
        fr="Avec les mêmes poids, les vecteurs sont ceux de `BertEmbeddings`.",
        en="With the same weights, the vectors are those of `BertEmbeddings`.",
    ),
    hint=say(
        fr="Vérifiez d'abord la somme des trois plongements, puis la moyenne, la variance, et enfin γ et β.",
        en="Check the sum of the three embeddings first, then the mean, the variance, and at last γ and β.",
    ),
)
def test_matches_bert(student: Any, torch_rng: torch.Generator) -> None:
    for sentences, length, rows, width in ((3, 5, (11, 9, 2), 7), (2, 6, (13, 6, 3), 5), (1, 4, (6, 7, 2), 8)):
        w = weights(rows, width, torch_rng)
        ids, seg = pairs(sentences, length, rows[0], rows[2], torch_rng)
        ask(student, ids, seg, w)
        ids[0, 2:] = 0  # what looks like padding has a place as well
        ask(student, ids, seg, w, named=True)


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Avec `pad`, les positions sont celles de CamemBERT : les vrais tokens se suivent à partir de `pad + 1`, et tout "
        "le remplissage est à la position `pad`.",
        en="With `pad`, positions are CamemBERT's: real tokens follow one another from `pad + 1` on, and all padding is at "
        "position `pad`.",
    ),
    hint=say(
        fr="Écrivez à la main les positions de `[5, 1, 7, 1, 1]` avec `pad=1`, puis comparez-les aux vôtres.",
        en="Write by hand the positions of `[5, 1, 7, 1, 1]` with `pad=1`, then compare them with yours.",
    ),
)
def test_positions_of_camembert(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for pad in (3, 1, 0):
        w = weights((12, 15, 2), 6, torch_rng)
        ids, seg = pairs(4, 7, 12, 2, torch_rng)
        ids[ids == pad] = 8
        ask(student, ids, seg, w, pad)
        # At the right, at the left, in the middle, and nothing else
        ids[0, 4:], ids[1, :2], ids[3] = pad, pad, pad
        ids[2, rng.sample(range(1, 6), 2)] = pad
        ask(student, ids, seg, w, pad)


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Échanger deux tokens change leurs deux vecteurs et aucun autre, et un token répété n'a pas deux fois le même vecteur.",
        en="Swapping two tokens changes both their vectors and no other, and a repeated token does not have the same vector twice.",
    ),
    hint=say(
        fr="Chaque position se calcule à part, mais dépend de sa place : qu'est-ce qui mélange les positions, ou les ignore ?",
        en="Each position is computed by itself, but depends on its place: what mixes positions, or ignores them?",
    ),
)
def test_order_of_tokens(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    w, seg = weights((20, 10, 2), 6, torch_rng), torch.zeros(1, 8, dtype=torch.int64)
    ids = torch.tensor([rng.sample(range(1, 20), 8)])
    one, other = sorted(rng.sample(range(8), 2))
    swapped, repeated = ids.clone(), ids.clone()
    swapped[0, [one, other]] = ids[0, [other, one]]
    repeated[0, other] = ids[0, one]
    before, after = (ask(student, tokens, seg, w) for tokens in (ids, swapped))
    moved = (before != after).any(dim=-1)[0]
    assert [place for place in range(8) if bool(moved[place])] == [one, other]
    twice = ask(student, repeated, seg, w)
    expect(not close(twice[0, one], twice[0, other]), NO_POSITION)


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Quand la variance est minuscule, ou nulle, epsilon vaut 1e-12 et se trouve sous la racine.",
        en="When the variance is tiny, or zero, epsilon is 1e-12 and stands under the root.",
    ),
    hint=say(
        fr="Essayez des tables multipliées par 1e-6, puis des tables nulles.",
        en="Try tables multiplied by 1e-6, then tables of zeros.",
    ),
)
def test_tiny_variance(student: Any, torch_rng: torch.Generator) -> None:
    w = weights((9, 6, 2), 7, torch_rng)
    ids, seg = pairs(2, 5, 9, 2, torch_rng)
    for size in (1e-3, 1e-6, 0.0):
        small = {name: size * table if name in TABLES else table for name, table in w.items()}
        got = student.bert_embeddings(ids, seg, small)
        if isinstance(got, torch.Tensor):
            expect(not bool(got.isnan().any()), NO_EPS)
        judge(got, ids, seg, small, None)


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Avec γ = 1 et β = 0, les composantes de chaque vecteur ont pour moyenne 0 et pour carré moyen 1, à toute échelle.",
        en="With γ = 1 and β = 0, the components of each vector have mean 0 and mean square 1, at any scale.",
    ),
    hint=say(
        fr="Affichez `y.mean(-1)` et `y.square().mean(-1)`.",
        en="Print `y.mean(-1)` and `y.square().mean(-1)`.",
    ),
)
def test_normalised(student: Any, torch_rng: torch.Generator) -> None:
    w = weights((9, 6, 2), 4, torch_rng) | {
        "LayerNorm.weight": torch.ones(4, dtype=torch.float64),
        "LayerNorm.bias": torch.zeros(4, dtype=torch.float64),
    }
    ids, seg = pairs(3, 5, 9, 2, torch_rng)
    for size in (1.0, 100.0):
        y = ask(student, ids, seg, {name: size * table if name in TABLES else table for name, table in w.items()})
        assert close(y.mean(dim=-1), torch.zeros(3, 5, dtype=torch.float64))
        assert close(y.square().mean(dim=-1), torch.ones(3, 5, dtype=torch.float64))


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le gradient atteint les trois tables, γ et β, avec les valeurs de `BertEmbeddings`.",
        en="The gradient reaches the three tables, γ and β, with the values of `BertEmbeddings`.",
    ),
    hint=say(
        fr="Appelez `.sum().backward()` sur un petit exemple, et cherchez les `grad` qui valent `None` ou zéro.",
        en="Call `.sum().backward()` on a small example, and look for `grad`s that are `None` or zero.",
    ),
)
def test_gradients(student: Any, torch_rng: torch.Generator) -> None:
    for pad in (None, 2):
        w = weights((9, 12, 2), 5, torch_rng)
        ids, seg = pairs(3, 6, 9, 2, torch_rng)
        ids[ids == 2] = 1  # no padding: its rows may learn or not
        ask(student, ids, seg, w, pad)
        cotangent = torch.randn(3, 6, 5, generator=torch_rng, dtype=torch.float64)
        kept = {} if pad is None else {"pad": pad}
        _, answer = student.vjp("bert_embeddings", ids, seg, w, **kept, cotangent=cotangent)
        got = of_weights(answer, list(w))
        expect(all(one is not None for one in got), DETACHED)
        assert all(isinstance(one, torch.Tensor) for one in got)
        expect(all(bool((one != 0).any()) for one in got), DETACHED)
        leaves = {name: table.clone().requires_grad_() for name, table in w.items()}
        right = torch.autograd.grad(trusted(ids, seg, leaves, pad), list(leaves.values()), cotangent)
        assert all(close(one, other) for one, other in zip(got, right, strict=True))


def of_weights(answer: Any, names: list[str]) -> list[Any]:
    """The gradients of the weights; the sandbox may have answered anything."""
    assert isinstance(answer, (tuple, list))
    assert len(answer) == 2
    assert isinstance(answer[0], (tuple, list))
    assert len(answer[0]) == 3
    w = answer[0][2]
    assert isinstance(w, dict)
    assert set(w) == set(names)
    return [w[name] for name in names]


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Une phrase d'un seul token, une table de positions juste assez longue et un lot vide ne sont pas des cas à part.",
        en="A sentence of one token, a table of positions just long enough and an empty batch are no cases apart.",
    ),
    hint=say(
        fr="Essayez L = 1, puis `torch.zeros(0, 3, dtype=torch.int64)` ; la forme reste `[B, L, D]`.",
        en="Try L = 1, then `torch.zeros(0, 3, dtype=torch.int64)`; the shape is still `[B, L, D]`.",
    ),
)
def test_smallest_batches(student: Any, torch_rng: torch.Generator) -> None:
    w = weights((7, 4, 2), 5, torch_rng)
    for shape in ((1, 1), (2, 1), (3, 4)):
        ids, seg = pairs(*shape, 7, 2, torch_rng)
        ask(student, ids, seg, w)
    ids = torch.tensor([[4], [1]])
    ask(student, ids, torch.tensor([[1], [0]]), w, 1)
    ids = torch.tensor([[1, 5, 6]])  # the last position is the table's last row
    ask(student, ids, torch.tensor([[0, 0, 1]]), w, 1)
    nothing = torch.zeros(0, 3, dtype=torch.int64)
    ask(student, nothing, nothing, w)
    ask(student, nothing, nothing, w, 1)


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction garde le type des poids, ne modifie aucun argument et ne touche à aucun générateur aléatoire global.",
        en="The function keeps the weights' type, modifies no argument and touches no global random generator.",
    ),
    hint=say(
        fr="Gardez des copies de `ids`, `seg` et de chaque tenseur de `w`, et comparez-les après l'appel.",
        en="Keep copies of `ids`, `seg` and each tensor of `w`, and compare them after the call.",
    ),
)
def test_leaves_everything_as_found(student: Any, torch_rng: torch.Generator) -> None:
    for dtype in (torch.float32, torch.float64):
        for pad in (None, 1):
            w = weights((9, 9, 2), 6, torch_rng, dtype)
            ids, seg = pairs(2, 5, 9, 2, torch_rng)
            seen = student.observe("bert_embeddings", ids, seg, w, **({} if pad is None else {"pad": pad}))
            expect(not seen.rng_touched, DROPOUT)
            judge(seen.value, ids, seg, w, pad)
            assert len(seen.args) == 3
            assert unchanged(seen.args[0], ids)
            assert unchanged(seen.args[1], seg)
            assert isinstance(seen.args[2], dict)
            assert list(seen.args[2]) == list(w)
            assert all(unchanged(seen.args[2][name], w[name]) for name in w)


def unchanged(after: Any, before: torch.Tensor) -> bool:
    return isinstance(after, torch.Tensor) and after.dtype == before.dtype and torch.equal(after, before)


@pytest.mark.exercise("bert_embeddings")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Toutes les positions du lot se calculent en une fois (5 fois le temps de la référence).",
        en="All positions of the batch are computed at once (5 times the reference's time).",
    ),
    hint=say(
        fr="Une table s'indexe par tout un tenseur de numéros : quelle forme a `table[ids]` quand `ids` est `[B, L]` ?",
        en="A table is indexed by a whole tensor of numbers: what is the shape of `table[ids]` when `ids` is `[B, L]`?",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        w = weights((50, 30, 2), 8, generator, torch.float32)
        return (*pairs(3000, 25, 50, 2, generator), w), {"pad": rng.randrange(3)}

    race("bert_embeddings", make=make, same=close)
