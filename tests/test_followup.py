"""Dialogues over the demo articles: a question that refers back brings its topic along, a fresh one brings nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.encoder import StaticEncoder
from rag.followup import completed, refers_back, topic_words
from rag.index.reader import open_index
from rag.question import turns, understand
from rag.search import HybridSearch, searcher

TODAY = date(2024, 3, 1)
read = partial(understand, today=TODAY)
# Earlier questions, the follow-up, words that come along, words that must not, part of the id of an article it needs.
DIALOGUES = [
    (
        ("Warum bekommt die Ukraine keine Patriots?",),
        "Und was sagt Deutschland dazu?",
        "Patriots Ukraine",
        "",
        "patriot",
    ),
    (("Warum bekommt die Ukraine keine Patriots?",), "Wann war das?", "Patriots Ukraine", "", "bukarest"),
    (("Warum bekommt die Ukraine keine Patriots?",), "Wie viele hat sie denn jetzt?", "Patriots", "", "patriot"),
    (
        ("Welche Verbände stellt die NATO im Osten auf?",),
        "Wie groß sind die jeweils?",
        "NATO Verbände",
        "",
        "sondergipfel",
    ),
    (
        ("Welche Verbände stellt die NATO im Osten auf?", "Wie groß sind die jeweils?"),
        "Und in welchen Ländern?",
        "NATO Verbände",
        "",
        "sondergipfel",
    ),
    (("Was kostet das Deutschlandticket?",), "Seit wann gilt es?", "Deutschlandticket", "", "deutschlandticket"),
    (("Was kostet das Deutschlandticket?",), "Und für Studierende?", "Deutschlandticket", "", "deutschlandticket"),
    (("Was kostet das Deutschlandticket?",), "Gilt das auch im ICE?", "Deutschlandticket", "", "deutschlandticket"),
    (("Was kostet das Deutschlandticket?",), "Wer bezahlt das?", "Deutschlandticket", "", "deutschlandticket"),
    (("Was kostet das Deutschlandticket?",), "Wie war es davor?", "Deutschlandticket", "", "deutschlandticket"),
    (("Wann trat Finnland der NATO bei?",), "Und Schweden?", "NATO Schweden", "", "finnland"),
    (("Wann trat Finnland der NATO bei?",), "Warum hat die Türkei so lange gewartet?", "NATO", "", "finnland"),
    (("Wann trat Finnland der NATO bei?",), "Wer war dagegen?", "Finnland NATO", "", "finnland"),
    (("Wie stark hat DART den Asteroiden abgelenkt?",), "Wie haben sie das gemessen?", "DART", "", "dart"),
    (("Wie stark hat DART den Asteroiden abgelenkt?",), "Warum macht man so etwas?", "DART", "", "dart"),
    (("Wer wurde Verteidigungsminister?",), "Was hat er vorher gemacht?", "Verteidigungsminister", "", "pistorius"),
    (("Wer wurde Verteidigungsminister?",), "Wen hat er abgelöst?", "Verteidigungsminister", "", "pistorius"),
    (("Wann ist Elizabeth II. gestorben?",), "Wie alt wurde sie?", "Elizabeth", "", "elizabeth"),
    (("Wann ist Elizabeth II. gestorben?",), "Wer folgt ihr nach?", "Elizabeth", "", "elizabeth"),
    (("Wann ist Elizabeth II. gestorben?",), "Wo?", "Elizabeth", "", "elizabeth"),
    (("Warum erhöht die EZB die Zinsen?",), "Um wie viel?", "EZB Zinsen", "", "ezb"),
    (("Warum erhöht die EZB die Zinsen?",), "Was bedeutet das für Sparer?", "EZB Zinsen", "", "ezb"),
    (("Warum erhöht die EZB die Zinsen?",), "Hat das geholfen?", "EZB Zinsen", "", "ezb"),
    (("Was hat die COP27 beschlossen?",), "Und die COP28?", "COP28", "COP27", "cop28"),
    (("Was hat die COP27 beschlossen?",), "Wer zahlt in den Fonds ein?", "", "", "cop27"),
    (("Wer hat den Staudamm zerstört?",), "Welche Folgen hatte das?", "Staudamm", "", "kachowka"),
    (("Wer hat den Staudamm zerstört?",), "Wie viele Menschen waren betroffen?", "Staudamm", "", "kachowka"),
    (
        ("Wann wurden die letzten Atomkraftwerke abgeschaltet?",),
        "Welche waren es?",
        "Atomkraftwerke",
        "",
        "atomausstieg",
    ),
    (("Wann wurden die letzten Atomkraftwerke abgeschaltet?",), "Warum so spät?", "Atomkraftwerke", "", "atomausstieg"),
    (
        ("Wann wurden die letzten Atomkraftwerke abgeschaltet?",),
        "Und was passiert mit dem Müll?",
        "Atomkraftwerke",
        "",
        "atomausstieg",
    ),
    (("Was ist das Bürgergeld?",), "Wie hoch ist es?", "Bürgergeld", "", "buergergeld"),
    (("Was ist das Bürgergeld?",), "Was galt vorher?", "Bürgergeld", "", "buergergeld"),
    (("Why no Patriots for Ukraine?",), "And what did Poland say?", "Patriots", "", "pol"),
    (("Why no Patriots for Ukraine?",), "When did they arrive?", "Patriots", "", "patriot"),
    (("Who is Rishi Sunak?",), "Who did he replace?", "Sunak", "", "sunak"),
    (("Bekam die Ukraine Patriots?",), "Und Leopard-Panzer?", "Ukraine Leopard", "", "leopard"),
    (("Wann endete das Getreideabkommen?",), "Aus welchem Grund?", "Getreideabkommen", "", "getreide"),
    (("Wann endete das Getreideabkommen?",), "Nenne die Gründe.", "Getreideabkommen", "", "getreide"),
    (("Wann endete das Getreideabkommen?",), "Erzähl mir mehr darüber.", "Getreideabkommen", "", "getreide"),
    (("Wann endete das Getreideabkommen?",), "Mehr dazu bitte", "Getreideabkommen", "", "getreide"),
    (("wann endete das getreideabkommen",), "und warum", "getreideabkommen", "", "getreide"),
    (("was kostet das deutschlandticket",), "seit wann gilt das", "deutschlandticket", "", "deutschlandticket"),
    (("Wer bekam den Friedensnobelpreis?",), "Und den für Physik?", "Physik", "", "nobel"),
    (("Was zeigt das Webb-Teleskop?",), "Wie weit ist es entfernt?", "Webb", "", "webb"),
    (("Warum trat Liz Truss zurück?",), "Wie lange war sie im Amt?", "Truss", "", "sunak"),
    (("Was wurde in Montreal vereinbart?",), "Bis wann?", "Montreal", "", "montreal"),
    (("Wie viele Panzer liefert Deutschland?",), "Und die USA?", "Panzer USA", "", "leopard"),
    (("Was beschloss die NATO im März 2022?",), "Und im Juni?", "NATO", "März", "madrid"),
]
LONG_TALK = [
    "Warum bekommt die Ukraine keine Patriots?",
    "Und was sagt Polen dazu?",
    "Wann kamen sie an?",
    "Wo wurden die Soldaten ausgebildet?",
    "Wie lange dauerte das?",
    "Was kostet eine Batterie?",
]
FRESH = [
    "Was kostet das Deutschlandticket?",
    "Wie hoch ist der Mindestlohn?",
    "Wer ist Rishi Sunak?",
    "Wann wurde Cherson befreit?",
    "Wer bekam 2022 den Friedensnobelpreis?",
    "Warum erhöht die EZB die Zinsen?",
    "Welche Folgen hat der Bruch des Kachowka-Damms?",
    "Was ist das Bürgergeld?",
    "Wann ist Elizabeth II. gestorben?",
    "Wie hat die NASA den Asteroiden abgelenkt?",
    "Was beschloss die COP28?",
    "Mindestlohn",
    "Kernfusion Durchbruch",
    "was kostet das deutschlandticket",
    "wie hoch ist der mindestlohn in deutschland",
    "Wer gewann die Wahl in Brasilien?",
    "What did COP28 in Dubai decide?",
    "Who is Rishi Sunak?",
    "Wann landete die Orion-Kapsel?",
    "Ist die Ostsee-Pipeline noch in Betrieb?",
    "Wie funktioniert das LNG-Terminal in Wilhelmshaven?",
    "Und wann wurde Boris Pistorius Verteidigungsminister in Deutschland?",
    "Welche Länder wollen in die EU?",
    "Was sagt die Bundesregierung zum Atomausstieg?",
    "Nenne die Nobelpreisträger für Physik.",
    "Was hat Königin Elizabeth in ihrem letzten Amtsakt getan?",
    "Wie viele Menschen fuhren mit dem 9-Euro-Ticket?",
    "Gibt es ein Abkommen zum Schutz der Natur?",
    "Warum ist das Getreideabkommen gescheitert?",
    "Wie hat das Webb-Teleskop seine ersten Bilder gemacht?",
    "Warum gibt es keine Flugverbotszone?",
]


@pytest.fixture(scope="module")
def search(demo_index: Path, encoder: StaticEncoder) -> HybridSearch:
    return searcher(open_index(demo_index), encoder)


@pytest.mark.parametrize(("before", "question", "along", "not_along", "article"), DIALOGUES)
def test_a_follow_up_finds_its_article(
    search: HybridSearch, before: tuple[str, ...], question: str, along: str, not_along: str, article: str
) -> None:
    query = understand(question, turns(before, read), today=TODAY)
    assert query.standalone.startswith(question)
    assert [word for word in along.split() if word not in query.standalone] == []
    assert [word for word in not_along.split() if word in query.standalone] == []
    found = [hit.article.article_id for hit in search(query)[:3]]
    assert any(article in name for name in found), found


@pytest.mark.parametrize("question", FRESH)
def test_a_fresh_question_after_a_long_talk_drags_no_topic_along(question: str) -> None:
    assert understand(question, turns(LONG_TALK, read), today=TODAY).standalone == question


def test_topic_words_are_names_nouns_and_numbers() -> None:
    assert topic_words("Warum bekommt die Ukraine keine Patriots?") == ["Ukraine", "Patriots"]
    assert topic_words("Bekommt die Ukraine 2 Patriots?") == ["Ukraine", "2", "Patriots"]
    assert topic_words("Patriots Ukraine") == ["Patriots", "Ukraine"]
    assert topic_words("was kostet das deutschlandticket") == ["deutschlandticket"]
    assert topic_words("Bis wann?") == []


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_question_can_follow_any_other(question: str, before: str) -> None:
    assert completed(question, before).startswith(question)
    assert refers_back(question) in (True, False)


PATRIOTS = ("Bekommt die Ukraine Patriots?", "Und was sagt Deutschland dazu?")


@pytest.fixture(scope="module")
def demo(demo_index: Path, open_assistant: Callable[[Path], Assistant]) -> Assistant:
    return open_assistant(demo_index)


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("Und wie viele Mitglieder hat die NATO?", "nato"),
        ("Und was kostet das Deutschlandticket?", "deutschlandticket"),
        ("Und wann wurde Cherson befreit?", "cherson"),
        ("Und der Mindestlohn?", "mindestlohn"),
        ("Aber wer ist Rishi Sunak?", "sunak"),
    ],
)
def test_a_new_topic_behind_an_and_drags_nothing_along(demo: Assistant, question: str, article: str) -> None:
    answer = demo.ask(question, demo.turns(PATRIOTS))
    assert answer.query.standalone == question
    assert answer.status == "answered"
    assert any(article in citation.article_id for citation in answer.citations)


@pytest.mark.parametrize(
    ("before", "question", "along", "article"),
    [
        (PATRIOTS, "Und was sagt Polen dazu?", "Patriots", "pol"),
        (PATRIOTS, "Und Leopard-Panzer?", "Ukraine", "leopard"),
        (("Wann trat Finnland der NATO bei?",), "Und Schweden?", "NATO", "nato"),
        (("Wie viele Leopard 2 liefert Deutschland?",), "Und was verspricht Großbritannien?", "Leopard", "leopard"),
        (("Warum drohte Orbán mit einem Veto?",), "Und wie kam der Beschluss dann zustande?", "Veto", "verhandlungen"),
    ],
)
def test_what_goes_on_with_the_topic_keeps_it(
    demo: Assistant, before: tuple[str, ...], question: str, along: str, article: str
) -> None:
    answer = demo.ask(question, demo.turns(before))
    assert along in answer.query.standalone
    assert article in answer.hits[0].article.article_id


def test_earlier_questions_are_understood_as_they_were_in_the_talk(demo: Assistant) -> None:
    talk = ("Bekommt die Ukraine Patriots?", "Und wie viele Mitglieder hat die NATO?", "Seit wann?")
    assert [turn.standalone for turn in demo.turns(talk)] == [*talk[:2], "Seit wann? (Mitglieder, NATO)"]


def test_a_question_without_a_verb_takes_over_that_of_the_one_before() -> None:
    assert completed("Und Schweden?", "Wann trat Finnland bei?") == "Und Schweden? (trat, Finnland)"
    assert completed("Und was ist mit Schweden?", "Wann trat Finnland bei?").endswith("(trat, Finnland)")
    assert completed("Und wie viele Mitglieder hat sie?", "Wann wuchs die NATO?").endswith("(NATO)")
