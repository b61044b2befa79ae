"""What Beleg says in its own words in an answer, in German and English. Articles are never translated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from rag.types import Filters, Language, Query, Status

Kind = Literal["plain", "timeline", "overview", "denial"]

ANSWERED: Mapping[Language, Mapping[Kind, str]] = {
    "de": {
        "plain": "Das steht dazu im Archiv:",
        "timeline": "Das steht dazu im Archiv, das Neueste zuerst:",
        "overview": "Das steht im Archiv aus dieser Zeit:",
        "denial": "Das Archiv sagt etwas anderes, als die Frage annimmt:",
    },
    "en": {
        "plain": "This is what the archive says, in the original German:",
        "timeline": "This is what the archive says, newest first, in the original German:",
        "overview": "This is what the archive holds from that time, in the original German:",
        "denial": "The archive says otherwise than the question assumes (in the original German):",
    },
}
_NEAREST: Mapping[Language, tuple[str, str]] = {
    "de": (
        "Eine direkte Antwort steht nicht im Archiv{only}. Am nächsten kommen diese Stellen:",
        "Zu {about} steht keine direkte Antwort im Archiv{only}. Am nächsten kommen diese Stellen:",
    ),
    "en": (
        "The archive holds no direct answer{only}. These passages (in German) come closest:",
        "The archive holds no direct answer about {about}{only}. These passages (in German) come closest:",
    ),
}
_NOT_FOUND: Mapping[Language, tuple[str, str]] = {
    "de": ("Dazu steht nichts im Archiv{only}.", "Zu {about} steht nichts im Archiv{only}."),
    "en": ("The archive says nothing about this{only}.", "The archive says nothing about {about}{only}."),
}
_NO_OVERVIEW: Mapping[Language, str] = {
    "de": "Aus dieser Zeit steht nichts im Archiv.",
    "en": "The archive holds nothing from that time.",
}
EMPTY_QUESTION: Mapping[Language, str] = {
    "de": "Bitte stellen Sie eine Frage in Worten.",
    "en": "Please ask a question in words.",
}
_NAMED = 4  # words of the question that are repeated
_LONGEST = 30  # characters of each


def message(query: Query, status: Status, kind: Kind = "plain") -> str:
    """The sentence before the quotes; it says what was looked for where nothing answers."""
    asked = query.standalone if query.period else query.searched  # "Gestern?" is a question, "Hallo" is none
    if not any(character.isalnum() for character in asked):
        return EMPTY_QUESTION[query.language]
    if status == "answered":
        return ANSWERED[query.language][kind]
    vague, named = (_NEAREST if status == "nearest" else _NOT_FOUND)[query.language]
    if kind == "overview":
        return _NO_OVERVIEW[query.language]
    about, only = _listed(query.about, query.language), _restricted(query.filters, query.language)
    return (named if about else vague).format(about=about, only=only)


def _listed(names: Sequence[str], language: Language) -> str:
    """„A“, „B“ und „C“."""
    marks, last = ("„{}“", " und ") if language == "de" else ("“{}”", " and ")
    shown = [marks.format(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…") for name in names[:_NAMED]]
    return last.join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def _restricted(filters: Filters, language: Language) -> str:
    """What the asking person restricted the search to."""
    since, until, only = ("seit", "bis", "gesucht nur") if language == "de" else ("since", "until", "searched only")
    parts = [f"{since} {_day(filters.since, language)}"] if filters.since else []
    parts += [f"{until} {_day(filters.until, language)}"] if filters.until else []
    parts += [", ".join(filters.sources)] if filters.sources else []
    return f" ({only}: {', '.join(parts)})" if parts else ""


def _day(day: date, language: Language) -> str:
    return f"{day.day}.{day.month}.{day.year}" if language == "de" else day.isoformat()


# Who made an answer, and what a reader should know of it: ``{name}`` is a model, ``{detail}`` what happened.
NOTES: Mapping[Language, Mapping[str, str]] = {
    "de": {
        "dropped_one": "Ein Satz des Sprachmodells war nicht belegt und ist weggelassen.",
        "dropped": "{count} Sätze des Sprachmodells waren nicht belegt und sind weggelassen.",
        "too_little": "Von der Antwort des Sprachmodells war zu wenig belegt; deshalb stehen hier Zitate.",
        "no_answer": "Das Sprachmodell fand in diesen Quellen keine Antwort; deshalb stehen hier Zitate.",
        "stopped": "Die Antwort wurde angehalten.",
        "broken": "Die Antwort des Sprachmodells brach ab.",
        "instead": "Deshalb besteht die Antwort aus Zitaten.",
        "nameless": "Der Name {name} ist kein Sprachmodell der Form anbieter:modell.",
        "package": "Für das Sprachmodell {name} fehlt ein Paket ({detail}).",
        "keyless": "Für das Sprachmodell {name} fehlt der Schlüssel (BELEG_LLM_KEY).",
        "refused": "Das Sprachmodell {name} hat den Schlüssel abgelehnt.",
        "unknown": "Das Sprachmodell {name} gibt es dort nicht.",
        "busy": "Das Sprachmodell {name} nimmt gerade keine Fragen an.",
        "failing": "Der Server des Sprachmodells {name} meldet einen Fehler.",
        "slow": "Das Sprachmodell {name} hat zu lange gebraucht.",
        "unreachable": "Das Sprachmodell {name} ist nicht erreichbar.",
        "unusable": "Das Sprachmodell {name} gab keine brauchbare Antwort.",
    },
    "en": {
        "dropped_one": "One sentence of the language model was not backed and is left out.",
        "dropped": "{count} sentences of the language model were not backed and are left out.",
        "too_little": "Too little of the language model's answer was backed, so it is made of quotations.",
        "no_answer": "The language model found no answer in these sources, so it is made of quotations.",
        "stopped": "The answer was stopped.",
        "broken": "The language model's answer broke off.",
        "instead": "So the answer is made of quotations.",
        "nameless": "The name {name} is no language model of the form provider:model.",
        "package": "A package for the language model {name} is missing ({detail}).",
        "keyless": "The key for the language model {name} is missing (BELEG_LLM_KEY).",
        "refused": "The language model {name} has refused the key.",
        "unknown": "There is no language model {name} at that address.",
        "busy": "The language model {name} takes no questions at the moment.",
        "failing": "The server of the language model {name} reports an error.",
        "slow": "The language model {name} took too long.",
        "unreachable": "The language model {name} cannot be reached.",
        "unusable": "The language model {name} gave no usable answer.",
    },
}

# Above the sentences that a language model wrote; those of an English answer are in English.
WRITTEN: Mapping[Language, str] = {
    "de": "Aus dem Archiv, von einem Sprachmodell formuliert und Satz für Satz geprüft:",
    "en": "From the archive, written by a language model and checked sentence by sentence:",
}
