"""Beleg's parts inside LangChain. LangChain's own standard tests of them: ``make optional``."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import PROJECT
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from rag.encoder import StaticEncoder
from rag.errors import BelegError, IndexDamaged, IndexMissing
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.index.withdraw import remove
from rag.integrations.langchain import BelegEmbeddings, BelegRetriever
from rag.integrations.vectorstore import BelegVectorStore
from rag.question import understand
from rag.search import searcher


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


def test_the_chain_of_the_docs_runs(
    demo_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (PROJECT / "docs" / "langchain.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", text, re.S)[:1]
    shutil.copytree(demo_index, tmp_path / "index")
    monkeypatch.chdir(tmp_path)
    answer = GenericFakeChatModel(messages=iter([AIMessage("Weil NATO-Soldaten sie bedienen müssten [1].")]))
    monkeypatch.setattr("langchain.chat_models.init_chat_model", lambda name: answer)
    exec(code, {})
    assert capsys.readouterr().out == "Weil NATO-Soldaten sie bedienen müssten [1].\n"
    assert len([line for line in code.splitlines() if line]) <= 10


# The vector store --------------------------------------------------------------------------------------------------

TEXTS = ["Die Brücke ist gesperrt.", "Der Wolf ist zurück.", "Das Haus brannte ab."]


@pytest.fixture
def store() -> BelegVectorStore:
    return BelegVectorStore.from_texts(TEXTS, BelegEmbeddings(), [{"n": i} for i in range(3)], ids=["b", "w", "h"])


def test_the_store_finds_and_filters(store: BelegVectorStore) -> None:
    (first, cosine), *_ = store.similarity_search_with_score("Wölfe", k=3)
    assert (first.id, first.metadata) == ("w", {"n": 1})
    assert -1 <= cosine <= 1.0001
    assert [d.id for d in store.similarity_search("Wölfe", filter=lambda d: d.metadata["n"] == 2)] == ["h"]
    assert [d.id for d in store.similarity_search("Wölfe", k=1)] == ["w"]
    relevances = [r for _, r in store.similarity_search_with_relevance_scores("Wölfe", k=3)]
    assert relevances == sorted(relevances, reverse=True)
    assert all(0 <= r <= 1 for r in relevances)


def test_near_documents_that_differ_are_preferred(store: BelegVectorStore) -> None:
    store.add_texts(["Der Wolf ist wieder zurück."], ids=["w2"])
    assert {d.id for d in store.similarity_search("Der Wolf ist zurück.", k=2)} == {"w", "w2"}
    found = [d.id for d in store.max_marginal_relevance_search("Der Wolf ist zurück.", k=2, lambda_mult=0.1)]
    assert found[0] == "w"
    assert found[1] != "w2"
    assert BelegVectorStore(BelegEmbeddings()).max_marginal_relevance_search("leer") == []


def test_what_a_caller_changes_stays_with_the_caller(store: BelegVectorStore) -> None:
    store.similarity_search("Wolf", k=1)[0].metadata["n"] = 99
    assert store.get_by_ids(["w"])[0].metadata == {"n": 1}


def test_lengths_must_agree(store: BelegVectorStore) -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        store.add_texts(["a", "b"], [{}])


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "delete"]), st.lists(st.sampled_from("abcde"), max_size=3), st.text(max_size=4)),
    max_size=8,
)


@settings(deadline=None, max_examples=30)
@given(STEPS)
def test_a_store_is_loaded_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[str], str]]
) -> None:
    embedding = DeterministicFakeEmbedding(size=4)
    store, expected = BelegVectorStore(embedding), dict[str, str]()
    for what, ids, text in steps:
        if what == "add":
            store.add_texts([f"{text}{name}" for name in ids], ids=ids)
            expected |= {name: f"{text}{name}" for name in ids}
        else:
            store.delete(ids)
            expected = {name: kept for name, kept in expected.items() if name not in ids}
    folder = tmp_path_factory.mktemp("s") / "store"
    store.save(folder)
    store.save(folder)  # over the one that is there
    loaded = BelegVectorStore.load(folder, embedding)
    for found in (store, loaded):
        assert {d.id: d.page_content for d in found.similarity_search("x", k=9)} == expected
    asked = [(d.id, score) for d, score in loaded.similarity_search_with_score("x", k=9)]
    assert asked == [(d.id, score) for d, score in store.similarity_search_with_score("x", k=9)]
    loaded.add_texts(["neu"], ids=["z"])
    assert loaded.get_by_ids(["z", "weg"])[0].page_content == "neu"


def test_no_file_of_a_store_is_pickled_or_runs_anything(store: BelegVectorStore, tmp_path: Path) -> None:
    store.save(tmp_path / "store")
    assert {p.name for p in (tmp_path / "store").iterdir()} == {"documents.jsonl", "vectors.faiss", "store.json"}


@pytest.mark.parametrize("name", ["documents.jsonl", "vectors.faiss", "store.json"])
def test_a_damaged_store_is_one_line(store: BelegVectorStore, tmp_path: Path, name: str) -> None:
    store.save(tmp_path / "store")
    file = tmp_path / "store" / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(IndexDamaged) as caught:
        BelegVectorStore.load(tmp_path / "store", BelegEmbeddings())
    assert "\n" not in str(caught.value)


def test_a_missing_store_and_a_strange_folder_are_told(store: BelegVectorStore, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        BelegVectorStore.load(tmp_path, BelegEmbeddings())
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "letter.txt").write_text("wichtig", "utf-8")
    with pytest.raises(BelegError, match="holds other files"):
        store.save(tmp_path / "own")
    assert (tmp_path / "own" / "letter.txt").exists()
    store.add_texts(["x"], [{"when": object()}], ids=["x"])
    with pytest.raises(BelegError, match="metadata of 'x'"):
        store.save(tmp_path / "other")


def test_an_index_becomes_a_store_with_the_same_vectors(small_index: Path, encoder: StaticEncoder) -> None:
    question = "Warum ist die Rheinbrücke gesperrt?"
    store = BelegVectorStore.from_index(small_index)
    search = searcher(open_index(small_index, stamp(encoder)), encoder, "dense")
    expected = [hit.passage.passage_id for hit in search(understand(question), passages=3, articles=0)]
    found = store.similarity_search(question, k=3)
    assert [d.id for d in found] == expected
    assert found[0].metadata["published"] == "2023-04-12"
    store.add_texts(["Die Rheinbrücke ist gesperrt, weil die Seile Risse haben."], ids=["eigenes"])
    assert "eigenes" in [d.id for d in store.similarity_search(question, k=2)]


def test_a_withdrawn_article_is_not_in_the_store(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    build(corpus, tmp_path / "index", encoder)
    remove(corpus, tmp_path / "index", ["wolf.md"])
    store = BelegVectorStore.from_index(tmp_path / "index")
    assert {d.metadata["article_id"] for d in store.similarity_search("Wolf", k=9)} == {"brand.md", "bruecke.md"}
