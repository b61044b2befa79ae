"""The same report in several outlets is one source, with the others named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import write_article

from rag.assistant import assemble
from rag.citations import verify
from rag.copies import also_in, originals, runs, share
from rag.encoder import StaticEncoder
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.types import Article, Draft, DraftClaim, Hit, Passage, Query, Quote

REPORT = (
    "Die Rheinbrücke bei Neuwied bleibt bis Ende Juni gesperrt, weil Ingenieure Risse in zwei Tragseilen entdeckt "
    "haben. "
    "Pendler weichen auf die Fähre aus. Das Land rechnet mit Kosten von 3,2 Millionen Euro."
)


def hit(name: str, text: str, source: str | None = None) -> Hit:
    return Hit(Article(name, f"Titel {name}", text, source=source), Passage(f"{name}#0", name, 0, len(text), text), 1.0)


def test_a_share_is_counted_in_runs_of_four_words() -> None:
    assert len(runs("Eins zwei drei vier fünf")) == 5 - 4 + 1
    assert runs("eins zwei drei vier") < runs("Eins zwei drei vier fünf")
    assert share(runs("eins zwei drei vier"), runs("Eins zwei drei vier fünf")) == 1
    assert share(runs("Eins zwei drei vier fünf"), runs("eins zwei drei vier")) == 1 / 2
    assert runs("") == frozenset()


def test_copies_of_a_better_hit_are_left_out_and_own_reports_stay() -> None:
    copy = hit("b", f"Neuwied (dpa). {REPORT} Weitere Meldungen folgen.")
    other = hit("c", "Die Rheinbrücke ist gesperrt. Der Bürgermeister bat um Geduld und lobte die Fährleute am Abend.")
    first = hit("a", REPORT)
    assert originals([first, copy, other]) == [first, other]
    assert originals([first, hit("a", REPORT)]) == [first, hit("a", REPORT)]  # of one article: no copy


def test_also_in_names_where_the_quote_stands_too() -> None:
    hits = [
        hit("a", REPORT, "Bote"),
        hit("b", f"(dpa) {REPORT}", "Blatt"),
        hit("c", f"{REPORT} Mehr."),
        hit("d", "Nein."),
    ]
    quote = REPORT.split(". ")[0] + "."
    assert also_in(quote, hits[0].article, hits) == ("Blatt", "Titel c")
    assert also_in("Das reicht nicht.", hits[0].article, hits) == ()


def test_an_outlet_is_no_other_than_itself() -> None:
    hits = [hit("a", REPORT, "Bote"), hit("morgens", f"Neuwied. {REPORT}", "Bote"), hit("c", REPORT, "Kurier")]
    assert also_in(REPORT, hits[0].article, hits) == ("Kurier",)


def test_an_answer_quotes_an_agency_report_once(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, lead, source in (("a.md", "", "Rheinbote"), ("b.md", "Neuwied. ", "Tagblatt"), ("c.md", "", "Kurier")):
        write_article(corpus, name, "Rheinbrücke gesperrt", f"{lead}{REPORT}", "2023-04-12", source)
    build(corpus, tmp_path / "index", encoder)
    assistant = assemble(open_index(tmp_path / "index", stamp(encoder)), encoder)
    answer = assistant.ask("Warum ist die Rheinbrücke gesperrt?")
    assert answer.status == "answered"
    assert len({citation.article_id for citation in answer.citations}) == 1
    first = answer.citations[0]
    assert {first.source, *first.also_in} == {"Rheinbote", "Tagblatt", "Kurier"}
    assert len({h.article.article_id for h in answer.hits}) == 3
    assert not answer.timeline


def test_an_answer_names_every_outlet_of_the_report_however_many_they_are(
    tmp_path: Path, encoder: StaticEncoder
) -> None:
    corpus, outlets = tmp_path / "corpus", [f"Blatt {number:02}" for number in range(40)]
    corpus.mkdir()
    for outlet in outlets:
        write_article(corpus, f"{outlet}.md", "Rheinbrücke gesperrt", REPORT, "2023-04-12", outlet)
    build(corpus, tmp_path / "index", encoder)
    answer = assemble(open_index(tmp_path / "index", stamp(encoder)), encoder).ask(
        "Warum ist die Rheinbrücke gesperrt?"
    )
    assert len(answer.hits) < len(outlets)
    for citation in answer.citations:
        assert {str(citation.source), *citation.also_in} == set(outlets)


def test_other_outlets_are_asked_for_once_a_quote_and_never_for_an_article_without_copies() -> None:
    asked: list[tuple[str, str]] = []

    def elsewhere(article_id: str, quote: str) -> tuple[str, ...]:
        asked.append((article_id, quote))
        return ("Kurier",)

    copied, own = hit("a", REPORT, "Bote"), hit("b", "Der Bürgermeister bat um Geduld.", "Tagblatt")
    copied = replace(copied, article=replace(copied.article, report="a"))
    quotes = [
        Quote(h.article.article_id, h.passage.passage_id, 0, len(h.passage.text), h.passage.text) for h in (copied, own)
    ]
    draft = Draft(tuple(DraftClaim(q.text, (q,)) for q in (*quotes, quotes[0])), 0.9, True, "quotes")
    answer = verify(Query("Was?", "Was?"), draft, [copied, own], elsewhere)
    assert [citation.also_in for citation in answer.citations] == [("Kurier",), ()]
    assert asked == [("a", REPORT)]


@pytest.mark.parametrize("text", ["", "?!", "Wort"])
def test_hits_without_runs_are_no_copies(text: str) -> None:
    assert len(originals([hit("a", text), hit("b", text or "x")])) >= 1
