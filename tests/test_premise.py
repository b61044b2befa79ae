"""What a question takes for granted is not agreed with where an article denies it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.premise import Premise

DENIED = "Das Archiv sagt etwas anderes, als die Frage annimmt:"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "Warum hat die NATO die Zone eingerichtet?",
            "Eine solche Zone lehnt die NATO ab, weil sie nicht kämpfen will.",
        ),
        ("Wann hat der Rat die Brücke gesperrt?", "Gesperrt hat der Rat die Brücke nicht."),
        ("Wie viele Truppen hat das Bündnis geschickt?", "Eigene Truppen schickt das Bündnis nicht."),
        ("Warum verzichtet der Minister auf Kohle?", "Der Minister verzichtet auf Kohle nicht, das Land schon."),
        (
            "Wer hat die Fähre verkauft?",
            "Die Stadt dementiert, dass die Fähre verkauft ist, und die Fähre verkauft niemand.",
        ),
    ],
)
def test_a_refusal_or_a_denied_verb_is_a_denial(question: str, sentence: str) -> None:
    premise = Premise(question)
    denied = "verzichtet" not in question  # that question refuses something itself
    assert premise.denied_by(sentence) == denied


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Warum ist die Brücke gesperrt?", "Die Brücke trägt nicht mehr."),
        ("Warum stiegen die Preise?", "Weil kein Gas floss, stiegen die Preise."),
        ("Warum keine Patriots für die Ukraine?", "Die Ukraine bekommt keine Patriots."),
        ("Warum lehnt die NATO die Zone ab?", "Die NATO lehnt die Zone ab."),
        ("Wann kam die Fähre an?", "Der Bus kam nicht an."),
        ("Was sagt Scholz?", "Bisher hatte Scholz die Lieferung abgelehnt."),
        ("Was sagt die Kanzlerin zu Kohle?", "Die Kanzlerin lehnt Kohle ab."),
        ("Warum?", "Das lehnt sie ab."),
        ("", "Nicht so."),
    ],
)
def test_another_negation_is_none(question: str, sentence: str) -> None:
    assert not Premise(question).denied_by(sentence)


@given(st.text(), st.text())
def test_any_words_can_be_compared(question: str, sentence: str) -> None:
    premise = Premise(question)
    assert not (premise.denied_by(sentence) and premise.affirmed_by(sentence))


@pytest.fixture(scope="module")
def demo(demo_index: Path, open_assistant: Callable[[Path], Assistant]) -> Assistant:
    return open_assistant(demo_index)


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        ("Warum hat die NATO die Flugverbotszone eingerichtet?", "Eine Flugverbotszone lehnt die NATO weiterhin ab"),
        ("Wie viele Truppen hat die NATO geschickt?", "Eigene Truppen schickt die NATO nicht."),
    ],
)
def test_the_archive_contradicts_a_false_premise(demo: Assistant, question: str, lead: str) -> None:
    answer = demo.ask(question)
    assert (answer.status, answer.message) == ("answered", DENIED)
    assert answer.claims[0].text.startswith(lead)


@pytest.mark.parametrize(
    "question",
    [
        "Wann hat Deutschland Patriots zugesagt?",  # refused in December, promised in January
        "Warum keine Patriots für die Ukraine?",
        "Warum lehnt die NATO eine Flugverbotszone ab?",
        "Wann trat Finnland der NATO bei?",
        "Warum hat die EZB die Zinsen erhöht?",
    ],
)
def test_a_true_premise_is_not_contradicted(demo: Assistant, question: str) -> None:
    assert demo.ask(question).message != DENIED


def test_what_no_article_speaks_of_is_not_answered(demo: Assistant) -> None:
    answer = demo.ask("Warum liegt Prag am Meer?")
    assert answer.status in ("nearest", "not_found")
    assert "Prag" in answer.message
