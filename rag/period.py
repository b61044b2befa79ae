"""The time that a question names → a Period to prefer articles by, and the years that what answers it must tell of.

Words like "gestern" are read against the day that the caller gives; a day or month without a year means that of any
year. Knows the calendar, no index: what nearness in time is worth is the search's business.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rag.numbers import full_year
from rag.types import Article, Filters, Period

_DAY = timedelta(days=1)


def _numbers(lines: Iterable[str], first: int) -> Mapping[str, int]:
    """The words of each line, with the number of the line."""
    return {word: number for number, line in enumerate(lines, first) for word in line.split()}


_MONTHS = _numbers(
    (
        *("januar jänner january", "februar feber february", "märz maerz marz march", "april", "mai may", "juni june"),
        *("juli july", "august", "september sept", "oktober october", "november", "dezember december"),
    ),
    1,
)
_SEASONS = _numbers(
    ("frühling frühjahr fruehling fruehjahr spring", "sommer summer", "herbst autumn", "winter"), 1
)  # each begins in the month three times its number
_WEEKDAYS = _numbers(
    (
        *("montag monday", "dienstag tuesday", "mittwoch wednesday", "donnerstag thursday", "freitag friday"),
        *("samstag sonnabend saturday", "sonntag sunday"),
    ),
    0,
)
_COUNTS = _numbers(
    (
        *("ein einem einer eine one a", "zwei two", "drei three", "vier four", "fünf five", "sechs six", "sieben"),
        *("acht eight", "neun nine", "zehn ten"),
    ),
    1,
)
_SIZES = {"tag": 1, "day": 1, "woche": 7, "week": 7, "monat": 30, "month": 30, "jahr": 365, "year": 365}
_NEAR = {"heute": 0, "today": 0, "gestern": 1, "yesterday": 1, "vorgestern": 2}


def _any(name: str, words: Iterable[str]) -> str:
    return f"(?P<{name}>{'|'.join(sorted(words, key=len, reverse=True))})"


_YEAR = r"(?P<year>(?:19|20)\d\d)"
_LAST = r"(?:letzt|vergangen|vorig)e[mnrs]?|last|past|previous"
_WHICH = rf"(?P<which>{_LAST}|diese[mnrs]?|this)"
_COUNT = _any("count", (*_COUNTS, r"\d\d?"))
_SIZE = _any("size", _SIZES) + "(?:en|e|n|s)?"
_PART = r"(?:(?P<part>anfang|mitte|ende|early|mid|late)[ -])?"
_UNITS = tuple(
    re.compile(rf"(?<![\w.,])(?:{pattern})(?!\w|[.,]\d)", re.I)
    for pattern in (
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
        r"(?P<day>\d\d?)\. ?(?P<month>\d\d?)\. ?(?P<year>(?:19|20)?\d\d)",
        rf"(?P<day>\d\d?)(?:\.|st|nd|rd|th)? ?(?:of )?{_any('month', _MONTHS)}(?:,? {_YEAR})?",
        rf"{_any('month', _MONTHS)} (?P<day>\d\d?)(?:st|nd|rd|th)?(?:,? {_YEAR})?",
        rf"{_PART}{_any('month', _MONTHS)}(?: of| des jahres)?(?: {_YEAR})?",
        rf"(?:{_WHICH} )?{_any('season', _SEASONS)}(?: of)?(?: {_YEAR}(?:/\d\d)?)?",
        _any("near", _NEAR),
        rf"(?:in den |in the )?(?:{_LAST}) {_COUNT} {_SIZE}",
        rf"(?P<ago>vor) {_COUNT} {_SIZE}|(?P<back>{'|'.join(_COUNTS)}|\d\d?) (?P<unit>{'|'.join(_SIZES)})s? ago",
        rf"(?:in der |in |im )?{_WHICH} {_SIZE}",
        rf"(?:am|on|{_LAST}) (?:(?:{_LAST}) )?(?:{_any('weekday', _WEEKDAYS)}|(?P<weekend>wochenende|weekend))",
        rf"{_PART}{_YEAR}(?:/\d\d)?",
    )
)
_LEADS = re.compile(
    r"(?:\b(?:im|in|am|an|on|of|vom|von|zum|seit|ab|bis|vor|nach|since|from|until|by|before|after|during|between|to|für|"
    r"zwischen|und|and|dem|den|der|the)|[-–/])\s*$",
    re.I,
)
_YEAR_LEADS = re.compile(r"\b(?:jahre?s?|year|seit|since|im|vor|nach|bis|ab)\s+$", re.I)
_COUNTED = re.compile(r"\s+(?:Jahr|Tag|Stunde|Euro|Dollar|Meter|Kilo|Mensch|Soldat|Person|Tote|Tonne|Mal)")
_EVENT = (
    r"\w*(?:gipfel|treffen|wahl|krieg|angriff|beschluss|konferenz|abstimmung|urteil|sitzung|besuch|entscheidung|"
    r"erhöhung|beitritt|invasion|überfall|abkommen|start|beginn|rücktritt|anschlag|unfall|spiel|summit|meeting|"
    r"election|war|attack|vote|conference|ruling|visit)\w*"
)
_SIDE = re.compile(
    rf"\b(?P<side>seit|ab|since|from|bis|until|by|vor|before|nach|after)\s+(?:(?:dem|den|der|the|zum|zur|jahr)\s+)*"
    rf"(?:{_EVENT}\s+(?:im|in|am|vom|von|of|on)\s+(?:(?:dem|der|den|the|jahr)\s+)*)?$",
    re.I,
)
_FROM = re.compile(r"\b(?:zwischen|von|vom|between|from)\s+(?:(?:dem|den|der|the)\s+)?$", re.I)
_TO = re.compile(r"(?:\s+(?:bis|und|and|to|until)\s+|\s*[-–/]\s*)(?:(?:zum|dem|im|in|the)\s+)?", re.I)


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a time stands in the question and the days it means. ``yearly``: in any year; ``relative``: to today."""

    start: int
    end: int
    since: date
    until: date
    yearly: bool
    relative: bool


