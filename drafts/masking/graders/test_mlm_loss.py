"""Hidden checks of `mlm_loss`: `torch.nn.functional.cross_entropy` on labelled positions alone, and what follows from it."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from bareme.grading.checks import Misconception, close, expect, say

pytestmark = [
    pytest.mark.forbid(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.nll_loss",
        "torch.nn.CrossEntropyLoss",
        "torch.nn.NLLLoss",
        "bareme.course.components.mlm_loss",
    ),
    pytest.mark.budget(cpu=5, wall=60),
]

DIVIDES_BY_ALL = Misconception(
    "divides_by_all",
    symptom=say(
        fr="La somme est juste, mais elle est divisée par le nombre de toutes les positions : moins on cache de mots, plus la perte est petite.",
        en="The sum is right, but it is divided by the number of all positions: the fewer words are hidden, the smaller the loss.",
    ),
    hint=say(
        fr="`.mean()` sur un tenseur masqué compte les zéros du masque. Combien de positions ont vraiment une étiquette ? "
        "Ajoutez au lot une phrase sans étiquette : la perte ne doit pas bouger.",
        en="`.mean()` of a masked tensor counts the mask's zeros. How many positions really have a label? Add a sentence "
        "without labels to the batch: the loss must not move.",
    ),
)
NOT_DIVIDED = Misconception(
    "not_divided",
    symptom=say(
        fr="La perte grandit avec le nombre de mots cachés : c'est une somme, non une moyenne.",
        en="The loss grows with the number of hidden words: it is a sum, not a mean.",
    ),
    hint=say(
        fr="Répétez le même lot deux fois avec `torch.cat([logits, logits])` : la perte doit rester la même.",
        en="Repeat the same batch twice with `torch.cat([logits, logits])`: the loss must stay the same.",
    ),
)
SOFTMAX_TWICE = Misconception(
    "softmax_twice",
    symptom=say(
        fr="Même très sûr de lui et juste, le modèle garde une grande perte : les logits ont traversé deux fois une softmax.",
        en="Even when very sure and right, the model keeps a large loss: the logits went through a softmax twice.",
    ),
    hint=say(
        fr="`log_softmax` attend des scores bruts. Que donne `torch.log_softmax(torch.softmax(torch.tensor([50.0, 0.0]), -1), -1)` ? "
        "Que devrait-on trouver pour le premier mot ?",
        en="`log_softmax` wants raw scores. What does `torch.log_softmax(torch.softmax(torch.tensor([50.0, 0.0]), -1), -1)` give? "
        "What should be found for the first word?",
    ),
)
ALL_TOKENS = Misconception(
    "all_tokens",
    symptom=say(
        fr="Les positions sans étiquette sont jugées elles aussi, comme si −100 désignait un mot.",
        en="Positions without a label are judged too, as if −100 stood for a word.",
    ),
    hint=say(
        fr="Remplacer −100 par un identifiant valable permet de lire dans les logits, mais il faut ensuite écarter ces positions "
        "de la somme. Changez les logits d'une position sans étiquette : la perte doit rester la même.",
        en="Replacing −100 by a valid identifier makes it possible to look into the logits, but these positions must then be left "
        "out of the sum. Change the logits at a position without a label: the loss must stay the same.",
    ),
)
SKIPS_WORD_ZERO = Misconception(
    "skips_word_zero",
    symptom=say(
        fr="Les positions dont l'étiquette est l'identifiant 0 sont ignorées, comme si 0 voulait dire « sans étiquette ».",
        en="Positions whose label is identifier 0 are ignored, as if 0 meant “without a label”.",
    ),
    hint=say(
        fr="Seul −100 marque l'absence d'étiquette ; 0 est un identifiant comme un autre. Comparez `y > 0` et `y != -100` pour "
        "`y = torch.tensor([0, 3, -100])`.",
        en="Only −100 marks the absence of a label; 0 is an identifier like any other. Compare `y > 0` and `y != -100` for "
        "`y = torch.tensor([0, 3, -100])`.",
    ),
)
MEAN_OF_MEANS = Misconception(
    "mean_of_means",
    symptom=say(
        fr="Chaque phrase pèse autant, quel que soit le nombre de ses mots cachés : c'est une moyenne de moyennes.",
        en="Each sentence weighs the same, whatever the number of its hidden words: this is a mean of means.",
    ),
    hint=say(
        fr="Si une phrase a un mot caché et une autre neuf, quel poids a chacun des dix mots dans votre perte ? Comparez "
        "(1 + (9 × 2) / 9) / 2 et (1 + 9 × 2) / 10.",
        en="If one sentence has one hidden word and another one nine, how much does each of the ten words weigh in your loss? "
        "Compare (1 + (9 × 2) / 9) / 2 and (1 + 9 × 2) / 10.",
    ),
)
WRONG_SIGN = Misconception(
    "wrong_sign",
    symptom=say(
        fr="La perte a le signe contraire : elle baisse quand le modèle se trompe davantage.",
        en="The loss has the opposite sign: it falls when the model is more wrong.",
    ),
    hint=say(
        fr="Le logarithme d'une probabilité est négatif ou nul. Quel signe doit avoir une perte que l'on minimise ?",
        en="The logarithm of a probability is negative or zero. Which sign should a loss have that is to be minimised?",
    ),
)
WRONG_DIM = Misconception(
    "wrong_dim",
    symptom=say(
        fr="Les probabilités ne sont pas réparties entre les mots du vocabulaire : changer une autre position change la perte.",
        en="Probabilities are not shared out among the vocabulary's words: changing another position changes the loss.",
    ),
    hint=say(
        fr="Dans `[B, L, V]`, quelle dimension est celle des mots ? Vérifiez que `softmax(...).sum(-1)` vaut 1 partout.",
        en="In `[B, L, V]`, which dimension is that of words? Check that `softmax(...).sum(-1)` is 1 everywhere.",
    ),
)
UNSTABLE = Misconception(
    "unstable",
    symptom=say(
        fr="Avec des logits très grands, la perte ou son gradient devient infini ou NaN, alors que la valeur exacte est finie.",
        en="With very large logits the loss or its gradient becomes infinite or NaN, whereas the exact value is finite.",
    ),
    hint=say(
        fr="Une probabilité minuscule s'arrondit à 0, et log 0 est infini. Comparez "
        "`torch.softmax(torch.tensor([0.0, 1000.0]), 0).log()` et `torch.log_softmax(torch.tensor([0.0, 1000.0]), 0)`.",
        en="A tiny probability is rounded to 0, and log 0 is infinite. Compare "
        "`torch.softmax(torch.tensor([0.0, 1000.0]), 0).log()` and `torch.log_softmax(torch.tensor([0.0, 1000.0]), 0)`.",
    ),
)
EPSILON = Misconception(
    "epsilon",
    symptom=say(
        fr="La perte plafonne : au-delà d'un certain point, se tromper davantage ne coûte plus rien.",
        en="The loss has a ceiling: beyond some point, being more wrong costs nothing more.",
    ),
    hint=say(
        fr="Ajouter une petite constante dans le logarithme, ou y borner la probabilité, cache l'infini au lieu de l'éviter. "
        "Que vaut −log(1e-12) ? Le logarithme d'une softmax peut se calculer sans passer par la probabilité.",
        en="Adding a small constant inside the logarithm, or clamping the probability there, hides the infinity instead of "
        "avoiding it. What is −log(1e-12)? The logarithm of a softmax can be computed without going through the probability.",
    ),
)
NAN = Misconception(
    "nan",
    symptom=say(
        fr="Un lot sans aucune étiquette donne une perte NaN ou infinie au lieu de 0.",
        en="A batch without any label gives a loss that is NaN or infinite instead of 0.",
    ),
    hint=say(
        fr="Sans étiquette, la moyenne est 0/0. Essayez `torch.zeros(0).mean()`, et choisissez un diviseur qui n'est jamais nul.",
        en="Without labels the mean is 0/0. Try `torch.zeros(0).mean()`, and choose a divisor that is never zero.",
    ),
)
NAN_GRADIENT = Misconception(
    "nan_gradient",
    symptom=say(
        fr="Un lot sans étiquette a bien une perte nulle, mais renvoie des gradients NaN : tous les poids du modèle seraient perdus.",
        en="A batch without labels does have a zero loss, but sends NaN gradients back: all the model's weights would be lost.",
    ),
    hint=say(
        fr="Remplacer un NaN après coup répare la valeur, pas la dérivée : la rétropropagation repasse par le 0/0. Évitez "
        "qu'il se produise.",
        en="Replacing a NaN afterwards mends the value, not the derivative: the backward pass goes through 0/0 again. Keep it "
        "from happening.",
    ),
)
NO_GRAPH = Misconception(
    "no_graph",
    symptom=say(
        fr="Un lot sans étiquette donne une perte qui n'est rattachée à rien : `backward()` échouerait au milieu de l'entraînement.",
        en="A batch without labels gives a loss that is attached to nothing: `backward()` would fail in the middle of training.",
    ),
    hint=say(
        fr="`torch.tensor(0.0)` est une constante, sans graphe. Essayez `torch.tensor(0.0).backward()`, puis faites sortir le zéro "
        "d'un calcul sur `logits` : une somme vide, par exemple.",
        en="`torch.tensor(0.0)` is a constant, without a graph. Try `torch.tensor(0.0).backward()`, then let the zero come out of "
        "a computation on `logits`: an empty sum, for instance.",
    ),
)
DETACHED = Misconception(
    "detached",
    symptom=say(
        fr="Aucun gradient ne revient aux logits : le modèle ne pourrait rien apprendre.",
        en="No gradient comes back to the logits: the model could learn nothing.",
    ),
    hint=say(
        fr="`.detach()`, `.data`, `.item()`, `torch.no_grad()` et `torch.tensor(…)` sortent du graphe de calcul. Que vaut "
        "`mlm_loss(logits, y).requires_grad` quand `logits.requires_grad` est vrai ?",
        en="`.detach()`, `.data`, `.item()`, `torch.no_grad()` and `torch.tensor(…)` leave the computation graph. What is "
        "`mlm_loss(logits, y).requires_grad` when `logits.requires_grad` is true?",
    ),
)
IN_PLACE = Misconception(
    "in_place",
    symptom=say(
        fr="Après l'appel, les logits ou les étiquettes passés en argument ne sont plus les mêmes.",
        en="After the call, the logits or the labels given as arguments are no longer the same.",
    ),
    hint=say(
        fr="`y[y == -100] = 0` et les méthodes en `_` écrivent dans le tenseur de l'appelant. `y.clamp(min=0)` et `torch.where` "
        "en font un nouveau.",
        en="`y[y == -100] = 0` and methods that end in `_` write into the caller's tensor. `y.clamp(min=0)` and `torch.where` make "
        "a new one.",
    ),
)


def expected(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The library's cross-entropy, on what is labelled."""
    labelled = y != -100
    return cross_entropy(logits[labelled], y[labelled]) if bool(labelled.any()) else torch.zeros((), dtype=logits.dtype)


