"""Stage 2: Query → Hits, by a weighted sum of stems, character 4-grams and vectors. Evaluators enter here.

Candidates come from the indexes alone; each then gets all parts of its score. Knows nothing of sentences or answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.encoder import bundled
from rag.german import fold
from rag.index.dense import one_thread_for_products
from rag.index.reader import Index
from rag.passages import indexed_text
from rag.period import narrowed, nearness
from rag.rerank import DEPTH, PassageRanker
from rag.types import Encoder, Filters, Hit, Period, Query

Method = Literal["hybrid", "lexical", "dense"]
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]
PERIOD_SHARE = 0.2  # of the best first score, for a passage published in the time that the question names
PERIOD_POINTS = 3.0  # the same in the second look


@dataclass(frozen=True, slots=True)
class Weights:
    """What one point of each part is worth. BM25 scores are unbounded, a cosine is at most 1."""

    lexical: float = 1.0
    grams: float = 0.3
    dense: float = 30.0


WEIGHTS: Mapping[Method, Weights] = {
    "hybrid": Weights(),
    "lexical": Weights(dense=0.0),
    "dense": Weights(lexical=0.0, grams=0.0, dense=1.0),
}


class Ranked(NamedTuple):
    """A passage in a ranking, before its text is loaded."""

    row: int
    passage_id: str
    article_id: str
    score: float
    parts: Mapping[str, float]


class HybridSearch:
    """Searches one index. ``depth`` is how many candidates each part brings in; ``ranker`` looks at the best again."""

    def __init__(
        self,
        index: Index,
        encoder: Encoder,
        weights: Weights = Weights(),
        depth: int = 100,
        ranker: PassageRanker | None = None,
    ) -> None:
        one_thread_for_products()
        self._index = index
        self._encoder = encoder
        self._weights = weights
        self._depth = depth
        self._ranker = ranker

    def rank(self, query: Query, depth: int | None = None) -> list[Ranked]:
        """All candidates, best first, ties by passage id; empty for a question without words."""
        text = query.searched
        filters = self._known_outlets(query.filters)
        if not any(character.isalnum() for character in text) or filters is None:
            return []
        ranked = self._first_look(text, filters, depth or self._depth)
        if query.period and ranked:
            within = self._first_look(text, narrowed(filters, query.period), DEPTH)
            ranked = list({r.row: r for r in (*ranked, *within)}.values())
            ranked = self._preferring(query.period, ranked, PERIOD_SHARE * max(r.score for r in ranked))
        if not self._ranker:
            return ranked
        ranked = self._second_look(text, ranked)
        return self._preferring(query.period, ranked, PERIOD_POINTS) if query.period else ranked

    def _first_look(self, text: str, filters: Filters, depth: int) -> list[Ranked]:
        """All candidates by the weighted sum."""
        rows, parts = self._parts(text, filters, depth)
        ids, withdrawn = self._index.store.ids(rows.tolist()), self._index.store.withdrawn()
        total = sum(getattr(self._weights, name) * scores for name, scores in parts.items())
        columns = zip(*(scores.tolist() for scores in parts.values()), strict=True)
        found = [
            (-score, *ids[row], row, values)
            for row, score, values in zip(rows.tolist(), np.asarray(total).tolist(), columns, strict=True)
        ]
        return [
            Ranked(row, passage_id, article_id, -score, dict(zip(parts, values, strict=True)))
            for score, passage_id, article_id, row, values in sorted(found)
            if article_id not in withdrawn
        ]

    def _second_look(self, text: str, ranked: Sequence[Ranked]) -> list[Ranked]:
        """The best candidates ranked anew, with new parts; the others stand below them in their old order and parts."""
        assert self._ranker is not None
        best, others = ranked[:DEPTH], ranked[DEPTH:]
        found = self._index.store.passages([r.row for r in best])
        texts = [indexed_text(*found[r.row]) for r in best]
        titles = [found[r.row][0].title for r in best]
        scored = self._ranker.rank(text, texts, titles, [r.parts for r in best], self._index.lexical.idf)
        again = [r._replace(score=score, parts=parts) for r, (score, parts) in zip(best, scored, strict=True)]
        again.sort(key=lambda r: (-r.score, r.passage_id))
        lowest = again[-1].score if again else 0.0
        below = [Ranked(r[0], r[1], r[2], lowest - i, r[4]) for i, r in enumerate(others, 1)]
        return [*again, *below]

    def _preferring(self, period: Period, ranked: Sequence[Ranked], points: float) -> list[Ranked]:
        """The ranking with ``points`` more for what was published in the period, fewer near it, none without a date."""
        days = self._index.store.published([r.row for r in ranked])
        bonus = {r.row: points * nearness(days.get(r.row), period) for r in ranked}
        raised = [
            r._replace(score=r.score + bonus[r.row], parts={**r.parts, "period": bonus[r.row]}) if bonus[r.row] else r
            for r in ranked
        ]
        return sorted(raised, key=lambda r: (-r.score, r.passage_id))

    def _known_outlets(self, filters: Filters) -> Filters | None:
        """The filters with outlets spelled as the archive does; ``None`` if it has none of them."""
        if not filters.sources:
            return filters
        wanted = {fold(name) for name in filters.sources}
        known = tuple(name for name in self._index.store.sources() if fold(name) in wanted)
        return replace(filters, sources=known) if known else None

    def _parts(self, text: str, filters: Filters, depth: int) -> tuple[Rows, dict[str, Scores]]:
        """The candidates of any part, by row, and the scores of all of them in each part that has a weight."""
        lexical, dense = self._index.lexical, self._index.dense
        found: dict[str, list[tuple[int, float]]] = {}
        vector = self._encoder.encode_queries([text])[0] if self._weights.dense else None
        if self._weights.lexical:
            found["lexical"] = lexical.search("stems", text, depth, filters)
        if self._weights.grams:
            found["grams"] = lexical.search("grams", text, depth, filters)
        if vector is not None:
            among = self._index.store.rows_within(filters) if filters else None
            found["dense"] = dense.search(vector, depth, among)
        rows = np.array(sorted({row for hits in found.values() for row, _ in hits}), dtype=np.int64)
        parts = {}
        for name, hits in found.items():
            own = dict(hits)
            missing = [row for row in rows.tolist() if row not in own]
            if name == "dense" and vector is not None:
                own |= dense.scores(vector, missing)
            else:
                own |= lexical.scores("stems" if name == "lexical" else "grams", text, missing)
            parts[name] = np.array([own.get(row, 0.0) for row in rows.tolist()])
        return rows, parts

    def __call__(self, query: Query, passages: int = 20, articles: int = 10) -> list[Hit]:
        """The best hits: ``passages`` of them, and more until they come from ``articles`` different articles."""
        depth = max(self._depth, passages)
        ranked = self.rank(query, depth)
        # A few long articles can fill the candidates; then look deeper, unless there is no more.
        while depth <= len(ranked) and depth < len(self._index.lexical) and _articles(ranked) < articles:
            depth *= 4
            ranked = self.rank(query, depth)
        return self.load(cover(ranked, passages, articles))

    def load(self, ranked: Sequence[Ranked]) -> list[Hit]:
        """The ranked passages with their texts."""
        found = self._index.store.passages([r.row for r in ranked])
        return [Hit(*found[r.row], score=r.score, parts=r.parts) for r in ranked]


def searcher(index: Index, encoder: Encoder, method: Method = "hybrid") -> HybridSearch:
    """The search by a method; the hybrid one with the bundled passage ranker. Raises BelegError if that is missing."""
    ranker = PassageRanker(bundled()) if method == "hybrid" else None
    return HybridSearch(index, encoder, WEIGHTS[method], ranker=ranker)


def _articles(ranked: Sequence[Ranked]) -> int:
    return len({r.article_id for r in ranked})


def cover(ranked: Sequence[Ranked], passages: int, articles: int) -> list[Ranked]:
    """The first ``passages`` of a ranking, then the first of each further article up to ``articles`` of them."""
    taken = list(ranked[:passages])
    seen = {r.article_id for r in taken}
    for r in ranked[passages:]:
        if len(seen) >= articles:
            break
        if r.article_id not in seen:
            seen.add(r.article_id)
            taken.append(r)
    return taken
