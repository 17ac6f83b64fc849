"""Hidden checks of `self_attention`: equality with transformers' `BertSelfAttention`, and what attention must satisfy."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertSelfAttention

from bareme.grading.checks import Misconception, expect, say

DROPOUT = Misconception(
    "dropout",
    symptom=say(
        fr="Deux appels sur les mêmes données ne donnent pas le même résultat : où est le hasard ?",
        en="Two calls on the same data do not give the same result: where is the randomness?",
    ),
    hint=say(
        fr="Le dropout ne sert qu'à l'entraînement, et cette fonction n'en a pas. Attention : `F.dropout(p, 0.1)` est actif par "
        "défaut ; essayez `F.dropout(torch.ones(8), 0.1)`.",
        en="Dropout is for training only, and this function has none. Beware: `F.dropout(p, 0.1)` is active by default; try "
        "`F.dropout(torch.ones(8), 0.1)`.",
    ),
)
SCALE_BY_WIDTH = Misconception(
    "scale_by_width",
    symptom=say(
        fr="Les scores sont divisés par la racine de la largeur du modèle : les poids sont trop plats dès qu'il y a plusieurs "
        "têtes.",
        en="Scores are divided by the root of the model's width: weights are too flat as soon as there are several heads.",
    ),
    hint=say(
        fr="La racine compense le nombre de termes du produit scalaire. Avec D = 8 et 2 têtes, combien de produits "
        "additionne-t-on pour obtenir un score ?",
        en="The root makes up for the number of terms in the dot product. With D = 8 and 2 heads, how many products are "
        "added up to get one score?",
    ),
)
UNSCALED = Misconception(
    "unscaled",
    symptom=say(
        fr="Les scores ne sont divisés par rien : les poids sont trop tranchés.",
        en="Scores are not divided by anything: weights are too sharp.",
    ),
    hint=say(
        fr="La variance d'un produit scalaire croît avec le nombre de ses termes, et sature la softmax. Comparez l'écart type "
        "de `(torch.randn(1000, 64) * torch.randn(1000, 64)).sum(-1)` à celui de `torch.randn(1000)`.",
        en="The variance of a dot product grows with the number of its terms, and saturates the softmax. Compare the standard "
        "deviation of `(torch.randn(1000, 64) * torch.randn(1000, 64)).sum(-1)` with that of `torch.randn(1000)`.",
    ),
)
NO_TRANSPOSE = Misconception(
    "no_transpose",
    symptom=say(
        fr="Une même tête mêle des valeurs de plusieurs positions : les tenseurs ont la bonne forme, pas le bon contenu.",
        en="One head mixes values of several positions: the tensors have the right shape, not the right content.",
    ),
    hint=say(
        fr="`view` relit les nombres dans l'ordre de la mémoire, sans échanger d'axes : découpez d'abord D en (H, d), puis "
        "échangez L et H, et faites l'inverse au retour. Comparez `torch.arange(12).view(3, 2, 2).transpose(0, 1)` et "
        "`torch.arange(12).view(2, 3, 2)`.",
        en="`view` reads the numbers again in memory order and swaps no axes: first split D into (H, d), then swap L and H, "
        "and undo both on the way back. Compare `torch.arange(12).view(3, 2, 2).transpose(0, 1)` with "
        "`torch.arange(12).view(2, 3, 2)`.",
    ),
)
INTERLEAVED_HEADS = Misconception(
    "interleaved_heads",
    symptom=say(
        fr="Chaque tête prend une colonne sur H, alors que les colonnes d'une tête se suivent.",
        en="Each head takes one column in H, whereas the columns of a head are next to each other.",
    ),
    hint=say(
        fr="La tête 0 lit les d premières colonnes de la projection, la tête 1 les d suivantes. Parmi "
        "`torch.arange(6).view(2, 3)` et `torch.arange(6).view(3, 2).T`, où les deux têtes sont-elles les lignes voulues ?",
        en="Head 0 reads the first d columns of the projection, head 1 the next d. Of `torch.arange(6).view(2, 3)` and "
        "`torch.arange(6).view(3, 2).T`, in which are the two heads the rows that you want?",
    ),
)
CAUSAL_MASK = Misconception(
    "causal_mask",
    symptom=say(
        fr="Changer un mot ne change rien aux positions qui le précèdent : votre modèle ne lit que de gauche à droite.",
        en="Changing a word changes nothing at the positions before it: your model reads from left to right only.",
    ),
    hint=say(
        fr="Le masque triangulaire est celui de GPT. BERT devine le mot caché de « Le [MASK] miaule » grâce à ce qui suit : "
        "chaque position regarde des deux côtés.",
        en="The triangular mask is GPT's. BERT guesses the hidden word of “The [MASK] is purring” from what follows: each "
        "position looks both ways.",
    ),
)
WEIGHT_NOT_TRANSPOSED = Misconception(
    "weight_not_transposed",
    symptom=say(
        fr="Les matrices de projection sont appliquées dans le mauvais sens ; comme elles sont carrées, aucune erreur ne le dit.",
        en="The projection matrices are applied the wrong way round; as they are square, no error tells you so.",
    ),
    hint=say(
        fr="`nn.Linear` range ses poids en (sortie, entrée). Comparez `torch.nn.Linear(3, 5).weight.shape` et ce que demande "
        "`x @ W` ; `F.linear` connaît cette convention.",
        en="`nn.Linear` stores its weights as (output, input). Compare `torch.nn.Linear(3, 5).weight.shape` with what "
        "`x @ W` needs; `F.linear` knows this convention.",
    ),
)
NO_BIAS = Misconception(
    "no_bias",
    symptom=say(
        fr="Les biais des projections n'ont aucun effet sur le résultat.",
        en="The biases of the projections have no effect on the result.",
    ),
    hint=say(
        fr="Dans BERT, requêtes, clés et valeurs sont trois transformations affines. Que rend votre fonction si `x` est nul ? "
        "Que devrait valoir alors chaque vecteur de valeur ?",
        en="In BERT, queries, keys and values are three affine maps. What does your function return when `x` is zero? What "
        "should each value vector be then?",
    ),
)
PADS_ATTENDED = Misconception(
    "pads_attended",
    symptom=say(
        fr="Des positions de remplissage reçoivent de l'attention, et leur contenu passe dans les vrais mots.",
        en="Padding positions get attention, and their content leaks into the real words.",
    ),
    hint=say(
        fr="Le masque s'applique aux scores, avant la softmax, sur l'axe des clés. Ajoutez deux [PAD] à la fin d'une phrase : "
        "les sorties de ses mots doivent rester les mêmes.",
        en="The mask applies to the scores, before the softmax, along the axis of keys. Add two [PAD] at the end of a "
        "sentence: the outputs of its words must stay the same.",
    ),
)
EMPTY_SENTENCE = Misconception(
    "empty_sentence",
    symptom=say(
        fr="Une phrase faite de remplissage seul ne donne pas des poids et une sortie nuls.",
        en="A sentence made of padding alone does not give zero weights and a zero output.",
    ),
    hint=say(
        fr="C'est la convention de `masked_softmax` : sans clé, aucun poids, donc une somme pondérée nulle. Qu'obtient-on avec "
        "`torch.softmax(torch.full((2,), -torch.inf), -1)` ?",
        en="This is the convention of `masked_softmax`: no key, no weight, hence a weighted sum of zero. What does "
        "`torch.softmax(torch.full((2,), -torch.inf), -1)` give?",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Le gradient de la sortie n'atteint pas l'entrée et les six tenseurs de poids : le graphe de calcul est coupé.",
        en="The output's gradient does not reach the input and the six weight tensors: the computation graph is cut.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `.numpy()`, `torch.no_grad()` et `torch.tensor(…)` coupent le graphe. Sans les poids "
        "d'attention, par où le gradient atteindrait-il `query.weight` ?",
        en="`.detach()`, `.data`, `.numpy()`, `torch.no_grad()` and `torch.tensor(…)` cut the graph. Without the attention "
        "weights, which way would the gradient reach `query.weight`?",
    ),
)

#: The syllabus's tolerances: rounding of a few matrix products in each type.
TOLERANCES = {torch.float64: (1e-9, 1e-10), torch.float32: (1e-4, 1e-5)}

Weights = dict[str, torch.Tensor]


def trusted(x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """`BertSelfAttention` with these weights. It has no meaning of its own for a sentence without any key: zero there."""
    config = BertConfig(hidden_size=x.shape[-1], num_attention_heads=n_heads, attn_implementation="eager")
    module = BertSelfAttention(config).to(x.dtype).eval()
    bias = torch.zeros_like(m, dtype=x.dtype).masked_fill(m == 0, torch.finfo(x.dtype).min)
    out, p = torch.func.functional_call(module, w, (x, bias[:, None, None, :]))
    some_key = m.bool().any(dim=1)
    return out * some_key[:, None, None], p * some_key[:, None, None, None]


def attention(
    x: torch.Tensor,
    w: Weights,
    n_heads: int,
    m: torch.Tensor,
    *,
    divisor: float | None = None,
    split: str = "right",
    merge: str = "right",
    causal: bool = False,
    masked: bool = True,
    transposed: bool = True,
    biased: bool = True,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention with one thing done in another way: what each known wrong idea gives. Each sentence has a real key."""
    sentences, length, width = x.shape
    size = width // n_heads

    def project(name: str) -> torch.Tensor:
        matrix = w[f"{name}.weight"].mT if transposed else w[f"{name}.weight"]
        y = x @ matrix + (w[f"{name}.bias"] if biased else 0)
        if split == "view":
            return y.reshape(sentences, n_heads, length, size)
        if split == "interleaved":
            return y.reshape(sentences, length, size, n_heads).permute(0, 3, 1, 2)
        return y.reshape(sentences, length, n_heads, size).transpose(1, 2)

    q, k, v = project("query"), project("key"), project("value")
    scores = q @ k.mT / (divisor or math.sqrt(size))
    hidden = torch.zeros_like(scores, dtype=torch.bool)
    if masked:
        hidden = hidden | (m == 0)[:, None, None, :]
    if causal:
        hidden = hidden | torch.ones(length, length, dtype=torch.bool).triu(1)
    p = torch.softmax(scores.masked_fill(hidden, torch.finfo(x.dtype).min), dim=-1)
    heads = p @ v
    if merge == "view":
        return heads.reshape(sentences, length, width), p
    if merge == "interleaved":
        return heads.permute(0, 2, 3, 1).reshape(sentences, length, width), p
    return heads.transpose(1, 2).reshape(sentences, length, width), p


