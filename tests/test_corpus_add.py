"""``add``: every kind of source becomes a readable article once, versions are kept, stubs and strangers are refused."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import server as web
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from test_cli import Capture, run

from rag.corpus.add import AddReport, add
from rag.corpus.feeds import is_feed
from rag.corpus.fetch import Fetcher, Limits
from rag.corpus.markdown import read_markdown
from rag.corpus.read import Record, scan
from rag.corpus.versions import versions
from rag.corpus.write import markdown, settled, stem
from rag.errors import CorpusError, CorpusLocked
from rag.types import Article

TODAY = date(2024, 5, 6)
PROSE = [
    "Der Gemeinderat von Lindenau hat am Montag den Bau einer neuen Schwimmhalle beschlossen.",
    "Die Halle kostet 14 Millionen Euro und soll in drei Jahren fertig sein. Das alte Bad bleibt so lange offen.",
    "Gegen den Bau stimmten vier Mitglieder, weil sie die Kosten für zu hoch halten.",
]


@pytest.fixture(scope="module")
def running() -> Iterator[web.Server]:
    with web.serving() as server:
        yield server


@pytest.fixture
def server(running: web.Server) -> web.Server:
    running.pages, running.asked = {"/robots.txt": web.status(404)}, []
    return running


def bring(corpus: Path, *sources: object, today: date = TODAY, stdin: bytes = b"") -> AddReport:
    fetcher = Fetcher(allow_private=True, limits=Limits(pause=0.0, seconds=5.0))
    return add([str(source) for source in sources], corpus, fetcher, today, stdin)


def html(title: str, paragraphs: list[str], published: str = "2024-05-01", head: str = "", foot: str = "") -> str:
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return (
        f'<html lang="de"><head><title>{title}</title><meta property="og:title" content="{title}">'
        f'<meta property="og:site_name" content="Lindenauer Bote"><meta property="article:published_time" '
        f'content="{published}T10:00:00+02:00">{head}</head><body><article><h1>{title}</h1>{body}</article>{foot}</body></html>'
    )


def articles(corpus: Path) -> dict[str, Article]:
    found = [record for record in scan(corpus) if isinstance(record, Record)]
    return {record.article_id: record.load() for record in found}


def feed(*links: str) -> str:
    items = "".join(
        f"<item><title>Teaser</title><link>{escape(link)}</link><description>Nur der Anfang …</description>"
        f"<pubDate>Wed, 01 May 2024 10:00:00 +0200</pubDate></item>"
        for link in links
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Alle</title>{items}</channel></rss>'
    )


# Sources -----------------------------------------------------------------------------------------------------------


def test_a_page_becomes_a_readable_article_with_its_dates_apart(server: web.Server, tmp_path: Path) -> None:
    licence = "https://creativecommons.org/licenses/by/4.0/"
    head = f'<meta property="article:modified_time" content="2024-05-03"><link rel="license" href="{licence}">'
    server.pages["/halle"] = web.page(html("Lindenau baut eine Schwimmhalle", PROSE, head=head))
    report = bring(tmp_path, f"{server.address}/halle")
    assert [(taken.what, taken.article_id) for taken in report.taken] == [
        ("added", "2024-05-01-lindenau-baut-eine-schwimmhalle.md")
    ]
    (article,) = articles(tmp_path).values()
    assert (article.published, article.updated, article.fetched) == (date(2024, 5, 1), date(2024, 5, 3), TODAY)
    assert (article.title, article.source) == ("Lindenau baut eine Schwimmhalle", "Lindenauer Bote")
    assert (article.url, article.licence) == (f"{server.address}/halle", licence)
    assert article.text.split("\n\n") == PROSE
    raw = (tmp_path / report.taken[0].article_id).read_text("utf-8")
    assert raw.startswith("---\ntitle: Lindenau baut eine Schwimmhalle\npublished: 2024-05-01\n")
    assert report.size == len(raw.encode())


def test_a_feed_brings_the_linked_articles_not_the_teasers(server: web.Server, tmp_path: Path) -> None:
    server.pages |= {
        "/feed": web.page(
            feed(f"{server.address}/a", "/b", f"{server.address}/fehlt", "mailto:x@example.org", "http://[kaputt"),
            "application/rss+xml",
        ),
        "/a": web.page(html("Erste Meldung", PROSE)),
        "/b": web.page(html("Zweite Meldung", PROSE[::-1], published="")),
    }
    report = bring(tmp_path, f"{server.address}/feed")
    assert [found.where for found in report.refused] == [f"{server.address}/fehlt"]
    found = {article.title: article for article in articles(tmp_path).values()}
    assert set(found) == {"Erste Meldung", "Zweite Meldung"}
    assert found["Zweite Meldung"].published == date(2024, 5, 1)  # the feed says it, where the page does not
    assert "Nur der Anfang" not in found["Zweite Meldung"].text
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>A</title><id>1</id>'
        f'<link href="{server.address}/a"/><updated>2024-05-01T08:00:00Z</updated></entry></feed>'
    )
    (tmp_path / "feed.atom").write_text(atom, "utf-8")
    assert [taken.what for taken in bring(tmp_path, tmp_path / "feed.atom").taken] == ["unchanged"]


def test_what_the_server_says_of_encoding_and_kind_counts_and_else_the_bytes(
    server: web.Server, tmp_path: Path
) -> None:
    markup = html("Größere Brücke", PROSE)
    server.pages |= {
        "/a": web.page(markup.encode("cp1252"), "text/html; charset=windows-1252"),
        "/b": web.page(docx(*PROSE, title="Aus Word"), "application/octet-stream"),
        "/c": web.page(f"Aus Text\n\n{PROSE[0]}", ""),
    }
    report = bring(tmp_path, *(f"{server.address}/{name}" for name in "abc"))
    assert [taken.title for taken in report.taken] == ["Größere Brücke", "Aus Word", "Aus Text"]


def test_a_page_that_never_comes_to_its_first_element_is_no_feed() -> None:
    assert not is_feed(b"<?xml ?><!---->" * 1_000 + b"nichts")  # looked at in one pass, or this would take for ever
    assert is_feed(b'<?xml version="1.0"?>\n<!-- a > b --><!DOCTYPE rss [<!ENTITY x "]]"> ]>\n<rss>')


@pytest.mark.parametrize("attack", ["external", "laughs"])
def test_entities_of_a_feed_open_no_file_and_fill_no_memory(server: web.Server, tmp_path: Path, attack: str) -> None:
    secret = tmp_path / "geheim"
    secret.write_text("/geheim-gelesen", "utf-8")
    nested = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 7))
    declared = f'<!ENTITY l SYSTEM "file://{secret}">' if attack == "external" else f'<!ENTITY l0 "x">{nested}'
    name = "l" if attack == "external" else "l6"
    hostile = feed(f"{server.address}/a").replace("?>", f"?><!DOCTYPE rss [{declared}]>", 1)
    server.pages["/feed"] = web.page(hostile.replace("</link>", f"&{name};</link>"), "application/xml")
    bring(tmp_path / "corpus", f"{server.address}/feed")
    assert not any("gelesen" in path for path, _ in server.asked)
    assert sum(len(path) for path, _ in server.asked) < 5_000


def docx(*paragraphs: str, title: str = "", author: str = "") -> bytes:
    from docx import Document

    document = Document()
    if title:
        document.add_heading(title, 0)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Kosten", "14 Millionen Euro"
    document.core_properties.author = author
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def test_every_kind_of_file_and_standard_input_are_taken(tmp_path: Path) -> None:
    folder, corpus = tmp_path / "in", tmp_path / "corpus"
    folder.mkdir()
    text = "\n\n".join(PROSE)
    (folder / "a.docx").write_bytes(docx(*PROSE, title="Aus Word", author="Eva Beispiel"))
    (folder / "b.txt").write_text(f"Aus Text\nVon Eva Beispiel\n1. Mai 2024\n\n{text}", "utf-8")
    (folder / "c.md").write_text(f"---\ntitle: Aus Markdown\nlicence: CC0-1.0\n---\n\n{text}", "utf-8")
    (folder / "d.html").write_text(html("Aus dem Netz", PROSE), "utf-8")
    (folder / "e.jsonl").write_text(json.dumps({"_id": "x", "title": "Aus JSON", "text": text}), "utf-8")
    report = bring(corpus, folder)
    assert (report.number("added"), report.refused) == (5, ())
    found = {article.title: article for article in articles(corpus).values()}
    assert set(found) == {"Aus Word", "Aus Text", "Aus Markdown", "Aus dem Netz", "Aus JSON"}
    assert found["Aus Word"].text == f"{text}\n\nKosten | 14 Millionen Euro"
    assert (found["Aus Word"].author, found["Aus Markdown"].licence) == ("Eva Beispiel", "CC0-1.0")
    assert bring(corpus, folder).number("unchanged") == 5
    for name in ("a.docx", "b.txt", "c.md", "d.html", "e.jsonl"):
        piped = bring(corpus, "-", stdin=(folder / name).read_bytes())
        assert [taken.what for taken in piped.taken] == ["unchanged"], name


def test_more_than_can_be_piped_is_refused_not_cut_off(tmp_path: Path) -> None:
    line = json.dumps({"_id": "x", "title": "Aus JSON", "text": " ".join(PROSE)}).encode() + b"\n"
    report = bring(tmp_path, "-", stdin=line * (20_000_000 // len(line) + 2))
    assert [refused.reason for refused in report.refused] == ["it is larger than 20 MB; split it."]
    assert (report.taken, report.failed) == ((), ("-",))


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 broken", docx("x")[:-400], docx("x").replace(b"document.xml", b"document.xyz")]
)
def test_a_broken_word_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.docx").write_bytes(data)
    (record,) = [found for found in scan(tmp_path) if isinstance(found, Record)]
    with pytest.raises(CorpusError, match=r"save its article as \.txt"):
        record.load()


def test_a_word_file_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zipfile import ZIP_DEFLATED, ZipFile

    monkeypatch.setattr("rag.corpus.docx.MAX_UNPACKED", 2_000_000)

    with ZipFile(tmp_path / "a.docx", "w", ZIP_DEFLATED) as bomb:
        bomb.writestr("word/document.xml", b" " * 2_000_001)
    (record,) = [found for found in scan(tmp_path) if isinstance(found, Record)]
    with pytest.raises(CorpusError, match="unpacks to more"):
        record.load()


# Refusals ----------------------------------------------------------------------------------------------------------

PAID = "<div class='box'><p>Weiterlesen mit Bote+</p><p>Sie haben bereits ein Abo? Hier anmelden.</p></div>"
LOCKED = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
CONSENT = (
    "<h1>Willkommen</h1><p>Wir und unsere 214 Partner verarbeiten personenbezogene Daten auf Ihrem Gerät.</p>"
    "<p>Sie können Ihre Einwilligung jederzeit widerrufen. Mit dem Pur-Abo lesen Sie ohne Werbung.</p>"
    "<button>Zustimmen und weiter</button>"
)


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (html("Stummel", PROSE[:1], foot=PAID), "only the beginning"),
        (html("Stummel", PROSE[:1], head=LOCKED), "only the beginning"),
        (f"<html><body>{CONSENT}</body></html>", "consent"),
        ("<html><body></body></html>", "no article text"),
        ("", "empty"),
    ],
)
def test_what_is_no_whole_article_is_refused_with_its_reason(
    server: web.Server, tmp_path: Path, markup: str, words: str
) -> None:
    server.pages["/x"] = web.page(markup)
    report = bring(tmp_path, f"{server.address}/x")
    assert (report.taken, report.failed) == ((), (f"{server.address}/x",))
    assert words in report.refused[0].reason
    assert list(tmp_path.glob("*.md")) == []


def test_a_whole_article_on_a_page_that_sells_subscriptions_is_taken(server: web.Server, tmp_path: Path) -> None:
    long = [f"{paragraph} Das ist Absatz Nummer {n}." for n in range(8) for paragraph in PROSE]
    about = [*PROSE, "Ein neues Gesetz regelt, wie Zeitungen um Ihre Einwilligung bitten, und was Cookies speichern."]
    server.pages |= {"/a": web.page(html("Lang", long, head=LOCKED, foot=PAID)), "/b": web.page(html("Kekse", about))}
    assert bring(tmp_path, f"{server.address}/a", f"{server.address}/b").number("added") == 2


@pytest.mark.parametrize("media_type", ["image/png", "application/zip", "video/mp4"])
def test_what_is_no_text_is_refused(server: web.Server, tmp_path: Path, media_type: str) -> None:
    server.pages["/x"] = web.page(b"\x89PNG", media_type)
    assert media_type in bring(tmp_path, f"{server.address}/x").refused[0].reason


def test_one_bad_source_does_not_keep_the_others_out(tmp_path: Path) -> None:
    good = PROJECT / "tests" / "golden" / "waermenetz.html"
    report = bring(tmp_path, tmp_path / "fehlt", "http://127.0.0.1:1/", "ftp://example.org/a", good)
    assert (len(report.refused), len(report.failed), report.number("added")) == (3, 3, 1)
    assert [("no such file" in found.reason) for found in report.refused] == [True, False, True]


def test_an_address_that_is_none_in_one_file_does_not_keep_others_out(tmp_path: Path) -> None:
    (tmp_path / "hand.md").write_text(f"---\ntitle: Von Hand\nurl: http://[kaputt\n---\n\n{PROSE[0]}\n", "utf-8")
    good = PROJECT / "tests" / "golden" / "waermenetz.html"
    assert bring(tmp_path, good).number("added") == 1


# Versions ----------------------------------------------------------------------------------------------------------


def test_a_changed_page_is_a_new_version_and_the_old_one_is_kept(server: web.Server, tmp_path: Path) -> None:
    address = f"{server.address}/halle"
    server.pages["/halle"] = web.page(html("Lindenau baut", PROSE))
    (first,) = bring(tmp_path, address).taken
    assert bring(tmp_path, f"{address}?utm_source=feed&ref=start#top", today=date(2024, 5, 7)).number("unchanged") == 1
    server.pages["/halle"] = web.page(html("Lindenau baut doch nicht", PROSE[:2]))
    (second,) = bring(tmp_path, address, today=date(2024, 5, 9)).taken
    assert (second.what, second.article_id) == ("changed", first.article_id)
    (article,) = articles(tmp_path).values()
    assert (article.title, article.updated, article.fetched) == (
        "Lindenau baut doch nicht",
        date(2024, 5, 9),
        date(2024, 5, 9),
    )
    (old,) = versions(tmp_path, first.article_id)
    assert (old.title, old.text.split("\n\n"), old.updated) == ("Lindenau baut", PROSE, None)
    stated = '<meta property="article:modified_time" content="2024-05-10">'
    server.pages["/halle"] = web.page(html("Lindenau baut später", PROSE, head=stated))
    bring(tmp_path, address, today=date(2024, 5, 11))
    assert articles(tmp_path)[first.article_id].updated == date(2024, 5, 10)
    assert [version.title for version in versions(tmp_path, first.article_id)] == [
        "Lindenau baut",
        "Lindenau baut doch nicht",
    ]


def test_a_clock_that_runs_backwards_dates_no_change(server: web.Server, tmp_path: Path) -> None:
    server.pages["/halle"] = web.page(html("Lindenau baut", PROSE))
    bring(tmp_path, f"{server.address}/halle")
    server.pages["/halle"] = web.page(html("Lindenau baut doch nicht", PROSE[:2]))
    assert bring(tmp_path, f"{server.address}/halle", today=date(1999, 1, 1)).number("changed") == 1
    (article,) = articles(tmp_path).values()
    assert article.updated is None


def test_what_a_person_edited_is_not_written_over(server: web.Server, tmp_path: Path) -> None:
    address = f"{server.address}/halle"
    server.pages["/halle"] = web.page(html("Lindenau baut", PROSE))
    path = tmp_path / bring(tmp_path, address).taken[0].article_id
    edited = path.read_text("utf-8").replace("Montag", "Dienstag")
    path.write_text(edited, "utf-8")
    assert bring(tmp_path, address).number("unchanged") == 1
    server.pages["/halle"] = web.page(html("Lindenau baut doch nicht", PROSE))
    assert "edited by hand" in bring(tmp_path, address).refused[0].reason
    assert path.read_text("utf-8") == edited


@pytest.mark.parametrize("name", ["../b/a.md", "{}/b/a.md", "x/" * 3_000])
def test_an_id_that_is_no_place_in_the_corpus_has_no_versions(name: str, tmp_path: Path) -> None:
    foreign = tmp_path / "b" / ".versions" / "a"
    foreign.mkdir(parents=True)
    (foreign / "1.md").write_text(f"# Fremd\n\n{PROSE[0]}\n", "utf-8")
    (tmp_path / "corpus").mkdir()
    assert len(versions(tmp_path / "b", "a.md")) == 1
    assert versions(tmp_path / "corpus", name.format(tmp_path)) == []


def test_two_reports_under_one_title_are_two_articles(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    for number, paragraphs in enumerate(
        (PROSE, ["In Bergheim ist am Sonntag ein Bus in den Graben gefahren. Verletzt wurde niemand."])
    ):
        (tmp_path / f"{number}.html").write_text(html("Aus der Region", paragraphs, published=""), "utf-8")
        bring(corpus, tmp_path / f"{number}.html")
    assert set(articles(corpus)) == {"aus-der-region.md", "aus-der-region-2.md"}


def test_a_file_that_grew_is_a_new_version(tmp_path: Path) -> None:
    source, corpus = tmp_path / "a.txt", tmp_path / "corpus"
    for paragraphs in (PROSE[:2], PROSE):
        source.write_text("Lindenau baut\n\n" + "\n\n".join(paragraphs), "utf-8")
        report = bring(corpus, source)
    assert [(taken.what, taken.article_id) for taken in report.taken] == [("changed", "lindenau-baut.md")]


# Writing -----------------------------------------------------------------------------------------------------------

MARKS = st.text(st.sampled_from("ab \\`*_[]()!<>&#-+=~:;.1|x\"'/\nß©„"), max_size=80)


@given(MARKS, MARKS)
def test_an_article_written_as_markdown_reads_back_the_same(text: str, title: str) -> None:
    article = Article("a.md", " ".join(title.split()), settled(text))
    read = read_markdown(markdown(article, taken="0"), "a.md")
    assert read["text"] == article.text
    if article.title not in ("", "~"):
        assert read["title"] == article.title


@given(st.text(max_size=200))
def test_a_file_name_is_plain_and_short_whatever_the_title(title: str) -> None:
    name = stem(Article("x", title, "", published=TODAY))
    assert name.isascii()
    assert 10 < len(name) < 80
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_two_runs_at_once_are_refused_and_a_folder_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    page = PROJECT / "tests" / "golden" / "waermenetz.html"
    with (tmp_path / ".add.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CorpusLocked):
            bring(tmp_path, page)
    (tmp_path / "file").write_text("x")
    for corpus in (tmp_path / "file", tmp_path / "file" / "corpus"):
        with pytest.raises(CorpusError) as caught:
            bring(corpus, page)
        assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_the_old_version_whole(server: web.Server, tmp_path: Path) -> None:
    from faults import file_limit

    server.pages["/halle"] = web.page(html("Lindenau baut", PROSE))
    path = tmp_path / bring(tmp_path, f"{server.address}/halle").taken[0].article_id
    before = path.read_bytes()
    server.pages["/halle"] = web.page(html("Lindenau baut doch nicht", PROSE * 20))
    with file_limit(600):
        report = bring(tmp_path, f"{server.address}/halle")
    assert "cannot be written" in report.refused[0].reason
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".new")] == []


def test_a_build_never_reads_half_an_article(tmp_path: Path) -> None:
    source, corpus = tmp_path / "a.txt", tmp_path / "corpus"
    done = threading.Event()

    def rewrite() -> None:
        for number in range(1, 40):
            source.write_text("Lindenau baut\n\n" + "\n\n".join([*PROSE, *PROSE[:2] * (number % 9)]), "utf-8")
            bring(corpus, source)
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    while not done.is_set():
        if (corpus / "lindenau-baut.md").exists():
            text = (corpus / "lindenau-baut.md").read_text("utf-8")
            assert text.startswith("---\n")
            assert text.endswith(".\n")
    writer.join()


# The command -------------------------------------------------------------------------------------------------------


def test_the_command_reports_in_words_and_in_json_and_by_its_exit_code(capsys: Capture, tmp_path: Path) -> None:
    pages, places = tmp_path / "pages", ("--corpus", tmp_path / "corpus", "--index", tmp_path / "index")
    pages.mkdir()
    for name in ("bahn", "hafen", "undatiert", "waermenetz", "uebersicht"):
        shutil.copy(PROJECT / "tests" / "golden" / f"{name}.html", pages)
    code, out, err = run(capsys, "add", pages, "--build", *places)
    assert (code, "4 added" in out, "4 articles, " in out, "uebersicht.html" in err) == (0, True, True, True)
    code, out, _ = run(capsys, "add", pages, "--json", *places)
    report = json.loads(out)
    assert (code, report["unchanged"], report["added"], len(report["refused"])) == (0, 4, 0, 1)
    assert set(report) == {"added", "changed", "unchanged", "articles", "refused", "failed", "seconds", "bytes"}
    code, out, err = run(capsys, "add", pages / "uebersicht.html", "--quiet", *places)
    assert (code, out) == (1, "")
    assert run(capsys, "add", pages / "bahn.html", "--quiet", *places) == (0, "", "")


def test_fetching_from_this_machine_takes_a_setting(
    capsys: Capture, server: web.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/a"] = web.page(html("Erste Meldung", PROSE))
    arguments = ("add", f"{server.address}/a", "--corpus", tmp_path)
    code, _, err = run(capsys, *arguments)
    assert (code, "BELEG_ALLOW_PRIVATE" in err) == (1, True)
    monkeypatch.setitem(os.environ, "BELEG_ALLOW_PRIVATE", "1")
    assert run(capsys, *arguments)[0] == 0
