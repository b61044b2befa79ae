"""Questions with their candidates → the weights of the reader's comparison.

Listwise over the best candidates and "none", which scores 0, as for the ranker. The states of the body are cut to their
main axes first: some 5,000 questions are too few to learn which of 1,280 numbers matter. Knows examples, texts and what
was thought of the candidates before; nothing of the index.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

from rag.comparison import COMPARISON, TOKENS, Halves, clues
from rag.ranker import Rows, leading
from rag.reader import Body
from rag.terms import Array
from rag.training.descent import descend
from rag.training.examples import Example, Say
from rag.training.ranker import listwise

_READ_AT_ONCE = 128
_AT_ONCE = 48  # sentences of like length that are compared together, so that few rows are empty
_SAMPLE = 1_500  # texts from which the axes are found
_SHARPNESS = 12.0  # of the matching, at the start
_CLIP = 1.0  # the norm of a step's gradient at most
_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    epochs: int = 2
    batch: int = 24
    best: int = 5  # candidates of each question that are always compared
    others: int = 3  # of those behind them, drawn anew each time
    behind: int = 24  # how far down these may stand
    evidence: int = 4  # at most so much of it
    axes: int = 320
    seen: int = 160  # numbers by which a token is compared
    sought: int = 96  # numbers by which it is matched
    hidden: int = 160
    learning_rate: float = 1e-3
    weight_decay: float = 2e-2
    dropout: float = 0.25
    seed: int = 7


@dataclass(frozen=True, slots=True)
class _Question:
    """Rows of the texts: its own, those of candidates that can be drawn; their clues; which of them are evidence."""

    own: int
    candidates: Rows
    clues: Array
    gold: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Texts of like length: states (texts, tokens, axes), ids (texts, tokens), which tokens are there."""

    states: torch.Tensor
    ids: torch.Tensor
    there: torch.Tensor


