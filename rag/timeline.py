"""What articles of different dates say to one question, in order of date, where the answer may have changed.

Knows judged sentences and their articles; how they are quoted is the composer's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rag.features import Candidate
from rag.period import nearness
from rag.types import Hit, Query
from rag.wording import leans_back

# What is asked for may change with time; a reason or a way is explained, by one article.
FORMS = frozenset({"yesno", "number", "when", "who", "what"})
ENTRIES = 4
_JUDGED = 0.85  # what the ranker's unit is worth here: it judges within an article better than between them
_OWN = 5.0  # for a sentence in which the whole question stands
_FULL = 0.75  # share of the question that counts as the whole
_LEAD = 1.5  # for a sentence at the head of its article, which tells what is new
_HEAD = 2  # sentences
_NEWS = frozenset({"yesno", "number", "when", "who"})  # what the head of an article tells; "what" asks for more
_NAMED = 0.7  # mean share of the question's names that must stand in the passage
_LOOKS_BACK = -2.0  # for a sentence that tells what had been
_LEANS = -1.0  # for a sentence that is not understood alone
_BEARS = 0.7  # share of the question that must stand in a sentence, compared with the sentence that holds most of it
_BEHIND = 3.5  # points that a further article may be behind the best one
_WITHIN = 0.8  # nearness to the period that the question names: what happened is reported a day or two later
_BACK = re.compile(
    r"\b(?:hatten?|damals|seinerzeit|ursprünglich|im Vorjahr|vor \w+ (?:Tagen|Wochen|Monaten|Jahren))\b", re.IGNORECASE
)
_STRONG = """
    war wurde hatte gab ging kam nahm fand stand hielt ließ lief fiel blieb schrieb rief traf sprach brach starb
    trat bat tat sah las lag saß half warf galt gewann begann verlor schlug trug fuhr wuchs stieg sank zog flog bot
    schloss schoss floh schied griff litt stritt riet hieß""".split()
_WEAK = """sagte machte wollte sollte konnte musste durfte brachte kostete dauerte führte stellte forderte lehnte
    erklärte nannte dachte wusste zeigte lieferte lautete endete öffnete eröffnete setzte legte""".split()
# The common verbs in the simple past; a noun that is spelled alike ("Schloss") has a capital.
_PAST = re.compile(
    rf"\b(?:(?:be|ver|er|ent|zer|ge|unter|über|wider)?(?:{'|'.join(_STRONG)})(?:en|n)?|(?:{'|'.join(_WEAK)})n?|did|were)\b"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that can be quoted, judged.

    ``judged`` by the ranker alone and ``score`` with the rank of its passage, in its unit; ``own``: how much of the
    question stands in it; ``named``: how much of the question's names in its passage; ``fits``: it has the form of the
    answer; ``read``: the reader looked at it.
    """

    candidate: Candidate
    judged: float
    score: float
    own: float
    named: float
    fits: bool
    read: bool


def timeline(
    query: Query, sentences: Sequence[Sentence], best: Sentence, hits: Sequence[Hit], form: str
) -> list[Sentence]:
    """The sentence for each day that bears on the question, that of the best first; empty if there is one day only.

    Each has the form of the answer: a number where one is asked for. What is asked in the simple past does not change.
    """
    if form not in FORMS or _past(query.question):
        return []
    found: dict[date, tuple[float, Sentence]] = {}
    enough = _BEARS * min(_FULL, max(s.own for s in sentences))
    for sentence in sentences:
        day = hits[sentence.candidate.hit].article.published
        if day is None or sentence.own < enough or sentence.named < _NAMED or not sentence.fits:
            continue
        if query.period and nearness(day, query.period) < _WITHIN:
            continue
        value = _value(sentence, form)
        if day not in found or value > found[day][0]:
            found[day] = (value, sentence)
    highest = max((value for value, _ in found.values()), default=0.0)
    today = hits[best.candidate.hit].article.published
    own = found.pop(today, (0.0, best))[1] if today else best
    others = sorted((-value, day) for day, (value, _) in found.items() if value >= highest - _BEHIND)
    return [own, *(found[day][1] for _, day in others[: ENTRIES - 1])] if others and today else []


def _past(question: str) -> bool:
    """Whether a question asks for what happened ("Wann trat Finnland bei?"), not for what is so."""
    return bool(_PAST.search(question[:1].lower() + question[1:]))


def _value(sentence: Sentence, form: str) -> float:
    """How well a sentence tells what is so on the day of its article."""
    quote = sentence.candidate.quote
    at_head = form in _NEWS and quote.passage_id.endswith("#0") and sentence.candidate.position < _HEAD
    value = _JUDGED * sentence.judged + _OWN * min(_FULL, sentence.own)
    value += _LEAD if at_head else 0.0
    value += _LEANS if leans_back(quote.text) else 0.0
    return value + (_LOOKS_BACK if _BACK.search(quote.text) else 0.0)
