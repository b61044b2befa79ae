"""What articles of different dates say differently stands by date, what is so now first."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rag.assistant import Assistant
from rag.types import Answer, Filters


def told(answer: Answer) -> list[tuple[str, str]]:
    """The claims of an answer with the dates of their articles."""
    day = {citation.number: citation.published for citation in answer.citations}
    return [(str(day[claim.citations[0]]), claim.text) for claim in answer.claims]


@pytest.fixture(scope="module")
def demo(demo_index: Path, open_assistant: Callable[[Path], Assistant]) -> Assistant:
    return open_assistant(demo_index)


@pytest.mark.parametrize(
    ("question", "entries"),
    [
        (
            "Bekommt die Ukraine Patriots?",
            {
                "2022-11-30": "Wir brauchen Patriots",
                "2022-12-21": "Die Ukraine bekommt Patriots.",
                "2023-04-20": "stehen Patriots auf ukrainischem Boden",
            },
        ),
        ("Wie viele Mitglieder hat die NATO?", {"2022-05-18": "30 Mitglieder", "2023-04-04": "31 Mitglieder"}),
        ("Wie hoch ist der Leitzins der EZB?", {"2022-07-21": "halben Prozentpunkt", "2023-09-14": "4,5 Prozent"}),
        (
            "Sind die Atomkraftwerke abgeschaltet?",
            {"2023-03-01": "spätestens am 15. April", "2023-04-16": "läuft kein Atomkraftwerk mehr"},
        ),
        ("Wie hoch ist der Mindestlohn?", {"2022-10-01": "10,45 Euro", "2023-01-01": "zwölf Euro"}),
    ],
)
def test_what_changed_is_told_by_date(demo: Assistant, question: str, entries: dict[str, str]) -> None:
    answer = demo.ask(question)
    found = told(answer)
    assert answer.timeline
    assert [day for day, _ in found] == sorted({day for day, _ in found}, reverse=True)
    assert len(found) <= 4
    assert sum(len(text.split()) for _, text in found) <= 90
    for day, words in entries.items():
        assert words in dict(found)[day]


@pytest.mark.parametrize(
    "question",
    [
        "Warum keine Patriots für die Ukraine?",  # reasons do not change from day to day
        "Was kostet das Deutschlandticket?",  # one article tells it
        "Wie stark hat DART den Asteroiden abgelenkt?",
        "Auf welchem Schloss starb Königin Elizabeth II.?",  # what happened does not change
        "Wann wurde der Mindestlohn eingeführt?",
        "Galt das 9-Euro-Ticket auch im ICE?",
    ],
)
def test_what_one_article_tells_is_no_timeline(demo: Assistant, question: str) -> None:
    answer = demo.ask(question)
    assert answer.status == "answered"
    assert not answer.timeline


def test_every_entry_tells_a_number_where_one_is_asked_for(demo: Assistant) -> None:
    entries = told(demo.ask("Wie viele Mitglieder hat die NATO?"))
    assert len(entries) > 1
    assert all(re.search(r"\b3[01]\b", text) for _, text in entries), entries


def test_one_day_is_no_timeline(demo: Assistant) -> None:
    day = date(2022, 12, 21)
    answer = demo.ask("Bekommt die Ukraine Patriots?", filters=Filters(since=day, until=day))
    assert not answer.timeline
    assert any(claim.text.startswith("Die Ukraine bekommt Patriots.") for claim in answer.claims)


def test_the_time_of_the_question_bounds_the_timeline(demo: Assistant) -> None:
    days = [day for day, _ in told(demo.ask("Bekam die Ukraine vor 2023 Patriots?"))]
    assert days
    assert all(day < "2023" for day in days)


def test_a_question_for_a_time_alone_gets_how_its_articles_begin(demo: Assistant) -> None:
    answer = demo.ask("Was geschah im Dezember 2022?")
    assert (answer.status, answer.message) == ("answered", "Das steht im Archiv aus dieser Zeit:")
    assert all(citation.start == 0 for citation in answer.citations)
    days = [day for day, _ in told(answer)]
    assert len(days) > 2
    assert days == sorted(days)  # what happened is told from its beginning
    assert all(day.startswith("2022-12") for day in days)


def test_of_a_time_without_articles_nothing_is_said(demo: Assistant) -> None:
    answer = demo.ask("Was geschah im Mai 1987?")
    assert (answer.status, answer.message) == ("not_found", "Aus dieser Zeit steht nichts im Archiv.")
