"""The index on disk: builds, generations, damage and its mending."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, make_corpus, write_article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.encoder import StaticEncoder
from rag.errors import BelegError, BuildLocked, CorpusError, IndexDamaged, IndexMismatch, IndexMissing
from rag.index import generations
from rag.index.build import build, stamp
from rag.index.dense import DenseIndex, kind_for
from rag.index.reader import Index, open_index
from rag.search import HybridSearch
from rag.types import Filters, Query


def contents(index: Index) -> set[tuple[str, str]]:
    """Every passage of an index by id and text, as all three parts know it."""
    rows = index.store.passage_rows()
    assert rows == index.dense.rows()
    found = index.store.passages(rows)
    assert len(index.lexical) == len(rows)
    return {(passage.passage_id, passage.text) for _, passage in found.values()}


def ranking(index: Index, encoder: StaticEncoder, question: str) -> list[str]:
    return [r.passage_id for r in HybridSearch(index, encoder).rank(Query(question, question))]


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


def test_two_builds_at_once_are_refused_but_a_dead_ones_lock_is_not(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    with (index / "build.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BuildLocked):
            build(corpus, index, encoder)
    build(corpus, index, encoder)


def test_old_generations_are_removed_by_the_next_build(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    reader = open_index(index, stamp(encoder))
    for number in range(3):
        write_article(corpus, f"neu{number}.md", "Neu", f"Meldung Nummer {number} aus Neuwied.")
        build(corpus, index, encoder)
        assert len(list((index / "generations").iterdir())) == 2
    with pytest.raises(Exception, match=r".*"):
        open_index(reader.folder)
    assert len(ranking(open_index(index), encoder, "Meldung")) == 6


class _Renamed(StaticEncoder):
    name = "another"  # type: ignore[assignment]
    fingerprint = "0000"  # type: ignore[assignment]


def test_another_encoder_or_analyzer_stops_with_the_command_that_mends_it(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.encoder import BUNDLED

    index, other = tmp_path / "index", _Renamed(BUNDLED)
    build(corpus, index, encoder)
    with pytest.raises(IndexMismatch, match="python -m rag build"):
        open_index(index, stamp(other))
    report = build(corpus, index, other)
    assert report.fresh
    assert open_index(index, stamp(other)).manifest.articles == 3
    monkeypatch.setattr(generations, "ANALYZER_VERSION", 99)
    with pytest.raises(IndexMismatch, match="python -m rag build"):
        open_index(index, stamp(other))


@pytest.mark.parametrize("how", ["flip", "truncate", "remove"])
def test_every_damage_is_found_and_mended(corpus: Path, tmp_path: Path, encoder: StaticEncoder, how: str) -> None:
    sound = tmp_path / "sound"
    build(corpus, sound, encoder)
    names = sorted(generations.read_manifest(generations.current(sound)).files)
    assert {"articles.sqlite", "vectors.faiss"} <= set(names)
    for number, name in enumerate(names):
        index = tmp_path / f"index{number}"
        shutil.copytree(sound, index)
        _damage(generations.current(index) / name, how)
        found = generations.damage(index)
        assert len(found) == 1, name
        assert name in found[0]
        assert build(corpus, index, encoder).fresh
        assert generations.damage(index) == []


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "remove":
        path.unlink()
    elif how == "truncate":
        path.write_bytes(content[:-1])
    else:
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


@pytest.mark.parametrize("content", ["", "nonsense", "{}", '{"format": 1}', '{"format": 999}'])
def test_a_broken_manifest_or_pointer_is_one_clear_line(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, content: str
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    for path in (generations.current(index) / "manifest.json", index / "CURRENT"):
        path.write_text(content, "utf-8")
        with pytest.raises((IndexDamaged, IndexMismatch), match="python -m rag build") as caught:
            open_index(index)
        assert "\n" not in str(caught.value)
    build(corpus, index, encoder)
    assert open_index(index).manifest.articles == 3


def test_a_vector_less_is_noticed(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    build(corpus, tmp_path / "index", encoder)
    path = generations.current(tmp_path / "index") / "vectors.faiss"
    dense = DenseIndex.read(path, "Flat", writable=True)
    dense.remove(dense.rows()[:1])
    dense.write(path)
    with pytest.raises(IndexDamaged, match="python -m rag build"):
        open_index(tmp_path / "index", stamp(encoder))


def test_a_folder_that_cannot_be_written_is_one_clear_line(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BelegError) as caught:
        build(corpus, tmp_path / "file" / "index", encoder)
    assert "\n" not in str(caught.value)


def test_a_killed_build_leaves_the_old_index_answering(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    build(corpus, index, encoder)
    before = ranking(open_index(index, stamp(encoder)), encoder, "Warum ist die Rheinbrücke gesperrt?")
    for number in range(3_000):
        write_article(
            corpus,
            f"masse{number}.md",
            f"Meldung {number}",
            f"Die Meldung {number} handelt von Fähre und Brücke. " * 30,
        )
    command = [sys.executable, "-m", "rag", "build", "--corpus", str(corpus), "--index", str(index)]
    torn = 0
    for delay in (0.0, 0.3, 0.8):
        process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started = time.monotonic()
        while (
            len(list((index / "generations").iterdir())) < 2
            and process.poll() is None
            and time.monotonic() - started < 60
        ):
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        torn += process.wait() == -signal.SIGKILL
        assert generations.damage(index) == []
        assert ranking(open_index(index, stamp(encoder)), encoder, "Warum ist die Rheinbrücke gesperrt?") == before
    assert torn == 3
    for path in corpus.glob("masse*.md"):
        path.unlink()
    write_article(corpus, "neu.md", "Neue Fähre", "Eine neue Fähre verkehrt zwischen Neuwied und Weißenthurm.")
    assert build(corpus, index, encoder).manifest.articles == 4
    assert len(list((index / "generations").iterdir())) == 2


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


# Vectors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Flat", "SQ8", "IVF8,SQ8"])
def test_vectors_of_every_kind_are_found_removed_and_read_back(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(800, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    dense = DenseIndex.create(32, kind)
    dense.add(range(100, 900), vectors)
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


def test_the_kind_grows_with_the_archive() -> None:
    assert [kind_for(n) for n in (1, 50_000, 50_001, 200_000, 200_001)] == ["Flat", "Flat", "SQ8", "SQ8", "IVF4096,SQ8"]
    flat = DenseIndex.create(8)
    assert not flat.is_outgrown_by(50_000)
    assert flat.is_outgrown_by(50_001)
    assert not DenseIndex.create(8, "SQ8").is_outgrown_by(3)
