"""Stage 1: a question and what was asked before → a self-contained Query.

A question that refers back is completed by the one before (``rag.followup``), a time in it is read (``rag.period``), an
English one gets German words to search for (``rag.translate``). Knows nothing of the archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from rag.followup import ENGLISH, GERMAN, completed, content_words, refers_back, topic_words
from rag.german import clean_characters, words
from rag.period import read_period
from rag.translate import german_words
from rag.types import Filters, Language, Period, Query, Turn

MAX_QUESTION = 1_000  # characters; a pasted page is cut, not searched for

# What asks for anything at all.
_GENERAL = frozenset(
    """geschah geschieht geschehen passiert passierte passierten passieren ereignete los neues neue neuigkeiten
    nachrichten meldungen ereignisse wichtig wichtigste wichtiges wichtigsten alles gab happened happening news
    events""".split()
)
# What people say to be polite, at the beginning or the end of a question.
_COURTESY = re.compile(
    r"^(?:hallo|hi|hey|guten (?:tag|morgen|abend)|servus|moin|hello|dear \w+)\b[ ,!.]*(?:beleg\b[ ,!.]*)?|"
    r"\b(?:ich (?:würde|möchte|wollte|wüsste|will) (?:gerne?|mal|nur|auch)(?: gerne?)?(?: wissen)?|"
    r"(?:können|könnten) sie mir (?:bitte )?sagen|(?:kannst|könntest) du mir (?:bitte )?sagen|weißt du|wissen sie|"
    r"i (?:would like|want|wanted) to know|(?:can|could) you (?:please )?tell me)\b[ ,:]*|"
    r"[ ,.!]*\b(?:vielen dank|danke(?: schön| im voraus)?|thanks|thank you)\b[ !.]*$",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:und|aber|and|but)\b(?!-)[ ,]*", re.IGNORECASE)  # to what was said before


def understand(
    question: str, history: Sequence[Turn] = (), filters: Filters = Filters(), today: date | None = None
) -> Query:
    """The question as it will be searched for; an empty question gives an empty ``standalone``.

    ``today`` is what "gestern" is told from; without it no time is read. Any text will do. Raises BelegError only for
    an English question if the bundled lexicon is missing.
    """
    asked = " ".join(clean_characters(question).split())[:MAX_QUESTION]
    standalone = asked
    last = history[-1] if history and words(asked) and refers_back(asked) else None
    period = read_period(asked, today, _year(last)) if today else None
    if last:
        before = last.standalone or last.question
        if period and last.period:  # a new time takes the place of the one before
            before = before.replace(last.period.said, " ")
        period = period or last.period
        standalone = completed(asked, before)
    spoken = language(asked)
    link = _LINK.match(asked)
    aside = ((link.group(),) if link else ()) + ((period.said,) if period and period.relative else ())
    courtesy = tuple(match.group() for match in _COURTESY.finditer(asked))
    about = tuple(_about(standalone, period, courtesy))
    query = Query(asked, standalone, filters, spoken, period=period, about=about, aside=aside + courtesy)
    return replace(query, translation=german_words(query.searched)) if spoken == "en" else query


def _about(question: str, period: Period | None, courtesy: Sequence[str]) -> list[str]:
    """What a question is about: its names and nouns, else all words of it that mean something; never its time."""
    timeless = question.replace(period.said, " ") if period else question
    for words_ in courtesy:
        timeless = timeless.replace(words_, " ", 1)
    names = topic_words(timeless) or content_words(timeless)
    return [word for word in names if word.lower() not in _GENERAL]


def _year(turn: Turn | None) -> int | None:
    """The year that the talk is about."""
    period = turn.period if turn else None
    return period.since.year if period and period.since and not (period.yearly or period.relative) else None


def turns(questions: Sequence[str], read: Callable[[str, Sequence[Turn]], Query] = understand) -> tuple[Turn, ...]:
    """Earlier questions as the turns of a conversation, each read after those before it."""
    history: tuple[Turn, ...] = ()
    for question in questions:
        query = read(question, history)
        history = (*history, Turn(question, query.standalone, query.period))
    return history


def language(text: str) -> Language:
    """German unless the function words of the text are mostly English ones."""
    asked = [word.lower() for word in words(text)]
    return "en" if sum(w in ENGLISH for w in asked) > sum(w in GERMAN for w in asked) else "de"
