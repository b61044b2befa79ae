"""``eval retrieval``: questions with judged articles → a run, its measures and its timing.

Documents are ranked by their best passage. The measures are ir_measures' (https://ir-measur.es).
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np

from rag.errors import DatasetError
from rag.evaluation.compare import interval
from rag.evaluation.datasets import Qrels, RetrievalSet, Topic, digest_of, judged, read_csv, read_retrieval_set
from rag.evaluation.provenance import provenance
from rag.evaluation.trec import Run, read_qrels, read_topics
from rag.index.build import build, stamp
from rag.index.reader import Index, open_index
from rag.question import understand
from rag.search import HybridSearch, Method, Ranked, Weights, searcher
from rag.settings import Settings
from rag.types import Encoder

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
WARM = 20  # topics
Measures = Mapping[str, Any]  # name → measure of ir_measures


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """Measures over all topics, by group and by topic, with the run itself and milliseconds a query.

    ``milliseconds`` are those of the clock, ``processor`` those that the process worked: other programs on the machine
    lengthen the former and hardly the latter.
    """

    measures: dict[str, float]
    by: dict[str, dict[str, dict[str, float]]]
    per_query: dict[str, dict[str, float]]
    run: Run
    milliseconds: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    processor: dict[str, float] = field(default_factory=dict)


def open_set(
    place: Path,
    corpus: Path | None = None,
    *,
    split: str | None = None,
    queries: str = "queries.jsonl",
    qrels: Path | None = None,
) -> RetrievalSet:
    """A folder in BEIR layout, a ``.csv`` of questions with article ids, or TREC topics with their ``qrels``.

    ``corpus`` is needed for all but the first. Raises DatasetError.
    """
    if place.is_dir():
        return read_retrieval_set(place, split, queries)
    is_table = place.suffix.lower() == ".csv"
    if corpus is None or (qrels is None and not is_table):
        wanted = "--corpus PATH" if is_table else "--corpus PATH and --qrels FILE"
        raise DatasetError(f"{place} is no folder in BEIR layout; for a .csv or a file of topics, add {wanted}.")
    if is_table:
        rows = read_csv(place)
        grades: Qrels = {q.question_id: dict.fromkeys(q.articles, 1) for q in rows if q.articles}
        topics = [Topic(q.question_id, q.text, {}) for q in rows]
    else:
        assert qrels is not None
        grades, topics = read_qrels(qrels), read_topics(place)
    digest = digest_of(corpus, place, *([qrels] if qrels else []))
    return RetrievalSet(
        place.stem, split or "test", corpus, judged(topics, grades, f"{place} is judged"), grades, digest
    )


def more_measures(names: Sequence[str]) -> Measures:
    """The usual measures, and others by their names in ir_measures (``R@50``, ``P@5``). Raises DatasetError."""
    try:
        return {**MEASURES, **{name: ir_measures.parse_measure(name) for name in names}}
    except (ValueError, NameError, SyntaxError, TypeError) as error:
        raise DatasetError(f"{error}; name measures as ir_measures does, for example R@50 or P@5.") from error


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


def evaluate(
    dataset: RetrievalSet,
    index: Index,
    encoder: Encoder,
    method: Method = "hybrid",
    weights: Weights | None = None,
    measures: Measures = MEASURES,
) -> RetrievalResult:
    """Runs all topics of a benchmark; with ``weights`` by their sum alone, without a second look.

    The first topics are asked once before the clock counts, so that the times are those of a warm index.
    """
    search = searcher(index, encoder, method) if weights is None else HybridSearch(index, encoder, weights)
    run: dict[str, Sequence[tuple[str, float]]] = {}
    spent: list[float] = []
    worked: list[float] = []
    for topic in dataset.topics[:WARM]:
        search.rank(understand(topic.text))
    for topic in dataset.topics:
        began, started = time.perf_counter(), time.process_time()
        ranked = search.rank(understand(topic.text))
        spent.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - started) * 1000)
        run[topic.query_id] = documents(ranked)[:DEPTH]
    return replace(score(dataset, run, measures), milliseconds=_quantiles(spent), processor=_quantiles(worked))


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 2) for q in (50, 95, 99)}


def score(dataset: RetrievalSet, run: Run, measures: Measures = MEASURES) -> RetrievalResult:
    """Measures a run that was made before, here or elsewhere; a topic that it lacks scores 0."""
    per_query = measure(run, dataset.qrels, [topic.query_id for topic in dataset.topics], measures)
    spans = {name: interval([row[name] for row in per_query.values()], rounds=2_000) for name in measures}
    rounded = {name: (round(low, 4), round(high, 4)) for name, (low, high) in spans.items()}
    return RetrievalResult(mean(per_query.values()), by_group(dataset.topics, per_query), per_query, run, {}, rounded)


def documents(ranked: Sequence[Ranked]) -> list[tuple[str, float]]:
    """Passages → documents: each by its best passage (MaxP, Dai & Callan 2019)."""
    best: dict[str, float] = {}
    for r in ranked:
        best.setdefault(r.article_id, r.score)
    return list(best.items())


def measure(
    run: Run, qrels: Qrels, query_ids: Sequence[str], measures: Measures = MEASURES
) -> dict[str, dict[str, float]]:
    """Query id → measure → value. A query that the run lacks scores 0."""
    # Scores are replaced by ranks, so that a tie keeps the order of the run in every measure.
    flat = {q: {doc: float(-rank) for rank, (doc, _) in enumerate(run.get(q, ()))} for q in query_ids}
    grades = {q: dict(qrels[q]) for q in query_ids}
    values = {q: dict.fromkeys(measures, 0.0) for q in query_ids}
    names = {measure: name for name, measure in measures.items()}
    for found in ir_measures.iter_calc(list(names), grades, flat):
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


def result_json(dataset: RetrievalSet, index: Index | None, method: str, result: RetrievalResult) -> dict[str, Any]:
    """The results file of the command contract; ``index`` is absent for a run that was made elsewhere."""
    return {
        "measures": result.measures,
        "intervals": result.intervals,
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
        "processor_milliseconds_per_query": result.processor,
        **provenance(index),
    }


def label(weights: Weights) -> str:
    """The weights as the command line takes them."""
    return ",".join(f"{name}={points:g}" for name, points in asdict(weights).items())


def lines(dataset: RetrievalSet, method: str, result: RetrievalResult) -> list[str]:
    """The figures for the terminal."""
    shown = [f"{dataset.name} ({dataset.split}), {len(dataset.topics)} queries, {method}"]
    shown.append("  ".join(f"{name} {value:.4f}" for name, value in result.measures.items()))
    low, high = result.intervals["nDCG@10"]
    shown.append(f"nDCG@10 lies between {low:.4f} and {high:.4f} (95 %, bootstrap over the queries)")
    for group, values in result.by.items():
        for value, row in values.items():
            figures = f"nDCG@10 {row['nDCG@10']:.4f}  MRR@10 {row['MRR@10']:.4f}"
            shown.append(f"  {group}={value} ({row['queries']}): {figures}")
    if result.milliseconds:
        for kind, times in (("", result.milliseconds), (" of the processor", result.processor)):
            shown.append("  ".join(f"{name} {value:.1f} ms{kind}" for name, value in times.items()))
    return shown
