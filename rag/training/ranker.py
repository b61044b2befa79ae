"""Examples → the bundled sentence ranker.

The loss is listwise over all candidate sentences and "none" (Cao et al. 2007, ListNet). One network is trained for each
fold of the texts; what each says of the texts it has not seen gives the validation scores and the thresholds, and
their mean is the model (Breiman 1996, bagging). This module knows feature rows, not where they come from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from rag.features import NAMES
from rag.ranker import CONFIG, WEIGHTS
from rag.terms import Array
from rag.training.examples import Example, Say

Judged = tuple[Array, float]  # scores of the sentences, confidence that any answers


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    hidden: int = 64
    epochs: int = 14
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.15
    withheld: float = 0.3  # share of answerable questions asked once more without their text
    shortened: float = 0.3  # share of questions asked once more in few words, as people do
    folds: int = 5
    refused: float = 0.08  # share of answerable validation questions below the answer threshold
    lost: float = 0.01  # the same for the threshold of "nothing found"
    seed: int = 7


def train_ranker(
    examples: Sequence[Example], encoder: str, out: Path, recipe: Recipe = Recipe(), say: Say = lambda line: None
) -> dict[str, float]:
    """Trains on examples made with the encoder of that fingerprint, saves under ``out``; gives validation scores."""
    network, judged = fit_folds(examples, recipe, random.Random(recipe.seed), say)
    scores = figures(judged, examples)
    confident = np.sort([c for (_, c), e in zip(judged, examples, strict=True) if e.gold.any()])
    answer, nearest = (float(confident[int(share * len(confident))]) for share in (recipe.refused, recipe.lost))
    say("validation: " + ", ".join(f"{name} {value:.3f}" for name, value in scores.items()))
    save(network, encoder, out, answer, nearest)
    return scores


def fit_folds(
    examples: Sequence[Example], recipe: Recipe, rng: random.Random, say: Say
) -> tuple[Network, list[Judged]]:
    """The mean of one network a fold, and what is said of each example by the network that has not seen its text."""
    documents = sorted({e.document for e in examples})
    rng.shuffle(documents)
    fold = {document: i % recipe.folds for i, document in enumerate(documents)}
    everything = torch.from_numpy(np.concatenate([e.rows for e in examples]))
    mean, scale = everything.mean(dim=0), everything.std(dim=0).clamp_min(1e-3)
    judged: list[Judged | None] = [None] * len(examples)
    networks = []
    for number in range(recipe.folds):
        held = [i for i, e in enumerate(examples) if fold[e.document] == number]
        network = Network(mean, scale, recipe, recipe.seed + number)
        fit(network, [e for e in examples if fold[e.document] != number], recipe)
        for i, found in zip(held, judge(network, [examples[i] for i in held]), strict=True):
            judged[i] = found
        networks.append(network)
        say(f"fold {number + 1} of {recipe.folds}")
    return averaged(networks, recipe), [found for found in judged if found is not None]


class Network(nn.Module):
    """Two perceptrons: one scores a sentence, one the case that no sentence answers."""

    def __init__(self, mean: torch.Tensor, scale: torch.Tensor, recipe: Recipe, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.sentence = self._perceptron(len(mean), recipe)
        self.none = self._perceptron(2 * len(mean), recipe)

    @staticmethod
    def _perceptron(width: int, recipe: Recipe) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(width, recipe.hidden), nn.ReLU(), nn.Dropout(recipe.dropout), nn.Linear(recipe.hidden, 1)
        )

    def forward(self, rows: torch.Tensor, there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows (questions, sentences, features) and which are there → sentence scores, "none" scores."""
        x = (rows - self.mean) / self.scale
        scores = self.sentence(x)[..., 0].masked_fill(~there, -1e4)
        highest = x.masked_fill(~there[..., None], -1e4).max(dim=1).values
        best = x[torch.arange(len(x)), scores.argmax(dim=1)]
        return scores, self.none(torch.cat([highest, best], dim=1))[:, 0]


