"""Hidden checks of `fill_mask`: the softmax of the same model's logits at each [MASK], computed here, and what follows from it.

Most models are drawn for the check: small, with sharp predictions and strong dropout, so that no check depends on what
`tiny-encoder` has learned.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from bareme.course import load_model, load_tokenizer
from bareme.course.generator.agreement import minimal_pair
from bareme.course.generator.stories import story
from bareme.course.generator.words import Language
from bareme.grading.checks import Misconception, close, expect, say

pytestmark = [
    pytest.mark.forbid("transformers.pipeline", "transformers.FillMaskPipeline"),
    # What prepares and watches models in the notebook, whatever it did with these names
    pytest.mark.given(
        "bareme.course.load_model",
        "bareme.course.load_tokenizer",
        "transformers.BertConfig",
        "transformers.BertForMaskedLM",
        "torch.is_grad_enabled",
        "torch.autograd.graph.saved_tensors_hooks",
        "builtins.list",
    ),
]

LAST_POSITION = Misconception(
    "last_position",
    symptom=say(
        fr="La prédiction est lue à la dernière position du texte, où que soit le [MASK].",
        en="The prediction is read at the last position of the text, wherever the [MASK] is.",
    ),
    hint=say(
        fr="Un GPT prédit la suite, donc à la fin ; BERT prédit sur place. Affichez `encoded['input_ids']` et cherchez-y "
        "`tokenizer.mask_token_id` : à quelle position est-il ?",
        en="A GPT predicts what follows, hence at the end; BERT predicts on the spot. Print `encoded['input_ids']` and look "
        "for `tokenizer.mask_token_id` in it: at which position is it?",
    ),
)
SHIFTED = Misconception(
    "shifted",
    symptom=say(
        fr="La prédiction est lue une position avant le [MASK].",
        en="The prediction is read one position before the [MASK].",
    ),
    hint=say(
        fr="Le décalage d'un cran est celui des modèles causaux. Ici les logits de la position i parlent du jeton i. "
        "N'oubliez pas non plus que [CLS] occupe la position 0.",
        en="The shift by one is that of causal models. Here the logits of position i are about token i. Don't forget "
        "either that [CLS] takes position 0.",
    ),
)
FIRST_MASK_ONLY = Misconception(
    "first_mask_only",
    symptom=say(
        fr="Le texte a plusieurs [MASK], et un seul reçoit des candidats.",
        en="The text has several [MASK]s, and only one gets candidates.",
    ),
    hint=say(
        fr="`ids.tolist().index(mask_id)` et `argmax` s'arrêtent au premier. Que donne "
        "`(torch.tensor([7, 4, 4]) == 4).nonzero()` ?",
        en="`ids.tolist().index(mask_id)` and `argmax` stop at the first. What does "
        "`(torch.tensor([7, 4, 4]) == 4).nonzero()` give?",
    ),
)
RAW_LOGITS = Misconception(
    "raw_logits",
    symptom=say(
        fr="Les nombres rendus sont des logits, non des probabilités : rien ne les borne entre 0 et 1.",
        en="The numbers returned are logits, not probabilities: nothing keeps them between 0 and 1.",
    ),
    hint=say(
        fr="Un `BertForMaskedLM` rend des scores sans unité. Quelle fonction en fait une distribution de somme 1 ?",
        en="A `BertForMaskedLM` returns scores without a unit. Which function makes a distribution of sum 1 out of them?",
    ),
)
SOFTMAX_OVER_K = Misconception(
    "softmax_over_k",
    symptom=say(
        fr="Les probabilités des k morceaux gardés ont pour somme 1 : les autres morceaux du vocabulaire n'ont plus rien.",
        en="The probabilities of the k pieces kept sum to one: nothing is left for the rest of the vocabulary.",
    ),
    hint=say(
        fr="Avec k = 1, toute prédiction deviendrait certaine. Comparez `z.softmax(-1).topk(2)` et "
        "`z.topk(2).values.softmax(-1)` pour `z = torch.tensor([1.0, 3.0, 2.0])`.",
        en="With k = 1, any prediction would become certain. Compare `z.softmax(-1).topk(2)` and "
        "`z.topk(2).values.softmax(-1)` for `z = torch.tensor([1.0, 3.0, 2.0])`.",
    ),
)
LEFT_ONLY = Misconception(
    "left_only",
    symptom=say(
        fr="Ce qui suit le [MASK] ne change rien à la prédiction : le modèle ne lit que le début du texte.",
        en="What follows the [MASK] changes nothing in the prediction: the model reads only the beginning of the text.",
    ),
    hint=say(
        fr="BERT regarde des deux côtés : donnez-lui le texte entier, sans le couper au trou. Que répondez-vous à "
        "« Un [MASK] qui aboie » et à « Un [MASK] qui miaule » ?",
        en="BERT looks both ways: give it the whole text, not cut at the blank. What do you answer to "
        "“A [MASK] that barks” and to “A [MASK] that mews”?",
    ),
)
NO_SPECIALS = Misconception(
    "no_specials",
    symptom=say(
        fr="Le texte passe dans le modèle sans [CLS] ni [SEP], une entrée qu'il n'a jamais vue.",
        en="The text goes through the model without [CLS] and [SEP], an input that it has never seen.",
    ),
    hint=say(
        fr="Comparez `tokenizer('a').tokens()`, `tokenizer.tokenize('a')` et l'effet de `add_special_tokens=False`.",
        en="Compare `tokenizer('a').tokens()`, `tokenizer.tokenize('a')` and the effect of `add_special_tokens=False`.",
    ),
)
FILLS_IN_TURN = Misconception(
    "fills_in_turn",
    symptom=say(
        fr="Le candidat choisi pour un trou change la prédiction des suivants.",
        en="The candidate chosen for one blank changes the prediction of the next ones.",
    ),
    hint=say(
        fr="Les trous d'un même texte sont remplis indépendamment, à partir du texte reçu : un seul passage suffit. Que "
        "reste-t-il des autres [MASK] quand vous prédisez le second ?",
        en="The blanks of one text are filled independently, from the text as received: one pass is enough. What is left "
        "of the other [MASK]s when you predict the second?",
    ),
)
DECODED_PIECES = Misconception(
    "decoded_pieces",
    symptom=say(
        fr="Les probabilités sont justes, mais des morceaux de suite ont perdu leurs deux dièses.",
        en="The probabilities are right, but continuation pieces have lost their two hashes.",
    ),
    hint=say(
        fr="`s` et `##s` sont deux entrées du vocabulaire : sans ses dièses, on ne les distingue plus. Comparez "
        "`tokenizer.convert_ids_to_tokens(i)` à votre écriture, pour un morceau de suite.",
        en="`s` and `##s` are two entries of the vocabulary: without hashes they can't be told apart. Compare "
        "`tokenizer.convert_ids_to_tokens(i)` with what you write, for a continuation piece.",
    ),
)
ASCENDING = Misconception(
    "ascending",
    symptom=say(
        fr="Les candidats sont rangés du moins probable au plus probable.",
        en="Candidates are listed from the least likely to the likeliest.",
    ),
    hint=say(
        fr="`argsort` et `sorted` rangent en croissant. Essayez `torch.tensor([1, 3, 2]).argsort()`, puis `descending=True`.",
        en="`argsort` and `sorted` go upwards. Try `torch.tensor([1, 3, 2]).argsort()`, then `descending=True`.",
    ),
)
TENSORS_RETURNED = Misconception(
    "tensors_returned",
    symptom=say(
        fr="Le résultat n'est pas fait de listes de couples (`str`, `float`) de Python.",
        en="The result is not made of lists of pairs (`str`, `float`) of Python.",
    ),
    hint=say(
        fr="Affichez `type` du résultat, d'un de ses éléments, d'un couple et de ses deux membres. `.tolist()` et `.item()` "
        "font sortir les nombres d'un tenseur.",
        en="Print the `type` of the result, of one of its items, of a pair and of its two members. `.tolist()` and "
        "`.item()` take numbers out of a tensor.",
    ),
)
NO_EVAL = Misconception(
    "no_eval",
    symptom=say(
        fr="Quand le modèle arrive en mode entraînement, la prédiction dépend du hasard.",
        en="When the model arrives in training mode, the prediction depends on chance.",
    ),
    hint=say(
        fr="En mode entraînement, le dropout éteint des neurones au hasard. `torch.no_grad()` n'y change rien : comparez deux "
        "appels de suite après `model.train()`. Que fait `model.eval()` ?",
        en="In training mode, dropout switches neurons off at random. `torch.no_grad()` does not change that: compare two "
        "calls in a row after `model.train()`. What does `model.eval()` do?",
    ),
)
MODE_NOT_RESTORED = Misconception(
    "mode_not_restored",
    symptom=say(
        fr="Après l'appel, le modèle n'est plus dans le mode (entraînement ou évaluation) où il était arrivé.",
        en="After the call, the model is no longer in the mode (training or evaluation) in which it arrived.",
    ),
    hint=say(
        fr="Qui prédit au milieu d'un entraînement veut le reprendre ensuite, avec son dropout ; qui évalue n'en veut pas. "
        "Notez `model.training` avant, et rendez-le par `model.train(…)`.",
        en="Who predicts in the middle of training wants to go on afterwards, with dropout; who evaluates wants none. Note "
        "`model.training` before, and give it back by `model.train(…)`.",
    ),
)
GRAPH_BUILT = Misconception(
    "graph_built",
    symptom=say(
        fr="Pendant l'appel, PyTorch garde de quoi calculer des gradients dont personne ne veut.",
        en="During the call, PyTorch keeps what it takes to compute gradients that nobody wants.",
    ),
    hint=say(
        fr="`model.eval()` éteint le dropout, pas le calcul des gradients. Affichez `model(**encoded).logits.requires_grad` "
        "avec et sans `torch.no_grad()`.",
        en="`model.eval()` switches dropout off, not the gradients. Print `model(**encoded).logits.requires_grad` with and "
        "without `torch.no_grad()`.",
    ),
)
GRAD_LEFT_OFF = Misconception(
    "grad_left_off",
    symptom=say(
        fr="Après l'appel, le calcul des gradients reste éteint pour tout le carnet : plus rien ne pourrait apprendre.",
        en="After the call, gradients stay switched off for the whole notebook: nothing could learn any more.",
    ),
    hint=say(
        fr="`torch.set_grad_enabled(False)` dure jusqu'à nouvel ordre. Que fait de plus `with torch.no_grad():` en sortant du bloc ?",
        en="`torch.set_grad_enabled(False)` lasts until further notice. What more does `with torch.no_grad():` do on leaving?",
    ),
)


def small_model(generator: torch.Generator) -> BertForMaskedLM:
    """A BERT of the tokenizer's vocabulary, with drawn weights: sharp predictions, and strong dropout when it trains."""
    model = BertForMaskedLM(BertConfig(**SMALL))
    for name, weight in model.named_parameters():
        drawn = torch.randn(weight.shape, generator=generator)
        weight.data = 1 + 0.3 * drawn if name.endswith("LayerNorm.weight") else 0.7 * drawn
    model.tie_weights()
    return model.eval()


