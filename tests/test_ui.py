"""The chat without a browser: its texts, its markup, its conversation, and the pages as Streamlit draws them."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import date, datetime, timedelta, timezone
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from rag.citations import verify
from rag.encoder import load_encoder
from rag.errors import IndexMissing
from rag.evaluation.charts import Bar, Point, bars, columns, points
from rag.evaluation.collect import collect
from rag.evaluation.datasets import Feedback, read_feedback
from rag.index.build import build
from rag.index.reader import Index, open_index
from rag.index.store import Store
from rag.question import understand
from rag.types import (
    Answer,
    Article,
    Citation,
    Claim,
    Draft,
    DraftClaim,
    Filters,
    Hit,
    Language,
    Passage,
    Query,
    Quote,
    Turn,
)
from rag.ui import markup
from rag.ui.conversation import Conversation, Place, Shelf, by_article
from rag.ui.examples import examples
from rag.ui.feedback import feedback_on, keep
from rag.ui.holdings import cited_by, first, histogram, holdings
from rag.ui.narrowing import chips, from_address, within
from rag.ui.session import Session
from rag.ui.texts import LANGUAGES, TEXTS, Texts, language_of
from rag.ui.transcript import answer_text, conversation_markdown, question_link
from rag.ui.why import GROUNDS, lines, why
from rag.ui.writing import Writing

PROJECT = Path(__file__).resolve().parent.parent
DE, EN = TEXTS["de"], TEXTS["en"]

BUKAREST = Article(
    "bukarest.md",
    "Warum die Ukraine vorerst keine Patriots bekommt",
    "Eine Zusage gab es nicht.\n\nSoldaten müssten monatelang ausgebildet werden. Doch wann?\n\nAusblick\n\nOffen.",
    published=date(2022, 11, 30),
    source="Demo",
    author="Ada Beispiel",
    url="https://example.org/bukarest",
)
OUTLETS = ["<b>Blatt</b>", "Demo"]
HOSTILE_TEXT = (
    "<script>window.hacked = 1</script> <img src=x onerror=window.hacked=2> </mark> ![Bild](http://evil.test/a.png) "
    "[Link](javascript:alert(1)) $\\frac{1}{2}$ :material/home: & &lt;b&gt; \"onclick='x' kostet zwölf Euro."
)
HOSTILE = Article(
    "böse.jsonl", "</h2><script>x</script> *Titel*", HOSTILE_TEXT, source="<b>Blatt</b>", url="javascript:alert(1)"
)
# What a title or a text may hold that means something to HTML, to Markdown or to this page.
PIECES = [
    *"<>&\"'/=`\n :;äß€#[]()!a1\u2028",
    *("<mark>", "</p>", "&amp;", "&#60", " data-cite=", "\n\n", "javascript:", "https://"),
]
NASTY = some.lists(some.sampled_from(PIECES)).map("".join)


def cited(article: Article, *quotes: str) -> tuple[Citation, ...]:
    """Citations of words as they stand in an article."""
    return tuple(
        Citation(
            number=number,
            article_id=article.article_id,
            title=article.title,
            source=article.source,
            author=article.author,
            url=article.url,
            published=article.published,
            updated=article.updated,
            passage_id=f"{article.article_id}#0",
            start=article.text.index(quote),
            end=article.text.index(quote) + len(quote),
            quote=quote,
        )
        for number, quote in enumerate(quotes, 1)
    )


def hit(article: Article) -> Hit:
    return Hit(article, Passage(f"{article.article_id}#0", article.article_id, 0, len(article.text), article.text), 1.0)


def drafted(quotes: Sequence[tuple[Article, str]], answers: bool) -> Draft:
    claims = []
    for article, words in quotes:
        start = article.text.index(words)
        quote = Quote(article.article_id, f"{article.article_id}#0", start, start + len(words), words)
        claims.append(DraftClaim(words, (quote,)))
    return Draft(tuple(claims), 0.9, answers, "quotes")


def answer(
    question: str, history: Sequence[Turn] = (), today: date | None = None, filters: Filters = Filters()
) -> Answer:
    """What the stand-in for the assistant says: an answer, the closest passages, a hostile article, or nothing."""
    query = understand(question, history, filters, today)
    hits = [hit(BUKAREST), hit(HOSTILE)]
    if "Patriots" in question:
        words = ("Eine Zusage gab es nicht.", "Soldaten müssten monatelang ausgebildet werden.")
        return verify(query, drafted([(BUKAREST, w) for w in words], True), hits)
    if "Zauber" in question:
        return verify(query, drafted([(HOSTILE, HOSTILE_TEXT)], True), hits)
    if "Wetter" in question:
        return verify(query, drafted([(BUKAREST, "Offen."), (HOSTILE, HOSTILE_TEXT)], False), hits)
    return verify(query, drafted([], False), hits)


class Reader(HTMLParser):
    """What a browser would see: tags with their attributes, and the text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


# Texts -------------------------------------------------------------------------------------------------------------


def test_both_languages_have_all_texts_with_the_same_places_to_fill() -> None:
    assert set(TEXTS) == set(LANGUAGES)
    for field in fields(Texts):
        german, english = getattr(DE, field.name), getattr(EN, field.name)
        assert german, field.name
        assert english, field.name
        if isinstance(german, str):
            assert set(re.findall(r"{\w+}", german)) == set(re.findall(r"{\w+}", english)), field.name
        else:
            assert len(german) == len(english), field.name


def test_dates_and_numbers_are_written_as_in_each_language() -> None:
    assert DE.day(date(2022, 11, 30)) == "30. November 2022"
    assert EN.day(date(2022, 3, 1)) == "1 March 2022"
    assert DE.published(None) == "ohne Datum"
    assert DE.number(12_345) == "12.345"
    assert EN.number(12_345) == "12,345"


def test_the_line_about_the_archive() -> None:
    assert DE.archive(41, date(2023, 12, 15)) == "41 Artikel, neuester vom 15. Dezember 2023"
    assert DE.archive(1, None) == "1 Artikel"
    assert EN.archive(1, None) == "1 article"


def test_an_unknown_language_is_german() -> None:
    assert [language_of(value) for value in ("en", "de", "fr", None)] == ["en", "de", "de", "de"]


