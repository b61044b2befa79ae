"""Text → the numbers and days that stand in it, each as a value that German and English spellings share.

"19 Milliarden Dollar", "19 Mrd. USD" and "19 billion dollars" are one number; "am Dienstag" is a day as soon as one
knows when the article was published. Knows neither articles nor claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from math import floor, isclose, log10

from rag.numbers import full_year
from rag.types import Language


@dataclass(frozen=True, slots=True)
class Number:
    """A number with the unit behind it (``""`` if that is no known one); ``about``: a word like "rund" precedes."""

    start: int
    end: int
    value: float
    unit: str = ""
    about: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day, a month or a weekday: what a text leaves open is ``None``. ``weekday`` counts from Monday, 0."""

    start: int
    end: int
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None


# Words for numbers -------------------------------------------------------------------------------------------------

_ONES = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf".split()
_TEENS = {
    "dreizehn": 13,
    "vierzehn": 14,
    "fünfzehn": 15,
    "sechzehn": 16,
    "siebzehn": 17,
    "achtzehn": 18,
    "neunzehn": 19,
}
_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_ENGLISH_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ENGLISH_ORDINALS = "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_ENDINGS = ("e", "er", "en", "es", "em")
_COMPOUNDS = "tägig jährig monatig wöchig stündig köpfig mal fach".split()


def _below_hundred() -> dict[str, int]:
    known = {word: value for value, word in enumerate(_ONES)} | _TEENS
    for tens, word in enumerate(_TENS, 2):
        known[word] = tens * 10
        known |= {f"{one}und{word}": tens * 10 + value for value, one in enumerate(_ONES[:10]) if value}
    return known


def _number_words() -> dict[str, float]:
    cardinals = _below_hundred()
    for ones, (word, value) in product(range(1, 10), [("", 0), *_below_hundred().items()]):
        if ones > 1 or value:
            cardinals[f"{_ONES[ones]}hundert{word}"] = ones * 100 + value
    known: dict[str, float] = {word: float(value) for word, value in cardinals.items() if value > 1}
    ordinals = {"dritt": 3, "acht": 8, "siebt": 7}
    ordinals |= {word + ("t" if value < 20 else "st"): value for word, value in _below_hundred().items() if value > 1}
    known |= {stem + end: float(value) for stem, value in ordinals.items() for end in _ENDINGS}
    known |= {"zweier": 2.0, "dreier": 3.0, "dutzend": 12.0, "dutzende": 12.0, "dutzenden": 12.0}
    known |= {"halb" + end: 0.5 for end in _ENDINGS} | {"viertel": 0.25, "drittel": 1 / 3}
    for end, (word, value) in product(_COMPOUNDS, [*cardinals.items()]):
        if 1 < value <= 100:
            known |= {word + end + ending: float(value) for ending in ("", *_ENDINGS, "s")}
    known |= {word + "jährige" + end: float(v) for word, v in cardinals.items() if 1 < v <= 100 for end in ("", "r")}
    for word, times in (("doppel", 2.0), ("dreifach", 3.0), ("vierfach", 4.0), ("fünffach", 5.0), ("zehnfach", 10.0)):
        known |= {f"ver{word}{end}": times for end in ("t", "n", "en", "te", "ten", "ung")}
    known |= {word: float(value) for value, word in enumerate(_ENGLISH_ONES) if value > 1}
    for tens, word in enumerate(_ENGLISH_TENS, 2):
        known[word] = tens * 10.0
        known |= {f"{word}-{one}": tens * 10.0 + value for value, one in enumerate(_ENGLISH_ONES[:10]) if value}
    return known | {word: float(value) for value, word in enumerate(_ENGLISH_ORDINALS, 2)}


