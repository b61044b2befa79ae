"""Numbers and days are the same however German or English writes them, and no other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.facts import days, numbers, same_day, same_number
from rag.types import Language

PUBLISHED = date(2022, 11, 30)  # a Wednesday


def values(text: str, language: Language = "de") -> list[tuple[float, str]]:
    return [(number.value, number.unit) for number in numbers(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19 Milliarden Dollar", [(19e9, "dollar")]),
        ("19 Mrd. USD", [(19e9, "dollar")]),
        ("neunzehn Milliarden US-Dollar", [(19e9, "dollar")]),
        ("2,5 bis drei Millionen Euro", [(2.5e6, "euro"), (3e6, "euro")]),
        ("40.000 Soldaten, 4,6 Mrd.", [(40_000, ""), (4.6e9, "")]),
        ("ein 17-jähriger Lehrling, zweitägig", [(17, ""), (2, "")]),
        ("einundzwanzig von dreihundert", [(21, ""), (300, "")]),
        ("ein Mann und eine Frau", []),
        ("eine Milliarde Planeten", [(1e9, "")]),
        ("im dritten Quartal, als Vierter", [(3, ""), (4, "")]),
        ("minus 162 Grad, 0,5 Prozentpunkte", [(162, "degree"), (0.5, "%")]),
        ("soll sich verdreifachen", [(3, "")]),
    ],
)
def test_german_numbers(text: str, expected: list[tuple[float, str]]) -> None:
    assert values(text) == expected


def test_english_numbers() -> None:
    assert values("$1.85 billion for eleven towns, 1,500 soldiers, 21 percent", "en") == [
        (1.85e9, "dollar"),
        (11, ""),
        (1500, ""),
        (21, "%"),
    ]


def test_scores_are_one_number() -> None:
    (won,), (lost,), (other,) = (numbers(text) for text in ("gewann 2:1", "verlor 1:2", "das 2:1"))
    assert same_number(won, other)
    assert not same_number(won, lost)


def test_a_unit_may_be_missing_but_not_differ() -> None:
    (euro,), (dollar,), (bare,) = (numbers(text) for text in ("5 Euro", "5 Dollar", "5"))
    assert same_number(euro, bare)
    assert not same_number(euro, dollar)


def test_only_a_number_that_is_said_to_be_rough_may_be_rounded() -> None:
    (exact,) = numbers("33.900 Schüler")
    assert same_number(numbers("rund 34.000 Schüler")[0], exact)
    assert not same_number(numbers("34.000 Schüler")[0], exact)
    assert not same_number(numbers("rund 39.300 Schüler")[0], exact)


@given(st.integers(2, 10**9), st.integers(2, 10**9))
def test_two_numbers_are_the_same_only_if_they_are(one: int, other: int) -> None:
    (a,), (b,) = numbers(f"{one:,} Tonnen".replace(",", ".")), numbers(f"{other} Tonnen")
    assert same_number(a, b) == (one == other)


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)))
def test_a_date_is_read_from_every_way_to_write_it(day: date) -> None:
    months = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
    english = "January February March April May June July August September October November December".split()
    ways = [
        f"am {day.day}. {months[day.month - 1]} {day.year}",
        f"am {day.day:02}.{day.month:02}.{day.year}",
        day.isoformat(),
        f"on {day.day} {english[day.month - 1]} {day.year}",
        f"on {english[day.month - 1]} {day.day}, {day.year}",
    ]
    for way in ways:
        assert [(d.day, d.month, d.year) for d in days(way)] == [(day.day, day.month, day.year)], way


def test_a_weekday_is_the_last_one_before_publication() -> None:
    (tuesday,), (date_of_it,), (later,) = days("am Dienstag"), days("am 29. November 2022"), days("am 6. Dezember")
    assert same_day(date_of_it, tuesday, PUBLISHED)
    assert same_day(tuesday, date_of_it, PUBLISHED)
    assert not same_day(later, tuesday, PUBLISHED)
    assert not same_day(date_of_it, tuesday, None)  # without a date of publication nobody knows


@given(st.integers(1, 400))
def test_another_day_is_another_day(shift: int) -> None:
    (there,) = days(PUBLISHED.isoformat())
    (claimed,) = days((PUBLISHED + timedelta(days=shift)).isoformat())
    assert not same_day(claimed, there, PUBLISHED)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for fact in (*numbers(text), *numbers(text, "en"), *days(text)):
        assert 0 <= fact.start < fact.end <= len(text)
