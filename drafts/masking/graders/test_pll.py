"""Hidden checks of `pll`: a loop over the same model, one masked position at a time, computed here, and what follows from it.

Most models are drawn for the check: small, with sharp predictions and strong dropout, so that no check depends on what
`tiny-encoder` has learned.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from bareme.course import load_model, load_tokenizer
from bareme.course.generator.agreement import minimal_pair
from bareme.course.generator.words import Language
from bareme.grading.checks import Misconception, close, expect, say

# What prepares and watches models in the notebook, whatever it did with these names
pytestmark = pytest.mark.given(
    "bareme.course.load_model",
    "transformers.BertConfig",
    "transformers.BertForMaskedLM",
    "torch.is_grad_enabled",
    "torch.autograd.graph.saved_tensors_hooks",
    "builtins.list",
)

TARGET_UNMASKED = Misconception(
    "target_unmasked",
    symptom=say(
        fr="Le modèle voit le jeton dont on lui demande la probabilité : il n'a qu'à le recopier.",
        en="The model sees the token whose probability it is asked for: it only has to copy it.",
    ),
    hint=say(
        fr="Chaque jeton se cache à son tour. Affichez les lignes que vous donnez au modèle : combien de [MASK] y comptez-vous ?",
        en="Each token is hidden in turn. Print the rows that you give the model: how many [MASK]s do you count in them?",
    ),
)
ALL_MASKED = Misconception(
    "all_masked",
    symptom=say(
        fr="Tous les jetons sont cachés en même temps : le modèle ne voit plus rien de la phrase que sa longueur.",
        en="All tokens are hidden at the same time: the model sees nothing of the sentence any more but its length.",
    ),
    hint=say(
        fr="La probabilité d'un jeton se mesure au vu de tous les autres. Combien de [MASK] y a-t-il dans chaque ligne ?",
        en="The probability of a token is measured in view of all the others. How many [MASK]s are there in each row?",
    ),
)
MASKS_PILE_UP = Misconception(
    "masks_pile_up",
    symptom=say(
        fr="Un jeton déjà compté reste caché quand vient le tour des suivants.",
        en="A token that was counted already stays hidden when the turn of the next ones comes.",
    ),
    hint=say(
        fr="Écrire un [MASK] dans une ligne partagée par tous les tours l'y laisse. Chaque ligne part-elle d'une copie intacte de `ids` ?",
        en="Writing a [MASK] into a row that all turns share leaves it there. Does each row start from an intact copy of `ids`?",
    ),
)
LEFT_ONLY = Misconception(
    "left_only",
    symptom=say(
        fr="Un jeton n'est prédit qu'au vu de ceux qui le précèdent.",
        en="A token is predicted in view of those before it only.",
    ),
    hint=say(
        fr="La règle de la chaîne est celle des modèles causaux. Ici, seul un jeton est caché : la suite reste visible.",
        en="The chain rule is that of causal models. Here a single token is hidden: what follows stays visible.",
    ),
)
SHIFTED = Misconception(
    "shifted",
    symptom=say(
        fr="La probabilité du jeton caché est lue à une autre position que la sienne.",
        en="The probability of the hidden token is read at another position than its own.",
    ),
    hint=say(
        fr="La première ligne cache la position 1, non la position 0. Affichez, pour chaque ligne, la position du [MASK] et "
        "celle dont vous lisez les logits.",
        en="The first row hides position 1, not position 0. Print, for each row, the position of the [MASK] and the one "
        "whose logits you read.",
    ),
)
SPECIALS_SCORED = Misconception(
    "specials_scored",
    symptom=say(
        fr="[CLS] ou [SEP] sont cachés et comptés eux aussi : la phrase paie pour des jetons qui ne sont pas d'elle.",
        en="[CLS] or [SEP] are hidden and counted too: the sentence pays for tokens that are not its own.",
    ),
    hint=say(
        fr="Combien de termes votre somme a-t-elle pour une phrase de L positions ? Que vaut-elle pour `[CLS] [SEP]` ?",
        en="How many terms has your sum for a sentence of L positions? What is it for `[CLS] [SEP]`?",
    ),
)
UNKNOWN_SKIPPED = Misconception(
    "unknown_skipped",
    symptom=say(
        fr="Un jeton du milieu de la phrase n'est pas compté, alors que seules la première et la dernière position sont à part.",
        en="A token in the middle of the sentence is not counted, whereas only the first and the last position are apart.",
    ),
    hint=say(
        fr="Ne reconnaissez pas les jetons spéciaux à leur identifiant : un [UNK] tient la place d'un mot, et d'autres modèles "
        "numérotent autrement.",
        en="Don't tell special tokens by their id: an [UNK] stands for a word, and other models number differently.",
    ),
)
MASK_ID_IGNORED = Misconception(
    "mask_id_ignored",
    symptom=say(
        fr="Avec un modèle dont le [MASK] a un autre identifiant, ce n'est pas lui qui cache les jetons.",
        en="With a model whose [MASK] has another id, it is not what hides the tokens.",
    ),
    hint=say(
        fr="Le 4 n'est que la valeur par défaut. Où votre code se sert-il de `mask_id` ?",
        en="4 is only the default. Where does your code use `mask_id`?",
    ),
)
MEAN_NOT_SUM = Misconception(
    "mean_not_sum",
    symptom=say(
        fr="Le résultat est divisé par un nombre de jetons : une phrase deux fois plus longue ne coûte pas plus.",
        en="The result is divided by a number of tokens: a sentence twice as long costs no more.",
    ),
    hint=say(
        fr="La PLL est une somme. Que fait `F.cross_entropy` sans l'argument `reduction` ?",
        en="The PLL is a sum. What does `F.cross_entropy` do without the argument `reduction`?",
    ),
)
SIGN = Misconception(
    "sign",
    symptom=say(
        fr="Le résultat est positif : plus une phrase est vraisemblable, plus il est petit.",
        en="The result is positive: the likelier a sentence, the smaller it is.",
    ),
    hint=say(
        fr="`F.cross_entropy` donne l'opposé d'une log-probabilité. Quel est le signe de ln 0,5 ?",
        en="`F.cross_entropy` gives the opposite of a log-probability. What is the sign of ln 0.5?",
    ),
)
RAW_LOGITS = Misconception(
    "raw_logits",
    symptom=say(
        fr="La somme est celle de logits bruts, qui ne sont pas des logarithmes de probabilités.",
        en="The sum is that of raw logits, which are not logarithms of probabilities.",
    ),
    hint=say(
        fr="Ajouter 5 à tous les logits d'une position ne change aucune probabilité : votre résultat y est-il insensible ?",
        en="Adding 5 to all the logits of a position changes no probability: does your result stay the same?",
    ),
)
PROBABILITIES = Misconception(
    "probabilities",
    symptom=say(
        fr="Ce sont des probabilités que vous additionnez, ou multipliez, sans passer par leur logarithme.",
        en="You add, or multiply, probabilities without going through their logarithm.",
    ),
    hint=say(
        fr="Refaites à la main l'exemple de l'énoncé : ln 0,5 + ln 0,1 + ln 0,2.",
        en="Redo the example of the statement by hand: ln 0.5 + ln 0.1 + ln 0.2.",
    ),
)
NO_EVAL = Misconception(
    "no_eval",
    symptom=say(
        fr="Quand le modèle arrive en mode entraînement, le résultat dépend du hasard.",
        en="When the model arrives in training mode, the result depends on chance.",
    ),
    hint=say(
        fr="En mode entraînement, le dropout éteint des neurones au hasard, et `torch.no_grad()` n'y change rien. Comparez deux "
        "appels de suite après `model.train()`.",
        en="In training mode, dropout switches neurons off at random, and `torch.no_grad()` does not change that. Compare two "
        "calls in a row after `model.train()`.",
    ),
)
MODE_NOT_RESTORED = Misconception(
    "mode_not_restored",
    symptom=say(
        fr="Après l'appel, le modèle n'est plus dans le mode (entraînement ou évaluation) où il était arrivé.",
        en="After the call, the model is no longer in the mode (training or evaluation) in which it arrived.",
    ),
    hint=say(
        fr="Notez `model.training` avant d'appeler `model.eval()`, et rendez-le ensuite par `model.train(…)`.",
        en="Note `model.training` before you call `model.eval()`, and give it back afterwards by `model.train(…)`.",
    ),
)
GRAPH_BUILT = Misconception(
    "graph_built",
    symptom=say(
        fr="Pendant l'appel, PyTorch garde de quoi calculer des gradients dont personne ne veut.",
        en="During the call, PyTorch keeps what it takes to compute gradients that nobody wants.",
    ),
    hint=say(
        fr="`model.eval()` éteint le dropout, pas le calcul des gradients ; `.item()` et `.detach()` viennent trop tard. Que "
        "fait `torch.no_grad()` ?",
        en="`model.eval()` switches dropout off, not the gradients; `.item()` and `.detach()` come too late. What does "
        "`torch.no_grad()` do?",
    ),
)
IN_PLACE = Misconception(
    "in_place",
    symptom=say(
        fr="Après l'appel, `ids` n'est plus la phrase reçue : des [MASK] y sont restés.",
        en="After the call, `ids` is no longer the sentence received: [MASK]s have stayed in it.",
    ),
    hint=say(
        fr="`expand` et une tranche partagent la mémoire du tenseur de départ ; `clone` et `repeat` la recopient. Affichez "
        "`ids` après l'appel.",
        en="`expand` and a slice share the memory of the tensor they come from; `clone` and `repeat` copy it. Print `ids` "
        "after the call.",
    ),
)

MASK = 7
SMALL = {
    "vocab_size": 60,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 64,
    "hidden_dropout_prob": 0.3,
    "attention_probs_dropout_prob": 0.3,
}


def small_model(generator: torch.Generator) -> BertForMaskedLM:
    """A BERT with drawn weights, whose [MASK] is number 7: sharp predictions, and strong dropout when it trains."""
    model = BertForMaskedLM(BertConfig(**SMALL))
    for name, weight in model.named_parameters():
        drawn = torch.randn(weight.shape, generator=generator)
        weight.data = 1 + 0.3 * drawn if name.endswith("LayerNorm.weight") else 0.5 * drawn
    model.tie_weights()
    return model.eval()


def put(notebook: Any, model: BertForMaskedLM) -> Any:
    """The same model in the notebook, in evaluation mode."""
    theirs = notebook.keep("BertForMaskedLM", notebook.keep("BertConfig", **SMALL))
    notebook.on(theirs, "load_state_dict", dict(model.state_dict()))
    notebook.on(theirs, "eval")
    return theirs


def sentence(rng: random.Random, length: int) -> torch.Tensor:
    """[CLS] and [SEP], numbers 2 and 3, around words from 8 up."""
    return torch.tensor([2, *(rng.randrange(8, SMALL["vocab_size"]) for _ in range(length - 2)), 3])


def scores(model: BertForMaskedLM, ids: torch.Tensor, hide: Callable[[int], list[int]], mask_id: int) -> torch.Tensor:
    """[L, V]: for each position, one pass alone, the logits there when the positions that ``hide`` names are masked."""
    found = []
    for place in range(len(ids)):
        row = ids.clone()
        row[hide(place)] = mask_id
        with torch.no_grad():
            found.append(model(row[None]).logits[0, place])
    return torch.stack(found)


def log_p(z: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The log-probability of each position's own token, [L]."""
    return z.double().log_softmax(dim=-1).gather(1, ids[:, None])[:, 0]


