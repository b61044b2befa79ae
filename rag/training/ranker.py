"""Examples → the bundled sentence ranker.

Sentences are scored with a listwise loss over all candidates and "none", which scores 0 (Cao et al. 2007, ListNet), and
scored again by a network that knows what the reader said of the best ones. A third network learns from those scores and
the whole list whether any sentence answers. One network of each kind is trained for each fold of the texts; what it
says of the texts it has not seen gives the validation scores and the thresholds, and their mean is the model (Breiman
1996, bagging). Knows feature rows, not where they come from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from rag.features import NAMES
from rag.ranker import CONFIG, READING, WEIGHTS, Rows, leading, overview, with_reading
from rag.terms import Array
from rag.training.descent import descend
from rag.training.examples import Example, Say

Judged = tuple[Array, float]  # scores of the sentences, confidence that any answers
# A question, its leading sentences, the first look at them → cosine and logit of each, as ``rag.reader.Reader.read``.
ReadTexts = Callable[[str, Sequence[str], Array], Array]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    hidden: int = 64
    epochs: int = 8
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.15
    judge_hidden: int = 32  # the third network
    judge_epochs: int = 25
    judge_learning_rate: float = 1e-3
    judge_decay: float = 5e-3
    withheld: float = 0.3  # share of answerable questions asked once more without their text
    shortened: float = 0.3  # share of questions asked once more in few words, as people do
    small: int = 48  # texts of the small archives in which all questions are asked once more
    strange: int = 3_000  # questions on other texts, asked of all; and in a small archive as many as it has texts
    folds: int = 4
    refused: float = 0.06  # share of answerable validation questions below the answer threshold
    lost: float = 0.003  # the same for the threshold of "nothing found"
    seed: int = 7


@dataclass(frozen=True, slots=True)
class FirstLook:
    """The network, and the scores that it would give to the candidates of each example without having seen its text."""

    network: Perceptron
    scores: list[Array]


def train_first_look(
    examples: Sequence[Example], folds: Sequence[int], recipe: Recipe = Recipe(), say: Say = lambda line: None
) -> FirstLook:
    """Trains what chooses the sentences that are read. ``folds`` are one an example."""
    torch.set_num_threads(1)  # the layers are too small to share, and one thread sums in one order
    alike = [1.0] * len(examples)  # it only orders the sentences of one question
    gold = [e.gold for e in examples]
    look = FirstLook(*_fit_sentences([e.rows for e in examples], gold, alike, folds, recipe))
    say("first look: " + _told(figures([(s, 0.0) for s in look.scores], examples)))
    return look


def train_ranker(
    examples: Sequence[Example],
    look: FirstLook,
    readings: Sequence[Array],
    folds: Sequence[int],
    strange: Sequence[Array],
    made_for: Mapping[str, str],
    out: Path,
    recipe: Recipe = Recipe(),
    say: Say = lambda line: None,
) -> dict[str, float]:
    """Trains what knows the readings, saves all under ``out``; gives validation scores.

    ``readings`` and ``folds`` are one an example: what a reader that has not seen the texts of its fold says of the
    candidates that lead by the first look. ``strange``: rows, as of ``as_read``, for questions that none of the texts
    answers, from which the first look and the reader have not learned. ``made_for`` holds the fingerprints of
    ``encoder`` and ``reader``.
    """
    torch.set_num_threads(1)
    rows = [
        with_reading(e.rows, scores, leading(scores), reading)
        for e, scores, reading in zip(examples, look.scores, readings, strict=True)
    ]
    rows += strange
    gold = [*(e.gold for e in examples), *(np.zeros(len(own), dtype=bool) for own in strange)]
    weights = [*(e.weight for e in examples), *[1.0] * len(strange)]
    folds = [*folds, *(number % recipe.folds for number in range(len(strange)))]
    sentence, scores = in_usual_leads(*_fit_sentences(rows, gold, weights, folds, recipe), gold)
    overviews = np.stack([overview(own, s) for own, s in zip(rows, scores, strict=True)])
    answered = [bool(own.any()) for own in gold]
    answerable, confident = _fit_answerable(overviews, answered, weights, folds, recipe)
    judged = list(zip(scores, confident, strict=True))
    measured = figures(judged[: len(examples)], examples)
    sure = np.sort([c for c, known in zip(confident, answered, strict=True) if known])
    answer, nearest = (float(sure[int(share * len(sure))]) for share in (recipe.refused, recipe.lost))
    say("validation: " + _told(measured))
    thresholds = {"answer_threshold": answer, "nearest_threshold": nearest}
    save({"first": look.network, "sentence": sentence, "answerable": answerable}, made_for, out, thresholds)
    return measured


def as_read(examples: Sequence[Example], look: FirstLook, read: ReadTexts) -> list[Array]:
    """The rows of questions that neither the first look nor the reader has learned from, with what ``read`` says."""
    rows = []
    for e in examples:
        first = _values(look.network, e.rows)
        chosen = leading(first)
        rows.append(with_reading(e.rows, first, chosen, read(e.question, [e.texts[i] for i in chosen], first[chosen])))
    return rows


def folds_of(examples: Sequence[Example], recipe: Recipe = Recipe()) -> list[int]:
    """The fold of each example: all questions on a text are in one."""
    documents = sorted({e.document for e in examples})
    random.Random(recipe.seed).shuffle(documents)
    fold = {document: i % recipe.folds for i, document in enumerate(documents)}
    return [fold[e.document] for e in examples]


def _told(measured: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in measured.items())


def _fit_sentences(
    rows: Sequence[Array],
    gold: Sequence[NDArray[np.bool_]],
    weights: Sequence[float],
    folds: Sequence[int],
    recipe: Recipe,
) -> tuple[Perceptron, list[Array]]:
    """The mean of one network a fold, and the scores by the network that has not seen the text."""
    lists = Lists(rows, gold, weights)
    fold = np.array(folds)
    scores: list[Array] = [np.zeros(0, dtype=np.float32)] * len(rows)
    networks = []
    for number in range(recipe.folds):
        network = Perceptron(lists.rows, recipe.hidden, recipe.dropout, recipe.seed + number)
        _fit_ranking(network, lists, np.flatnonzero(fold != number), recipe)
        for i in np.flatnonzero(fold == number).tolist():
            scores[i] = _values(network, rows[i])
        networks.append(network)
    return averaged(networks), scores


def in_usual_leads(
    network: Perceptron, scores: Sequence[Array], gold: Sequence[NDArray[np.bool_]]
) -> tuple[Perceptron, list[Array]]:
    """The network and its scores in units of the usual lead: half of all evidence leads the next sentence by 1 or more.

    What tells how much worse a sentence may be (``rag.compose``) then means the same for networks that are surer or
    less sure, as they are with more or fewer lists without evidence to learn from.
    """
    best = [np.sort(s)[::-1] for s, own in zip(scores, gold, strict=True) if own[np.argmax(s)]]
    leads = [s[0] - s[1] for s in best if len(s) > 1]
    lead = float(np.median(leads)) if leads else 1.0
    with torch.no_grad():
        network.last.weight.div_(lead)
        network.last.bias.div_(lead)
    return network, [s / lead for s in scores]


def _fit_answerable(
    overviews: Array,
    answered: Sequence[bool],
    weights: Sequence[float],
    folds: Sequence[int],
    recipe: Recipe,
) -> tuple[Perceptron, list[float]]:
    """The same for the network that tells whether any sentence answers."""
    rows, fold = torch.from_numpy(overviews), torch.tensor(folds)
    gold, weight = torch.tensor([*map(float, answered)]), torch.tensor(weights)
    confident = torch.zeros(len(rows))
    networks = []
    for number in range(recipe.folds):
        network = Perceptron(rows, recipe.judge_hidden, 0.0, recipe.seed + number)
        seen, own = fold != number, fold == number
        _fit_judging(network, rows[seen], gold[seen], weight[seen], recipe)
        confident[own] = torch.sigmoid(torch.from_numpy(_values(network, rows[own].numpy())))
        networks.append(network)
    return averaged(networks), confident.tolist()


class Lists:
    """Candidates of all questions, one list behind the other, so that a batch is gathered without padded rows."""

    def __init__(self, rows: Sequence[Array], gold: Sequence[NDArray[np.bool_]], weights: Sequence[float]) -> None:
        self.rows = torch.from_numpy(np.concatenate(rows))
        self._gold = torch.from_numpy(np.concatenate(gold))
        self._weights = torch.tensor(weights)
        self._lengths = np.array([len(own) for own in rows])
        self._starts = np.cumsum([0, *self._lengths[:-1]])

    def loss(self, network: Perceptron, chosen: Rows) -> torch.Tensor:
        """The listwise loss of the chosen questions."""
        lengths = self._lengths[chosen]
        column = np.concatenate([np.arange(length) for length in lengths])
        flat = torch.from_numpy(np.repeat(self._starts[chosen], lengths) + column)
        losses = listwise(network(self.rows[flat]), self._gold[flat], lengths)
        return (losses * self._weights[torch.from_numpy(chosen)]).mean()


class Perceptron(nn.Module):
    """One hidden layer over standardised rows: a number for each row."""

    def __init__(self, rows: torch.Tensor, hidden: int, dropout: float, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", rows.mean(dim=0))
        self.register_buffer("scale", rows.std(dim=0).clamp_min(1e-3))
        self.first = nn.Linear(rows.shape[1], hidden)
        self.last = nn.Linear(hidden, 1)
        self._dropout = nn.Dropout(dropout)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows of shape (…, features) → shape (…)."""
        hidden = self._dropout(torch.relu(self.first((rows - self.mean) / self.scale)))
        return torch.as_tensor(self.last(hidden)[..., 0])


