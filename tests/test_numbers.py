"""Dates, amounts and units meet however they are written, and nothing else does."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.german import stems
from rag.numbers import plain

SAME = [
    ("19 Milliarden Euro", "19 Mrd. Euro", "19 Mrd. €", "19.000.000.000 Euro", "19 000 Millionen Euro"),
    ("3,2 Millionen", "3,2 Mio.", "3.200.000", "3 200 000", "3,20 Mio"),
    ("1,5 Milliarden", "1,5 Mrd", "1.500 Millionen", "1.500.000.000"),
    ("1,25 Billionen Dollar", "1,25 Bio. Dollar", "1.250 Mrd. USD"),
    ("2,5 Prozent", "2,5 %", "2,5%", "2,50 Prozent"),
    ("400.000 Franken", "400'000 CHF", "400 000 Franken", "400000 Franken", "400 Tsd. Franken", "400 Tausend Franken"),
    ("am 30. November 2022", "am 30.11.2022", "am 30. 11. 2022", "am 30. Nov. 2022", "am 30.11.22", "am 2022-11-30"),
    ("am 3. März 2023", "am 03.03.2023", "am 3. Mär. 2023"),
    ("vom 24. Dezember", "vom 24.12."),
    ("um 20:15 Uhr", "um 20.15 Uhr"),
    ("um 8 Uhr", "um 8.00 Uhr", "um 08:00 Uhr"),
    ("120 Stundenkilometer", "120 km/h", "120 Kilometer pro Stunde", "120 Kilometern in der Stunde"),
    ("50 Kilometer", "50 km"),
    ("2,5 Stunden", "2,5 Std."),
    ("50 Dollar", "50 $", "50 USD"),
    ("circa 30 Grad", "ca. 30 °", "zirka 30°"),
    ("im 19. Jahrhundert", "im 19. Jh."),
    ("600 Quadratmeter", "600 m²"),
]
OTHER = [
    ("19 Milliarden", "19 Millionen"),
    ("1,9 Milliarden", "19 Milliarden"),
    ("400.000", "400"),
    ("83.237.124", "83,2 Millionen"),
    ("am 3. April", "am 4. März"),
    ("2,5 Prozent", "25 Prozent"),
    ("um 20:15 Uhr", "um 20 Uhr"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: str(spellings[0]))
def test_spellings_of_one_thing_have_the_same_terms(spellings: tuple[str, ...]) -> None:
    assert {tuple(stems(spelling)) for spelling in spellings} == {tuple(stems(spellings[0]))}


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_amounts_and_days_stay_apart(one: str, other: str) -> None:
    assert set(stems(one)) != set(stems(other))


@pytest.mark.parametrize(
    "text",
    [
        *("Version 2.3. erschien", "192.168.1.1", "Es stand 3:2.", "31.13.2022", "im Jahr 1999 300 Leute", "007"),
        *("COP27 und G7", "Kapitel 12.5", "der 3. Gipfel", "1998. Danach", "A4-Blatt", "(2019)", "40.02.1999"),
    ],
)
def test_what_is_no_date_and_no_amount_stays(text: str) -> None:
    assert plain(text) == text


@given(st.text(alphabet="0123456789.,: -€%$°MiorTsd'UhkmNv/²ä\n"))
def test_any_text_can_be_written_plainly_and_keeps_its_lines(text: str) -> None:
    assert plain(text).count("\n") == text.count("\n")


@given(st.integers(1_000, 10**15))
def test_marks_for_thousands_do_not_matter(number: int) -> None:
    assert plain(f"{number:,}".replace(",", ".")) == plain(f"{number:,}".replace(",", " ")) == plain(str(number))


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_date_of_digits_has_the_terms_of_the_iso_date(day: date) -> None:
    assert stems(f"am {day:%d.%m.%Y}") == stems(f"am {day.isoformat()}")
