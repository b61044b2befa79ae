"""The settings of each search engine that are measured: ``stock`` first, then those that the best is chosen among."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import Peer

_GRAMS = r"(?=(\w{4}))"


@dataclass(frozen=True, slots=True)
class Setting:
    """A class by module and name, and what it is made with; if it ``keeps`` vectors, also the folder for them."""

    module: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    keeps: bool = False

    def engine(self, cache: Path) -> Peer:
        """The engine. Its library is imported only now, so that no peer's memory counts for another."""
        made = getattr(import_module(f"benchmarks.peers.{self.module}"), self.name)
        return made(cache, **self.arguments) if self.keeps else made(**self.arguments)


def _bm25s(**arguments: Any) -> Setting:
    return Setting("bm25s", "Bm25s", arguments)


def _tantivy(**arguments: Any) -> Setting:
    return Setting("tantivy", "Tantivy", arguments)


def _haystack(**arguments: Any) -> Setting:
    return Setting("haystack", "Haystack", arguments)


PEERS: Mapping[str, Mapping[str, Setting]] = {
    "Beleg": {
        "stock": Setting("beleg", "Beleg"),
        "words alone": Setting("beleg", "Beleg", {"method": "lexical"}),
    },
    "bm25s": {
        "stock": _bm25s(),
        "k1=0.9 b=0.4": _bm25s(k1=0.9, b=0.4),
        "all words, k1=0.9 b=0.4": _bm25s(stopwords=None, k1=0.9, b=0.4),
        "all words, k1=1.2 b=0.6": _bm25s(stopwords=None, k1=1.2, b=0.6),
    },
    "tantivy": {
        "stock": _tantivy(),
        "stop words": _tantivy(stopwords=True),
        "stop words, folded": _tantivy(stopwords=True, fold=True),
    },
    "Haystack BM25": {
        "stock": _haystack(),
        "BM25Okapi": _haystack(bm25_algorithm="BM25Okapi"),
        "BM25Plus": _haystack(bm25_algorithm="BM25Plus"),
        "BM25Plus, 4-grams": _haystack(bm25_algorithm="BM25Plus", bm25_tokenization_regex=_GRAMS),
    },
    "SQLite FTS5": {
        "stock": Setting("fts5", "Fts5"),
        "trigrams": Setting("fts5", "Fts5", {"tokenizer": "trigram"}),
    },
    "LangChain": {
        "stock": Setting("langchain", "LangChain", keeps=True),
        "stems, words 0.8": Setting("langchain", "LangChain", {"weights": (0.8, 0.2), "stems": True}, keeps=True),
    },
    "txtai": {
        "stock": Setting("txtai", "Txtai", keeps=True),
        "hybrid": Setting("txtai", "Txtai", {"hybrid": True}, keeps=True),
    },
}
