"""Stage 1: a question and what was asked before → a self-contained Query.

A question that refers back ("Und was sagt Deutschland dazu?") is completed with the topic words of the one before;
a question that stands on its own is left alone, however long the talk. Knows nothing of the archive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from rag.german import clean_characters, words
from rag.period import read_period
from rag.translate import german_words
from rag.types import Filters, Language, Period, Query, Turn

MAX_QUESTION = 1_000  # characters; a pasted page is cut, not searched for

_ENGLISH = frozenset(
    """the is are was were do does did what which who whom whose when where why how can could will would should of and
    to not about with from by it this that there have has""".split()
)
_GERMAN = frozenset(
    """der die das den dem des ein eine ist sind war waren wird werden was wer wen wem wann wo warum wieso weshalb wie
    und zu nicht über mit von aus im am auf für hat haben welche welcher welches keine kein gibt es""".split()
)
_QUESTION_WORDS = frozenset(
    """wer wen wem wessen was wann wo woher wohin warum wieso weshalb weswegen wie wieviel welche welcher welches
    welchen welchem womit wofür wodurch woran worauf worüber wovon wozu inwiefern inwieweit nenne nennen sag sagen
    gib who whom whose what when where why how which""".split()
)
_OPENERS = re.compile(r"(?:und|aber|oder|also|auch|and|but|so|also)\b", re.IGNORECASE)
# Words that point at something said before. "es", "das" and "die" are too common to count anywhere but alone.
_BACKWARD = frozenset(
    """er ihn ihm sie ihnen ihr ihre ihren ihrem ihrer ihres sein seine seinen seinem seiner seines deren dessen dies
    diese diesen diesem dieser dieses dazu dafür dagegen dabei daran darauf daraus darin darüber davon davor damit
    danach dadurch daher damals dort dorthin jeweils beide beiden derselbe dieselbe solche solchen solcher he him
    his she her hers they them their its this these those there then it""".split()
)
# What asks for anything at all, and small words that the lists above leave out.
_GENERAL = frozenset(
    """geschah geschieht geschehen passiert passierte passierten passieren ereignete los neues neue neuigkeiten
    nachrichten meldungen ereignisse wichtig wichtigste wichtiges wichtigsten alles gab happened happening news
    events viel viele vielen wieviel mehr in on at for a an as or if be been bei an nach vor seit bis als ob so nur noch
    schon man wir ich mir mich sie er dann doch mal bitte denn wenn einen einem einer eines""".split()
)
_LONELY = frozenset("es das den dem denn sonst noch genau it that".split())
_KNOWN_THING = re.compile(r"\b(?:der|die|das|den|dem|des|the) [A-ZÄÖÜ]\w+\W*$")
_SHORT = 4  # words
_FEW = 3  # topic words; a question with as many stands on its own unless it points backward


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
        missing = [w for w in topic_words(before) if w.lower() not in asked.lower()]
        if missing:
            standalone = f"{asked} ({', '.join(missing)})"
    spoken = language(asked)
    query = Query(asked, standalone, filters, spoken, period=period, about=tuple(_about(standalone, period)))
    return replace(query, translation=german_words(query.searched)) if spoken == "en" else query


def _about(question: str, period: Period | None) -> list[str]:
    """What a question is about: its names and nouns, else all words of it that mean something; never its time."""
    timeless = question.replace(period.said, " ") if period else question
    empty = _QUESTION_WORDS | _GERMAN | _ENGLISH | _BACKWARD | _LONELY | _GENERAL
    meant = [word for word in words(timeless) if word.lower() not in empty and len(word) > 1]
    names = [word for word in topic_words(timeless) if word.lower() not in _GENERAL]
    return names or list(dict.fromkeys(meant))


def _year(turn: Turn | None) -> int | None:
    """The year that the talk is about."""
    period = turn.period if turn else None
    return period.since.year if period and period.since and not (period.yearly or period.relative) else None


def turns(questions: Sequence[str], today: date | None = None) -> tuple[Turn, ...]:
    """Earlier questions as the turns of a conversation, each understood after those before it."""
    history: tuple[Turn, ...] = ()
    for question in questions:
        query = understand(question, history, today=today)
        history = (*history, Turn(question, query.standalone, query.period))
    return history


def language(text: str) -> Language:
    """German unless the function words of the text are mostly English ones."""
    asked = [word.lower() for word in words(text)]
    return "en" if sum(w in _ENGLISH for w in asked) > sum(w in _GERMAN for w in asked) else "de"


def refers_back(question: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    asked = words(question)
    topic = topic_words(question)
    lower = [word.lower() for word in asked]
    if _OPENERS.match(question.lstrip()) and len(topic) <= _FEW:
        return True
    if any(word in _BACKWARD for word in lower) and len(topic) < _FEW:
        return True
    if len(topic) != 1:
        return not topic
    short = len(asked) <= _SHORT and bool(_KNOWN_THING.search(question))  # "Wann ist die Stichwahl?"
    return short or any(word in _LONELY for word in lower)


def topic_words(question: str) -> list[str]:
    """The words that say what a question is about: names, nouns and numbers, in order, each once."""
    found: list[str] = []
    for i, word in enumerate(words(question)):
        is_name = word[0].isupper() or any(c.isdigit() for c in word)
        if not is_name or word.lower() in _QUESTION_WORDS | _GERMAN | _ENGLISH | _BACKWARD:
            continue
        if i == 0 and _OPENERS.fullmatch(word):
            continue
        if word not in found:
            found.append(word)
    return found
