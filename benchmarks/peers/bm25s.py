"""bm25s (Lù 2024): BM25 with scores computed when building."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import Stemmer

from benchmarks.peers.peer import DEPTH, Ranking, Texts


class Bm25s:
    """Stock is its German stop words with Snowball stems."""

    kept_seconds = 0.0

    def __init__(self, stopwords: str | None = "german", k1: float = 1.5, b: float = 0.75) -> None:
        self._stemmer, self._stopwords = Stemmer.Stemmer("german"), stopwords or []
        self._index = bm25s.BM25(k1=k1, b=b)

    def _tokens(self, texts: list[str] | str) -> Any:
        return bm25s.tokenize(texts, stopwords=self._stopwords, stemmer=self._stemmer, show_progress=False)

    def build(self, texts: Texts, folder: Path) -> None:
        self._ids = np.array(list(texts))
        self._index.index(self._tokens(list(texts.values())), show_progress=False)
        self._index.save(str(folder / "bm25s"))

    def search(self, question: str) -> Ranking:
        k = min(DEPTH, len(self._ids))
        rows, scores = self._index.retrieve(self._tokens(question), k=k, show_progress=False)
        return [(str(self._ids[row]), float(s)) for row, s in zip(rows[0], scores[0], strict=True) if s > 0]
