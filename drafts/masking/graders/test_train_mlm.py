"""Hidden checks of `train_mlm`: the same steps as a trusted loop, and a small language that is learned from both sides."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from bareme.course.components import mask_tokens, mlm_loss
from bareme.grading.checks import Misconception, close, expect, say

pytestmark = [
    pytest.mark.given("bareme.course.components.mask_tokens", "bareme.course.components.mlm_loss"),
    pytest.mark.forbid("transformers.Trainer"),
]

STATIC_MASKS = Misconception(
    "static_masks",
    symptom=say(
        fr="Une phrase revue est masquée aux mêmes endroits que la fois d'avant : le modèle n'apprend à deviner que ceux-là.",
        en="A sentence that comes again is masked at the same places as before: the model learns to guess those alone.",
    ),
    hint=say(
        fr="Les masques se tirent à chaque pas, sur le lot de ce pas. Avec une seule phrase et `lr=0`, la perte doit changer "
        "d'un pas à l'autre : pourquoi ?",
        en="Masks are drawn at each step, on that step's batch. With one sentence and `lr=0`, the loss must change from one "
        "step to the next: why?",
    ),
)
NO_ZERO_GRAD = Misconception(
    "no_zero_grad",
    symptom=say(
        fr="Chaque mise à jour suit aussi les gradients des lots passés, qui s'accumulent.",
        en="Each update also follows the gradients of past batches, which pile up.",
    ),
    hint=say(
        fr="`backward()` ajoute à `grad` sans l'effacer. Appelez deux fois `(2 * w).backward()` sur un paramètre `w`, et "
        "regardez `w.grad`.",
        en="`backward()` adds to `grad` and does not clear it. Call `(2 * w).backward()` twice on a parameter `w`, and look "
        "at `w.grad`.",
    ),
)
TRAINS_ON_VALIDATION = Misconception(
    "trains_on_validation",
    symptom=say(
        fr="Le modèle a appris des phrases de validation : elles ne peuvent plus servir à le juger.",
        en="The model has learned sentences of the validation part: they can no longer be used to judge it.",
    ),
    hint=say(
        fr="Les lots ne se tirent que dans `data['train']`. Que mesure un examen dont on a appris les sujets ?",
        en="Batches are drawn from `data['train']` only. What does an exam measure when its questions were learned?",
    ),
)
EVAL_MODE = Misconception(
    "eval_mode",
    symptom=say(
        fr="Le dropout du modèle n'agit pas pendant l'entraînement.",
        en="The model's dropout does nothing during training.",
    ),
    hint=say(
        fr="Un modèle chargé arrive en mode évaluation. Comparez deux appels de `tiny_bert(12, 0, dropout=0.5)` aux mêmes "
        "données, avant et après `.train()`.",
        en="A loaded model comes in evaluation mode. Compare two calls of `tiny_bert(12, 0, dropout=0.5)` on the same data, "
        "before and after `.train()`.",
    ),
)
LR_IGNORED = Misconception(
    "lr_ignored",
    symptom=say(
        fr="Avec un pas nul, les poids changent tout de même.",
        en="With a step size of zero the weights change all the same.",
    ),
    hint=say(
        fr="Quel pas prend un optimiseur à qui l'on n'en donne pas ? Affichez `optimizer.defaults`.",
        en="Which step size does an optimizer take when it is given none? Print `optimizer.defaults`.",
    ),
)
ALL_TOKENS = Misconception(
    "all_tokens",
    symptom=say(
        fr="La perte compte des positions que `mask_tokens` n'a pas choisies : le modèle apprend surtout à recopier.",
        en="The loss counts positions that `mask_tokens` did not choose: the model mostly learns to copy.",
    ),
    hint=say(
        fr="`mask_tokens` rend deux tenseurs. Lequel dit où deviner, et avec quelle valeur ailleurs ?",
        en="`mask_tokens` returns two tensors. Which one says where to guess, and with which value elsewhere?",
    ),
)
PADS_ATTENDED = Misconception(
    "pads_attended",
    symptom=say(
        fr="Le remplissage pèse sur ce que le modèle lit des vrais mots.",
        en="Padding weighs on what the model reads of the real words.",
    ),
    hint=say(
        fr="Sans `attention_mask`, le modèle prend toutes les positions pour de vrais jetons. Ajoutez deux [PAD] à une phrase, "
        "et comparez ses `logits` avec et sans lui.",
        en="Without `attention_mask` the model takes all positions for real tokens. Add two [PAD] to a sentence, and compare "
        "its `logits` with and without it.",
    ),
)

State = dict[str, torch.Tensor]
Part = dict[str, torch.Tensor]
PAD = 0
KINDS, NOUNS, FILLERS = 4, 2, 4


def bert(vocab_size: int) -> BertForMaskedLM:
    """As the notebook's `tiny_bert`, in training mode, without dropout."""
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    config = BertConfig.from_dict(
        {
            "vocab_size": vocab_size,
            "hidden_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 4,
            "intermediate_size": 128,
            "max_position_embeddings": 64,
            "initializer_range": 0.05,
            **dropout,
        }
    )
    return BertForMaskedLM(config).train()


