"""Citation recall and precision as ALCE defines them (Gao et al. 2023, section 3), judged by the deterministic checker.

Recall: is a statement backed by all its citations together? Precision: of the citations of a backed statement, does
each back it alone, or would the statement be unbacked without it? The checker is the one that answers pass before they
are shown, so shown answers score high by construction: these figures guard that path, and compare writers that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.citations import judge
from rag.index.reader import Index
from rag.types import Answer, Claim, DraftClaim, Quote

Backs = Callable[[Sequence[Quote]], bool]


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Means over one answer's statements (recall) and citations (precision); ``None`` for an answer without any."""

    recall: float | None
    precision: float | None


def citation_scores(answer: Answer, index: Index) -> CitationScores:
    """The scores of one answer; its articles are looked up again."""
    quotes = {c.number: Quote(c.article_id, c.passage_id, c.start, c.end, c.quote) for c in answer.citations}
    articles = {c.article_id: index.store.article(c.article_id) for c in answer.citations}

    def backs(claim: Claim) -> Backs:
        return lambda by: judge(DraftClaim(claim.text, tuple(by)), articles, answer.query.language).verdict == "belegt"

    scored = [statement(backs(claim), [quotes[n] for n in claim.citations]) for claim in answer.claims]
    return CitationScores(_mean([float(r) for r, _ in scored]), _mean([float(p) for _, ps in scored for p in ps]))


def statement(backs: Backs, quotes: Sequence[Quote]) -> tuple[bool, list[bool]]:
    """Whether a statement is backed by its citations, and of each whether it is precise."""
    if not quotes or not backs(quotes):
        return False, [False] * len(quotes)
    others = [[q for j, q in enumerate(quotes) if j != i] for i in range(len(quotes))]
    return True, [backs([own]) or not rest or not backs(rest) for own, rest in zip(quotes, others, strict=True)]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
