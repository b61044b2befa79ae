"""`make peers`: what is measured of an engine, and vectors that are kept between runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT

from benchmarks.peers.archive import archive
from benchmarks.peers.engines import PEERS
from benchmarks.peers.kept import KeptVectors, Vectors
from benchmarks.peers.measure import estimate, measure
from rag.evaluation.datasets import read_retrieval_set

DEMO = PROJECT / "benchmarks" / "demo-qa"


def lengths(texts: list[str]) -> Vectors:
    """An encoder that takes a while and sees how long a text is."""
    sum(i * i for i in range(200_000))
    return np.array([[len(text), 1.0] for text in texts], np.float32)


def test_vectors_come_back_from_the_disk_with_the_time_they_took(tmp_path: Path) -> None:
    asked: list[str] = []

    def encode(texts: list[str]) -> Vectors:
        asked.extend(texts)
        return lengths(texts)

    first = KeptVectors(tmp_path / "v.sqlite", encode)
    assert first(["ab", "c", "ab"]).tolist() == [[2, 1], [1, 1], [2, 1]]
    assert (asked, first.seconds) == (["ab", "c"], 0)

    second = KeptVectors(tmp_path / "v.sqlite", encode)
    assert second(["c", "defg", "ab"]).tolist() == [[1, 1], [4, 1], [2, 1]]
    assert asked == ["ab", "c", "defg"]
    assert second.seconds > 0


@pytest.mark.parametrize(("peer", "setting"), [("SQLite FTS5", "stock"), ("tantivy", "stock"), ("Beleg", "stock")])
def test_an_engine_is_measured_on_a_benchmark(peer: str, setting: str, tmp_path: Path) -> None:
    found = measure(PEERS[peer][setting].engine(tmp_path), read_retrieval_set(DEMO), 20)
    assert (found["documents"], found["questions"]) == (41, 20)
    assert found["measures"]["nDCG@10"] > 0.5
    assert found["disk_mib"] > 0


def test_a_build_that_takes_too_long_is_estimated_and_says_so(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    texts = [" ".join(f"wort{(i * j) % 997}" for j in range(200)) for i in range(1_000)]
    corpus.write_text("".join(json.dumps({"_id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)), "utf-8")
    found = estimate(PEERS["SQLite FTS5"]["stock"], corpus, 300)
    assert (found["documents"], found["sample"]) == (1_000, 300)
    assert found["estimated_build_seconds"] >= 0
    assert "not measured" in found["error"]
    assert "measures" not in found


def test_a_small_archive_is_the_beginning_of_a_large_one(tmp_path: Path, shared: Path) -> None:
    small, large = (archive(shared, tmp_path, size) / "corpus.jsonl" for size in (5_010, 5_020))
    assert large.read_bytes().startswith(small.read_bytes())
    rows = [json.loads(line) for line in large.open(encoding="utf-8")]
    assert rows[-1]["_id"] == "other-19"
    assert len({row["text"] for row in rows}) == len(rows)  # a copy of a passage would be right and count as wrong


def test_an_archive_smaller_than_its_benchmark_keeps_the_questions_of_its_passages(
    tmp_path: Path, shared: Path
) -> None:
    dataset = read_retrieval_set(archive(shared, tmp_path, 20))
    there = {json.loads(line)["_id"] for line in dataset.corpus.open(encoding="utf-8")}
    assert len(there) == 20
    assert dataset.topics
    assert all(set(dataset.qrels[topic.query_id]) <= there for topic in dataset.topics)
