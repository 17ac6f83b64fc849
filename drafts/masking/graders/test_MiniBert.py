"""Hidden checks of `MiniBert`: equality with transformers' `BertModel`, strict loading, and what padding may not do."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertModel

from bareme.bridge.values import Ref
from bareme.course import load_model, load_tokenizer
from bareme.grading.checks import Misconception, close, expect, say
from bareme.grading.notebook import Missing, Notebook, Raised

_BERT = "transformers.models.bert.modeling_bert"
FORBIDDEN = (
    *(f"{_BERT}.{name}" for name in ("BertModel", "BertEncoder", "BertLayer", "BertEmbeddings", "BertPooler")),
    *("transformers.AutoModel", "torch.nn.TransformerEncoder", "torch.nn.TransformerEncoderLayer"),
)
pytestmark = pytest.mark.forbid(*FORBIDDEN)
PIECES = tuple(f"bareme.course.components.{name}" for name in ("bert_embeddings", "bert_layer", "self_attention"))
#: A mistake in an earlier exercise costs nothing here.
on_right_pieces = pytest.mark.given(*PIECES)

INCOMPLETE = Misconception(
    "incomplete",
    symptom=say(
        fr="`MiniBert` n'est pas un `nn.Module` doté de `load_hf` et de `count`.",
        en="`MiniBert` is not an `nn.Module` that has `load_hf` and `count`.",
    ),
    hint=say(
        fr="La classe hérite de `nn.Module`, et `__init__` commence par `super().__init__()`. Que répond "
        "`isinstance(MiniBert(config), nn.Module)` ?",
        en="The class inherits from `nn.Module`, and `__init__` begins with `super().__init__()`. What does "
        "`isinstance(MiniBert(config), nn.Module)` answer?",
    ),
)
PADS_CHANGE_OUTPUT = Misconception(
    "pads_change_output",
    symptom=say(
        fr="Vos vecteurs changent quand on ajoute des [PAD] : quelle étape voit encore ces positions ?",
        en="Your vectors change when [PAD]s are added: which step still sees those positions?",
    ),
    hint=say(
        fr="Le masque doit parvenir à l'attention de chaque couche. Comparez `model(ids, m, seg)[0][:, :3]` pour une phrase de trois "
        "jetons, seule, puis suivie de deux [PAD].",
        en="The mask must reach the attention of each layer. Compare `model(ids, m, seg)[0][:, :3]` for a sentence of three "
        "tokens, alone, then followed by two [PAD]s.",
    ),
)
SEGMENTS_AS_MASK = Misconception(
    "segments_as_mask",
    symptom=say(
        fr="Le masque est pris pour les segments, et les segments pour le masque.",
        en="The mask is taken for the segments, and the segments for the mask.",
    ),
    hint=say(
        fr="L'ordre est `forward(ids, m, seg)` ; celui de `bert_embeddings` est `(ids, seg, w)`. Les deux tenseurs ont même "
        "forme et même type : rien d'autre que vous ne peut voir l'échange.",
        en="The order is `forward(ids, m, seg)`; that of `bert_embeddings` is `(ids, seg, w)`. Both tensors have the same "
        "shape and type: nobody but you can notice the swap.",
    ),
)
SEGMENTS_IGNORED = Misconception(
    "segments_ignored",
    symptom=say(
        fr="Changer les segments ne change rien : toute l'entrée est prise pour la première phrase.",
        en="Changing the segments changes nothing: the whole input is taken for the first sentence.",
    ),
    hint=say(
        fr="Le plongement de segment dit à BERT quelle phrase il lit. Suivez `seg` dans votre `forward` : où va-t-il ?",
        en="The segment embedding tells BERT which sentence it reads. Follow `seg` in your `forward`: where does it go?",
    ),
)
SHARED_LAYERS = Misconception(
    "shared_layers",
    symptom=say(
        fr="Toutes les couches calculent avec les mêmes poids.",
        en="All layers compute with the same weights.",
    ),
    hint=say(
        fr="`[layer] * 3` contient trois fois le même objet. Comparez `len(list(nn.ModuleList([nn.Linear(2, 2)] * 3).parameters()))` "
        "avec ce que donne `nn.ModuleList(nn.Linear(2, 2) for _ in range(3))`.",
        en="`[layer] * 3` holds the same object three times. Compare `len(list(nn.ModuleList([nn.Linear(2, 2)] * 3).parameters()))` "
        "with what `nn.ModuleList(nn.Linear(2, 2) for _ in range(3))` gives.",
    ),
)
ONE_LAYER = Misconception(
    "one_layer",
    symptom=say(
        fr="La sortie n'a traversé qu'une seule couche.",
        en="The output went through one layer only.",
    ),
    hint=say(
        fr="Chaque couche prend la sortie de la précédente. Vérifiez ce que la boucle réutilise à chaque tour, et où se trouve "
        "le `return`.",
        en="Each layer takes the output of the one before. Check what the loop uses again at each turn, and where the "
        "`return` stands.",
    ),
)
POOLER_WITHOUT_TANH = Misconception(
    "pooler_without_tanh",
    symptom=say(
        fr="`pooled` sort de l'intervalle ]−1, 1[ : il manque la dernière étape du pooler.",
        en="`pooled` leaves the interval (−1, 1): the last step of the pooler is missing.",
    ),
    hint=say(
        fr="Le pooler est une couche linéaire suivie d'une tangente hyperbolique. Affichez `pooled.abs().max()`.",
        en="The pooler is a linear layer followed by a hyperbolic tangent. Print `pooled.abs().max()`.",
    ),
)
POOLER_OF_MEAN = Misconception(
    "pooler_of_mean",
    symptom=say(
        fr="`pooled` résume la moyenne des positions, et non celle de [CLS] seule.",
        en="`pooled` sums up the mean of the positions, not that of [CLS] alone.",
    ),
    hint=say(
        fr="Le pooler de BERT ne lit que `h[:, 0]`. La moyenne masquée est une autre manière de résumer : c'était `mean_pool`.",
        en="BERT's pooler reads `h[:, 0]` only. The masked mean is another way to sum up: that was `mean_pool`.",
    ),
)
STRICT_FALSE = Misconception(
    "strict_false",
    symptom=say(
        fr="`load_hf` accepte un dictionnaire auquel il manque une clé : des poids restent au hasard, et personne ne le sait.",
        en="`load_hf` accepts a dictionary in which a key is missing: some weights stay random, and nobody knows.",
    ),
    hint=say(
        fr="`strict=False` et `sd.get(…)` taisent l'erreur. Retirez une clé du dictionnaire, puis appelez `load_hf` : une "
        "exception doit la nommer.",
        en="`strict=False` and `sd.get(…)` keep quiet about the error. Take a key out of the dictionary, then call "
        "`load_hf`: an exception must name it.",
    ),
)
UNEXPECTED_IGNORED = Misconception(
    "unexpected_ignored",
    symptom=say(
        fr="`load_hf` accepte une clé que le modèle ne connaît pas : le point de contrôle peut être celui d'un modèle plus grand.",
        en="`load_hf` accepts a key that the model does not know: the checkpoint may be that of a larger model.",
    ),
    hint=say(
        fr="Parcourir ses propres noms ne dit rien de ceux qui sont en trop. Comparez deux ensembles : `set(sd)` et celui des "
        "noms attendus.",
        en="Going through one's own names tells nothing of those that are too many. Compare two sets: `set(sd)` and that of "
        "the names expected.",
    ),
)
SHAPE_UNCHECKED = Misconception(
    "shape_unchecked",
    symptom=say(
        fr="`load_hf` accepte un tenseur qui n'a pas la forme attendue.",
        en="`load_hf` accepts a tensor that does not have the shape expected.",
    ),
    hint=say(
        fr="`copy_` étend un tenseur de taille 1 sans rien dire, et une nouvelle affectation prend n'importe quelle forme. Essayez "
        "`torch.zeros(4).copy_(torch.ones(1))`.",
        en="`copy_` expands a tensor of size 1 without a word, and a new assignment takes any shape. Try "
        "`torch.zeros(4).copy_(torch.ones(1))`.",
    ),
)
CONSUMES_SD = Misconception(
    "consumes_sd",
    symptom=say(
        fr="Après `load_hf`, le dictionnaire reçu n'est plus le même : on ne peut plus le charger dans un second modèle.",
        en="After `load_hf` the dictionary received is no longer the same: it can't be loaded into a second model.",
    ),
    hint=say(
        fr="`sd.pop(…)` et `del sd[…]` vident le dictionnaire de l'appelant. Travaillez sur une copie : `dict(sd)`.",
        en="`sd.pop(…)` and `del sd[…]` empty the caller's dictionary. Work on a copy: `dict(sd)`.",
    ),
)
COUNT_WITHOUT_POSITIONS = Misconception(
    "count_without_positions",
    symptom=say(
        fr="Le décompte oublie les plongements de position.",
        en="The count leaves out the position embeddings.",
    ),
    hint=say(
        fr="Dans BERT, les positions sont apprises : chacune a son vecteur de taille D. Faites varier `max_position_embeddings` : "
        "`count()` doit suivre.",
        en="In BERT positions are learnt: each has its vector of size D. Vary `max_position_embeddings`: `count()` must follow.",
    ),
)
COUNT_WITHOUT_POOLER = Misconception(
    "count_without_pooler",
    symptom=say(
        fr="Le décompte oublie le pooler.",
        en="The count leaves out the pooler.",
    ),
    hint=say(
        fr="Le pooler est une matrice D × D et un biais. Quelle est la différence entre votre résultat et "
        "`sum(p.numel() for p in model.parameters())` ?",
        en="The pooler is a D × D matrix and a bias. What is the difference between your result and "
        "`sum(p.numel() for p in model.parameters())`?",
    ),
)
UNREGISTERED = Misconception(
    "unregistered",
    symptom=say(
        fr="`model.parameters()` ne donne pas tous les poids : un optimiseur n'entraînerait pas ceux qui manquent.",
        en="`model.parameters()` does not give all weights: an optimiser would not train those that are left out.",
    ),
    hint=say(
        fr="Une liste ou un dictionnaire Python cache ses modules à PyTorch ; `nn.ModuleList`, `nn.ModuleDict` et "
        "`nn.ParameterDict` les déclarent. Affichez `[name for name, _ in model.named_parameters()]`.",
        en="A Python list or dictionary hides its modules from PyTorch; `nn.ModuleList`, `nn.ModuleDict` and "
        "`nn.ParameterDict` declare them. Print `[name for name, _ in model.named_parameters()]`.",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Le gradient de la sortie n'atteint pas tous les paramètres : le modèle ne pourrait pas apprendre.",
        en="The output's gradient does not reach all parameters: the model could not learn.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `state_dict()` et `torch.no_grad()` sortent du graphe de calcul : dans `forward`, passez les "
        "paramètres eux-mêmes, par exemple avec `named_parameters()`.",
        en="`.detach()`, `.data`, `state_dict()` and `torch.no_grad()` leave the computation graph: in `forward`, pass the "
        "parameters themselves, with `named_parameters()` for instance.",
    ),
)
DROPOUT = Misconception(
    "dropout",
    symptom=say(
        fr="En mode entraînement, deux appels sur les mêmes données ne donnent pas le même résultat.",
        en="In training mode, two calls on the same data do not give the same result.",
    ),
    hint=say(
        fr="Ce modèle n'a pas de dropout, même si `config` en annonce un : retirez vos `nn.Dropout` et `F.dropout`.",
        en="This model has no dropout, even if `config` speaks of one: take out your `nn.Dropout` and `F.dropout`.",
    ),
)

Weights = dict[str, torch.Tensor]
Config = dict[str, Any]
SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)


def sized(*sizes: int) -> Config:
    """A configuration of these sizes, with keys that are to be ignored: a dropout that the model does not have."""
    return {**dict(zip(SIZES, sizes, strict=True)), "hidden_dropout_prob": 0.3, "attention_probs_dropout_prob": 0.3}


#: All sizes distinct: none stands for another. Heads ≠ head size ≠ layers; three kinds of segments, then two.
SMALL = sized(41, 12, 3, 2, 20, 31, 4)
OTHERS = (SMALL, sized(23, 15, 2, 5, 14, 17, 3), sized(19, 6, 1, 3, 9, 11, 2))


def bert(config: Config) -> BertModel:
    return BertModel(BertConfig(**{name: config[name] for name in SIZES}, attn_implementation="eager")).eval()


def weights(config: Config, generator: torch.Generator) -> Weights:
    """A state dict of `BertModel` in which every tensor matters."""
    return {name: values(name, one.shape, generator) for name, one in bert(config).state_dict().items()}


def values(name: str, shape: Any, generator: torch.Generator) -> torch.Tensor:
    noise = torch.randn(shape, generator=generator)
    if name.endswith("LayerNorm.weight"):
        return 1 + 0.3 * noise
    if name.endswith("bias"):
        return 0.4 * noise
    return noise if "embeddings" in name else noise * 1.2 / math.sqrt(shape[-1])


def trusted(config: Config, sd: Weights, ids: Any, m: torch.Tensor, seg: Any) -> tuple[torch.Tensor, torch.Tensor]:
    model = bert(config)
    model.load_state_dict(sd)
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=(m != 0).long(), token_type_ids=seg)
    return out.last_hidden_state, out.pooler_output


def build(student: Any, config: Config, sd: Weights | None = None) -> Ref:
    """A model of the student's, with these weights if any."""
    model = student.keep("MiniBert", config)
    has = student.on(model, "__dir__")
    assert isinstance(has, (list, tuple))
    names = {one for one in has if isinstance(one, str)}
    expect({"load_hf", "count", "forward", "named_parameters", "load_state_dict"} <= names, INCOMPLETE)
    if sd is not None:
        student.on(model, "load_hf", sd)
    return model