def read_period(question: str, today: date, year: int | None = None) -> Period | None:
    """The first time that a question names; ``None`` if it names none or one that is all to come.

    ``year`` is that of a day or month without one, where the talk before has named it.
    """
    spans = list(_spans(question, today, year))
    if not spans:
        return None
    first, second = spans[0], spans[1] if len(spans) > 1 else None
    begins, side = _FROM.search(question[: first.start]), _SIDE.search(question[: first.start])
    if second and _TO.fullmatch(question[first.end : second.start]) and (begins or not side):
        since = _in_year(first.since, second.since.year) if first.yearly and not second.yearly else first.since
        begin = begins.start() if begins else first.start
        period = Period(since, max(since, second.until), question[begin : second.end], second.yearly)
    elif side:
        period = _one_side(first, side["side"].lower(), question[side.start() : first.end])
    else:
        period = Period(first.since, first.until, question[first.start : first.end], first.yearly, first.relative)
    return None if period.since and period.since > today and not period.yearly else period


def years(question: str) -> frozenset[int]:
    """The years that a question asks about, not those from, to or after which it asks ("seit 2022")."""
    told = (s for s in _spans(question, date.max, None) if not (s.yearly or s.relative))
    named = (s for s in told if any(map(str.isdigit, question[s.start : s.end])))  # no weekday
    exact = (s for s in named if not _SIDE.search(question[: s.start]))
    return frozenset(year for s in exact for year in range(s.since.year, s.until.year + 1))


def narrowed(filters: Filters, period: Period) -> Filters:
    """The filters with the period as another one; as they are for a period of any year."""
    if period.yearly:
        return filters
    since = max((day for day in (filters.since, period.since) if day), default=None)
    return replace(filters, since=since, until=min((d for d in (filters.until, period.until) if d), default=None))


def days_away(day: date, period: Period) -> int:
    """How many days a day lies outside a period; 0 within it."""
    since, until = period.since, period.until
    if period.yearly and since and until:
        years = (day.year - since.year + i for i in (-1, 0, 1))
        return min(_outside(day, _in_year(since, since.year + y), _in_year(until, until.year + y)) for y in years)
    return _outside(day, since, until)


def nearness(day: date | None, period: Period) -> float:
    """1 for a day within a period, then half as much with every quarter of its length, at least a week; 0 undated."""
    if day is None:
        return 0.0
    length = (period.until - period.since).days if period.since and period.until else 0
    return float(0.5 ** (days_away(day, period) / max(7.0, length / 4)))


def tells_of(article: Article, asked: frozenset[int]) -> bool:
    """Whether an article names one of the years ``asked`` about, or appeared in it or in the winter after it."""
    day = article.published
    if day and (day.year in asked or (day.month <= 3 and day.year - 1 in asked)):
        return True
    text = f"{article.title} {article.text}"
    return any(re.search(rf"(?<!\d)(?:{year}|{year - 1}/{year % 100:02d})(?!\d)", text) for year in asked)


def _outside(day: date, since: date | None, until: date | None) -> int:
    if since and day < since:
        return (since - day).days
    return (day - until).days if until and day > until else 0


def _in_year(day: date, year: int) -> date:
    """The same day of another year; the 29th of February becomes the 28th where there is none."""
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))


def _one_side(span: _Span, side: str, said: str) -> Period:
    """The time since, until, before or after a span; where it is of any year, not beyond the ends of that year."""
    first, last = date(span.since.year, 1, 1), date(span.until.year, 12, 31)
    if side in ("seit", "ab", "since", "from"):
        return Period(span.since, None, said, relative=span.relative)
    if side in ("nach", "after"):
        after = span.until + _DAY if span.until < last else last
        return Period(after, last if span.yearly else None, said, span.yearly, span.relative)
    until = span.until
    if side in ("vor", "before"):
        until = span.since - _DAY if span.since > date.min else date.min
    begin = first if span.yearly else None
    return Period(begin, max(begin or until, until), said, span.yearly, span.relative)


