"""Vectors in FAISS by row number: exact up to 50,000 passages, quantised beyond, clustered beyond 200,000.

Knows row numbers and vectors; what made the vectors is the encoder's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from threadpoolctl import ThreadpoolController

from rag.errors import IndexDamaged, damaged, unwritable
from rag.types import Vectors

_KINDS = ((50_000, "Flat"), (200_000, "SQ8"))
_LARGE = "IVF4096,SQ8"
_PROBES = 64
_TRAINING_ROWS = 160_000  # about 40 a cluster, as FAISS asks for


def kind_for(count: int) -> str:
    """The FAISS factory string for so many vectors (measured: benchmarks/LOG.md)."""
    return next((kind for limit, kind in _KINDS if count <= limit), _LARGE)


class DenseIndex:
    """Inner products of normalised vectors, so cosines. One writer, or any number of readers."""

    def __init__(self, index: Any, kind: str) -> None:
        self._index = index
        self.kind = kind
        if isinstance(index, faiss.IndexIVF):
            index.nprobe = _PROBES

    @classmethod
    def create(cls, dimension: int, kind: str = "Flat") -> DenseIndex:
        """An empty index that keeps row numbers."""
        index = faiss.index_factory(dimension, kind, faiss.METRIC_INNER_PRODUCT)
        # A clustered index keeps row numbers itself; a map around it would go wrong with the first removal.
        return cls(index if "IVF" in kind else faiss.IndexIDMap2(index), kind)

    @classmethod
    def read(cls, path: Path, kind: str, *, writable: bool = False) -> DenseIndex:
        """The index in a file. Raises IndexDamaged if it is none.

        A clustered index finds vectors by row only when it is not ``writable``: FAISS cannot remove rows from one that
        keeps such a map.
        """
        with damaged(f"The vector index {path}", Exception):  # whatever FAISS raises over a broken file
            index: Any = faiss.read_index(str(path))
            opened = cls(index, kind)
            if opened._is_clustered != isinstance(index, faiss.IndexIVF):
                raise IndexDamaged(f"The vector index {path} is not {kind}; mend it with `python -m rag build --full`.")
            if opened._is_clustered and not writable:
                index.set_direct_map_type(faiss.DirectMap.Hashtable)
        return opened

    def write(self, path: Path) -> None:
        """Raises IndexUnwritable."""
        with unwritable(f"The vector index {path}", RuntimeError):
            faiss.write_index(self._index, str(path))

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    @property
    def _is_clustered(self) -> bool:
        return "IVF" in self.kind

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self) -> list[int]:
        """The row numbers that it holds, ascending."""
        if not self._is_clustered:
            return sorted(int(row) for row in faiss.vector_to_array(self._index.id_map))
        lists = self._index.invlists
        filled = [i for i in range(lists.nlist) if lists.list_size(i)]
        return sorted(int(row) for i in filled for row in faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)))

    def add(self, rows: Sequence[int], vectors: Vectors) -> None:
        """Adds vectors (one row each); a clustered index is trained on the first ones it gets."""
        if not len(rows):
            return
        if not self._index.is_trained:
            self._index.train(vectors[:_TRAINING_ROWS])
        self._index.add_with_ids(vectors, np.asarray(rows, dtype=np.int64))

    def remove(self, rows: Sequence[int]) -> None:
        if len(rows):
            self._index.remove_ids(np.asarray(rows, dtype=np.int64))

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """The stored vectors of these rows, shape (rows, dimension); quantised ones come back approximately."""
        if not len(rows):
            return np.zeros((0, self.dimension), dtype=np.float32)
        _one_thread()
        with damaged("The vector index", RuntimeError):
            return np.asarray(self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64)), dtype=np.float32)

    def search(self, vector: Vectors, limit: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The rows nearest to one vector (shape (dimension,)), with cosines; ``among`` restricts to some rows."""
        limit = min(limit, len(self))
        if limit == 0 or (among is not None and not len(among)):
            return []
        _one_thread()
        with damaged("The vector index", RuntimeError):
            scores, rows = self._index.search(vector[np.newaxis], limit, params=self._parameters(among))
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]

    def _parameters(self, among: Sequence[int] | None) -> Any:
        if among is None:
            return None
        selector = faiss.IDSelectorBatch(np.asarray(among, dtype=np.int64))
        if self._is_clustered:
            return faiss.SearchParametersIVF(sel=selector, nprobe=_PROBES)
        return faiss.SearchParameters(sel=selector)

    def scores(self, vector: Vectors, rows: Sequence[int]) -> dict[int, float]:
        """The cosines of given rows with one vector."""
        cosines = self.vectors(rows) @ vector
        return {int(row): float(cosine) for row, cosine in zip(rows, cosines, strict=True)}

    def is_outgrown_by(self, count: int) -> bool:
        """Whether so many vectors want a larger kind than this one; a smaller kind is never gone back to."""
        kinds = [kind for _, kind in _KINDS] + [_LARGE]
        return self.kind in kinds and kinds.index(kind_for(count)) > kinds.index(self.kind)

    def grown(self, kind: str) -> DenseIndex:
        """The same rows in an index of another kind."""
        larger = DenseIndex.create(self.dimension, kind)
        rows = self.rows()
        larger.add(rows, self.vectors(rows))
        return larger


@lru_cache(maxsize=1)
def one_thread_for_products() -> None:
    """Keeps numpy's products of matrices in one thread, in the whole process: a question's are too small to share.

    On a busy machine with two cores a product of 800 × 256 by 256 × 8 takes 20 ms in two threads, 0.1 ms in one.
    """
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)


def _one_thread() -> None:
    """A query is too small to share; more threads only steal from other readers. Holds for the calling thread alone."""
    faiss.omp_set_num_threads(1)
