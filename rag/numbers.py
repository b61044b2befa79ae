"""Dates, amounts and units as German news writes them → one way of writing each, for the analyzer.

``30.11.2022`` becomes ``30. November 2022``, ``19 Mrd. €`` becomes ``19 Milliarden Euro``. Nobody sees the result: what
is shown and quoted stays as it was. Knows spellings, not what an amount means.
"""

from __future__ import annotations

import re

_MONTHS = tuple("Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split())
_SHORT_MONTHS = {month[:3].lower(): month for month in _MONTHS} | {"jän": "Januar", "sept": "September"}
_SCALES = {"t": 3, "millio": 6, "mio": 6, "millia": 9, "mrd": 9, "bi": 12}  # by how the words begin
_SCALE_WORDS = ((12, "Billionen"), (9, "Milliarden"), (6, "Millionen"))
_UNITS = {
    **{"%": "Prozent", "€": "Euro", "£": "Pfund", "¥": "Yen", "$": "Dollar", "°": "Grad"},
    **{"m²": "Quadratmeter", "m³": "Kubikmeter", "km²": "Quadratkilometer"},
}
_ABBREVIATED = {
    **{"mrd": "milliarden", "mio": "millionen", "tsd": "tausend", "usd": "dollar", "eur": "euro", "chf": "franken"},
    **{"km": "kilometer", "cm": "zentimeter", "mm": "millimeter", "kg": "kilogramm", "ha": "hektar"},
    **{"std": "stunden", "sek": "sekunden", "jh": "jahrhundert", "jhd": "jahrhundert", "jhdt": "jahrhundert"},
    **{"ca": "circa", "zirka": "circa", "nr": "nummer", "st": "sankt", "inkl": "inklusive", "kwh": "kilowattstunden"},
    **{"mwh": "megawattstunden", "gwh": "gigawattstunden", "twh": "terawattstunden"},
}
_CENTURY = 50  # a year of two digits below it belongs to this century, any other to the last

_EXPRESSION = re.compile(
    r"""(?=[\dkK%€£¥$°m])(?:
      (?P<iso>(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?!\d))
    | (?<![\d.,])(?P<day>[0-3]?\d)\.[ ]?(?:
          (?P<month>[01]?\d)\.[ ]?(?P<year>(?:19|20)?\d\d)(?![\d.,]\d|\d)
        | (?P<bare>[01]?\d)\.(?![\d])
        | (?P<named>(?:Jan|Jän|Feb|Mär|Apr|Jun|Jul|Aug|Sept?|Okt|Nov|Dez)\b)\.?
      )
    | (?<![\d.,:])(?P<time>[012]?\d[.:][0-5]\d)(?=[ ]Uhr\b)
    | (?<![\w.,:])(?P<number>(?>\d{1,3}(?P<mark>[.'’\u00a0\u202f ])\d{3}(?:(?P=mark)\d{3})*(?!\d)|\d+))(?![.:]\d)
      (?:,(?P<decimals>\d++)(?![.,:]\d))?
      (?:[ ]?(?P<scale>Tausend\b|Tsd\b|Million(?:en)?\b|Mio\b|Milliarden?\b|Mrd\b|Billion(?:en)?\b|Bio\b))?
    | (?P<speed>\bkm/h\b|\bKilometern?[ ](?:pro|in[ ]der|je)[ ]Stunde\b)
    | (?P<unit>k?m[²³]|[%€£¥$°])
    )""",
    re.VERBOSE,
)
_BEFORE_DAY = re.compile(r"\b(?:am|vom|zum|bis|ab|seit|den|dem|der|und|\w+tag,?|\w+woch,?)[ ]$", re.IGNORECASE)


def plain(text: str) -> str:
    """The text with each date, amount and unit written one way; everything else stays as it is."""
    return _EXPRESSION.sub(_rewritten, text)


def full_year(digits: str) -> int:
    """The year that two digits, or all of them, mean."""
    return int(digits) + (0 if len(digits) > 2 else 2000 if int(digits) < _CENTURY else 1900)


def unabbreviated(word: str) -> str:
    """A unit or another common abbreviation (in lower case, without its full stop) in full; any other word as it is."""
    return _ABBREVIATED.get(word, word)


def _rewritten(found: re.Match[str]) -> str:
    if found["iso"]:
        year, month, day = found["iso"].split("-")
        return _date(day, month, year) or found[0]
    if found["day"]:
        return _day(found)
    if found["time"]:
        hour, minute = re.split("[.:]", found["time"])
        return f"{int(hour)}" if minute == "00" else f"{int(hour)}:{minute}"
    if found["speed"]:
        return " Stundenkilometer"
    if found["unit"]:
        return f" {_UNITS[found['unit']]} "
    return _amount(found)


def _day(found: re.Match[str]) -> str:
    day = found["day"]
    if found["named"]:
        return f"{int(day)}. {_SHORT_MONTHS[found['named'].lower()]} "
    if found["month"]:
        return _date(day, found["month"], found["year"]) or found[0]
    is_date = _BEFORE_DAY.search(found.string, max(0, found.start() - 12), found.start())
    return (_date(day, found["bare"], "") if is_date else "") or found[0]


def _date(day: str, month: str, year: str) -> str:
    """The date with the month's name; empty if there is no such day."""
    if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        return ""
    return f"{int(day)}. {_MONTHS[int(month) - 1]} {full_year(year) if year else ''}".rstrip()


def _amount(found: re.Match[str]) -> str:
    """A number without marks for thousands; in Millionen, Milliarden or Billionen if that is short."""
    whole = re.sub(r"\D", "", found["number"])
    decimals = (found["decimals"] or "").rstrip("0")
    scale = next((n for begin, n in _SCALES.items() if (found["scale"] or "").lower().startswith(begin)), 0)
    if not scale and (len(whole) < 7 or whole.startswith("0")):
        return f"{whole},{decimals}" if decimals else whole
    digits = (whole + decimals.ljust(scale, "0")[:scale]).lstrip("0") or "0"
    rest = decimals[scale:]
    for exponent, word in _SCALE_WORDS:
        fraction = digits[-exponent:].rstrip("0")
        if len(digits) > exponent and len(fraction) <= 3 and not rest:
            return f"{digits[:-exponent]}{',' if fraction else ''}{fraction} {word}"
    return f"{digits},{rest}" if rest else digits