def fresh_state(vocab_size: int, rng: random.Random) -> State:
    """The weights of a new model, this student's own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(rng.getrandbits(62))
        return dict(bert(vocab_size).state_dict())


def model_with(state: State, vocab_size: int) -> BertForMaskedLM:
    model = bert(vocab_size).to(next(iter(state.values())).dtype)
    model.load_state_dict(state)
    return model


def double(state: State) -> State:
    return {name: one.double() for name, one in state.items()}


class Language:
    """Sentences whose words agree: an article, nouns and a verb of one kind, among fillers that say nothing.

    The article comes first, so only what stands on its right tells which it is. Words have numbers of their own for
    each student; ``planted`` stands in validation sentences alone, and these hold nothing else.
    """

    def __init__(self, rng: random.Random) -> None:
        self.vocab_size = rng.randint(40, 48)
        cls, sep, mask, self.planted, *words = rng.sample(range(1, self.vocab_size), self.vocab_size - 1)
        self.cls, self.sep, self.mask_id = cls, sep, mask
        self.special_ids = rng.sample([PAD, cls, sep, mask], 4)
        self.articles, self.verbs, self.fillers = words[:KINDS], words[KINDS : 2 * KINDS], words[2 * KINDS :][:FILLERS]
        rest = words[2 * KINDS + FILLERS :]
        self.nouns = [rest[NOUNS * kind : NOUNS * (kind + 1)] for kind in range(KINDS)]

    def sentence(self, rng: random.Random) -> list[int]:
        kind = rng.randrange(KINDS)
        words = [self.cls, self.articles[kind]]
        for word in (rng.choice(self.nouns[kind]), self.verbs[kind], rng.choice(self.nouns[kind])):
            words += [rng.choice(self.fillers)] * rng.randint(0, 1) + [word]
        return [*words, self.sep]

    def part(self, sentences: list[list[int]]) -> Part:
        length = max(map(len, sentences))
        ids = torch.tensor([one + [PAD] * (length - len(one)) for one in sentences])
        special = torch.isin(ids, torch.tensor(self.special_ids))
        return {"ids": ids, "special": special, "attention_mask": (ids != PAD).long()}

    def data(self, rng: random.Random, rows: int) -> dict[str, Any]:
        held = [[self.cls, *[self.planted] * rng.randint(3, 7), self.sep] for _ in range(max(rows // 2, 5))]
        train = [self.sentence(rng) for _ in range(rows)]
        numbers = {"mask_id": self.mask_id, "vocab_size": self.vocab_size, "special_ids": self.special_ids}
        # Shuffled: nothing tells from the order of keys which part comes first
        parts = [("train", self.part(train)), ("validation", self.part(held))]
        return {**dict(rng.sample(parts, 2)), **numbers}


def trained(
    state: State,
    data: dict[str, Any],
    steps: int,
    lr: float,
    seed: int,
    *,
    idea: str = "right",
) -> tuple[torch.Tensor, State]:
    """The losses and the weights afterwards: by the steps that the statement tells, or with one thing done otherwise."""
    model = model_with(state, data["vocab_size"])
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3 if idea == "default lr" else lr)
    part, validation = data["train"], data["validation"]
    if idea == "validation":
        length = max(one["ids"].shape[1] for one in (part, validation))
        part = {
            name: torch.cat([padded(one[name], length, filler) for one in (part, validation)])
            for name, filler in (("ids", PAD), ("special", 1), ("attention_mask", 0))
        }
    numbers = (data["mask_id"], data["vocab_size"], data["special_ids"], 0.15, generator)
    once = mask_tokens(part["ids"], part["special"], *numbers) if idea == "static" else None
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(part["ids"]), (32,), generator=generator)
        if once is None:
            inputs, labels = mask_tokens(part["ids"][rows], part["special"][rows], *numbers)
        else:
            inputs, labels = once[0][rows], once[1][rows]
        if idea == "all tokens":
            labels = part["ids"][rows]
        elif idea == "all words":
            labels = part["ids"][rows].masked_fill(part["special"][rows], -100)
        real = torch.ones_like(inputs) if idea == "pads" else part["attention_mask"][rows]
        loss = mlm_loss(model(input_ids=inputs, attention_mask=real).logits, labels)
        if idea != "no zero_grad":
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64), dict(model.state_dict())


def padded(rows: torch.Tensor, length: int, filler: int) -> torch.Tensor:
    extra = torch.full((len(rows), length - rows.shape[1]), filler, dtype=rows.dtype)
    return torch.cat([rows, extra], dim=1)


IDEAS = (
    (STATIC_MASKS, "static"),
    (NO_ZERO_GRAD, "no zero_grad"),
    (TRAINS_ON_VALIDATION, "validation"),
    (ALL_TOKENS, "all tokens"),
    (ALL_TOKENS, "all words"),
    (PADS_ATTENDED, "pads"),
    (LR_IGNORED, "default lr"),
)


def hand_over(notebook: Any, state: State, vocab_size: int, *, dropout: float = 0.0) -> Any:
    """A model in the sandbox with these weights and their type, in evaluation mode."""
    model = notebook.keep("tiny_bert", vocab_size, 0, dropout=dropout)
    notebook.on(model, "double" if next(iter(state.values())).dtype == torch.float64 else "float")
    notebook.on(model, "load_state_dict", state)
    return model


def losses_of(answer: Any, steps: int) -> torch.Tensor:
    """The student's losses, once they are known to be a list of as many floats."""
    assert type(answer) is list
    assert len(answer) == steps
    assert all(type(one) is float for one in answer)
    return torch.tensor(answer, dtype=torch.float64)


