"""Hidden checks of `nsp_pairs`: what each pair is, how its label and its B are drawn, and what a probe learns from them.

Chance: each statistical check compares counts with exact binomial tails, shared out so that a right solution fails it
with probability 1e-7 at most; what a wrong one draws is far beyond.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from typing import Any

import pytest
import torch

from bareme.course.generator.stories import story
from bareme.course.models import load_tokenizer
from bareme.grading.checks import Misconception, expect, say

pytestmark = pytest.mark.budget(cpu=10, wall=90)

Docs = list[list[torch.Tensor]]
Pairs = list[tuple[torch.Tensor, torch.Tensor, int]]

INVERTED = Misconception(
    "inverted",
    symptom=say(
        fr="Les étiquettes sont inversées : la suite de A porte celle des phrases venues d'ailleurs.",
        en="The labels are inverted: the successor of A has that of sentences from elsewhere.",
    ),
    hint=say(
        fr="Relisez le tableau de l'énoncé : dans la convention de transformers, que signifie 0 ?",
        en="Read the statement's table again: in the convention of transformers, what does 0 mean?",
    ),
)
SAME_DOCUMENT = Misconception(
    "same_document",
    symptom=say(
        fr="Une phrase B présentée comme venue d'ailleurs est tirée du document de A.",
        en="A sentence B that is presented as coming from elsewhere is drawn from A's own document.",
    ),
    hint=say(
        fr="Tirée au sort parmi toutes les phrases, B peut être la suite de A, ou A elle-même. Dans "
        "`[[a, b], [c]]`, quelles phrases peuvent être B, étiquette 1, pour A = a ?",
        en="Drawn from all sentences, B may be the successor of A, or A itself. In `[[a, b], [c]]`, which sentences may "
        "be B with label 1, for A = a?",
    ),
)
LAST_AS_A = Misconception(
    "last_as_a",
    symptom=say(
        fr="La dernière phrase d'un document sert de A alors qu'elle n'a pas de suite : sa réponse est connue d'avance.",
        en="The last sentence of a document is taken as A whereas it has no successor: its answer is known beforehand.",
    ),
    hint=say(
        fr="Combien de couples de phrases consécutives y a-t-il dans une liste de n phrases ? Comparez avec votre `range`.",
        en="How many couples of consecutive sentences are there in a list of n sentences? Compare with your `range`.",
    ),
)
CROSSES_DOCUMENTS = Misconception(
    "crosses_documents",
    symptom=say(
        fr="La fin d'un document est enchaînée avec le début d'un autre, comme s'il en était la suite.",
        en="The end of a document is chained with the beginning of another, as if that were what follows.",
    ),
    hint=say(
        fr="Une fois les documents mis bout à bout, plus rien ne dit où chacun s'arrête. Dans `[[a, b], [c]]`, "
        "b a-t-elle une suite ?",
        en="Once the documents are put end to end, nothing tells where each one stops. In `[[a, b], [c]]`, does b have a "
        "successor?",
    ),
)
DISJOINT_PAIRS = Misconception(
    "disjoint_pairs",
    symptom=say(
        fr="Une phrase sur deux n'est jamais A, bien qu'elle ait une suite.",
        en="Every other sentence is never A, although it has a successor.",
    ),
    hint=say(
        fr="Une phrase peut être la suite de l'une puis servir de A à son tour : combien de paires pour trois phrases ?",
        en="A sentence may be the successor of one, then be A in its turn: how many pairs for three sentences?",
    ),
)
BOTH_PAIRS = Misconception(
    "both_pairs",
    symptom=say(
        fr="La même phrase A donne deux paires, l'une avec sa suite et l'autre avec une phrase d'ailleurs.",
        en="The same sentence A gives two pairs, one with its successor and one with a sentence from elsewhere.",
    ),
    hint=say(
        fr="Il y a une paire par phrase qui a une suite : un tirage décide de laquelle des deux il s'agit.",
        en="There is one pair for each sentence that has a successor: a draw decides which of the two it is.",
    ),
)
ONE_DRAW = Misconception(
    "one_draw",
    symptom=say(
        fr="Toutes les paires d'un même document ont la même étiquette.",
        en="All pairs of one document have the same label.",
    ),
    hint=say(
        fr="Combien de fois le tirage « suite ou non » est-il fait au cours d'un appel ? Il en faut un par paire.",
        en="How many times is “successor or not” drawn during a call? One draw a pair is needed.",
    ),
)
FIXED_HALF = Misconception(
    "fixed_half",
    symptom=say(
        fr="Les étiquettes dépendent les unes des autres : chaque appel en donne la moitié de chaque sorte.",
        en="The labels depend on each other: each call gives half of either kind.",
    ),
    hint=say(
        fr="Une probabilité 1/2 n'est pas un quota. Lancez huit fois une pièce, plusieurs fois de suite : combien de piles ?",
        en="A probability of 1/2 is not a quota. Toss a coin eight times, several times over: how many heads?",
    ),
)
NOT_HALF = Misconception(
    "not_half",
    symptom=say(
        fr="L'une des deux étiquettes l'emporte nettement : répondre toujours la même chose paierait.",
        en="One of the two labels clearly prevails: to always answer the same would pay.",
    ),
    hint=say(
        fr="Deux tirages, l'un après l'autre : d'abord « suite ou non », à pile ou face, puis, s'il le faut, quelle phrase.",
        en="Two draws, one after the other: first “successor or not”, by the toss of a coin, then, if needed, which sentence.",
    ),
)
DOCUMENT_FIRST = Misconception(
    "document_first",
    symptom=say(
        fr="Les phrases des documents courts sont prises plus souvent que celles des longs : tous les documents comptent autant.",
        en="Sentences of short documents are taken more often than those of long ones: all documents count the same.",
    ),
    hint=say(
        fr="Tirer un document, puis une de ses phrases, n'est pas tirer une phrase : avec des documents de 1 et 9 phrases, "
        "quelle est la probabilité de chacune ?",
        en="To draw a document, then one of its sentences, is not to draw a sentence: with documents of 1 and 9 sentences, "
        "what is the probability of each?",
    ),
)
NEIGHBOUR_DOCUMENT = Misconception(
    "neighbour_document",
    symptom=say(
        fr="Les phrases venues d'ailleurs viennent toujours du même document.",
        en="The sentences from elsewhere always come from the same document.",
    ),
    hint=say(
        fr="Pour A dans le premier de trois documents, dressez la liste de toutes les phrases parmi lesquelles vous tirez.",
        en="For A in the first of three documents, write the list of all sentences among which you draw.",
    ),
)
ONE_NEGATIVE = Misconception(
    "one_negative",
    symptom=say(
        fr="Une même phrase d'ailleurs sert à toutes les paires d'un document, au lieu d'être tirée à nouveau.",
        en="The same sentence from elsewhere serves for all pairs of a document, instead of being drawn anew.",
    ),
    hint=say(
        fr="À quelle profondeur de boucle se trouve le tirage de B ? Affichez les B d'étiquette 1 d'un long document.",
        en="At which depth of the loop is B drawn? Print those B of a long document that have label 1.",
    ),
)
GLOBAL_GENERATOR = Misconception(
    "global_generator",
    symptom=say(
        fr="Le hasard ne vient pas de `rng` : deux appels avec le même état ne donnent pas les mêmes paires, ou un "
        "générateur global a servi.",
        en="Chance does not come from `rng`: two calls with the same state give different pairs, or a global generator "
        "was used.",
    ),
    hint=say(
        fr="`torch.rand(())` et `random.choice` se servent d'un générateur global. Et `torch.rand((), generator=rng)` ?",
        en="`torch.rand(())` and `random.choice` use a global generator. What about `torch.rand((), generator=rng)`?",
    ),
)
RESEEDS = Misconception(
    "reseeds",
    symptom=say(
        fr="Les paires sont les mêmes quel que soit l'état de `rng` : chaque appel recommence le même tirage.",
        en="The pairs are the same whatever the state of `rng`: each call starts the same draw again.",
    ),
    hint=say(
        fr="Appelez deux fois la fonction avec le même `rng` : obtenez-vous d'autres paires ? `manual_seed` et "
        "`initial_seed` ignorent où en est le générateur.",
        en="Call the function twice with the same `rng`: do you get other pairs? `manual_seed` and `initial_seed` ignore "
        "how far the generator has gone.",
    ),
)
MUTATES_DOCS = Misconception(
    "mutates_docs",
    symptom=say(
        fr="Après l'appel, les documents passés en argument ne sont plus les mêmes.",
        en="After the call, the documents given as arguments are no longer the same.",
    ),
    hint=say(
        fr="Cherchez `pop`, `remove`, `append`, `docs[:] =`, `del` ou `shuffle` appliqués à `docs` ou à un document.",
        en="Look for `pop`, `remove`, `append`, `docs[:] =`, `del` or `shuffle` applied to `docs` or to a document.",
    ),
)
ALONE_IS_NEGATIVE = Misconception(
    "alone_is_negative",
    symptom=say(
        fr="Sans autre document où puiser, des paires sont pourtant étiquetées comme venues d'ailleurs.",
        en="With no other document to draw from, some pairs are still labelled as coming from elsewhere.",
    ),
    hint=say(
        fr="Que peut être B dans `[[a, b, c], []]` ? Un document vide compte-t-il comme un autre document ?",
        en="What may B be in `[[a, b, c], []]`? Does an empty document count as another document?",
    ),
)
BY_CONTENT = Misconception(
    "by_content",
    symptom=say(
        fr="Une phrase tirée d'ailleurs est traitée à part lorsqu'elle a les mêmes mots que la suite de A.",
        en="A sentence drawn from elsewhere is treated apart when it has the same words as the successor of A.",
    ),
    hint=say(
        fr="Ce qui compte est d'où vient B, non ce qu'elle contient : que fait votre code si deux documents sont identiques ?",
        en="What counts is where B comes from, not what it holds: what does your code do when two documents are identical?",
    ),
)


def documents(rng: random.Random, lengths: tuple[int, ...]) -> Docs:
    """Documents of so many sentences, each known by its first token, which no other has."""
    serials = iter(rng.sample(range(1000, 9000), sum(lengths)))
    return [
        [torch.tensor([next(serials), *(rng.randrange(9000) for _ in range(rng.randrange(6)))]) for _ in range(length)]
        for length in lengths
    ]


def generator(torch_rng: torch.Generator) -> torch.Generator:
    """Another one at each call: its seed is drawn."""
    return torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=torch_rng)))


def formed(value: Any) -> Pairs:
    """The value, once it is known to be a list of triples: two sentences and an int, 0 or 1."""
    assert type(value) is list
    for pair in value:
        assert type(pair) is tuple
        assert len(pair) == 3
        assert all(isinstance(one, torch.Tensor) and one.dtype == torch.int64 and one.dim() == 1 for one in pair[:2])
        assert all(one.numel() > 0 for one in pair[:2])
        assert type(pair[2]) is int
        assert pair[2] in (0, 1)
    return value


def plain(value: Any) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    return [(tuple(a.tolist()), tuple(b.tolist()), label) for a, b, label in formed(value)]


Place = tuple[int, int]


def judge(value: Any, docs: Docs) -> list[tuple[Place, Place, int]]:
    """Where each A and B comes from (document, rank), and the label; fails unless these are pairs as they should be."""
    places = {tuple(s.tolist()): (number, rank) for number, doc in enumerate(docs) for rank, s in enumerate(doc)}
    pairs = plain(value)
    assert all(a in places and b in places for a, b, _ in pairs)
    placed = [(places[a], places[b], label) for a, b, label in pairs]
    wanted = [(number, rank) for number, doc in enumerate(docs) for rank in range(len(doc) - 1)]
    firsts = [a for a, _, _ in placed]
    if firsts != wanted:
        ends = {(number, len(doc) - 1) for number, doc in enumerate(docs)}
        expect(not any(a in ends and b[0] > a[0] and b[1] == label == 0 for a, b, label in placed), CROSSES_DOCUMENTS)
        expect(not any(a in ends for a in firsts), LAST_AS_A)
        expect(firsts != [a for a in wanted for _ in range(2)], BOTH_PAIRS)
        expect(firsts != [a for a in wanted if a[1] % 2 == 0], DISJOINT_PAIRS)
        raise AssertionError("other sentences as A, or in another order")
    follows = [b == (a[0], a[1] + 1) for a, b, _ in placed]
    mixed = 0 < sum(follows) < len(placed)
    expect(not (mixed and [label for _, _, label in placed] == [int(one) for one in follows]), INVERTED)
    expect(all(one or a[0] != b[0] for one, (a, b, _) in zip(follows, placed, strict=True)), SAME_DOCUMENT)
    if len([doc for doc in docs if doc]) > 1:  # the successor itself, drawn from the whole and called a stranger
        expect(all(label == 0 or not one for one, (_, _, label) in zip(follows, placed, strict=True)), SAME_DOCUMENT)
    assert [label for _, _, label in placed] == [int(not one) for one in follows]
    return placed


def at_least(count: int, trials: int, p: float) -> float:
    """The exact probability of so many successes or more in independent trials."""
    if p in (0.0, 1.0):
        return float(count <= trials * p)
    logs = (
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(p) + (trials - k) * math.log1p(-p)
        for k in range(max(count, 0), trials + 1)
    )  # fmt: skip
    return math.fsum(map(math.exp, logs))


def too_many(count: int, trials: int, p: float, bound: float) -> bool:
    return at_least(count, trials, p) < bound / 2


def unlikely(count: int, trials: int, p: float, bound: float) -> bool:
    """Whether a count is so far to either side that its probability is below ``bound``."""
    return too_many(count, trials, p, bound) or too_many(trials - count, trials, 1 - p, bound)


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Chaque phrase qui a une suite dans son document est A une fois, dans l'ordre du texte ; chaque paire est un "
        "tuple de deux tenseurs et d'un int.",
        en="Each sentence that has a successor in its document is A once, in the order of the text; each pair is a tuple of "
        "two tensors and an int.",
    ),
    hint=say(
        fr="Comptez les paires de `[[a, b, c], [], [d], [e, f]]` et nommez leurs A, puis appelez votre fonction.",
        en="Count the pairs of `[[a, b, c], [], [d], [e, f]]` and name their A, then call your function.",
    ),
)
def test_one_pair_for_each_successor(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for _ in range(8):
        lengths = [0, 1, 2, 3, 4, rng.randint(5, 9), rng.randint(10, 20), 0, 1]
        rng.shuffle(lengths)
        docs = documents(rng, tuple(lengths))
        judge(student.nsp_pairs(docs, generator(torch_rng)), docs)


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=4,
    rationale=say(
        fr="Étiquette 0 : B est la suite de A dans son document. Étiquette 1 : B vient d'un autre document.",
        en="Label 0: B is the successor of A in its document. Label 1: B comes from another document.",
    ),
    hint=say(
        fr="Numérotez les phrases de deux petits documents (`torch.tensor([10 * d + i])`), et lisez vos paires une à une.",
        en="Number the sentences of two small documents (`torch.tensor([10 * d + i])`), and read your pairs one by one.",
    ),
)
def test_labels_tell_where_b_comes_from(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    for lengths, calls in (((300, 3, 200), 1), ((6, 2, 5, 0, 3), 40), ((1, 4), 40), ((3, 0, 1), 40), ((2, 2), 40)):
        docs = documents(rng, lengths)
        for _ in range(calls):  # the first or last sentence of a document, drawn by mistake, comes up in one of them
            judge(student.nsp_pairs(docs, generator(torch_rng)), docs)


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Chaque étiquette est tirée à pile ou face, indépendamment des autres (au pire 1 chance sur dix millions d'un rejet "
        "à tort).",
        en="Each label is drawn by the toss of a coin, independently of the others (a wrong rejection has at most 1 chance in "
        "ten million).",
    ),
    hint=say(
        fr="Sur mille appels, comptez les étiquettes 1, puis les paires voisines qui ont la même : une sur deux à chaque fois.",
        en="Over a thousand calls, count the labels 1, then the neighbouring pairs that share theirs: one in two each time.",
    ),
)
def test_labels_are_tosses_of_a_coin(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    """Counts of independent coins, exact tails: 11 tests of 1e-7 / 11 each."""
    bound = 1e-7 / 11
    docs = documents(rng, (4, 1, 6))
    calls = 400
    labels = torch.tensor(
        [[label for _, _, label in judge(student.nsp_pairs(docs, generator(torch_rng)), docs)] for _ in range(calls)]
    )
    per_call = labels.shape[1]
    same = labels[:, 1:] == labels[:, :-1]
    inside = torch.cat([same[:, :2], same[:, 3:]], dim=1)  # both pairs are of one document
    expect(not bool(inside.all()), ONE_DRAW)
    halves = int((labels.sum(dim=1) == per_call // 2).sum())
    expect(not too_many(halves, calls, math.comb(per_call, per_call // 2) / 2**per_call, bound), FIXED_HALF)
    expect(not unlikely(int(labels.sum()), labels.numel(), 0.5, bound), NOT_HALF)
    assert not unlikely(int(inside.sum()), inside.numel(), 0.5, bound)
    assert not any(unlikely(int(count), calls, 0.5, bound) for count in labels.sum(dim=0))


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Une phrase B d'étiquette 1 est tirée à nouveau pour chaque paire, et toutes celles des autres documents ont la même "
        "probabilité (au pire 1 chance sur dix millions d'un rejet à tort).",
        en="A sentence B with label 1 is drawn anew for each pair, and all those of the other documents are equally likely (a "
        "wrong rejection has at most 1 chance in ten million).",
    ),
    hint=say(
        fr="Sur mille appels avec des documents de 9, 1 et 4 phrases, comptez combien de fois chaque phrase est B, étiquette 1.",
        en="Over a thousand calls with documents of 9, 1 and 4 sentences, count how often each sentence is B with label 1.",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_strangers_are_equally_likely(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    """Each stranger of each document, exact tails; and neighbours that are the same one. All share 1e-7."""
    lengths = (9, 4, 1, 3)
    docs = documents(rng, lengths)
    drawn: dict[int, Counter[Place]] = {0: Counter(), 1: Counter(), 3: Counter()}
    couples, repeats = Counter[int](), Counter[int]()
    for _ in range(500):
        previous: dict[int, Place] = {}
        for (number, _), b, label in judge(student.nsp_pairs(docs, generator(torch_rng)), docs):
            if label == 1:
                drawn[number][b] += 1
                couples[number] += number in previous
                repeats[number] += previous.get(number) == b
                previous[number] = b
    expect(repeats[0] < couples[0], ONE_NEGATIVE)
    expect(all(len({b[0] for b in counts}) > 1 for counts in drawn.values()), NEIGHBOUR_DOCUMENT)
    bound = 1e-7 / (3 * sum(lengths))
    uneven = False
    for number, counts in drawn.items():
        total = counts.total()
        strangers = [(n, rank) for n, length in enumerate(lengths) if n != number for rank in range(length)]
        uneven |= any(unlikely(counts[b], total, 1 / len(strangers), bound) for b in strangers)
        uneven |= unlikely(repeats[number], couples[number], 1 / len(strangers), bound)
    by_document = Counter(b[0] for b in drawn[0].elements())
    even_documents = not any(unlikely(by_document[n], drawn[0].total(), 1 / 3, bound) for n in (1, 2, 3))
    expect(not (uneven and even_documents), DOCUMENT_FIRST)
    assert not uneven


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Tout le hasard vient de `rng` : même état, mêmes paires ; un autre état, ou un second appel, d'autres paires.",
        en="All chance comes from `rng`: same state, same pairs; another state, or a second call, other pairs.",
    ),
    hint=say(
        fr="Essayez `r = torch.Generator().manual_seed(1)`, puis deux appels avec `r`, puis un appel avec un `r` tout neuf.",
        en="Try `r = torch.Generator().manual_seed(1)`, then two calls with `r`, then one with a brand-new `r`.",
    ),
)
def test_draws_come_from_rng(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    """Other states give the same 140 labels with probability 2 ** -140."""
    docs = documents(rng, (80, 1, 60, 3))
    state = generator(torch_rng)
    first = student.observe("nsp_pairs", docs, state.clone_state())
    pairs = judge(first.value, docs)
    expect(not first.rng_touched, GLOBAL_GENERATOR)
    expect(judge(student.nsp_pairs(docs, state.clone_state()), docs) == pairs, GLOBAL_GENERATOR)
    expect(judge(student.nsp_pairs(docs, generator(torch_rng)), docs) != pairs, RESEEDS)
    assert len(first.args) == 2
    advanced = first.args[1]
    assert isinstance(advanced, torch.Generator)
    expect(judge(student.nsp_pairs(docs, advanced), docs) != pairs, RESEEDS)


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=2,
    rationale=say(
        fr="Les cas limites suivent la règle : aucun document, documents vides ou d'une phrase, un seul document qui ait des "
        "phrases, documents identiques.",
        en="Edge cases follow the rule: no document, documents that are empty or of one sentence, a single document that has "
        "sentences, identical documents.",
    ),
    hint=say(
        fr="Essayez `[]`, `[[]]`, `[[a]]`, `[[a, b], []]`, `[[a, b], [c]]`, puis deux documents égaux.",
        en="Try `[]`, `[[]]`, `[[a]]`, `[[a, b], []]`, `[[a, b], [c]]`, then two equal documents.",
    ),
)
def test_edge_cases(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    """By chance a right solution fails the last part with probability under 1e-7: two exact tails of 4e-8, 0.75 ** 150."""
    for lengths in ((), (0,), (0, 0), (1,), (1, 1), (0, 1, 0), (1, 0, 1, 1)):
        assert plain(student.nsp_pairs(documents(rng, lengths), generator(torch_rng))) == []
    for lengths in ((12,), (0, 12), (0, 9, 0, 0), (2,)):
        docs = documents(rng, lengths)
        for _ in range(8):
            pairs = plain(student.nsp_pairs(docs, generator(torch_rng)))
            if any(label == 1 for _, _, label in pairs):
                expect(not all(label == 1 for _, _, label in pairs) or len(pairs) < 2, INVERTED)
                expect(False, ALONE_IS_NEGATIVE)
            judge(pairs_of(pairs), docs)
    x, y = documents(rng, (2,))[0]
    twins = [[x.clone(), y.clone()] for _ in range(150)]
    pairs = plain(student.nsp_pairs(twins, generator(torch_rng)))
    key_x, key_y = tuple(x.tolist()), tuple(y.tolist())
    assert [a for a, _, _ in pairs] == [key_x] * 150
    assert all(b in (key_x, key_y) for _, b, _ in pairs)
    strangers = [b for _, b, label in pairs if label == 1]
    expect(not strangers or key_y in strangers, BY_CONTENT)
    assert all(b == key_y for _, b, label in pairs if label == 0)
    assert not unlikely(sum(label for _, _, label in pairs), 150, 0.5, 4e-8)
    assert not unlikely(sum(b == key_x for _, b, _ in pairs), 150, 0.25, 4e-8)


def pairs_of(pairs: list[tuple[tuple[int, ...], tuple[int, ...], int]]) -> Pairs:
    return [(torch.tensor(a), torch.tensor(b), label) for a, b, label in pairs]


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Les documents reçus sont rendus intacts, et aucun générateur aléatoire global n'est touché.",
        en="The given documents are left intact, and no global random generator is touched.",
    ),
    hint=say(
        fr="Affichez `docs` avant et après l'appel : même nombre de documents, mêmes phrases, même ordre ?",
        en="Print `docs` before and after the call: as many documents, the same sentences, the same order?",
    ),
)
def test_leaves_everything_as_found(student: Any, rng: random.Random, torch_rng: torch.Generator) -> None:
    docs = documents(rng, (3, 0, 7, 1, 2, 0))
    for _ in range(4):
        seen = student.observe("nsp_pairs", docs, generator(torch_rng))
        assert len(seen.args) == 2
        expect(as_lists(seen.args[0]) == as_lists(docs), MUTATES_DOCS)
        expect(not seen.rng_touched, GLOBAL_GENERATOR)
        judge(seen.value, docs)


def as_lists(value: Any) -> Any:
    """Nested lists of numbers; what is neither list nor tensor stands for itself."""
    if isinstance(value, torch.Tensor):
        return (str(value.dtype), value.tolist())
    return [as_lists(one) for one in value] if type(value) is list else value


STORIES, TOPIC_STORIES = 60, 600


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=3,
    rationale=say(
        fr="Un petit classifieur entraîné sur vos paires d'histoires reconnaît la suite d'une phrase dans d'autres histoires, "
        "au moins à mi-chemin entre le hasard et ce que donnent les paires de référence.",
        en="A small classifier trained on your pairs of stories recognises what follows a sentence in other stories, at least "
        "half-way between chance and what the reference's pairs give.",
    ),
    hint=say(
        fr="Prenez quelques histoires, affichez dix paires et devinez les étiquettes : le thème et les personnages de A et "
        "de B permettent-ils de répondre ?",
        en="Take a few stories, print ten pairs and guess the labels: do the topics and people of A and B allow to answer?",
    ),
)
@pytest.mark.budget(cpu=20, wall=90)
def test_probe_learns_from_the_pairs(
    student: Any, reference: Any, rng: random.Random, torch_rng: torch.Generator
) -> None:
    """AUC of a logistic regression, mean of three draws of stories. Its standard deviation is about 0.01, and half of
    the gap 0.15: by chance a right solution fails with probability far below 1e-7.
    """
    language = rng.choice(("fr", "en"))
    tokenizer = load_tokenizer("tiny-encoder")

    def told(count: int) -> Docs:
        sentences = [re.split(r"(?<=[.!?])\s+", story(language, rng)) for _ in range(count)]
        ids = iter(tokenizer([one for each in sentences for one in each], add_special_tokens=False)["input_ids"])
        return [[torch.tensor(next(ids)) for _ in each] for each in sentences]

    topics = topics_of(told(TOPIC_STORIES), len(tokenizer))
    right, own, true = [], [], []
    for _ in range(3):
        train, test = told(STORIES), told(STORIES)
        states = generator(torch_rng), generator(torch_rng)
        wanted_train, wanted = (
            reference.nsp_pairs(docs, state.clone_state()) for docs, state in zip((train, test), states, strict=True)
        )
        got_train, got = (
            formed(student.nsp_pairs(docs, state)) for docs, state in zip((train, test), states, strict=True)
        )
        for pairs in (got_train, got):
            assert {label for _, _, label in pairs} == {0, 1}
            assert all(0 <= int(one.min()) <= int(one.max()) < len(tokenizer) for a, b, _ in pairs for one in (a, b))
        right.append(auc(trained(wanted_train, topics), wanted, topics))
        probe = trained(got_train, topics)
        own.append(auc(probe, got, topics))
        true.append(auc(probe, wanted, topics))
    gain = sum(right) / 3 - 0.5
    if gain < 0.1:
        raise RuntimeError(f"the reference's pairs teach the probe too little: {gain:.3f} over chance")
    own_gain, true_gain = sum(own) / 3 - 0.5, sum(true) / 3 - 0.5
    expect(not (own_gain >= gain / 2 and true_gain <= -gain / 2), INVERTED)
    assert own_gain >= gain / 2
    assert true_gain >= gain / 2


Topics = tuple[torch.Tensor, torch.Tensor]


def topics_of(docs: Docs, vocabulary: int) -> Topics:
    """Of each token, the stories that it occurs in, weighted as by tf-idf; and its idf."""
    occurs = torch.zeros(vocabulary, len(docs))
    for number, doc in enumerate(docs):
        occurs[torch.cat(doc), number] = 1.0
    frequency = occurs.sum(dim=1)
    idf = torch.log((1 + len(docs)) / (1 + frequency))
    return occurs * (idf / (frequency + 1).sqrt())[:, None], idf


def features(pairs: Pairs, topics: Topics) -> torch.Tensor:
    """Of each pair: how close the topics of A and B are, and what words they share."""
    occurs, idf = topics
    distinct = [(a.unique(), b.unique()) for a, b, _ in pairs]

    def topic(sentences: list[torch.Tensor]) -> torch.Tensor:
        offsets = torch.tensor([0, *map(len, sentences[:-1])]).cumsum(dim=0)
        bags = torch.nn.functional.embedding_bag(torch.cat(sentences), occurs, offsets, mode="sum")
        return torch.nn.functional.normalize(bags, dim=1)

    cosines = (topic([a for a, _ in distinct]) * topic([b for _, b in distinct])).sum(dim=1)
    shared = [idf[a[torch.isin(a, b)]] for a, b in distinct]
    columns = (
        cosines,
        torch.tensor(
            [len(both) / (len(a) + len(b) - len(both)) for both, (a, b) in zip(shared, distinct, strict=True)]
        ),
        torch.stack([both.sum() for both in shared]),
        torch.stack([both.max() if len(both) else torch.tensor(0.0) for both in shared]),
    )
    return torch.stack(columns, dim=1).double()


def labels_of(pairs: Pairs) -> torch.Tensor:
    return torch.tensor([label for _, _, label in pairs], dtype=torch.float64)


def trained(pairs: Pairs, topics: Topics) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A logistic regression, by ten steps of Newton's method: centre and scale of the features, and the weights."""
    x, y = features(pairs, topics), labels_of(pairs)
    centre, scale = x.mean(dim=0), x.std(dim=0) + 1e-6
    z = torch.nn.functional.pad((x - centre) / scale, (0, 1), value=1.0)
    w = torch.zeros(z.shape[1], dtype=x.dtype)
    ridge = torch.eye(len(w), dtype=x.dtype)
    for _ in range(10):
        p = torch.sigmoid(z @ w)
        w = w - torch.linalg.solve((z * (p * (1 - p))[:, None]).T @ z + ridge, z.T @ (p - y) + w)
    return centre, scale, w[:-1]