@pytest.mark.parametrize(
    ("question", "german", "english"),
    [
        ("im März 2022", "März 2022", "March 2022"),
        ("2021", "2021", "2021"),
        ("gestern", "23. Dezember 2022", "23 December 2022"),
        ("seit 2021", "seit 1. Januar 2021", "since 1 January 2021"),
        ("vor 2021", "bis 31. Dezember 2020", "until 31 December 2020"),
        ("im Sommer 2021", "1. Juni 2021 bis 31. August 2021", "1 June 2021 to 31 August 2021"),
        ("im Juni", "Juni, jedes Jahr", "June, any year"),
        ("im Winter", "1. Dezember bis 28. Februar, jedes Jahr", "1 December to 28 February, any year"),
        ("am 30. November", "30. November, jedes Jahr", "30 November, any year"),
        ("von 2020 bis 9999-12-31", "1. Januar 2020 bis 31. Dezember 9999", "1 January 2020 to 31 December 9999"),
    ],
)
def test_a_time_is_said_as_people_say_it(question: str, german: str, english: str) -> None:
    period = understand(question, today=date(2022, 12, 24)).period
    assert period
    assert (DE.days(period), EN.days(period)) == (german, english)


# Markup ------------------------------------------------------------------------------------------------------------


def citations_in(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Citation, ...]:
    article = replace(BUKAREST, text=text)
    empty = cited(article, "")[0]
    kept = [(min(a, b), max(a, b)) for a, b in ((a % (len(text) + 1), b % (len(text) + 1)) for a, b in spans) if a != b]
    return tuple(
        replace(empty, number=n, start=start, end=end, quote=text[start:end]) for n, (start, end) in enumerate(kept, 1)
    )


@given(NASTY, some.lists(some.tuples(some.integers(0, 60), some.integers(0, 60)), max_size=4), some.integers(1, 4))
def test_a_marked_text_is_the_text_again_and_marks_just_what_is_cited(
    text: str, spans: list[tuple[int, int]], active: int
) -> None:
    citations = citations_in(text, spans)
    marked = markup.marked_html(text, citations, active)
    assert unescape(re.sub(r"<[^>]*>", "", marked)) == text
    seen = Reader(marked)
    assert set(seen.tags) <= {"p", "mark"}
    assert [value for name, value in seen.attributes if name == "id"] in ([], ["beleg-active"])
    pieces = re.findall(r"<mark [^>]*>(.*?)</mark>", marked, re.DOTALL)
    covered = {i for c in citations for i in range(c.start, c.end)}
    gaps = {i for gap in re.finditer("\n\n+" if "\n\n" in text else "\n", text) for i in range(*gap.span())}
    assert "".join(map(unescape, pieces)) == "".join(text[i] for i in sorted(covered - gaps))


def test_a_quote_over_two_paragraphs_is_marked_in_both_with_one_id() -> None:
    text = "Eins. Zwei.\n\nDrei. Vier."
    citations = cited(replace(BUKAREST, text=text), "Zwei.\n\nDrei.")
    assert markup.marked_html(text, citations, 1) == (
        '<p>Eins. <mark id="beleg-active" class="beleg-active" data-number="1">Zwei.</mark></p>\n\n'
        '<p><mark class="beleg-active">Drei.</mark> Vier.</p>'
    )


def test_where_quotes_overlap_the_one_asked_for_is_on_top() -> None:
    marked = markup.marked_html("abcd", citations_in("abcd", [(0, 3), (2, 4)]), 2)
    assert marked == (
        '<p><mark class="beleg-other" data-number="1">ab</mark>'
        '<mark id="beleg-active" class="beleg-active" data-number="2">c</mark><mark class="beleg-active">d</mark></p>'
    )


def test_subheadings_look_like_subheadings() -> None:
    marked = markup.marked_html(BUKAREST.text, (), 1)
    assert '<p class="beleg-crosshead">Ausblick</p>' in marked
    assert marked.count("beleg-crosshead") == 1


def test_one_paragraph_a_line_where_there_are_no_blank_lines() -> None:
    assert markup.marked_html("Eins.\nZwei.", (), 1) == "<p>Eins.</p>\n<p>Zwei.</p>"


ALLOWED_TAGS = {
    *("article", "a", "blockquote", "button", "dd", "details", "div", "dl", "dt", "h1", "h2", "h3", "h4", "mark", "p"),
    *("pre", "span", "summary", "table", "tbody", "td", "th", "thead", "tr"),
}
ALLOWED_ATTRIBUTES = {
    *(
        "aria-describedby",
        "aria-hidden",
        "aria-label",
        "aria-live",
        "class",
        "data-again",
        "data-cite",
        "data-copy",
        "data-done",
        "data-number",
        "data-opening",
        "href",
        "id",
        "lang",
        "rel",
    ),
    *("role", "scope", "tabindex", "target", "title", "type"),
}


@given(NASTY, NASTY, NASTY, NASTY)
def test_nothing_in_any_field_can_add_a_tag_or_an_attribute(title: str, source: str, text: str, url: str) -> None:
    article = Article(title, title, text, source=source, author=source, url=url)
    citations = citations_in(text, [(0, len(text))]) or cited(BUKAREST, "Offen.")
    citations = tuple(replace(c, title=title, source=source, author=source, url=url) for c in citations)
    query = Query(text, title, language="de")
    claims = (Claim(text, (1,), "teilweise"),)
    whole = Answer(query, "answered", 1.0, "quotes", title, claims, citations, date(2022, 1, 1), ())
    for source_html, shown in (
        (markup.question_html(text, 0), ()),
        (markup.answer_html(whole, 0, DE), (text,)),
        (markup.card_html(citations[0], EN), (title,)),
        (markup.quotes_html(citations, 0, DE), (citations[0].quote,)),
        (markup.article_bar_html(article, DE), (title,)),
        (markup.article_html(article, citations, 1, 1, DE), (title, text)),
        (markup.trouble_html(text, DE), (text,)),
        (markup.copy_html(text, DE), (text,)),
        (markup.paper_html(article, DE), (title, text)),
        (markup.details_html(article, DE), (title, url)),
        (markup.held_html(source, None, DE), (source,)),
        (markup.table_html((title,), ((text,),), DE), (title, text)),
        (markup.notice_html(text, DE), (text,)),
        (markup.refusals_html([("", text)], DE), (text,)),
        (markup.identifier_html(title), (title,)),
        (markup.seen_html([(title, source)], article, DE), (title, source, text)),
    ):
        seen = Reader(source_html)
        assert set(seen.tags) <= ALLOWED_TAGS
        assert {name for name, _ in seen.attributes} <= ALLOWED_ATTRIBUTES
        assert all(value.startswith(("http://", "https://")) for name, value in seen.attributes if name == "href")
        assert all(re.fullmatch(r"\d+:\d+", value) for name, value in seen.attributes if name == "data-cite")
        assert all(words in seen.text for words in shown if words)