def _padded(examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(e.rows) for e in examples)
    rows = torch.zeros(len(examples), longest, len(NAMES))
    there = torch.zeros(len(examples), longest, dtype=torch.bool)
    gold = torch.zeros(len(examples), longest, dtype=torch.bool)
    for i, e in enumerate(examples):
        rows[i, : len(e.rows)] = torch.from_numpy(e.rows)
        there[i, : len(e.rows)] = True
        gold[i, : len(e.rows)] = torch.from_numpy(e.gold)
    return rows, there, gold


def _loss(scores: torch.Tensor, none: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
    """The negative log of the probability of any gold sentence, or of "none" where there is none."""
    everything = torch.logsumexp(torch.cat([scores, none[:, None]], dim=1), dim=1)
    wanted = torch.logsumexp(scores.masked_fill(~gold, -1e4), dim=1)
    return (everything - torch.where(gold.any(dim=1), wanted, none)).mean()


def fit(network: Network, examples: Sequence[Example], recipe: Recipe) -> None:
    """Trains a network on the examples."""
    torch.set_num_threads(1)  # the layers are too small to share, and one thread sums in one order
    rng = random.Random(recipe.seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * -(-len(examples) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps)
    network.train()
    for _ in range(recipe.epochs):
        order = rng.sample(range(len(examples)), len(examples))
        for start in range(0, len(order), recipe.batch):
            rows, there, gold = _padded([examples[i] for i in order[start : start + recipe.batch]])
            scores, none = network(rows, there)
            loss = _loss(scores, none, gold)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    network.eval()


def averaged(networks: Sequence[Network], recipe: Recipe) -> Network:
    """One network whose scores are the mean of those of several: their hidden layers side by side."""
    first = networks[0]
    wide = replace(recipe, hidden=recipe.hidden * len(networks))
    merged = Network(first.mean, first.scale, wide, recipe.seed).eval()
    states = [network.state_dict() for network in networks]
    merged.load_state_dict(
        {
            "mean": first.mean,
            "scale": first.scale,
            **{
                f"{part}.{name}": together
                for part in ("sentence", "none")
                for name, together in {
                    "0.weight": torch.cat([s[f"{part}.0.weight"] for s in states]),
                    "0.bias": torch.cat([s[f"{part}.0.bias"] for s in states]),
                    "3.weight": torch.cat([s[f"{part}.3.weight"] for s in states], dim=1) / len(states),
                    "3.bias": torch.stack([s[f"{part}.3.bias"] for s in states]).mean(dim=0),
                }.items()
            },
        }
    )
    return merged


def judge(network: Network, examples: Sequence[Example]) -> list[Judged]:
    """What a network says of the examples."""
    found: list[Judged] = []
    with torch.no_grad():
        for start in range(0, len(examples), 256):
            batch = examples[start : start + 256]
            rows, there, _ = _padded(batch)
            scores, none = network(rows, there)
            confident = 1 - torch.softmax(torch.cat([scores, none[:, None]], dim=1), dim=1)[:, -1]
            found += [(s[: len(e.rows)].numpy(), float(c)) for s, c, e in zip(scores, confident, batch, strict=True)]
    return found


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


def save(network: Network, encoder: str, out: Path, answer_threshold: float, nearest_threshold: float) -> None:
    """Writes the folder that ``rag.ranker`` reads."""
    out.mkdir(parents=True, exist_ok=True)
    names = {"sentence.3": "sentence.1", "none.3": "none.1"}  # without the dropout between
    tensors = {}
    for key, value in network.state_dict().items():
        for old, new in names.items():
            key = key.replace(old, new)
        tensors[key] = value.contiguous()
    save_file(tensors, str(out / WEIGHTS))
    (out / WEIGHTS).chmod(0o644)  # safetensors makes it private
    thresholds = {"answer_threshold": answer_threshold, "nearest_threshold": nearest_threshold}
    config = {"features": list(NAMES), "encoder": encoder, **thresholds}
    (out / CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")
