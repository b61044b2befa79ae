"""Reading a corpus: which files and records are taken, under which id, what each kind gives, what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus import read
from rag.corpus.markdown import plain
from rag.corpus.pdf import paragraphs
from rag.corpus.read import Record, Refused, scan
from rag.errors import CorpusError
from rag.types import Article

PAGES = Path(__file__).parent / "golden"
PROSE = "Der Rat hat beraten. Größe und Kosten der Brücke stehen fest."


def records(path: Path) -> list[Record]:
    return [found for found in scan(path) if isinstance(found, Record)]


def refused(path: Path) -> list[Refused]:
    return [found for found in scan(path) if isinstance(found, Refused)]


def load(path: Path) -> Article:
    (record,) = scan(path)
    assert isinstance(record, Record)
    return record.load()


def file(folder: Path, name: str, content: str | bytes = PROSE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def json_lines(folder: Path, *items: object) -> Path:
    return file(folder, "c.jsonl", "\n".join(json.dumps(item) for item in items))


# Which files -------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_in_order_with_paths_as_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "ä.txt", "sub/c.HTML"):
        file(tmp_path, name)
    for passed_over in ("README.md", "sub/readme.md", ".hidden.txt", ".git/x.txt", "n.odt"):
        file(tmp_path, passed_over)
    json_lines(tmp_path, {"_id": "eins", "text": PROSE}, {"id": 2, "text": PROSE}, {"text": PROSE})
    ids = ["a.md", "b.txt", "eins", "2", "c.jsonl:3", "sub/c.HTML", "ä.txt"]
    assert [record.article_id for record in records(tmp_path)] == ids
    assert refused(tmp_path) == []


def test_one_file_is_a_corpus_too(tmp_path: Path) -> None:
    assert load(file(tmp_path, "a.txt")).article_id == "a.txt"
    assert load(json_lines(tmp_path, {"_id": "x", "text": PROSE})).article_id == "x"


def test_what_is_no_corpus_is_said_at_once(tmp_path: Path) -> None:
    file(tmp_path, "n.odt")
    for path, words in ((tmp_path / "no", "no corpus"), (tmp_path, "no article"), (tmp_path / "n.odt", "no kind")):
        with pytest.raises(CorpusError, match=words):
            scan(path)


def test_the_digest_changes_with_the_bytes_and_with_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, "a.txt")
    (first,), (same,) = records(tmp_path), records(tmp_path)
    path.write_text(PROSE + "!")
    (other,) = records(tmp_path)
    monkeypatch.setattr(read, "READER_VERSION", read.READER_VERSION + 1)
    (newer,) = records(tmp_path)
    assert first.digest == same.digest
    assert len({first.digest, other.digest, newer.digest}) == 3


def test_the_digest_of_a_record_is_that_of_its_values(tmp_path: Path) -> None:
    first = records(file(tmp_path, "a.jsonl", '{"_id": "a", "text": "Größe"}'))[0]
    moved = records(file(tmp_path, "b.jsonl", '\n{"text":"Gr\\u00f6\\u00dfe","_id":"a"}\n'))[0]
    assert first.digest == moved.digest


def test_articles_are_not_parsed_before_they_are_asked_for(tmp_path: Path) -> None:
    (record,) = scan(file(tmp_path, "a.md", "---\ntitle: [\n---\n"))
    assert isinstance(record, Record)
    with pytest.raises(CorpusError):
        record.load()


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_file_that_changes_or_vanishes_meanwhile_is_refused(tmp_path: Path, name: str) -> None:
    path = file(tmp_path, name, json.dumps({"text": PROSE}))
    (record,) = records(tmp_path)
    path.write_text(json.dumps({"text": PROSE.replace("Rat", "Tag")}))
    with pytest.raises(CorpusError, match="changed"):
        record.load()
    path.unlink()
    with pytest.raises(CorpusError, match="cannot be read"):
        record.load()


# What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "empty"),
        ("a.md", b" \n\n", "empty"),
        ("a.jsonl", b"", "empty"),
        ("a.jsonl", b"\n \n", "empty"),
        ("a.txt", b"PK\x03\x04\x00\x00text", "binary"),
        ("a.html", bytes(range(1, 256)) * 20, "binary"),
        ("a.txt", "Wörter".encode("utf-16-le"), "binary"),
        ("a.pdf", b"%PDF-1.4 broken", "cannot be read"),
        ("a.html", b"<html><body><nav>Start</nav></body></html>", "no article text"),
        ("a.md", b"---\ntitle: x\n---\n", "no text"),
        ("a.md", b"---\ntitle: x\nText", "a.md, line 1: the front matter does not end"),
        ("a.md", b"---\ntitle: x\nauthor: [y\n---\nText", "a.md, line 4: the front matter is no YAML"),
        ("a.md", b"---\n- x\n---\nText", "no mapping"),
        ("a.jsonl", b'{"_id": "x", "title": "y"}', "no text"),
    ],
)
def test_a_file_without_an_article_is_refused_with_its_reason(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    file(tmp_path, name, content)
    (found,) = scan(tmp_path)
    if isinstance(found, Record):
        with pytest.raises(CorpusError) as error:
            found.load()
        reason = str(error.value)
    else:
        assert found.where == name
        reason = found.reason
    assert words in reason
    assert "\n" not in reason


def test_of_a_large_file_of_records_only_large_lines_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "MAX_BYTES", 100)
    file(tmp_path, "a.txt", "x" * 101)
    json_lines(tmp_path, *({"_id": n, "text": "y" * (200 if n == 1 else 20)} for n in range(9)))
    assert [found.where for found in refused(tmp_path)] == ["a.txt", "c.jsonl, line 2"]
    assert [record.load().article_id for record in records(tmp_path)] == ["0", "2", "3", "4", "5", "6", "7", "8"]


def test_links_are_taken_only_inside_the_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    file(corpus, "sub/a.txt")
    (corpus / "inside.txt").symlink_to(corpus / "sub" / "a.txt")
    (corpus / "outside.txt").symlink_to(file(tmp_path, "secret.txt"))
    (corpus / "folder").symlink_to(tmp_path)
    (corpus / "round").symlink_to(corpus)
    (corpus / "loop.txt").symlink_to(corpus / "loop.txt")
    (tmp_path / "way").symlink_to(corpus)
    assert [record.article_id for record in records(tmp_path / "way")] == ["inside.txt", "sub/a.txt"]
    assert [found.where for found in refused(tmp_path / "way")] == ["folder", "loop.txt", "outside.txt"]


def test_no_id_or_name_breaks_a_line(tmp_path: Path) -> None:
    for name in ("a\nb.txt", "c\x1b[31m.txt", "sub\u2028/d.txt", "e\u00ad f.txt"):
        file(tmp_path, name)
    json_lines(tmp_path, {"_id": "x\ny", "text": PROSE}, {"_id": "x\x00", "text": PROSE}, {"_id": "x y", "text": PROSE})
    assert [record.article_id for record in records(tmp_path)] == ["x y", "e\u00ad f.txt"]
    assert len(refused(tmp_path)) == 5
    for found in refused(tmp_path):
        assert f"{found.where}{found.reason}".isprintable()
        assert "control character" in found.reason


def test_an_article_and_a_refusal_name_the_file_that_they_come_from(tmp_path: Path) -> None:
    file(tmp_path, "sub/c.jsonl", '{"_id": "a", "text": "x"}\n{\n{"_id": "a", "text": "y"}')
    file(tmp_path, "sub/leer.txt", b"")
    file(tmp_path, "b.txt")
    found = [(item.article_id if isinstance(item, Record) else item.where, item.origin) for item in scan(tmp_path)]
    assert found == [
        ("b.txt", "b.txt"),
        ("a", "sub/c.jsonl"),
        ("sub/c.jsonl, line 2", "sub/c.jsonl"),
        ("sub/c.jsonl, line 3", None),  # hides no article: that of its id is there
        ("sub/leer.txt", "sub/leer.txt"),
    ]


def test_a_pipe_is_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    os.mkfifo(tmp_path / "b.jsonl")
    assert [found.where for found in refused(tmp_path)] == ["a.txt", "b.jsonl"]


def test_a_broken_line_is_refused_by_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = ['{"_id": "a", "text": "x"}', "{", "", "[]", '{"_id": "b", "text": "y"}', '{"_id": ["c"]}', "[" * 100_000]
    file(tmp_path, "c.jsonl", "\n".join(lines).encode() + b'\n{"_id": "\xff"}\r\n{"_id": "d", "text": "z"}')
    found = list(scan(tmp_path))
    assert [item.where[-1] if isinstance(item, Refused) else item.article_id for item in found] == list("a24b678d")


def test_a_second_record_of_the_same_id_is_refused(tmp_path: Path) -> None:
    json_lines(tmp_path, {"_id": "a", "text": "x"}, {"_id": "a", "text": "y"}, {"id": "d.txt", "text": "z"})
    file(tmp_path, "d.txt")
    assert [record.article_id for record in records(tmp_path)] == ["a", "d.txt"]
    assert [found.where for found in refused(tmp_path)] == ["c.jsonl, line 2", "d.txt"]
    assert "c.jsonl, line 1" in refused(tmp_path)[0].reason


# Records of JSON ---------------------------------------------------------------------------------------------------


def test_fields_stand_at_the_top_or_under_metadata(tmp_path: Path) -> None:
    metadata = {"published": "2022-11-30T22:15:00+01:00", "author": ["Eva", "Jan"], "fetched": "3. Mai 2023"}
    metadata |= {"language": "de-AT", "title": "unten", "section": "Politik", "url": "https://example.org/a"}
    record = {"_id": 7, "title": "oben", "text": PROSE, "updated": "1.12.2022", "source": "", "metadata": metadata}
    assert load(json_lines(tmp_path, record)) == Article(
        article_id="7",
        title="oben",
        text=PROSE,
        published=date(2022, 11, 30),
        updated=date(2022, 12, 1),
        fetched=date(2023, 5, 3),
        author="Eva, Jan",
        source=None,
        url="https://example.org/a",
        section="Politik",
        language="de",
    )


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("2022-11-30", date(2022, 11, 30)),
        ("30. November 2022", date(2022, 11, 30)),
        ("Mittwoch, 30. Nov. 2022, 14:30 Uhr", date(2022, 11, 30)),
        ("Wed, 30 Nov 2022 10:00:00 GMT", date(2022, 11, 30)),
        ("30.11.2022", date(2022, 11, 30)),
        ("2022-13-45", None),
        ("31. Juni 2022", None),
        ("30.11.22", None),
        ("November 2022", None),
        ("1.12.2022 bis 3.12.2022", None),
        ("gestern", None),
        (1669766400, None),
        (None, None),
    ],
)
def test_a_date_is_read_or_unknown_never_guessed(tmp_path: Path, stated: object, day: date | None) -> None:
    assert load(json_lines(tmp_path, {"text": PROSE, "published": stated})).published == day


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "//example.org", "http://", "http://["])
def test_only_web_addresses_are_kept(tmp_path: Path, url: str) -> None:
    assert load(json_lines(tmp_path, {"text": PROSE, "url": url})).url is None


def test_half_characters_do_not_reach_the_store(tmp_path: Path) -> None:
    article = load(file(tmp_path, "c.jsonl", '{"text": "a\\ud800b", "title": "\\udc00"}'))
    assert (article.text, article.title) == ("a\ufffdb", "\ufffd")


PLAIN = st.text(st.characters(categories=["L", "N", "P"], include_characters=" \n", max_codepoint=0x24F))


@given(PLAIN)
def test_the_text_of_a_record_comes_back_verbatim(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    paragraphs = [" ".join(line.split()) for line in text.split("\n")]
    text = "\n\n".join(line for line in paragraphs if line) or "x"
    assert load(json_lines(tmp_path_factory.mktemp("c"), {"text": text})).text == text


def test_of_a_text_only_odd_characters_and_blanks_change(tmp_path: Path) -> None:
    text = "  Erste\u00a0Zeile \t \r\n Zweite\u00ad Zeile\n\n\n\nFoto: dpa\n"
    assert load(json_lines(tmp_path, {"text": text})).text == "Erste Zeile\n Zweite Zeile\n\nFoto: dpa"


def test_evidence_of_the_benchmark_stays_verbatim_but_for_double_blanks(shared: Path) -> None:
    folder = shared / "benchmarks" / "gnad-qa"
    texts = {record.article_id: record.load().text for record in records(folder / "corpus.jsonl")}
    questions = map(json.loads, (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    parts = [(q["article_id"], " ".join(part.split())) for q in questions for part in q.get("evidence") or []]
    missing = [part for article_id, part in parts if part not in texts[article_id]]
    assert len(parts) > 200
    assert len(texts) == 1028
    assert missing == []


# Markdown ----------------------------------------------------------------------------------------------------------


def test_front_matter_gives_the_facts(tmp_path: Path) -> None:
    front = "title: 'Brücke: ja'\npublished: 2022-11-30\nupdated: 2022-13-45\nauthor: null\nlicence: CC0\nlanguage: de"
    article = load(file(tmp_path, "a.md", f"---\r\n{front}\r\n---\r\n\r\n# Andere Überschrift\r\n{PROSE}\r\n"))
    assert (article.title, article.published) == ("Brücke: ja", date(2022, 11, 30))
    assert (article.updated, article.author) == (None, None)
    assert article.text == f"Andere Überschrift\n\n{PROSE}"


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    article = load(file(tmp_path, "a.md", f"\n# Die *Brücke*\n\n{PROSE}\n"))
    assert (article.title, article.text) == ("Die Brücke", PROSE)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Eine\nZeile  \nund\\\neine", "Eine Zeile und eine"),
        ("## Kosten ##\nViel.", "Kosten\n\nViel."),
        ("Kosten\n------\nViel.", "Kosten\n\nViel."),
        ("**Fett**, *kursiv*, __fett__, _kursiv_ und `Code`", "Fett, kursiv, fett, kursiv und Code"),
        ("Bürger*innen und Leser*innen, 2 * 3 * 4, snake_case_name", None),
        ('Ein [Wort](https://a.de/b_(c) "Titel") und ![Bild](b.png)mehr', "Ein Wort und mehr"),
        ("> Ein Zitat\n> geht weiter\n>\n> und endet", "Ein Zitat geht weiter\n\nund endet"),
        ("Es gibt:\n- Brot\n  und Salz\n* Wein\n\n1. a\n2. b", "Es gibt:\nBrot und Salz\nWein\n\n1. a\n2. b"),
        ("Das war am\n30. November 2022.", "Das war am 30. November 2022."),
        ("A<!-- weg\n\nweg -->B <b>C</b><br/> <script>x()</script>D", "AB C D"),
        ("Wenn a < b und c > d, dann x<y", None),
        (r"\*kein\* Sternchen &amp; kein&shy; Zeichen", "*kein* Sternchen & kein\u00ad Zeichen"),
        ("Oben\n\n* * *\n\nUnten", "Oben\n\nUnten"),
        ("#Hashtag", None),
    ],
)
def test_markdown_becomes_plain_text(markdown: str, text: str | None) -> None:
    assert plain(markdown) == (markdown if text is None else text)


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# C#", "C#"),
        ("# a # #", "a #"),
        ("**a *b* c** und **d", "a b c und **d"),
        ("__a__ **b** *c* _d_ *e", "a b c d *e"),
        ("![a](b.png)**b![**", "b!["),
        ("a\nb\n\n- c\nd\n- e", "a b\n\nc d\ne"),
        ("--- - * -\na\n- - x", "a\n- x"),
    ],
)
def test_markdown_that_is_no_simple_case(markdown: str, text: str) -> None:
    assert plain(markdown) == text


def test_endless_lines_and_paragraphs_are_read_in_linear_time() -> None:
    code = """