def mistaken(logits: torch.Tensor, y: torch.Tensor) -> list[tuple[Misconception, torch.Tensor]]:
    """What each known wrong idea gives, of a batch with at least one label."""
    labelled = y != -100
    each = -torch.log_softmax(logits, dim=-1).gather(-1, y.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    ours, count, by_sentence = each * labelled, labelled.sum(), labelled.sum(dim=1)
    means = ours.sum(dim=1) / by_sentence.clamp(min=1)
    across = [
        -torch.log_softmax(logits, dim=dim).gather(-1, y.clamp(min=0).unsqueeze(-1)).squeeze(-1) for dim in (0, 1)
    ]
    probability = torch.softmax(logits, dim=-1).gather(-1, y.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    small = (1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
    ceilings = [
        -(near(probability, epsilon).log() * labelled).sum() / count
        for epsilon in small
        for near in (torch.add, torch.clamp)
    ]
    return [
        (DIVIDES_BY_ALL, ours.sum() / y.numel()),
        (NOT_DIVIDED, ours.sum()),
        (SOFTMAX_TWICE, expected(torch.softmax(logits, dim=-1), y)),
        (ALL_TOKENS, each.mean()),
        (ALL_TOKENS, each.sum() / count),
        (SKIPS_WORD_ZERO, (each * (y > 0)).sum() / (y > 0).sum().clamp(min=1)),
        (SKIPS_WORD_ZERO, (each * (y > 0)).sum() / count),
        (MEAN_OF_MEANS, means.mean()),
        (MEAN_OF_MEANS, means.sum() / (by_sentence > 0).sum()),
        (WRONG_SIGN, -ours.sum() / count),
        *((WRONG_DIM, (one * labelled).sum() / count) for one in across),
        *((EPSILON, one) for one in ceilings),
    ]


def judge(got: Any, logits: torch.Tensor, y: torch.Tensor) -> None:
    """Fail unless ``got`` is right, naming the misconception that explains the difference."""
    assert isinstance(got, torch.Tensor)
    assert (got.shape, got.dtype) == ((), logits.dtype)
    if close(got, expected(logits, y)):
        return
    if not bool((y != -100).any()):
        expect(bool(got.isfinite()), NAN)
        raise AssertionError("not zero without labels")
    for misconception, wrong in mistaken(logits, y):
        expect(not close(got, wrong), misconception)
    raise AssertionError("another difference")


def drawn(
    rng: random.Random, generator: torch.Generator, shape: tuple[int, int, int], dtype: torch.dtype = torch.float64
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and labels: a sentence without any, one with a single one, others with more; words 0 and V − 1 among them.

    One word is given a chance of about e⁻⁶⁰, so that a constant added to probabilities always shows.
    """
    sentences, length, size = shape
    logits = 3 * torch.randn(shape, generator=generator, dtype=dtype)
    y = torch.full((sentences, length), -100)
    numbers = [0, 1, *(rng.randint(3, length - 1) for _ in range(sentences - 2))]
    rng.shuffle(numbers)
    for sentence, number in enumerate(numbers):
        for place in rng.sample(range(length), number):
            y[sentence, place] = rng.randrange(1, size)
    busy = rng.choice([sentence for sentence, number in enumerate(numbers) if number > 2])
    for place, word in zip((y[busy] != -100).nonzero().flatten().tolist(), (0, size - 1, 1), strict=False):
        y[busy, place] = word
        if word == 1:
            logits[busy, place, word] = logits[busy, place].max() - 60
    return logits, y


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="La perte est la moyenne, sur toutes les positions étiquetées du lot et sur elles seules, de −log de la probabilité du vrai mot.",
        en="The loss is the mean, over all labelled positions of the batch and those alone, of −log of the true word's probability.",
    ),
    hint=say(
        fr="Refaites à la main l'exemple de l'énoncé, puis ajoutez-lui une seconde phrase qui n'a qu'une étiquette.",
        en="Redo the statement's example by hand, then add a second sentence to it that has a single label.",
    ),
)
def test_matches_torch(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for shape in ((5, 7, 11), (4, 6, 9), (3, 12, 5)):
        logits, y = drawn(rng, torch_rng, shape)
        judge(student.mlm_loss(logits, y), logits, y)
    every = torch.randint(0, 9, (4, 6), generator=torch_rng)
    logits = torch.randn(4, 6, 9, generator=torch_rng, dtype=torch.float64)
    judge(student.mlm_loss(logits, every), logits, every)


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Multiplier les logits par 1000 donne encore la perte exacte, avec un gradient fini.",
        en="Multiplying the logits by 1000 still gives the exact loss, with a finite gradient.",
    ),
    hint=say(
        fr="Cherchez l'exponentielle qui déborde, ou le logarithme d'une probabilité arrondie à zéro.",
        en="Look for the exponential that overflows, or for the logarithm of a probability that was rounded to zero.",
    ),
)
def test_large_logits(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    logits, y = drawn(rng, torch_rng, (4, 8, 13))
    judge(student.mlm_loss(logits, y), logits, y)  # an error that has nothing to do with size is named as such
    for scale in (1000.0, -1000.0):
        large = scale * logits
        loss, gradients = student.vjp("mlm_loss", large, y, cotangent=torch.tensor(1.0, dtype=torch.float64))
        assert isinstance(loss, torch.Tensor)
        assert (loss.shape, loss.dtype) == ((), large.dtype)
        wanted = expected(large, y)
        expect(bool(loss.isfinite()), UNSTABLE)
        # The logarithm of the smallest number that is not zero is −745
        expect(not (bool(loss > 0) and bool(loss < 750) and bool(wanted > 800)), EPSILON)
        assert close(loss, wanted)
        gradient = first(first(gradients))
        expect(gradient is not None, DETACHED)
        assert isinstance(gradient, torch.Tensor)
        expect(bool(gradient.isfinite().all()), UNSTABLE)
        assert close(gradient, expected_gradient(large, y))


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Le gradient atteint les logits des positions étiquetées, à parts égales, et il est exactement nul aux autres.",
        en="The gradient reaches the logits of labelled positions, in equal shares, and is exactly zero at the others.",
    ),
    hint=say(
        fr="Appelez `mlm_loss(logits, y).backward()` avec `logits.requires_grad_()`, et affichez `logits.grad` : à une position "
        "étiquetée, c'est (probabilités − vrai mot) / nombre d'étiquettes.",
        en="Call `mlm_loss(logits, y).backward()` with `logits.requires_grad_()`, and print `logits.grad`: at a labelled "
        "position it is (probabilities − true word) / number of labels.",
    ),
)
def test_gradients(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for shape in ((5, 6, 7), (3, 9, 12)):
        logits, y = drawn(rng, torch_rng, shape)
        judge(student.mlm_loss(logits, y), logits, y)
        cotangent = torch.tensor(rng.uniform(2, 5), dtype=torch.float64)
        loss, gradients = student.vjp("mlm_loss", logits, y, cotangent=cotangent)
        assert close(loss, expected(logits, y))
        gradient = first(first(gradients))
        expect(gradient is not None, DETACHED)
        assert close(gradient, cotangent * expected_gradient(logits, y))
        assert bool((gradient[y == -100] == 0).all())


def first(items: Any) -> Any:
    """The first item of what should be a list or a tuple: the sandbox may have answered anything."""
    assert isinstance(items, (list, tuple))
    assert len(items) > 0
    return items[0]


def expected_gradient(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Cross-entropy's derivative in closed form: (softmax − one-hot) / number of labels; zero where there is no label."""
    labelled = y != -100
    true_word = torch.zeros_like(logits).scatter(-1, y.clamp(min=0).unsqueeze(-1), 1.0)
    return (torch.softmax(logits, dim=-1) - true_word) * labelled.unsqueeze(-1) / labelled.sum()


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Sans aucune étiquette, la perte vaut 0, et `backward()` donne un gradient nul.",
        en="Without any label the loss is 0, and `backward()` gives a zero gradient.",
    ),
    hint=say(
        fr="Essayez `mlm_loss(torch.zeros(1, 2, 3, requires_grad=True), torch.full((1, 2), -100)).backward()`.",
        en="Try `mlm_loss(torch.zeros(1, 2, 3, requires_grad=True), torch.full((1, 2), -100)).backward()`.",
    ),
)
def test_no_label(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for shape in ((3, 5, 7), (1, 1, 2)):
        logits = torch.randn(shape, generator=torch_rng, dtype=torch.float64)
        y = torch.full(shape[:2], -100)
        judge(student.mlm_loss(logits, y), logits, y)
        loss, gradients = student.vjp("mlm_loss", logits, y, cotangent=torch.tensor(1.0, dtype=torch.float64))
        assert close(loss, expected(logits, y))
        gradient = first(first(gradients))
        expect(gradient is not None, NO_GRAPH)
        assert isinstance(gradient, torch.Tensor)
        expect(bool(gradient.isfinite().all()), NAN_GRADIENT)
        assert gradient.shape == logits.shape
        assert bool((gradient == 0).all())


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="La perte ignore ce qui n'est pas étiqueté : d'autres logits, ou d'autres phrases sans étiquette, n'y changent rien ; "
        "un modèle qui ne sait rien a une perte de ln V.",
        en="The loss ignores what has no label: other logits there, or more sentences without labels, change nothing; a model "
        "that knows nothing has a loss of ln V.",
    ),
    hint=say(
        fr="Essayez des logits tous nuls : à quelle perte vous attendez-vous ? Ajoutez ensuite une phrase sans étiquette au lot.",
        en="Try logits that are all zero: which loss do you expect? Then add a sentence without labels to the batch.",
    ),
)
def test_what_does_not_count(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    logits, y = drawn(rng, torch_rng, (4, 7, 10))
    judge(student.mlm_loss(logits, y), logits, y)
    elsewhere = torch.where(
        (y == -100).unsqueeze(-1), 50 * torch.randn(logits.shape, generator=torch_rng).double(), logits
    )
    judge(student.mlm_loss(elsewhere, y), elsewhere, y)
    more = torch.cat([logits, torch.randn(3, 7, 10, generator=torch_rng, dtype=torch.float64)])
    more_y = torch.cat([y, torch.full((3, 7), -100)])
    judge(student.mlm_loss(more, more_y), more, more_y)
    # The softmax sees differences alone, of each position apart
    shifted = logits + 5 * torch.randn(4, 7, 1, generator=torch_rng, dtype=torch.float64)
    assert close(student.mlm_loss(shifted, y), expected(logits, y))
    size = rng.randint(5, 30)
    one_word = torch.full((2, 3), -100)
    one_word[1, rng.randrange(3)] = rng.randrange(size)
    flat = torch.full((2, 3, size), rng.uniform(-2, 2), dtype=torch.float64)
    assert close(student.mlm_loss(flat, one_word), torch.tensor(math.log(size), dtype=torch.float64))
    shortest, its_label = (
        torch.randn(1, 1, 2, generator=torch_rng, dtype=torch.float64),
        torch.tensor([[rng.randrange(2)]]),
    )
    judge(student.mlm_loss(shortest, its_label), shortest, its_label)


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="La fonction garde le type des logits, ne modifie pas ses arguments et ne touche à aucun générateur aléatoire global.",
        en="The function keeps the logits' type, modifies none of its arguments and touches no global random generator.",
    ),
    hint=say(
        fr="Gardez des copies, `logits.clone()` et `y.clone()`, et comparez-les aux arguments après l'appel.",
        en="Keep copies, `logits.clone()` and `y.clone()`, and compare them with the arguments after the call.",
    ),
)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for dtype in (torch.float32, torch.float64):
        logits, y = drawn(rng, torch_rng, (4, 6, 8), dtype)
        seen = student.observe("mlm_loss", logits, y)
        assert len(seen.args) == 2
        assert all(isinstance(argument, torch.Tensor) for argument in seen.args)
        expect(torch.equal(seen.args[0], logits) and torch.equal(seen.args[1], y), IN_PLACE)
        assert not seen.rng_touched
        judge(seen.value, logits, y)


