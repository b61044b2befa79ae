"""Beleg as a custom model of mteb, and its retrieval tasks over a local folder in BEIR layout, without a hub.

import mteb
mteb.evaluate(BelegSearch(), [offline_task("XQuADRetrieval", "de", Path("xquad-de"))], cache=None)
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import mteb
import numpy as np
from datasets import Dataset
from mteb.models.model_meta import ModelMeta

from rag.encoder import load_encoder
from rag.evaluation.datasets import read_retrieval_set
from rag.evaluation.retrieval import documents
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.question import understand
from rag.search import Method, searcher


class BelegSearch:
    """The whole search: mteb hands over documents and questions, Beleg builds an index of its own and ranks them."""

    def __init__(self, method: Method = "hybrid") -> None:
        self._method = method
        self._encoder = load_encoder()
        self._folder = tempfile.TemporaryDirectory(prefix="beleg-mteb-")

    def index(self, corpus: Dataset, **_: Any) -> None:
        place = Path(self._folder.name)
        source = place / "corpus.jsonl"
        with source.open("w", encoding="utf-8") as file:
            for row in corpus:
                record = {"_id": row["id"], "title": row.get("title") or "", "text": row["text"]}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        build(source, place / "index", self._encoder)
        self._search = searcher(open_index(place / "index", stamp(self._encoder)), self._encoder, self._method)

    def search(self, queries: Dataset, *, top_k: int, **_: Any) -> dict[str, dict[str, float]]:
        found = {row["id"]: documents(self._search.rank(understand(row["text"])))[:top_k] for row in queries}
        return {query: dict(ranking) for query, ranking in found.items()}

    @property
    def mteb_model_meta(self) -> ModelMeta:
        return _meta(f"beleg/{self._method}", self._encoder.fingerprint)


class BelegEncoder:
    """The encoder alone; mteb compares whole documents with the questions by cosine."""

    def __init__(self, model_name: str | None = None, revision: str | None = None, **_: Any) -> None:
        self._encoder = load_encoder(model_name)

    def encode(self, inputs: Any, *, prompt_type: Any = None, **_: Any) -> np.ndarray:
        texts = [text for batch in inputs for text in batch["text"]]
        is_query = prompt_type is not None and prompt_type.value == "query"
        return self._encoder.encode_queries(texts) if is_query else self._encoder.encode_passages(texts)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        return np.asarray(embeddings1) @ np.asarray(embeddings2).T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        return (np.asarray(embeddings1) * np.asarray(embeddings2)).sum(axis=1)

    @property
    def mteb_model_meta(self) -> ModelMeta:
        return _meta(f"beleg/{self._encoder.name}", self._encoder.fingerprint)


def _meta(name: str, revision: str) -> ModelMeta:
    return ModelMeta.create_empty(overwrites={"name": name, "revision": revision})


def offline_task(name: str, subset: str, folder: Path) -> Any:
    """mteb's own retrieval task, its data taken from a folder in BEIR layout that holds the very same."""
    task = mteb.get_task(name, hf_subsets=[subset])
    data = read_retrieval_set(folder)
    with data.corpus.open(encoding="utf-8") as lines:
        corpus = [{"id": d["_id"], "title": d.get("title") or "", "text": d["text"]} for d in map(json.loads, lines)]
    queries = [{"id": topic.query_id, "text": topic.text} for topic in data.topics]
    relevant = {topic.query_id: dict(data.qrels[topic.query_id]) for topic in data.topics}
    split = {
        "corpus": Dataset.from_list(corpus),
        "queries": Dataset.from_list(queries),
        "relevant_docs": relevant,
        "top_ranked": None,
    }
    task.dataset = {subset: dict.fromkeys(task.eval_splits, split)}
    task.data_loaded = True
    return task
