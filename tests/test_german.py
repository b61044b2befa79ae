"""Words, stems, grams and sentences of German text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.german import clean_characters, fold, grams, sentences, stem, stems, terms, words

PROJECT = Path(__file__).resolve().parent.parent
HALVES = st.text(st.characters() | st.characters(categories=["Cs"]))  # with halves of characters, as argv may hold
LETTERS = st.text(alphabet='abcdeäöüß .!?\n"„“–1239ABDZ,:()')


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Der 3. Gipfel am 30. Nov. war kurz. Danach reisten alle ab.", 2),
        ("Das Treffen dauerte 2,5 Std. Danach reisten alle ab.", 2),
        ('Er sagte: "Wir brauchen Patriots." Dann ging er.', 2),
        ("„Gut!“, sagte er. „Wie?“ fragte sie.", 2),
        ("George W. Bush sprach mit Dr. Müller u. a. über z. B. Gas.", 1),
        ("Es kostet 19 Mrd. Euro. Mehr als gedacht.", 2),
        ("Es war 1998. Danach kam er.", 2),
        ("Am 24. Februar begann es.", 1),
        ("Sie siegten 3:2. Tore fielen spät.", 2),
        ("Er kam am 5. Der Rest blieb.", 2),
        ("Wirklich? Ja! Nun …", 3),
        ("Zeile eins\nZeile zwei", 2),
        ("Die Feier ist am 30. Nov. Die Gäste kommen.", 2),
        ("Kap. 4 und Abs. 2 gelten, vgl. Art. 5 GG.", 1),
        ("(Er kam.) Sie ging.", 2),
    ],
)
def test_sentences_of_news(text: str, expected: int) -> None:
    assert len(cut(text)) == expected, cut(text)


def test_a_place_line_is_no_part_of_the_sentence() -> None:
    assert cut("Wien – Die Stadt wächst. Ein Mann – Vater von drei Kindern – lief.") == [
        "Wien –",
        "Die Stadt wächst.",
        "Ein Mann – Vater von drei Kindern – lief.",
    ]


@given(LETTERS)
def test_sentences_hold_every_character_once(text: str) -> None:
    spans = sentences(text)
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in zip(spans, spans[1:], strict=False))
    assert "".join(text[start:end] for start, end in spans).replace(" ", "") == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)


def test_long_lines_are_cut_in_linear_time() -> None:
    line = "Das ist ein Satz mit Text. " * 40_000
    assert len(sentences(line)) == 40_000


@pytest.mark.parametrize("tail", ["x", "'x", "”“”x"])
def test_a_line_of_stops_is_cut_in_linear_time(tail: str) -> None:
    code = f"from rag.german import sentences; assert len(sentences('.' * 300_000 + {tail!r} + '…!?' * 100_000)) == 1"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=PROJECT)  # square time: half an hour


@given(HALVES)
@example("u\u200b\u0308ber")
@example("\r\u200b\n")
def test_clean_characters_is_idempotent(text: str) -> None:
    once = clean_characters(text)
    assert clean_characters(once) == once


@given(HALVES)
@example("a\ud800b")
def test_clean_characters_can_be_encoded(text: str) -> None:
    clean_characters(text).encode("utf-8")


def test_clean_characters_leaves_no_half_of_a_character() -> None:
    assert clean_characters("Br\udcfccke") == "Br\ufffdcke"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_clean_characters_knows_every_line_end_and_glues_no_words(end: str) -> None:
    assert clean_characters(f"Rat{end}Haus") == "Rat\nHaus"


def test_clean_characters_makes_one_blank_of_every_other() -> None:
    assert clean_characters("Rat\x1f\u3000\tHaus") == "Rat Haus"


def test_clean_characters_removes_what_cannot_be_seen() -> None:
    assert clean_characters("\ufeffU\u0308ber\u00adgang\u00a0 jetzt\r\nda\x00") == "Übergang jetzt\nda"


def test_words_keep_numbers_whole() -> None:
    assert words("19,5 Mrd. am 24.12. um 20:15 Uhr: COP27!") == [
        "19,5",
        "Mrd",
        "am",
        "24.12",
        "um",
        "20:15",
        "Uhr",
        "COP27",
    ]


def test_stems_join_inflected_forms() -> None:
    assert stems("Häuser Hauses") == ["haus", "haus"]
    assert fold("Größe") == fold("GRÖSSE") == "grosse"


def test_foreign_plurals_and_genitives_lose_their_s() -> None:
    assert stems("Fotos Autos Kameras Handys Profis Obamas") == ["foto", "auto", "kamera", "handy", "profi", "obama"]
    assert stems("Preis Haus Kreis Basis") == ["preis", "haus", "kreis", "basi"]
    assert len(set(stems("Eis Ei Mais Mai Reis Rei Gas Bus"))) == 8


def test_a_word_with_hyphens_meets_the_one_without() -> None:
    assert stems("Corona-Krise") == ["corona", "kris", "coronakri"]
    assert stems("Coronakrise")[0] in stems("die Corona-Krise")
    assert stems("15-jährige")[-1:] == stems("15jährige")


def test_letters_that_carry_a_stroke_lose_it() -> None:
    assert fold("Wałęsa Ørsted Đinđić") == "walesa orsted dindic"


def test_grams_find_a_word_inside_a_compound() -> None:
    assert grams("Größe ab") == ["gros", "ross", "osse", "ab"]
    assert set(grams("Raketenabwehr")) <= set(grams("Raketenabwehrsysteme"))


@given(HALVES)
@example("ﾞ")
@example("ﷺ")
@example("a ﾞ ﷺ b")
def test_analysis_gives_terms_without_blanks(text: str) -> None:
    assert all(term and not any(c.isspace() for c in term) for term in stems(text) + grams(text))
    assert stems(text)[: len(terms(text))] == [stem(term) for term in terms(text)]
