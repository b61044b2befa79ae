"""The trained sentence ranker: feature rows → how likely each sentence answers, and how likely none does.

A first look over all candidates, the best few of them read by the reader, a second look that knows what it said, and a
judgement over the whole list: three small perceptrons run by numpy. Knows numbers only; what they mean stands in
``rag.features`` and ``rag.reader``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import BelegError, first_line
from rag.features import NAMES
from rag.settings import MODELS
from rag.terms import Array

BUNDLED = MODELS / "beleg-ranker-de"
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
LAYERS = ("0.weight", "0.bias", "1.weight", "1.bias")
READING = (
    *("first_look", "read", "closeness", "closeness_behind", "closeness_rank", "closeness_share"),
    *("match", "match_behind", "match_rank", "match_share", "match_any"),
)
READ = 5  # sentences that are read: 2 to 3 ms each if new; six are hardly better (benchmarks/LOG.md)
_SHARPNESS = 12.0  # of the softmax over the cosines
_LEADING = 6
_LARGEST = 50.0  # a logit beyond it says no more

Rows = NDArray[np.int64]
# The chosen candidates and the first look at them → what the reader says of each: cosine and logit, shape (chosen, 2).
Read = Callable[[Sequence[int], Array], Array]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``scores``: one a sentence, comparable across questions. ``confidence``: the probability that any answers.

    ``read``: the sentences that the reader looked at.
    """

    scores: Array
    confidence: float
    read: frozenset[int]


class Ranker:
    """Loaded once; may be used from any thread. ``encoder`` and ``reader`` are the fingerprints it was made for."""

    def __init__(self, encoder: str, reader: str, folder: Path = BUNDLED) -> None:
        from safetensors.numpy import load_file

        try:
            config = json.loads((folder / CONFIG).read_text("utf-8"))
            self._w = load_file(str(folder / WEIGHTS))
            self.answer_threshold = float(config["answer_threshold"])
            self.nearest_threshold = float(config["nearest_threshold"])
            names = [*NAMES, *READING]
            fits = (config["features"], config["encoder"], config["reader"]) == (names, encoder, reader)
        except Exception as error:  # safetensors has a type of its own
            raise BelegError(
                f"The sentence ranker in {folder} cannot be loaded ({first_line(error)}); "
                "make it with `python -m rag train ranker`."
            ) from error
        if not fits:
            raise BelegError(
                f"The sentence ranker in {folder} was made for another encoder, another reader or other features; "
                "make it anew with `python -m rag train ranker`."
            )

    def judge(self, rows: Array, read: Read) -> Judgement:
        """Scores for feature rows of shape (sentences, features), at least one row; ``read`` is asked once."""
        first = self._perceptron(rows, "first")
        chosen = leading(first)
        looked = chosen.tolist()
        rows = with_reading(rows, first, chosen, read(looked, first[chosen]))
        scores = self._perceptron(rows, "sentence")
        answerable = float(self._perceptron(overview(rows, scores)[np.newaxis], "answerable")[0])
        confidence = float(1 / (1 + np.exp(-np.clip(answerable, -50, 50))))
        return Judgement(scores, confidence, frozenset(looked))

    def _perceptron(self, rows: Array, name: str) -> Array:
        w = {key: self._w[f"{name}.{key}"] for key in ("mean", "scale", *LAYERS)}
        hidden = np.maximum((rows - w["mean"]) / w["scale"] @ w["0.weight"].T + w["0.bias"], 0)
        return np.asarray((hidden @ w["1.weight"].T + w["1.bias"])[:, 0], dtype=np.float32)


def leading(scores: Array) -> Rows:
    """Which sentences are read: the best by the first look."""
    return np.argsort(-scores, kind="stable")[:READ]


def with_reading(rows: Array, first: Array, chosen: Rows, reading: Array) -> Array:
    """The rows with ``READING`` behind them; what was not read has zeros there."""
    columns = np.zeros((len(rows), len(READING)), dtype=np.float32)
    columns[:, 0] = first
    cosines, logits = reading.T
    share = np.exp(_SHARPNESS * (cosines - cosines.max()))
    likely = np.exp(np.minimum(logits, _LARGEST))
    any_ = likely.sum()
    read = [
        *(np.ones(len(chosen)), cosines, cosines - cosines.max(), _by_rank(cosines), share / share.sum()),
        *(logits, logits - logits.max(), _by_rank(logits), likely / (1 + any_), np.full(len(chosen), np.log(any_))),
    ]
    columns[chosen, 1:] = np.stack(read, axis=1)
    return np.concatenate([rows, columns], axis=1)


def _by_rank(values: Array) -> Array:
    """1 for the highest, 1/2 for the next, and so on."""
    return np.asarray(1 / (1 + np.argsort(np.argsort(-values, kind="stable"))), dtype=np.float32)


def overview(rows: Array, scores: Array) -> Array:
    """What all candidates look like together, shape (4 features + 9,): whether any answers shows in the whole list.

    The highest of each feature, the best sentence, the mean of the best three and of all; then the highest score, how
    far the next five are behind it, and how much it stands out.
    """
    order = np.argsort(-scores, kind="stable")
    best = scores[order[:_LEADING]]
    best = np.pad(best, (0, _LEADING - len(best)), constant_values=float(scores.min()))
    rest = float(np.log(np.exp(scores - best[0]).sum()))
    standing_out = [best[0], *(best[0] - best[1:]), rest, scores.std(), best[0] - scores.mean()]
    parts = [rows.max(axis=0), rows[order[0]], rows[order[:3]].mean(axis=0), rows.mean(axis=0), standing_out]
    return np.concatenate(parts).astype(np.float32)
