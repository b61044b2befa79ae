"""LangChain's stock recipe: recursive splitter, all-MiniLM-L6-v2, FAISS flat, BM25, joined by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import Stemmer
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from sentence_transformers import SentenceTransformer

from benchmarks.peers.kept import KeptVectors
from benchmarks.peers.minilm import model_folder
from benchmarks.peers.peer import DEPTH, Ranking, Texts


class MiniLM(Embeddings):
    """The encoder as LangChain wants it; vectors of documents are kept in ``file``."""

    def __init__(self, file: Path) -> None:
        self._model = SentenceTransformer(model_folder(), device="cpu")
        self.kept = KeptVectors(file, lambda texts: self._model.encode(texts, show_progress_bar=False))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.kept(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        return self._model.encode([text], show_progress_bar=False)[0].tolist()


class LangChain:
    """Best stems the words that BM25 sees and trusts it more than the vectors, which come from an English model."""

    kept_seconds = 0.0

    def __init__(self, cache: Path, weights: tuple[float, float] = (0.5, 0.5), stems: bool = False) -> None:
        self._file, self._weights, self._stems = cache / "langchain.sqlite", list(weights), stems

    def build(self, texts: Texts, folder: Path) -> None:
        encoder = MiniLM(self._file)
        documents = [Document(page_content=piece, metadata={"id": name}) for name, piece in pieces(texts)]
        store = FAISS.from_documents(documents, encoder)
        store.save_local(str(folder))
        extra = {"preprocess_func": german_stems} if self._stems else {}
        words = BM25Retriever.from_documents(documents, k=DEPTH, **extra)
        vectors = store.as_retriever(search_kwargs={"k": DEPTH})
        self._retriever = EnsembleRetriever(retrievers=[words, vectors], weights=self._weights)
        self.kept_seconds = encoder.kept.seconds

    def search(self, question: str) -> Ranking:
        found = self._retriever.invoke(question)
        return best_piece([(d.metadata["id"], -float(rank)) for rank, d in enumerate(found)])[:DEPTH]


def pieces(texts: Texts) -> Iterator[tuple[str, str]]:
    """Document id and piece, by the recursive splitter of LangChain's tutorials at their sizes."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    for name, text in texts.items():
        for piece in splitter.split_text(text):
            yield name, piece


def best_piece(ranked: Sequence[tuple[str, float]]) -> Ranking:
    """Pieces → documents, each at the rank of its best piece."""
    first: dict[str, float] = {}
    for name, points in ranked:
        first.setdefault(name, points)
    return list(first.items())


def german_stems(text: str) -> list[str]:
    """The words of a text in lower case, without their endings."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return Stemmer.Stemmer("german").stemWords(words)
