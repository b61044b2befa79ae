"""``eval speed``: how long a question takes on a warm index, whole and by part, one question at a time.

Everything is asked once before it is timed. Milliseconds of the processor stand beside those of the clock: on a busy
machine they tell the software from its neighbours.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.assistant import assemble
from rag.evaluation.provenance import provenance
from rag.index.reader import Index
from rag.question import understand
from rag.search import HybridSearch, searcher
from rag.types import Encoder, Query

Part = Callable[[Query], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds a question: the median and the 95th percentile by the clock, the mean by the processor."""

    p50: float
    p95: float
    processor: float


def parts(index: Index, encoder: Encoder, *, answers: bool) -> dict[str, Part]:
    """What is timed: the indexes one by one, the first look, the whole search and, if asked for, an answer."""
    lexical, dense = index.lexical, index.dense
    first, whole, assistant = HybridSearch(index, encoder), searcher(index, encoder), assemble(index, encoder)
    found: dict[str, Part] = {
        "stems": lambda query: lexical.search("stems", query.searched, 100),
        "grams": lambda query: lexical.search("grams", query.searched, 100),
        "vectors": lambda query: dense.search(encoder.encode_queries([query.searched])[0], 100),
        "first look": first.rank,
        "search": whole.rank,
    }
    return found | ({"answer": lambda query: assistant.ask(query.question)} if answers else {})


def measure(timed: Mapping[str, Part], questions: Sequence[str]) -> dict[str, Timing]:
    """The timing of every part over all questions."""
    queries = [understand(question) for question in questions]
    return {name: _timing(part, queries) for name, part in timed.items()}


def _timing(part: Part, queries: Sequence[Query]) -> Timing:
    if not queries:
        return Timing(0.0, 0.0, 0.0)
    for query in queries:
        part(query)
    spent = []
    busy = time.process_time()
    for query in queries:
        began = time.perf_counter()
        part(query)
        spent.append((time.perf_counter() - began) * 1000)
    busy = (time.process_time() - busy) * 1000 / len(queries)
    p50, p95 = np.percentile(spent, [50, 95])
    return Timing(round(float(p50), 2), round(float(p95), 2), round(busy, 2))


def size(index: Index) -> dict[str, int]:
    """Passages, megabytes of the index on disk and megabytes of memory that this process has needed so far."""
    disk = sum(path.stat().st_size for path in Path(index.folder).rglob("*") if path.is_file())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000
    return {"passages": index.manifest.passages, "disk_mb": disk // 1_000_000, "memory_mb": memory}


def result_json(index: Index, questions: int, timings: Mapping[str, Timing]) -> dict[str, Any]:
    """The results file."""
    return {
        "milliseconds": {name: asdict(timing) for name, timing in timings.items()},
        "questions": questions,
        **size(index),
        **provenance(index),
    }


def lines(index: Index, questions: int, timings: Mapping[str, Timing]) -> list[str]:
    """The figures for the terminal."""
    held = size(index)
    shown = [
        f"{held['passages']:,} passages, {held['disk_mb']:,} MB on disk, {held['memory_mb']:,} MB of memory; "
        f"{questions} questions, warm, one at a time",
        f"{'':12} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8}",
    ]
    return shown + [f"{name:12} {t.p50:8.2f} {t.p95:8.2f} {t.processor:8.2f}" for name, t in timings.items()]
