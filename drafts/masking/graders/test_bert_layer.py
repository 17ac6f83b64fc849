"""Hidden checks of `bert_layer`: equality with transformers' `BertLayer`, and what a post-LN layer must satisfy."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from torch.nn import functional as F
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

from bareme.course.components import self_attention
from bareme.grading.checks import Misconception, close, expect, say

PRE_LN = Misconception(
    "pre_ln",
    symptom=say(
        fr="La sortie n'est pas normalisée, ou ce qui entre dans un étage l'a été avant : c'est l'ordre de GPT-2 (« pre-LN »).",
        en="The output is not normalised, or what enters a stage was normalised before: that is GPT-2's order (“pre-LN”).",
    ),
    hint=say(
        fr="Dans BERT, la normalisation est la dernière opération de chaque étage : elle s'applique à la somme. Avec γ = 1 et "
        "β = 0, que vaut `y.mean(-1)` ?",
        en="In BERT the normalisation is the last operation of each stage: it is applied to the sum. With γ = 1 and β = 0, "
        "what is `y.mean(-1)`?",
    ),
)
NORM_BEFORE_SUM = Misconception(
    "norm_before_sum",
    symptom=say(
        fr="La sortie d'un étage est normalisée avant d'être ajoutée à l'entrée : la somme, elle, ne l'est pas.",
        en="A stage's output is normalised before it is added to the input: the sum itself is not.",
    ),
    hint=say(
        fr="Comparez LN(x + f(x)) et x + LN(f(x)) sur un petit vecteur : lequel a une moyenne nulle ?",
        en="Compare LN(x + f(x)) and x + LN(f(x)) on a small vector: which one has mean zero?",
    ),
)
TANH_GELU = Misconception(
    "tanh_gelu",
    symptom=say(
        fr="GELU est calculée par son approximation : les valeurs sont proches, mais pas égales.",
        en="GELU is computed by its approximation: values are close, but not equal.",
    ),
    hint=say(
        fr="Comparez `F.gelu(z)` et `F.gelu(z, approximate='tanh')` en z = 2. Laquelle vaut z Φ(z) ?",
        en="Compare `F.gelu(z)` and `F.gelu(z, approximate='tanh')` at z = 2. Which one is z Φ(z)?",
    ),
)
RELU = Misconception(
    "relu",
    symptom=say(
        fr="Les valeurs négatives de la couche intermédiaire sont toutes effacées.",
        en="All negative values of the intermediate layer are erased.",
    ),
    hint=say(
        fr="ReLU est la fonction de Vaswani et al. (2017) ; BERT a choisi GELU. Que vaut `F.gelu(torch.tensor(-1.0))` ?",
        en="ReLU is the function of Vaswani et al. (2017); BERT chose GELU. What is `F.gelu(torch.tensor(-1.0))`?",
    ),
)
NO_ATTENTION_RESIDUAL = Misconception(
    "no_attention_residual",
    symptom=say(
        fr="Quand l'attention ne donne que des zéros, l'entrée est perdue au lieu de traverser le premier étage.",
        en="When attention gives only zeros, the input is lost instead of going through the first stage.",
    ),
    hint=say(
        fr="Mettez `attention.output.dense` à zéro : que doit valoir h, d'après la formule ?",
        en="Set `attention.output.dense` to zero: what should h be, by the formula?",
    ),
)
NO_FFN_RESIDUAL = Misconception(
    "no_ffn_residual",
    symptom=say(
        fr="Quand le réseau ne donne que des zéros, ce qu'a produit l'attention est perdu.",
        en="When the feed-forward network gives only zeros, what attention produced is lost.",
    ),
    hint=say(
        fr="Mettez `output.dense` à zéro : que doit valoir y, d'après la formule ?",
        en="Set `output.dense` to zero: what should y be, by the formula?",
    ),
)
RESIDUAL_FROM_INPUT = Misconception(
    "residual_from_input",
    symptom=say(
        fr="La seconde connexion résiduelle repart de l'entrée de la couche : elle saute l'attention.",
        en="The second residual connection starts from the layer's input: it skips attention.",
    ),
    hint=say(
        fr="Chaque étage corrige *son* entrée. Quelle est celle du réseau, x ou h ?",
        en="Each stage corrects *its* input. Which is that of the feed-forward network, x or h?",
    ),
)
EPS = Misconception(
    "eps",
    symptom=say(
        fr="Quand la variance est minuscule ou nulle, la normalisation s'écarte de celle de BERT : epsilon n'est pas le bon.",
        en="When the variance is tiny or zero, the normalisation departs from BERT's: epsilon is not the right one.",
    ),
    hint=say(
        fr="La valeur par défaut de `F.layer_norm` est 1e-5 ; BERT prend 1e-12. Comparez-les sur un vecteur multiplié par 1e-5.",
        en="The default of `F.layer_norm` is 1e-5; BERT takes 1e-12. Compare them on a vector multiplied by 1e-5.",
    ),
)
MASK_IGNORED = Misconception(
    "mask_ignored",
    symptom=say(
        fr="La sortie des vrais tokens change quand on change le remplissage, ou quand on en ajoute.",
        en="The output of real tokens changes when the padding changes, or when some is added.",
    ),
    hint=say(
        fr="Une seule étape mélange les positions : lui avez-vous donné `m` ?",
        en="One step alone mixes positions: did you give it `m`?",
    ),
)
NO_PROJECTION = Misconception(
    "no_projection",
    symptom=say(
        fr="Changer `attention.output.dense` ne change pas la sortie : les têtes ne sont pas recombinées.",
        en="Changing `attention.output.dense` does not change the output: the heads are not combined.",
    ),
    hint=say(
        fr="`self_attention` rend les têtes bout à bout, sans projection de sortie. Où est $W_o$ dans votre code ?",
        en="`self_attention` returns the heads end to end, without output projection. Where is $W_o$ in your code?",
    ),
)
NOT_TRANSPOSED = Misconception(
    "not_transposed",
    symptom=say(
        fr="La projection de sortie de l'attention multiplie par la matrice au lieu de sa transposée.",
        en="Attention's output projection multiplies by the matrix instead of its transpose.",
    ),
    hint=say(
        fr="`nn.Linear` range une ligne par composante de *sortie* et calcule `x @ weight.T`. Une matrice carrée passe dans "
        "les deux sens, sans erreur.",
        en="`nn.Linear` keeps a row for each component of the *output* and computes `x @ weight.T`. A square matrix passes "
        "both ways, without an error.",
    ),
)
SWAPPED_NORMS = Misconception(
    "swapped_norms",
    symptom=say(
        fr="Les deux normalisations ne reçoivent pas chacune leurs propres poids.",
        en="The two normalisations do not each get their own weights.",
    ),
    hint=say(
        fr="`attention.output.LayerNorm` clôt l'étage d'attention, `output.LayerNorm` celui du réseau.",
        en="`attention.output.LayerNorm` closes the stage of attention, `output.LayerNorm` that of the feed-forward network.",
    ),
)
NO_BIAS = Misconception(
    "no_bias",
    symptom=say(
        fr="Changer les biais de `dense` ne change pas la sortie.",
        en="Changing the biases of `dense` does not change the output.",
    ),
    hint=say(
        fr="Les formules de l'énoncé sous-entendent les biais. Que fait `F.linear(x, weight)` sans troisième argument ?",
        en="The statement's formulas leave the biases out. What does `F.linear(x, weight)` do without a third argument?",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Le gradient n'atteint pas l'entrée et les seize tenseurs de poids : une partie de la couche ne pourrait pas apprendre.",
        en="The gradient does not reach the input and all sixteen weight tensors: part of the layer could not learn.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `torch.no_grad()` et un module rempli par copie (`load_state_dict`) coupent le graphe. Appelez "
        "`.sum().backward()` et cherchez les `grad` qui valent `None`.",
        en="`.detach()`, `.data`, `torch.no_grad()` and a module filled by copying (`load_state_dict`) cut the graph. Call "
        "`.sum().backward()` and look for the `grad`s that are `None`.",
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

FAMILIES = ("Bert", "Roberta", "Camembert", "Electra")
PARTS = ("Layer", "Attention", "SelfOutput", "Intermediate", "Output")
pytestmark = [
    # Not ElectraSelfAttention: the self_attention that is given rests on it
    pytest.mark.forbid(
        *(
            f"transformers.models.{family.lower()}.modeling_{family.lower()}.{family}{part}"
            for family in FAMILIES
            for part in PARTS
        ),
        "torch.nn.TransformerEncoderLayer",
        "torch.nn.MultiheadAttention",
        "torch.nn.functional.multi_head_attention_forward",
        "bareme.course.components.bert_layer",
    ),
    pytest.mark.given("bareme.course.components.self_attention"),
]

Weights = dict[str, torch.Tensor]


def trusted(x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> torch.Tensor:
    """`BertLayer` with these weights."""
    config = BertConfig(
        hidden_size=x.shape[-1],
        num_attention_heads=n_heads,
        intermediate_size=len(w["intermediate.dense.bias"]),
        attn_implementation="eager",
    )
    bias = torch.zeros_like(m, dtype=x.dtype).masked_fill(m == 0, torch.finfo(x.dtype).min)
    module = BertLayer(config).to(x.dtype).eval()
    out: torch.Tensor = torch.func.functional_call(module, w, (x, bias[:, None, None, :]))
    return out


def layer(
    x: torch.Tensor,
    w: Weights,
    n_heads: int,
    m: torch.Tensor,
    *,
    order: str = "post",
    act: Any = F.gelu,
    first: bool = True,
    second: str = "h",
    eps: float = 1e-12,
    projection: str = "right",
    swapped: bool = False,
    biased: bool = True,
) -> torch.Tensor:
    """The layer with one thing done in another way: what each known wrong idea gives."""

    def dense(name: str, h: torch.Tensor) -> torch.Tensor:
        return F.linear(h, w[f"{name}.dense.weight"], w[f"{name}.dense.bias"] if biased else None)

    def norm(name: str, h: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(h, h.shape[-1:], w[f"{name}.LayerNorm.weight"], w[f"{name}.LayerNorm.bias"], eps)

    def attend(h: torch.Tensor) -> torch.Tensor:
        start = "attention.self."
        mixed, _ = self_attention(
            h, {k.removeprefix(start): v for k, v in w.items() if k.startswith(start)}, n_heads, m
        )
        if projection == "none":
            return mixed
        if projection == "flipped":
            return mixed @ w["attention.output.dense.weight"] + w["attention.output.dense.bias"]
        return dense("attention.output", mixed)

    def feed(h: torch.Tensor) -> torch.Tensor:
        return dense("output", act(dense("intermediate", h)))

    one, two = ("output", "attention.output") if swapped else ("attention.output", "output")
    if order == "pre":
        h = x + attend(norm(one, x))
        return h + feed(norm(two, h))
    if order == "inner":
        h = x + norm(one, attend(x))
        return h + norm(two, feed(h))
    h = norm(one, attend(x) + (x if first else 0))
    return norm(two, feed(h) + {"h": h, "x": x, "none": 0}[second])


def judge(got: Any, x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> torch.Tensor:
    """``got``, once it is known to be right; else fail, naming the misconception that explains the difference."""
    wanted = trusted(x, w, n_heads, m)
    assert isinstance(got, torch.Tensor)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    if close(got, wanted):
        return got
    ideas: list[tuple[Misconception, dict[str, Any]]] = [
        (PRE_LN, {"order": "pre"}),
        (NORM_BEFORE_SUM, {"order": "inner"}),
        (TANH_GELU, {"act": lambda h: F.gelu(h, approximate="tanh")}),
        (RELU, {"act": F.relu}),
        (NO_ATTENTION_RESIDUAL, {"first": False}),
        (NO_FFN_RESIDUAL, {"second": "none"}),
        (RESIDUAL_FROM_INPUT, {"second": "x"}),
        *((EPS, {"eps": eps}) for eps in (1e-5, 1e-6, 1e-8, 0.0)),
        (NO_PROJECTION, {"projection": "none"}),
        (NOT_TRANSPOSED, {"projection": "flipped"}),
        (SWAPPED_NORMS, {"swapped": True}),
        (NO_BIAS, {"biased": False}),
    ]
    for misconception, change in ideas:
        wrong = layer(x, w, n_heads, m, **change)
        expect(close(wanted, wrong, equal_nan=True) or not close(got, wrong, equal_nan=True), misconception)
    unmasked = trusted(x, w, n_heads, torch.ones_like(m))
    expect(close(wanted, unmasked) or not close(got, unmasked), MASK_IGNORED)
    raise AssertionError("another difference")


def ask(student: Any, x: torch.Tensor, w: Weights, n_heads: int, m: torch.Tensor) -> torch.Tensor:
    """The student's answer, once it is known to be right."""
    return judge(student.bert_layer(x, w, n_heads, m), x, w, n_heads, m)


