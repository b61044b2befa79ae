"""Builds: what an index holds, and that only what changed is made again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import make_corpus, write_article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from indexes import contents, ids, json_lines, ranking

from rag.corpus.versions import keep, read, versions
from rag.encoder import StaticEncoder
from rag.errors import CorpusError, IndexMissing
from rag.index import generations
from rag.index.build import build, stamp
from rag.index.lexical import documents
from rag.index.reader import Index, open_index
from rag.search import HybridSearch
from rag.types import Filters, Query


def test_a_build_holds_every_article_with_its_facts(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    report = build(corpus, tmp_path / "index", encoder)
    assert (report.added, report.changed, report.removed, report.unchanged, report.refused) == (3, 0, 0, 0, ())
    store = open_index(tmp_path / "index", stamp(encoder)).store
    bridge = store.article("bruecke.md")
    assert (bridge.title, str(bridge.published), bridge.source) == (
        "Rheinbrücke bleibt bis Juni gesperrt",
        "2023-04-12",
        "Rheinbote",
    )
    assert store.article("wolf.md").published is None
    assert [a.article_id for a in store.newest(5)] == ["bruecke.md", "brand.md", "wolf.md"]
    for article, passage in store.passages(store.passage_rows()).values():
        assert article.text[passage.start : passage.end] == passage.text


def test_nothing_new_leaves_the_generation_alone(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    build(corpus, tmp_path / "index", encoder)
    before = generations.current(tmp_path / "index")
    report = build(corpus, tmp_path / "index", encoder)
    assert (report.unchanged, report.added, report.changed) == (3, 0, 0)
    assert generations.current(tmp_path / "index") == before


def test_only_what_changed_is_encoded(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(corpus, tmp_path / "index", encoder)
    encoded: list[str] = []
    original = StaticEncoder.encode_passages
    monkeypatch.setattr(
        StaticEncoder, "encode_passages", lambda self, texts: encoded.extend(texts) or original(self, texts)
    )
    write_article(corpus, "neu.md", "Neue Fähre", "Eine neue Fähre verkehrt zwischen Neuwied und Weißenthurm.")
    (corpus / "wolf.md").unlink()
    report = build(corpus, tmp_path / "index", encoder)
    assert (report.added, report.removed, report.unchanged) == (1, 1, 2)
    assert len(encoded) == 1


EDITS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from(["Der Hafen wächst.", "Die Bahn streikt heute.", None])),
    max_size=6,
)


@given(EDITS, EDITS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_incremental_build_holds_what_a_full_one_does(
    encoder: StaticEncoder,
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[str, str | None]],
    then: list[tuple[str, str | None]],
) -> None:
    folder = tmp_path_factory.mktemp("edits")
    corpus = make_corpus(folder / "corpus")
    for edits in (first, then):
        for name, text in edits:
            if text is None:
                (corpus / f"{name}.md").unlink(missing_ok=True)
            else:
                write_article(corpus, f"{name}.md", f"Titel {name}", text)
        build(corpus, folder / "index", encoder)
    build(corpus, folder / "full", encoder)
    incremental, full = open_index(folder / "index", stamp(encoder)), open_index(folder / "full", stamp(encoder))
    assert contents(incremental) == contents(full)
    assert incremental.manifest.corpus_digest == full.manifest.corpus_digest
    shutil.rmtree(folder)


def scores(index: Index, encoder: StaticEncoder, question: str) -> list[tuple[str, float]]:
    return [(r.passage_id, r.score) for r in HybridSearch(index, encoder).rank(Query(question, question))]


@pytest.mark.parametrize(("fillers", "deleted"), [(0, False), (60, True)])
def test_after_rounds_of_edits_scores_are_those_of_a_full_build(
    tmp_path: Path, encoder: StaticEncoder, fillers: int, deleted: bool
) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    for n in range(fillers):
        write_article(corpus, f"f{n}.md", f"Meldung {n}", f"Der Ort {n} baut eine Fähre, Nummer {n * 7}, und Brücken.")
    build(corpus, index, encoder)
    bridge = (corpus / "bruecke.md").read_text("utf-8")
    for number in range(1, 6):  # an article that goes on being updated, as news do
        (corpus / "bruecke.md").write_text(f"{bridge}\nNachtrag {number}.\n", "utf-8")
        build(corpus, index, encoder)
    build(corpus, tmp_path / "full", encoder)
    edited, full = open_index(index), open_index(tmp_path / "full")
    assert (documents(edited.folder / "lexical")[1] > 0) == deleted
    for question in ("Warum ist die Rheinbrücke bei Neuwied gesperrt?", "Wolf im Westerwald", "Kosten der Fähre"):
        one, other = scores(edited, encoder, question), scores(full, encoder, question)
        assert [name for name, _ in one][:20] == [name for name, _ in other][:20]
        assert [score for _, score in one] == pytest.approx([score for _, score in other], rel=0.05)
    for term in ("rheinbruck", "neuwied", "der", "fahr", "gibtesnicht"):
        assert edited.lexical.idf("stems", term) == full.lexical.idf("stems", term) >= 0


def test_deleted_documents_are_swept_out_before_they_are_a_tenth(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    for n in range(40):
        write_article(corpus, f"f{n}.md", f"Meldung {n}", f"Der Ort {n} baut eine Fähre.")
    build(corpus, index, encoder)
    shares = []
    for n in range(12):
        (corpus / f"f{n}.md").unlink()
        build(corpus, index, encoder)
        held, deleted = documents(generations.current(index) / "lexical")
        shares.append(deleted / held)
    assert 0 < max(shares) <= 0.1
    assert 0 in shares[1:]
    assert len(contents(open_index(index))) == 31


@pytest.mark.parametrize("how", ["empty", "half", "binary", "pipe"])
def test_a_file_of_records_that_cannot_be_read_whole_keeps_all_its_articles(
    tmp_path: Path, encoder: StaticEncoder, how: str
) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    news = corpus / "news.jsonl"
    whole = json_lines(news, "a", "b", "c")
    json_lines(corpus / "other.jsonl", "x", "y")
    build(corpus, index, encoder)
    json_lines(corpus / "other.jsonl", "x")
    if how == "pipe":
        news.unlink()
        os.mkfifo(news)
    else:
        news.write_bytes({"empty": b"", "half": whole.encode()[: len(whole) // 2], "binary": b"\0\xff" * 20}[how])
    report = build(corpus, index, encoder)
    assert (report.removed, len(report.refused)) == (1, 1)
    assert report.refused[0].where.startswith("news.jsonl")
    assert ids(index) == {"a", "b", "c", "x"}
    news.unlink()
    json_lines(news, "b")
    assert build(corpus, index, encoder).removed == 2
    news.unlink()
    assert build(corpus, index, encoder).removed == 1
    assert ids(index) == {"x"}


def test_a_second_record_of_an_id_hides_nothing(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    json_lines(corpus / "news.jsonl", "a", "b", "c")
    build(corpus, index, encoder)
    json_lines(corpus / "news.jsonl", "a", "a", "c")
    report = build(corpus, index, encoder)
    assert (report.removed, len(report.refused)) == (1, 1)


def test_a_folder_that_cannot_be_read_keeps_all_its_articles(
    tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    json_lines(corpus / "x.jsonl", "x")
    json_lines(corpus / "sub" / "news.jsonl", "a", "b")
    write_article(corpus / "sub", "c.md", "Titel", "Die Fähre.")
    write_article(corpus, "sub.md", "Titel", "Der Hafen.")
    build(corpus, index, encoder)
    scandir, closed = os.scandir, set[str]()

    def refusing(path: str | int) -> Iterator[os.DirEntry[str]]:
        if not isinstance(path, int) and Path(path).name in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    (corpus / "sub.md").unlink()
    for name, removed, where in (("corpus", 0, "."), ("sub", 1, "sub")):
        closed |= {name}
        report = build(corpus, index, encoder)
        closed.clear()
        assert (report.removed, [found.where for found in report.refused]) == (removed, [where])
    assert ids(index) == {"x", "a", "b", "sub/c.md"}


def test_a_record_that_moves_to_another_file_is_not_read_again_but_stays_with_it(
    tmp_path: Path, encoder: StaticEncoder
) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    old = json_lines(corpus / "old.jsonl", "a", "b")
    build(corpus, index, encoder)
    (corpus / "old.jsonl").rename(corpus / "new.jsonl")
    assert build(corpus, index, encoder).unchanged == 2
    (corpus / "new.jsonl").write_text(old[:-9], "utf-8")
    report = build(corpus, index, encoder)
    assert (report.removed, len(report.refused)) == (0, 1)
    assert ids(index) == {"a", "b"}


def test_a_file_that_cannot_be_read_keeps_its_old_version(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    build(corpus, tmp_path / "index", encoder)
    (corpus / "wolf.md").write_text("---\ntitle: [broken\n---\nText.", "utf-8")
    (corpus / "brand.md").write_bytes(b"\x00\x01\x02" * 50)
    report = build(corpus, tmp_path / "index", encoder)
    assert {found.where for found in report.refused} == {"wolf.md", "brand.md"}
    assert all("\n" not in found.reason for found in report.refused)
    assert report.manifest.articles == 3
    assert "Wildkamera" in open_index(tmp_path / "index").store.article("wolf.md").text


def test_a_corpus_without_articles_is_refused_and_the_old_index_stays(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    build(corpus, tmp_path / "index", encoder)
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (empty, tmp_path / "missing"):
        with pytest.raises(CorpusError) as caught:
            build(path, tmp_path / "index", encoder)
        assert "\n" not in str(caught.value)
    (empty / "leer.txt").write_bytes(b"")
    with pytest.raises(CorpusError):
        build(empty, tmp_path / "other", encoder)
    with pytest.raises(IndexMissing):
        open_index(tmp_path / "other")
    assert open_index(tmp_path / "index").manifest.articles == 3


def test_old_generations_are_removed_by_the_next_build(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    first = generations.current(index)
    for number in range(3):
        write_article(corpus, f"neu{number}.md", "Neu", f"Meldung Nummer {number} aus Neuwied.")
        build(corpus, index, encoder)
        assert len(list((index / "generations").iterdir())) == 2
        assert first.exists() == (number == 0)
    assert len(ranking(open_index(index), encoder, "Meldung")) == 6


def test_passages_of_one_article_share_it(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    write_article(
        corpus, "lang.md", "Lang", "Ein Satz über den Hafen von Neuwied und seine Kräne steht hier.\n\n" * 200
    )
    build(corpus, index, encoder)
    store = open_index(index).store
    found = store.passages(store.passage_rows())
    assert len(found) > 5
    assert len({id(article) for article, _ in found.values()}) == 1


def test_an_article_that_is_held_anywhere_is_held_once(small_index: Path) -> None:
    store = open_index(small_index).store
    held = store.article("wolf.md")
    found = [article for article, _ in store.passages(store.passage_rows()).values() if article == held]
    assert found == [held]
    assert found[0] is store.article("wolf.md") is held


def test_the_checksums_stand_in_the_manifest(small_index: Path) -> None:
    manifest = json.loads((generations.current(small_index) / "manifest.json").read_text("utf-8"))
    assert {
        "format",
        "analyzer",
        "encoder",
        "corpus_digest",
        "articles",
        "passages",
        "built",
        "files",
    } <= manifest.keys()
    assert all(len(digest) == 64 for digest in manifest["files"].values())


def test_filters_restrict_every_part(small_index: Path, encoder: StaticEncoder) -> None:
    from datetime import date

    search = HybridSearch(open_index(small_index), encoder)

    def found(filters: Filters) -> set[str]:
        return {r.article_id for r in search.rank(Query("x", "Brücke Wolf Feuerwehr gesperrt", filters))}

    assert found(Filters()) == {"bruecke.md", "brand.md", "wolf.md"}
    assert found(Filters(since=date(2023, 4, 1))) == {"bruecke.md"}
    assert found(Filters(until=date(2023, 4, 11))) == {"brand.md"}
    assert found(Filters(sources=("rheinBOTE",))) == {"bruecke.md"}
    assert found(Filters(sources=("Kurier",))) == set()
    assert found(Filters(since=date(2024, 1, 1))) == set()


def test_what_a_hand_has_changed_is_kept_as_a_version_once(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    former = open_index(index).store.article("wolf.md")
    for text in ("Der Wolf ist weitergezogen.", "Der Wolf ist zurück."):
        write_article(corpus, "wolf.md", "Wolf", text)
        build(corpus, index, encoder)
        build(corpus, index, encoder, full=True)
    assert [version.text for version in versions(corpus, "wolf.md")] == [former.text, "Der Wolf ist weitergezogen."]
    assert versions(corpus, "brand.md") == []
    assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}


def test_what_add_has_kept_is_not_kept_again_by_a_later_build(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    build(corpus, tmp_path / "index", encoder)
    texts = [read(corpus / "wolf.md")[0].text]
    for text in ("Der Wolf ist weitergezogen.", "Der Wolf ist zurück."):
        keep(corpus / "wolf.md", read(corpus / "wolf.md")[0])
        write_article(corpus, "wolf.md", "Wolf", text)
        texts.append(text)
    build(corpus, tmp_path / "index", encoder)
    assert [version.text for version in versions(corpus, "wolf.md")] == texts[:-1]