_WORDS = _number_words()
_SCALES = {
    "hundert": 1e2, "hunderte": 1e2, "hunderten": 1e2, "hundred": 1e2,
    "tausend": 1e3, "tausende": 1e3, "tausenden": 1e3, "tsd": 1e3, "thousand": 1e3, "thousands": 1e3,
    "million": 1e6, "millionen": 1e6, "mio": 1e6, "millions": 1e6,
    "milliarde": 1e9, "milliarden": 1e9, "mrd": 1e9, "billion": 1e9,
    "billionen": 1e12, "bio": 1e12, "trillion": 1e12,
}  # fmt: skip
_GERMAN_BILLION = 1e12
_UNITS = {
    unit: names.split()
    for unit, names in {
        "%": "% prozent percent prozentpunkt prozentpunkte prozentpunkten prozentpunkts",
        "dollar": "$ dollar dollars usd us-dollar",
        "euro": "€ euro euros eur",
        "cent": "cent cents",
        "pfund": "£ pfund pound pounds",
        "second": "sekunde sekunden sek second seconds",
        "minute": "minute minuten min minutes",
        "hour": "stunde stunden std hour hours",
        "day": "tag tage tagen tages day days",
        "week": "woche wochen week weeks",
        "month": "monat monate monaten monats month months",
        "year": "jahr jahre jahren jahres year years",
        "kilometre": "kilometer kilometern km kilometre kilometres kilometers",
        "metre": "meter metern m metre metres meters",
        "tonne": "tonne tonnen t tonnes tons",
        "degree": "grad degrees",
    }.items()
}
_UNIT_OF = {name: unit for unit, names in _UNITS.items() for name in names}
_ABOUT = frozenset(
    """rund etwa circa ca ungefähr fast knapp gut beinahe über mehr als nahezu weit about around nearly almost over
    some roughly approximately""".split()
)
_NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[$€£])?(?P<digits>\d{1,3}(?:[.,’ ]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?![\d])"
    r"|(?P<word>[^\W\d_]+(?:-[^\W\d_]+)?)"
)
_SCALE = re.compile(r"[\s\u00a0-]*(?P<scale>[^\W\d_]+)\b\.?")
_UNIT = re.compile(r"\.?[\s\u00a0-]*(?P<unit>[%€$£]|(?:US-)?[^\W\d_]+)")
_RANGE = re.compile(r"\s*(?:bis|oder|to|or|–|-)\s*")
_SCORE = re.compile(r"(?<![\d.,:])(\d{1,3}):(\d{1,3})(?![\d:])")


def numbers(text: str, language: Language = "de", skip: tuple[tuple[int, int], ...] = ()) -> list[Number]:
    """The numbers of a text in order, without those inside the spans ``skip``; "ein" and "eins" are no numbers.

    A score such as "2:1" is one number: 2 and a thousandth part of 1, so that no other pair is equal to it.
    """
    blocked = [*skip]
    found = []
    for score in _SCORE.finditer(text):
        found.append(Number(*score.span(), int(score[1]) + int(score[2]) / 1000, "score"))
        blocked.append(score.span())
    end = 0
    for match in _NUMBER.finditer(text):
        if match.start() < end or any(a < match.end() and match.start() < b for a, b in blocked):
            continue
        number = _number(text, match, language)
        if number:
            found.append(number)
            end = number.end
    return _with_scale_of_range(text, sorted(found, key=lambda number: number.start))


def _number(text: str, match: re.Match[str], language: Language) -> Number | None:
    digits, word = match["digits"], (match["word"] or "").lower()
    end = match.end()
    if digits:
        value = _value(digits, language)
    elif word in _WORDS:
        value = _WORDS[word]
    elif word in {"eine", "einer", "ein", "a", "one"} or word in _SCALES:
        scale = _scale(text, end, language) if word not in _SCALES else None
        if word not in _SCALES and (scale is None or scale[0] < 1e6):
            return None
        value = 1.0
        end = match.start() if word in _SCALES else end
    else:
        return None
    if scale := _scale(text, end, language):
        value, end = value * scale[0], scale[1]
    unit = _UNIT_OF.get(match["sign"] or "", "")
    following = _UNIT.match(text, end)
    if following and not unit:
        unit = _UNIT_OF.get(following["unit"].lower(), "")
    before = re.findall(r"[^\W\d_]+", text[max(0, match.start() - 24) : match.start()].lower())[-2:]
    return Number(match.start(), end, value, unit, bool(_ABOUT & set(before)))