@given(NASTY)
def test_a_plot_is_an_image_with_its_words_whatever_they_are(said: str) -> None:
    for svg in (bars(said, [Bar(said, 0.5)]), points(said, said, [Point(said, 1, 0.5)]), columns(said, {said: 1})):
        shown = Reader(markup.plot_html(svg, said))
        assert set(shown.tags) <= {"div", "img"}
        assert [value for name, value in shown.attributes if name == "alt"] == [said]
        (source,) = [value for name, value in shown.attributes if name == "src"]
        assert source.startswith("data:image/svg+xml;base64,")


def test_only_web_addresses_become_links() -> None:
    assert markup.safe_url("https://www.example.org/a?b=ä&c=1#d") == "https://www.example.org/a?b=ä&c=1#d"
    for bad in (None, "", "javascript:alert(1)", "data:text/html,x", "//example.org", "http://", "file:///etc/passwd"):
        assert markup.safe_url(bad) is None
    for trick in ("https://good.org@evil.test/", "java\nscript:alert(1)", "https://a b", "http://[", "HTTPS\u202e://x"):
        assert markup.safe_url(trick) is None


def test_a_link_opens_elsewhere_and_tells_nothing() -> None:
    seen = Reader(markup.card_html(cited(BUKAREST, "Offen.")[0], DE))
    assert ("href", "https://example.org/bukarest") in seen.attributes
    assert ("target", "_blank") in seen.attributes
    assert ("rel", "noopener noreferrer nofollow") in seen.attributes


def test_a_card_names_title_outlet_author_and_date_or_that_there_is_none() -> None:
    card = Reader(markup.card_html(cited(BUKAREST, "Offen.")[0], DE)).text
    assert card == f"{BUKAREST.title}Demo · Ada Beispiel · 30. November 2022 · Quelle öffnen\u00a0↗"
    undated = replace(cited(BUKAREST, "Offen.")[0], title="", published=None, author=None, url=None)
    assert Reader(markup.card_html(undated, EN)).text == "UntitledDemo · undated"
    mended = replace(cited(BUKAREST, "Offen.")[0], updated=date(2022, 12, 1))
    assert "geändert am 1. Dezember 2022" in markup.card_html(mended, DE)


def test_an_answer_has_numbered_claims_and_says_as_of_when() -> None:
    shown = Reader(markup.answer_html(answer("Warum keine Patriots?"), 3, DE))
    assert "Eine Zusage gab es nicht.\u20601" in shown.text
    assert [value for name, value in shown.attributes if name == "data-cite"] == ["3:1", "3:2"]
    assert ("aria-label", "Beleg 2 im Artikel zeigen") in shown.attributes
    assert shown.text.endswith("Stand: 30. November 2022")


def test_a_number_carries_a_preview_with_quote_outlet_author_and_date() -> None:
    shown = markup.answer_html(answer("Warum keine Patriots?"), 3, DE)
    names = [value for name, value in Reader(shown).attributes if name == "aria-describedby"]
    assert names == ["beleg-preview-3-0-1", "beleg-preview-3-1-2"]
    assert [value for name, value in Reader(shown).attributes if name == "id"] == names
    assert f"„Eine Zusage gab es nicht.“ {BUKAREST.title} Demo · Ada Beispiel · 30. November 2022" in Reader(shown).text


def test_an_answer_comes_sentence_by_sentence() -> None:
    first = markup.answer_html(answer("Warum keine Patriots?"), 0, DE, 1)
    assert "Zusage" in first
    assert "monatelang" not in first
    assert "Stand:" not in first
    whole = markup.answer_html(answer("Warum keine Patriots?"), 0, DE)
    assert whole.startswith(first.removesuffix("</div>"))
    assert markup.answer_html(answer("Warum keine Patriots?"), 0, DE, 2) == whole


def test_closest_passages_are_called_no_answer() -> None:
    near = answer("Wie wird das Wetter?")
    assert near.status == "nearest"
    assert "keine Antwort" in markup.sources_heading_html(near, DE)
    assert "not an answer" in markup.sources_heading_html(near, EN)
    assert "keine Antwort" not in markup.sources_heading_html(answer("Patriots?"), DE)


def test_what_was_understood_is_said_only_if_it_differs() -> None:
    plain = answer("Warum keine Patriots?")
    assert "Verstanden als" not in markup.answer_html(plain, 0, DE)
    resolved = replace(plain, query=replace(plain.query, standalone="Warum keine Patriots in Polen?"))
    assert "Verstanden als: Warum keine Patriots in Polen?" in markup.answer_html(resolved, 0, DE)


def test_a_claim_that_is_not_fully_backed_says_so() -> None:
    whole = answer("Warum keine Patriots?")
    doubted = replace(whole, claims=(replace(whole.claims[0], verdict="teilweise"),))
    assert "teilweise belegt" in markup.answer_html(doubted, 0, DE)
    assert "partly supported" in markup.answer_html(doubted, 0, EN)
    assert "beleg-doubt" not in markup.answer_html(whole, 0, DE)


def test_a_very_long_question_is_shown_shortened() -> None:
    assert markup.shortened("Warum  keine\nPatriots?") == "Warum keine Patriots?"
    assert len(markup.question_html("Wort " * 10_000, 0)) < 600
    assert markup.shortened("x" * 50_000) == "x" * 400 + " …"


def test_nothing_in_a_label_means_anything_to_markdown() -> None:
    assert markup.label("Was?\n ![x](y) :material/home: $a$ *b*") == (
        r"Was\? \!\[x\]\(y\) \:material\/home\: \$a\$ \*b\*"
    )


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("front", "back"),
    [
        *(("ink", "paper"), ("ink", "card"), ("ink", "marked"), ("ink", "marked-other"), ("soft", "paper")),
        *(("soft", "card"), ("accent", "paper"), ("accent", "card"), ("accent", "tint"), ("doubt", "paper")),
    ],
)
def test_text_can_be_read_in_the_light_and_in_the_dark(front: str, back: str) -> None:
    style = (PROJECT / "rag" / "ui" / "style.css").read_text("utf-8")
    pairs = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\);", style))
    for one, other in zip(pairs[front].split(", "), pairs[back].split(", "), strict=True):
        darker, lighter = sorted((luminance(one), luminance(other)))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5


# Conversation ------------------------------------------------------------------------------------------------------


def test_a_place_is_read_back_and_rubbish_is_none() -> None:
    assert Place.parse(str(Place(3, 12))) == Place(3, 12)
    for rubbish in (None, 7, "", "1", "1:", "1:2:3", "-1:2", "1:2\n", "9999999:1", {"a": 1}):
        assert Place.parse(rubbish) is None


