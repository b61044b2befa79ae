"""``eval retrieval``: a benchmark folder → a run, its measures and its timing.

Documents are ranked by their best passage. The measures are ir_measures' (https://ir-measur.es).
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np

from rag.evaluation.datasets import Qrels, RetrievalSet, Topic
from rag.evaluation.provenance import provenance
from rag.index.build import build, stamp
from rag.index.reader import Index, open_index
from rag.question import understand
from rag.search import Method, Ranked, searcher
from rag.settings import Settings
from rag.types import Encoder

Run = Mapping[str, Sequence[tuple[str, float]]]
MEASURES = {
    "nDCG@10": ir_measures.nDCG @ 10,
    "MRR@10": ir_measures.RR @ 10,
    "Recall@10": ir_measures.R @ 10,
    "Recall@100": ir_measures.R @ 100,
    "Success@1": ir_measures.Success @ 1,
    "Success@5": ir_measures.Success @ 5,
    "MAP": ir_measures.AP,
}
DEPTH = 100


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """Measures over all topics, by group and by topic, with the run itself and milliseconds a query."""

    measures: dict[str, float]
    by: dict[str, dict[str, dict[str, float]]]
    per_query: dict[str, dict[str, float]]
    run: Run
    milliseconds: dict[str, float]


def cached_index(corpus: Path, encoder: Encoder) -> Index:
    """The index of a benchmark's corpus, in the user's cache folder; made or brought up to date if need be."""
    folder = Settings.load().cache / "eval" / cache_key(corpus, encoder)
    build(corpus, folder, encoder)
    return open_index(folder, stamp(encoder))


def cache_key(corpus: Path, encoder: Encoder) -> str:
    """A folder name of its own for each corpus and encoder; how it begins is only for people."""
    place = corpus.resolve()
    digest = hashlib.sha256(b"\0".join([os.fsencode(place), encoder.name.encode(), encoder.fingerprint.encode()]))
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', f'{place.parent.name}-{place.stem}')[:60]}-{digest.hexdigest()[:16]}"


def evaluate(dataset: RetrievalSet, index: Index, encoder: Encoder, method: Method = "hybrid") -> RetrievalResult:
    """Runs all topics of a benchmark."""
    search = searcher(index, encoder, method)
    run: dict[str, Sequence[tuple[str, float]]] = {}
    spent: list[float] = []
    for topic in dataset.topics:
        began = time.perf_counter()
        ranked = search.rank(understand(topic.text))
        spent.append((time.perf_counter() - began) * 1000)
        run[topic.query_id] = documents(ranked)[:DEPTH]
    per_query = measure(run, dataset.qrels, [topic.query_id for topic in dataset.topics])
    quantiles = {f"p{q}": round(float(np.percentile(spent, q)), 2) for q in (50, 95, 99)}
    return RetrievalResult(mean(per_query.values()), by_group(dataset.topics, per_query), per_query, run, quantiles)


def documents(ranked: Sequence[Ranked]) -> list[tuple[str, float]]:
    """Passages → documents: each by its best passage (MaxP, Dai & Callan 2019)."""
    best: dict[str, float] = {}
    for r in ranked:
        best.setdefault(r.article_id, r.score)
    return list(best.items())


def measure(run: Run, qrels: Qrels, query_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Query id → measure → value. A query that the run lacks scores 0."""
    # Scores are replaced by ranks, so that a tie keeps the order of the run in every measure.
    flat = {q: {doc: float(-rank) for rank, (doc, _) in enumerate(run.get(q, ()))} for q in query_ids}
    judged = {q: dict(qrels[q]) for q in query_ids}
    values = {q: dict.fromkeys(MEASURES, 0.0) for q in query_ids}
    names = {measure: name for name, measure in MEASURES.items()}
    for found in ir_measures.iter_calc(list(names), judged, flat):
        values[found.query_id][names[found.measure]] = float(found.value)
    return values


def mean(rows: Any) -> dict[str, float]:
    """The mean of each measure over rows that all have the same ones."""
    rows = list(rows)
    return {name: round(sum(row[name] for row in rows) / len(rows), 4) for name in rows[0]} if rows else {}


def by_group(topics: Sequence[Topic], per_query: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """Group field → value → measures, for every grouping field with at most twenty values."""
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for topic in topics:
        for name, value in topic.groups.items():
            members[name][value].append(topic.query_id)
    return {
        name: {v: {"queries": len(ids), **mean(per_query[i] for i in ids)} for v, ids in sorted(values.items())}
        for name, values in members.items()
        if len(values) <= 20
    }


def result_json(dataset: RetrievalSet, index: Index, method: Method, result: RetrievalResult) -> dict[str, Any]:
    """The results file of the command contract."""
    return {
        "measures": result.measures,
        "by": result.by,
        "per_query": result.per_query,
        "dataset": {
            "name": dataset.name,
            "split": dataset.split,
            "digest": dataset.digest,
            "queries": len(dataset.topics),
        },
        "method": method,
        "milliseconds_per_query": result.milliseconds,
        **provenance(index),
    }


def trec_run(run: Run, tag: str) -> Iterator[str]:
    """The run in TREC format: ``query Q0 document rank score tag``."""
    for query_id, ranking in run.items():
        for rank, (document_id, score) in enumerate(ranking, 1):
            yield f"{query_id} Q0 {document_id} {rank} {score:.6f} {tag}"