# Units -------------------------------------------------------------------------------------------------------------


def _spans(question: str, today: date, year: int | None) -> Iterator[_Span]:
    """The times of a question in their order; of two that overlap, the one whose pattern stands first above."""
    found: list[_Span] = []
    for pattern in _UNITS:
        for match in pattern.finditer(question):
            if any(match.start() < known.end and known.start < match.end() for known in found):
                continue
            groups = {name: value.lower() for name, value in match.groupdict().items() if value}
            if "near" in groups and match.start() and match.group()[0].isupper():  # USA Today
                continue
            if not _is_time(groups, question[: match.start()], question[match.end() :]):
                continue
            try:
                days, yearly, relative = _read(groups, today, year)
            except (ValueError, OverflowError):  # a 31st of February
                continue
            found.append(_Span(match.start(), match.end(), *days, yearly, relative))
    yield from sorted(found, key=lambda span: span.start)


def _is_time(groups: Mapping[str, str], before: str, after: str) -> bool:
    """Whether a match is a time: without a word that leads to one, "may" is a verb and "Sommer" a name."""
    if set(groups) == {"year"} and re.match(r"\s+[A-ZÄÖÜ]", after):  # "2000 Soldaten", "vor 2000 Jahren"
        return bool(_YEAR_LEADS.search(before)) and not _COUNTED.match(after)
    return set(groups) not in ({"month"}, {"season"}) or bool(_LEADS.search(before))


def _read(groups: Mapping[str, str], today: date, year: int | None) -> tuple[tuple[date, date], bool, bool]:
    """The days that a match means, whether of any year, and whether its words tell it from today alone."""
    given = full_year(groups["year"]) if "year" in groups else year or 0
    if "month" in groups or "season" in groups:
        relative = "which" in groups and not given
        days = _of_year(groups, given or today.year, today, given == 0)
        if relative and not groups["which"].startswith(("d", "t")) and days[1] >= today:
            days = _of_year(groups, days[0].year - 1, today, False)
        return days, not given and not relative, relative
    if "year" in groups:
        return _third((date(given, 1, 1), date(given, 12, 31)), groups.get("part")), False, False
    # A weekday stands in the articles of its week too, so it is searched for as well.
    return _relative(groups, today), False, not groups.keys() & {"weekday", "weekend"}


def _of_year(groups: Mapping[str, str], year: int, today: date, latest: bool) -> tuple[date, date]:
    """A day, month or season of a year, or, if ``latest``, the latest that has begun."""
    if "season" in groups:
        month, length = 3 * _SEASONS[groups["season"]], 3
    else:
        month, length = _MONTHS.get(groups["month"]) or int(groups["month"]), 1
    since = date(year, month, int(groups.get("day", 1)))
    if latest and since > today:
        since = _in_year(since, year - 1)
    if "day" in groups:
        return since, since
    ends = date(since.year + (month + length > 12), (month + length - 1) % 12 + 1, 1) - _DAY
    return _third((since, ends), groups.get("part"))


def _relative(groups: Mapping[str, str], today: date) -> tuple[date, date]:
    if "near" in groups:
        day = today - _DAY * _NEAR[groups["near"]]
        return day, day
    if "weekday" in groups:
        day = today - _DAY * ((today.weekday() - _WEEKDAYS[groups["weekday"]]) % 7 or 7)
        return day, day
    if "weekend" in groups:
        sunday = today - _DAY * ((today.weekday() + 1) % 7)
        return sunday - _DAY, sunday
    size = groups.get("size") or groups["unit"]
    count = groups.get("count") or groups.get("back")
    if count:
        day = today - _DAY * _SIZES[size] * (_COUNTS.get(count) or int(count))
        return _calendar(size, day) if "ago" in groups or "back" in groups else (day, today)
    days = _calendar(size, today)
    return days if groups["which"].startswith(("d", "t")) else _calendar(size, days[0] - _DAY)


def _calendar(size: str, day: date) -> tuple[date, date]:
    """The day, week, month or year that a day lies in."""
    if _SIZES[size] == 1:
        return day, day
    if _SIZES[size] == 7:
        monday = day - _DAY * day.weekday()
        return monday, monday + 6 * _DAY
    if _SIZES[size] == 30:
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _third(days: tuple[date, date], part: str | None) -> tuple[date, date]:
    """The beginning, middle or end of some days; all of them without a part."""
    if not part:
        return days
    third = ((days[1] - days[0]).days + 1) // 3 * _DAY
    if part in ("anfang", "early"):
        return days[0], days[0] + third
    return (days[0] + third, days[1] - third) if part in ("mitte", "mid") else (days[1] - third, days[1])
