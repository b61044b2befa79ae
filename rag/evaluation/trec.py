"""TREC's formats: topics, relevance judgements and runs, read and written (https://trec.nist.gov/data.html).

A file is read as a whole before any of it is used. Knows ids and scores, nothing of what they stand for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rag.errors import DatasetError
from rag.evaluation.datasets import Qrels, Topic, read_lines

Run = Mapping[str, Sequence[tuple[str, float]]]
_BLANK = re.compile(r"\s")
_TAG = re.compile(r"<(/?\w+)>")


def read_run(path: Path) -> Run:
    """A run: ``query Q0 document rank score tag`` a line. Its order is that of the scores, ties that of the file.

    Raises DatasetError.
    """
    found: dict[str, dict[str, float]] = {}
    for number, line in read_lines(path):
        columns = line.split()
        score = _score(columns[4]) if len(columns) == 6 else None
        if score is None:
            raise DatasetError(
                f"{path}, line {number}: wants query, Q0, document, rank, score and tag, divided by blanks."
            )
        ranking = found.setdefault(columns[0], {})
        if columns[2] in ranking:
            raise DatasetError(
                f"{path}, line {number}: {columns[2]!r} stands above already; name a document once a query."
            )
        ranking[columns[2]] = score
    return {query: sorted(scores.items(), key=lambda item: -item[1]) for query, scores in found.items()}


def run_lines(run: Run, tag: str) -> Iterator[str]:
    """The run in TREC format. Raises DatasetError for an id with a blank in it, which the format cannot hold."""
    for query_id, ranking in run.items():
        for rank, (document_id, score) in enumerate(ranking, 1):
            for name in (query_id, document_id, tag):
                if not name or _BLANK.search(name):
                    raise DatasetError(f"A TREC run cannot hold the id {name!r}; take the blanks out of it.")
            yield f"{query_id} Q0 {document_id} {rank} {score!r} {tag}"


def read_qrels(path: Path) -> Qrels:
    """Judgements: ``query iteration document grade`` a line. Raises DatasetError."""
    qrels: dict[str, dict[str, int]] = {}
    for number, line in read_lines(path):
        try:
            query_id, _, document_id, grade = line.split()
            qrels.setdefault(query_id, {})[document_id] = int(grade)
        except ValueError as error:
            raise DatasetError(
                f"{path}, line {number}: wants query, iteration, document and grade, divided by blanks."
            ) from error
    return qrels


def read_topics(path: Path) -> list[Topic]:
    """Topics: ``id TAB text`` a line, or TREC's own ``<top>`` with ``<num>`` and ``<title>``. Raises DatasetError."""
    lines = list(read_lines(path))
    topics = _tagged(lines) if lines and lines[0][1].lstrip().lower().startswith("<") else _tabbed(path, lines)
    if len({topic.query_id for topic in topics}) < len(topics):
        raise DatasetError(f"{path}: an id stands there twice; give each topic an id of its own.")
    return topics


def _tabbed(path: Path, lines: Sequence[tuple[int, str]]) -> list[Topic]:
    topics = []
    for number, line in lines:
        query_id, tab, text = line.partition("\t")
        if not tab:
            raise DatasetError(f"{path}, line {number}: wants an id and a question, divided by a tab.")
        topics.append(Topic(query_id.strip(), text.strip(), {}))
    return topics


def _tagged(lines: Sequence[tuple[int, str]]) -> list[Topic]:
    parts = _TAG.split("\n".join(line for _, line in lines))
    topics: list[Topic] = []
    number = ""
    for tag, text in zip(parts[1::2], parts[2::2], strict=True):
        if tag.lower() == "num":
            number = re.sub(r"(?i)^\s*number:", "", text).strip()
        elif tag.lower() == "title" and number:
            topics.append(Topic(number, " ".join(re.sub(r"(?i)^\s*topic:", "", text).split()), {}))
            number = ""
    return topics


def _score(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if math.isfinite(score) else None