@pytest.mark.exercise("mlm_loss")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Toutes les positions du lot sont traitées en une fois (5 fois le temps de la référence).",
        en="All positions of the batch are treated at once (5 times the reference's time).",
    ),
    hint=say(
        fr="Une boucle Python coûte quelques microsecondes par tour. Comment lire d'un coup, dans chaque ligne de `[N, V]`, la "
        "colonne de son étiquette ? Voyez `torch.gather`.",
        en="A Python loop costs a few microseconds a turn. How to read at once, in each row of `[N, V]`, the column of its label? "
        "See `torch.gather`.",
    ),
)
@pytest.mark.budget(cpu=60, wall=210, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        generator = torch.Generator().manual_seed(rng.getrandbits(62))
        # Sentences with few labels are harder, and word 0 is easier: over so many positions, to weigh or to skip them
        # wrongly would else come near the right mean by luck
        sparse = (torch.arange(1200) % 2 == 1)[:, None]
        logits = torch.randn(1200, 128, 6, generator=generator) * torch.where(sparse, 4.0, 1.0)[..., None]
        logits[..., 0] += 2
        y = torch.randint(0, 6, (1200, 128), generator=generator)
        left_out = torch.rand(1200, 128, generator=generator) < torch.where(sparse, 0.4, 0.05)
        return (logits, y.masked_fill(left_out, -100)), {}

    race("mlm_loss", make=make, same=close)
