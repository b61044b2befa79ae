"""The index on disk: builds, generations, damage and its mending."""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import faiss
import numpy as np
import pytest
from conftest import PROJECT, make_corpus, write_article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.encoder import StaticEncoder
from rag.errors import BelegError, BuildLocked, CorpusError, IndexDamaged, IndexMismatch, IndexMissing, IndexUnwritable
from rag.index import generations, reader
from rag.index.build import build, stamp
from rag.index.dense import DenseIndex, kind_for
from rag.index.lexical import documents
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


def json_lines(path: Path, *names: str) -> str:
    text = "".join(json.dumps({"_id": name, "text": f"Die Meldung {name} aus Neuwied."}) + "\n" for name in names)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return text


def ids(index: Path) -> set[str]:
    return {article.article_id for article in open_index(index).store.newest(99)}


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
    first = generations.current(index)
    for number in range(3):
        write_article(corpus, f"neu{number}.md", "Neu", f"Meldung Nummer {number} aus Neuwied.")
        build(corpus, index, encoder)
        assert len(list((index / "generations").iterdir())) == 2
        assert first.exists() == (number == 0)
    assert len(ranking(open_index(index), encoder, "Meldung")) == 6


def test_an_open_index_answers_on_after_its_folder_is_gone(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    build(corpus, tmp_path / "index", encoder)
    opened = open_index(tmp_path / "index", stamp(encoder))
    shutil.rmtree(opened.folder)
    found: list[int] = []

    def work() -> None:
        question = "Warum ist die Rheinbrücke gesperrt?"
        found.append(len(HybridSearch(opened, encoder)(Query(question, question))))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 8


def test_a_reader_overtaken_by_builds_opens_the_newest(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    store, overtaking = reader.Store, iter([1, 2])

    def slow(*place: object) -> object:
        for number in overtaking:
            write_article(corpus, f"neu{number}.md", "Neu", f"Meldung Nummer {number}.")
            with monkeypatch.context() as context:
                context.setattr(reader, "Store", store)
                build(corpus, index, encoder)
        return store(*place)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "Store", slow)
    assert open_index(index).manifest.articles == 5


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
    names = sorted(generations.serving(sound, generations.read_manifest).files)
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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("dense_kind", 5), ("dense_kind", "IVF"), ("files", []), ("files", {"a": 1}), ("built", None)),
        *(("articles", "3"), ("articles", 4), ("passages", True), ("encoder", "x"), ("encoder", {"name": "x"})),
        ("analyzer", "1"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_damage_even_where_its_checksum_is_right(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, field: str, value: object
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    path = generations.current(index) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {field: value}), "utf-8")
    with pytest.raises(IndexDamaged):
        generations.damage(index)
    (index / "CURRENT").write_text(f"{path.parent.name} {generations.file_digest(path)}\n", "utf-8")
    with pytest.raises(IndexDamaged, match="python -m rag build") as caught:
        open_index(index)
    assert "\n" not in str(caught.value)
    assert build(corpus, index, encoder).fresh
    assert open_index(index).manifest.articles == 3


def test_an_index_of_the_first_format_is_made_anew(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    folder = generations.current(index)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 1}), "utf-8")
    (index / "CURRENT").write_text(f"{folder.name}\n", "utf-8")
    with pytest.raises(IndexMismatch, match=r"has format 1, .*python -m rag build"):
        open_index(index)
    assert "format 1" in str(build(corpus, index, encoder).fresh)
    assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}


