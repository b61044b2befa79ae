"""``remove`` and ``restore``: gone with the next question, in every way an article can be seen, and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import make_corpus, write_article
from test_cli import Capture, run

from rag.assistant import Desk
from rag.corpus import withdrawn as of_corpus
from rag.encoder import StaticEncoder
from rag.errors import CorpusError, IndexDamaged, IndexUnwritable, NotFound
from rag.index import generations
from rag.index.build import build
from rag.index.reader import open_index
from rag.index.withdraw import remove, restore
from rag.settings import Settings

QUESTION = "Warum ist die Rheinbrücke bei Neuwied gesperrt?"


@pytest.fixture
def places(tmp_path: Path, encoder: StaticEncoder) -> tuple[Path, Path]:
    corpus, index = make_corpus(tmp_path / "corpus"), tmp_path / "index"
    build(corpus, index, encoder)
    return corpus, index


def seen(desk: Desk) -> set[str]:
    answer = desk.assistant.ask(QUESTION)
    return {hit.article.article_id for hit in answer.hits} | {citation.article_id for citation in answer.citations}


def test_a_running_chat_does_not_see_a_withdrawn_article_and_sees_it_again(places: tuple[Path, Path]) -> None:
    corpus, index = places
    desk = Desk(Settings(corpus=corpus, index=index))
    before = desk.assistant.ask(QUESTION)
    assert "bruecke.md" in seen(desk)
    assert remove(corpus, index, ["bruecke.md"]).done == ("bruecke.md",)
    assert "bruecke.md" not in seen(desk)
    store = desk.assistant.index.store
    assert "bruecke.md" not in {article.article_id for article in store.newest(3)}
    assert len(store.newest(2)) == 2
    with pytest.raises(NotFound, match="withdrawn"):
        store.article("bruecke.md")
    assert restore(corpus, index, ["bruecke.md"]).waiting == ()
    assert desk.assistant.ask(QUESTION).citations == before.citations


def test_the_next_build_drops_its_words_from_the_files_and_no_rebuild_brings_it_back(
    places: tuple[Path, Path], encoder: StaticEncoder, tmp_path: Path
) -> None:
    corpus, index = places
    remove(corpus, index, ["bruecke.md"])
    report = build(corpus, index, encoder)
    assert (report.removed, report.withdrawn, report.manifest.articles) == (1, 1, 2)
    assert b"Tragseilen" not in (generations.current(index) / "articles.sqlite").read_bytes()
    assert (corpus / "bruecke.md").exists()
    for full in (False, True):
        assert build(corpus, index, encoder, full=full).manifest.articles == 2
    assert build(corpus, tmp_path / "elsewhere", encoder).manifest.articles == 2
    assert restore(corpus, index, ["bruecke.md"]).waiting == ("bruecke.md",)
    assert build(corpus, index, encoder).added == 1


def test_a_removal_during_a_build_is_not_lost(
    places: tuple[Path, Path], encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index = places
    publish = generations.publish

    def overtaken(*arguments: object) -> generations.Manifest:
        remove(corpus, index, ["bruecke.md"])
        return publish(*arguments)  # type: ignore[arg-type]

    write_article(corpus, "neu.md", "Neu", "Eine neue Fähre verkehrt.")
    monkeypatch.setattr(generations, "publish", overtaken)
    build(corpus, index, encoder)
    assert open_index(index).store.withdrawn() == {"bruecke.md"}


def test_an_unknown_article_is_said_and_nothing_is_changed(places: tuple[Path, Path]) -> None:
    corpus, index = places
    for work in (remove, restore):
        with pytest.raises(NotFound, match="fehlt"):
            work(corpus, index, ["bruecke.md", "fehlt.md"])
    assert of_corpus.withdrawn(corpus) == frozenset()
    write_article(corpus, "neu.md", "Neu", "Eine neue Fähre verkehrt.")
    assert remove(corpus, index, ["neu.md", "neu.md"]).done == ("neu.md",)  # not indexed yet
    assert remove(corpus, index, ["neu.md"]).already == ("neu.md",)


def test_records_of_one_file_can_be_withdrawn_too(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = tmp_path / "news.jsonl", tmp_path / "index"
    corpus.write_text('{"_id": "a", "text": "Die Fähre."}\n{"_id": "b", "text": "Der Hafen."}\n', "utf-8")
    remove(corpus, index, ["a"])  # there is no index yet
    assert build(corpus, index, encoder).manifest.articles == 1


@pytest.mark.parametrize("how", ["flip", "truncate", "remove"])
def test_a_damaged_list_stops_answers_and_a_build_mends_it(
    places: tuple[Path, Path], encoder: StaticEncoder, capsys: Capture, how: str
) -> None:
    corpus, index = places
    desk = Desk(Settings(corpus=corpus, index=index))
    remove(corpus, index, ["bruecke.md"])
    path = index / "WITHDRAWN"
    content = path.read_bytes()
    changed = {"flip": content[:-4] + bytes([content[-4] ^ 1]) + content[-3:], "truncate": content[:30]}
    path.unlink()
    if how != "remove":
        path.write_bytes(changed[how])
    for look in (lambda: desk.assistant, lambda: open_index(index)):
        with pytest.raises(IndexDamaged, match="python -m rag build"):
            look()
    assert run(capsys, "check", "--index", index)[0] == 1
    build(corpus, index, encoder)
    assert "bruecke.md" not in seen(desk)
    assert run(capsys, "check", "--index", index)[0] == 0


@pytest.mark.parametrize("name", ["#1.md", " a.md", "a ", '"a".md', '"a"', "\ufeffa.md"])
def test_an_id_of_any_form_stays_withdrawn_through_a_build(name: str, tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus, index = tmp_path / "corpus.jsonl", tmp_path / "index"
    records = [{"_id": name, "text": "Die Zinsen steigen."}, {"_id": "b", "text": "Die Preise fallen."}]
    corpus.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    build(corpus, index, encoder)
    remove(corpus, index, [name])
    assert build(corpus, index, encoder).manifest.articles == 1
    assert of_corpus.withdrawn(corpus) == {name}
    restore(corpus, index, [name])
    assert build(corpus, index, encoder).manifest.articles == 2


def test_a_full_disk_or_a_list_that_is_no_text_is_one_line(places: tuple[Path, Path], encoder: StaticEncoder) -> None:
    from faults import file_limit

    corpus, index = places
    with file_limit(3), pytest.raises(CorpusError, match="cannot be written"):
        remove(corpus, index, ["bruecke.md"])
    with file_limit(30), pytest.raises(IndexUnwritable, match="cannot be written"):
        remove(corpus, index, ["bruecke.md"])
    (corpus / ".withdrawn").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="one article id a line"):
        build(corpus, index, encoder)


def test_the_commands(capsys: Capture, places: tuple[Path, Path]) -> None:
    where = ("--corpus", places[0], "--index", places[1])
    assert run(capsys, "remove", "bruecke.md", *where) == (0, "withdrawn: bruecke.md\n", "")
    assert run(capsys, "remove", "bruecke.md", *where) == (0, "withdrawn already: bruecke.md\n", "")
    assert run(capsys, "show", "bruecke.md", "--index", places[1])[0] == 1
    run(capsys, "build", *where)
    code, out, err = run(capsys, "restore", "bruecke.md", *where)
    assert (code, out, "python -m rag build" in err) == (0, "restored: bruecke.md\n", True)
    assert run(capsys, "remove", "fehlt.md", *where)[0] == 1