def state_of(notebook: Any, model: Any, like: State) -> State:
    """The weights of a model in the sandbox, once they are known to be as many and as large as ``like``."""
    got = notebook.on(model, "state_dict")
    assert type(got) is dict
    assert set(got) == set(like)
    for name, one in like.items():
        assert isinstance(got[name], torch.Tensor)
        assert (got[name].shape, got[name].dtype) == (one.shape, one.dtype)
        assert bool(got[name].isfinite().all())
    return got


@contextmanager
def default_type_of(notebook: Any, vocab_size: int) -> Iterator[None]:
    """Draw here as in the sandbox: with another default type, which a student's cell may set, the masks are others."""
    state = notebook.on(notebook.keep("tiny_bert", vocab_size, 0), "state_dict")
    assert type(state) is dict
    before = torch.get_default_dtype()
    if any(isinstance(one, torch.Tensor) and one.dtype == torch.float64 for one in state.values()):
        torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def judge(student: Any, model: Any, answer: Any, state: State, data: dict[str, Any], *how: Any) -> torch.Tensor:
    """Fail unless losses and weights are right, naming the misconception that explains the losses. ``how``: steps, lr, seed."""
    losses = losses_of(answer, how[0])
    with default_type_of(student, data["vocab_size"]):
        wanted, after = trained(state, data, *how)
        if not close(losses, wanted):
            for misconception, idea in IDEAS:
                expect(not close(losses, trained(state, data, *how, idea=idea)[0]), misconception)
            raise AssertionError("other losses")
    got = state_of(student, model, after)
    assert all(close(got[name], one) for name, one in after.items())
    return losses


