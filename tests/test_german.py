"""Words, stems, grams and sentences of German text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.german import clean_characters, fold, grams, sentences, stems, words

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


@given(st.text())
def test_clean_characters_is_idempotent(text: str) -> None:
    once = clean_characters(text)
    assert clean_characters(once) == once


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


def test_grams_find_a_word_inside_a_compound() -> None:
    assert grams("Größe ab") == ["gros", "ross", "osse", "ab"]
    assert set(grams("Raketenabwehr")) <= set(grams("Raketenabwehrsysteme"))


@given(st.text())
def test_analysis_gives_terms_without_blanks(text: str) -> None:
    assert all(term and not any(c.isspace() for c in term) for term in stems(text) + grams(text))