def _scale(text: str, at: int, language: Language) -> tuple[float, int] | None:
    match = _SCALE.match(text, at)
    factor = _SCALES.get(match["scale"].lower()) if match else None
    if match is None or factor is None:
        return None
    if match["scale"] == "Billion" and language == "de":
        factor = _GERMAN_BILLION
    return factor, match.end("scale")


def _value(digits: str, language: Language) -> float:
    """``1.500`` and ``1 500`` are 1500; ``4,6`` and ``4.6`` are 4.6; a lone group of three follows the language."""
    decimal = "," if language == "de" else "."
    digits = digits.replace("’", " ").replace(" ", "")
    marks = re.findall(r"[.,]", digits)
    if not marks:
        return float(digits)
    tail = re.split(r"[.,]", digits)[-1]
    is_group = len(tail) == 3 and (marks[-1] != decimal or len(set(marks)) == 1 < len(marks))
    if is_group and digits[0] != "0":
        return float(re.sub(r"[.,]", "", digits))
    whole = re.sub(r"[.,]", "", digits[: -len(tail) - 1])
    return float(f"{whole}.{tail}")


def _with_scale_of_range(text: str, found: list[Number]) -> list[Number]:
    """In "drei bis vier Millionen" the first number is of millions too, and both are of one unit."""
    for i in range(len(found) - 2, -1, -1):
        first, second = found[i], found[i + 1]
        if first.unit or not _RANGE.fullmatch(text, first.end, second.start):
            continue
        scale = 10 ** (3 * floor(log10(second.value) / 3)) if second.value >= 1e6 and first.value < 1e3 else 1
        found[i] = Number(first.start, first.end, first.value * scale, second.unit, first.about)
    return found


def same_number(claimed: Number, there: Number) -> bool:
    """Whether two numbers are one; "rund 34.000" may stand for 33.900, and a unit may be missing on either side."""
    if claimed.unit != there.unit and claimed.unit and there.unit:
        return False
    if isclose(claimed.value, there.value, rel_tol=1e-9):
        return True
    return claimed.about and _rounded_like(there.value, claimed.value)


def _rounded_like(value: float, target: float) -> bool:
    """Whether ``target`` is ``value`` rounded to its two or more leading digits."""
    if not value or not target or abs(value - target) > 0.03 * abs(value):
        return False
    digits = max(2, len(f"{target:.10g}".rstrip("0").replace(".", "")))
    return isclose(round(value, digits - 1 - floor(log10(abs(value)))), target, rel_tol=1e-9)


