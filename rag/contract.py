"""Values → the JSON of the command contract (README, Commands). Dates are ISO strings, unknown ones null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from rag.corpus.add import WHATS, AddReport
from rag.types import Answer, Article, Filters, Hit, Period, Query

if TYPE_CHECKING:
    from rag.index.build import BuildReport


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def filters_json(filters: Filters) -> dict[str, Any]:
    return {"since": _plain(filters.since), "until": _plain(filters.until), "sources": list(filters.sources)}


def period_json(period: Period | None) -> dict[str, Any] | None:
    """The time read from a question, which only prefers; filters exclude."""
    return {name: _plain(value) for name, value in asdict(period).items()} if period else None


def article_json(article: Article) -> dict[str, Any]:
    """An article as ``show --json`` gives it; all offsets elsewhere point into its ``text``."""
    return {name: _plain(value) for name, value in asdict(article).items()}


def add_json(report: AddReport) -> dict[str, Any]:
    """A run of ``add``, as ``add --json`` gives it."""
    return {
        **{str(what): report.number(what) for what in WHATS},
        "articles": [_plain(asdict(taken)) for taken in report.taken],
        "refused": [{"where": refused.where, "reason": refused.reason} for refused in report.refused],
        "failed": list(report.failed),
        "seconds": round(report.seconds, 2),
        "bytes": report.size,
    }


def build_json(report: BuildReport) -> dict[str, Any]:
    """A run of ``build``, as ``build --json`` gives it."""
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "withdrawn": report.withdrawn,
        "grouped": list(report.grouped),
        "refused": [{"where": refused.where, "reason": refused.reason} for refused in report.refused],
        "made_anew": report.fresh,
        "articles": report.manifest.articles,
        "passages": report.manifest.passages,
        "built": report.manifest.built,
        "seconds": round(report.seconds, 2),
        "bytes": report.size,
    }


def answer_json(answer: Answer, answer_id: str | None = None) -> dict[str, Any]:
    """An answer as ``ask --json`` and ``ask --batch`` give it."""
    return {
        "id": answer_id,
        "question": answer.query.question,
        "standalone": answer.query.standalone,
        "status": answer.status,
        "confidence": round(answer.confidence, 4),
        "made_by": answer.made_by,
        "message": answer.message,
        "note": answer.note,
        "filters": filters_json(answer.query.filters),
        "period": period_json(answer.query.period),
        "timeline": answer.timeline,
        "claims": [_plain(asdict(claim)) for claim in answer.claims],
        "citations": [_plain(asdict(citation)) for citation in answer.citations],
        "as_of": _plain(answer.as_of),
        "hits": [
            {
                "passage_id": hit.passage.passage_id,
                "article_id": hit.article.article_id,
                "score": round(hit.score, 4),
                "parts": _rounded(hit),
            }
            for hit in answer.hits
        ],
        "timings_ms": {stage: round(spent, 2) for stage, spent in answer.timings_ms.items()},
    }


def search_json(query: Query, hits: Sequence[Hit]) -> dict[str, Any]:
    """A ranking as ``search --json`` gives it."""
    return {
        "query": {
            "text": query.standalone,
            "filters": filters_json(query.filters),
            "period": period_json(query.period),
        },
        "hits": [
            {
                "rank": rank,
                "article_id": hit.article.article_id,
                "passage_id": hit.passage.passage_id,
                "score": round(hit.score, 4),
                "parts": _rounded(hit),
                "text": hit.passage.text,
                "start": hit.passage.start,
                "end": hit.passage.end,
                "title": hit.article.title,
                "published": _plain(hit.article.published),
            }
            for rank, hit in enumerate(hits, 1)
        ],
    }


def _rounded(hit: Hit) -> dict[str, float]:
    return {name: round(value, 4) for name, value in hit.parts.items()}
