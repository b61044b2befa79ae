"""All engines on all benchmarks, or what is missing of that: ``make peers``, ``make peers ARGS=--missing``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers.archive import archive
from benchmarks.peers.engines import PEERS
from benchmarks.peers.measure import estimate, measure
from rag.errors import BelegError
from rag.evaluation.datasets import read_retrieval_set
from rag.evaluation.provenance import commit
from rag.settings import PROJECT

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
QUESTIONS = {"gnad-qa": 10_000, "xquad-de": 10_000, "wikidpr-de": 600, "archive-2500": 300, "archive-100000": 300}
Row = dict[str, Any]


def main() -> int:
    """Measures what the options ask for and writes the results file after each; 0."""
    options = _options()
    if options.one:
        peer, setting, folder, limit = options.one
        chosen, dataset = PEERS[peer][setting], read_retrieval_set(Path(folder))
        if options.estimate:
            print(json.dumps(estimate(chosen, dataset.corpus, options.estimate)))
        else:
            print(json.dumps(measure(chosen.engine(options.cache), dataset, int(limit))))
        return 0
    rows: list[Row] = json.loads(options.out.read_text("utf-8"))["rows"] if options.out.exists() else []
    # An estimate takes the place of no measurement.
    done = {_key(row) for row in rows if "measures" in row} if options.missing or options.estimate else set()
    for dataset in options.datasets:
        folder = _folder(dataset, options.shared, options.cache)
        for peer in options.peers:
            for setting in _settings(dataset, peer, rows):
                if (peer, setting, dataset) in done:
                    continue
                print(f"{dataset}: {peer}, {setting}", file=sys.stderr, flush=True)
                row = {"peer": peer, "setting": setting, "dataset": dataset}
                row |= _in_a_process(peer, setting, folder, dataset, options)
                if "error" in row:
                    print(f"  {row['error']}", file=sys.stderr)
                rows = [r for r in rows if _key(r) != _key(row)] + [row]
                _write(options.out, rows)
    return 0


def _folder(dataset: str, shared: Path, cache: Path) -> Path:
    name, _, size = dataset.partition("-")
    return archive(shared, cache, int(size)) if name == "archive" else shared / "benchmarks" / dataset


def _settings(dataset: str, peer: str, rows: Sequence[Row]) -> Iterator[str]:
    """All settings on gnad-qa, where the best is chosen; elsewhere that and ``stock``, and all of Beleg's."""
    best = {"stock", best_setting(rows, peer)}
    return (s for s in PEERS[peer] if dataset == "gnad-qa" or peer == "Beleg" or s in best)


def best_setting(rows: Sequence[Row], peer: str) -> str:
    """The setting of a peer with the best MRR@10 on gnad-qa; ``stock`` if none was measured."""
    own = [r for r in rows if r["peer"] == peer and r["dataset"] == "gnad-qa" and "measures" in r]
    return max(own, key=lambda r: r["measures"]["MRR@10"], default={"setting": "stock"})["setting"]


def _in_a_process(peer: str, setting: str, folder: Path, dataset: str, options: argparse.Namespace) -> Row:
    command = [sys.executable, "-m", "benchmarks.peers", "--cache", str(options.cache)]
    command += ["--one", peer, setting, str(folder), str(QUESTIONS[dataset])]
    command += ["--estimate", str(options.estimate)] if options.estimate else []
    minutes = options.limit_minutes
    settled = os.environ | ONE_THREAD | OFFLINE
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=minutes * 60, check=False, env=settled, cwd=PROJECT
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {minutes:g} minutes"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["stopped"])[-1][:300]}
    return {**json.loads(done.stdout.splitlines()[-1]), "commit": commit()}


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["peer"], row["setting"], row["dataset"]


def _write(out: Path, rows: Sequence[Row]) -> None:
    packages = ("bm25s", "tantivy", "haystack-ai", "langchain-classic", "langchain-community", "txtai", "faiss-cpu")
    found = {
        "rows": rows,
        "versions": {name: version(name) for name in packages} | {"sqlite": sqlite3.sqlite_version},
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "threads": 1,
    }
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=PROJECT.parent / "shared", help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, default=PROJECT / "benchmarks" / "results" / "peers.json")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "beleg" / "peers")
    parser.add_argument("--datasets", nargs="+", default=list(QUESTIONS), choices=list(QUESTIONS))
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--limit-minutes", type=float, default=240, help="the longest that one run may take")
    parser.add_argument("--estimate", type=int, metavar="N", help="only how long a build would take, from N documents")
    parser.add_argument("--missing", action="store_true", help="leave alone what the results file has already")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BelegError, OSError) as error:
        print(f"peers: {error}", file=sys.stderr)
        sys.exit(1)
