"""What an archive holds: its articles found, counted over time, and the questions that cited one.

Knows the index, no page. A list holds no texts, so that a large archive stays light.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from rag.types import Filters
from rag.ui.conversation import Place, Shelf

if TYPE_CHECKING:
    from rag.index.reader import Index
    from rag.index.store import Listed

_DEPTH = 1_000  # passages that a search brings in
_MONTHS = 36  # more of them are counted by year


def listed(index: Index, words: str, filters: Filters) -> list[Listed]:
    """The articles that pass the filters, newest first; of words, those in which one of them stands, best first."""
    found = index.store.listed(filters)
    if not words.strip():
        return found
    rows = [row for row, _ in index.lexical.search("stems", words, _DEPTH, filters)]
    ids = index.store.ids(rows)
    ranks: dict[str, int] = {}
    for row in rows:
        ranks.setdefault(ids[row][1], len(ranks))
    return sorted((a for a in found if a.article_id in ranks), key=lambda a: ranks[a.article_id])


def histogram(articles: Sequence[Listed]) -> dict[str, int]:
    """How many articles a month (``2022-11``) or, over a long time, a year (``2022``) holds; undated ones in none."""
    days = [article.published for article in articles if article.published]
    if not days:
        return {}
    first, last = min(days), max(days)
    months = _month(last) - _month(first) + 1
    if months > _MONTHS:
        years = Counter(day.year for day in days)
        return {str(year): years[year] for year in range(first.year, last.year + 1)}
    counts = Counter(map(_month, days))
    return {f"{m // 12}-{m % 12 + 1:02}": counts[m] for m in range(_month(first), _month(last) + 1)}


def cited_by(shelf: Shelf, article_id: str) -> list[tuple[int, Place, str]]:
    """The questions whose answers cite an article: number of the talk, first place, question."""
    found = []
    for talk in shelf.talks:
        for turn, answer in enumerate(talk.conversation.answers):
            numbers = [c.number for c in answer.citations if c.article_id == article_id]
            if numbers:
                found.append((talk.number, Place(turn, numbers[0]), answer.query.question))
    return found


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