from rag.corpus.markdown import plain
n = 200_000
for part in ("**a ", "*a ", "_a ", "__a ", "![", "[a](b ", "`", "<a ", "<!--", "- ", "a\\n", "- a\\n", "1. ", "> "):
    plain(part * n)
for start in ("# a", "---", "***", "- ", "=", "```", "</script", "[a](b", "&"):
    plain(start + " " * n + "b")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=90, cwd=PAGES.parent.parent)


WORDS = st.lists(st.text(st.characters(categories=["L"]), min_size=1), min_size=1, max_size=6).map(" ".join)


@given(st.lists(WORDS, min_size=1), WORDS, st.integers(1, 30))
def test_the_markdown_of_a_plain_article_gives_it_back(parts: list[str], title: str, width: int) -> None:
    body = "\n\n".join(part[:width] + part[width:].replace(" ", "\n", 1) for part in parts)
    assert read.read_markdown(f"# {title}\n\n{body}\n", "a.md") == {"title": title, "text": "\n\n".join(parts)}


# Text and HTML -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_text_is_read_in_the_encodings_of_old_archives(tmp_path: Path, encoding: str) -> None:
    assert load(file(tmp_path, "a.txt", PROSE.encode(encoding))).text == PROSE


def test_scraped_text_is_cleaned(tmp_path: Path) -> None:
    article = load(file(tmp_path, "a.txt", f"Die Brücke\nVon Eva Beispiel\n1. Mai 2022\n\n{PROSE}\n\nTeilen\n"))
    assert (article.title, article.author, article.published) == ("Die Brücke", "Eva Beispiel", date(2022, 5, 1))
    assert article.text == PROSE


