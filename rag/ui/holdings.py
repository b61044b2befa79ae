"""What an archive holds: its articles found, counted over time, and the questions that cited one.

Knows the index, no page. A list holds no texts, so that a large archive stays light.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.types import Filters
from rag.ui.conversation import Place, Shelf

if TYPE_CHECKING:
    from rag.index.reader import Index
    from rag.index.store import Listed

_MONTHS = 36  # more of them are counted by year


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a list holds: how many articles in each month (``2022-11``, ``""`` for no date), and which.

    ``ids`` are those that a search found, best first; ``None`` where no words were looked for.
    """

    months: Mapping[str, int]
    ids: tuple[str, ...] | None = None

    @property
    def count(self) -> int:
        """How many articles there are."""
        return sum(self.months.values())


def holdings(index: Index, words: str, filters: Filters) -> Holdings:
    """The articles that pass the filters and hold all words, also within longer ones; where none does, any of them.

    They are counted, not loaded: of a large archive only ``first`` ones are shown.
    """
    if not words.strip():
        return Holdings(index.store.months(filters))
    every = len(index.lexical)
    rows = index.lexical.containing(words, every, filters) or index.lexical.containing(
        words, every, filters, any_word=True
    )
    ids = index.store.article_ids([row for row, _ in rows])
    return Holdings(index.store.months(filters, ids), tuple(ids))


def first(index: Index, held: Holdings, filters: Filters, limit: int) -> list[Listed]:
    """The first articles of a list: the newest ones, or the best ones that a search found."""
    if held.ids is None:
        return index.store.listed(filters, limit)
    return index.store.listed_by_id(held.ids[:limit])


def histogram(months: Mapping[str, int]) -> dict[str, int]:
    """How many articles a month (``2022-11``) or, over a long time, a year (``2022``) holds; undated ones in none."""
    counts = {_number(month): count for month, count in months.items() if month}
    if not counts:
        return {}
    first, last = min(counts), max(counts)
    if last - first + 1 > _MONTHS:
        years: Counter[int] = Counter()
        for month, count in counts.items():
            years[month // 12] += count
        return {str(year): years[year] for year in range(first // 12, last // 12 + 1)}
    return {f"{m // 12:04}-{m % 12 + 1:02}": counts.get(m, 0) for m in range(first, last + 1)}


def cited_by(shelf: Shelf, article_id: str) -> list[tuple[int, Place, str]]:
    """The questions whose answers cite an article: number of the talk, first place, question."""
    found = []
    for talk in shelf.talks:
        for turn, answer in enumerate(talk.conversation.answers):
            numbers = [c.number for c in answer.citations if c.article_id == article_id]
            if numbers:
                found.append((talk.number, Place(turn, numbers[0]), answer.query.question))
    return found


def _number(month: str) -> int:
    """Months counted from the year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1