def test_a_file_without_leave_to_read_is_damage(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    digest = generations.file_digest

    def refusing(path: Path) -> str:
        if path.name == "vectors.faiss":
            raise PermissionError(13, "Permission denied", str(path))
        return digest(path)

    monkeypatch.setattr(generations, "file_digest", refusing)
    assert generations.damage(index) == [
        f"{generations.current(index) / 'vectors.faiss'} cannot be read (Permission denied)"
    ]


@pytest.mark.parametrize("pointer", ["", "..", ". x", "gone", "a/b", "a b c", "\udc80"])
def test_a_damaged_pointer_costs_no_sound_generation(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, pointer: str
) -> None:
    index = tmp_path / "index"
    build(corpus, index, encoder)
    served = generations.current(index)
    unfinished = served.parent / "20200101T000000.0"
    unfinished.mkdir()
    (index / "CURRENT").write_text(pointer, "utf-8", "surrogateescape")
    with pytest.raises(CorpusError):
        build(tmp_path / "missing", index, encoder)
    build(corpus, index, encoder)
    assert served.exists()
    assert not unfinished.exists()
    build(corpus, index, encoder, full=True)
    assert not served.exists()


def test_all_that_is_published_is_brought_to_disk(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, synced = tmp_path / "index", list[Path]()
    monkeypatch.setattr(generations, "_to_disk", synced.append)
    build(corpus, index, encoder)
    folder = generations.current(index)
    expected = {p for p in folder.rglob("*") if p.suffix != ".lock"} | {folder, folder.parent, index}
    assert expected | {index / "CURRENT.new"} == set(synced)
    assert synced.index(folder / "lexical") < synced.index(folder) < synced.index(folder.parent) < synced.index(index)


@pytest.mark.parametrize("part", ["articles.sqlite", "vectors.faiss", "lexical"])
def test_a_file_broken_anywhere_is_one_clear_line_or_nothing(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, part: str
) -> None:
    index, chance = tmp_path / "index", random.Random(part)
    build(corpus, index, encoder)
    (corpus / "wolf.md").unlink()
    build(corpus, index, encoder)
    path = generations.current(index) / part
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    said = []
    for _ in range(150):
        broken = chance.choice([file for file in files if file.suffix != ".lock"])
        content = broken.read_bytes()
        start = chance.randrange(len(content) or 1)
        junk = chance.randbytes(chance.choice([1, 40]))
        broken.unlink()  # what is mapped into memory must not be cut short
        broken.write_bytes(chance.choice([content[:start], content[:start] + junk + content[start + len(junk) :]]))
        try:
            opened = open_index(index)
            HybridSearch(opened, encoder)(Query("x", "Warum ist die Rheinbrücke gesperrt?"))
            opened.lexical.idf("stems", "rheinbruck")
            opened.store.newest(9)
        except BelegError as error:
            said.append(str(error))
        broken.unlink()
        broken.write_bytes(content)
    assert len(said) > 20
    assert not any("\n" in line for line in said)


def test_an_error_that_cannot_be_decoded_is_damage(corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    """SQLite puts bytes of a broken schema into its message, which Python then cannot decode."""
    build(corpus, tmp_path / "index", encoder)
    opened = open_index(tmp_path / "index")

    class Broken:
        def execute(self, *_: object) -> None:
            raise UnicodeDecodeError("utf-8", b"\xf4", 0, 1, "invalid continuation byte")

    opened.store._connection = Broken()  # type: ignore[assignment]
    with pytest.raises(IndexDamaged, match="python -m rag build"):
        opened.store.count()


def test_a_row_that_only_one_part_knows_is_damage(small_index: Path) -> None:
    opened = open_index(small_index)
    for look in (opened.store.ids, opened.store.passages, opened.dense.vectors):
        with pytest.raises(IndexDamaged, match="python -m rag build"):
            look([1, 999])


def test_an_error_of_another_kind_is_not_called_damage(small_index: Path) -> None:
    opened = open_index(small_index)
    with pytest.raises(TypeError):
        opened.lexical.search("stems", "Brücke", "drei")  # type: ignore[arg-type]


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


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond this size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python keeps compiled modules even when they were cut short, and could not import them again.
    with pytest.MonkeyPatch.context() as context:
        context.setenv("PYTHONDONTWRITEBYTECODE", "1")
        context.setattr(sys, "dont_write_bytecode", True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_one_clear_line_and_the_old_index_serves_on(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index, said = tmp_path / "index", set[str]()
    build(corpus, index, encoder)
    before = generations.current(index)
    for number in range(400):
        write_article(corpus, f"masse{number}.md", f"Meldung {number}", f"Meldung {number} über Fähre {number * 7}.")
    for full in (False, True):
        for size in (0, 10, 3_000, 30_000, 60_000, 120_000, 300_000):
            with file_limit(size), pytest.raises(IndexUnwritable, match="build again") as caught:
                build(corpus, index, encoder, full=full)
            assert "\n" not in str(caught.value)
            said.add(str(caught.value).split(" cannot")[0].rsplit("/")[-1])
            assert list(before.parent.iterdir()) == [before]
            assert generations.damage(index) == []
    assert {"articles.sqlite", "lexical", "vectors.faiss"} <= said
    assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}


def test_an_error_behind_the_swap_of_the_pointer_removes_nothing(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"

    def failing(path: Path) -> None:
        if path == index:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(generations, "_to_disk", failing)
    with pytest.raises(IndexUnwritable):
        build(corpus, index, encoder)
    assert generations.damage(index) == []
    assert open_index(index).manifest.articles == 3


def test_the_command_says_a_full_disk_in_one_line(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag", "build", "--corpus", str(corpus), "--index", str(tmp_path / "index")]
    with file_limit(9_000):
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("beleg: ")
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "index" / "generations").iterdir()) == []


def as_nobody(work: Callable[[], object]) -> None:
    """Runs something without the leave of root to read and write everything."""
    if os.geteuid():
        work()
        return
    os.seteuid(65534)
    try:
        work()
    finally:
        os.seteuid(0)


def test_an_index_that_may_not_be_written_is_read_and_not_built(encoder: StaticEncoder) -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # tmp_path is closed to others
    corpus, index = make_corpus(folder / "corpus"), folder / "index"
    build(corpus, index, encoder)
    before = ranking(open_index(index), encoder, "Wolf im Westerwald")
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o555 if path.is_dir() else 0o444) if index in (path, *path.parents) else 0o755)

    def work() -> None:
        assert ranking(open_index(index, stamp(encoder)), encoder, "Wolf im Westerwald") == before
        with pytest.raises(BelegError, match="cannot be written") as caught:
            build(corpus, index, encoder, full=True)
        assert "\n" not in str(caught.value)

    try:
        as_nobody(work)
        (index / "build.lock").chmod(0o666)  # now the folder of generations is in the way
        as_nobody(work)
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(folder)


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


_DYING = """
import os, signal, sys
from rag import cli
from rag.index import generations

left = int(sys.argv[1])

def dying(work):
    def step(*arguments):
        global left
        left -= 1
        return work(*arguments) if left >= 0 else os.kill(os.getpid(), signal.SIGKILL)
    return step

generations._to_disk, os.replace = dying(generations._to_disk), dying(os.replace)
sys.exit(cli.main(sys.argv[2:]))
"""


def test_a_build_killed_while_it_publishes_leaves_a_whole_index(
    corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    index, served = tmp_path / "index", set[Path]()
    build(corpus, index, encoder)
    verb = ["build", "--full", "--corpus", str(corpus), "--index", str(index)]
    for step in (0, 4, 8, 12, 13, 14, 15, 16, 99):
        done = subprocess.run([sys.executable, "-c", _DYING, str(step), *verb], cwd=PROJECT, capture_output=True)
        assert done.returncode == (0 if step == 99 else -signal.SIGKILL), done.stderr
        assert generations.damage(index) == []
        assert ids(index) == {"bruecke.md", "brand.md", "wolf.md"}
        served.add(generations.current(index))
    assert len(served) == 3  # the first, that of the build killed behind the swap, the last
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