def _values(network: Perceptron, rows: Array) -> Array:
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(rows)).numpy(), dtype=np.float32)


def _fit_ranking(network: Perceptron, lists: Lists, seen: Rows, recipe: Recipe) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)

    def loss(chosen: Sequence[int]) -> torch.Tensor:
        return lists.loss(network, seen[np.array(chosen)])

    descend(network, optimizer, loss, range(len(seen)), _shuffled(recipe), recipe.epochs, recipe.batch)


def _fit_judging(
    network: Perceptron, rows: torch.Tensor, gold: torch.Tensor, weights: torch.Tensor, recipe: Recipe
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.judge_learning_rate, weight_decay=recipe.judge_decay)

    def loss(chosen: Sequence[int]) -> torch.Tensor:
        own = torch.tensor(chosen)
        return nn.functional.binary_cross_entropy_with_logits(network(rows[own]), gold[own], weight=weights[own])

    descend(network, optimizer, loss, range(len(rows)), _shuffled(recipe), recipe.judge_epochs, 2 * recipe.batch)


def _shuffled(recipe: Recipe) -> Callable[[Sequence[int]], list[int]]:
    rng = random.Random(recipe.seed)
    return lambda chosen: rng.sample(chosen, len(chosen))


def listwise(scores: torch.Tensor, gold: torch.Tensor, lengths: NDArray[np.int64]) -> torch.Tensor:
    """The negative log of the probability of any gold candidate, or of "none", which scores 0, where there is none.

    ``scores`` and ``gold`` hold the lists of all questions one behind the other; gives one loss a question.
    """
    row, column = np.repeat(np.arange(len(lengths)), lengths), np.concatenate([np.arange(n) for n in lengths])
    place, shape = (torch.from_numpy(row), torch.from_numpy(column)), (len(lengths), int(lengths.max()))
    table = torch.full(shape, -1e4).index_put(place, scores)
    evidence = torch.zeros(shape, dtype=torch.bool).index_put(place, gold)
    none = torch.zeros(len(table))
    everything = torch.logsumexp(torch.cat([table, none[:, None]], dim=1), dim=1)
    wanted = torch.logsumexp(table.masked_fill(~evidence, -1e4), dim=1)
    return everything - torch.where(evidence.any(dim=1), wanted, none)