def train_and_judge(student: Any, state: State, data: dict[str, Any], *how: Any) -> torch.Tensor:
    model = hand_over(student, state, data["vocab_size"])
    return judge(student, model, student.train_mlm(model, data, *how), state, data, *how)


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=7,
    rationale=say(
        fr="Mêmes lots, mêmes masques, mêmes pertes et mêmes poids, pas après pas, que la boucle de l'énoncé.",
        en="The same batches, masks, losses and weights, step after step, as the loop of the statement.",
    ),
    hint=say(
        fr="Relisez l'ordre des tirages, puis celui des opérations : tirer, masquer, prédire, effacer les gradients, dériver, "
        "mettre à jour. Laquelle manque, ou change de place ?",
        en="Read again the order of the draws, then that of the operations: draw, mask, predict, clear gradients, derive, "
        "update. Which one is missing, or elsewhere?",
    ),
)
@pytest.mark.budget(cpu=15, wall=150)
def test_same_steps(student: Any, rng: random.Random) -> None:
    language = Language(rng)
    for rows, lr, steps in ((9, 0.02, 6), (45, 0.003, 3)):
        state = double(fresh_state(language.vocab_size, rng))
        train_and_judge(student, state, language.data(rng, rows), steps, lr, rng.getrandbits(31))


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Un modèle neuf part d'une perte proche de ln V ; avec un pas nul, ou sans aucun pas, aucun poids ne change.",
        en="A new model starts with a loss close to ln V; with a step size of zero, or without any step, no weight changes.",
    ),
    hint=say(
        fr="Affichez la première perte et `math.log(vocab_size)`, puis essayez `lr=0`, et `steps=0`.",
        en="Print the first loss and `math.log(vocab_size)`, then try `lr=0`, and `steps=0`.",
    ),
)
@pytest.mark.budget(cpu=15, wall=150)
def test_standing_still(student: Any, rng: random.Random) -> None:
    language = Language(rng)
    state, data = double(fresh_state(language.vocab_size, rng)), language.data(rng, 20)
    model = hand_over(student, state, language.vocab_size)
    answer = student.train_mlm(model, data, 4, 0.0, rng.getrandbits(31))
    losses = losses_of(answer, 4)
    after = state_of(student, model, state)
    expect(all(torch.equal(after[name], one) for name, one in state.items()), LR_IGNORED)
    # Of a new model, one batch's loss was within 0.33 of it with each of 400 seeds
    assert abs(float(losses[0]) - math.log(language.vocab_size)) < 0.9
    assert student.train_mlm(model, data, 0, 0.1, 0) == []
    after = state_of(student, model, state)
    assert all(torch.equal(after[name], one) for name, one in state.items())
    # And it does move when it is to
    train_and_judge(student, state, data, 3, 0.01, rng.getrandbits(31))


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Les masques sont tirés à nouveau à chaque pas : une même phrase pose chaque fois d'autres questions.",
        en="Masks are drawn anew at each step: one sentence asks other questions each time.",
    ),
    hint=say(
        fr="Entraînez avec une seule phrase et `lr=0`, et regardez les pertes.",
        en="Train with one sentence and `lr=0`, and look at the losses.",
    ),
)
@pytest.mark.budget(cpu=15, wall=150)
def test_masks_are_drawn_again(student: Any, rng: random.Random) -> None:
    language = Language(rng)
    state, data = double(fresh_state(language.vocab_size, rng)), language.data(rng, 1)
    model = hand_over(student, state, language.vocab_size)
    how = (5, 0.0, rng.getrandbits(31))
    answer = student.train_mlm(model, data, *how)
    # 32 times the same sentence, and a model that does not move: with masks of once, each step's loss is the same
    losses = losses_of(answer, 5)
    expect(bool((losses[1:] - losses[0]).abs().max() > 1e-9), STATIC_MASKS)
    judge(student, model, answer, state, data, *how)


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le modèle s'entraîne en mode entraînement, dropout compris, et retrouve ensuite le mode dans lequel il est arrivé.",
        en="The model trains in training mode, dropout included, and is then back in the mode in which it came.",
    ),
    hint=say(
        fr="Regardez `model.training` avant, pendant et après l'appel, pour un modèle reçu dans chacun des deux modes.",
        en="Look at `model.training` before, during and after the call, for a model that came in either mode.",
    ),
)
@pytest.mark.budget(cpu=15, wall=150)
def test_training_mode(student: Any, rng: random.Random) -> None:
    language = Language(rng)
    state, data = double(fresh_state(language.vocab_size, rng)), language.data(rng, 20)
    how = (3, 0.0, rng.getrandbits(31))
    with default_type_of(student, language.vocab_size):
        still, _ = trained(state, data, *how)
    for mode in ("eval", "train"):
        model = hand_over(student, state, language.vocab_size, dropout=0.5)
        student.on(model, mode)
        losses = losses_of(student.train_mlm(model, data, *how), 3)
        expect(not close(losses, still), EVAL_MODE)
        # Dropout moves the loss of a new model, by 0.23 at most with each of 100 seeds
        assert bool(((losses - still).abs() < 1.5).all())
        training = student.on(model, "__getattribute__", "training")
        assert type(training) is bool
        assert training == (mode == "train")
    train_and_judge(student, state, data, 3, 0.01, rng.getrandbits(31))


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Le modèle devine mieux que par les seules fréquences les mots masqués de phrases nouvelles, sans avoir rien appris "
        "de la validation.",
        en="The model guesses the masked words of new sentences better than by frequencies alone, and has learned nothing of "
        "the validation part.",
    ),
    hint=say(
        fr="Tracez la perte : descend-elle nettement sous sa valeur de départ en une centaine de pas ?",
        en="Plot the loss: does it get clearly below its first value within a hundred steps?",
    ),
)
@pytest.mark.budget(cpu=40, wall=300)
def test_learns(student: Any, reference: Any, rng: random.Random) -> None:
    gains, wanted = [], []
    for state, data, language, seed in lessons(rng, 3):
        new = [language.sentence(rng) for _ in range(60)]
        baseline = frequencies_alone(data["train"], new, language)
        ours, theirs = (learned(notebook, state, data, seed) for notebook in (reference, student))
        # Validation holds one word over and over, that stands nowhere else
        planted = [[language.cls, *[language.planted] * 5, language.sep]]
        expect(float(guesses(theirs, planted, [3], language)[0, language.planted]) < 0.3, TRAINS_ON_VALIDATION)
        gains.append(accuracy(theirs, new, language) - baseline)
        wanted.append(accuracy(ours, new, language) - baseline)
    if sum(wanted) / 3 < 0.1:
        raise RuntimeError("the reference does not learn this language")
    assert sum(gains) > sum(wanted) / 2


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le modèle devine un mot que seule la suite de la phrase détermine : il lit aussi à droite.",
        en="The model guesses a word that only the rest of the sentence determines: it reads on the right, too.",
    ),
    hint=say(
        fr="Quelle attention votre boucle laisse-t-elle au modèle ? `attention_mask` ne cache que le remplissage.",
        en="What attention does your loop leave to the model? `attention_mask` hides padding alone.",
    ),
)
@pytest.mark.budget(cpu=20, wall=150)
def test_right_context(student: Any, reference: Any, rng: random.Random) -> None:
    for state, data, language, seed in lessons(rng, 1):
        new = [language.sentence(rng) for _ in range(100)]
        articles = torch.tensor([one[1] for one in new])
        # Whoever reads from left to right has seen [CLS] alone, and can but give the same answer each time
        baseline = float(articles.bincount().max()) / len(new)
        scores = []
        for notebook in (reference, student):
            after = learned(notebook, state, data, seed)
            best = guesses(after, new, [1] * len(new), language).argmax(dim=-1)
            scores.append(float((best == articles).double().mean()) - baseline)
        if scores[0] < 0.1:
            raise RuntimeError("the reference does not learn this language")
        assert scores[1] > scores[0] / 2


