"""Stage 4: Draft → Answer. The only maker of answers: what does not stand in an article is not shown.

Knows quotes and the hits they claim to come from; how a draft was written is not its business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.copies import also_in
from rag.messages import EMPTY_QUESTION, STATUS
from rag.types import Answer, Article, Citation, Claim, Draft, DraftClaim, Hit, Query, Quote, Status


def verify(query: Query, draft: Draft, hits: Sequence[Hit]) -> Answer:
    """Checks every claim of a draft against the articles of the hits and drops what is not backed.

    A claim stays if all its quotes stand at their offsets and its text is made of them word for word. The claims of a
    draft that does not answer become citations alone (``nearest``); with no claim left the status is ``not_found``.
    """
    articles = {hit.article.article_id: hit.article for hit in hits}
    backed = [claim for claim in draft.claims if is_backed(claim, articles)]
    citations: list[Citation] = []
    claims = tuple(
        Claim(c.text, tuple(_cite(q, articles, citations, hits) for q in c.quotes), "belegt") for c in backed
    )
    status: Status = "answered" if claims and draft.answers else "nearest" if claims else "not_found"
    empty = not any(character.isalnum() for character in query.standalone)
    return Answer(
        query=query,
        status=status,
        confidence=draft.confidence,
        made_by=draft.made_by,
        message=EMPTY_QUESTION[query.language] if empty else STATUS[query.language][status],
        claims=claims if status == "answered" else (),
        citations=tuple(citations),
        as_of=max((c.published for c in citations if c.published), default=None),
        hits=tuple(hits),
        timeline=status == "answered" and draft.timeline and len({c.published for c in citations}) > 1,
    )


def is_backed(claim: DraftClaim, articles: Mapping[str, Article]) -> bool:
    """Whether all quotes of a claim stand word for word at their offsets, and the claim says nothing else."""
    if not claim.quotes or not all(stands(quote, articles) for quote in claim.quotes):
        return False
    return claim.text == " ".join(quote.text for quote in claim.quotes)


def stands(quote: Quote, articles: Mapping[str, Article]) -> bool:
    """Whether a quote stands at its offsets in its article."""
    article = articles.get(quote.article_id)
    if article is None or not 0 <= quote.start < quote.end <= len(article.text):
        return False
    return article.text[quote.start : quote.end] == quote.text


def _cite(quote: Quote, articles: Mapping[str, Article], citations: list[Citation], hits: Sequence[Hit]) -> int:
    """The number of the citation for a quote, added to ``citations`` if it is a new one."""
    for known in citations:
        if (known.article_id, known.start, known.end) == (quote.article_id, quote.start, quote.end):
            return known.number
    article = articles[quote.article_id]
    citations.append(
        Citation(
            number=len(citations) + 1,
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
            also_in=also_in(quote.text, quote.article_id, hits),
        )
    )
    return len(citations)
