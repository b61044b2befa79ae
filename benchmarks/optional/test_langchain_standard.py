"""LangChain's own standard tests of Beleg's retriever, vector store and embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import EmbeddingsUnitTests

from rag.encoder import load_encoder
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.integrations.langchain import BelegEmbeddings, BelegRetriever
from rag.integrations.vectorstore import BelegVectorStore
from rag.search import HybridSearch, searcher

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def demo_search(tmp_path_factory: pytest.TempPathFactory) -> HybridSearch:
    index, encoder = tmp_path_factory.mktemp("index"), load_encoder()
    build(PROJECT / "corpus", index, encoder)
    return searcher(open_index(index, stamp(encoder)), encoder)


class TestVectorStoreInMemory(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return BelegVectorStore(self.get_embeddings())


class TestVectorStoreFromAFolder(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> VectorStore:
        BelegVectorStore(self.get_embeddings()).save(tmp_path / "store")
        return BelegVectorStore.load(tmp_path / "store", self.get_embeddings())


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _index(self, demo_search: HybridSearch) -> None:
        self._search = demo_search

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return BelegRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"search": self._search}

    @property
    def retriever_query_example(self) -> str:
        return "Warum keine Patriots für die Ukraine?"


class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return BelegEmbeddings


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return BelegEmbeddings
