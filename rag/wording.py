"""What a sentence needs to be understood when it is quoted alone: the neighbour it leans on, the speaker of its words.

Knows one article's text and the places in it; which sentences are worth quoting is not its business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rag.german import sentences, stems
from rag.types import Quote

_REACH = 800  # characters looked at on either side; a longer neighbour is no help
_POINTS = (
    r"(?:er|sie|es|ihn|ihm|ihnen|ihre?[mnrs]?|seine?[mnrs]?|dies(?:e[mnrs]?)?|deren|dessen|derselbe\w*|letztere\w*|"
    r"erstere\w*)"
)
_BACK = (
    r"(?:damit|dazu|dafür|dagegen|dabei|daran|darauf|daraus|darin|darüber|davon|davor|dadurch|daher|darum|deshalb|deswegen|"
    r"danach|dann|denn|dort|so|trotzdem|dennoch|beide[mnrs]?|damals|das (?:\w+t|ist|war|kann|soll|muss|will|darf|wäre|"
    r"würde|wurde|hatte|hätte|sollte|könnte|müsste|dürfte|alles|aber)|(?:der|die|das) (?:erste|zweite|dritte|andere) "
    r"(?:\w+t|ist|war)|(?:der|die|das|eine?) (?:zweite|dritte|vierte|andere|weitere)[rs]? "
    r"(?:grund|ursache|punkt|einwand|vorwurf|vorschlag|schritt|möglichkeit|problem))"
)
_LEANS = re.compile(rf"[\"„»]?(?:{_POINTS}|{_BACK})\b", re.IGNORECASE)
_STANDS = re.compile(
    r"[\"„»]?(?:es (?:gibt|gab|braucht|kommt|kam|geht)|so (?:viel|wie|gut|lange|soll))\b", re.IGNORECASE
)
_EARLY = re.compile(
    rf"[^,;:]{{0,60}}?\b(?!es\b)(?:{_POINTS})\b"
)  # before the first comma, so before anything it could mean
_EARLY_WORDS = 4
_SHORT = 5  # words
_NOTHING_NAMED = re.compile(r"\S+(?: [a-zäöüß]\S*)*[.!]")
_SPEAKS = re.compile(
    r"\b(?:sag(?:t|te|ten|en)|erklär\w*|mein(?:t|te|ten)|beton\w*|kritisier\w*|forder\w*|warn\w*|antwort\w*|"
    r"schrieb\w*|schreib\w*|heißt es|hieß es|laut|zufolge|so|nannte|verspr\w+|kündig\w+|äußer\w+|widersprach\w*|"
    r"berichte\w*|"
    r"teilte\w*|bekräftig\w*|ergänz\w*|füg\w+|rief|lobte|klagte|argumentier\w*|bezeichne\w*|findet|fand|sieht|sah)\b"
)
_MONTHS = "januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember"
_DATE = re.compile(
    rf"\b\d{{1,2}}\. ?(?:\d{{1,2}}\.|{_MONTHS})|\b(?:19|20)\d\d\b|"
    r"\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|gestern|heute|vorgestern)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:nicht|kein\w*|nie|niemals|weder|nichts|niemand)\b", re.IGNORECASE)
_ALIKE = 0.6  # share of stems in common
_MARK = re.compile('[„“”"»«]')


def leans_back(sentence: str) -> bool:
    """Whether a sentence would not be understood without the one before it."""
    if _STANDS.match(sentence):
        return False
    if _LEANS.match(sentence) or (len(sentence.split()) < _SHORT and _NOTHING_NAMED.fullmatch(sentence)):
        return True
    early = _EARLY.match(sentence)
    return bool(early) and len(early.group().split()) <= _EARLY_WORDS  # type: ignore[union-attr]


def tells_date(sentence: str) -> bool:
    """Whether a sentence names a day, a weekday or a year."""
    return bool(_DATE.search(sentence))


def says_the_same(one: str, other: str) -> bool:
    """Whether two sentences say the same: most stems of the shorter one stand in the other, and neither denies."""
    a, b = set(stems(one)), set(stems(other))
    alike = len(a & b) > _ALIKE * max(1, min(len(a), len(b)))
    return alike and bool(_DENIES.search(one)) == bool(_DENIES.search(other))


def is_bare_quotation(text: str, quote: Quote) -> bool:
    """Whether a sentence is nothing but somebody's words, so that it does not say whose."""
    spoken = list(_spoken(text, quote.start, quote.end))
    outside = "".join(c for i, c in enumerate(quote.text) if not any(a <= i < b for a, b in spoken))
    return bool(spoken) and not any(character.isalnum() for character in outside)


def neighbours(text: str, quote: Quote) -> tuple[Quote | None, Quote | None]:
    """The sentences before and after a quote on its line of the article; ``None`` where there is none near."""
    line_start, line_end = text.rfind("\n", 0, quote.start) + 1, text.find("\n", quote.end)
    line_end = line_end if line_end >= 0 else len(text)
    first, last = max(line_start, quote.start - _REACH), min(line_end, quote.end + _REACH)
    earlier = [(first + a, first + b) for a, b in sentences(text[first : quote.start])][-1:]
    later = [(quote.end + a, quote.end + b) for a, b in sentences(text[quote.end : last])][:1]
    # What the reach cuts off is no sentence.
    before = next((span for span in earlier if span[0] > first or first == line_start), None)
    after = next((span for span in later if span[1] < last or last == line_end), None)
    return _quote(text, quote, before), _quote(text, quote, after)


def speaker(text: str, quote: Quote, before: Quote | None, after: Quote | None) -> Quote | None:
    """Of the neighbours of a bare quotation the one that names who speaks."""
    for neighbour in (before, after) if _inside(text, quote.start) else (after, before):
        if neighbour and not is_bare_quotation(text, neighbour) and _SPEAKS.search(_unspoken(text, neighbour)):
            return neighbour
    return None


def joined(text: str, one: Quote, other: Quote) -> Quote:
    """Two neighbours as one quote."""
    start, end = min(one.start, other.start), max(one.end, other.end)
    return replace(one, start=start, end=end, text=text[start:end])


def _quote(text: str, like: Quote, span: tuple[int, int] | None) -> Quote | None:
    return replace(like, start=span[0], end=span[1], text=text[span[0] : span[1]]) if span else None


def _unspoken(text: str, quote: Quote) -> str:
    """The words of a sentence outside quotation marks."""
    spoken = list(_spoken(text, quote.start, quote.end))
    return "".join(c if not any(a <= i < b for a, b in spoken) else " " for i, c in enumerate(quote.text))


def _spoken(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a sentence within quotation marks, the marks included, as offsets into it."""
    begun = start if _inside(text, start) else None
    for mark in _MARK.finditer(text, start, end):
        if begun is None and _opens(text, mark):
            begun = mark.start()
        elif begun is not None and not _opens(text, mark):
            yield begun - start, mark.end() - start
            begun = None
    if begun is not None:
        yield begun - start, end - start


def _inside(text: str, place: int) -> bool:
    """Whether the last quotation mark before a place on its line opens a quotation."""
    marks = list(_MARK.finditer(text, max(text.rfind("\n", 0, place) + 1, place - 2 * _REACH), place))
    return bool(marks) and _opens(text, marks[-1])


def _opens(text: str, mark: re.Match[str]) -> bool:
    """Whether a mark opens a quotation; the plain one, and those that languages use both ways, by where they stand."""
    if mark.group() == "„":
        return True
    before, after = text[: mark.start()][-1:], text[mark.end() : mark.end() + 1]
    return (not before or before.isspace() or before in "(–—") and bool(after) and not after.isspace()
