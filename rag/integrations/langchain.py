"""For chains built with LangChain: Beleg's search as a retriever, its encoder as embeddings.

retriever = BelegRetriever.from_index("index")
retriever.invoke("Warum keine Patriots für die Ukraine?")
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever

from rag.encoder import load_encoder
from rag.index.build import stamp
from rag.index.reader import open_index
from rag.question import understand
from rag.search import searcher
from rag.types import Encoder, Hit


class BelegRetriever(BaseRetriever):
    """The hybrid search over one index; ``k`` passages a question, each with its article's facts and offsets."""

    search: Any  # the search; pydantic need not look into it
    k: int = 5

    @classmethod
    def from_index(cls, index: str | Path, encoder: str | None = None, k: int = 5) -> BelegRetriever:
        """Opens an index. Raises IndexMissing, IndexDamaged or IndexMismatch."""
        loaded = load_encoder(encoder)
        return cls(search=searcher(open_index(Path(index), stamp(loaded)), loaded), k=k)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **options: Any
    ) -> list[Document]:
        hits = self.search(understand(query, today=date.today()), passages=options.get("k", self.k), articles=0)
        return [document(hit) for hit in hits]


def document(hit: Hit) -> Document:
    """A hit as LangChain's document: the passage, with its article's facts and its offsets there."""
    article, passage = hit.article, hit.passage
    facts = {
        "article_id": article.article_id,
        "title": article.title,
        "source": article.source,
        "author": article.author,
        "url": article.url,
        "published": article.published.isoformat() if article.published else None,
        "start": passage.start,
        "end": passage.end,
        "score": hit.score,
    }
    return Document(page_content=passage.text, metadata=facts, id=passage.passage_id)


class BelegEmbeddings(Embeddings):
    """An encoder of Beleg's: the bundled one, or a sentence-transformers model by folder or name."""

    def __init__(self, encoder: str | None = None) -> None:
        self.encoder: Encoder = load_encoder(encoder)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [row.tolist() for row in self.encoder.encode_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        return [float(value) for value in self.encoder.encode_queries([text])[0]]
