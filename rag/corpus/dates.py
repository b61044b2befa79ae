"""Dates as records and German pages write them → ``date``. Never guesses: what is not a whole date is none.

This module does not know what a date means: published, changed or fetched is the caller's to say.
"""

from __future__ import annotations

import re
from datetime import date, datetime

_MONTH_NAMES = (
    "januar jänner jan january, februar feber feb february, märz mär mrz march mar, april apr, mai may, juni jun june, "
    "juli jul july, august aug, september sep sept, oktober okt october oct, november nov, dezember dez december dec"
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split(","), start=1) for name in names.split()}
_DATE = re.compile(
    r"(?<![\d.])(?:(?P<y1>\d{4})-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})|(?P<d2>\d{1,2})\.\s?(?P<m2>\d{1,2})\.\s?(?P<y2>\d{4})"
    r"|(?P<d3>\d{1,2})\.?\s?(?P<m3>[^\W\d_]{3,9})\.?\s(?P<y3>\d{4})"
    r"|\b(?P<m4>[A-Za-z]{3,9})\.?\s(?P<d4>\d{1,2}),\s(?P<y4>\d{4}))(?!\d)"
)
_WEEKDAY = re.compile(r"\s*(?:(?:mo|di|mi|do|fr|sa|so|tu|we|th|su)[a-z]*[.,]{0,2}\s*)?", re.IGNORECASE)


def find_dates(line: str) -> list[tuple[int, int, date]]:
    """Every whole date of a line as start, end and date."""
    found = ((match.start(), match.end(), _to_date(match)) for match in _DATE.finditer(line))
    return [(start, end, day) for start, end, day in found if day]


def parse_date(value: object) -> date | None:
    """The day that a field of a record names, in ISO or German form, a time after it ignored; else ``None``."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = find_dates(value) if isinstance(value, str) else []
    if len(found) != 1:  # none, or a span of days
        return None
    start, end, day = found[0]
    rest = str(value)[end:]
    return day if _WEEKDAY.fullmatch(str(value)[:start]) and (not rest or rest[0] in "T, \t\n") else None


def _to_date(match: re.Match[str]) -> date | None:
    year, month, day = (next(filter(None, (match[f"{part}{i}"] for i in "1234"))) for part in "ymd")
    try:
        return date(int(year), int(month) if month.isdecimal() else _MONTHS[month.lower()], int(day))
    except (KeyError, ValueError):
        return None
