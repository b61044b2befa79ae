"""Names are told from other words, and from other names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.proper_names import BUNDLED, WORDS, is_ordinary, names, same_name, unified
from rag.training.words import Recipe, ordinary


def found(text: str) -> list[str]:
    return [name.text for name in names(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Der ukrainische Außenminister Dmytro Kuleba war in Bukarest.",
            ["ukrainische", "Dmytro", "Kuleba", "Bukarest"],
        ),
        ("Die Behörden warnten am Montag vor Hochwasser.", []),
        ("Bundeskanzler Kern sprach.", ["Kern"]),  # an ordinary word, but for the office before it
        ("Der Kern der Sache ist klein.", []),
        ("Die NATO und das iPhone kosten 5 Euro.", ["NATO", "iPhone"]),
        ("Flugabwehrraketen fehlen.", []),
        ("Auf Karl V. folgte Philipp.", ["Karl", "V", "Philipp"]),
        ("", []),
    ],
)
def test_names_in_a_text(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("claimed", "there"),
    [
        ("Kulebas", "Kuleba"),
        ("ukrainische", "Ukraine"),
        ("Ukrainer", "ukrainischen"),
        ("Wiener", "Wien"),
        ("Germany", "Deutschland"),
        ("polnische", "Polen"),
        ("Russland", "Moskau"),  # who speaks for it
        ("Selenskyj", "Zelensky"),
    ],
)
def test_one_name_in_other_forms(claimed: str, there: str) -> None:
    assert same_name(claimed, there)


@pytest.mark.parametrize(
    ("claimed", "there"),
    [
        ("Kuleba", "Selenskyj"),
        ("Moskau", "Russland"),
        ("Polen", "Ukraine"),
        ("USA", "NATO"),
        ("Messi", "Suárez"),
        ("EU", "Euro"),
    ],
)
def test_other_names_are_other_names(claimed: str, there: str) -> None:
    assert not same_name(claimed, there)


def test_names_of_several_words_become_one() -> None:
    assert unified("die Europäische Zentralbank und die Vereinigten Staaten") == "die EZB und die USA"


@given(st.text(max_size=100))
def test_any_text_can_be_searched_for_names(text: str) -> None:
    assert all(text[name.start : name.end] == name.text for name in names(text))


def test_ordinary_words_are_counted_from_texts() -> None:
    texts = [
        "Es war ein Hund. Dort lief kein Hund.",
        "Wir sahen zwei Hunde und auch Bello.",
        "Dann bellte Bello laut.",
    ] * 3
    learned = ordinary(texts, Recipe(counted=3, lower=3))
    assert "hund" in learned
    assert "bello" not in learned
    assert {"bellt", "laut"} <= set(learned)


def test_the_bundled_list_knows_everyday_words_and_no_ministers() -> None:
    assert (BUNDLED / WORDS).stat().st_size < 500_000
    assert all(is_ordinary(word) for word in ("Haus", "Regierungen", "Bahnhof", "schnell"))
    assert not any(is_ordinary(word) for word in ("Selenskyj", "Kuleba", "Stoltenberg", "Bukarest"))
