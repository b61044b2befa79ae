"""One engine on one benchmark, in this process: quality, processor time, memory and disk."""

from __future__ import annotations

import random
import resource
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.archive import documents_of
from benchmarks.peers.engines import Setting
from benchmarks.peers.peer import Peer
from rag.evaluation.datasets import RetrievalSet
from rag.evaluation.retrieval import score

WARM = 20  # questions before the clock counts
FEW = 20  # documents whose build costs little but the start of the engine


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


def estimate(setting: Setting, corpus: Path, sample: int) -> dict[str, Any]:
    """How long a build would take where it takes too long: the rate over ``sample`` random documents, drawn out.

    Says nothing of quality. The start of the engine (its model read, and so on) is measured apart and not multiplied.
    """
    texts = documents_of(corpus)
    names = random.Random(7).sample(list(texts), sample + FEW)
    start = _build_seconds(setting, {name: texts[name] for name in names[:FEW]})
    each = (_build_seconds(setting, {name: texts[name] for name in names[FEW:]}) - start) / (sample - FEW)
    seconds = round(start + each * (len(texts) - FEW))
    return {
        "documents": len(texts),
        "sample": sample,
        "estimated_build_seconds": seconds,
        "error": f"not measured: to build alone takes about {seconds / 60:.0f} minutes, by {sample} random documents",
    }


def _build_seconds(setting: Setting, texts: dict[str, str]) -> float:
    """Processor time of one build with no vector kept from before."""
    with tempfile.TemporaryDirectory(prefix="beleg-peer-") as folder:
        engine = setting.engine(Path(folder))
        began = time.process_time()
        engine.build(texts, Path(folder))
        return time.process_time() - began
