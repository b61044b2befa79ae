"""Stage 3a: Hits → Draft by quoting. No language model: every claim is one sentence of an article, at most two.

Knows candidates and their judgement; whether a quote really stands in its article is checked by ``citations``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.encoder import StaticEncoder
from rag.features import ANSWER_FORMS, NAMES, Candidate, Features, is_sentence, leans_back, question_form
from rag.german import stems
from rag.ranker import Ranker
from rag.terms import Array, Idf
from rag.types import Draft, DraftClaim, Hit, Query, Quote

MADE_BY = "quotes"
MAX_CLAIMS = 4
MAX_WORDS = 90
NEAREST = 3  # closest passages shown where none answers
_SAME = 0.6  # share of stems in common from which two sentences say the same
_WORSE = 4.0  # a sentence scored so much below the best one (in logits) adds nothing
_PASSAGE = 0.5  # logits for each point (logits too) by which its passage is behind the best one
_TOPIC = 0.3  # a further sentence must be at least so much about the question as the first, with its neighbours
_SET_BACK = 2.0  # logits that a sentence loses if it lacks the form of the answer
_SAME_ARTICLE = 1.0  # logits that a further sentence gains if it stands in the article of the best one
# What a sentence must hold to answer such a question. "Dafür gibt es zwei Gründe." announces reasons and gives none.
_FORMS = {
    "why": re.compile(
        r"\b(?:weil|denn|deshalb|deswegen|daher|darum|dadurch|wegen|aufgrund|infolge|angesichts|somit|folglich|sonst|"
        r"ansonsten|ohne)\b|, (?:da|damit|um)\b|^(?:Da|Damit|Um)\b",
        re.IGNORECASE,
    ),
    "when": ANSWER_FORMS["when"],
    "number": ANSWER_FORMS["number"],
}
_CONSEQUENCE = re.compile(
    r"(?:Damit|Dadurch|Deshalb|Deswegen|Daher|Darum|Somit|Folglich|Dies|Das) "
    r"(?:würde|wäre|hätte|ist|wird|sind|hat)\w*\b|(?:\S+ ){1,4}(?:würde|wäre|hätte)\w* (?:dadurch|damit)\b"
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence that can be quoted. ``topic``: how much of the question stands in it and its two neighbours."""

    candidate: Candidate
    score: float
    topic: float


class QuotingComposer:
    """Chooses sentences by the trained ranker."""

    def __init__(self, encoder: StaticEncoder, idf: Idf, ranker: Ranker | None = None) -> None:
        self._encoder = encoder
        self._idf = idf
        self._ranker = ranker or Ranker(encoder.fingerprint)

    def __call__(self, query: Query, hits: Sequence[Hit]) -> Draft:
        """Up to four claims and 90 words. Below the answer threshold the draft holds the closest sentences instead."""
        features = Features(query, hits, self._encoder, self._idf) if hits else None
        if features is None or not features.flat:
            return Draft((), 0.0, False, MADE_BY)
        judged = self._ranker.judge(features.rows)
        if judged.confidence < self._ranker.nearest_threshold and not features.names_found:
            return Draft((), judged.confidence, False, MADE_BY)
        order = _order(features, judged.scores, hits)
        # What answers best may be no sentence (a list, a table): then a far worse sentence is no answer.
        quotable = bool(order) and order[0].score >= float(judged.scores.max()) - _WORSE
        if quotable and judged.confidence >= self._ranker.answer_threshold:
            chosen = _choose(order, features.groups, hits, question_form(query.question))
            if chosen:
                return Draft(_claims(chosen), judged.confidence, True, MADE_BY)
        return Draft(_claims(_closest(features.groups, order)), judged.confidence, False, MADE_BY)


def _order(features: Features, scores: Array, hits: Sequence[Hit]) -> list[_Sentence]:
    """The sentences that can be quoted, best first; those of a passage that was found less well stand back."""
    topic = features.rows[:, NAMES.index("gram_window")]
    found = [
        _Sentence(c, float(score) + _PASSAGE * (hits[c.hit].score - hits[0].score), float(share))
        for c, score, share in zip(features.flat, scores, topic, strict=True)
        if is_sentence(c.quote.text)
    ]
    return sorted(found, key=lambda s: (-s.score, s.candidate.quote.passage_id, s.candidate.quote.start))


def _claims(quotes: Sequence[Quote]) -> tuple[DraftClaim, ...]:
    return tuple(DraftClaim(quote.text, (quote,)) for quote in quotes)


