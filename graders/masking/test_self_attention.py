"""Hidden checks of `self_attention`: equality with transformers' `BertSelfAttention`, and what attention must satisfy."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertSelfAttention

from bareme.grading.checks import TOLERANCES, Misconception, close, expect, say

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
        fr="Les scores sont divisés par la racine de la largeur du modèle : l'attention est trop étalée dès qu'il y a plusieurs "
        "têtes.",
        en="Scores are divided by the root of the model's width: attention is too spread out as soon as there are several heads.",
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
        fr="Les scores ne sont divisés par rien : l'attention se concentre trop sur une seule clé.",
        en="Scores are not divided by anything: attention concentrates too much on one key.",
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
    if masked:
        scores = scores.masked_fill((m == 0)[:, None, None, :], torch.finfo(x.dtype).min)
    p = torch.softmax(scores, dim=-1)
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
        (WEIGHT_NOT_TRANSPOSED, {"transposed": False}),
        (NO_BIAS, {"biased": False}),
        (PADS_ATTENDED, {"masked": False}),
    ]
    right = attention(x, w, n_heads, m)
    above = right[1].triu(1) != 0
    expect(not bool(above.any()) or bool((got[1][above] != 0).any()), CAUSAL_MASK)
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
        # Only what is known to be wrong, or what the student answered before, may hold a NaN
        and all(close(one, other, equal_nan=True) for one, other in zip(got, wanted, strict=True))
    )


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
    expect(bool((out[~some_key] == 0).all()) and bool((p[~some_key] == 0).all()), EMPTY_SENTENCE)


def ask(student: Any, x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The student's answer, once it is known to be the same each time and right."""
    once = student.self_attention(x, w, n_heads, m)
    again = student.self_attention(x, w, n_heads, m)
    if isinstance(once, (tuple, list)) and all(
        isinstance(one, torch.Tensor) and one.dtype in TOLERANCES for one in once
    ):
        expect(same(again, tuple(once)), DROPOUT)
    judge(once, x, w, n_heads, m)
    out, p = once
    return out, p


