"""Stage 3a: Hits → Draft by quoting. No language model: every claim is one sentence of an article, at most two.

Knows candidates and their judgement; whether a quote really stands in its article is checked by ``citations``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from rag.copies import originals
from rag.encoder import StaticEncoder
from rag.features import ANSWER_FORMS, HITS, NAMES, Candidate, Features, is_sentence, question_form
from rag.german import sentences
from rag.period import nearness, tells_of, years
from rag.premise import Premise
from rag.ranker import Judgement, Ranker
from rag.reader import Reader
from rag.terms import Array, Idf
from rag.timeline import Sentence, timeline
from rag.types import QUOTES, Draft, DraftClaim, Hit, Period, Query, Quote
from rag.wording import is_bare_quotation, joined, leans_back, neighbours, says_the_same, speaker, tells_date

Telling = Mapping[tuple[str, int], float]  # article and start of a sentence → its judgement

MAX_CLAIMS = 4
MAX_WORDS = 90
_ENOUGH = 3  # claims after which none is looked for that is shorter than the next best one
NEAREST = 3  # closest passages shown where none answers
# In the ranker's unit, the usual lead of a sentence that answers over the next one:
_WORSE = 2.2  # a sentence scored so much below the best one adds nothing
_PASSAGE = 0.35  # for each point (a logit of the passage ranker) by which its passage is behind the best one
_AS_TELLING = 1.4  # a neighbour judged at most so much below its sentence carries part of the answer
_SET_BACK = 0.7  # what a sentence loses if it lacks the form of the answer
_RESTATED = 1.0  # for a sentence in which the whole of a yes/no question stands: it says whether it is so
_WHOLE = 0.9  # share of the question from which it counts as whole
_STEM = 5  # letters of a word by which it is known in any inflection
_KEYWORDS = 4  # words up to which a line without question word and question mark is a list of keywords
_SAME_ARTICLE = 0.35  # what a further sentence gains if it stands in the article of the best one
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
_HOW_MANY = re.compile(r"\b(?i:wie\s?viele) (?:[a-zäöüß]+ )?([A-ZÄÖÜ][\w-]{2,})")
_SPEAKER = re.compile(
    r"\b[Ww]as (?:sag|mein|denk|forder|verlang|will|woll|plan|versprich|versprach|kritisier|erklär)\w*"
    r"(?: (?:der|die|das))?(?P<name>(?: [A-ZÄÖÜ][\w-]+){1,3})(?P<alone>\s*\??$)?"
)
_CONSEQUENCE = re.compile(
    r"(?:Damit|Dadurch|Deshalb|Deswegen|Daher|Darum|Somit|Folglich|Dies|Das) "
    r"(?:würde|wäre|hätte|ist|wird|sind|hat)\w*\b|(?:\S+ ){1,4}(?:würde|wäre|hätte)\w* (?:dadurch|damit)\b"
)


class QuotingComposer:
    """Chooses sentences by the trained ranker."""

    def __init__(self, encoder: StaticEncoder, idf: Idf, reader: Reader, ranker: Ranker | None = None) -> None:
        self._encoder = encoder
        self._idf = idf
        self._reader = reader
        self._ranker = ranker or Ranker(encoder.fingerprint, reader.fingerprint)

    def __call__(self, query: Query, hits: Sequence[Hit]) -> Draft:
        """Up to four claims and 90 words. Below the answer threshold the draft holds the closest sentences instead.

        Articles of different dates that say different things make a timeline, the newest first.
        """
        if query.period and not query.about:
            return _overview(query.period, originals(hits))
        hits = originals(hits[: 2 * HITS])
        features = Features(query, hits, self._encoder, self._idf) if hits else None
        if features is None or not features.flat:
            return Draft((), 0.0, False, QUOTES)
        judged = self._ranker.judge(features.rows, lambda chosen, first: self._read(features, chosen, first))
        if judged.confidence < self._ranker.nearest_threshold and not features.names_found:
            return Draft((), judged.confidence, False, QUOTES)
        form = question_form(query.question)
        ranked = _order(query, features, judged, hits, form)
        order = _of_its_years(query, ranked, hits)
        # What answers best may be no sentence (a list, a table): then a far worse sentence is no answer.
        quotable = bool(order) and order[0].score >= float(judged.scores.max()) - _WORSE
        coherent = _coherent(order, form) if quotable else []
        telling = _telling(features, judged.scores)
        denial = _denial(query, order, hits, form) if quotable else None
        if denial:
            claims = _claims(_readable(_in_budget([denial, *coherent], hits, form, {})))
            return Draft(claims, judged.confidence, True, QUOTES, denies=True)
        if quotable and judged.confidence >= self._enough(query, features, form):
            told = _by_date(_in_budget(timeline(query, order, coherent[0], hits, form), hits, form, {}), hits)
            chosen = told or _readable(_in_budget(coherent, hits, form, telling))
            if chosen:
                return Draft(_claims(chosen), judged.confidence, True, QUOTES, timeline=bool(told))
        return Draft(_claims(_closest(features.groups, ranked)), judged.confidence, False, QUOTES)

    def _enough(self, query: Query, features: Features, form: str) -> float:
        """The confidence of an answer. Who names keywords, or a speaker alone, asks what there is: enough if found."""
        asked = query.question.strip()
        keywords = form == "yesno" and not asked.endswith("?") and len(asked.split()) <= _KEYWORDS
        speaker = _SPEAKER.match(asked)
        anything = keywords or (speaker and speaker["alone"] is not None)
        return self._ranker.nearest_threshold if anything and features.names_found else self._ranker.answer_threshold

    def _read(self, features: Features, chosen: Sequence[int], first_look: Array) -> Array:
        return self._reader.read(features.question, [features.flat[i].quote.text for i in chosen], first_look)


def _overview(period: Period, hits: Sequence[Hit]) -> Draft:
    """How the best articles of a time begin, by date, where a question names nothing else ("Was geschah gestern?")."""
    heads: list[Quote] = []
    for hit in hits:
        article = hit.article
        known = any(quote.article_id == article.article_id for quote in heads)
        if known or nearness(article.published, period) < 1:
            continue
        start, end = next(((a, b) for a, b in sentences(article.text) if is_sentence(article.text[a:b])), (0, 0))
        length = len(article.text[start:end].split())
        if 0 < length <= MAX_WORDS - sum(len(quote.text.split()) for quote in heads):
            heads.append(Quote(article.article_id, f"{article.article_id}#0", start, end, article.text[start:end]))
    chosen = sorted(heads[:MAX_CLAIMS], key=lambda quote: _day(quote, hits))
    return Draft(_claims(chosen), float(bool(chosen)), True, QUOTES, timeline=True)


def _order(query: Query, features: Features, judged: Judgement, hits: Sequence[Hit], form: str) -> list[Sentence]:
    """The sentences that can be quoted, best first; those of a passage that was found less well stand back."""
    gram, names = (features.rows[:, NAMES.index(name)] for name in ("gram", "names"))
    pattern = _counted(query) if form == "number" else _spoken(query) or _FORMS.get(form)
    found = [
        Sentence(
            candidate=candidate,
            judged=float(judged.scores[i]),
            score=float(judged.scores[i]) + _PASSAGE * (hits[candidate.hit].score - hits[0].score),
            own=float(gram[i]),
            named=float(names[i]),
            fits=not pattern or bool(pattern.search(candidate.quote.text)),
            read=i in judged.read,
        )
        for i, candidate in enumerate(features.flat)
        if is_sentence(candidate.quote.text)
    ]
    return sorted(found, key=lambda s: (-s.score, s.candidate.quote.passage_id, s.candidate.quote.start))


def _of_its_years(query: Query, order: Sequence[Sentence], hits: Sequence[Hit]) -> list[Sentence]:
    """Those from articles that tell of the years that the question names: of another year it may be otherwise."""
    asked = years(query.standalone)
    telling = {number for number, hit in enumerate(hits) if not asked or tells_of(hit.article, asked)}
    return [sentence for sentence in order if sentence.candidate.hit in telling]


def _counted(query: Query) -> re.Pattern[str]:
    """What a sentence must hold that tells how many: a number, and after "wie viele Soldaten" one of soldiers."""
    asked = _HOW_MANY.search(query.standalone)
    if not asked:
        return _FORMS["number"]
    stem = asked[1].rstrip("-").split("-")[-1][:_STEM]
    return re.compile(rf"(?:{ANSWER_FORMS['number'].pattern})\S*\s+(?:\S+\s+){{0,2}}\S*{stem}", re.IGNORECASE)


def _spoken(query: Query) -> re.Pattern[str] | None:
    """What a sentence must hold that tells what somebody says or wants: the name, or direct speech and nothing else."""
    asked = _SPEAKER.search(query.standalone)
    return re.compile(rf"{re.escape(asked['name'].split()[-1][:_STEM])}|^[„\"»].+[“\"«]$") if asked else None


def _telling(features: Features, scores: Array) -> Telling:
    return {(c.quote.article_id, c.quote.start): float(s) for c, s in zip(features.flat, scores, strict=True)}


def _claims(quotes: Sequence[Quote]) -> tuple[DraftClaim, ...]:
    return tuple(DraftClaim(quote.text, (quote,)) for quote in quotes)


def _closest(groups: Sequence[Sequence[Candidate]], order: Sequence[Sentence]) -> list[Quote]:
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


def _denial(query: Query, order: Sequence[Sentence], hits: Sequence[Hit], form: str) -> Sentence | None:
    """The best sentence that denies what the question takes for granted, unless a later article affirms it."""
    premise = Premise(query.standalone)
    if form == "yesno":
        return None
    denial = next((s for s in order if premise.denied_by(s.candidate.quote.text)), None)
    if denial is None:
        return None
    since = hits[denial.candidate.hit].article.published or date.min
    later = (s for s in order if (hits[s.candidate.hit].article.published or date.max) >= since)
    return None if any(premise.affirmed_by(s.candidate.quote.text) for s in later) else denial


def _in_budget(order: Sequence[Sentence], hits: Sequence[Hit], form: str, telling: Telling) -> list[Quote]:
    """The first sentences that fit the budget and do not repeat each other, in the order given.

    Each brings a neighbour along where it needs one to be understood, or where the answer runs over both.
    """
    chosen: list[Quote] = []
    budget = MAX_WORDS
    for sentence in order:
        if len(chosen) == MAX_CLAIMS:
            break
        quote = sentence.candidate.quote
        if any(_overlap(known, quote) or says_the_same(known.text, quote.text) for known in chosen):
            continue
        longer = _with_neighbour(
            quote, hits[sentence.candidate.hit].article.text, chosen, form, {} if chosen else telling
        )
        # What is not understood alone is no further claim where its neighbour does not fit.
        alone = [] if chosen and longer and leans_back(quote.text) else [quote]
        fitting = [q for q in (*longer, *alone) if len(q.text.split()) <= budget]
        if fitting:
            chosen.append(fitting[0])
            budget -= len(fitting[0].text.split())
        elif len(chosen) >= _ENOUGH:  # what is short enough for the rest may be far worse
            break
    return chosen


def _readable(chosen: Sequence[Quote]) -> list[Quote]:
    """The best first; of the others those that stand next to each other in the order of their article."""
    best, others = list(chosen[:1]), list(chosen[1:])
    for quote in list(others):
        after = next((q for q in others if q.article_id == quote.article_id and 0 <= q.start - quote.end <= 2), None)
        if after and others.index(after) < others.index(quote):
            others.remove(quote)
            others.insert(others.index(after), quote)
    return best + others


def _by_date(chosen: Sequence[Quote], hits: Sequence[Hit]) -> list[Quote]:
    """Quotes in order of the dates of their articles, the newest first; none if fewer than two are left."""
    return sorted(chosen, key=lambda quote: _day(quote, hits), reverse=True) if len(chosen) > 1 else []


def _day(quote: Quote, hits: Sequence[Hit]) -> date:
    articles = (hit.article for hit in hits if hit.article.article_id == quote.article_id)
    return next((article.published for article in articles if article.published), date.min)


def _coherent(order: Sequence[Sentence], form: str) -> list[Sentence]:
    """The sentence to begin with, then the others that were worth reading and are not much worse.

    Those without the form of the answer go back, those of the first one's article come forward.
    """

    def fitting(sentence: Sentence) -> float:
        restated = _RESTATED if form == "yesno" and sentence.own >= _WHOLE else 0.0
        return sentence.score + restated - (0.0 if sentence.fits else _SET_BACK)

    first = max(order, key=fitting)
    article = first.candidate.quote.article_id

    def value(sentence: Sentence) -> float:
        return fitting(sentence) + (_SAME_ARTICLE if sentence.candidate.quote.article_id == article else 0.0)

    near = [s for s in order if s is not first and s.read and s.score >= first.score - _WORSE]
    return [first, *sorted(near, key=value, reverse=True)]


def _with_neighbour(quote: Quote, text: str, chosen: Sequence[Quote], form: str, telling: Telling) -> list[Quote]:
    """With the neighbour it needs, then with those that are nearly as telling: an answer may run over two sentences."""
    before, after = neighbours(text, quote)
    before, after = (None if n and any(_overlap(known, n) for known in chosen) else n for n in (before, after))
    least = telling.get((quote.article_id, quote.start), 0.0) - _AS_TELLING
    judged = [(telling.get((n.article_id, n.start), least - 1), n) for n in (before, after) if n]
    close = [n for score, n in sorted(judged, key=lambda pair: -pair[0]) if score >= least]
    needed = _needed(quote, text, before, after, form)
    return [joined(text, quote, n) for n in ([needed] if needed else []) + close]


def _needed(quote: Quote, text: str, before: Quote | None, after: Quote | None, form: str) -> Quote | None:
    """What a sentence is not understood without: its speaker, what it leans back on, its consequence or its date."""
    if is_bare_quotation(text, quote):
        return speaker(text, quote, before, after)
    if before and leans_back(quote.text) and is_sentence(before.text):
        return before
    if after and form == "why" and _CONSEQUENCE.match(after.text):
        return after
    return after if after and form == "when" and not tells_date(quote.text) and tells_date(after.text) else None


def _overlap(known: Quote, quote: Quote) -> bool:
    return known.article_id == quote.article_id and known.start < quote.end and quote.start < known.end
