"""A quoted sentence brings the neighbour it needs: what it leans on, or who speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.german import sentences
from rag.types import Quote
from rag.wording import is_bare_quotation, joined, leans_back, neighbours, says_the_same, speaker


def quoted(text: str, words: str) -> Quote:
    start = text.index(words)
    return Quote("a.md", "a.md#0", start, start + len(words), words)


@pytest.mark.parametrize(
    "sentence",
    [
        "Er begründete das mit neuen Angriffen.",
        "Damit lässt sich ein Bataillon ausrüsten.",
        "Dazu gehören Radar und Leitstand.",
        "Das ist vorbei.",
        "Das würde noch mehr Zerstörung verursachen.",
        "Das entspricht der Mannschaft einer Batterie.",
        "Diese Grenze ist gewollt.",
        "Ihre Ankunft hatte Kiew am 19. April gemeldet.",
        "Mitglieder sind sie damit noch nicht.",
        "Auch hat er den Vertrag gekündigt.",
        "Geliefert ist noch keine.",
        "Der erste betrifft die Bedienung der Fähre.",
        "Der zweite Grund liegt in den Regeln der Reederei.",
        "„Damit ist niemandem geholfen“, sagte die Ministerin.",
    ],
)
def test_a_sentence_that_points_back_leans(sentence: str) -> None:
    assert leans_back(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Das Land rechnet mit Kosten von 3,2 Millionen Euro.",
        "Das ungarische Parlament stimmte am 27. März zu.",
        "Der zweite Zug fuhr eine Stunde später.",
        "Das neue Konzept nennt Russland eine Bedrohung.",
        "Die NATO zählt weiterhin 30 Staaten.",
        "Es gibt keinen Zeitplan für die Aufnahme.",
        "Stoltenberg sagte, er sehe keine Gefahr.",
        "Die Ministerin nannte es einen Fehler, weil sie dagegen war.",
        "Sieben Staaten stimmten zu.",
        "Die Ukraine bekommt Patriots.",
        "Dieselmotoren bleiben erlaubt und werden teurer.",
    ],
)
def test_a_sentence_that_names_its_things_stands_alone(sentence: str) -> None:
    assert not leans_back(sentence)


SPEECH = (
    "Der Bürgermeister zeigte sich erleichtert. „Die Brücke ist sicher.“ Das sagte Bauleiterin Kern am Montag. Danach "
    "fuhr der erste Bus.\nFährmann Ott war anderer Meinung: „Ich traue den Seilen nicht. Sie sind alt. Niemand prüft "
    "sie.“ Die Stadt widersprach ihm nicht."
)


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("„Die Brücke ist sicher.“", "Das sagte Bauleiterin Kern am Montag."),
        ("Niemand prüft sie.“", "Die Stadt widersprach ihm nicht."),
        ("Sie sind alt.", None),  # neither neighbour says who speaks
    ],
)
def test_bare_words_of_somebody_take_the_neighbour_with_the_speaker(words: str, needed: str | None) -> None:
    quote = quoted(SPEECH, words)
    assert is_bare_quotation(SPEECH, quote)
    found = speaker(SPEECH, quote, *neighbours(SPEECH, quote))
    assert (found.text if found else None) == needed


def test_words_with_their_speaker_are_not_bare() -> None:
    for text in ('"Das reicht nicht", sagte Kern.', "„Das reicht nicht“, sagte Kern.", "Kern nannte das „Unfug“."):
        assert not is_bare_quotation(text, quoted(text, text))
    plain = 'Er sagte: "Das reicht nicht." Dann ging er.'
    assert not is_bare_quotation(plain, quoted(plain, "Dann ging er."))
    assert is_bare_quotation('Er rief: "Halt! Wer da?" Dann ging er.', quoted('Er rief: "Halt! Wer da?"', 'Wer da?"'))


def test_neighbours_stand_on_the_same_line() -> None:
    text = "Eins steht hier. Zwei folgt danach.\nDrei beginnt neu."
    before, after = neighbours(text, quoted(text, "Zwei folgt danach."))
    assert before
    assert before.text == "Eins steht hier."
    assert after is None
    assert neighbours(text, quoted(text, "Drei beginnt neu.")) == (None, None)


@given(st.text(st.sampled_from('Ab cd. „“"»«!?\n1'), max_size=200))
def test_neighbours_and_joins_stand_in_the_text(text: str) -> None:
    for start, end in sentences(text):
        quote = Quote("a", "a#0", start, end, text[start:end])
        is_bare_quotation(text, quote)
        for neighbour in neighbours(text, quote):
            if neighbour:
                assert text[neighbour.start : neighbour.end] == neighbour.text
                assert neighbour.end <= start or end <= neighbour.start
                both = joined(text, quote, neighbour)
                assert text[both.start : both.end] == both.text
                assert "\n" not in both.text


def test_a_denial_is_another_statement() -> None:
    assert says_the_same("Die Brücke bleibt bis Juni gesperrt.", "Bis Juni bleibt die Brücke bei Neuwied gesperrt.")
    assert not says_the_same("Die Ukraine bekommt Patriots.", "Patriots bekommt die Ukraine nicht.")
