"""Stage 4: Draft → Answer. The only maker of answers: what does not stand in an article is not shown.

A claim is either made of its quotes word for word, or it is laid beside them (``rag.support``) and shown with the best
sentences of theirs. Knows quotes and the hits they claim to come from; how a draft was written is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

from rag.copies import also_in
from rag.messages import Kind, message
from rag.support import Support, check
from rag.types import Answer, Article, Citation, Claim, Draft, DraftClaim, Hit, Language, Query, Quote, Status, Verdict

Elsewhere = Callable[[str, str], tuple[str, ...]]  # an article and words of it → the other outlets they stand in


def _nowhere(article_id: str, quote: str) -> tuple[str, ...]:
    return ()


def verify(query: Query, draft: Draft, hits: Sequence[Hit], elsewhere: Elsewhere = _nowhere) -> Answer:
    """Checks every claim of a draft against the articles of the hits and drops what is not backed.

    A claim stays if all its quotes stand at their offsets, and if its text is made of them word for word, or says what
    they say. The claims of a draft that does not answer become citations alone (``nearest``); with no claim left the
    status is ``not_found``. ``elsewhere`` tells which outlets carry a report that the hits hold one copy of.
    """
    articles = {hit.article.article_id: hit.article for hit in hits}
    judged = [(claim.text, judge(claim, articles, query.language)) for claim in draft.claims]
    cited = _Citations(articles, hits, elsewhere)
    claims = tuple(
        Claim(text, tuple(cited.number(quote) for quote in support.quotes), support.verdict)
        for text, support in judged
        if support.verdict != "nicht belegt"
    )
    citations = tuple(cited.all.values())
    status: Status = "answered" if claims and draft.answers else "nearest" if claims else "not_found"
    by_date = status == "answered" and draft.timeline and len({c.published for c in citations}) > 1
    return Answer(
        query=query,
        status=status,
        confidence=draft.confidence,
        made_by=draft.made_by,
        message=message(query, status, _kind(query, draft, by_date)),
        claims=claims if status == "answered" else (),
        citations=citations,
        as_of=max((c.published for c in citations if c.published), default=None),
        hits=tuple(hits),
        timeline=by_date,
    )


def _kind(query: Query, draft: Draft, by_date: bool) -> Kind:
    """What the message announces."""
    if query.period and not query.about:
        return "overview"
    if by_date:
        return "timeline"
    return "denial" if draft.denies else "plain"


def judge(claim: DraftClaim, articles: Mapping[str, Article], language: Language = "de") -> Support:
    """How well a claim is backed by its quotes, and which words of theirs back it.

    An English question may be answered in either language, so then the better of two readings counts.
    """
    if not claim.quotes or not all(stands(quote, articles) for quote in claim.quotes):
        return Support("nicht belegt", (), 0.0, "quote")
    if claim.text == " ".join(quote.text for quote in claim.quotes):
        return Support("belegt", claim.quotes, 1.0)
    sources = [articles[quote.article_id] for quote in claim.quotes]
    languages: tuple[Language, ...] = ("de",) if language == "de" else ("en", "de")
    readings = [check(claim.text, claim.quotes, sources, spoken) for spoken in languages]
    return min(readings, key=lambda support: get_args(Verdict).index(support.verdict))


def stands(quote: Quote, articles: Mapping[str, Article]) -> bool:
    """Whether a quote stands at its offsets in its article."""
    article = articles.get(quote.article_id)
    if article is None or not 0 <= quote.start < quote.end <= len(article.text):
        return False
    return article.text[quote.start : quote.end] == quote.text


class _Citations:
    """The citations of an answer, numbered as they come; the same words twice are one."""

    def __init__(self, articles: Mapping[str, Article], hits: Sequence[Hit], elsewhere: Elsewhere) -> None:
        self._articles, self._hits, self._elsewhere = articles, hits, elsewhere
        self.all: dict[tuple[str, int, int], Citation] = {}

    def number(self, quote: Quote) -> int:
        """The number of the citation for a quote."""
        place = quote.article_id, quote.start, quote.end
        if place not in self.all:
            self.all[place] = self._citation(quote, len(self.all) + 1)
        return self.all[place].number

    def _citation(self, quote: Quote, number: int) -> Citation:
        article = self._articles[quote.article_id]
        return Citation(
            number=number,
            article_id=article.article_id,
            title=article.title,
            source=article.source,
            author=article.author,
            url=article.url,
            published=article.published,
            updated=article.updated,
            passage_id=quote.passage_id,
            start=quote.start,
            end=quote.end,
            quote=quote.text,
            also_in=self._also_in(quote, article),
        )

    def _also_in(self, quote: Quote, article: Article) -> tuple[str, ...]:
        """The other outlets that carry a quote: among the hits, and those of the report that no hit shows."""
        unseen = self._elsewhere(article.article_id, quote.text) if article.report else ()
        return tuple(dict.fromkeys((*also_in(quote.text, article, self._hits), *unseen)))
