"""Vectors in FAISS: every kind finds, removes and gives back."""

from __future__ import annotations

import threading
from pathlib import Path

import faiss
import numpy as np
import pytest

from rag.index.dense import DenseIndex, kind_for
from rag.index.reader import open_index


@pytest.mark.parametrize("kind", ["Flat", "SQ8", "IVF8,SQ8"])
def test_vectors_of_every_kind_are_found_removed_and_read_back(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(800, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    dense = DenseIndex.create(32, kind)
    dense.add(range(100, 900), vectors)
    assert len(dense.search(vectors[5], 300)) == 300  # one that was never written looks as far as one that was read
    dense.write(tmp_path / "v")
    writable = DenseIndex.read(tmp_path / "v", kind, writable=True)
    writable.remove([100, 101])
    writable.write(tmp_path / "w")
    read = DenseIndex.read(tmp_path / "w", kind)
    assert len(read) == 798
    assert read.search(vectors[5], 3)[0][0] == 105
    assert read.search(vectors[0], 3)[0][0] != 100
    assert {row for row, _ in read.search(vectors[5], 3, among=[200, 300])} == {200, 300}
    assert np.allclose(read.vectors([105, 899]), vectors[[5, 799]], atol=0.05)
    assert read.scores(vectors[5], [105])[105] == pytest.approx(1, abs=0.05)
    grown = read.grown("SQ8")
    assert grown.rows() == read.rows()
    assert grown.search(vectors[5], 1)[0][0] == 105


def test_no_query_takes_more_than_one_thread(small_index: Path) -> None:
    dense, found = open_index(small_index).dense, list[int]()
    vector = dense.vectors(dense.rows())[0]

    def work() -> None:
        for query in (lambda: dense.search(vector, 3), lambda: dense.vectors([1])):
            faiss.omp_set_num_threads(3)
            query()
            found.append(faiss.omp_get_max_threads())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [1, 1]


def test_the_kind_grows_with_the_archive() -> None:
    assert [kind_for(n) for n in (1, 50_000, 50_001, 200_000, 200_001)] == ["Flat", "Flat", "SQ8", "SQ8", "IVF4096,SQ8"]
    flat = DenseIndex.create(8)
    assert not flat.is_outgrown_by(50_000)
    assert flat.is_outgrown_by(50_001)
    assert not DenseIndex.create(8, "SQ8").is_outgrown_by(3)
