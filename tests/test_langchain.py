"""Beleg's parts inside LangChain."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from rag.integrations.langchain import BelegEmbeddings, BelegRetriever


def test_the_retriever_gives_documents_with_facts_and_offsets(small_index: Path) -> None:
    documents = BelegRetriever.from_index(small_index, k=2).invoke("Warum ist die Rheinbrücke gesperrt?")
    assert len(documents) == 2
    first = documents[0]
    assert (first.id, first.metadata["article_id"], first.metadata["published"]) == (
        "bruecke.md#0",
        "bruecke.md",
        "2023-04-12",
    )
    assert first.metadata["end"] - first.metadata["start"] == len(first.page_content)


def test_the_retriever_stands_in_a_chain(small_index: Path) -> None:
    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    chain = {"context": BelegRetriever.from_index(small_index, k=1), "question": RunnablePassthrough()} | prompt
    assert "Tragseilen" in chain.invoke("Warum ist die Rheinbrücke gesperrt?").to_string()


def test_embeddings_have_one_length(small_index: Path) -> None:
    embeddings = BelegEmbeddings()
    rows = embeddings.embed_documents(["Brücke", "Wolf"])
    assert [len(row) for row in rows] == [len(embeddings.embed_query("Brücke"))] * 2
    assert rows[0] == pytest.approx(embeddings.embed_query("Brücke"))
