"""The reader's body as it was published → what words and short texts mean, for the encoder to learn.

A large encoder that has seen many languages knows that "Attacke" is near to "Angriff"; pairs of questions and passages
alone teach that only of the words they hold (Hinton et al. 2015, distillation; Reimers & Gurevych 2020). Knows texts
and vectors, not what learns from them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.german import terms
from rag.reader import Body, tower
from rag.terms import Array
from rag.training.pairs import Stream

_MOST_CHARACTERS = 300  # of a text: more would be cut off by the teacher
_SEEN = 3  # a rarer word is not taught
_AT_ONCE = 256
_NO_SENTENCES = frozenset({"wikidpr-imperatives", "proceedings"})  # their queries


@dataclass(frozen=True, slots=True)
class Lessons:
    """Words and texts with the unit vectors that they should come near to, and how often each is to be drawn."""

    texts: Sequence[str]
    vectors: Array  # (texts, dimension)
    shares: Array  # (texts,), summing to one


def lessons(
    streams: Sequence[Stream],
    teacher: Body,
    dimension: int,
    words: int,
    texts: int,
    of_words: float,
    rng: random.Random,
) -> Lessons:
    """At most so many frequent words and, from each stream, short texts.

    A share ``of_words`` of what is drawn is words, each by the root of its frequency. Vectors are turned to their
    principal axes and cut to ``dimension``.
    """
    counted = _counted(streams).most_common(words)
    counted = [(word, count) for word, count in counted if count >= _SEEN]
    short = _short(streams, texts, rng)
    taught = [word for word, _ in counted] + short
    by_root = np.sqrt([count for _, count in counted])
    shares = np.concatenate([of_words * by_root / by_root.sum(), np.full(len(short), (1 - of_words) / len(short))])
    return Lessons(taught, _cut(_vectors(teacher, taught), dimension), shares / shares.sum())


def _counted(streams: Sequence[Stream]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for passage in dict.fromkeys(passage for stream in streams for _, passage in stream.pairs):
        counts.update({word.lower() for word in terms(passage) if len(word) > 1})
    return counts


def _short(streams: Sequence[Stream], most: int, rng: random.Random) -> list[str]:
    """Up to ``most`` queries of each stream; of the parallel sentences those of both languages."""
    chosen: dict[str, None] = {}
    for stream in streams:
        if stream.name in _NO_SENTENCES:
            continue
        for side in (0, 1) if stream.name == "parallel" else (0,):
            own = list(dict.fromkeys(pair[side][:_MOST_CHARACTERS] for pair in stream.pairs))
            chosen.update(dict.fromkeys(rng.sample(own, min(most, len(own)))))
    return list(chosen)


def _vectors(teacher: Body, texts: Sequence[str]) -> Array:
    """As published; those of like length together."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    vectors = np.zeros((len(texts), teacher.tensors["tower.hidden3"].shape[1]), dtype=np.float32)
    for start in range(0, len(order), _AT_ONCE):
        own = order[start : start + _AT_ONCE]
        read = teacher([texts[i] for i in own])
        vectors[own] = tower(teacher.tensors, "tower", read.sums, read.roots)
    return vectors


def _cut(vectors: Array, dimension: int) -> Array:
    _, axes = np.linalg.eigh(vectors.T @ vectors)  # from the least to the greatest
    cut = vectors @ axes[:, ::-1][:, :dimension]
    return np.asarray(cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-12), dtype=np.float32)