def test_a_page_of_links_holds_no_article() -> None:
    with pytest.raises(CorpusError, match="no article text"):
        load(PAGES / "uebersicht.html")


@pytest.mark.parametrize(
    ("line", "is_article"),
    [("Der Rat tagt.", True), ("Sagt er: „Der Rat tagt.“", True), ("Mehr lesen.", False), ("Der Rat tagt", False)],
)
def test_a_page_is_an_article_if_a_sentence_stands_on_it(line: str, is_article: bool) -> None:
    from rag.corpus.html import _has_sentence

    assert _has_sentence(f"Start\n{line}\nImpressum") is is_article


def test_a_page_of_endless_words_is_read_in_linear_time(tmp_path: Path) -> None:
    page = file(tmp_path, "a.html", "<html><body><article><p>" + "wort " * 40_000 + "</p></article></body></html>")
    code = f"from pathlib import Path; from rag.corpus.read import scan; next(scan(Path({str(page)!r}))).load()"
    run = subprocess.run([sys.executable, "-c", code], timeout=90, cwd=PAGES.parent.parent, capture_output=True)
    assert b"no article text" in run.stderr


def test_no_page_dates_itself_by_its_file(tmp_path: Path) -> None:
    page = (PAGES / "undatiert.html").read_bytes()
    path = file(tmp_path, "2020-01-01-seite.html", page)
    os.utime(path, (0, 0))
    article = load(path)
    assert (article.published, article.updated, article.fetched) == (None, None, None)