def auc(probe: tuple[torch.Tensor, torch.Tensor, torch.Tensor], pairs: Pairs, topics: Topics) -> float:
    """How often a pair of label 1 is ranked above one of label 0."""
    centre, scale, w = probe
    scores, labels = ((features(pairs, topics) - centre) / scale) @ w, labels_of(pairs)
    gaps = scores[labels == 1][:, None] - scores[labels == 0]
    return float((gaps.sign() / 2 + 0.5).mean())


@pytest.mark.exercise("nsp_pairs")
@pytest.mark.check(
    weight=1,
    rationale=say(
        fr="Le temps croît comme la taille de `docs`, pas comme son carré (5 fois le temps de la référence).",
        en="Time grows as the size of `docs`, not as its square (5 times the reference's time).",
    ),
    hint=say(
        fr="Mettez les phrases bout à bout une seule fois : celles d'un document y occupent des places consécutives, qu'il "
        "suffit d'enjamber pour tirer ailleurs.",
        en="Put the sentences end to end once: those of a document have consecutive places there, and to draw elsewhere it is "
        "enough to step over them.",
    ),
)
@pytest.mark.budget(cpu=40, wall=200, ratio=5)
def test_speed(race: Any) -> None:
    def make(rng: random.Random) -> tuple[tuple[Any, ...], dict[str, Any]]:
        docs = documents(rng, (2,) * 2000) + [[] for _ in range(20_000)]
        rng.shuffle(docs)
        return (docs, torch.Generator().manual_seed(rng.getrandbits(62))), {}

    race("nsp_pairs", make=make, same=same_pairs)


def same_pairs(mine: Any, right: Pairs) -> bool:
    """The same A in the same order, and the same B where both are successors: the rest is each one's own chance."""
    return len(formed(mine)) == len(right) and all(
        torch.equal(a, right_a) and (label + right_label > 0 or torch.equal(b, right_b))
        for (a, b, label), (right_a, right_b, right_label) in zip(mine, right, strict=True)
    )
