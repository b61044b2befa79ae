"""A question becomes self-contained, and only when it refers back."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question import MAX_QUESTION, language, turns, understand
from rag.types import Period, Turn

TODAY = date(2022, 12, 24)
PATRIOTS = (Turn("Warum bekommt die Ukraine keine Patriots?"),)


@pytest.mark.parametrize(
    "question", ["Und was sagt Deutschland dazu?", "Wann war das?", "Warum?", "Wie groß sind die jeweils?", "And why?"]
)
def test_a_question_that_refers_back_takes_the_topic_along(question: str) -> None:
    standalone = understand(question, PATRIOTS).standalone
    assert standalone.startswith(question)
    assert "Patriots" in standalone
    assert "Ukraine" in standalone


@pytest.mark.parametrize(
    "question",
    [
        "Wie hoch ist der Mindestlohn?",
        "Wann wurde Boris Pistorius Verteidigungsminister?",
        "Warum hat die EZB die Zinsen erhöht?",
        "Wer gewann die Präsidentschaftswahl in Brasilien?",
        "Wer ist Verteidigungsminister?",
        "Mindestlohn",
    ],
)
def test_a_fresh_question_drags_nothing_along(question: str) -> None:
    assert understand(question, PATRIOTS * 5).standalone == question


def test_a_chain_of_follow_ups_keeps_its_topic() -> None:
    first = understand("Und was sagt Deutschland dazu?", PATRIOTS)
    second = understand("Und wann?", (*PATRIOTS, Turn(first.question, first.standalone)))
    assert "Patriots" in second.standalone
    assert "Deutschland" in second.standalone


def test_without_history_nothing_is_added() -> None:
    assert understand("Wann war das?").standalone == "Wann war das?"


def test_language() -> None:
    assert language("Why does Ukraine not get Patriots?") == "en"
    assert language("Warum keine Patriots für die Ukraine?") == "de"
    assert language("Patriots Ukraine") == "de"


def test_an_english_question_is_searched_for_in_german_too() -> None:
    query = understand("Why is the bridge closed?")
    assert query.standalone == "Why is the bridge closed?"
    assert "brücke" in query.translation.split()
    assert query.searched.startswith(query.standalone)
    assert understand("Warum ist die Brücke gesperrt?").translation == ""
    assert "der" not in understand("What of the war?").translation.split()


def test_a_time_is_read_where_there_is_a_today() -> None:
    assert understand("Was beschloss die NATO im März 2022?").period is None
    period = understand("Was beschloss die NATO im März 2022?", today=TODAY).period
    assert period == Period(date(2022, 3, 1), date(2022, 3, 31), "März 2022")


def test_words_told_from_today_are_not_searched_for() -> None:
    query = understand("Was sagte Scholz gestern zu Patriots?", today=TODAY)
    assert query.standalone == "Was sagte Scholz gestern zu Patriots?"
    assert query.searched == "Was sagte Scholz zu Patriots?"
    assert "März" in understand("Was geschah im März 2022?", today=TODAY).searched


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("Hallo, ich wüsste gern: Was kostet das Ticket? Danke!", "Was kostet das Ticket?"),
        ("Guten Tag! Können Sie mir bitte sagen, wer Kanzler ist? Vielen Dank.", "wer Kanzler ist?"),
        ("Hi Beleg, was kostet das Ticket", "was kostet das Ticket"),
        ("Wer sagte danke zu Kuleba?", "Wer sagte danke zu Kuleba?"),
        ("Was macht Guten Morgen Deutschland?", "Was macht Guten Morgen Deutschland?"),
        ("Hallo", ""),
        ("Und wer ist Kanzler?", "wer ist Kanzler?"),
        ("Undine Zimmer?", "Undine Zimmer?"),
    ],
)
def test_courtesies_are_not_searched_for(question: str, searched: str) -> None:
    query = understand(question)
    assert (query.standalone, query.searched) == (question, searched)


def test_a_follow_up_keeps_the_time_of_the_talk_or_brings_its_own() -> None:
    history = turns(["Was beschloss die NATO im März 2022?"], partial(understand, today=TODAY))
    kept = understand("Und was sagte Stoltenberg dazu?", history, today=TODAY).period
    assert kept == history[0].period
    moved = understand("Und im April?", history, today=TODAY)
    assert moved.period == Period(date(2022, 4, 1), date(2022, 4, 30), "April")
    assert "NATO" in moved.standalone
    assert "März" not in moved.standalone
    fresh = understand("Wer ist Verteidigungsminister?", history, today=TODAY)
    assert fresh.period is None


FAR = st.sampled_from(["nach dem 9999-12-31", "vor dem 0001-01-01", "von 2020 bis 9999-12-31", "vor 99 Jahren", "9999"])


@given(st.text() | FAR, st.lists((st.text() | FAR).map(Turn), max_size=3), st.dates())
def test_any_text_is_a_question(text: str, history: list[Turn], today: date) -> None:
    query = understand(text, history, today=today)
    assert len(query.question) <= MAX_QUESTION
    assert query.standalone.startswith(query.question)