# PDF ---------------------------------------------------------------------------------------------------------------


def pdf(*lines: str, title: str = "", author: str = "Eva Beispiel", password: str = "") -> bytes:
    """A small PDF with these lines of text on one page."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    page = writer.add_blank_page(600, 800)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
    named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): named})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream.set_data(f"BT /F1 12 Tf 14 TL 50 700 Td {shown} ET".encode("cp1252"))
    page[NameObject("/Contents")] = writer._add_object(stream)
    if title:
        writer.add_metadata({"/Title": title, "/Author": author, "/CreationDate": "D:20200101000000"})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_gives_its_words_and_title_but_no_date(tmp_path: Path) -> None:
    article = load(file(tmp_path, "a.pdf", pdf("Der Gemeinderat hat die Brü-", "cke beschlossen.", title="Die Brücke")))
    assert article.text == "Der Gemeinderat hat die Brücke beschlossen."
    assert (article.title, article.author, article.published) == ("Die Brücke", "Eva Beispiel", None)
    account = file(tmp_path, "b.pdf", pdf("Der Gemeinderat tagt.", title="Die Brücke", author="Administrator"))
    assert load(account).author is None


@pytest.mark.parametrize(("data", "words"), [(pdf("x", password="geheim"), "encrypted"), (pdf(""), "no text")])
def test_a_pdf_that_is_locked_or_without_text_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    (record,) = records(file(tmp_path, "a.pdf", data))
    with pytest.raises(CorpusError, match=words):
        record.load()


def test_lines_of_a_page_become_paragraphs() -> None:
    page = (
        "Kosten umstritten\n"
        "Die Opposition hält die Atom-\nund die Wind-Kraft für zu teuer. Beim Nato-\nGipfel sprach man vom Bun-\n"
        "deshaushalt.\n"
        "Ein neuer Absatz beginnt hier mit einem langen Satz.\n\n– 3 –\n"
    )
    assert paragraphs(page) == (
        "Kosten umstritten\n\n"
        "Die Opposition hält die Atom- und die Wind-Kraft für zu teuer. Beim Nato-Gipfel sprach man vom "
        "Bundeshaushalt.\n\n"
        "Ein neuer Absatz beginnt hier mit einem langen Satz."
    )
