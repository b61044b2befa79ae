"""What Beleg says itself: that it answers, by what, or what it looked for in vain."""

from __future__ import annotations

from datetime import date

import pytest

from rag.messages import message
from rag.question import understand
from rag.types import Filters

TODAY = date(2022, 12, 24)


@pytest.mark.parametrize(
    ("question", "nearest", "not_found"),
    [
        (
            "Wie backe ich einen Käsekuchen mit Quark?",
            "Zu „Käsekuchen“ und „Quark“ steht keine direkte Antwort im Archiv. Am nächsten kommen diese Stellen:",
            "Zu „Käsekuchen“ und „Quark“ steht nichts im Archiv.",
        ),
        (
            "wie viele einwohner hat tokio im märz 2022",
            "Zu „einwohner“ und „tokio“ steht keine direkte Antwort im Archiv. Am nächsten kommen diese Stellen:",
            "Zu „einwohner“ und „tokio“ steht nichts im Archiv.",
        ),
        (
            "What is the capital of Peru?",
            "The archive holds no direct answer about “Peru”. These passages (in German) come closest:",
            "The archive says nothing about “Peru”.",
        ),
        (
            "Warum ist das so?",
            "Eine direkte Antwort steht nicht im Archiv. Am nächsten kommen diese Stellen:",
            "Dazu steht nichts im Archiv.",
        ),
    ],
)
def test_the_message_says_what_was_looked_for(question: str, nearest: str, not_found: str) -> None:
    query = understand(question, today=TODAY)
    assert message(query, "nearest") == nearest
    assert message(query, "not_found") == not_found


def test_the_message_says_what_the_search_was_restricted_to() -> None:
    filters = Filters(since=date(2022, 11, 3), sources=("Bote",))
    assert message(understand("Wo ist Tokio?", filters=filters), "not_found") == (
        "Zu „Tokio“ steht nichts im Archiv (gesucht nur: seit 3.11.2022, Bote)."
    )
    assert message(understand("Where is Tokyo?", filters=filters), "not_found") == (
        "The archive says nothing about “Tokyo” (searched only: since 2022-11-03, Bote)."
    )


def test_many_and_long_words_are_cut() -> None:
    said = message(understand("Alpha Beta Gamma Delta Epsilon Zeta " + "X" * 500), "not_found")
    assert said == "Zu „Alpha“, „Beta“, „Gamma“ und „Delta“ steht nichts im Archiv."
    assert len(message(understand("X" * 900), "not_found")) < 100


@pytest.mark.parametrize("question", ["", "?!…", "„“", "😀🎉"])
def test_without_words_it_asks_for_some(question: str) -> None:
    assert message(understand(question), "not_found") == "Bitte stellen Sie eine Frage in Worten."


def test_an_answer_is_announced_by_its_kind() -> None:
    german, english = understand("Was kostet Gas?"), understand("What does gas cost?")
    assert message(german, "answered") == "Das steht dazu im Archiv:"
    assert message(german, "answered", "timeline") == "Das steht dazu im Archiv, das Neueste zuerst:"
    assert message(english, "answered", "denial").startswith("The archive says otherwise")
