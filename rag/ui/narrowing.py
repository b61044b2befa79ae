"""What a search is narrowed to, as people write and read it: ``seit März 2022`` ↔ days, an address ↔ filters.

Knows no page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from rag.period import read_period
from rag.types import Filters, Period
from rag.ui.texts import Texts

FILTERS = ("since", "until", "source")  # their names in an address
_LONGEST = 100  # characters of a time or a name that an address may give
_MOST = 50  # outlets that an address may name


def within(filters: Filters, said: str, today: date) -> Filters | None:
    """The filters with the time that somebody wrote; ``None`` if it names no time, or one of any year."""
    period = read_period(said[:_LONGEST], today)
    if period is None or period.yearly:
        return None
    return replace(filters, since=period.since, until=period.until)


def chips(filters: Filters, texts: Texts) -> list[tuple[str, Filters]]:
    """What the search is narrowed to, each part in words, with the filters that are left when it is taken away."""
    found = []
    if filters.since or filters.until:
        days = texts.days(Period(filters.since, filters.until, ""))
        found.append((texts.only.format(what=days), replace(filters, since=None, until=None)))
    for name in filters.sources:
        left = tuple(other for other in filters.sources if other != name)
        found.append((texts.only.format(what=name), replace(filters, sources=left)))
    return found


def from_address(given: Mapping[str, Sequence[str]]) -> Filters:
    """The filters that an address names; what is no day or no name counts as not given."""
    since, until = (_day(given.get(name, ())) for name in ("since", "until"))
    names = (" ".join(name[:_LONGEST].split()) for name in list(given.get("source", ()))[:_MOST])
    return Filters(since, until, tuple(dict.fromkeys(name for name in names if name)))


def _day(values: Sequence[str]) -> date | None:
    try:
        return date.fromisoformat(values[0]) if values else None
    except ValueError:
        return None
