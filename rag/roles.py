"""Who does it, in a clause: the name that is its subject, or behind "von" in the passive. By case, order and voice.

A rule of thumb, no parser: where it cannot tell, it says nothing. Knows one sentence at a time.
"""

from __future__ import annotations

import re

from rag.proper_names import is_place
from rag.statement import Statement

_PASSIVE = re.compile(r"\b(?:wird|werden|wurden?|worden|was|were|is|are|been|being)\b")
_JOINT = re.compile(r"(?:,| und| and| sowie) (?:die |das |the )?| (?:[A-ZÄÖÜ]\w+ ){1,2}")
_BY = frozenset("von vom durch by".split())
_OBLIQUE = frozenset(
    """den dem des einen einem eines in im an am auf aus bei beim mit nach für über unter um durch gegen vor von vom zu
    zum zur zwischen ohne zugunsten laut wegen trotz neben of to from with for against by on at than about before after
    under between into""".split()
)
_PRONOUNS = frozenset("er sie es man wir ich he she it they we who".split())
_RELATIVE = frozenset("der die das den dem deren dessen wer was who which that".split())
_ARTICLES = frozenset("der die das den dem des ein eine einen einem einer eines the a an".split())
_LONGEST = 4  # words between an article or preposition and the name it belongs to


def agents(said: Statement, start: int, end: int) -> list[str] | None:
    """The names that do what a clause of a sentence says; ``[]`` if a pronoun does, ``None`` if that cannot be told."""
    runs = [run for run in _runs(said) if start <= said.words[run[0]].start() < end]
    if is_passive(said, start, end):
        found = next((run for run in runs if _before(said, run) & _BY), None)
        if found is not None:
            return _with_joined(said, found, runs)
    words = [i for i, word in enumerate(said.words) if start <= word.start() < end]
    for run in runs:
        if any(said.words[i].group().lower() in _PRONOUNS for i in words if i < run[0]):
            return []
        if "das" in _before(said, run):  # rather a thing, which may be what it is done to
            return None
        if not _before(said, run) & _OBLIQUE and not _is_feminine_case(said, run):
            return _with_joined(said, run, runs)
    if any(said.words[i].group().lower() in _PRONOUNS for i in words):
        return []
    return None


def verbs_of(said: Statement, start: int, end: int) -> list[int]:
    """The content words of a clause that may be its verb, as numbers of ``words``.

    In German those in lower case, but for adjectives; in English the first one behind the first name.
    """
    found = [i for i in said.within(start, end) if said.words[i].group()[0].islower()]
    if said.language == "en":
        named = (i for i, word in enumerate(said.words) if start <= word.start() and word.start() in said.names)
        first = next(named, None)
        return [i for i in found if first is not None and i > first][:1]
    return [i for i in found if not _is_adjective(said, i)]


def _is_adjective(said: Statement, i: int) -> bool:
    """Whether a word stands between no name and a noun, and ends as an adjective does."""
    word, after = said.words[i], said.words[i + 1 : i + 2]
    if not after or said.text[word.end() : after[0].start()] != " " or not after[0].group()[0].isupper():
        return False
    if i and said.words[i - 1].group()[0].isupper():
        return False
    return bool(re.search(r"(?:e|en|er|es|em)$", word.group()))


def is_passive(said: Statement, start: int, end: int) -> bool:
    """Whether something is done to the subject of a clause, as far as one can tell from its auxiliary."""
    return bool(_PASSIVE.search(said.text, start, end))


def is_subordinate(said: Statement, start: int) -> bool:
    """Whether a clause begins with a word that stands for something outside it."""
    first = next((word.group().lower() for word in said.words if word.start() >= start), "")
    return start > 0 and first in _RELATIVE


def _runs(said: Statement) -> list[list[int]]:
    """The names of a sentence, as numbers of its words, those together that follow each other."""
    found: list[list[int]] = []
    for i, word in enumerate(said.words):
        if word.start() not in said.names:
            continue
        if found and found[-1][-1] == i - 1 and said.text[said.words[i - 1].end() : word.start()] in " -":
            found[-1].append(i)
        else:
            found.append([i])
    return found


def _before(said: Statement, run: list[int]) -> set[str]:
    """The article and preposition that a name belongs to, if any."""
    found: set[str] = set()
    for i in range(run[0] - 1, max(run[0] - 1 - _LONGEST, -1), -1):
        word = said.words[i].group()
        if said.text[said.words[i].end() : said.words[i + 1].start()] not in " -":
            break
        if word.lower() in _OBLIQUE | _ARTICLES:
            found.add(word.lower())
            if word.lower() not in _ARTICLES:
                break
        elif "der" in found and word[0].isupper():
            found.add("des")  # "Politiker der SPÖ" is a genitive
            break
        elif found or not (word[0].isupper() or said.language == "en" or re.fullmatch(r"\w+(?:e|en|er|es|em)", word)):
            break
    return found


def _is_feminine_case(said: Statement, run: list[int]) -> bool:
    """Whether a place stands behind "der" ("der Ukraine"): it is feminine, and so no subject."""
    place = said.words[run[0]]
    return is_place(place.group()) and place.group()[0].isupper() and said.text[: place.start()].endswith("der ")


def _with_joined(said: Statement, run: list[int], runs: list[list[int]]) -> list[str]:
    """A name with those that "und", a comma or an office joins to it."""
    found = [*run]
    for other in runs:
        gap = said.text[said.words[found[-1]].end() : said.words[other[0]].start()]
        if other[0] > found[-1] and _JOINT.fullmatch(gap):
            found += other
    return [said.words[i].group() for i in found]
