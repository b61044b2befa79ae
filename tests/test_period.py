"""The time that a question names, read against a day that the test sets."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.period import days_away, read_period, tells_of, years
from rag.types import Article, Period

TODAY = date(2023, 5, 17)  # a Wednesday


def days(since: str | None, until: str | None) -> tuple[date | None, date | None]:
    return since and date.fromisoformat(since), until and date.fromisoformat(until)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("Was beschloss die NATO im März 2022?", "2022-03-01", "2022-03-31"),
        ("was geschah im maerz 2022", "2022-03-01", "2022-03-31"),
        ("Wie war der Sommer 2021?", "2021-06-01", "2021-08-31"),
        ("Was kostete Gas im Winter 2022/23?", "2022-12-01", "2023-02-28"),
        ("Was war letzte Woche?", "2023-05-08", "2023-05-14"),
        ("Was sagte Scholz gestern?", "2023-05-16", "2023-05-16"),
        ("Was sagte Scholz vorgestern?", "2023-05-15", "2023-05-15"),
        ("Was ist heute passiert?", "2023-05-17", "2023-05-17"),
        ("Was hat die EZB seit 2021 getan?", "2021-01-01", None),
        ("Wie viele Panzer wurden seit März geliefert?", "2023-03-01", None),
        ("Wer war Kanzler vor 2021?", None, "2020-12-31"),
        ("Bekam die Ukraine vor 2023 Patriots?", None, "2022-12-31"),
        ("Was galt bis Ende 2022?", None, "2022-12-31"),
        ("Welche Nobelpreise wurden 2022 vergeben?", "2022-01-01", "2022-12-31"),
        ("Wer gewann die WM 2022?", "2022-01-01", "2022-12-31"),
        ("Nobelpreise 2022", "2022-01-01", "2022-12-31"),
        ("Was geschah am 30. November 2022?", "2022-11-30", "2022-11-30"),
        ("Was geschah am 30.11.2022?", "2022-11-30", "2022-11-30"),
        ("Was geschah am 30.11.22?", "2022-11-30", "2022-11-30"),
        ("Stand 2022-11-30", "2022-11-30", "2022-11-30"),
        ("Was war am Montag?", "2023-05-15", "2023-05-15"),
        ("Was war am Mittwoch?", "2023-05-10", "2023-05-10"),
        ("Wer gewann am Wochenende?", "2023-05-13", "2023-05-14"),
        ("Was geschah im vergangenen Jahr?", "2022-01-01", "2022-12-31"),
        ("Was geschah in diesem Monat?", "2023-05-01", "2023-05-31"),
        ("Was geschah letzten Monat?", "2023-04-01", "2023-04-30"),
        ("Was geschah in den letzten drei Tagen?", "2023-05-14", "2023-05-17"),
        ("Was geschah vor zwei Jahren?", "2021-01-01", "2021-12-31"),
        ("Was geschah vor zwei Wochen?", "2023-05-01", "2023-05-07"),
        ("Was geschah zwischen März und Mai 2022?", "2022-03-01", "2022-05-31"),
        ("Was geschah von 2019 bis 2021?", "2019-01-01", "2021-12-31"),
        ("Was geschah 2019–2021?", "2019-01-01", "2021-12-31"),
        ("Was geschah Anfang 2022?", "2022-01-01", "2022-05-02"),
        ("Was geschah Ende November 2022?", "2022-11-20", "2022-11-30"),
        ("Was geschah nach dem Gipfel im Juni 2022?", "2022-07-01", None),
        ("Was geschah letzten Sommer?", "2022-06-01", "2022-08-31"),
        ("What happened in March 2022?", "2022-03-01", "2022-03-31"),
        ("What happened last week?", "2023-05-08", "2023-05-14"),
        ("What did Scholz say yesterday?", "2023-05-16", "2023-05-16"),
        ("What has the ECB done since 2021?", "2021-01-01", None),
        ("What happened on November 30, 2022?", "2022-11-30", "2022-11-30"),
        ("What happened on 30 November 2022?", "2022-11-30", "2022-11-30"),
        ("What happened two years ago?", "2021-01-01", "2021-12-31"),
        ("What happened in the last three days?", "2023-05-14", "2023-05-17"),
        ("What happened in the summer of 2022?", "2022-06-01", "2022-08-31"),
    ],
)
def test_a_time_is_read(question: str, since: str | None, until: str | None) -> None:
    period = read_period(question, TODAY)
    assert period is not None
    assert (period.since, period.until) == days(since, until)
    assert period.said in question
    assert not period.yearly


@pytest.mark.parametrize(
    ("question", "near", "far"),
    [
        ("Was geschah am 30. November?", "2021-11-30", "2022-03-30"),
        ("What happened on November 30?", "2022-11-30", "2022-03-30"),
        ("Was geschah im Juni?", "2022-06-15", "2022-08-15"),
        ("Wie heiß war es im Sommer?", "2021-07-01", "2021-12-01"),
        ("Was beschloss die NATO vor dem Gipfel im Juni?", "2022-03-25", "2022-06-30"),
        ("Was geschah nach dem Treffen im Juni?", "2022-09-01", "2022-06-15"),
        ("Wie kalt war es im Winter?", "2022-01-10", "2022-07-10"),
    ],
)
def test_without_a_year_it_is_that_time_of_any_year(question: str, near: str, far: str) -> None:
    period = read_period(question, TODAY)
    assert period is not None
    assert period.yearly
    assert days_away(date.fromisoformat(near), period) == 0
    assert days_away(date.fromisoformat(far), period) > 0


def test_the_talk_before_can_give_the_year() -> None:
    period = read_period("Und im April?", TODAY, year=2022)
    assert period is not None
    assert (period.since, period.until, period.yearly) == (*days("2022-04-01", "2022-04-30"), False)


@pytest.mark.parametrize(
    "question",
    [
        "Warum keine Patriots für die Ukraine?",
        "May I ask who won?",
        "Wie viele der 2000 Soldaten kamen zurück?",
        "Hatte die Armee 2000 Panzer?",
        "Lebten vor 2000 Jahren Wölfe hier?",
        "Wer ist Theresa May?",
        "Kostet es 2022,50 Euro?",
        "Was gilt am 31. Februar?",
        "Was wird 2050 sein?",
        "Was schrieb USA Today?",
        "Wann war das?",
        "Wer ist Doris Sommer?",
        "",
    ],
)
def test_no_time_is_read_where_none_is(question: str) -> None:
    assert read_period(question, TODAY) is None


def test_days_away_counts_to_the_nearer_end() -> None:
    period = Period(date(2022, 3, 1), date(2022, 3, 31), "")
    assert [days_away(date(2022, 2, 27), period), days_away(date(2022, 4, 2), period)] == [2, 2]
    assert days_away(date(2019, 1, 1), Period(None, date(2020, 1, 1), "")) == 0
    winter = Period(date(2022, 12, 1), date(2023, 2, 28), "", yearly=True)
    assert days_away(date(2024, 2, 29), winter) == 1
    assert days_away(date(2024, 12, 31), winter) == 0


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Wer gewann die Fußball-WM 2022 in Katar?", {2022}),
        ("Wie stark war das Erdbeben im Februar 2023?", {2023}),
        ("Was geschah zwischen Mai 2014 und 2016?", {2014, 2016}),
        ("Was geschah am 3.2.2022?", {2022}),
        ("Was geschah am 9.11.89?", {1989}),
        ("Was stieg seit 2022, was nach dem Gipfel im Juni 2023 und was bis 2030?", set()),
        ("Wie viele der 2000 Soldaten kamen gestern, am Montag oder im letzten Jahr an?", set()),
    ],
)
def test_the_years_that_a_question_asks_about(question: str, asked: set[int]) -> None:
    assert years(question) == asked


@pytest.mark.parametrize(
    ("text", "published", "tells"),
    [
        ("Die WM 2022 war in Katar.", None, True),
        ("In der Saison 2021/22 stieg Köln auf.", None, True),
        ("Die WM war in Katar.", date(2022, 12, 19), True),
        ("Die WM war in Katar.", date(2023, 1, 3), True),
        ("Die WM war in Katar.", date(2023, 6, 1), False),
        ("Die WM war in Katar, 20220 Leute sahen zu.", None, False),
        ("Die WM war in Katar.", date.min, False),
    ],
)
def test_an_article_tells_of_a_year_that_it_names_or_appeared_in(
    text: str, published: date | None, tells: bool
) -> None:
    assert tells_of(Article("a", "", text, published), frozenset({2022})) is tells


WORDS = (
    "im am seit vor bis nach März Mai Juni Sommer 2022 30. 31. Februar letzte Woche gestern zwei Jahren 99.99.99 und"
)


@given(st.lists(st.sampled_from([*WORDS.split(), "\n", "?", "0", "9999", "²"])).map(" ".join), st.dates())
def test_whatever_is_asked_a_period_runs_forward_and_stands_in_the_question(question: str, today: date) -> None:
    period = read_period(question, today)
    assert all(f"{year % 100:02d}" in question for year in years(question))
    if period:
        assert period.said in question
        assert period.since or period.until
        assert not (period.since and period.until) or period.since <= period.until
        assert days_away(today, period) >= 0
