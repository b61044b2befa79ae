"""``eval answers``: questions with gold evidence → how often it is quoted, how often rightly nothing is said.

Gold evidence counts as quoted when 80 % of its words stand in the quotes of the first claims. Articles are looked up in
the index that answered; the words quoted are compared with them again, apart from the check that the answer passed.
No question is asked today: "gestern" is told from the question's own day, so no result changes with the calendar.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from rag.assistant import Assistant, assemble
from rag.evaluation.alce import citation_scores
from rag.evaluation.compare import interval
from rag.evaluation.datasets import Question
from rag.evaluation.intervals import Interval, hanley_mcneil, wilson
from rag.evaluation.provenance import provenance
from rag.german import clean_characters, words
from rag.index.generations import file_digest
from rag.index.reader import Index
from rag.types import Answer, Encoder, Filters, Write

COVERED = 0.8
CLAIMS = 3
RANKING_WORDS = 600
FIRST_ARTICLES = 5
_UNDATED = date(2000, 1, 1)  # where no article has a date, none is nearer to any day


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """Measures over all questions, by group, and the row of each question; ``intervals`` as the measures, 95 %.

    Those of a group stand in ``intervals`` with ``name=value`` before them.
    """

    measures: dict[str, float]
    by: dict[str, dict[str, dict[str, float]]]
    per_query: dict[str, dict[str, Any]]
    intervals: dict[str, Interval]


def evaluate(
    questions: Sequence[Question], index: Index, encoder: Encoder, writer: Write | None = None
) -> AnswersResult:
    """Asks all questions of the index; with a ``writer`` a language model words the answers.

    Each is asked on the day of its ``as_of``, one without on the day of the newest article.
    """
    assistant = assemble(index, encoder, writer)
    newest = index.store.span()[1] or _UNDATED
    rows = {q.question_id: _row(q, _ask(assistant, q, q.as_of or newest), index) for q in questions}
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for q in questions:
        for name, value in q.groups.items():
            members[name][value].append(q.question_id)
    measures, intervals = _measures(list(rows.values()))
    by: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for name, groups in members.items():
        for value, ids in sorted(groups.items()):
            own, reach = _measures([rows[i] for i in ids])
            by[name][value] = {"questions": float(len(ids)), **own}
            intervals |= {f"{name}={value} {measure}": interval for measure, interval in reach.items()}
    return AnswersResult(measures, dict(by), rows, intervals)


def _ask(assistant: Assistant, question: Question, day: date) -> Answer:
    asked = replace(assistant, today=lambda: day)
    return asked.ask(question.text, asked.turns(question.history), Filters(until=question.as_of))


def _row(question: Question, answer: Answer, index: Index) -> dict[str, Any]:
    quotes = {citation.number: citation.quote for citation in answer.citations}
    claims = [" ".join(quotes[n] for n in claim.citations) for claim in answer.claims[:CLAIMS]]
    evidence = [clean_characters(sentence) for sentence in question.evidence]
    articles = list(dict.fromkeys(hit.article.article_id for hit in answer.hits))
    cited = citation_scores(answer, index)
    return {
        "answerable": question.answerable,
        "status": answer.status,
        "written": answer.is_written,
        "verdicts": [claim.verdict for claim in answer.claims],
        "confidence": round(answer.confidence, 4),
        "evidence_first": _quoted(evidence, claims[:1]) if evidence else None,
        "evidence": _quoted(evidence, claims) if evidence else None,
        "evidence_in_ranking": _quoted(evidence, [_first_words(answer)]) if evidence else None,
        "article_found": any(a in question.articles for a in articles[:FIRST_ARTICLES]) if question.articles else None,
        "fidelity": [_faithful(citation, index) for citation in answer.citations],
        "citation_recall": cited.recall,
        "citation_precision": cited.precision,
        "milliseconds": round(sum(answer.timings_ms.values()), 2),
    }


def _quoted(evidence: Sequence[str], quotes: Sequence[str]) -> bool:
    """Whether some sentence of the evidence is covered by the quotes, word for word with repetitions."""
    there = Counter(word.lower() for quote in quotes for word in words(quote))
    return any(_coverage(sentence, there) >= COVERED for sentence in evidence)


def _coverage(sentence: str, there: Counter[str]) -> float:
    wanted = Counter(word.lower() for word in words(sentence))
    return (wanted & there).total() / max(1, wanted.total())


def _first_words(answer: Answer) -> str:
    """The first 600 words of the ranking, read passage after passage."""
    found: list[str] = []
    for hit in answer.hits:
        found += hit.passage.text.split()
    return " ".join(found[:RANKING_WORDS])


def _faithful(citation: Any, index: Index) -> bool:
    """Whether a quote stands in the article it names, with that article's title, outlet and date."""
    article = index.store.article(citation.article_id)
    same = all(getattr(citation, name) == getattr(article, name) for name in ("title", "source", "author", "published"))
    return same and article.text[citation.start : citation.end] == citation.quote