def batch(
    config: Config, rng: random.Random, generator: torch.Generator, sentences: int, length: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, mask and segments: a sentence without padding, then pads at the right, and anywhere but at position 0."""
    ids = torch.randint(1, config["vocab_size"], (sentences, length), generator=generator)
    seg = torch.randint(0, config["type_vocab_size"], (sentences, length), generator=generator)
    m = torch.ones_like(ids)
    for number in range(1, sentences if length > 2 else 0):
        pads = rng.randint(1, length - 2)
        m[number, range(length - pads, length) if number % 2 else rng.sample(range(1, length), pads)] = 0
    seg[:, 1] = config["type_vocab_size"] - 1  # never a sentence of one segment alone
    return ids, m, seg


def judge(
    got: Any, config: Config, sd: Weights, ids: torch.Tensor, m: torch.Tensor, seg: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The answer, ``(h, pooled)``, once it is right; else fail, naming the misconception that explains the difference."""
    wanted, wanted_pooled = trusted(config, sd, ids, m, seg)
    assert isinstance(got, (tuple, list))
    assert len(got) == 2
    assert all(isinstance(one, torch.Tensor) for one in got)
    h, pooled = got
    assert (h.shape, h.dtype) == (wanted.shape, wanted.dtype)
    assert (pooled.shape, pooled.dtype) == (wanted_pooled.shape, wanted_pooled.dtype)
    real = m.bool()
    if not close(h[real], wanted[real]):
        for misconception, (other, _) in wrong_models(config, sd, ids, m, seg):
            expect(close(other[real], wanted[real]) or not close(h[real], other[real]), misconception)
        raise AssertionError("another difference")
    if not close(pooled, wanted_pooled):
        for misconception, other in wrong_poolers(sd, h, m):
            expect(close(other, wanted_pooled) or not close(pooled, other), misconception)
        raise AssertionError("another difference")
    return h, pooled


def wrong_models(config: Config, sd: Weights, ids: torch.Tensor, m: torch.Tensor, seg: torch.Tensor) -> Any:
    """What each known wrong idea computes."""
    last = config["num_hidden_layers"] - 1
    yield PADS_CHANGE_OUTPUT, trusted(config, sd, ids, torch.ones_like(m), seg)
    yield SEGMENTS_AS_MASK, trusted(config, sd, ids, seg, m)
    yield SEGMENTS_IGNORED, trusted(config, sd, ids, m, torch.zeros_like(seg))
    for one in (0, last):
        shared = {name: sd[in_layer(name, one)] for name in sd}
        yield SHARED_LAYERS, trusted(config, shared, ids, m, seg)
        alone = {in_layer(name, 0): sd[in_layer(name, one)] for name in sd}
        yield ONE_LAYER, trusted({**config, "num_hidden_layers": 1}, alone, ids, m, seg)


def in_layer(name: str, number: int) -> str:
    """The same weight of another layer; a name that is no layer's stays."""
    parts = name.split(".")
    return ".".join([*parts[:2], str(number), *parts[3:]]) if parts[0] == "encoder" else name


def wrong_poolers(sd: Weights, h: torch.Tensor, m: torch.Tensor) -> Any:
    def dense(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(x, sd["pooler.dense.weight"], sd["pooler.dense.bias"])

    yield POOLER_WITHOUT_TANH, dense(h[:, 0])
    for weight in (torch.ones_like(m), m):
        mean = (h * weight[..., None]).sum(dim=1) / weight.sum(dim=1, keepdim=True)
        yield POOLER_OF_MEAN, torch.tanh(dense(mean))
        yield POOLER_OF_MEAN, dense(mean)


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=6,
    rationale=say(
        fr="Avec les poids d'un `BertModel`, `h` (hors remplissage) et `pooled` sont les siens.",
        en="With the weights of a `BertModel`, `h` (off padding) and `pooled` are its own.",
    ),
    hint=say(
        fr="Comparez à un modèle d'une seule couche, sans remplissage, puis ajoutez une difficulté à la fois.",
        en="Compare with a model of a single layer, without padding, then add one difficulty at a time.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_matches_bert_model(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for config in OTHERS:
        first, second = weights(config, torch_rng), weights(config, torch_rng)
        model, other = build(student, config, first), build(student, config, second)
        inputs = batch(config, rng, torch_rng, 5, 7)
        judge(student.on(model, "", *inputs), config, first, *inputs)
        judge(student.on(other, "", *inputs), config, second, *inputs)
        student.on(model, "load_hf", second)  # weights replace those before
        judge(student.on(model, "", *inputs), config, second, *inputs)


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Vingt [PAD] de plus ne déplacent ni les vecteurs des vrais jetons, ni `pooled`.",
        en="Twenty more [PAD]s move neither the vectors of the real tokens nor `pooled`.",
    ),
    hint=say(
        fr="Comparez une phrase seule à la même phrase complétée, jeton par jeton, puis couche par couche.",
        en="Compare a sentence alone with the same sentence padded, token by token, then layer by layer.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_padding_moves_nothing(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    sd, length = weights(SMALL, torch_rng), rng.randint(7, 10)
    model = build(student, SMALL, sd)
    ids, _, seg = batch(SMALL, rng, torch_rng, 3, length)
    m = torch.ones_like(ids)
    h, pooled = judge(student.on(model, "", ids, m, seg), SMALL, sd, ids, m, seg)
    for filling in (torch.zeros(3, 20, dtype=torch.int64), batch(SMALL, rng, torch_rng, 3, 20)[0]):
        longer = [torch.cat(pair, dim=1) for pair in ((ids, filling), (m, 0 * filling), (seg, 0 * filling))]
        got = student.on(model, "", *longer)
        assert isinstance(got, (tuple, list))
        assert len(got) == 2
        assert isinstance(got[0], torch.Tensor)
        assert got[0].shape == (3, length + 20, SMALL["hidden_size"])
        expect(close(got[0][:, :length], h), PADS_CHANGE_OUTPUT)
        judge(got, SMALL, sd, *longer)
        assert close(got[1], pooled)


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le modèle lit une phrase d'un seul jeton comme une phrase qui emploie toutes les positions.",
        en="The model reads a sentence of a single token as it does one that uses all positions.",
    ),
    hint=say(
        fr="Essayez L = 1, puis L = `max_position_embeddings`, avec une seule phrase, puis deux.",
        en="Try L = 1, then L = `max_position_embeddings`, with a single sentence, then two.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_shortest_and_longest(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    sd = weights(SMALL, torch_rng)
    model = build(student, SMALL, sd)
    ids, m, seg = batch(SMALL, rng, torch_rng, 2, SMALL["max_position_embeddings"])
    judge(student.on(model, "", ids, m, seg), SMALL, sd, ids, m, seg)
    for sentences in (1, 2):
        short = [one[:sentences, :1] for one in (ids, m, seg)]
        judge(student.on(model, "", *short), SMALL, sd, *short)


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="`load_hf` lève une exception pour une clé manquante, une clé de trop ou une forme qui n'est pas la bonne.",
        en="`load_hf` raises an exception for a missing key, a key too many or a shape that is not the right one.",
    ),
    hint=say(
        fr="Que fait `model.load_state_dict(sd)` par défaut de ces trois erreurs ? Et le vôtre ?",
        en="What does `model.load_state_dict(sd)` do by default about these three errors? And yours?",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_loading_is_strict(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    sd, inputs = weights(SMALL, torch_rng), batch(SMALL, rng, torch_rng, 3, 6)
    model = build(student, SMALL, sd)
    judge(student.on(model, "", *inputs), SMALL, sd, *inputs)  # to refuse everything is no merit
    for name in sd:
        rest = {other: one for other, one in sd.items() if other != name}
        expect(refused(student, model, rest), STRICT_FALSE)
    one_more = in_layer("encoder.layer.0.output.dense.bias", SMALL["num_hidden_layers"])
    for name in (one_more, "embeddings.position_ids", "cls.predictions.bias", "pooler.dense.gamma"):
        expect(refused(student, model, {**sd, name: torch.ones(SMALL["hidden_size"])}), UNEXPECTED_IGNORED)
    prefixed = {f"bert.{name}": one for name, one in sd.items()}
    expect(refused(student, model, prefixed), STRICT_FALSE)
    expect(refused(student, model, {**sd, **prefixed}), UNEXPECTED_IGNORED)
    for name, one in sd.items():
        # Half of the last size, one row more, a single number in place of all: none has the right shape
        others = [one[..., : one.shape[-1] // 2], torch.cat([one, one[:1]]), one.flatten()[:1]]
        if one.dim() == 2:
            others += [one[:1], one[:, :1]]
            others += [one.mT.contiguous()] if one.shape[0] != one.shape[1] else []
        expect(all(refused(student, model, {**sd, name: wrong}) for wrong in others), SHAPE_UNCHECKED)
    student.on(model, "load_hf", sd)
    judge(student.on(model, "", *inputs), SMALL, sd, *inputs)


def refused(student: Any, model: Ref, sd: Weights) -> bool:
    """Whether `load_hf` raises an exception of its own."""
    try:
        student.on(model, "load_hf", sd)
    except Raised as error:
        if error.kind in ("Forbidden", "MemoryError"):
            raise
        return True
    return False


def parameters(config: Config) -> int:
    """In closed form: embeddings, layers, pooler."""
    v, d, n, _, i, p, t = (config[name] for name in SIZES)
    return (v + p + t) * d + 2 * d + n * (4 * (d * d + d) + (d * i + i) + (i * d + d) + 4 * d) + d * d + d


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="`count()` compte tous les nombres que le modèle apprend, quelles que soient ses tailles, avant comme après `load_hf`.",
        en="`count()` counts all numbers that the model learns, whatever its sizes, before as after `load_hf`.",
    ),
    hint=say(
        fr="Refaites l'addition partie par partie, comme dans l'exemple : plongements, couches, pooler.",
        en="Redo the addition part by part, as in the example: embeddings, layers, pooler.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_counts_all_parameters(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for config in OTHERS:
        model = build(student, config)
        got, wanted = student.on(model, "count"), parameters(config)
        assert type(got) is int
        d, one_layer = config["hidden_size"], parameters({**config, "num_hidden_layers": 1})
        expect(got != wanted - config["max_position_embeddings"] * d, COUNT_WITHOUT_POSITIONS)
        expect(got != wanted - d * d - d, COUNT_WITHOUT_POOLER)
        expect(got == wanted or got != one_layer, SHARED_LAYERS)
        assert got == wanted
        student.on(model, "load_hf", weights(config, torch_rng))
        assert student.on(model, "count") == wanted


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Aux tailles de BERT-base, le modèle se construit et a le nombre de paramètres donné dans l'énoncé.",
        en="With the sizes of BERT-base the model can be built and has the number of parameters given in the statement.",
    ),
    hint=say(
        fr="`BertConfig()` donne les tailles de BERT-base. Faites le décompte partie par partie, comme dans l'exemple.",
        en="`BertConfig()` gives the sizes of BERT-base. Do the count part by part, as in the example.",
    ),
)
@pytest.mark.budget(cpu=30, wall=120, memory=2**31)  # 440 MB of weights
def test_base_size(student: Any) -> None:
    base = {name: getattr(BertConfig(), name) for name in SIZES}
    model = build(student, base)
    got = student.on(model, "count")
    assert type(got) is int
    expect(got != 109_482_240 - 512 * 768, COUNT_WITHOUT_POSITIONS)
    expect(got != 109_482_240 - 768 * 769, COUNT_WITHOUT_POOLER)
    assert got == 109_482_240


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Tous les poids sont des paramètres du module, et le gradient de la sortie les atteint tous.",
        en="All weights are parameters of the module, and the output's gradient reaches them all.",
    ),
    hint=say(
        fr="Appelez `(h.sum() + pooled.sum()).backward()` et cherchez, parmi `model.named_parameters()`, les `grad` qui valent `None`.",
        en="Call `(h.sum() + pooled.sum()).backward()` and look among `model.named_parameters()` for `grad`s that are `None`.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_gradients(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    sd, inputs = weights(SMALL, torch_rng), batch(SMALL, rng, torch_rng, 4, 6)
    model = build(student, SMALL, sd)
    judge(student.on(model, "", *inputs), SMALL, sd, *inputs)
    width = SMALL["hidden_size"]
    cotangent = (
        torch.randn(4, 6, width, generator=torch_rng) * inputs[1][..., None],  # what pads hold is free
        torch.randn(4, width, generator=torch_rng),
    )
    student.ask("vjp", "", inputs, {}, on=model.id, cotangent=cotangent)
    found = gradients(student, model)
    expect(sum(number for number, _ in found) == parameters(SMALL), UNREGISTERED)
    expect(all(gradient is not None for _, gradient in found), DETACHED)
    assert all(isinstance(gradient, torch.Tensor) and gradient.is_floating_point() for _, gradient in found)
    right = bert(SMALL)
    right.load_state_dict(sd)
    out = right(input_ids=inputs[0], attention_mask=inputs[1], token_type_ids=inputs[2])
    torch.autograd.backward([out.last_hidden_state, out.pooler_output], list(cotangent))
    # Names and layout of the parameters are the student's: what does not depend on them is the gradient's length
    assert close(length([one for _, one in found]), length([one.grad for one in right.parameters()]))


def gradients(student: Any, model: Ref) -> list[tuple[int, Any]]:
    """How many numbers each parameter holds, and its gradient, which may be anything."""
    every, found = student.ask("keep", "parameters", (), {}, on=model.id), []
    for _ in range(1000):
        try:
            one = student.ask("keep", "__next__", (), {}, on=every.id)
        except Raised as error:
            if error.kind == "StopIteration":
                return found
            raise
        number = student.on(one, "numel")
        assert type(number) is int
        found.append((number, student.on(one, "__getattribute__", "grad")))
    raise AssertionError("parameters without end")


def length(gradients: list[Any]) -> torch.Tensor:
    return torch.stack([one.double().square().sum() for one in gradients]).sum().sqrt().float()


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le résultat ne dépend pas du mode, et les appels ne changent ni ce mode ni leurs arguments.",
        en="The result does not depend on the mode, and calls change neither that mode nor their arguments.",
    ),
    hint=say(
        fr="Comparez deux appels après `model.train()`, puis `model.training`, `ids`, `m`, `seg` et `sd` avant et après.",
        en="Compare two calls after `model.train()`, then `model.training`, `ids`, `m`, `seg` and `sd` before and after.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    sd, inputs = weights(SMALL, torch_rng), batch(SMALL, rng, torch_rng, 4, 6)
    made = student.observe("MiniBert", dict(SMALL))
    assert made.args == [SMALL]
    model = build(student, SMALL)
    after = arguments(student.ask("observe", "load_hf", (sd,), {}, on=model.id))
    assert len(after) == 1
    expect(isinstance(after[0], dict) and list(after[0]) == list(sd), CONSUMES_SD)
    assert all(unchanged(after[0][name], sd[name]) for name in sd)
    for mode in (True, False):
        student.ask("keep", "train", (mode,), {}, on=model.id)
        once = student.on(model, "", *inputs)
        told = student.ask("observe", "", inputs, {}, on=model.id)
        expect(same(once, told["value"], inputs[1].bool()), DROPOUT)
        judge(once, SMALL, sd, *inputs)
        after = arguments(told)
        assert len(after) == len(inputs)
        assert all(unchanged(one, before) for one, before in zip(after, inputs, strict=True))
        assert student.on(model, "__getattribute__", "training") is mode


def same(one: Any, other: Any, real: torch.Tensor) -> bool:
    """Whether two answers, which may be anything, agree off padding; true when there is nothing to compare."""
    pair = (one, other)
    if not all(isinstance(answer, (tuple, list)) and len(answer) == 2 for answer in pair):
        return True
    if not all(isinstance(part, torch.Tensor) and part.dtype == torch.float32 for answer in pair for part in answer):
        return True
    if not all(answer[0].shape[:2] == real.shape for answer in pair):
        return True
    return close(one[0][real], other[0][real]) and close(one[1], other[1])


def arguments(told: Any) -> list[Any]:
    """The arguments after a call that was observed."""
    assert isinstance(told, dict)
    assert {"value", "args"} <= set(told)
    assert isinstance(told["args"], list)
    return told["args"]


def unchanged(after: Any, before: torch.Tensor) -> bool:
    return isinstance(after, torch.Tensor) and after.dtype == before.dtype and torch.equal(after, before)


@pytest.mark.forbid(*PIECES)
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Tout votre code ensemble, avec les poids du petit modèle du cours, lit de vraies phrases comme `BertModel`.",
        en="All of your code together, with the weights of the course's small model, reads real sentences as `BertModel` does.",
    ),
    hint=say(
        fr="Ce contrôle emploie vos propres `bert_embeddings` et `bert_layer`, s'ils sont écrits : si les autres contrôles passent, cherchez d'abord là.",
        en="This check uses your own `bert_embeddings` and `bert_layer`, if they are written: if the other checks pass, look there first.",
    ),
)
@pytest.mark.budget(cpu=15, wall=75)
def test_whole_stack(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    body, tokenizer = load_model("tiny-encoder").bert, load_tokenizer("tiny-encoder")
    config = {name: getattr(body.config, name) for name in SIZES}
    width = config["hidden_size"]
    shapes = {"pooler.dense.weight": (width, width), "pooler.dense.bias": (width,)}  # it has none of its own
    pooler = {name: values(name, shape, torch_rng) for name, shape in shapes.items()}
    sd = {**body.state_dict(), **pooler}
    pairs = [
        (f"{who} regarde {what} depuis ce matin.", f"Il pense à {where}.")
        for who, what, where in zip(
            rng.sample(["Le chat", "Ma voisine", "The old man", "Paul"], 3),
            rng.sample(["la mer", "un train", "the red house", "les étoiles"], 3),
            rng.sample(["Lyon", "sa mère", "the garden", "demain"], 3),
            strict=True,
        )
    ]
    encoded = tokenizer([*pairs, ("Oui.", "No.")], padding=True, return_tensors="pt", return_token_type_ids=True)
    inputs = (encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"])
    written = with_what_is_written(student)
    model = build(written, config, sd)
    judge(written.on(model, "", *inputs), config, sd, *inputs)


def with_what_is_written(student: Any) -> Any:
    """The notebook as it is, but for the pieces left blank, which are right ones: they cost their own exercise only."""
    ids, x = torch.zeros(1, 1, dtype=torch.int64), torch.zeros(1, 1, 1)
    ask = {"bert_embeddings": (ids, ids, {}), "bert_layer": (x, {}, 1, ids), "self_attention": (x, {}, 1, ids)}
    blank = tuple(path for path in PIECES if is_blank(student, path.rpartition(".")[2], ask))
    if not blank:
        return student
    return Notebook(student._sandbox, student._budget, forbidden=FORBIDDEN, given=blank)


def is_blank(student: Any, name: str, ask: dict[str, tuple[Any, ...]]) -> bool:
    try:
        student.keep(name, *ask[name])
    except Missing:
        return True
    except Raised as error:  # weights that are not there are anything but a stub's complaint
        return error.kind == "NotImplementedError"
    return False


@on_right_pieces
@pytest.mark.exercise("MiniBert")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Un lot de nombreuses phrases se traite d'un bloc (3 fois le temps de la référence).",
        en="A batch of many sentences is treated as one block (3 times the reference's time).",
    ),
    hint=say(
        fr="Chaque opération de PyTorch traite un lot entier aussi bien qu'une phrase. Où votre code passe-t-il de l'une à "
        "l'autre par une boucle Python ?",
        en="Each operation of PyTorch treats a whole batch as well as one sentence. Where does your code go from one to the "
        "other by a Python loop?",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, memory=2**31, ratio=3)  # graphs of two rounds
def test_speed(race: Any, torch_rng: torch.Generator) -> None:
    config = sized(53, 12, 6, 3, 18, 8, 2)
    sd = weights(config, torch_rng)

    def prepared(notebook: Any) -> Any:
        model = build(notebook, config, sd)
        return lambda *inputs: notebook.on(model, "", *inputs)

    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        ids, m, seg = batch(config, rng, generator, 800, 6)
        return (ids, torch.ones_like(m), seg), {}  # without pads, whose vectors are free

    def alike(got: Any, wanted: Any) -> bool:
        return isinstance(got, (tuple, list)) and len(got) == 2 and all(map(close, got, wanted))

    race(prepared, make=make, same=alike)