class _Network(nn.Module):
    """As ``rag.comparison``, over the main axes of the states and many sentences at once."""

    def __init__(self, recipe: Recipe, rarity: Array) -> None:
        super().__init__()
        torch.manual_seed(recipe.seed)
        self.seen = nn.Linear(recipe.axes, recipe.seen)
        self.sought = nn.Linear(recipe.axes, recipe.sought)
        self.compare0 = nn.Linear(4 * recipe.seen + 4, recipe.hidden)
        self.compare1 = nn.Linear(recipe.hidden, recipe.hidden)
        self.judge0 = nn.Linear(4 * recipe.hidden + 2, recipe.hidden)
        self.judge1 = nn.Linear(recipe.hidden, 1)
        self.sharpness = nn.Parameter(torch.tensor(_SHARPNESS))
        self.rarity: torch.Tensor
        self.register_buffer("rarity", torch.from_numpy(rarity))
        self._dropout = nn.Dropout(recipe.dropout)

    def forward(self, question: _Sides, sentence: _Sides, clues: torch.Tensor) -> torch.Tensor:
        """One logit a pair of texts, shape (pairs,)."""
        q, s = self._dropout(question.states), self._dropout(sentence.states)
        like = _unit(self.sought(q)) @ _unit(self.sought(s)).transpose(1, 2)
        same = question.ids[:, :, None] == sentence.ids[:, None, :]
        seen = self.seen(q), self.seen(s)
        pooled = [
            *self._pooled(question, seen[0], sentence, seen[1], like, same),
            *self._pooled(sentence, seen[1], question, seen[0], like.transpose(1, 2), same.transpose(1, 2)),
        ]
        last = torch.relu(self.judge0(torch.cat([*pooled, clues], dim=1)))
        return torch.as_tensor(self.judge1(self._dropout(last))[:, 0])

    def _pooled(
        self,
        own: _Sides,
        seen: torch.Tensor,
        other: _Sides,
        theirs: torch.Tensor,
        like: torch.Tensor,
        same: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and maximum over the tokens of one side."""
        hidden_from = ~other.there[:, None, :]
        matched = (self.sharpness * like).masked_fill(hidden_from, _NEVER).softmax(dim=2) @ theirs
        best = like.masked_fill(hidden_from, -1).max(dim=2).values
        there = (same & other.there[:, None, :]).any(dim=2).float()
        rarity = self.rarity[own.ids]
        signs = torch.stack([there, best, rarity, there * rarity], dim=2)
        rows = torch.cat([seen, matched, seen * matched, (seen - matched).abs(), signs], dim=2)
        hidden = torch.relu(self.compare1(self._dropout(torch.relu(self.compare0(rows)))))
        kept = own.there[:, :, None]
        return (hidden * kept).sum(dim=1) / kept.sum(dim=1), hidden.masked_fill(~kept, _NEVER).max(dim=1).values


def _unit(rows: torch.Tensor) -> torch.Tensor:
    return nn.functional.normalize(rows, dim=-1)


class ComparisonTraining:
    """The texts that can be drawn, read by the body once; networks are then trained on any part of the examples.

    ``looked`` and ``cosines`` hold, for the candidates of each example, the first look and the cosine of towers, both
    without having seen its text.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        looked: Sequence[Array],
        cosines: Sequence[Array],
        body: Body,
        recipe: Recipe = Recipe(),
    ) -> None:
        self._recipe = recipe
        rows: dict[str, int] = {}
        self._questions = []
        for e, first, own in zip(examples, looked, cosines, strict=True):
            order = np.argsort(-first, kind="stable")
            drawn = order[(np.arange(len(order)) < recipe.behind) | e.gold[order]]
            self._questions.append(
                _Question(
                    rows.setdefault(e.question, len(rows)),
                    np.array([rows.setdefault(e.texts[i], len(rows)) for i in drawn]),
                    clues(own[drawn], first[drawn]).astype(np.float32),
                    e.gold[drawn],
                )
            )
        self._texts = _Texts(list(rows), body, recipe.axes)

    def fit(self, chosen: Sequence[int], say: Say = lambda line: None) -> _Network:
        """A network that has seen the chosen examples."""
        torch.set_num_threads(os.cpu_count() or 1)
        r = self._recipe
        network = _Network(r, self._texts.rarity)
        rng = np.random.default_rng(r.seed)
        optimizer = torch.optim.AdamW(network.parameters(), lr=r.learning_rate, weight_decay=r.weight_decay)
        loss, tell = partial(self._loss, network, rng), lambda line: say(f"comparison, {line}")
        descend(network, optimizer, loss, chosen, rng.permutation, r.epochs, r.batch, clip=_CLIP, say=tell)
        return network

    def logits(self, network: _Network, example: int) -> Array:
        """For the candidates of an example that would be read, in that order."""
        question = self._questions[example]
        first = np.arange(len(leading(question.clues[:, 1])))  # they stand in the order of the first look
        with torch.no_grad():
            return self._compared(network, [question], [first]).numpy()

    def save(self, network: _Network, out: Path) -> None:
        """Writes the network beside the body, for its whole states, in half precision."""
        tensors = {"sharpness": network.sharpness.detach(), "rarity": network.rarity}
        for name, layer in network.named_children():
            if isinstance(layer, nn.Linear):
                tensors[f"{name}.weight"], tensors[f"{name}.bias"] = layer.weight.detach().T, layer.bias.detach()
        for name in ("seen", "sought"):
            mean, axes = torch.from_numpy(self._texts.mean), torch.from_numpy(self._texts.axes)
            whole = axes @ tensors[f"{name}.weight"]
            tensors[f"{name}.weight"], tensors[f"{name}.bias"] = whole, tensors[f"{name}.bias"] - mean @ whole
        save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, str(out / COMPARISON))
        (out / COMPARISON).chmod(0o644)  # safetensors makes it private

    def _loss(self, network: _Network, rng: np.random.Generator, chosen: Rows) -> torch.Tensor:
        questions = [self._questions[i] for i in chosen]
        drawn = [self._drawn(question, rng) for question in questions]
        gold = np.concatenate([q.gold[own] for q, own in zip(questions, drawn, strict=True)])
        lengths = np.array([len(own) for own in drawn])
        return listwise(self._compared(network, questions, drawn), torch.from_numpy(gold), lengths).mean()

    def _drawn(self, question: _Question, rng: np.random.Generator) -> Rows:
        r = self._recipe
        others = rng.permutation(np.arange(r.best, min(r.behind, len(question.gold))))[: r.others]
        gold = np.flatnonzero(question.gold)[: r.evidence]
        return np.unique(np.concatenate([np.arange(min(r.best, len(question.gold))), others, gold]))

    def _compared(self, network: _Network, questions: Sequence[_Question], drawn: Sequence[Rows]) -> torch.Tensor:
        """Logits of the drawn candidates, one question's behind the other's."""
        asked = np.concatenate([np.full(len(own), q.own) for q, own in zip(questions, drawn, strict=True)])
        said = np.concatenate([q.candidates[own] for q, own in zip(questions, drawn, strict=True)])
        known = np.concatenate([q.clues[own] for q, own in zip(questions, drawn, strict=True)])
        order = np.argsort(self._texts.lengths[said], kind="stable")
        parts = [
            network(self._texts.sides(asked[own]), self._texts.sides(said[own]), torch.from_numpy(known[own]))
            for own in np.array_split(order, -(-len(order) // _AT_ONCE))
        ]
        return torch.cat(parts)[torch.from_numpy(np.argsort(order))]


class _Texts:
    """The states of many texts' tokens on their main axes (Hotelling 1933), in half precision."""

    def __init__(self, texts: Sequence[str], body: Body, axes: int) -> None:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        self.mean, self.axes = _main_axes(body, [texts[i] for i in order[:: -(-len(order) // _SAMPLE)]], axes)
        ids: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(texts)
        states: list[Halves] = [np.zeros((0, axes), np.float16)] * len(texts)
        for start in range(0, len(order), _READ_AT_ONCE):
            own = order[start : start + _READ_AT_ONCE]
            read = body([texts[i] for i in own])
            for i, own_ids, own_states in zip(own, read.ids, read.states, strict=True):
                ids[i] = own_ids[:TOKENS]
                states[i] = ((own_states[:TOKENS] - self.mean) @ self.axes).astype(np.float16)
        self.lengths = np.array([len(own) for own in ids])
        self._starts = np.cumsum([0, *self.lengths[:-1]])
        self._ids, self._states = np.concatenate(ids), np.concatenate(states)
        counted = np.bincount(self._ids, minlength=body.pieces)
        rarity = np.log((len(texts) + 1) / (1 + counted))
        self.rarity = (rarity / rarity.max()).astype(np.float32)

    def sides(self, rows: Rows) -> _Sides:
        """Some of the texts, the shorter ones with empty rows."""
        lengths = self.lengths[rows]
        column = np.arange(lengths.max())
        there = column < lengths[:, np.newaxis]
        flat = np.where(there, self._starts[rows][:, np.newaxis] + column, 0)
        states = self._states[flat].astype(np.float32) * there[:, :, np.newaxis]
        return _Sides(torch.from_numpy(states), torch.from_numpy(self._ids[flat]), torch.from_numpy(there))


def _main_axes(body: Body, texts: Sequence[str], count: int) -> tuple[Array, Array]:
    """The mean of the states, and their main axes (width, ``count``), scaled so that the states are about 1."""
    parts = (body(texts[start : start + _READ_AT_ONCE]).states for start in range(0, len(texts), _READ_AT_ONCE))
    states = np.concatenate([own for part in parts for own in part])
    mean = states.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((states - mean).T))
    scale = np.sqrt(values[::-1][:count].mean())
    return mean, (vectors[:, ::-1][:, :count] / scale).astype(np.float32)
