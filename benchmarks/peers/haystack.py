"""Haystack's in-memory BM25."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from haystack import Document
from haystack.document_stores.in_memory import InMemoryDocumentStore

from benchmarks.peers.peer import DEPTH, Ranking, Texts


class Haystack:
    """It has no stems, so best is another formula over 4-letter pieces of words."""

    kept_seconds = 0.0

    def __init__(self, **settings: Any) -> None:
        self._store = InMemoryDocumentStore(**settings)

    def build(self, texts: Texts, folder: Path) -> None:
        self._store.write_documents([Document(id=name, content=text) for name, text in texts.items()])
        self._store.save_to_disk(str(folder / "haystack.json"))

    def search(self, question: str) -> Ranking:
        return [(d.id, float(d.score or 0)) for d in self._store.bm25_retrieval(question, top_k=DEPTH)]
