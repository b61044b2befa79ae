"""For chains built with LangChain: a vector store over FAISS, kept in plain files that run nothing when they are read.

store = BelegVectorStore.from_index("index")
store.similarity_search("Warum keine Patriots für die Ukraine?", k=3)
"""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from rag.encoder import normalised
from rag.errors import BelegError, IndexDamaged, IndexMissing
from rag.index.build import stamp
from rag.index.dense import DenseIndex, kind_for
from rag.index.reader import open_index
from rag.integrations.langchain import BelegEmbeddings, document
from rag.types import Hit, Vectors

FORMAT = 1
_DOCUMENTS, _VECTORS, _MANIFEST = "documents.jsonl", "vectors.faiss", "store.json"
Filter = Callable[[Document], bool]


class BelegVectorStore(VectorStore):
    """Documents and their vectors; scores are cosines. Safe to read from several threads, one may write."""

    def __init__(self, embedding: Embeddings) -> None:
        self._embedding = embedding
        self._dense: DenseIndex | None = None
        self._rows: dict[str, int] = {}
        self._documents: dict[int, Document] = {}
        self._next = 0
        self._lock = threading.RLock()

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    # Filling ---------------------------------------------------------------------------------------------------------

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Adds texts and gives their ids; one that is there is replaced. Raises ValueError on unequal lengths."""
        own = list(texts)
        facts = metadatas if metadatas is not None else [{} for _ in own]
        names = [name or str(uuid.uuid4()) for name in ids] if ids is not None else [str(uuid.uuid4()) for _ in own]
        if not len(own) == len(facts) == len(names):
            raise ValueError(f"{len(own)} texts, {len(facts)} metadatas and {len(names)} ids do not belong together.")
        found = zip(own, facts, names, strict=True)
        documents = [Document(page_content=text, metadata=dict(fact), id=name) for text, fact, name in found]
        if documents:
            self._add(documents, np.asarray(self._embedding.embed_documents(own), dtype=np.float32))
        return names

    def _add(self, documents: Sequence[Document], vectors: Vectors) -> None:
        with self._lock:
            if self._dense is None:
                self._dense = DenseIndex.create(vectors.shape[1], kind_for(len(documents)))
            last = {str(d.id): i for i, d in enumerate(documents)}  # of an id given twice the last one counts
            self.delete(list(last))
            rows = list(range(self._next, self._next + len(last)))
            self._next += len(last)
            self._dense.add(rows, normalised(vectors)[list(last.values())])
            self._rows.update(zip(last, rows, strict=True))
            self._documents.update(zip(rows, (documents[i] for i in last.values()), strict=True))

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Deletes documents by id, all of them without ``ids``; an id that is not there is no fault."""
        with self._lock:
            gone = [name for name in (ids if ids is not None else list(self._rows)) if name in self._rows]
            rows = [self._rows.pop(name) for name in dict.fromkeys(gone)]
            if rows and self._dense is not None:
                self._dense.remove(rows)
            for row in rows:
                del self._documents[row]
        return True

    # Asking ----------------------------------------------------------------------------------------------------------

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents with these ids, in their order; what is not there is left out."""
        with self._lock:
            return [_copy(self._documents[self._rows[name]]) for name in ids if name in self._rows]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [found for found, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, filter: Filter | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The nearest documents with their cosines; ``filter`` says of a document whether it may be found."""
        return [(_copy(d), score) for d, score, _ in self._nearest(self._embedding.embed_query(query), k, filter)]

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Filter | None = None, **kwargs: Any
    ) -> list[Document]:
        return [_copy(found) for found, _, _ in self._nearest(embedding, k, filter)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        vector = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Near documents that differ from each other (Carbonell & Goldstein 1998)."""
        found = self._nearest(embedding, fetch_k, filter)
        if not found or self._dense is None:
            return []
        vectors = list(self._dense.vectors([row for _, _, row in found]))
        chosen = maximal_marginal_relevance(np.asarray(embedding, dtype=np.float32), vectors, lambda_mult, k)
        return [_copy(found[i][0]) for i in chosen]

    def _nearest(self, embedding: Sequence[float], k: int, wanted: Filter | None) -> list[tuple[Document, float, int]]:
        with self._lock:
            if self._dense is None:
                return []
            among = [row for row, d in self._documents.items() if wanted(d)] if wanted else None
            vector = normalised(np.asarray([embedding], dtype=np.float32))[0]
            return [(self._documents[row], score, row) for row, score in self._dense.search(vector, k, among)]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: (1 + cosine) / 2

    # Making, keeping -------------------------------------------------------------------------------------------------

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> BelegVectorStore:
        store = cls(embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    def from_index(cls, index: str | Path, encoder: str | None = None) -> BelegVectorStore:
        """The passages of an index that ``python -m rag build`` made, with the vectors that stand there.

        Raises IndexMissing, IndexDamaged or IndexMismatch.
        """
        embedding = BelegEmbeddings(encoder)
        opened = open_index(Path(index), stamp(embedding.encoder))
        hidden, rows = opened.store.withdrawn(), opened.store.passage_rows()
        found = opened.store.passages(rows)
        kept = [row for row in rows if found[row][0].article_id not in hidden]
        store = cls(embedding)
        if kept:
            store._add([document(Hit(*found[row], score=0.0)) for row in kept], opened.dense.vectors(kept))
        return store

    def save(self, folder: str | Path) -> None:
        """Keeps the store in a folder, in place of one that is there. Raises BelegError if metadata is not JSON."""
        place = Path(folder)
        new = place.with_name(f"{place.name}.new")
        with self._lock:
            lines = [_line(row, d) for row, d in self._documents.items()]
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            (new / _DOCUMENTS).write_text("".join(lines), "utf-8")
            kind = self._dense.kind if self._dense else None
            if self._dense:
                self._dense.write(new / _VECTORS)
            (new / _MANIFEST).write_text(json.dumps({"format": FORMAT, "kind": kind, "next": self._next}), "utf-8")
        if place.is_dir() and not (place / _MANIFEST).is_file() and any(place.iterdir()):
            shutil.rmtree(new)
            raise BelegError(f"The folder {place} holds other files; name another for the vector store.")
        shutil.rmtree(place, ignore_errors=True)
        new.rename(place)

    @classmethod
    def load(cls, folder: str | Path, embedding: Embeddings) -> BelegVectorStore:
        """A store that ``save`` kept; ``embedding`` must be the one that made it. Raises IndexMissing, IndexDamaged."""
        place = Path(folder)
        if not (place / _MANIFEST).is_file():
            raise IndexMissing(f"There is no vector store in {place}; make one with save().")
        store = cls(embedding)
        try:
            manifest = json.loads((place / _MANIFEST).read_text("utf-8"))
            if manifest["format"] != FORMAT:
                raise IndexDamaged(f"The vector store in {place} has another format; make it again.")
            for line in (place / _DOCUMENTS).read_text("utf-8").splitlines():
                row, name, text, facts = json.loads(line)
                store._documents[row] = Document(page_content=text, metadata=facts, id=name)
                store._rows[name] = row
            store._next = manifest["next"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"The vector store in {place} cannot be read ({error}); make it again.") from error
        if manifest["kind"]:
            store._dense = DenseIndex.read(place / _VECTORS, manifest["kind"], writable=True)
        if sorted(store._documents) != (store._dense.rows() if store._dense else []):
            raise IndexDamaged(f"The documents and vectors in {place} are not those of one store; make it again.")
        return store


def _copy(found: Document) -> Document:
    """A document that the caller may change."""
    return found.model_copy(deep=True)


def _line(row: int, found: Document) -> str:
    try:
        return json.dumps([row, found.id, found.page_content, found.metadata]) + "\n"
    except (TypeError, ValueError) as error:
        raise BelegError(
            f"The metadata of {found.id!r} cannot be kept ({error}); make it texts and numbers."
        ) from error
