"""The trained sentence ranker: feature rows → how likely each sentence answers, and how likely none does.

A small perceptron run by numpy. Knows numbers only; what they mean stands in ``rag.features``.
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
        x = (rows - self._w["mean"]) / self._w["scale"]
        scores = self._layers(x, "sentence")
        summary = np.concatenate([x.max(axis=0), x[int(scores.argmax())]])
        none = float(self._layers(summary[np.newaxis], "none")[0])
        top = float(scores.max())
        # P(any) = 1 - softmax weight of "none" among all sentences.
        some = top + float(np.log(np.exp(scores - top).sum()))
        return Judgement(scores, float(1 / (1 + np.exp(np.clip(none - some, -50, 50)))))

    def _layers(self, x: Array, name: str) -> Array:
        hidden = np.maximum(x @ self._w[f"{name}.0.weight"].T + self._w[f"{name}.0.bias"], 0)
        return np.asarray((hidden @ self._w[f"{name}.1.weight"].T + self._w[f"{name}.1.bias"])[:, 0], dtype=np.float32)
