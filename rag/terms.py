"""A question taken apart, and how much of it stands in a text: word for word, letter by letter, by meaning.

Passages and sentences are matched by the same measures, here. Knows words and vectors, no index and no ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.encoder import StaticEncoder
from rag.german import stem, terms, word_grams
from rag.vocabulary import vocabulary

Array = npt.NDArray[np.float32]
Idf = Callable[[str, str], float]  # field ("stems" or "grams"), term → inverse document frequency

# Question words carry no topic: what they ask for is covered by the answer's form.
_EMPTY = frozenset(
    stem(w)
    for w in """\
    wer wen wem wessen was wann wo woher wohin warum wieso weshalb weswegen wie welche welcher welches welchen welchem
    der die das den dem des ein eine einen einem einer eines und oder ist sind war waren wird werden wurde wurden hat
    haben hatte hatten zu zum zur von vom in im an am auf aus bei mit nach für über um sich es er sie man nicht denn
    the is are was were do does did what which who when where why how of in on for to a an""".split()
)


def telling(words: Sequence[str]) -> list[str]:
    """Those of the words that say what a question is about; all of them if none does."""
    return [word for word in words if stem(word) not in _EMPTY] or list(words)


@dataclass(frozen=True, slots=True)
class Matches:
    """One row a text, one column a term of the question.

    ``exact``: its stem is there; ``gram``: its gram is there; ``soft``: the largest cosine with any word there, 1 with
    one of its stem.
    """

    exact: Array
    gram: Array
    soft: Array


class Terms:
    """The terms of one question with their weights, which sum to 1 within stems, grams and words."""

    def __init__(self, question: str, encoder: StaticEncoder, idf: Idf) -> None:
        self._encoder = encoder
        content = telling(terms(question))
        self.stems = list(dict.fromkeys(map(stem, content)))
        self.stem_weights = _shares([idf("stems", term) for term in self.stems])
        self.words = list(dict.fromkeys(word.lower() for word in content))
        self.word_weights = _shares([idf("stems", stem(word)) for word in self.words])
        self.grams = list(dict.fromkeys(gram for word in content for gram in word_grams(word)))
        self.gram_weights = _shares([idf("grams", gram) for gram in self.grams])
        named = [word for word in content if word[0].isupper() or word[0].isdigit()] or content
        self._names = list(dict.fromkeys(named))
        self._rarest = int(np.argmax([idf("stems", stem(word)) for word in self._names] or [0.0]))

    def match(self, texts: Sequence[str]) -> Matches:
        """How much of the question stands in each text."""
        words, asked, numbers = vocabulary(self._encoder).look_up(self.words, texts)
        filled = [own if len(own) else words.nothing for own in numbers]
        distinct, flat = np.unique(np.concatenate([words.nothing, *filled]), return_inverse=True)
        starts = np.cumsum([1] + [len(own) for own in filled[:-1]])
        alike = words.with_stems(distinct, [stem(word) for word in self.words])  # an inflected form means the same
        soft = np.maximum(words.vectors(distinct) @ words.vectors(asked).T, alike)
        tables = words.with_stems(distinct, self.stems), words.with_grams(distinct, self.grams), soft
        return Matches(*(np.maximum.reduceat(table[flat], starts, axis=0) for table in tables))

    def names(self, gram: Array) -> Array:
        """Mean, weakest and rarest share of the names, numbers or else words that stand in each text, shape (texts, 3).

        ``gram`` is that column of ``Matches``: a name counts by the letters of it that are there.
        """
        position = {term: i for i, term in enumerate(self.grams)}
        columns = [[position[term] for term in word_grams(word)] for word in self._names]
        if not columns:
            return np.ones((len(gram), 3), dtype=np.float32)
        found = np.stack([gram[:, own].mean(axis=1) for own in columns], axis=1)
        return np.stack([found.mean(axis=1), found.min(axis=1), found[:, self._rarest]], axis=1)


def covered(matrix: Array, weights: Array) -> Array:
    """The weighted share of the question that each row covers."""
    return np.asarray((matrix * weights).sum(axis=1), dtype=np.float32)


def weakest(matrix: Array) -> Array:
    """The match of the term that each row covers least; 0 without terms."""
    return matrix.min(axis=1) if matrix.shape[1] else np.zeros(len(matrix), dtype=np.float32)


def _shares(values: Sequence[float]) -> Array:
    weights = np.array(values, dtype=np.float32)
    return np.asarray(weights / max(float(weights.sum()), 1e-6), dtype=np.float32)