def lessons(rng: random.Random, runs: int) -> Iterator[tuple[State, dict[str, Any], Language, int]]:
    """Weights, data, their language and a seed: what one training starts from."""
    for _ in range(runs):
        language = Language(rng)
        yield fresh_state(language.vocab_size, rng), language.data(rng, 256), language, rng.getrandbits(31)


def learned(notebook: Any, state: State, data: dict[str, Any], seed: int) -> State:
    """The weights after a hundred steps in a notebook."""
    model = hand_over(notebook, state, data["vocab_size"])
    notebook.train_mlm(model, data, 100, 0.003, seed)
    return state_of(notebook, model, state)


def guesses(state: State, sentences: list[list[int]], places: list[int], language: Language) -> torch.Tensor:
    """Probabilities [N, V] of each word at one masked place of each sentence."""
    part = language.part(sentences)
    rows, columns = torch.arange(len(sentences)), torch.tensor(places)
    inputs = part["ids"].clone()
    inputs[rows, columns] = language.mask_id
    with torch.no_grad():
        logits = model_with(state, language.vocab_size)(input_ids=inputs, attention_mask=part["attention_mask"]).logits
    return logits[rows, columns].softmax(dim=-1)


def questions(sentences: list[list[int]]) -> list[tuple[list[int], int]]:
    """Each word of each sentence in turn."""
    return [(one, place) for one in sentences for place in range(1, len(one) - 1)]