def _measures(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, float], dict[str, Interval]]:
    """What was measured, and the interval of each share."""
    answerable = [row for row in rows if row["answerable"]]
    evident = [row for row in answerable if row["evidence"] is not None]
    unanswerable = [row for row in rows if not row["answerable"]]
    written = [row for row in rows if row["written"]]
    shares: dict[str, list[bool]] = {
        "evidence_hit": [row["evidence"] for row in evident],
        "evidence_hit_first": [row["evidence_first"] for row in evident],
        "evidence_in_600_words": [row["evidence_in_ranking"] for row in evident],
        "article_in_top_5": [row["article_found"] for row in rows if row["article_found"] is not None],
        "answerable_refused": [row["status"] != "answered" for row in answerable],
        "unanswerable_not_answered": [row["status"] != "answered" for row in unanswerable],
        "quote_fidelity": [faithful for row in rows for faithful in row["fidelity"]],
        "written_by_model": [row["written"] for row in rows] if written else [],
        "claims_fully_backed": [verdict == "belegt" for row in written for verdict in row["verdicts"]],
    }
    values = {name: sum(held) / len(held) for name, held in shares.items() if held}
    intervals = {name: wilson(sum(held), len(held)) for name, held in shares.items() if held}
    area = auroc([r["confidence"] for r in answerable], [r["confidence"] for r in unanswerable])
    if area is not None:
        values["confidence_auroc"] = area
        intervals["confidence_auroc"] = hanley_mcneil(area, len(answerable), len(unanswerable))
    for name in ("citation_recall", "citation_precision"):
        means = [row[name] for row in rows if row[name] is not None]
        if means:
            values[name], intervals[name] = sum(means) / len(means), interval(means, rounds=2_000)
    if rows:
        values["milliseconds_p50"] = float(np.percentile([row["milliseconds"] for row in rows], 50))
    rounded = {name: (round(low, 4), round(high, 4)) for name, (low, high) in intervals.items()}
    return {name: round(value, 4) for name, value in values.items()}, rounded


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The chance that a positive scores above a negative, ties counted half (Hanley & McNeil 1982)."""
    if not positives or not negatives:
        return None
    above = np.subtract.outer(np.asarray(positives), np.asarray(negatives))
    return float(((above > 0).sum() + (above == 0).sum() / 2) / above.size)


def dataset_digest(path: Path, index: Index) -> str:
    """One digest of a question file and of all articles that it is asked of."""
    return hashlib.sha256(f"{file_digest(path)} {index.manifest.corpus_digest}".encode()).hexdigest()


def result_json(path: Path, index: Index, result: AnswersResult) -> dict[str, Any]:
    """The results file of the command contract."""
    return {
        "measures": result.measures,
        "intervals": result.intervals,
        "by": result.by,
        "per_query": result.per_query,
        "dataset": {"name": path.stem, "digest": dataset_digest(path, index), "queries": len(result.per_query)},
        **provenance(index),
    }


def lines(result: AnswersResult) -> list[str]:
    """The figures for the terminal, each share with its 95 % interval."""
    shown = [f"{len(result.per_query)} questions; in brackets 95 % intervals"]
    for name, value in result.measures.items():
        shown.append(f"  {name:28} {value:.4f}{_interval(result, name)}")
    for group, members in result.by.items():
        for member, row in members.items():
            place = f"{group}={member}"
            figures = "  ".join(
                f"{name} {row[name]:.2f}{_interval(result, f'{place} {name}')}" for name in _SHOWN if name in row
            )
            shown.append(f"  {place} ({row['questions']:.0f}): {figures}")
    return shown


def _interval(result: AnswersResult, name: str) -> str:
    found = result.intervals.get(name)
    return f" ({found[0]:.2f}–{found[1]:.2f})" if found else ""


_SHOWN = ("evidence_hit", "evidence_hit_first", "answerable_refused", "unanswerable_not_answered", "article_in_top_5")
