"""The trained sentence ranker: feature rows → how likely each sentence answers, and how likely none does.

Two small perceptrons run by numpy. Knows numbers only; what they mean stands in ``rag.features``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.errors import BelegError
from rag.features import NAMES
from rag.settings import MODELS
from rag.terms import Array

BUNDLED = MODELS / "beleg-ranker-de"
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
LAYERS = ("0.weight", "0.bias", "1.weight", "1.bias")
_LEADING = 6


@dataclass(frozen=True, slots=True)
class Judgement:
    """``scores``: one a sentence, comparable across questions. ``confidence``: the probability that any answers."""

    scores: Array
    confidence: float


class Ranker:
    """Loaded once; may be used from any thread. ``encoder`` is the fingerprint of the one it was made for."""

    def __init__(self, encoder: str, folder: Path = BUNDLED) -> None:
        from safetensors.numpy import load_file

        try:
            config = json.loads((folder / CONFIG).read_text("utf-8"))
            self._w = load_file(str(folder / WEIGHTS))
            self.answer_threshold = float(config["answer_threshold"])
            self.nearest_threshold = float(config["nearest_threshold"])
            fits = (config["features"], config["encoder"]) == (list(NAMES), encoder)
        except Exception as error:  # safetensors has a type of its own
            raise BelegError(
                f"The sentence ranker in {folder} cannot be loaded ({str(error).splitlines()[0]}); "
                "make it with `python -m rag train ranker`."
            ) from error
        if not fits:
            raise BelegError(
                f"The sentence ranker in {folder} was made for another encoder or other features; "
                "make it anew with `python -m rag train ranker`."
            )

    def judge(self, rows: Array) -> Judgement:
        """Scores for feature rows of shape (sentences, features), at least one row."""
        scores = self._perceptron(rows, "sentence")
        answerable = float(self._perceptron(overview(rows, scores)[np.newaxis], "answerable")[0])
        return Judgement(scores, float(1 / (1 + np.exp(-np.clip(answerable, -50, 50)))))

    def _perceptron(self, rows: Array, name: str) -> Array:
        w = {key: self._w[f"{name}.{key}"] for key in ("mean", "scale", *LAYERS)}
        hidden = np.maximum((rows - w["mean"]) / w["scale"] @ w["0.weight"].T + w["0.bias"], 0)
        return np.asarray((hidden @ w["1.weight"].T + w["1.bias"])[:, 0], dtype=np.float32)


def overview(rows: Array, scores: Array) -> Array:
    """What all candidates look like together, shape (4 features + 9,): whether any answers shows in the whole list.

    The highest of each feature, the best sentence, the mean of the best three and of all; then the highest score, how
    far the next five are behind it, and how much it stands out.
    """
    order = np.argsort(-scores, kind="stable")
    best = scores[order[:_LEADING]]
    leading = np.pad(best, (0, _LEADING - len(best)), constant_values=float(scores.min()))
    rest = float(np.log(np.exp(scores - leading[0]).sum()))
    standing_out = [leading[0], *(leading[0] - leading[1:]), rest, scores.std(), leading[0] - scores.mean()]
    parts = [rows.max(axis=0), rows[order[0]], rows[order[:3]].mean(axis=0), rows.mean(axis=0), standing_out]
    return np.concatenate(parts).astype(np.float32)