def right(model: BertForMaskedLM, ids: torch.Tensor, mask_id: int) -> torch.Tensor:
    """float64, as a tensor without dimension."""
    return log_p(scores(model, ids, lambda place: [place], mask_id), ids)[1:-1].sum()


def judge(got: Any, model: BertForMaskedLM, ids: torch.Tensor, mask_id: int = MASK) -> None:
    """Fail unless ``got`` is right, naming the misconception that explains the difference."""
    assert type(got) is float
    wanted = right(model, ids, mask_id)
    if same(got, wanted):
        return
    for misconception, value in mistakes(model, ids, mask_id):
        expect(not same(got, value), misconception)
    raise AssertionError("another difference")


def same(got: float, wanted: torch.Tensor) -> bool:
    return close(torch.tensor(got, dtype=torch.float32), wanted.float())


def mistakes(model: BertForMaskedLM, ids: torch.Tensor, mask_id: int) -> list[tuple[Misconception, torch.Tensor]]:
    """What the known wrong ideas make of a sentence."""
    length = len(ids)
    words = list(range(1, length - 1))
    z = scores(model, ids, lambda place: [place], mask_id)
    true = log_p(z, ids)
    inner = true[1:-1]
    bare, together = (
        log_p(scores(model, ids, lambda _, hidden=hidden: hidden, mask_id), ids) for hidden in ([], words)
    )
    everything = log_p(scores(model, ids, lambda _: list(range(length)), mask_id), ids)
    piled, ahead = (
        log_p(scores(model, ids, hide, mask_id), ids)
        for hide in (lambda place: list(range(1, place + 1)), lambda place: list(range(place, length - 1)))
    )
    piled_from_start = log_p(scores(model, ids, lambda place: list(range(place + 1)), mask_id), ids)
    cut = [log_p(scores(model, ids[: place + 1], lambda p: [p], mask_id), ids[: place + 1])[place] for place in words]
    other = log_p(scores(model, ids, lambda place: [place], 4), ids)
    own = z.double().gather(1, ids[:, None])[1:-1].sum()
    return [
        *((TARGET_UNMASKED, value) for value in (bare[1:-1].sum(), bare.sum())),
        *((ALL_MASKED, value) for value in (together[1:-1].sum(), everything[1:-1].sum(), everything.sum())),
        *((MASKS_PILE_UP, value) for value in (piled[1:-1].sum(), piled_from_start[1:-1].sum())),
        *((LEFT_ONLY, value) for value in (ahead[1:-1].sum(), torch.stack(cut).sum())),
        *((SHIFTED, value) for value in (shifted(model, ids, mask_id, -1), shifted(model, ids, mask_id, 1))),
        *((SPECIALS_SCORED, value) for value in (true.sum(), true[1:].sum(), true[:-1].sum())),
        (UNKNOWN_SKIPPED, inner[ids[1:-1] > 4].sum()),
        (MASK_ID_IGNORED, other[1:-1].sum()),
        (SIGN, -inner.sum()),
        *((MEAN_NOT_SUM, sign * inner.sum() / by) for sign in (1, -1) for by in (length - 2, length, length - 1)),
        (RAW_LOGITS, own),
        *((PROBABILITIES, value) for value in (inner.exp().sum(), inner.sum().exp())),
    ]