def _closest(groups: Sequence[Sequence[Candidate]], order: Sequence[_Sentence]) -> list[Quote]:
    """From each of the first passages the best sentence, or its beginning if it holds none (a list, a table)."""
    best: dict[int, Quote] = {}
    for sentence in order:
        best.setdefault(sentence.candidate.hit, sentence.candidate.quote)
    found: dict[str, Quote] = {}
    for group in groups:
        quote = best.get(group[0].hit, group[0].quote)
        found.setdefault(quote.article_id, _shortened(quote))
    return list(found.values())[:NEAREST]


def _shortened(quote: Quote) -> Quote:
    """A quote of at most ``MAX_WORDS`` words, cut at a blank."""
    cut = list(re.finditer(r"\S+", quote.text))[MAX_WORDS - 1 :]
    if not cut:
        return quote
    return replace(quote, end=quote.start + cut[0].end(), text=quote.text[: cut[0].end()])


def _choose(
    order: Sequence[_Sentence], groups: Sequence[Sequence[Candidate]], hits: Sequence[Hit], form: str
) -> list[Quote]:
    """The best sentences that fit the budget and do not repeat each other, best first.

    Each brings a neighbour along where it needs one to be understood.
    """
    by_hit = {group[0].hit: group for group in groups}
    chosen: list[Quote] = []
    budget = MAX_WORDS
    for sentence in _coherent(order, form):
        if len(chosen) == MAX_CLAIMS:
            break
        quote = sentence.candidate.quote
        if any(_covers(known, quote) or _same(known.text, quote.text) for known in chosen):
            continue
        longer = _understandable(sentence.candidate, by_hit[sentence.candidate.hit], hits, chosen, form)
        fitting = [q for q in (longer, quote) if len(q.text.split()) <= budget]
        if fitting:
            chosen.append(fitting[0])
            budget -= len(fitting[0].text.split())
    return chosen


def _coherent(order: Sequence[_Sentence], form: str) -> list[_Sentence]:
    """The sentence to begin with, then the others that are not much worse and on the same topic.

    Those without the form of the answer go back, those of the first one's article come forward.
    """
    pattern = _FORMS.get(form)

    def fitting(sentence: _Sentence) -> float:
        return sentence.score - (_SET_BACK if pattern and not pattern.search(sentence.candidate.quote.text) else 0.0)

    first = max(order, key=fitting)
    article = first.candidate.quote.article_id

    def value(sentence: _Sentence) -> float:
        return fitting(sentence) + (_SAME_ARTICLE if sentence.candidate.quote.article_id == article else 0.0)

    enough = _TOPIC * first.topic
    near = [s for s in order if s is not first and s.score >= first.score - _WORSE and s.topic >= enough]
    return [first, *sorted(near, key=value, reverse=True)]


def _understandable(
    candidate: Candidate, group: Sequence[Candidate], hits: Sequence[Hit], chosen: Sequence[Quote], form: str
) -> Quote:
    """The sentence with the neighbour it needs: what it leans back on, the rest of its quotation, its consequence."""
    quote, hit = candidate.quote, hits[candidate.hit]
    before = group[candidate.position - 1].quote if candidate.position else None
    after = group[candidate.position + 1].quote if candidate.position + 1 < len(group) else None
    before, after = (None if n and any(_covers(known, n) for known in chosen) else n for n in (before, after))
    joined = None
    if before and leans_back(quote.text) and is_sentence(before.text):
        joined = _joined(before, quote, hit)
    elif after and (_opens_quotation(quote.text) or (form == "why" and _CONSEQUENCE.match(after.text))):
        joined = _joined(quote, after, hit)
    elif before and _closes_quotation(quote.text):
        joined = _joined(before, quote, hit)
    return joined or quote


def _joined(first: Quote, second: Quote, hit: Hit) -> Quote | None:
    """Two neighbours as one quote; ``None`` if they stand on different lines of the article."""
    text = hit.article.text[first.start : second.end]
    return None if "\n" in text else replace(first, end=second.end, text=text)


def _opens_quotation(text: str) -> bool:
    return text.count("„") > text.count("“") or (text.count('"') % 2 == 1 and text.lstrip().startswith('"'))


def _closes_quotation(text: str) -> bool:
    return text.count("“") > text.count("„") or (text.count('"') % 2 == 1 and not text.lstrip().startswith('"'))


def _covers(known: Quote, quote: Quote) -> bool:
    return known.article_id == quote.article_id and known.start <= quote.start and quote.end <= known.end


def _same(one: str, other: str) -> bool:
    """Whether two sentences say the same: most stems of the shorter one stand in the other."""
    a, b = set(stems(one)), set(stems(other))
    return len(a & b) > _SAME * max(1, min(len(a), len(b)))
