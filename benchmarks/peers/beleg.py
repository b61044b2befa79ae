"""Beleg as it ships."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.peers.peer import DEPTH, Ranking, Texts
from rag.encoder import load_encoder
from rag.evaluation.retrieval import documents
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.question import understand
from rag.search import Method, searcher


class Beleg:
    """``lexical`` is its word side alone."""

    kept_seconds = 0.0

    def __init__(self, method: Method = "hybrid") -> None:
        self._method: Method = method

    def build(self, texts: Texts, folder: Path) -> None:
        corpus = folder / "corpus.jsonl"
        with corpus.open("w", encoding="utf-8") as file:
            for name, text in texts.items():
                file.write(json.dumps({"_id": name, "title": "", "text": text}, ensure_ascii=False) + "\n")
        encoder = load_encoder()
        build(corpus, folder / "index", encoder)
        corpus.unlink()
        self._search = searcher(open_index(folder / "index", stamp(encoder)), encoder, self._method)

    def search(self, question: str) -> Ranking:
        return documents(self._search.rank(understand(question)))[:DEPTH]