def test_a_conversation_opens_only_what_is_cited_in_it() -> None:
    talk = Conversation().answered(answer("Warum keine Patriots?"))
    for nowhere in (None, Place(1, 1), Place(0, 0), Place(0, 3)):
        assert talk.opening(nowhere) is talk
    opened = talk.opening(Place(0, 2)).opened()
    assert opened
    assert opened.article is BUKAREST
    assert [c.number for c in opened.citations] == [1, 2]
    assert opened.active == 2
    assert talk.opened() is None
    assert talk.opening(Place(0, 2)).closed().opened() is None


def test_the_same_place_can_be_opened_again() -> None:
    talk = Conversation().answered(answer("Warum keine Patriots?"))
    assert talk.opening(Place(0, 1)).opening(Place(0, 1)).openings == 2


def test_a_new_answer_closes_the_article_and_keeps_the_history() -> None:
    talk = Conversation().answered(answer("Warum keine Patriots?")).opening(Place(0, 1)).answered(answer("Und?"))
    assert talk.place is None
    assert talk.history()[0] == Turn("Warum keine Patriots?", "Warum keine Patriots?")
    assert len(talk.history()) == 2


def test_citations_of_one_article_share_a_card() -> None:
    first, second = cited(BUKAREST, "Eine Zusage gab es nicht.", "Offen.")
    other = replace(cited(HOSTILE, HOSTILE_TEXT)[0], number=3)
    assert by_article((first, other, second)) == [(first, second), (other,)]


# Examples ----------------------------------------------------------------------------------------------------------


def test_examples_come_from_the_corpus(tmp_path: Path) -> None:
    (tmp_path / "examples.yaml").write_text("de: ['A?', 'B?', 'C?', 'D?', 'E?']\nen: ['F?', 7]\n", "utf-8")
    assert examples(tmp_path, [], "de") == ["A?", "B?", "C?", "D?"]
    assert examples(tmp_path, [], "en") == ["F?"]


@pytest.mark.parametrize(
    "content", ["de: 1", "[1, 2]", "{", "", "de: [1, ' ']", "!!python/object:x {}", "[" * 3_000 + "]" * 3_000]
)
def test_a_broken_file_of_examples_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "examples.yaml").write_text(content, "utf-8")
    assert examples(tmp_path, [BUKAREST], "en") == [f"What is known about: {BUKAREST.title}?"]


def test_the_file_of_examples_is_parsed_anew_only_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import yaml

    path, parsed = tmp_path / "examples.yaml", []
    load = yaml.safe_load
    monkeypatch.setattr(yaml, "safe_load", lambda text: parsed.append(text) or load(text))
    path.write_text("de: ['A?']\n", "utf-8")
    examples(tmp_path, [], "de").clear()  # what a caller does with it is its own affair
    assert [examples(tmp_path, [], "de") for _ in range(3)] == [["A?"]] * 3
    assert len(parsed) == 1
    path.write_text("de: ['Anders?']\n", "utf-8")
    assert examples(tmp_path, [], "de") == ["Anders?"]
    path.unlink()
    assert examples(tmp_path, [], "de") == []


def test_without_a_file_the_newest_titles_are_asked_about(tmp_path: Path) -> None:
    articles = [replace(BUKAREST, title=title) for title in ("", "Wer zahlt?", "x" * 200, "Zinsen steigen.")]
    assert examples(tmp_path / "none.jsonl", articles, "de") == [
        "Was ist bekannt über: Wer zahlt?",
        "Was ist bekannt über: Zinsen steigen?",
    ]


def test_the_demo_corpus_brings_six_questions_in_each_language() -> None:
    from rag.ui.examples import read_examples

    for language in LANGUAGES:
        assert len(read_examples(PROJECT / "corpus" / "examples.yaml", language)) == 6
    assert "Warum keine Patriots für die Ukraine?" in examples(PROJECT / "corpus", [], "de")


# Imports -----------------------------------------------------------------------------------------------------------


def test_only_the_pages_know_streamlit() -> None:
    knowing = {
        path.name
        for path in (PROJECT / "rag").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any("streamlit" in name for name in [getattr(node, "module", "") or "", *(a.name for a in node.names)])
    }
    assert knowing == {
        *("archive.py", "article.py", "bridge.py", "chat.py", "filters.py", "frame.py", "keeping.py"),
        *("maintain.py", "quality.py", "session.py"),
    }


def test_the_page_starts_without_models_and_indexes() -> None:
    heavy = "{'torch', 'sentence_transformers', 'transformers', 'faiss', 'tantivy', 'tokenizers', 'rag.assistant'}"
    code = f"import sys, rag.ui.chat; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Pages -------------------------------------------------------------------------------------------------------------


class Desk:
    """Stands in for the assistant; remembers what it was asked."""

    asked: ClassVar[list[tuple[str, tuple[Turn, ...]]]] = []

    def __init__(self, settings: object) -> None:
        store = SimpleNamespace(
            count=lambda: (2, 2),
            newest=lambda limit: [BUKAREST, HOSTILE][:limit],
            sources=lambda: OUTLETS,
            withdrawn=frozenset,
        )
        index = SimpleNamespace(folder=Path("one"), store=store)
        self.assistant = SimpleNamespace(index=index, ask=self._ask, writer=None)

    def _ask(
        self, question: str, history: Sequence[Turn] = (), filters: Filters = Filters(), *, periods: bool = True
    ) -> Answer:
        self.asked.append((question, tuple(history)))
        return answer(question, history, date(2022, 12, 24) if periods else None, filters)


