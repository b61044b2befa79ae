"""Questions with their candidates → the towers of the bundled reader.

Listwise: each question against the sentences of its own candidates and of all others in the batch, its evidence being
what it should be closest to (Henderson et al. 2017). The body stays as it is, so every text is read once. Knows
examples and sums of tokens, nothing of the index.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from rag.comparison import Halves
from rag.ranker import Rows
from rag.reader import TOWERS, Body
from rag.terms import Array
from rag.training.descent import descend
from rag.training.examples import Example, Say

_PARTS = ("dense", "bias", "hidden0", "skip1", "hidden1", "hidden2", "skip3", "hidden3")
_TOWERS = ("question", "sentence")
_READ_AT_ONCE = 256
_LARGEST = 127  # of eight bits


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    epochs: int = 4
    batch: int = 32
    others: int = 32  # candidates without evidence, of each question
    learning_rate: float = 2e-4
    weight_decay: float = 1e-2
    dropout: float = 0.15
    scale: float = 12.0  # of the cosines, at the start
    seed: int = 7


@dataclass(frozen=True, slots=True)
class _Question:
    """Rows of the sums: its own, its candidates'; which of these are evidence."""

    own: int
    candidates: Rows
    gold: NDArray[np.bool_]


class _Towers(nn.Module):
    """Both towers, begun as the one that the body brought."""

    def __init__(self, body: Body, recipe: Recipe) -> None:
        super().__init__()
        torch.manual_seed(recipe.seed)
        first = {part: torch.from_numpy(body.tensors[f"tower.{part}"]) for part in _PARTS}
        self.weights = nn.ParameterDict(
            {f"{tower}_{part}": nn.Parameter(tensor.clone()) for tower in _TOWERS for part, tensor in first.items()}
        )
        self.scale = nn.Parameter(torch.tensor(recipe.scale))
        self._dropout = nn.Dropout(recipe.dropout)

    def forward(self, tower: str, sums: torch.Tensor, roots: torch.Tensor) -> torch.Tensor:
        """As ``rag.reader.tower``."""
        w = {part: self.weights[f"{tower}_{part}"] for part in _PARTS}
        x = self._dropout(sums) @ w["dense"] + roots[:, None] * w["bias"]
        hidden = torch.relu(torch.relu(x @ w["hidden0"]) @ w["hidden1"] + x @ w["skip1"])
        out = torch.tanh(torch.relu(hidden @ w["hidden2"]) @ w["hidden3"] + hidden @ w["skip3"])
        return nn.functional.normalize(out, dim=1)


class ReaderTraining:
    """All texts of the examples, read by the body once; towers are then trained on any part of the examples."""

    def __init__(self, examples: Sequence[Example], body: Body, recipe: Recipe = Recipe()) -> None:
        rows: dict[str, int] = {}
        self._questions = [
            _Question(
                rows.setdefault(e.question, len(rows)),
                np.array([rows.setdefault(text, len(rows)) for text in e.texts]),
                e.gold,
            )
            for e in examples
        ]
        self._body, self._recipe = body, recipe
        self._sums, self._roots = _read(body, list(rows))

    def fit(self, chosen: Sequence[int], say: Say = lambda line: None) -> _Towers:
        """Towers that have seen the chosen examples."""
        torch.set_num_threads(os.cpu_count() or 1)
        r = self._recipe
        towers = _Towers(self._body, r)
        ids = [i for i in chosen if self._questions[i].gold.any()]
        rng = np.random.default_rng(r.seed)
        optimizer = torch.optim.AdamW(towers.parameters(), lr=r.learning_rate, weight_decay=r.weight_decay)
        loss = partial(self._loss, towers, rng)
        descend(
            towers, optimizer, loss, ids, rng.permutation, r.epochs, r.batch, say=lambda line: say(f"towers, {line}")
        )
        return towers

    def cosines(self, towers: _Towers, example: int) -> Array:
        """How well each candidate of an example answers its question."""
        question = self._questions[example]
        with torch.no_grad():
            asked = self._vectors(towers, "question", np.array([question.own]))
            said = self._vectors(towers, "sentence", question.candidates)
            return np.asarray((said @ asked[0]).numpy(), dtype=np.float32)

    def _loss(self, towers: _Towers, rng: np.random.Generator, chosen: Iterable[int]) -> torch.Tensor:
        questions = [self._thinned(self._questions[i], rng) for i in chosen]
        asked = self._vectors(towers, "question", np.array([q.own for q in questions]))
        said = self._vectors(towers, "sentence", np.concatenate([q.candidates for q in questions]))
        whose = np.repeat(np.arange(len(questions)), [len(q.candidates) for q in questions])
        gold = np.concatenate([q.gold for q in questions])[None] & (whose[None] == np.arange(len(questions))[:, None])
        scores = towers.scale * asked @ said.T
        wanted = scores.masked_fill(~torch.from_numpy(gold), -1e4)
        return (torch.logsumexp(scores, dim=1) - torch.logsumexp(wanted, dim=1)).mean()

    def _thinned(self, question: _Question, rng: np.random.Generator) -> _Question:
        others = rng.permutation(np.flatnonzero(~question.gold))[: self._recipe.others]
        kept = np.concatenate([np.flatnonzero(question.gold), others])
        return _Question(question.own, question.candidates[kept], question.gold[kept])

    def _vectors(self, towers: _Towers, tower: str, rows: Rows) -> torch.Tensor:
        sums = torch.from_numpy(self._sums[rows].astype(np.float32))
        return torch.as_tensor(towers(tower, sums, torch.from_numpy(self._roots[rows])))


def _read(body: Body, texts: Sequence[str]) -> tuple[Halves, Array]:
    """Sums in half precision and roots of all texts; those of like length together."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    sums, roots = np.zeros((len(texts), body.width), np.float16), np.zeros(len(texts), np.float32)
    for start in range(0, len(order), _READ_AT_ONCE):
        own = order[start : start + _READ_AT_ONCE]
        read = body([texts[i] for i in own])
        sums[own], roots[own] = read.sums, read.roots
    return sums, roots


def save_towers(towers: _Towers, out: Path) -> None:
    """Writes the towers beside the body: matrices in eight bits with a scale a column, the rest in half precision."""
    tensors: dict[str, torch.Tensor] = {}
    for name, tensor in towers.weights.items():
        weights, to = tensor.detach(), name.replace("_", ".")
        if weights.ndim == 2:
            tensors[f"{to}.scale"] = weights.abs().amax(dim=0) / _LARGEST
            weights = (weights / tensors[f"{to}.scale"]).round().to(torch.int8)
        tensors[to] = weights.contiguous() if weights.dtype == torch.int8 else weights.half()
    save_file(tensors, str(out / TOWERS))
    (out / TOWERS).chmod(0o644)  # safetensors makes it private


def first_by_reader(examples: Sequence[Example], cosines: Sequence[Array]) -> float:
    """Share of the examples with evidence whose best sentence, by the towers alone, is evidence."""
    hits = [
        bool(e.gold[np.where(e.quotable, own, -1).argmax()])
        for e, own in zip(examples, cosines, strict=True)
        if e.gold.any()
    ]
    return float(np.mean(hits))