def normal(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=dtype)


def weights(width: int, inner: int, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Weights:
    """The state dict of a `BertLayer`, with biases and LayerNorms that matter, and sums of about unit size."""
    shapes = {f"attention.self.{name}": (width, width) for name in ("query", "key", "value")}
    shapes["attention.output.dense"] = (width, width)
    shapes["intermediate.dense"], shapes["output.dense"] = (inner, width), (width, inner)
    w = {}
    for name, shape in shapes.items():
        w[f"{name}.weight"] = normal(shape, generator, dtype) * (1.3 / math.sqrt(shape[1]))
        w[f"{name}.bias"] = normal(shape[:1], generator, dtype) * 0.5
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        w[f"{name}.weight"] = 0.5 + normal((width,), generator, dtype).abs()
        w[f"{name}.bias"] = normal((width,), generator, dtype)
    return w


def ragged_mask(rng: random.Random, sentences: int, length: int) -> torch.Tensor:
    """Pads at the right, at the left, and anywhere: at least two real tokens and one pad a sentence."""
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


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=5,
    rationale=say(
        fr="Avec les mêmes poids, la sortie est celle de `BertLayer`.",
        en="With the same weights, the output is that of `BertLayer`.",
    ),
    hint=say(
        fr="Reprenez les deux formules de l'énoncé, de l'intérieur vers l'extérieur : projection, somme, normalisation.",
        en="Go through the statement's two formulas from the inside out: projection, sum, normalisation.",
    ),
)
def test_matches_bert(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for sentences, length, n_heads, size, inner in ((3, 7, 3, 4, 10), (4, 6, 5, 2, 17), (3, 5, 1, 6, 3)):
        x, w = normal((sentences, length, n_heads * size), torch_rng), weights(n_heads * size, inner, torch_rng)
        for m in (torch.ones(sentences, length, dtype=torch.int64), ragged_mask(rng, sentences, length)):
            ask(student, x, w, n_heads, m)


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Ajouter du remplissage, ou changer ce qu'il contient, ne change rien à la sortie des vrais tokens.",
        en="Adding padding, or changing what it holds, changes nothing in the output of real tokens.",
    ),
    hint=say(
        fr="Comparez une phrase seule à la même phrase suivie de quelques positions de remplissage.",
        en="Compare a sentence alone with the same sentence followed by a few padding positions.",
    ),
)
def test_padding_moves_nothing(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    length, extra = 5, rng.randint(2, 4)
    x, w, m = normal((2, length, 6), torch_rng), weights(6, 9, torch_rng), torch.ones(2, length, dtype=torch.int64)
    alone = ask(student, x, w, 2, m)
    longer = torch.cat([m, torch.zeros(2, extra, dtype=torch.int64)], dim=1)
    for size in (1.0, 5.0):
        padded = torch.cat([x, size * normal((2, extra, 6), torch_rng)], dim=1)
        y = student.bert_layer(padded, w, 2, longer)
        if isinstance(y, torch.Tensor) and (y.shape, y.dtype) == (padded.shape, padded.dtype):
            expect(close(y[:, :length], alone), MASK_IGNORED)
        judge(y, padded, w, 2, longer)


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Un étage dont la dernière projection est nulle laisse passer son entrée, seulement normalisée.",
        en="A stage whose last projection is zero lets its input through, only normalised.",
    ),
    hint=say(
        fr="Mettez à zéro `attention.output.dense`, puis `output.dense`, puis les deux, et suivez x dans la formule.",
        en="Set `attention.output.dense` to zero, then `output.dense`, then both, and follow x through the formula.",
    ),
)
def test_residuals(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    x, w, m = normal((3, 5, 8), torch_rng), weights(8, 11, torch_rng), ragged_mask(rng, 3, 5)
    for names in (("attention.output",), ("output",), ("attention.output", "output")):
        zeros = {
            f"{name}.dense.{kind}": torch.zeros_like(w[f"{name}.dense.{kind}"])
            for name in names
            for kind in ("weight", "bias")
        }
        ask(student, x, w | zeros, 4, m)


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Avec γ = 1 et β = 0 à la fin, chaque vecteur de sortie a pour moyenne 0 et pour carré moyen 1, quelle que soit l'entrée.",
        en="With γ = 1 and β = 0 at the end, each output vector has mean 0 and mean square 1, whatever the input.",
    ),
    hint=say(
        fr="Quelle est la dernière opération de la couche ? Affichez `y.mean(-1)`.",
        en="What is the layer's last operation? Print `y.mean(-1)`.",
    ),
)
def test_normalised_last(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    w, m = weights(6, 10, torch_rng), ragged_mask(rng, 3, 6)
    w |= {"output.LayerNorm.weight": torch.ones(6).double(), "output.LayerNorm.bias": torch.zeros(6).double()}
    for size in (1.0, 30.0):
        y = ask(student, size * normal((3, 6, 6), torch_rng), w, 3, m)
        assert close(y.mean(dim=-1), torch.zeros(3, 6, dtype=torch.float64))
        assert close(y.square().mean(dim=-1), torch.ones(3, 6, dtype=torch.float64))


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Quand la variance est minuscule, ou nulle, les deux normalisations prennent epsilon = 1e-12.",
        en="When the variance is tiny, or zero, both normalisations take epsilon = 1e-12.",
    ),
    hint=say(
        fr="Essayez une entrée multipliée par 1e-6, puis une entrée nulle, avec des biais nuls.",
        en="Try an input multiplied by 1e-6, then an input of zeros, with biases of zero.",
    ),
)
def test_tiny_variance(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    m = ragged_mask(rng, 3, 5)
    for tiny in (1e-5, 1e-6, 0.0):
        w = weights(8, 5, torch_rng)
        # Tiny before each normalisation: no bias, but the very last one's
        w |= {name: torch.zeros_like(one) for name, one in w.items() if name.endswith("bias")}
        w["output.LayerNorm.bias"] = normal((8,), torch_rng)
        w["attention.output.LayerNorm.weight"] *= tiny
        x = tiny * normal((3, 5, 8), torch_rng)
        y = student.bert_layer(x, w, 2, m)
        if isinstance(y, torch.Tensor):
            expect(not bool(y.isnan().any()), EPS)
        judge(y, x, w, 2, m)


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Permuter les mots permute la sortie ; changer un mot change toute sa phrase, et aucune autre.",
        en="Permuting the words permutes the output; changing a word changes all of its sentence, and no other.",
    ),
    hint=say(
        fr="L'attention seule mélange les positions, et jamais deux phrases : cherchez un `view`, une moyenne ou un mauvais axe.",
        en="Attention alone mixes positions, and never two sentences: look for a `view`, a mean or a wrong axis.",
    ),
)
def test_order_of_words(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    x, w, m = normal((3, 6, 12), torch_rng), weights(12, 7, torch_rng), torch.ones(3, 6, dtype=torch.int64)
    order = rng.sample(range(6), 6)
    before = ask(student, x, w, 4, m)
    assert close(ask(student, x[:, order], w, 4, m), before[:, order])
    changed = x.clone()
    changed[1, rng.randrange(6)] = normal((12,), torch_rng)
    moved = (ask(student, changed, w, 4, m) - before).abs().amax(dim=-1) > 1e-9
    assert moved.any(dim=1).tolist() == [False, True, False]
    assert bool(moved[1].all())


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le gradient atteint l'entrée et les seize tenseurs de poids, avec les valeurs de `BertLayer`.",
        en="The gradient reaches the input and all sixteen weight tensors, with the values of `BertLayer`.",
    ),
    hint=say(
        fr="Appelez `.sum().backward()` sur une petite entrée, et cherchez les `grad` qui valent `None`.",
        en="Call `.sum().backward()` on a small input, and look for the `grad`s that are `None`.",
    ),
)
def test_gradients(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    x, w, m = normal((3, 6, 8), torch_rng), weights(8, 11, torch_rng), ragged_mask(rng, 3, 6)
    ask(student, x, w, 2, m)
    cotangent = normal((3, 6, 8), torch_rng)
    _, answer = student.vjp("bert_layer", x, w, 2, m, cotangent=cotangent)
    got = named_gradients(answer, list(w))
    expect(all(one is not None for one in got.values()), DETACHED)
    assert all(isinstance(one, torch.Tensor) for one in got.values())
    # No softmax depends on the keys' bias: that gradient alone is zero
    expect(all(bool((one != 0).any()) for name, one in got.items() if not name.endswith("key.bias")), DETACHED)
    leaves = {name: one.clone().requires_grad_() for name, one in {"x": x, **w}.items()}
    out = trusted(leaves["x"], {name: leaves[name] for name in w}, 2, m)
    right = torch.autograd.grad(out, list(leaves.values()), cotangent)
    assert all(close(got[name], one) for name, one in zip(leaves, right, strict=True))


def named_gradients(answer: Any, names: list[str]) -> dict[str, Any]:
    """The gradients of `x` and of each weight; the sandbox may have answered anything."""
    assert isinstance(answer, (tuple, list))
    assert len(answer) == 2
    assert isinstance(answer[0], (tuple, list))
    assert len(answer[0]) == 4
    x, w = answer[0][:2]
    assert isinstance(w, dict)
    assert set(w) == set(names)
    return {"x": x, **w}


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Un lot d'une seule phrase et une phrase d'un seul mot ne sont pas des cas à part.",
        en="A batch of one sentence and a sentence of one word are no cases apart.",
    ),
    hint=say(
        fr="Essayez L = 1, puis B = 1 : la forme reste `[B, L, D]`. Un `squeeze` ou un axe compté de l'autre côté se trahit là.",
        en="Try L = 1, then B = 1: the shape is still `[B, L, D]`. A `squeeze`, or an axis counted from the other side, shows here.",
    ),
)
def test_smallest_batches(student: Any, torch_rng: torch.Generator) -> None:
    w = weights(6, 4, torch_rng)
    for sentences, length in ((1, 1), (3, 1), (1, 4)):
        x, m = normal((sentences, length, 6), torch_rng), torch.ones(sentences, length, dtype=torch.int64)
        ask(student, x, w, 3, m)


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction garde le type de ses arguments, n'en modifie aucun et ne touche à aucun générateur aléatoire global.",
        en="The function keeps the type of its arguments, modifies none of them and touches no global random generator.",
    ),
    hint=say(
        fr="Comparez `x`, `m` et chaque tenseur de `w` avant et après l'appel ; `w.pop(…)` et `x += …` les modifient.",
        en="Compare `x`, `m` and each tensor of `w` before and after the call; `w.pop(…)` and `x += …` modify them.",
    ),
)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for dtype in (torch.float32, torch.float64):
        x, w, m = normal((3, 6, 8), torch_rng, dtype), weights(8, 5, torch_rng, dtype), ragged_mask(rng, 3, 6)
        seen = student.observe("bert_layer", x, w, 2, m)
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


@pytest.mark.exercise("bert_layer")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Toutes les positions du lot passent ensemble dans le réseau (5 fois le temps de la référence).",
        en="All positions of the batch go through the network together (5 times the reference's time).",
    ),
    hint=say(
        fr="`F.linear` et `F.layer_norm` acceptent `[B, L, D]` tel quel : aucune boucle sur les positions n'est nécessaire.",
        en="`F.linear` and `F.layer_norm` take `[B, L, D]` as it is: no loop over positions is needed.",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        x, w = normal((3000, 20, 8), generator, torch.float32), weights(8, 16, generator, torch.float32)
        return (x, w, 2, ragged_mask(rng, 3000, 20)), {}

    race("bert_layer", make=make, same=close)