class Broken:
    def __init__(self, settings: object) -> None:
        raise IndexMissing("There is no index in <b>here</b>; make one with `python -m rag build`.")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app over a stand-in for the assistant, not yet drawn."""
    monkeypatch.setattr("rag.assistant.Desk", Desk)
    monkeypatch.setattr("rag.ui.chat.PAUSE", 0.0)
    Desk.asked.clear()
    st.cache_resource.clear()
    yield AppTest.from_file(str(PROJECT / "app.py"), default_timeout=20)
    st.cache_resource.clear()


def drawn(page: AppTest) -> str:
    """All HTML of a page."""
    assert not page.exception
    return "\n".join(element.proto.body for element in page.get("html"))


def ask(page: AppTest, question: str) -> AppTest:
    return page.chat_input(key="typed").set_value(question).run()


def test_the_empty_page_shows_examples_and_what_there_is(page: AppTest) -> None:
    source = drawn(page.run())
    assert "Was möchten Sie wissen?" in source
    assert "2 Artikel, neuester vom 30. November 2022" in source
    assert page.button(key="example-0").label == markup.label("Warum keine Patriots für die Ukraine?")


def test_a_question_that_fails_does_not_come_back(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Desk, question: str, *rest: object) -> Answer:
        raise RuntimeError(question)

    with monkeypatch.context() as failing:
        failing.setattr(Desk, "_ask", fail)
        assert len(ask(page.run(), "Warum?").exception) == 1
        drawn(page.run())
    assert Desk.asked == []


def test_an_example_asks_its_question(page: AppTest) -> None:
    page.run().button(key="example-0").click().run()
    assert Desk.asked == [("Warum keine Patriots für die Ukraine?", ())]
    source = drawn(page)
    assert "Soldaten müssten monatelang ausgebildet werden." in source
    assert "Was möchten Sie wissen?" not in source


def test_earlier_turns_stay_and_are_handed_on(page: AppTest) -> None:
    ask(page.run(), "Warum keine Patriots?")
    ask(page, "Wie wird das Wetter?")
    source = drawn(page)
    assert source.index("Warum keine Patriots?") < source.index("Wie wird das Wetter?")
    assert Desk.asked[1] == ("Wie wird das Wetter?", (Turn("Warum keine Patriots?", "Warum keine Patriots?"),))
    assert "keine Antwort" in source
    page.run()
    assert len(Desk.asked) == 2


def test_a_source_opens_with_its_quotes_marked_and_closes(page: AppTest) -> None:
    ask(page.run(), "Warum keine Patriots?")
    page.button(key="show-0:1").click().run()
    source = drawn(page)
    assert '<mark id="beleg-active" class="beleg-active" data-number="1">Eine Zusage gab es nicht.</mark>' in source
    assert '<mark class="beleg-other" data-number="2">Soldaten müssten monatelang ausgebildet werden.</mark>' in source
    page.button(key="close").click().run()
    assert "<mark" not in drawn(page)


def test_the_time_read_from_a_question_can_be_taken_away(page: AppTest) -> None:
    ask(page.run(), "Warum keine Patriots im November 2022?")
    ask(page, "Und seit gestern?")
    assert page.button(key="time-0").label == markup.label("Zeit: November 2022")
    assert page.button(key="time-1").label == markup.label("Zeit: seit 23. Dezember 2022")
    page.button(key="time-0").click().run()
    assert Desk.asked[2] == ("Warum keine Patriots im November 2022?", ())
    source = drawn(page)
    assert source.count('<h2 class="beleg-question"') == 2
    assert [button.key for button in page.button if str(button.key).startswith("time-")] == ["time-1"]


def test_a_new_chat_begins_empty(page: AppTest) -> None:
    ask(page.run(), "Warum keine Patriots?")
    page.button(key="new").click().run()
    assert "Was möchten Sie wissen?" in drawn(page)
    ask(page, "Wie wird das Wetter?")
    assert Desk.asked[1][1] == ()


def test_the_language_of_the_frame_changes_and_the_conversation_stays(page: AppTest) -> None:
    ask(page.run(), "Warum keine Patriots?")
    page.session_state["lang"] = "en"
    source = drawn(page.run())
    assert "Sources" in source
    assert "As of 30 November 2022" in source
    assert "Das steht dazu im Archiv:" in source  # the answer keeps the language of its question
    assert page.button(key="show-0:1").label == "Show in article"
    assert page.button(key="new").label == "New chat"
    assert len(Desk.asked) == 1


def test_an_english_question_gets_an_english_message(page: AppTest) -> None:
    assert "This is what the archive says" in drawn(ask(page.run(), "Why are there no Patriots for Ukraine?"))


def test_the_address_can_ask_once(page: AppTest) -> None:
    page.query_params["q"] = "Warum keine Patriots?"
    page.run().run()
    assert [question for question, _ in Desk.asked] == ["Warum keine Patriots?"]
    page.button(key="new").click().run()
    assert len(Desk.asked) == 1
    assert "q" not in page.query_params


@pytest.mark.parametrize("question", ["?!…", "😀", "<script>alert(1)</script>", "Wort " * 10_000, "x" * 50_000])
def test_strange_questions_end_calmly(page: AppTest, question: str) -> None:
    source = drawn(ask(page.run(), question))
    assert "<script" not in source
    assert "beleg-not_found" in source


def test_a_hostile_article_is_shown_as_it_is(page: AppTest) -> None:
    ask(page.run(), "Was kostet der Zauberwürfel?")
    page.button(key="show-0:1").click().run()
    source = drawn(page)
    assert "<script" not in source
    assert "<img" not in source
    assert "javascript:alert(1)</a>" not in source
    assert HOSTILE_TEXT in Reader(source).text
    assert not page.markdown


def test_an_archive_that_does_not_open_is_one_calm_page(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.assistant.Desk", Broken)
    source = drawn(page.run())
    assert "Das Archiv lässt sich nicht öffnen." in source
    assert "There is no index in &lt;b&gt;here&lt;/b&gt;" in source
    assert not page.chat_input
    page.session_state["lang"] = "en"
    assert "The archive cannot be opened." in drawn(page.run())


def test_a_timeline_shows_the_day_of_each_claim() -> None:
    whole = answer("Warum keine Patriots?")
    assert "beleg-date" not in markup.answer_html(whole, 0, DE)
    shown = markup.answer_html(replace(whole, timeline=True), 0, DE)
    assert shown.count("beleg-entry") == 2
    assert "30. November 2022: Eine Zusage gab es nicht." in Reader(shown).text
    assert "30 November 2022: " in Reader(markup.answer_html(replace(whole, timeline=True), 0, EN)).text


def test_a_card_names_the_outlets_that_have_the_same() -> None:
    card = Reader(markup.card_html(cited(BUKAREST, "Offen.")[0], DE, ("Bote", "<b>Blatt</b>"))).text
    assert card.endswith("auch in: Bote, <b>Blatt</b>")
    assert "also in: Bote" in markup.card_html(cited(BUKAREST, "Offen.")[0], EN, ("Bote",))


# While a language model writes ---------------------------------------------------------------------------------------


def test_an_answer_in_the_making_can_be_looked_at_and_stopped() -> None:
    begun, told = threading.Event(), threading.Event()
    whole = answer("Warum keine Patriots?")

    def answers(stop: Callable[[], bool]) -> Iterator[Answer | None]:
        yield None
        yield replace(whole, claims=whole.claims[:1])
        begun.set()
        while not stop():
            time.sleep(0.005)
        told.set()
        yield replace(whole, note="angehalten")

    writing = Writing(answers)
    assert begun.wait(5)
    assert not writing.wait(0)
    assert writing.latest is not None
    assert len(writing.latest.claims) == 1
    writing.stop()
    assert told.wait(5)
    assert writing.answer().note == "angehalten"


def test_an_answer_in_the_making_that_fails_says_so() -> None:
    def answers(stop: Callable[[], bool]) -> Iterator[Answer | None]:
        yield None
        raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        Writing(answers).answer()


def test_two_runs_of_a_page_that_overlap_write_one_answer_and_take_it_up_once() -> None:
    made, begun = answer("Warum keine Patriots?"), []

    def begin(question: str, _: Conversation) -> Writing:
        begun.append(question)
        return Writing(lambda stop: iter([made]))

    own = Session(pending=["Warum keine Patriots?", "Und wann?"])
    first, second = own.write(begin), own.write(begin)
    assert first is second
    assert begun == ["Warum keine Patriots?"]
    for run in (first, second):
        own.settle(run, made)
    assert own.pending == ["Und wann?"]
    assert own.conversation.answers == (made,)
    own.settle(own.write(begin), made)
    assert begun == ["Warum keine Patriots?", "Und wann?"]
    assert own.write(begin) is None
    own.settle(answer=made)  # nobody waits for it
    assert own.conversation.answers == (made, made)


def test_a_written_answer_says_who_wrote_it_and_what_was_left_out(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = replace(answer("Warum keine Patriots?"), made_by="ollama:<b>", note="Ein Satz & mehr.")

    def written(self: Desk, settings: object) -> None:
        plain(self, settings)
        self.assistant.writer = object()
        self.assistant.answers = lambda question, history, filters, stop: iter((None, replace(made, claims=()), made))

    plain = Desk.__init__
    monkeypatch.setattr(Desk, "__init__", written)
    source = drawn(ask(page.run(), "Warum keine Patriots?"))
    assert "Formuliert von ollama:&lt;b&gt;" in source
    assert "Ein Satz &amp; mehr." in source
    assert "Ein Sprachmodell schreibt" not in source
    page.session_state["lang"] = "en"
    assert "Written by ollama:&lt;b&gt;" in drawn(page.run())


# Keeping -------------------------------------------------------------------------------------------------------------


def test_an_answer_is_cited_as_people_cite() -> None:
    text = answer_text(answer("Warum keine Patriots?"), DE)
    source = f"Ada Beispiel: „{BUKAREST.title}“. Demo, 30. November 2022. https://example.org/bukarest"
    assert text.splitlines() == [
        *("Warum keine Patriots?", "", "Eine Zusage gab es nicht. [1]"),
        *("Soldaten müssten monatelang ausgebildet werden. [2]", "", "Stand: 30. November 2022", "", "Quellen"),
        *(f"[1] {source}", f"[2] {source}"),
    ]
    assert "As of 30 November 2022" in answer_text(answer("Warum keine Patriots?"), EN)


def test_who_worded_an_answer_is_cited_with_it_and_days_with_a_timeline() -> None:
    made = replace(answer("Warum keine Patriots?"), made_by="ollama:a", note="Ein Satz fehlt.", timeline=True)
    lines = answer_text(made, DE).splitlines()
    assert lines[2] == "30. November 2022: Eine Zusage gab es nicht. [1]"
    assert lines[5:8] == ["Stand: 30. November 2022", DE.written.format(model="ollama:a"), "Ein Satz fehlt."]


def test_what_is_no_answer_is_cited_as_none() -> None:
    near = answer_text(answer("Wie wird das Wetter?"), DE)
    assert "Nächstliegende Stellen, keine Antwort" in near
    assert "    „Offen.“" in near
    assert "javascript" not in near.replace(" ".join(HOSTILE_TEXT.split()), "")
    assert answer_text(answer("?"), DE).count("[") == 0


def test_a_conversation_goes_home_with_all_its_sources() -> None:
    talk = Conversation().answered(answer("Warum keine Patriots?")).answered(answer("Wie wird das Wetter?"))
    text = conversation_markdown(talk, "Mein *Gespräch*", DE, date(2026, 11, 25))
    assert text.startswith("# Mein \\*Gespräch\\*\n\nGespräch mit Beleg, gespeichert am 25. November 2026\n")
    assert "## Warum keine Patriots?" in text
    assert "Eine Zusage gab es nicht. \\[1\\]" in text
    assert f"1. Ada Beispiel: „{BUKAREST.title}“. Demo, 30. November 2022. <https://example.org/bukarest>" in text
    assert "### Nächstliegende Stellen, keine Antwort" in text


@given(NASTY, NASTY)
def test_nothing_in_an_exported_conversation_means_anything_to_markdown(title: str, text: str) -> None:
    article = replace(BUKAREST, title=title, text=text or "x", source=title, author=title, url=None)
    citations = tuple(replace(c, quote=article.text) for c in cited(article, article.text))
    claims = (Claim(text, (1,), "teilweise"),)
    whole = Answer(Query(title, text), "answered", 1.0, "quotes", text, claims, citations, date(2022, 1, 1), ())
    shown = conversation_markdown(Conversation((whole,)), title, DE, date(2026, 1, 1))
    allowed = {"heading", "paragraph", "inline", "text", "ordered", "list", "softbreak", "hardbreak"}
    parsed = [t for token in MarkdownIt("commonmark").parse(shown) for t in (token, *(token.children or ()))]
    assert {token.type.split("_")[0] for token in parsed} <= allowed
    assert [token.tag for token in parsed if token.type == "heading_open"] == ["h1", "h2", "h3"]


def test_a_link_asks_the_same_again() -> None:
    link = question_link("Was & wo?\n#1", Filters(date(2022, 1, 1), None, ("A&B", "C")), "en")
    asked = parse_qs(urlsplit(link).query)
    assert asked == {"q": ["Was & wo?\n#1"], "lang": ["en"], "since": ["2022-01-01"], "source": ["A&B", "C"]}


def test_an_opinion_is_a_line_that_becomes_a_question(tmp_path: Path) -> None:
    talk = Conversation().answered(answer("Wie wird das Wetter?")).answered(answer("Warum keine Patriots?"))
    now = datetime(2026, 11, 25, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    said = feedback_on(talk, 1, "up", " gut\n", now)
    assert said == Feedback(
        question="Warum keine Patriots?",
        verdict="up",
        time="2026-11-25T10:00:00+01:00",
        article_id="bukarest.md",
        quotes=("Eine Zusage gab es nicht.", "Soldaten müssten monatelang ausgebildet werden."),
        history=("Wie wird das Wetter?",),
        comment="gut",
    )
    file = tmp_path / "new" / "feedback.jsonl"
    keep(file, said)
    keep(file, feedback_on(talk, 0, "down", "", now))
    assert [f.verdict for f in read_feedback(file)] == ["up", "down"]
    collected = collect([file])
    assert [q.article_id for q in collected.questions] == ["bukarest.md"]
    assert len(collected.unjudged) == 1


def test_opinions_at_the_same_time_and_after_a_crash_stay_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    file.write_text('{"question": "half', "utf-8")
    said = Feedback("Frage? " * 2_000, "down", "2026-11-25T10:00:00+01:00")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep(file, said), range(40)))
    lines = file.read_text("utf-8").splitlines(keepends=True)
    assert lines == ['{"question": "half\n', *[said.line()] * 40]


def test_a_shelf_keeps_conversations_apart() -> None:
    first = Conversation().answered(answer("Warum keine Patriots?")).opening(Place(0, 1))
    shelf = Shelf().changed(first).fresh()
    assert (shelf.talk.title, [t.title for t in shelf.talks]) == ("", ["Warum keine Patriots?", ""])
    assert len(shelf.fresh().talks) == 2  # an empty one is not kept
    back = shelf.taken(0)
    assert back.talk.conversation == first.closed()
    assert back.renamed("  Mein\nName ").talk.title == "Mein Name"
    assert back.renamed("x").renamed(" ").talk.title == "Warum keine Patriots?"
    assert back.taken(99) is back
    second = back.fresh().changed(Conversation().answered(answer("Wie wird das Wetter?")))
    left = second.without()
    assert [t.title for t in left.talks] == [left.talk.title] == ["Warum keine Patriots?"]
    alone = left.without()
    assert [t.title for t in alone.talks] == [""]
    assert alone.current not in {t.number for t in second.talks}


def test_conversations_are_kept_renamed_taken_up_and_deleted(page: AppTest) -> None:
    ask(page.run(), "Warum keine Patriots?")
    page.text_input(key="name-0").set_value("Patriots").run()
    page.button(key="new").click().run()
    ask(page, "Wie wird das Wetter?")
    assert page.button(key="talk-0").label == "Patriots"
    assert page.button(key="talk-1").label == markup.label("Wie wird das Wetter?")
    page.button(key="talk-0").click().run()
    source = drawn(page)
    assert "Eine Zusage gab es nicht." in source
    assert "Wie wird das Wetter?" not in source
    page.button(key="delete").click().run()
    assert "Wie wird das Wetter?" in drawn(page)
    assert "Patriots" not in {button.label for button in page.button}


def test_a_thumb_with_a_word_is_written_once(page: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    monkeypatch.setenv("BELEG_FEEDBACK", str(file))
    ask(page.run(), "Warum keine Patriots?")
    send = next(button for button in page.button if button.label == DE.send_opinion)
    send.click().run()
    assert DE.choose_thumb in drawn(page)
    assert not file.exists()
    page.button_group(key="thumb-0-0").set_value("down")
    page.text_input(key="word-0-0").set_value("zu alt")
    next(button for button in page.button if button.label == DE.send_opinion).click().run()
    assert DE.thanks["down"] in drawn(page)
    assert [(f.verdict, f.comment) for f in read_feedback(file)] == [("down", "zu alt")]
    assert DE.send_opinion not in {button.label for button in page.button}


def test_an_opinion_that_cannot_be_written_is_said(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BELEG_FEEDBACK", str(tmp_path))  # a folder
    ask(page.run(), "Warum keine Patriots?")
    page.button_group(key="thumb-0-0").set_value("up")
    next(button for button in page.button if button.label == DE.send_opinion).click().run()
    assert DE.not_kept in drawn(page)


# Filters -------------------------------------------------------------------------------------------------------------


def test_a_period_is_written_as_people_write_it() -> None:
    mine, today = Filters(sources=("Demo",)), date(2026, 11, 25)
    assert within(mine, "März 2022", today) == Filters(date(2022, 3, 1), date(2022, 3, 31), ("Demo",))
    assert within(mine, "since 2021", today) == Filters(date(2021, 1, 1), None, ("Demo",))
    for vague in ("", "quatsch", "im Juni", "2099", "x" * 100_000):
        assert within(mine, vague, today) is None


def test_each_chip_takes_away_its_own_part() -> None:
    both = Filters(date(2022, 3, 1), date(2022, 3, 31), ("A", "B"))
    assert chips(both, DE) == [
        ("Nur März 2022", replace(both, since=None, until=None)),
        ("Nur A", replace(both, sources=("B",))),
        ("Nur B", replace(both, sources=("A",))),
    ]
    assert chips(Filters(until=date(2022, 3, 31)), EN)[0][0] == "Only until 31 March 2022"
    assert chips(Filters(), DE) == []


@given(some.builds(Filters, some.none() | some.dates(), some.none() | some.dates()), some.sampled_from(LANGUAGES))
def test_a_link_leads_back_to_its_filters(filters: Filters, language: Language) -> None:
    filters = replace(filters, sources=("A & B", "<b>Blatt</b>"))
    assert from_address(parse_qs(urlsplit(question_link("Was?", filters, language)).query)) == filters


@pytest.mark.parametrize("given", [{"since": ["gestern"]}, {"until": [""]}, {"source": [" ", "\n"]}, {"since": []}])
def test_rubbish_in_an_address_narrows_nothing(given: dict[str, list[str]]) -> None:
    assert from_address(given) == Filters()


def test_questions_are_narrowed_and_chips_widen_them_again(page: AppTest) -> None:
    page.run().text_input(key="ask-0-time").set_value("seit März 2022").run()
    page.button_group(key="ask-0-outlets").select("Demo").run()
    ask(page, "Warum keine Patriots?")
    filters = page.session_state["session"].conversation.answers[0].query.filters
    assert filters == Filters(date(2022, 3, 1), None, ("Demo",))
    assert page.button(key="turn-0-chip-0").label == markup.label("Nur seit 1. März 2022")
    page.button(key="turn-0-chip-0").click().run()
    assert page.session_state["session"].conversation.answers[0].query.filters == Filters(sources=("Demo",))
    assert page.button(key="ask-0-chip-1").label == "Nur Demo"  # what is to come stays narrowed
    page.button(key="ask-0-chip-1").click().run()
    page.button(key="ask-0-chip-0").click().run()
    ask(page, "Und weiter?")
    assert not page.session_state["session"].conversation.answers[1].query.filters


def test_a_period_that_is_none_says_so_and_narrows_nothing(page: AppTest) -> None:
    page.run().text_input(key="ask-0-time").set_value("irgendwann").run()
    assert DE.no_period in drawn(page)
    assert page.session_state["session"].conversation.filters == Filters()


def test_an_address_narrows_its_question(page: AppTest) -> None:
    page.query_params["q"] = "Warum keine Patriots?"
    page.query_params["since"] = "2022-03-01"
    page.query_params["source"] = ["Demo", "<b>Blatt</b>"]
    page.run()
    filters = page.session_state["session"].conversation.answers[0].query.filters
    assert filters == Filters(date(2022, 3, 1), None, ("Demo", "<b>Blatt</b>"))


# Archive -------------------------------------------------------------------------------------------------------------


def test_articles_are_counted_over_time_without_gaps() -> None:
    assert histogram({"": 1}) == {}
    assert histogram({"2023-01": 2, "2022-11": 1, "": 5}) == {"2022-11": 1, "2022-12": 0, "2023-01": 2}
    assert DE.said_over_time({"2022-11": 1, "2022-12": 0, "2023-01": 2}).endswith(": 2022-11: 1, 2023-01: 2")
    assert histogram({"2015-01": 1, "2018-05": 1, "2018-01": 2}) == {"2015": 1, "2016": 0, "2017": 0, "2018": 3}


def test_the_archive_lists_what_is_found_and_passes(tmp_path: Path) -> None:
    rows = [("a", "Rheinbrücke gesperrt", "Bote", "2022-05-01"), ("b", "Zinsen steigen", "Blatt", "2023-01-01")]
    lines = [
        {"_id": key, "title": title, "text": f"{title}. Mehr dazu morgen.", "source": source, "published": day}
        for key, title, source, day in (*rows, ("c", "Brücken und Zinsen", "Blatt", None))
    ]
    corpus = tmp_path / "c.jsonl"
    corpus.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    build(corpus, tmp_path / "index", load_encoder())
    index = open_index(tmp_path / "index")

    def listed(words: str, filters: Filters = Filters(), limit: int = 9) -> list[str]:
        held = holdings(index, words, filters)
        found = [article.article_id for article in first(index, held, filters, limit)]
        assert held.count >= len(found)
        return found

    assert listed(" ") == ["b", "a", "c"]
    assert listed(" ", limit=1) == ["b"]
    assert set(listed("Zinsen")) == {"b", "c"}
    assert listed("Zinsen", Filters(since=date(2022, 1, 1))) == ["b"]
    assert listed("", Filters(sources=("Bote",))) == ["a"]
    assert listed("?!") == []
    assert holdings(index, "", Filters()).months == {"2022-05": 1, "2023-01": 1, "": 1}
    assert holdings(index, "Zinsen", Filters()).months == {"2023-01": 1, "": 1}
    assert index.store.span() == (date(2022, 5, 1), date(2023, 1, 1))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("brück", {"a", "c"}),  # a part at the beginning, in the middle, at the end of a word
        ("rheinbr", {"a"}),
        ("Bruecke", {"a", "c"}),  # as people type without umlauts
        ("BRÜCKEN Zinsen", {"c"}),  # all words of an article
        ("brück quatsch", {"a", "c"}),  # where no article has all, any
        ("gesp", {"a"}),
        ("ges", {"a"}),
        ("Patriot", {"d"}),
        ("Patriotsystem", {"d"}),
        ("Strasse", {"d"}),
        ("eu", {"d"}),
        ("quatsch", set()),
    ],
)
def test_the_archive_finds_parts_of_words_however_they_are_typed(words: str, found: set[str], held: Index) -> None:
    assert set(holdings(held, words, Filters()).ids or ()) == found


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("held")
    texts = {
        "a": "Rheinbrücke gesperrt.",
        "b": "Zinsen steigen.",
        "c": "Brücken und Zinsen.",
        "d": "Patriot-Systeme an der Straße, sagt die EU.",
    }
    lines = [json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items()]
    (folder / "c.jsonl").write_text("".join(lines), "utf-8")
    build(folder / "c.jsonl", folder / "index", load_encoder())
    return open_index(folder / "index")


def test_of_a_large_archive_only_what_is_shown_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        json.dumps({"_id": f"{n}", "text": f"Meldung {n}.", "published": f"20{n % 20 + 10}-05-01"}) for n in range(200)
    ]
    (tmp_path / "c.jsonl").write_text("\n".join(lines), "utf-8")
    build(tmp_path / "c.jsonl", tmp_path / "index", load_encoder())
    index = open_index(tmp_path / "index")
    read, rows = Store._rows, []
    monkeypatch.setattr(Store, "_rows", lambda *given: rows.append(found := read(*given)) or found)
    held = holdings(index, "", Filters())
    assert (held.count, len(held.months), len(first(index, held, Filters(), 20))) == (200, 20, 20)
    assert sum(map(len, rows)) <= 20 + len(held.months)


def test_an_article_knows_the_questions_that_cited_it() -> None:
    shelf = Shelf().changed(Conversation((answer("Wie wird das Wetter?"), answer("Warum keine Patriots?"))))
    assert cited_by(shelf, "bukarest.md") == [
        (0, Place(0, 1), "Wie wird das Wetter?"),
        (0, Place(1, 1), "Warum keine Patriots?"),
    ]
    assert cited_by(shelf, "nirgends.md") == []


# Why this passage? ---------------------------------------------------------------------------------------------------


def test_a_hit_is_explained_beside_the_others() -> None:
    first = replace(hit(BUKAREST), parts={"lexical": 3.0, "grams": 0.5, "meaning": 1.0, "length": -4.0})
    second = replace(hit(HOSTILE), parts={"lexical": 1.0, "grams": 0.5, "meaning": 1.1, "length": -3.0})
    unseen = replace(hit(HOSTILE), parts={"lexical": 90.0})  # not looked at again: its parts are of another kind
    query = understand("Werden Soldaten für Patriots ausgebildet?")
    whole = replace(answer("Warum keine Patriots?"), query=query, hits=(first, second, unseen))
    found = why(whole, "bukarest.md#0")
    assert found
    assert (found.rank, found.found) == (1, 3)
    assert {"soldaten", "patriots", "ausgebildet"} <= {word.lower() for word in found.shared}
    assert found.more == (("words", 3.5 - 1.5), ("length", -4.0 - -3.0))
    said = lines(found, DE)
    assert said[0] == "Unter 3 Stellen, die zur Frage gefunden wurden, steht diese auf Platz 1."
    assert said[2].endswith("(+2,0 Punkte).")
    assert lines(found, EN)[3].endswith("(−1.0 points).")
    assert why(whole, "nirgends#0") is None


def test_each_part_of_a_score_has_its_everyday_words() -> None:
    from rag.rerank import PARTS

    known = [part for parts in GROUNDS.values() for part in parts]
    assert sorted(known) == sorted({*PARTS, "period"})
    assert set(GROUNDS) == set(DE.grounds) == set(EN.grounds)


def test_a_source_says_why_it_was_found(page: AppTest) -> None:
    assert "steht diese auf Platz 1." in drawn(ask(page.run(), "Warum keine Patriots?"))