def averaged(networks: Sequence[Perceptron]) -> Perceptron:
    """One network whose value is the mean of those of several: their hidden layers side by side."""
    states = [network.state_dict() for network in networks]
    hidden = len(states[0]["first.bias"])
    merged = Perceptron(networks[0].mean.expand(2, -1), hidden * len(networks), 0.0, 0).eval()
    merged.load_state_dict(
        {
            "mean": states[0]["mean"],
            "scale": states[0]["scale"],
            "first.weight": torch.cat([s["first.weight"] for s in states]),
            "first.bias": torch.cat([s["first.bias"] for s in states]),
            "last.weight": torch.cat([s["last.weight"] for s in states], dim=1) / len(states),
            "last.bias": torch.stack([s["last.bias"] for s in states]).mean(dim=0),
        }
    )
    return merged


def figures(judged: Sequence[Judged], examples: Sequence[Example]) -> dict[str, float]:
    """How often evidence is the best sentence or among the best three, and the AUROC of the confidence."""
    from rag.evaluation.answers import auroc

    first: list[bool] = []
    three: list[bool] = []
    yes: list[float] = []
    no: list[float] = []
    for (scores, confidence), example in zip(judged, examples, strict=True):
        (yes if example.gold.any() else no).append(confidence)
        if example.gold.any():
            order = np.argsort(-np.where(example.quotable, scores, -1e4))
            first.append(bool(example.gold[order[0]]))
            three.append(bool(example.gold[order[:3]].any()))
    return {"first": float(np.mean(first)), "three": float(np.mean(three)), "auroc": auroc(yes, no) or 0.0}


def save(
    networks: Mapping[str, Perceptron], made_for: Mapping[str, str], out: Path, thresholds: Mapping[str, float]
) -> None:
    """Writes the folder that ``rag.ranker`` reads."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{name}.{key.replace('first.', '0.').replace('last.', '1.')}": value.contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    save_file(tensors, str(out / WEIGHTS))
    (out / WEIGHTS).chmod(0o644)  # safetensors makes it private
    config = {"features": [*NAMES, *READING], **made_for, **thresholds}
    (out / CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")
