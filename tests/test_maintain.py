"""The maintainer's side of the archive: articles looked at before they are taken in, builds, withdrawals, and the lock
on all of it. The flow in a real browser stands in ``test_browser_maintain.py``."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import string
import threading
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
import server as web
import streamlit as st
from conftest import PROJECT, make_corpus
from streamlit.testing.v1 import AppTest
from test_corpus_add import PROSE, feed, html

from rag.corpus.add import writing
from rag.corpus.fetch import Fetcher, Limits
from rag.corpus.read import MAX_BYTES
from rag.corpus.withdrawn import withdrawn
from rag.encoder import load_encoder
from rag.errors import BuildLocked, CorpusLocked
from rag.index.build import BuildReport, build
from rag.index.generations import build_lock
from rag.settings import Settings
from rag.ui import intake as module
from rag.ui.intake import Builds, Intake, Look, Pasted, Source, Upload, look
from rag.ui.maintain_texts import MAINTAIN, MaintainTexts
from rag.ui.reasons import _GERMAN, said
from rag.ui.texts import LANGUAGES, TEXTS
from rag.ui.work import Progress, Stop, Work

DE = MAINTAIN["de"]
TODAY = date(2024, 5, 6)
ARTICLE = f"---\ntitle: <b>Halle</b>\nsource: Bote\n---\n\n{PROSE[0]}\n\n{PROSE[1]}\n".encode()


def seen(*sources: Source, allow_private: bool = True, stop: Stop = lambda: False) -> Look:
    fetcher = Fetcher(allow_private=allow_private, limits=Limits(pause=0.0, seconds=5.0))
    return look(sources, fetcher, TODAY, lambda *_: None, stop)


def refused(*sources: Source, allow_private: bool = True) -> dict[str, str]:
    """What was refused, in German."""
    found = seen(*sources, allow_private=allow_private)
    assert found.found == ()
    return {said(one.where, "de"): said(one.reason, "de") for one in found.refused}


# Looking -------------------------------------------------------------------------------------------------------------


def test_files_and_words_are_read_and_cleaned_and_nothing_is_written(tmp_path: Path) -> None:
    found = seen(
        Upload("halle.md", ARTICLE),
        Upload("seite.html", html("Zweite Meldung", PROSE).encode()),
        Pasted(f"# Aus der Zwischenablage\n\n{PROSE[0]}"),
        Upload(
            "liste.jsonl", b'{"_id": "a", "title": "Zinsen", "text": "Die Zinsen steigen."}\n{"_id": "b"}\nkaputt\n'
        ),
    )
    titles = ["<b>Halle</b>", "Zweite Meldung", "Aus der Zwischenablage", "Zinsen"]
    assert [one.article.title for one in found.found] == titles
    assert found.found[0].article.text == f"{PROSE[0]}\n\n{PROSE[1]}"
    assert [(said(one.where, "de"), said(one.reason, "de")) for one in found.refused] == [
        ("b", "Es steht kein Text darin."),
        ("liste.jsonl, Zeile 3", "Die Zeile ist kein JSON."),
    ]


def test_a_feed_is_followed_whether_fetched_or_uploaded() -> None:
    with web.serving() as server:
        server.pages = {
            "/robots.txt": web.status(404),
            "/feed": web.page(feed(f"{server.address}/a", f"{server.address}/fehlt"), "application/rss+xml"),
            "/a": web.page(html("Erste Meldung", PROSE)),
        }
        for source in (f"{server.address}/feed", Upload("feed.xml", feed(f"{server.address}/a").encode())):
            found = seen(source)
            assert [one.article.title for one in found.found] == ["Erste Meldung"]
        assert refused(f"{server.address}/fehlt") == {
            f"{server.address}/fehlt": "Diese Seite gibt es nicht. Stimmt die Adresse?"
        }
        lines = refused(
            f"{server.address}/a", Upload("f.atom", feed(f"{server.address}/a").encode()), allow_private=False
        )
        assert "ist eine private Adresse" in lines[f"{server.address}/a"]


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("leer.txt", b" \n", "Sie ist leer."),
        ("groß.txt", b"x" * (MAX_BYTES + 1), "Sie ist größer als 20 MB. Bitte teilen."),
        ("groß.xml", b"x" * (MAX_BYTES + 1), "Sie ist größer als 20 MB. Bitte teilen."),
        ("bild.md", b"\x89PNG\0\0\0" * 50, "Das ist kein Text, sondern Binärdaten."),
        ("brief.docx", b"PK\x03\x04kaputt", "Das ist keine Word-Datei, oder eine geschützte oder beschädigte."),
        ("kaputt.pdf", b"%PDF-1.4 kaputt", "Das PDF lässt sich nicht lesen"),
        ("bild.png", b"\x89PNG", "Diese Art von Datei kann nicht gelesen werden; der Name muss auf .md, "),
        ("ohne", b"Text", "Diese Art von Datei kann nicht gelesen werden"),
        ("kopf.md", b"---\ntitle: x\n", "Der Kopf endet nicht. Bitte mit einer Zeile --- schließen."),
        ("kein.xml", b"<rss></rss>", "Der Feed verweist auf keinen Artikel. Stimmt die Adresse?"),
    ],
)
def test_a_file_that_is_none_is_one_german_line(name: str, data: bytes, line: str) -> None:
    ((where, reason),) = refused(Upload(name, data)).items()
    assert where == name
    assert reason.startswith(line)
    assert "\n" not in reason


def test_pasted_words_know_the_same_limits() -> None:
    assert refused(Pasted("x" * (MAX_BYTES + 5))) == {"-": "Sie ist größer als 20 MB. Bitte teilen."}
    assert refused(Pasted("  \n")) == {"-": "Der Text ist leer."}


def test_no_file_of_the_machine_can_be_named(tmp_path: Path) -> None:
    secret = tmp_path / "geheim.md"
    secret.write_bytes(ARTICLE)
    for address in (str(secret), secret.as_uri(), "-", "", "ftp://example.org/a"):
        assert list(refused(address).values()) == ["Das ist keine Adresse im Netz. Bitte mit https:// beginnen."]


@pytest.mark.parametrize(
    "name",
    [
        "../../x.md",
        "C:\\x\\..\\y.md",
        "/etc/passwd.md",
        "a\0b\nc\u202e.md",
        "..md",
        "😀" * 300 + ".md",
        "x" * 9_000 + ".MD",
    ],
)
def test_the_name_of_an_upload_leads_nowhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = seen(Upload(name, ARTICLE))
    assert [one.article.title for one in found.found] == ["<b>Halle</b>"]
    assert len(found.found[0].where) <= 70
    assert found.found[0].where.isprintable()
    assert list(tmp_path.iterdir()) == []


def test_of_very_many_articles_the_first_are_shown_and_that_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    lines = b"".join(b'{"text": "Satz Nummer %d."}\n' % number for number in range(4))
    assert [len(seen(Upload("a.jsonl", lines)).found), seen(Upload("a.jsonl", lines)).is_whole] == [3, False]
    assert seen(Upload("a.jsonl", lines[: lines.rindex(b"{")])).is_whole
    assert seen(Upload("a.jsonl", lines), stop=lambda: True).found == ()
    broken = seen(Upload("a.jsonl", b"kaputt\n" * 9))
    assert [len(broken.refused), broken.is_whole] == [3, False]


# Taking in and building ----------------------------------------------------------------------------------------------


def looked(own: Intake) -> Look:
    assert own.looking
    return own.looking.result()


def test_what_is_chosen_is_taken_in_and_the_rest_is_not(tmp_path: Path) -> None:
    own = Intake()
    own.begin([Upload("a.md", ARTICLE), Pasted(f"# Zweite\n\n{PROSE[2]}"), Pasted(f"# Dritte\n\n{PROSE[1]}")], False)
    found = looked(own)
    own.toggle(0)
    own.toggle(1)
    own.toggle(0)
    own.take(found, tmp_path)
    assert own.taking
    report = own.taking.result()
    assert [(taken.what, taken.title) for taken in report.taken] == [("added", "<b>Halle</b>"), ("added", "Dritte")]
    assert sorted(path.name for path in tmp_path.glob("*.md")) == ["b-halle-b.md", "dritte.md"]
    own.begin([Upload("a.md", ARTICLE)], False)
    assert own.taking is None
    own.discard()
    assert (own.looking, own.left_out) == (None, set())


def test_while_another_run_writes_nothing_is_taken_and_that_is_a_line(tmp_path: Path) -> None:
    own = Intake()
    own.begin([Upload("a.md", ARTICLE)], False)
    with writing(tmp_path):
        own.take(looked(own), tmp_path)
        assert own.taking
        with pytest.raises(CorpusLocked) as error:
            own.taking.result()
    assert said(str(error.value), "de").startswith("Gerade wird schon etwas aufgenommen.")


def test_a_second_build_at_once_is_one_line_and_the_first_goes_on(tmp_path: Path) -> None:
    corpus, index, encoder = make_corpus(tmp_path / "corpus"), tmp_path / "index", load_encoder()
    begun, go_on = threading.Event(), threading.Event()
    stages: list[tuple[str, int, int]] = []

    def slow(progress: Progress) -> BuildReport:
        def told(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            stages.append((first.stage, first.done, first.total) if begun.is_set() else ("", 0, 0))
            begun.set()
            assert go_on.wait(20)

        return build(corpus, index, encoder, progress=told)

    builds = Builds()
    first = builds.begin(slow)
    assert begun.wait(20)
    second = builds.begin(lambda progress: build(corpus, index, encoder, progress=progress))
    with pytest.raises(BuildLocked) as error:
        second.result()
    line = "Der Index wird gerade schon erneuert. Bitte warten und dann noch einmal versuchen."
    assert said(str(error.value), "de") == line
    assert builds.latest is first
    go_on.set()
    assert first.result().manifest.articles == 3
    assert ("index", 3, 3) in stages
    assert builds.begin(lambda progress: build(corpus, index, encoder, progress=progress)) is builds.latest


def test_work_tells_how_far_it_is_and_ends_when_asked() -> None:
    def count(progress: Progress, stop: Stop) -> str:
        progress("zählen", 3, 9)
        while not stop():
            pass
        return "fertig"

    work = Work(count)
    while work.done != 3:
        pass
    assert (work.stage, work.total, work.wait()) == ("zählen", 9, False)
    work.stop()
    assert (work.result(), work.wait()) == ("fertig", True)
    with pytest.raises(ZeroDivisionError):
        Work(lambda progress, stop: 1 // 0).result()


# Words ---------------------------------------------------------------------------------------------------------------


def test_both_languages_have_all_words_with_the_same_places_to_fill() -> None:
    english = MAINTAIN["en"]
    assert set(MAINTAIN) == set(LANGUAGES)
    for field in fields(MaintainTexts):
        one, other = getattr(DE, field.name), getattr(english, field.name)
        if isinstance(one, str):
            assert one
            assert set(re.findall(r"{\w+}", one)) == set(re.findall(r"{\w+}", other)), field.name
        else:
            assert list(one) == list(other), field.name


MODULES = [
    importlib.import_module(f"rag.{path.relative_to(PROJECT / 'rag').with_suffix('').as_posix().replace('/', '.')}")
    for path in sorted((PROJECT / "rag" / "corpus").glob("[!_]*.py"))
]
RAISES = ("CorpusError", "FetchError", "CorpusLocked", "BuildLocked", "Refused")


def reasons() -> Iterator[str]:
    """Every line of the library about a source, with something put in for what it does not know beforehand."""
    for one in [*MODULES, importlib.import_module("rag.index.build"), importlib.import_module("rag.index.generations")]:
        for node in ast.walk(ast.parse(inspect.getsource(one))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISES:
                for value in node.args[-1 if node.func.id != "Refused" else 1 :][:1]:
                    if line := spoken(value, one):
                        yield line
    for status in importlib.import_module("rag.corpus.fetch")._REFUSALS.values():
        yield f"{status}; see whether the address is right."


def spoken(node: ast.expr, where: object) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return getattr(where, node.id, None)
    if not isinstance(node, ast.JoinedStr):
        return None
    known = [v.value if isinstance(v, ast.FormattedValue) else v for v in node.values]
    line = "".join(spoken(part, where) or "X 1" for part in known)
    return None if line.startswith("X 1;") else line  # of an answer of a server: below


def test_each_reason_can_be_said_in_german() -> None:
    lines = set(reasons())
    assert len(lines) > 50
    assert [line for line in sorted(lines) if said(line, "de") == line] == []
    assert all(said(line, "en") == line for line in lines)


def test_german_reasons_put_in_only_what_there_is() -> None:
    for english, german in _GERMAN.items():
        numbers = [int(name) for _, name, _, _ in string.Formatter().parse(german) if name is not None]
        assert set(numbers) <= set(range(english.count("{}"))), english


def test_what_is_put_into_a_reason_is_not_read_as_a_form() -> None:
    assert said("it is no article but {0.__class__}; save it as text.", "de") == (
        "Das ist kein Artikel, sondern {0.__class__}. Bitte als Text speichern."
    )
    assert said("Unheard of.", "de") == "Unheard of."


@pytest.mark.parametrize("piece", ["a: ", ", line 1: the front matter is no YAML ("])
def test_a_name_of_any_length_and_form_is_said(piece: str) -> None:
    assert said(piece * 2_000, "de") == piece * 2_000


# The page ------------------------------------------------------------------------------------------------------------


def _page(corpus: str, index: str) -> None:
    from pathlib import Path

    from rag.settings import Settings
    from rag.ui.maintain import maintain_page
    from rag.ui.texts import TEXTS

    maintain_page(Settings(corpus=Path(corpus), index=Path(index), maintain=True), TEXTS["de"])


@pytest.fixture
def places(tmp_path: Path) -> Settings:
    return Settings(corpus=make_corpus(tmp_path / "corpus"), index=tmp_path / "index", maintain=True)


@pytest.fixture
def page(places: Settings) -> Iterator[AppTest]:
    st.cache_resource.clear()
    yield AppTest.from_function(_page, args=(str(places.corpus), str(places.index)), default_timeout=20).run()
    st.cache_resource.clear()


def drawn(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html"))


def settled(page: AppTest, *names: str) -> str:
    """The page once the work of these names has ended."""
    for name in names:
        getattr(page.session_state["intake"], name).wait(20)
    return drawn(page.run())


def press(page: AppTest, name: str) -> AppTest:
    return next(button for button in page.button if button.label.startswith(name)).click().run()


def test_from_the_file_to_the_index(page: AppTest, places: Settings) -> None:
    page.segmented_control(key="way").set_value("files").run()
    page.file_uploader(key="files").set_value(("<i>x.md", ARTICLE, "text/markdown"))
    press(page, DE.look)
    source = settled(page, "looking")
    assert "Gelesen: 1 Artikel. Aufgenommen ist davon noch nichts." in source
    for shown in ("&lt;b&gt;Halle&lt;/b&gt;", "&lt;i&gt;x.md", "Bote", "nicht angegeben", PROSE[1]):
        assert shown in source
    assert "<b>" not in source
    assert not (places.corpus / "b-halle-b.md").exists()
    press(page, "Aufnehmen: 1 Artikel")
    source = settled(page, "taking")
    assert "<dt>neu</dt><dd>&lt;b&gt;Halle&lt;/b&gt;</dd>" in source
    assert DE.then_build in source
    press(page, DE.build)
    source = settled(page, "building")
    assert "<dt>Artikel im Index</dt><dd>4</dd>" in source
    assert DE.fresh not in source  # which is said where an index had to be made anew


def look_at_two_and_leave_out_one(page: AppTest) -> None:
    page.segmented_control(key="way").set_value("text").run()
    page.text_area(key="pasted").set_value('{"title": "A", "text": "Eins."}\n{"title": "B", "text": "Zwei."}')
    press(page, DE.look)
    settled(page, "looking")
    page.checkbox[0].uncheck().run()


def test_an_article_left_out_is_not_taken_and_all_can_be_discarded(page: AppTest, places: Settings) -> None:
    look_at_two_and_leave_out_one(page)
    assert page.button(key="take").label == "Aufnehmen: 1 Artikel"
    page.checkbox[1].uncheck().run()
    assert page.button(key="take").disabled
    page.checkbox[0].check().run()
    assert not page.button(key="take").disabled
    page.button(key="discard").click().run()
    drawn(page)
    assert not page.checkbox
    assert len(list(places.corpus.glob("*.md"))) == 3


def test_the_page_says_when_there_is_nothing_to_look_at_and_fetches_no_private_address(page: AppTest) -> None:
    assert DE.nothing_given in drawn(press(page, DE.look))
    page.text_input(key="address").set_value("http://127.0.0.1:9/<b>")
    press(page, DE.look)
    source = settled(page, "looking")
    assert "127.0.0.1 ist eine private Adresse" in source
    assert "http://127.0.0.1:9/&lt;b&gt;" in source
    assert DE.none_seen in source


def test_a_build_that_another_one_locks_out_is_one_line(page: AppTest, places: Settings) -> None:
    with build_lock(places.index):
        press(page, DE.build)
        assert "Der Index wird gerade schon erneuert." in settled(page, "building")
    press(page, DE.build)
    assert DE.built in settled(page, "building")


def test_what_could_not_be_taken_in_just_now_can_be_tried_again(page: AppTest, places: Settings) -> None:
    look_at_two_and_leave_out_one(page)
    with writing(places.corpus):
        press(page, "Aufnehmen: 1 Artikel")
        assert "Gerade wird schon etwas aufgenommen." in settled(page, "taking")
    press(page, "Aufnehmen: 1 Artikel")
    assert "<dt>neu</dt><dd>B</dd>" in settled(page, "taking")
    assert not page.checkbox


def test_withdrawn_articles_are_listed_and_come_back(page: AppTest, places: Settings) -> None:
    from rag.index.withdraw import remove

    build(places.corpus, places.index, load_encoder())
    assert DE.none_withdrawn in drawn(page)
    remove(places.corpus, places.index, ["wolf.md"])
    assert "wolf.md" in drawn(page.run())
    page.button(key="restore-0").click().run()
    assert "wolf.md" not in drawn(page)
    assert withdrawn(places.corpus) == frozenset()


# The lock ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "is_on"), [(None, False), ("", False), ("0", False), ("no", False), ("1", True)])
def test_it_is_off_unless_the_environment_says_so(value: str | None, is_on: bool) -> None:
    assert Settings.load(environ={"BELEG_MAINTAIN": value} if value is not None else {}).maintain is is_on


def _archive(corpus: str, index: str, maintain: bool) -> None:
    from pathlib import Path

    from rag.index.reader import open_index
    from rag.settings import Settings
    from rag.ui.archive import archive_page
    from rag.ui.texts import TEXTS

    settings = Settings(corpus=Path(corpus), index=Path(index), maintain=maintain)
    archive_page(open_index(settings.index), settings, TEXTS["de"], lambda: None)


@pytest.mark.parametrize("address", [{}, {"maintain": "1"}, {"article": "wolf.md", "maintain": "1"}])
def test_where_it_is_off_neither_address_nor_state_reaches_it(address: dict[str, str], places: Settings) -> None:
    build(places.corpus, places.index, load_encoder())

    def keys(maintain: bool) -> set[str]:
        page = AppTest.from_function(
            _archive, args=(str(places.corpus), str(places.index), maintain), default_timeout=20
        )
        for name, value in address.items():
            page.query_params[name] = value
        own = Intake()
        own.begin([Upload("a.md", ARTICLE)], False)
        looked(own)
        page.session_state["intake"] = own  # as if it had been on before
        page.run()
        assert not page.exception
        return {str(element.key) for element in page.button} & {"maintain", "build", "withdraw", "take"}

    on = {"withdraw"} if "article" in address else {"build", "take"} if address else {"maintain"}
    assert (keys(maintain=False), keys(maintain=True)) == (set(), on)


def test_an_article_is_withdrawn_and_restored_on_its_page(places: Settings) -> None:
    build(places.corpus, places.index, load_encoder())
    page = AppTest.from_function(_archive, args=(str(places.corpus), str(places.index), True), default_timeout=20)
    page.query_params["article"] = "wolf.md"
    page.run().button(key="withdraw").click().run()
    source = drawn(page)
    assert DE.withdrawn_one in source
    assert "Wildkamera" not in source
    assert withdrawn(places.corpus) == {"wolf.md"}
    page.button(key="restore").click().run()
    assert "Wildkamera" in drawn(page)
    page.query_params["article"] = "fehlt.md"
    assert TEXTS["de"].no_article in drawn(page.run())
    assert {button.key for button in page.button} == {"back"}
