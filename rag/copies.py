"""The same report in several outlets: which passages are copies of others, and where else a quote stands.

By shared runs of words (shingles; Broder 1997). Knows hits and texts, no index and no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rag.german import words
from rag.types import Article, Hit

RUN = 4  # words in a row
_COPY = 0.6  # share of the shorter passage's runs from which it is a copy
_STANDS = 0.8  # share of a quote's runs from which it stands in another passage as well
_SHORTEST = 6  # words; a shorter quote stands anywhere by chance

Runs = frozenset[int]


@lru_cache(maxsize=512)
def runs(text: str) -> Runs:
    """All runs of four words in lower case, each by its hash; of a shorter text the whole.

    Remembered, since the same passages come back with every question on a topic.
    """
    own = words(text.lower())
    if len(own) < RUN:
        return frozenset([hash(tuple(own))] if own else [])
    return frozenset(map(hash, zip(*(own[i:] for i in range(RUN)), strict=False)))


def share(part: Runs, whole: Runs) -> float:
    """How much of the one text stands in the other, from 0 to 1."""
    return len(part & whole) / len(part) if part else 0.0


def originals(hits: Sequence[Hit]) -> list[Hit]:
    """The hits without those that copy a better one of another article."""
    kept: list[tuple[Hit, Runs]] = []
    for hit in hits:
        own = runs(hit.passage.text)
        others = (known for better, known in kept if better.article.article_id != hit.article.article_id)
        if not any(share(*sorted((own, known), key=len)) >= _COPY for known in others):
            kept.append((hit, own))
    return [hit for hit, _ in kept]


def also_in(quote: str, article: Article, hits: Sequence[Hit]) -> tuple[str, ...]:
    """The other articles among the hits in which a quote of this one stands too, in the hits' order.

    Each by its outlet, or else its title; the article's own outlet is no other one.
    """
    said = words(quote)
    if len(said) < _SHORTEST:
        return ()
    longest = max(said, key=len)  # spares a look at most hits
    found = [
        hit.article.source or hit.article.title or hit.article.article_id
        for hit in hits
        if hit.article.article_id != article.article_id
        and (not hit.article.source or hit.article.source != article.source)
        and longest in hit.passage.text
        and share(runs(quote), runs(hit.passage.text)) >= _STANDS
    ]
    return tuple(dict.fromkeys(found))