def blame(got: tuple[torch.Tensor, torch.Tensor], x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> None:
    """Name the wrong idea that gives this result on sentences that have real keys, if one does."""
    ideas: list[tuple[Misconception, dict[str, Any]]] = [
        (SCALE_BY_WIDTH, {"divisor": math.sqrt(x.shape[-1])}),
        (UNSCALED, {"divisor": 1.0}),
        (NO_TRANSPOSE, {"split": "view", "merge": "view"}),
        (NO_TRANSPOSE, {"split": "view"}),
        (NO_TRANSPOSE, {"merge": "view"}),
        (INTERLEAVED_HEADS, {"split": "interleaved", "merge": "interleaved"}),
        (INTERLEAVED_HEADS, {"split": "interleaved"}),
        (INTERLEAVED_HEADS, {"merge": "interleaved"}),
        (CAUSAL_MASK, {"causal": True}),
        (CAUSAL_MASK, {"causal": True, "masked": False}),
        (WEIGHT_NOT_TRANSPOSED, {"transposed": False}),
        (NO_BIAS, {"biased": False}),
        (PADS_ATTENDED, {"masked": False}),
    ]
    right = attention(x, w, n_heads, m)
    for misconception, change in ideas:
        wrong = attention(x, w, n_heads, m, **change)
        expect(same(right, wrong) or not same(got, wrong), misconception)
    pads = (m == 0)[:, None, None, :].expand_as(got[1])
    expect(bool((got[1][pads] == 0).all()), PADS_ATTENDED)


def same(got: Any, wanted: tuple[torch.Tensor, ...]) -> bool:
    """Whether what the sandbox answered, which may be anything, is these tensors up to rounding."""
    return (
        isinstance(got, (tuple, list))
        and len(got) == len(wanted)
        and all(close(one, other) for one, other in zip(got, wanted, strict=True))
    )


def close(got: Any, wanted: torch.Tensor) -> bool:
    if not isinstance(got, torch.Tensor) or (got.shape, got.dtype) != (wanted.shape, wanted.dtype):
        return False
    rtol, atol = TOLERANCES[wanted.dtype]
    return bool(torch.allclose(got, wanted, rtol=rtol, atol=atol))


def judge(got: Any, x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> None:
    """Fail unless ``got`` is right, naming the misconception that explains the difference."""
    wanted = trusted(x, w, n_heads, m)
    assert isinstance(got, (tuple, list))
    assert len(got) == 2
    assert all(isinstance(one, torch.Tensor) for one in got)
    assert [(one.shape, one.dtype) for one in got] == [(one.shape, one.dtype) for one in wanted]
    if same(got, wanted):
        return
    some_key = m.bool().any(dim=1)
    out, p = got
    if bool(some_key.any()):
        kept = tuple(one[some_key] for one in wanted)
        if not same((out[some_key], p[some_key]), kept):
            blame((out[some_key], p[some_key]), x[some_key], w, n_heads, m[some_key])
            raise AssertionError("another difference")
    raise_empty = bool((out[~some_key] == 0).all()) and bool((p[~some_key] == 0).all())
    expect(raise_empty, EMPTY_SENTENCE)


def ask(student: Any, x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> Any:
    """The student's answer, once it is known to be the same each time and right."""
    once, again = (student.self_attention(x, w, n_heads, m) for _ in range(2))
    judge_repeated(once, again)
    judge(once, x, w, n_heads, m)
    return once


def judge_repeated(once: Any, again: Any) -> None:
    assert isinstance(once, (tuple, list))
    assert all(isinstance(one, torch.Tensor) and one.dtype in TOLERANCES for one in once)
    expect(same(again, tuple(torch.nan_to_num(one) for one in once)) or has_nan(once), DROPOUT)


def has_nan(tensors: Any) -> bool:
    return any(bool(one.isnan().any()) for one in tensors)