def shifted(model: BertForMaskedLM, ids: torch.Tensor, mask_id: int, by: int) -> torch.Tensor:
    """The sum for one who hides each token, but reads its probability ``by`` positions further."""
    total = torch.tensor(0.0, dtype=torch.float64)
    for place in range(1, len(ids) - 1):
        row = ids.clone()
        row[place] = mask_id
        with torch.no_grad():
            total += model(row[None]).logits[0, place + by].double().log_softmax(dim=-1)[ids[place]]
    return total


@pytest.mark.exercise("pll")
@pytest.mark.check(
    weight=5,
    rationale=say(
        fr="La PLL est la somme, sur les positions du milieu, des log-probabilités du vrai jeton quand lui seul est caché.",
        en="The PLL is the sum, over the positions in the middle, of the log-probabilities of the true token when it alone is hidden.",
    ),
    hint=say(
        fr="Sur une phrase de deux mots, affichez les deux lignes données au modèle, puis les deux log-probabilités.",
        en="On a sentence of two words, print the two rows given to the model, then the two log-probabilities.",
    ),
)
@pytest.mark.budget(cpu=15, wall=75)
def test_matches_loop(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs = put(student, model)
    for length in (rng.randint(6, 9), rng.randint(12, 20)):
        ids = sentence(rng, length)
        judge(student.pll(theirs, ids, mask_id=MASK), model, ids)
    ids = sentence(rng, rng.randint(7, 10))
    ids[rng.randint(2, len(ids) - 3)] = 1  # [UNK], say
    judge(student.pll(theirs, ids, MASK), model, ids)


@pytest.mark.exercise("pll")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Une phrase d'un mot a la log-probabilité de ce mot ; la phrase vide vaut 0.",
        en="A sentence of one word has the log-probability of that word; the empty sentence is worth 0.",
    ),
    hint=say(
        fr="Combien de lignes y a-t-il pour L = 3 ? Et pour L = 2 ? Un modèle n'aime pas les lots vides.",
        en="How many rows are there for L = 3? And for L = 2? A model does not like empty batches.",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_shortest_sentences(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs = put(student, model)
    ids = sentence(rng, 3)
    judge(student.pll(theirs, ids, mask_id=MASK), model, ids)
    empty = student.pll(theirs, torch.tensor([2, 3]), mask_id=MASK)
    assert type(empty) is float
    expect(not empty < 0, SPECIALS_SCORED)
    assert empty == 0


@pytest.mark.exercise("pll")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Entre deux phrases qui ne diffèrent que par un accord, votre PLL choisit la bonne là où le modèle la connaît, en "
        "français comme en anglais.",
        en="Of two sentences that differ by one agreement alone, your PLL chooses the right one where the model knows it, in "
        "French as in English.",
    ),
    hint=say(
        fr="Calculez la PLL de « Les filles chantent. » et de « Les filles chante. » : laquelle est la plus grande ? Que voit "
        "le modèle quand il prédit le verbe ?",
        en="Compute the PLL of “The girls sing.” and of “The girls sings.”: which one is larger? What does the model see when "
        "it predicts the verb?",
    ),
)
@pytest.mark.budget(cpu=60, wall=210)
def test_minimal_pairs(student: Any, rng: random.Random) -> None:
    """Between chance (one half) and the reference (all, as the pairs are those that it orders): at least half the gap.

    Pairs that the model itself orders clearly: nothing depends on how much it has learned, nor on rounding.
    """
    model = tiny_encoder()
    theirs = student.keep("load_model", "tiny-encoder")
    pairs = [pair for language in ("fr", "en") for pair in known_pairs(model, language, rng)]
    for ids in pairs[0]:
        judge(student.pll(theirs, ids), model, ids, mask_id=4)
    chosen = 0
    for good, bad in pairs:
        value, other = student.pll(theirs, good), student.pll(theirs, bad)
        assert type(value) is float
        assert type(other) is float
        chosen += value > other
    assert chosen >= 0.75 * len(pairs)