# Days --------------------------------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jänner jan january", "februar feber feb february", "märz mrz march", "april apr", "mai may",
            "juni jun june", "juli jul july", "august aug", "september sep sept", "oktober okt october oct",
            "november nov", "dezember dez december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "montag monday", "dienstag tuesday", "mittwoch wednesday", "donnerstag thursday", "freitag friday",
            "samstag sonnabend saturday", "sonntag sunday",
        )
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted((name.capitalize() for name in _MONTHS), key=len, reverse=True))
_WEEKDAY = "|".join(name.capitalize() for name in _WEEKDAYS)
_DAY = re.compile(
    rf"(?P<iso>\b(?P<y1>\d{{4}})-(?P<m1>\d\d)-(?P<d1>\d\d)\b)"
    rf"|(?P<dotted>\b(?P<d2>\d{{1,2}})\.\s?(?P<m2>\d{{1,2}})\.\s?(?P<y2>\d{{4}}|\d\d)?(?!\d))"
    rf"|(?P<first>\b(?P<d0>\d{{1,2}})\.(?=\s?(?:bis|und|oder|–|-)\s?(?:zum\s)?\d{{1,2}}\.\s(?P<m0>{_MONTH})\b))"
    rf"|(?P<written>\b(?P<d3>\d{{1,2}})(?:\.|st|nd|rd|th)?\s(?:of\s)?(?P<m3>{_MONTH})\b\.?(?:,?\s(?P<y3>\d{{4}})\b)?)"
    rf"|(?P<american>\b(?P<m4>{_MONTH})\s(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\.?\d)(?:,?\s(?P<y4>\d{{4}})\b)?)"
    rf"|(?P<month>\b(?P<m5>{_MONTH})\b(?:\s(?P<y5>\d{{4}})\b)?)"
    rf"|(?P<weekday>\b(?P<w>{_WEEKDAY})[a-zäöü]*)"
)
_TODAY = re.compile(r"\b(?P<word>heute|gestern|vorgestern|morgen|today|yesterday|tomorrow)\b", re.IGNORECASE)
_SHIFTS = {"heute": 0, "today": 0, "gestern": -1, "yesterday": -1, "vorgestern": -2, "morgen": 1, "tomorrow": 1}


def days(text: str) -> list[Day]:
    """The days, months and weekdays that a text names, in order."""
    return [day for match in _DAY.finditer(text) if (day := _day(match)) is not None]


def _day(match: re.Match[str]) -> Day | None:
    span = match.span()
    if match["weekday"]:
        return Day(*span, weekday=_WEEKDAYS[match["w"].lower()])
    if match["month"]:
        return Day(*span, month=_MONTHS[match["m5"].lower()], year=_year(match["y5"]))
    if match["first"]:  # "vom 5. bis 20. Dezember"
        return Day(*span, int(match["d0"]), _MONTHS[match["m0"].lower()])
    for way in "1234":
        if match[f"d{way}"]:
            month = match[f"m{way}"]
            number = int(month) if month.isdigit() else _MONTHS[month.lower()]
            if 1 <= number <= 12 and 1 <= int(match[f"d{way}"]) <= 31:
                return Day(*span, int(match[f"d{way}"]), number, _year(match[f"y{way}"]))
    return None


def _year(digits: str | None) -> int | None:
    return None if digits is None else full_year(digits)


def same_day(claimed: Day, there: Day, published: date | None) -> bool:
    """Whether two mentions can be the same day; weekdays and missing years are read from the publication date."""
    if claimed.weekday is not None:
        return claimed.weekday in {there.weekday, _weekday(there, published)}
    if there.weekday is not None:
        real = _last(there.weekday, published)
        return real is not None and _agrees(claimed, real)
    if claimed.month != there.month or (claimed.day and claimed.day != there.day):
        return False
    if claimed.year is None:
        return True
    return claimed.year == (there.year or (published.year if published else None))


def relative_days(text: str, published: date | None) -> Iterator[Day]:
    """What "heute" and "gestern" in a text mean."""
    for match in _TODAY.finditer(text):
        if published is None:
            return
        real = published + timedelta(days=_SHIFTS[match["word"].lower()])
        yield Day(*match.span(), real.day, real.month, real.year)


def years(day: Day, published: date | None) -> int | None:
    """The year of a day, read from the publication date where it is not said."""
    return day.year or (published.year if published else None)


def _agrees(claimed: Day, real: date) -> bool:
    return claimed.day in (None, real.day) and claimed.month == real.month and claimed.year in (None, real.year)


def _weekday(day: Day, published: date | None) -> int | None:
    """The weekday of a day with a date, if its year is known."""
    year = years(day, published)
    if not (day.day and day.month and year):
        return None
    try:
        return date(year, day.month, day.day).weekday()
    except ValueError:
        return None


def _last(weekday: int, published: date | None) -> date | None:
    """The last such weekday up to the day of publication: that day itself, or one of the six before."""
    return published - timedelta(days=(published.weekday() - weekday) % 7) if published else None
