"""What kind of answer a question expects, and which sentences hold one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.expected import Expected
from rag.ranker import overview


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Was kostet das Deutschlandticket?", "money"),
        ("Wie viel Geld bekam der Sieger?", "money"),
        ("Wie viele Zuschauer kamen ins Stadion?", "count"),
        ("Wie hoch ist der Turm?", "measure"),
        ("Wie lange dauerte die Sitzung?", "span"),
        ("Welcher Anteil der Wähler blieb zu Hause?", "share"),
        ("Wann beginnt der Gipfel?", "date"),
        ("Wer folgt auf die Präsidentin?", "person"),
        ("Wo fand der Gipfel statt?", "place"),
        ("Warum trat der Minister zurück?", "reason"),
        ("Was sagte die Kanzlerin zum Haushalt?", "speech"),
        ("Was ist ein Patriot-System?", ""),
        ("Kommt die Steuer?", ""),
        ("Wie begründete die Firma, dass sie nicht zahlte?", ""),
    ],
)
def test_the_question_tells_what_it_expects(question: str, kind: str) -> None:
    assert Expected(question).kind == kind


@pytest.mark.parametrize(
    ("question", "holds", "lacks"),
    [
        ("Was kostet das Ticket?", "Es kostet 49 Euro im Monat.", "Es gilt seit Mai 2023 im Nahverkehr."),
        ("Was kostet das Ticket?", "Er liegt bei neunundvierzig Euro.", "Über ihn wurde lange gestritten."),
        ("Wann beginnt der Gipfel?", "Er beginnt am 3. Mai.", "Er beginnt mit einer Rede."),
        ("Wann beginnt der Gipfel?", "Er beginnt am Dienstag.", "Drei Länder fehlen."),
        ("Wer folgt auf die Präsidentin?", "Auf sie folgt Mara Winter.", "Die Nachfolge ist offen."),
        ("Wo fand der Gipfel statt?", "Man traf sich in Vilnius.", "Man traf sich im Juli."),
        ("Wie lange dauerte die Sitzung?", "Nach drei Stunden war Schluss.", "Nach dem Streit war Schluss."),
        ("Welcher Anteil blieb zu Hause?", "Ein Drittel blieb zu Hause.", "Viele blieben zu Hause."),
        ("Warum trat er zurück?", "Er ging, weil er krank war.", "Er ging am Montag."),
        ("Wie hoch ist der Turm?", "Er misst 120 Meter.", "Er steht am Fluss."),
    ],
)
def test_a_sentence_holds_the_expected_answer_or_not(question: str, holds: str, lacks: str) -> None:
    expected = Expected(question)
    assert expected.held(holds) == 1
    assert expected.held(lacks) == 0


def test_a_count_is_one_of_what_was_asked_for() -> None:
    expected = Expected("Wie viele Zuschauer sahen das Spiel 2015?")
    assert expected.held("Rund 40.000 begeisterte Zuschauer kamen.") == 1
    assert expected.held("Das Spiel endete nach 120 Minuten.") == 0.5
    assert expected.held("Das Spiel war 2015.") == 0
    assert expected.held("Niemand weiß es.") == 0


def test_a_name_that_the_question_knows_is_no_answer() -> None:
    expected = Expected("Wer besiegte Mara Winter?")
    assert expected.held("Mara Winter verlor.") == 0
    assert expected.held("Mara Winter verlor gegen Ida Sommer.") == 1


@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_gets_a_share(question: str, text: str) -> None:
    assert Expected(question).held(text) in (0, 0.5, 1)


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 99))
def test_the_overview_of_any_list_has_one_width_and_does_not_depend_on_its_order(
    count: int, features: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows, scores = rng.normal(size=(count, features)).astype(np.float32), rng.normal(size=count).astype(np.float32)
    order = rng.permutation(count)
    seen = overview(rows, scores)
    assert seen.shape == (4 * features + 9,)
    assert np.allclose(seen, overview(rows[order], scores[order]), atol=1e-5)
