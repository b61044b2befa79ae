"""Headline, author and dates above a scraped article, found by their form and place; knows no other junk of a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rag.corpus.dates import find_dates
from rag.corpus.phrases import PARTICLES
from rag.german import sentences

HEADLINE_LENGTH = 140
_HEAD_LINES = 8  # how far from the top a byline is looked for
_BYLINE_LENGTH = 300  # the patterns below would take square time for a line without end

_STOP = re.compile(r"[.…][\"'»«“”’‘)\]]*$")
CHANGED = re.compile(r"aktualisiert|\bstand\b|update|geändert|bearbeitet|modified", re.IGNORECASE)
_AROUND_DATE = re.compile(
    r"\b(?:zuletzt|aktualisiert|stand|update|geändert|bearbeitet|veröffentlicht|erschienen|erstellt|publiziert|datum|am|um|"
    r"vom|uhr|mez|mesz|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|sonnabend|mo|di|mi|do|fr|sa|so|lesedauer|lesezeit|"
    r"ca|min(?:uten?)?)\b\.?|(?<!\d)\d{1,2}(?:[:.]\d{2}(?!\d)|(?= min| uhr))|[|•·–—:;()]|(?:^|\s)[-/](?=\s|$)",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=\.20\d\d)(?=\d{1,2}\. )")  # "30.11.202230. November 2022"
_NAME_PART = re.compile(r"[^\W\d_]+(?:[.'’-]+[^\W\d_]+)*\.?")
_OFFICE = re.compile(r",\s*(?:\S*[Ss]tudio|zurzeit|z\.\s?Zt\.|derzeit)\b.*$")
_PLACE_BEHIND = re.compile(r",\s*[\w-]+$|\s*\([^()]*\)$|\s+(?:aus|in)\s+[A-ZÄÖÜ].*$")
_PLACE_LINE = re.compile(
    r"[A-ZÄÖÜ][\w-]*(?:[ /][A-ZÄÖÜ][\w-]*){0,3}(?:\s*\([^()]{2,30}\))?(?:[.:]|\s*[–—]|\s-)\s+(?=[\"„»]?[A-ZÄÖÜ\d])"
)


@dataclass(frozen=True, slots=True)
class Byline:
    """What stands above an article; ``lines`` are the numbers of the lines that say it."""

    lines: frozenset[int] = frozenset()
    title: str = ""
    author: str | None = None
    published: date | None = None
    updated: date | None = None


def is_prose(line: str) -> bool:
    """Whether a line is more than a headline may be; a headline may ask or shout, but hardly ends with a stop."""
    return bool(_STOP.search(line)) or len(line) > HEADLINE_LENGTH


def byline(lines: Sequence[str]) -> Byline:
    """The block of headline, author and date lines; empty where there is neither an author nor a date line."""
    head, text = _head(lines), "\n".join(lines)
    parts = {i: part for i in head if (part := _dated(lines[i], text, may_name=i != head[0]))}
    for i, below in zip(head[1:], [*head[2:], None], strict=False):
        if (
            i not in parts
            and (below in parts or lines[i].startswith(("Von ", "By ")))
            and (name := _author(lines[i], text))
        ):
            parts[i] = Byline(author=name)
    if not parts:
        return Byline()
    lead = next((i for i in head if is_prose(lines[i])), len(lines))
    short = [i for i in head if i not in parts and i < lead]
    title = _title_lines(lines, [i for i in short if i < min(parts)] or short)
    return Byline(
        lines=frozenset({*parts, *title}),
        title=lines[title[-1]] if title else "",
        author=next((part.author for part in parts.values() if part.author), None),
        published=next((part.published for part in parts.values() if part.published), None),
        updated=next((part.updated for part in parts.values() if part.updated), None),
    )


def first_title(text: str) -> str:
    """The first line if it is a headline, else the first sentence behind a place line, else none."""
    first, _, rest = text.partition("\n")
    if not is_prose(first):
        return first if any(map(is_prose, rest.split("\n"))) else ""
    place = _PLACE_LINE.match(first)
    if not place:
        return ""
    behind = first[place.end() :]
    start, end = sentences(behind)[0]
    return behind[start:end].removesuffix(".")


def _head(lines: Sequence[str]) -> list[int]:
    """The lines above the article's body: at most one of them, the lead, is prose."""
    filled = [i for i, line in enumerate(lines) if line][:_HEAD_LINES]
    prose = [i for i in filled if is_prose(lines[i])]
    return [i for i in filled if len(prose) < 2 or i < prose[1]]


def _title_lines(lines: Sequence[str], above: Sequence[int]) -> Sequence[int]:
    """The headline alone, or behind a kicker, which is the shorter of two."""
    return above[: 2 if len(above) > 1 and len(lines[above[0]]) < len(lines[above[1]]) else 1]


def _dated(line: str, text: str, *, may_name: bool) -> Byline | None:
    """What a line says that holds dates and nothing else but words around them and, perhaps, an author's name."""
    if len(line) > _BYLINE_LENGTH:
        return None
    published = updated = None
    others, before, line = "", 0, _GLUED.sub(" ", line)
    for start, end, day in find_dates(line):
        if CHANGED.search(line, before, start):
            updated = updated or day
        else:
            published = published or day
        others, before = f"{others}{line[before:start]} ", end
    name = " ".join(_AROUND_DATE.sub(" ", others + line[before:]).split()).strip(" ,-")
    author = _author(name, text) if may_name else None
    return Byline(author=author, published=published, updated=updated) if before and (author or not name) else None


def _author(line: str, text: str) -> str | None:
    """The name, or names, of a line without the place behind it; ``None`` if its words are no person's name."""
    if len(line) > _BYLINE_LENGTH:
        return None
    name = _OFFICE.sub("", line.removeprefix("Von ").removeprefix("von ").removeprefix("By "))
    name = name if are_names(name) else _PLACE_BEHIND.sub("", name)
    last = name.rsplit(" ", 1)[-1]
    if name.count(" ") > 1 and re.search(rf"\b(?:[Ii]n|[Aa]us|[Nn]ach|[Bb]ei) {re.escape(last)}\b", text):
        name = name.rsplit(" ", 1)[0]
    return name if are_names(name) else None


def are_names(text: str) -> bool:
    """Whether words have the form of one or more persons' names."""
    return all(map(_is_name, re.split(r",\s*|\s+und\s+|\s*&\s*", text)))


def _is_name(words: str) -> bool:
    capitals = [word for word in words.split() if word not in PARTICLES]
    return 2 <= len(capitals) <= 4 and all(_NAME_PART.fullmatch(word) and word[0].isupper() for word in capitals)