@cache
def tiny_encoder() -> BertForMaskedLM:
    return load_model("tiny-encoder")


def known_pairs(
    model: BertForMaskedLM, language: Language, rng: random.Random
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Sixteen pairs, right sentence first, in which the model finds it clearly likelier."""
    tokenizer, pairs = load_tokenizer("tiny-encoder"), []
    for _ in range(500):
        pair = minimal_pair(language, rng)
        good, bad = (torch.tensor(tokenizer(text)["input_ids"]) for text in (pair.right, pair.wrong))
        if len(good) <= 14 and in_one_batch(model, good) > in_one_batch(model, bad) + 0.5:
            pairs.append((good, bad))
        if len(pairs) == 16:
            return pairs
    raise RuntimeError(f"tiny-encoder prefers hardly any right sentence in {language}")


def in_one_batch(model: BertForMaskedLM, ids: torch.Tensor) -> float:
    """As ``right``, faster: only to choose pairs."""
    places = torch.arange(1, len(ids) - 1)
    rows = ids.repeat(len(places), 1)
    rows[places - 1, places] = 4
    with torch.no_grad():
        states = model.bert(rows).last_hidden_state[places - 1, places]
        return log_p(model.cls(states), ids[1:-1]).sum().item()


@pytest.mark.exercise("pll")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="La PLL est celle du mode évaluation, quel que soit le mode où le modèle arrive ; il s'y retrouve après l'appel, et "
        "`ids` reste intact.",
        en="The PLL is that of evaluation mode, whatever the mode in which the model arrives; it is back in it afterwards, and "
        "`ids` stays as it is.",
    ),
    hint=say(
        fr="Appelez `model.train()`, puis deux fois votre fonction : la réponse est-elle la même ? Que valent `model.training` "
        "et `ids` ensuite ?",
        en="Call `model.train()`, then your function twice: is the answer the same? What are `model.training` and `ids` "
        "afterwards?",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs = put(student, model)
    for mode in ("train", "eval"):
        student.on(theirs, mode)
        ids = sentence(rng, rng.randint(6, 12))
        seen = student.observe("pll", theirs, ids, mask_id=MASK)
        expect(not seen.rng_touched, NO_EVAL)
        assert len(seen.args) == 2
        after = seen.args[1]
        assert isinstance(after, torch.Tensor)
        assert after.dtype == ids.dtype
        expect(torch.equal(after, ids), IN_PLACE)
        judge(seen.value, model, ids)
        for part in (theirs, student.on(theirs, "get_submodule", "bert.embeddings.dropout")):
            training = student.on(part, "__getattribute__", "training")
            expect(training is (mode == "train"), MODE_NOT_RESTORED)


@pytest.mark.exercise("pll")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="L'appel ne construit aucun graphe de calcul, et laisse le calcul des gradients comme il l'a trouvé.",
        en="The call builds no computation graph, and leaves gradients switched on or off as it found them.",
    ),
    hint=say(
        fr="Un graphe garde en mémoire les activations de toutes les lignes. Et comment éteindre les gradients pour un bloc seulement ?",
        en="A graph keeps the activations of all rows in memory. And how are gradients switched off for one block only?",
    ),
)
@pytest.mark.budget(cpu=10, wall=60)
def test_builds_no_graph(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    model = small_model(torch_rng)
    theirs, ids = put(student, model), sentence(rng, 8)
    got, saved = saved_for_backward(student, lambda: student.pll(theirs, ids, mask_id=MASK))
    judge(got, model, ids)
    expect(saved == 0, GRAPH_BUILT)
    assert student.is_grad_enabled() is True


def saved_for_backward(notebook: Any, call: Callable[[], Any]) -> tuple[Any, Any]:
    """What a call returns, and how many tensors PyTorch kept in the notebook meanwhile for a backward pass."""
    kept = notebook.keep("list")
    append = notebook.on(kept, "__getattribute__", "append")
    hooks = notebook.keep("saved_tensors_hooks", append, append)
    notebook.on(hooks, "__enter__")
    value = call()
    notebook.on(hooks, "__exit__")
    return value, notebook.on(kept, "__len__")


@pytest.mark.exercise("pll")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Toutes les lignes d'une phrase passent ensemble dans le modèle (3 fois le temps de la référence).",
        en="All rows of a sentence go through the model together (3 times the reference's time).",
    ),
    hint=say(
        fr="Chaque appel du modèle coûte des dizaines de petites opérations, qu'il y ait une ligne ou soixante. Que donne "
        "`ids.repeat(n, 1)` ?",
        en="Each call of the model costs dozens of small operations, be there one row or sixty. What does "
        "`ids.repeat(n, 1)` give?",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, ratio=3)
def test_speed(race: Any, torch_rng: torch.Generator) -> None:
    """On a model so small that what counts is the number of calls: one batch saves little on a large one, on the CPU."""
    model = small_model(torch_rng)

    def prepared(notebook: Any) -> Callable[[list[torch.Tensor]], list[Any]]:
        theirs = put(notebook, model)
        return lambda texts: [notebook.pll(theirs, ids, mask_id=MASK) for ids in texts]

    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return ([sentence(rng, 40) for _ in range(60)],), {}

    def all_same(got: Any, wanted: Any) -> bool:
        return all(type(one) is float and same(one, torch.tensor(true)) for one, true in zip(got, wanted, strict=True))

    race(prepared, make=make, same=all_same)
