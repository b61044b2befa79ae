"""One engine on one benchmark, in this process: quality, processor time, memory and disk."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.archive import documents_of
from benchmarks.peers.peer import Peer
from rag.evaluation.datasets import RetrievalSet
from rag.evaluation.retrieval import score

WARM = 20  # questions before the clock counts


def measure(engine: Peer, dataset: RetrievalSet, limit: int) -> dict[str, Any]:
    """Builds the engine over the dataset and asks it the first ``limit`` questions.

    Times are those of the processor (build in seconds, a question in milliseconds), with what kept vectors had taken.
    ``peak_mib`` is the most memory of the whole process so far, ``disk_mib`` what is left in the engine's folder.
    """
    texts = documents_of(dataset.corpus)
    folder = Path(tempfile.mkdtemp(prefix="beleg-peer-"))
    topics = dataset.topics[:limit]
    try:
        began = time.process_time()
        engine.build(texts, folder)
        built = time.process_time() - began + engine.kept_seconds
        disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        run, spent = {}, []
        for topic in [*topics[:WARM], *topics]:
            began = time.process_time()
            run[topic.query_id] = engine.search(topic.text)
            spent.append((time.process_time() - began) * 1000)
    finally:
        shutil.rmtree(folder)
    result = score(replace(dataset, topics=topics), run)
    return {
        "digest": dataset.digest,
        "documents": len(texts),
        "questions": len(topics),
        "measures": result.measures,
        "intervals": result.intervals,
        "build_seconds": round(built, 2),
        "kept_seconds": round(engine.kept_seconds, 2),
        "query_ms": {f"p{q}": round(float(np.percentile(spent[WARM:], q)), 2) for q in (50, 95)},
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "disk_mib": round(disk / 2**20, 2),
    }