def accuracy(state: State, sentences: list[list[int]], language: Language) -> float:
    asked = questions(sentences)
    best = guesses(state, [one for one, _ in asked], [place for _, place in asked], language).argmax(dim=-1)
    return float((best == torch.tensor([one[place] for one, place in asked])).double().mean())


def frequencies_alone(train: Part, sentences: list[list[int]], language: Language) -> float:
    """How often the most frequent word of the training part is right."""
    best = int(train["ids"][~train["special"]].bincount(minlength=language.vocab_size).argmax())
    asked = questions(sentences)
    return sum(one[place] == best for one, place in asked) / len(asked)


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Même graine, mêmes pertes ; autre graine, autres pertes. Ni les données ni les générateurs globaux ne changent.",
        en="The same seed gives the same losses, another seed others. Neither the data nor the global generators change.",
    ),
    hint=say(
        fr="Tout le hasard vient de `torch.Generator().manual_seed(seed)`, créé dans la fonction ; `torch.manual_seed` touche au "
        "générateur global.",
        en="All randomness comes from `torch.Generator().manual_seed(seed)`, made in the function; `torch.manual_seed` touches "
        "the global generator.",
    ),
)
@pytest.mark.budget(cpu=15, wall=150)
def test_leaves_everything_as_found(student: Any, rng: random.Random) -> None:
    language = Language(rng)
    state, data = double(fresh_state(language.vocab_size, rng)), language.data(rng, 12)
    seed = rng.getrandbits(31)
    runs = []
    for this in (seed, seed, seed + 1):
        model = hand_over(student, state, language.vocab_size)
        seen = student.observe("train_mlm", model, data, 3, 0.01, this)
        runs.append(judge(student, model, seen.value, state, data, 3, 0.01, this))
        assert not seen.rng_touched
        assert len(seen.args) == 5
        assert unchanged(seen.args[1], data)
    assert close(runs[1], runs[0])
    assert not close(runs[2], runs[0])


def unchanged(after: Any, before: Any) -> bool:
    if isinstance(before, dict):
        return type(after) is dict and set(after) == set(before) and all(unchanged(after[k], before[k]) for k in before)
    if isinstance(before, torch.Tensor):
        return isinstance(after, torch.Tensor) and after.dtype == before.dtype and torch.equal(after, before)
    return type(after) is type(before) and bool(after == before)


@pytest.mark.exercise("train_mlm")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Un lot passe dans le modèle en une fois (3 fois le temps de la référence).",
        en="A batch goes through the model in one go (3 times the reference's time).",
    ),
    hint=say(
        fr="Le modèle prend un tenseur `[32, L]` : combien d'appels faites-vous par pas ?",
        en="The model takes a tensor `[32, L]`: how many calls do you make at each step?",
    ),
)
@pytest.mark.budget(cpu=30, wall=200, ratio=3)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        language = Language(rng)
        return (fresh_state(language.vocab_size, rng), language.data(rng, 64), rng.getrandbits(31)), {}

    def prepared(notebook: Any) -> Any:
        def call(state: State, data: dict[str, Any], seed: int) -> Any:
            model = hand_over(notebook, state, data["vocab_size"])
            return notebook.train_mlm(model, data, 50, 0.003, seed)

        return call

    def same(value: Any, wanted: Any) -> bool:
        # The same fall of the loss, and no more: masks are others with another default type, and rounding is float32's
        losses, right = losses_of(value, 50), torch.tensor(wanted, dtype=torch.float64)
        return bool((losses[:10].mean() - right[:10].mean()).abs() < 0.5) and bool(
            (losses[-10:].mean() - right[-10:].mean()).abs() < 0.5
        )

    race(prepared, make=make, same=same)