def weights(width: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Weights:
    """The state dict of a `BertSelfAttention`, with biases that matter and scores of about unit size."""
    shapes = {"weight": (width, width), "bias": (width,)}
    return {
        f"{name}.{kind}": torch.randn(shape, generator=generator, dtype=dtype) * (1.3 / math.sqrt(width))
        for name in ("query", "key", "value")
        for kind, shape in shapes.items()
    }


def normal(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=dtype)


def ragged_mask(rng: random.Random, sentences: int, length: int) -> torch.Tensor:
    """Pads at the right, at the left, and anywhere: at least two real keys and one pad a sentence."""
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


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=5,
    rationale=say(
        fr="Avec les mêmes poids, la sortie et les poids d'attention sont ceux de `BertSelfAttention`.",
        en="With the same weights, the output and the attention weights are those of `BertSelfAttention`.",
    ),
    hint=say(
        fr="Comparez d'abord `p`, puis la sortie : si seule la sortie diffère, l'erreur est dans les valeurs ou dans la "
        "concaténation des têtes.",
        en="Compare `p` first, then the output: if only the output differs, the error is in the values or in the way heads "
        "are put together.",
    ),
)
def test_matches_bert(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for sentences, length, n_heads, size in ((3, 7, 3, 4), (4, 6, 5, 2), (3, 5, 1, 6)):
        x, w = normal((sentences, length, n_heads * size), torch_rng), weights(n_heads * size, torch_rng)
        for m in (torch.ones(sentences, length, dtype=torch.int64), ragged_mask(rng, sentences, length)):
            ask(student, x, w, n_heads, m)


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Changer un mot change la sortie de tous les mots de sa phrase, avant et après lui, et d'aucune autre phrase.",
        en="Changing a word changes the output of all words of its sentence, before and after it, and of no other sentence.",
    ),
    hint=say(
        fr="Changez `x[0, 2]` et regardez quelles lignes de la sortie bougent.",
        en="Change `x[0, 2]` and look at which rows of the output move.",
    ),
)
def test_looks_both_ways(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    x, w, m = normal((2, 7, 8), torch_rng), weights(8, torch_rng), torch.ones(2, 7, dtype=torch.int64)
    before, _ = ask(student, x, w, 2, m)
    place = rng.randint(2, 4)
    other = x.clone()
    other[0, place] = normal((8,), torch_rng)
    after, _ = ask(student, other, w, 2, m)
    moved = (after - before).abs().amax(dim=-1) > 1e-12
    expect(bool(moved[0, :place].all()), CAUSAL_MASK)
    assert bool(moved[0].all())
    assert not bool(moved[1].any())


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Ajouter du remplissage, ou changer ce qu'il contient, ne change rien à la sortie des vrais mots.",
        en="Adding padding, or changing what it holds, changes nothing in the output of the real words.",
    ),
    hint=say(
        fr="Comparez une phrase seule à la même phrase suivie de quelques positions de remplissage.",
        en="Compare a sentence alone with the same sentence followed by a few padding positions.",
    ),
)
def test_padding_moves_nothing(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    length, extra = 5, rng.randint(2, 4)
    x, w, m = normal((2, length, 6), torch_rng), weights(6, torch_rng), torch.ones(2, length, dtype=torch.int64)
    alone, _ = ask(student, x, w, 2, m)
    longer = torch.cat([m, torch.zeros(2, extra, dtype=torch.int64)], dim=1)
    for size in (1.0, 5.0):
        padded = torch.cat([x, size * normal((2, extra, 6), torch_rng)], dim=1)
        out, p = ask(student, padded, w, 2, longer)
        expect(bool((p[..., length:] == 0).all()), PADS_ATTENDED)
        expect(close(out[:, :length], alone), PADS_ATTENDED)


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Sans plongements de position, l'attention ignore l'ordre : permuter les mots permute la sortie, et rien d'autre.",
        en="Without position embeddings attention ignores order: permuting the words permutes the output, and nothing else.",
    ),
    hint=say(
        fr="Si l'ordre compte, c'est qu'une étape mélange les positions : cherchez du côté des `view` et des masques.",
        en="If order matters, some step mixes positions: look at your `view`s and masks.",
    ),
)
def test_order_of_words(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    x, w, m = normal((3, 6, 12), torch_rng), weights(12, torch_rng), ragged_mask(rng, 3, 6)
    order = rng.sample(range(6), 6)
    out, p = ask(student, x, w, 4, m)
    moved_out, moved_p = ask(student, x[:, order], w, 4, m[:, order])
    assert close(moved_out, out[:, order])
    assert close(moved_p, p[:, :, order][..., order])


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Une phrase d'un seul mot ne regarde qu'elle-même ; une phrase faite de remplissage seul donne zéro.",
        en="A sentence of one word looks at itself only; a sentence made of padding alone gives zero.",
    ),
    hint=say(
        fr="Essayez L = 1, avec `m` à 1 puis à 0.",
        en="Try L = 1, with `m` at 1, then at 0.",
    ),
)
def test_shortest_sentences(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    w = weights(8, torch_rng)
    m = ragged_mask(rng, 4, 5)
    m[rng.randrange(4)] = 0
    ask(student, normal((4, 5, 8), torch_rng), w, 2, m)
    ask(student, normal((2, 1, 8), torch_rng), w, 2, torch.tensor([[1], [0]]))


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le gradient de la sortie atteint l'entrée et les six tenseurs de poids, avec les valeurs de `BertSelfAttention`.",
        en="The output's gradient reaches the input and the six weight tensors, with the values of `BertSelfAttention`.",
    ),
    hint=say(
        fr="Appelez `out.sum().backward()` sur une petite entrée, et cherchez les `grad` qui valent `None`.",
        en="Call `out.sum().backward()` on a small input, and look for the `grad`s that are `None`.",
    ),
)
def test_gradients(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    x, w, m = normal((3, 6, 8), torch_rng), weights(8, torch_rng), ragged_mask(rng, 3, 6)
    ask(student, x, w, 2, m)
    # Through the output alone: returning a detached copy of the weights, for a plot say, is no mistake.
    cotangent = (normal((3, 6, 8), torch_rng), torch.zeros(3, 2, 6, 6, dtype=torch.float64))
    _, gradients = student.vjp("self_attention", x, w, 2, m, cotangent=cotangent)
    got = named_gradients(gradients, list(w))
    expect(all(one is not None for one in got), DETACHED)
    assert all(isinstance(one, torch.Tensor) for one in got)
    # No softmax depends on the keys' bias: it adds the same to all scores of a row. That gradient alone is zero.
    expect(
        all(bool((one != 0).any()) for name, one in zip(["x", *w], got, strict=True) if name != "key.bias"), DETACHED
    )
    leaves = [one.clone().requires_grad_() for one in (x, *w.values())]
    out, _ = trusted(leaves[0], dict(zip(w, leaves[1:], strict=True)), 2, m)
    assert same(got, torch.autograd.grad(out, leaves, cotangent[0]))


def named_gradients(answer: Any, names: list[str]) -> list[Any]:
    """The gradients of `x` and of each weight; the sandbox may have answered anything."""
    assert isinstance(answer, (tuple, list))
    assert len(answer) == 2
    assert isinstance(answer[0], (tuple, list))
    assert len(answer[0]) == 4
    x, w = answer[0][:2]
    assert isinstance(w, dict)
    assert set(w) == set(names)
    return [x, *(w[name] for name in names)]


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction garde le type de ses arguments, n'en modifie aucun et ne touche à aucun générateur aléatoire global.",
        en="The function keeps the type of its arguments, modifies none of them and touches no global random generator.",
    ),
    hint=say(
        fr="Comparez `x`, `m` et chaque tenseur de `w` avant et après l'appel.",
        en="Compare `x`, `m` and each tensor of `w` before and after the call.",
    ),
)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for dtype in (torch.float32, torch.float64):
        x, w, m = normal((3, 6, 8), torch_rng, dtype), weights(8, torch_rng, dtype), ragged_mask(rng, 3, 6)
        seen = student.observe("self_attention", x, w, 2, m)
        expect(not seen.rng_touched, DROPOUT)
        judge(seen.value, x, w, 2, m)
        assert len(seen.args) == 4
        assert unchanged(seen.args[0], x)
        assert unchanged(seen.args[3], m)
        assert isinstance(seen.args[1], dict)
        assert list(seen.args[1]) == list(w)
        assert all(unchanged(seen.args[1][name], w[name]) for name in w)


def unchanged(after: Any, before: torch.Tensor) -> bool:
    return isinstance(after, torch.Tensor) and after.dtype == before.dtype and torch.equal(after, before)


@pytest.mark.exercise("self_attention")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Les scores de toutes les paires de mots se calculent en un produit de matrices (5 fois le temps de la référence).",
        en="The scores of all pairs of words are computed in one matrix product (5 times the reference's time).",
    ),
    hint=say(
        fr="Le nombre de paires croît avec le carré de la longueur : une boucle Python sur les paires devient vite "
        "bien trop lente. Que calcule `q @ k.transpose(-1, -2)` ?",
        en="The number of pairs grows with the square of the length: a Python loop over pairs soon becomes far too slow. What "
        "does `q @ k.transpose(-1, -2)` compute?",
    ),
)
@pytest.mark.budget(cpu=60, wall=120, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        x, w = normal((4, 640, 64), generator, torch.float32), weights(64, generator, torch.float32)
        return (x, w, 2, ragged_mask(rng, 4, 640)), {}

    race("self_attention", make=make, same=same)
