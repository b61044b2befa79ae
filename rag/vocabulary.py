"""The words met so far, each with its stem, its grams and its vector, so that a text is analysed once and then compared
by numbers alone.

Knows words and texts; what they are compared with is the business of ``rag.terms``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt

from rag.encoder import MAX_CHARACTERS, StaticEncoder
from rag.german import stem, terms, word_grams
from rag.types import Vectors

Numbers = npt.NDArray[np.int32]
_MOST_WORDS = 120_000  # some 60 MB of vectors
_MOST_TEXTS = 12_000  # some 25 MB
_ONE_QUESTION = 256  # texts: passages and sentences that are looked at more than once


@lru_cache(maxsize=_ONE_QUESTION)
def distinct_words(text: str) -> tuple[str, ...]:
    """The terms of a text in lower case, each once: what it is matched by."""
    return tuple(dict.fromkeys(map(str.lower, terms(text))))


class Words:
    """A growing list of words. A number never changes its word."""

    def __init__(self, encoder: StaticEncoder) -> None:
        self._encoder = encoder
        self._words: dict[str, int] = {}
        self._stems: dict[str, int] = {}
        self._grams: dict[str, int] = {}
        self._texts: dict[str, Numbers] = {}
        self._vectors = np.empty((_MOST_WORDS, encoder.dimension), dtype=np.float16)
        self._stem = np.empty(_MOST_WORDS, dtype=np.int32)
        self._gram_ends = np.zeros(_MOST_WORDS + 1, dtype=np.int64)  # where in the list each word's grams end, from 1
        self._gram = np.empty(8 * _MOST_WORDS, dtype=np.int32)
        self.nothing = self.numbers([""])  # stands in a text without words: its vector is zero

    def __len__(self) -> int:
        return len(self._words)

    def numbers(self, words: Sequence[str]) -> Numbers:
        """The number of each word; new ones are learned. Only one thread at a time may call it."""
        found = list(map(self._words.get, words))
        if None in found:
            self._learn([word for word, number in zip(words, found, strict=True) if number is None])
            found = list(map(self._words.get, words))
        return np.array(found, dtype=np.int32)

    def numbers_in(self, texts: Sequence[str]) -> list[Numbers]:
        """The numbers of the distinct words of each text, in order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        if len(self._texts) + len(new) > _MOST_TEXTS:
            self._texts, new = {}, list(dict.fromkeys(texts))
        if new:
            distinct = [distinct_words(text[:MAX_CHARACTERS]) for text in new]
            flat = self.numbers(list(chain.from_iterable(distinct)))  # at once: each call of the encoder has its price
            ends = np.cumsum([len(own) for own in distinct])[:-1]
            self._texts.update(zip(new, np.split(flat, ends), strict=True))
        return [self._texts[text] for text in texts]

    def _learn(self, words: Iterable[str]) -> None:
        new = list(dict.fromkeys(words))
        if len(self) + len(new) > _MOST_WORDS:
            raise OverflowError
        first = len(self)
        last, grams = first + len(new), [word_grams(word) for word in new]
        self._vectors[first:last] = self._encoder.encode_passages(new)
        self._stem[first:last] = _numbered([stem(word) for word in new], self._stems)
        ends = self._gram_ends[first] + np.cumsum([len(own) for own in grams])
        self._gram_ends[first + 1 : last + 1] = ends
        if ends[-1] > len(self._gram):
            self._gram = np.concatenate([self._gram, np.empty(int(ends[-1]), dtype=np.int32)])
        self._gram[self._gram_ends[first] : ends[-1]] = _numbered(list(chain.from_iterable(grams)), self._grams)
        self._words.update(zip(new, range(first, last), strict=True))

    def vectors(self, numbers: Numbers) -> Vectors:
        """Shape (words, dimension)."""
        return np.asarray(self._vectors[numbers], dtype=np.float32)

    def with_stems(self, numbers: Numbers, stems: Sequence[str]) -> Vectors:
        """1 where a word has a stem, else 0; shape (words, stems)."""
        asked = np.array([self._stems.get(term, -1) for term in stems], dtype=np.int32)
        return np.asarray(self._stem[numbers][:, np.newaxis] == asked, dtype=np.float32)

    def with_grams(self, numbers: Numbers, grams: Sequence[str]) -> Vectors:
        """1 where a word has a gram, else 0; shape (words, grams)."""
        column = np.full(len(self._grams), -1, dtype=np.int32)
        for i, gram in enumerate(grams):
            number = self._grams.get(gram, -1)
            if 0 <= number < len(column):  # others may be learning meanwhile
                column[number] = i
        starts, ends = self._gram_ends[numbers], self._gram_ends[numbers + 1]
        counts = ends - starts
        rows = np.repeat(np.arange(len(numbers)), counts)
        shifted = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts - starts, counts)
        columns = column[self._gram[shifted]]
        table = np.zeros((len(numbers), len(grams)), dtype=np.float32)
        hit = columns >= 0
        table[rows[hit], columns[hit]] = 1
        return table


def _numbered(terms: Sequence[str], known: dict[str, int]) -> list[int]:
    """The number of each; new ones get the next."""
    return [known.setdefault(term, len(known)) for term in terms]


class Vocabulary:
    """Words for any number of threads; begins anew once it is full."""

    def __init__(self, encoder: StaticEncoder) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()
        self._words = Words(encoder)
        self._sentences: dict[str, Vectors] = {}

    def sentence_vectors(self, texts: Sequence[str]) -> Vectors:
        """The encoder's vectors of texts, shape (texts, dimension); remembered."""
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._sentences]
            if len(self._sentences) + len(new) > _MOST_TEXTS:
                self._sentences, new = {}, list(dict.fromkeys(texts))
            self._sentences.update(zip(new, self._encoder.encode_passages(new), strict=True))
            return np.stack([self._sentences[text] for text in texts])

    def look_up(self, asked: Sequence[str], texts: Sequence[str]) -> tuple[Words, Numbers, list[Numbers]]:
        """The numbers of the asked words and of the distinct words of each text, with the list they are numbers of."""
        with self._lock:
            try:
                return self._looked_up(asked, texts)
            except OverflowError:
                self._words = Words(self._encoder)
                return self._looked_up(asked, texts)

    def _looked_up(self, asked: Sequence[str], texts: Sequence[str]) -> tuple[Words, Numbers, list[Numbers]]:
        return self._words, self._words.numbers(asked), self._words.numbers_in(texts)


@lru_cache(maxsize=2)
def vocabulary(encoder: StaticEncoder) -> Vocabulary:
    """The words that are compared by the vectors of an encoder."""
    return Vocabulary(encoder)
