"""txtai over all-MiniLM-L6-v2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from txtai import Embeddings

from benchmarks.peers.kept import KeptVectors
from benchmarks.peers.minilm import model_folder
from benchmarks.peers.peer import DEPTH, Ranking, Texts


class Txtai:
    """Stock is vectors alone, best its hybrid with BM25.

    txtai makes the vectors itself; they go by way of its ``external`` method, so that those of documents can be kept.
    """

    kept_seconds = 0.0

    def __init__(self, cache: Path, **settings: Any) -> None:
        self._file, self._settings = cache / "txtai.sqlite", settings

    def build(self, texts: Texts, folder: Path) -> None:
        torch.set_num_threads(1)
        own = Embeddings(path=model_folder(), gpu=False).model
        kept = KeptVectors(self._file, lambda texts: np.asarray(own.encode(texts, "data")))
        self._transform = kept
        self._index = Embeddings(method="external", transform=lambda texts: self._transform(texts), **self._settings)
        self._index.index([(name, text, None) for name, text in texts.items()])
        self._index.save(str(folder / "txtai"))
        self.kept_seconds = kept.seconds
        self._transform = lambda texts: np.asarray(own.encode(texts, "query"))

    def search(self, question: str) -> Ranking:
        return [(str(name), float(points)) for name, points in self._index.search(question, DEPTH)]
