"""Question and sentence, compared token by token → how well the one answers the other.

Compare and aggregate (Parikh et al. 2016; Wang & Jiang 2017): every token is set beside what it is matched by on the
other side, and what comes of all these comparisons is pooled. Run by numpy. Knows the states of tokens, not the texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.types import Vectors

COMPARISON = "comparison.safetensors"
TOKENS = 72  # of a text that are compared; one sentence in sixty is longer
_SMALL = 1e-12

Halves = NDArray[np.float16]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Side:
    """One text as it is compared: its tokens, what each of them is and what it looks for, one row a token."""

    ids: Ids
    seen: Halves
    sought: Halves


class Comparison:
    """The trained weights."""

    def __init__(self, tensors: Mapping[str, Vectors]) -> None:
        self._w = tensors

    def sides(self, ids: Sequence[Ids], states: Sequence[Vectors]) -> list[Side]:
        """Texts by their tokens and the states of these, each of shape (tokens, width of the body)."""
        w, kept = self._w, [own[:TOKENS] for own in ids]
        rows = np.concatenate([own[:TOKENS] for own in states])
        sought = rows @ w["sought.weight"] + w["sought.bias"]
        sought /= np.maximum(np.linalg.norm(sought, axis=1, keepdims=True), _SMALL)
        seen = rows @ w["seen.weight"] + w["seen.bias"]
        ends = np.cumsum([len(own) for own in kept])[:-1]
        parts = (np.split(numbers.astype(np.float16), ends) for numbers in (seen, sought))
        return [Side(*side) for side in zip(kept, *parts, strict=True)]

    def logits(self, question: Side, sentences: Sequence[Side], cosines: Vectors, first_look: Vectors) -> Vectors:
        """One logit a sentence, "none answers" being 0; its cosine and the first look at it are weighed in."""
        w = self._w
        compared = [rows for sentence in sentences for rows in self._compared(question, sentence)]
        hidden = np.maximum(np.concatenate(compared) @ w["compare0.weight"] + w["compare0.bias"], 0)
        hidden = np.maximum(hidden @ w["compare1.weight"] + w["compare1.bias"], 0)
        lengths = np.array([len(rows) for rows in compared])
        starts = np.cumsum([0, *lengths[:-1]])
        means = np.add.reduceat(hidden, starts, axis=0) / lengths[:, np.newaxis]
        pooled = np.concatenate([means, np.maximum.reduceat(hidden, starts, axis=0)], axis=1)
        both = np.concatenate([pooled.reshape(len(sentences), -1), clues(cosines, first_look)], axis=1)
        last = np.maximum(both @ w["judge0.weight"] + w["judge0.bias"], 0)
        return np.asarray((last @ w["judge1.weight"] + w["judge1.bias"])[:, 0], dtype=np.float32)

    def _compared(self, question: Side, sentence: Side) -> tuple[Vectors, Vectors]:
        """The tokens of both, each beside what it is matched by on the other side."""
        like = question.sought.astype(np.float32) @ sentence.sought.astype(np.float32).T
        same = question.ids[:, np.newaxis] == sentence.ids
        return self._beside(question, sentence, like, same), self._beside(sentence, question, like.T, same.T)

    def _beside(self, own: Side, other: Side, like: Vectors, same: NDArray[np.bool_]) -> Vectors:
        """Each token, its match, both compared; whether it stands there, how like the likest is, how rare it is."""
        best = like.max(axis=1, keepdims=True)
        weights = np.exp(self._w["sharpness"] * (like - best))
        matched = weights / weights.sum(axis=1, keepdims=True) @ other.seen.astype(np.float32)
        seen, there = own.seen.astype(np.float32), same.any(axis=1)
        rarity = self._w["rarity"][own.ids]
        signs = np.stack([there, best[:, 0], rarity, there * rarity], axis=1)
        return np.concatenate([seen, matched, seen * matched, np.abs(seen - matched), signs], axis=1, dtype=np.float32)


def clues(cosines: Vectors, first_look: Vectors) -> Vectors:
    """Both as inputs of the last step, shape (sentences, 2), brought to the size of the others."""
    return np.stack([3 * cosines, first_look / 4], axis=1)