SMALL = {
    "vocab_size": 8000,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 160,
    "hidden_dropout_prob": 0.3,
    "attention_probs_dropout_prob": 0.3,
}


def put(notebook: Any, model: BertForMaskedLM) -> Any:
    """The same model in the notebook, in evaluation mode."""
    theirs = notebook.keep("BertForMaskedLM", notebook.keep("BertConfig", **SMALL))
    notebook.on(theirs, "load_state_dict", dict(model.state_dict()))
    notebook.on(theirs, "eval")
    return theirs


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    return load_tokenizer("tiny-encoder")


def logits(model: BertForMaskedLM, text: str, **how: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The model's logits [L, V] for a text, and the positions of its masks."""
    encoded = tokenizer()(text, return_tensors="pt", **how)
    with torch.no_grad():
        scores = model(**encoded).logits[0]
    return scores, (encoded["input_ids"][0] == tokenizer().mask_token_id).nonzero().flatten()


def judge(got: Any, model: BertForMaskedLM, text: str, k: int) -> None:
    """Fail unless ``got`` is right, naming the misconception that explains the difference."""
    z, places = logits(model, text)
    expect(is_plain(got), TENSORS_RETURNED)
    if agrees(got, z[places].softmax(-1), k):
        return
    expect(not (len(got) == 1 < len(places)), FIRST_MASK_ONLY)
    assert len(got) == len(places)
    assert all(len(candidates) == k for candidates in got)
    blame(got, model, text, k)
    raise AssertionError("another difference")


def is_plain(got: Any) -> bool:
    return type(got) is list and all(
        type(candidates) is list
        and all(
            type(pair) is tuple and len(pair) == 2 and type(pair[0]) is str and type(pair[1]) is float
            for pair in candidates
        )
        for candidates in got
    )


def agrees(got: list[list[tuple[str, float]]], scores: torch.Tensor, k: int) -> bool:
    """Whether each mask has the ``k`` pieces of largest score [masks, V], in order. Equal ones may stand in any order."""
    if [len(candidates) for candidates in got] != [k] * len(scores):
        return False
    if not got:
        return True
    ids = [[number_of(piece) for piece, _ in candidates] for candidates in got]
    if any(None in row or len(set(row)) < k for row in ids):
        return False
    values = numbers(got)
    return close(values, scores.gather(1, torch.tensor(ids))) and close(values, scores.topk(k).values)


def number_of(piece: str) -> int | None:
    return vocabulary().get(piece)


@cache
def vocabulary() -> dict[str, int]:
    return tokenizer().get_vocab()


def numbers(got: list[list[tuple[str, float]]]) -> torch.Tensor:
    return torch.tensor([[value for _, value in candidates] for candidates in got], dtype=torch.float32)


def blame(got: list[list[tuple[str, float]]], model: BertForMaskedLM, text: str, k: int) -> None:
    """Name what is wrong with the candidates of a text, if it is known."""
    z, places = logits(model, text)
    p = z.softmax(-1)
    expect(not agrees(got, z[places], k), RAW_LOGITS)
    top = torch.full_like(z, -torch.inf).scatter(1, z.topk(k).indices, z.topk(k).values)
    expect(not agrees(got, top[places].softmax(-1), k), SOFTMAX_OVER_K)
    for last in (p[-1], p[-2]):
        expect(not agrees(got, last.expand(len(places), -1), k), LAST_POSITION)
    expect(not agrees(got, p[places - 1], k), SHIFTED)
    expect(not agrees([candidates[::-1] for candidates in got], p[places], k), ASCENDING)
    # The k least likely ones, too
    expect(not agrees([[(piece, -value) for piece, value in row] for row in got], -p[places], k), ASCENDING)
    bare, bare_places = logits(model, text, add_special_tokens=False)
    expect(not agrees(got, bare[bare_places].softmax(-1), k), NO_SPECIALS)
    cuts = [logits(model, text[: found.end()]) for found in re.finditer(r"\[MASK\]", text)]
    expect(not agrees(got, torch.stack([scores[masks[-1]] for scores, masks in cuts]).softmax(-1), k), LEFT_ONLY)
    expect(not agrees(got, in_turn(model, text), k), FILLS_IN_TURN)
    names = [tokenizer().convert_ids_to_tokens(row) for row in p[places].topk(k).indices.tolist()]
    bare_names = [[name.removeprefix("##") for name in row] for row in names]
    theirs = [[piece.strip().removeprefix("##") for piece, _ in row] for row in got]
    same_pieces = list(map(sorted, theirs)) == list(map(sorted, bare_names))  # equal ones may stand in any order
    expect(not (same_pieces and close(numbers(got), p[places].topk(k).values)), DECODED_PIECES)


def in_turn(model: BertForMaskedLM, text: str) -> torch.Tensor:
    """The probabilities of one who fills each blank with its likeliest piece before predicting the next."""
    ids = tokenizer()(text, return_tensors="pt")["input_ids"]
    found = []
    with torch.no_grad():
        for place in (ids[0] == tokenizer().mask_token_id).nonzero().flatten():
            found.append(model(ids).logits[0, place].softmax(-1))
            ids[0, place] = found[-1].argmax()
    return torch.stack(found)


def sentences(rng: random.Random) -> list[str]:
    """Two sentences in each language, of six words or more."""
    return [sentence(language, rng) for language in ("fr", "en") for _ in range(2)]


def sentence(language: Language, rng: random.Random) -> str:
    while len(re.findall(r"\w+", text := minimal_pair(language, rng).right)) < 6:
        pass
    return text


def with_blanks(text: str, rng: random.Random, how_many: int) -> str:
    """The text with that many words, neither the first nor the last, replaced by [MASK]."""
    words = [found.span() for found in re.finditer(r"\w+", text)][1:-1]
    for start, end in sorted(rng.sample(words, how_many), reverse=True):
        text = f"{text[:start]}[MASK]{text[end:]}"
    return text


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Pour chaque [MASK], les candidats sont ceux que donnent les logits du même modèle à cette position, avec leurs "
        "probabilités sur tout le vocabulaire.",
        en="For each [MASK], the candidates are those that the same model's logits at that position give, with their "
        "probabilities over the whole vocabulary.",
    ),
    hint=say(
        fr="Sur un texte d'un seul trou, comparez vos candidats à `model(**encoded).logits[0, i].softmax(-1).topk(k)`, où i "
        "est la position du trou.",
        en="On a text with a single blank, compare your candidates with `model(**encoded).logits[0, i].softmax(-1).topk(k)`, "
        "where i is the position of the blank.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_matches_own_computation(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs, tokens = put(student, model), student.keep("load_tokenizer", "tiny-encoder")
    for number, whole in enumerate(sentences(rng)):
        text, k = with_blanks(whole, rng, 1 + number % 2), rng.randint(20, 30)
        judge(student.fill_mask(theirs, tokens, text, k), model, text, k)


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Avec `tiny-encoder`, en français comme en anglais, deux textes de même début et de fins différentes donnent au "
        "trou des probabilités différentes, celles du modèle.",
        en="With `tiny-encoder`, in French as in English, two texts with the same beginning and different ends give the "
        "blank different probabilities, those of the model.",
    ),
    hint=say(
        fr="Gardez le début d'un texte, changez-en la fin, et regardez si vos probabilités bougent.",
        en="Keep the beginning of a text, change its end, and see whether your probabilities move.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_right_context(student: Any, rng: random.Random) -> None:
    model = load_model("tiny-encoder")
    theirs, tokens = student.keep("load_model", "tiny-encoder"), student.keep("load_tokenizer", "tiny-encoder")
    # All pieces, so that those that begin by ## are among them, whatever the model has learned
    k = len(vocabulary())
    for language in ("fr", "en"):
        begin = with_blanks(sentence(language, rng), rng, 1).partition("[MASK]")[0]
        ends = set()
        while len(ends) < 2:
            ends.add(sentence(language, rng).split(" ", 2)[2])
        texts = [f"{begin}[MASK] {end}" for end in sorted(ends)]
        got = [student.fill_mask(theirs, tokens, text, k) for text in texts]
        expect(all(map(is_plain, got)), TENSORS_RETURNED)
        expect(got[0] != got[1], LEFT_ONLY)
        for one, text in zip(got, texts, strict=True):
            judge(one, model, text, k)


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Chaque [MASK] a sa liste, dans l'ordre du texte, qu'il soit au début, à la fin ou collé à un autre ; un texte "
        "sans [MASK] n'en a aucune.",
        en="Each [MASK] has its list, in the order of the text, at the beginning, at the end or next to another; a text "
        "without [MASK] has none.",
    ),
    hint=say(
        fr="Essayez `[MASK] dort.`, `Il dort [MASK]`, `[MASK][MASK]`, puis un texte sans trou.",
        en="Try `[MASK] sleeps.`, `He sleeps [MASK]`, `[MASK][MASK]`, then a text without blank.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_masks_anywhere(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs, tokens = put(student, model), student.keep("load_tokenizer", "tiny-encoder")
    first, second, third, fourth = sentences(rng)
    texts = [
        f"[MASK] {first}",
        f"{second[:-1]} [MASK]",
        f"[MASK] {with_blanks(third, rng, 1)} [MASK][MASK] {with_blanks(fourth, rng, 2)} [MASK]",
        "[MASK]",
        f"{first} {second}",
    ]
    for text in rng.sample(texts, len(texts)):
        k = rng.randint(10, 20)
        judge(student.fill_mask(theirs, tokens, text, k), model, text, k)


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La somme des probabilités ne dépasse pas 1, et l'atteint quand k est la taille du vocabulaire ; k = 1 ne rend pas "
        "le modèle certain.",
        en="The probabilities sum to one at most, and reach it when k is the size of the vocabulary; k = 1 does not make the "
        "model certain.",
    ),
    hint=say(
        fr="Affichez la somme des probabilités pour k = 1, 10, puis la taille du vocabulaire.",
        en="Print the sum of the probabilities for k = 1, 10, then the size of the vocabulary.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_any_k(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs, tokens = put(student, model), student.keep("load_tokenizer", "tiny-encoder")
    text = with_blanks(sentences(rng)[rng.randrange(4)], rng, 1)
    for k in (1, rng.randint(2, 12), SMALL["vocab_size"]):
        got = student.fill_mask(theirs, tokens, text, k)
        judge(got, model, text, k)
        assert sum(value for _, value in got[0]) <= 1 + 1e-4
    assert close(numbers(got).sum(), torch.tensor(1.0))


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="La prédiction est celle du mode évaluation, quel que soit le mode où le modèle arrive ; il s'y retrouve après l'appel.",
        en="The prediction is that of evaluation mode, whatever the mode in which the model arrives; it is back in it afterwards.",
    ),
    hint=say(
        fr="Appelez `model.train()`, puis deux fois votre fonction : les réponses sont-elles les mêmes ? Que vaut "
        "`model.training` ensuite ? Et après `model.eval()` ?",
        en="Call `model.train()`, then your function twice: are the answers the same? What is `model.training` afterwards? "
        "And after `model.eval()`?",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_mode(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs, tokens = put(student, model), student.keep("load_tokenizer", "tiny-encoder")
    for mode in ("train", "eval"):
        student.on(theirs, mode)
        text = with_blanks(sentences(rng)[rng.randrange(4)], rng, 2)
        seen = student.observe("fill_mask", theirs, tokens, text, 20)
        expect(not seen.rng_touched, NO_EVAL)
        judge(seen.value, model, text, 20)
        for part in (theirs, student.on(theirs, "get_submodule", "bert.embeddings.dropout")):
            after = student.on(part, "__getattribute__", "training")
            expect(after is (mode == "train"), MODE_NOT_RESTORED)


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="L'appel ne construit aucun graphe de calcul, et laisse le calcul des gradients comme il l'a trouvé.",
        en="The call builds no computation graph, and leaves gradients switched on or off as it found them.",
    ),
    hint=say(
        fr="Un graphe garde en mémoire toutes les activations : que fait `torch.no_grad()` ?",
        en="A graph keeps all activations in memory: what does `torch.no_grad()` do?",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_builds_no_graph(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs, tokens = put(student, model), student.keep("load_tokenizer", "tiny-encoder")
    text = with_blanks(sentences(rng)[rng.randrange(4)], rng, 1)
    got, saved = saved_for_backward(student, lambda: student.fill_mask(theirs, tokens, text, 300))
    judge(got, model, text, 300)
    expect(saved == 0, GRAPH_BUILT)
    expect(student.is_grad_enabled() is True, GRAD_LEFT_OFF)


def saved_for_backward(notebook: Any, call: Callable[[], Any]) -> tuple[Any, Any]:
    """What a call returns, and how many tensors PyTorch kept in the notebook meanwhile for a backward pass."""
    kept = notebook.keep("list")
    append = notebook.on(kept, "__getattribute__", "append")
    hooks = notebook.keep("saved_tensors_hooks", append, append)
    notebook.on(hooks, "__enter__")
    value = call()
    notebook.on(hooks, "__exit__")
    return value, notebook.on(kept, "__len__")


@pytest.mark.exercise("fill_mask")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Un texte passe une seule fois dans le modèle, quel que soit le nombre de ses [MASK] (3 fois le temps de la référence).",
        en="A text goes through the model once, however many [MASK]s it has (3 times the reference's time).",
    ),
    hint=say(
        fr="Un passage donne les logits de toutes les positions : combien en faites-vous pour un texte à dix trous ? Et "
        "combien de morceaux rangez-vous pour n'en garder que k ?",
        en="One pass gives the logits of all positions: how many do you make for a text with ten blanks? And how many pieces "
        "do you sort to keep only k?",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, ratio=3)
def test_speed(race: Any, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)

    def prepared(notebook: Any) -> Callable[[list[str]], list[Any]]:
        theirs, tokens = put(notebook, model), notebook.keep("load_tokenizer", "tiny-encoder")
        return lambda texts: [notebook.fill_mask(theirs, tokens, text, 5) for text in texts]

    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return ([full_of_blanks(rng) for _ in range(8)],), {}

    def same(got: Any, wanted: Any) -> bool:
        return all(
            is_plain(one) and list(map(len, one)) == list(map(len, true)) and close(numbers(one), numbers(true))
            for one, true in zip(got, wanted, strict=True)
        )

    race(prepared, make=make, same=same)


def full_of_blanks(rng: random.Random) -> str:
    """Sixty words of a story, every second one hidden, and twenty blanks more."""
    words = re.findall(r"\w+", story(rng.choice(("fr", "en")), rng))[:60]
    return " ".join(word if number % 2 else "[MASK]" for number, word in enumerate(words)) + 20 * " [MASK]"
