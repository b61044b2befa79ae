"""Benchmark folders in BEIR layout and question files in gnad-qa's layout, read with care.

BEIR layout (Thakur et al. 2021): ``corpus.jsonl``, ``queries.jsonl``, ``qrels/SPLIT.tsv``. Knows no index.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DatasetError

Qrels = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Topic:
    """One query of a benchmark; ``groups`` are what results are broken down by (``{"overlap": "low"}``)."""

    query_id: str
    text: str
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A corpus file, the topics that have relevance judgements, and those judgements."""

    name: str
    split: str
    corpus: Path
    topics: tuple[Topic, ...]
    qrels: Qrels
    digest: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its gold evidence; ``kind`` says why an unanswerable one is so."""

    question_id: str
    text: str
    article_id: str | None
    evidence: tuple[str, ...]
    answerable: bool
    groups: Mapping[str, str]
    history: tuple[str, ...] = ()


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records of a file with their line numbers. Raises DatasetError naming the line that is broken."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); name a JSON-lines file in UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: no JSON ({error}); mend or remove the line.") from error
        if not isinstance(record, dict):
            raise DatasetError(f"{path}, line {number}: not a JSON object; mend or remove the line.")
        yield number, record


def read_retrieval_set(folder: Path, split: str | None = None, queries: str = "queries.jsonl") -> RetrievalSet:
    """A folder in BEIR layout. ``split`` defaults to the only qrels file, else ``test``. Raises DatasetError."""
    corpus, topics_file = folder / "corpus.jsonl", folder / queries
    qrels_file = _qrels_file(folder, split)
    for path in (corpus, topics_file, qrels_file):
        if not path.is_file():
            raise DatasetError(
                f"{path} is missing; a benchmark folder holds corpus.jsonl, queries.jsonl and qrels/*.tsv."
            )
    qrels = _read_qrels(qrels_file)
    topics = []
    for number, record in read_jsonl(topics_file):
        query_id = str(_field(record, "_id", topics_file, number))
        if query_id in qrels:
            groups = {k: v for k, v in (record.get("metadata") or {}).items() if isinstance(v, str)}
            topics.append(Topic(query_id, str(_field(record, "text", topics_file, number)), groups))
    if not topics:
        raise DatasetError(f"No query of {topics_file} is judged in {qrels_file}; their ids must agree.")
    digest = hashlib.sha256(b"".join(p.read_bytes() for p in (corpus, topics_file, qrels_file))).hexdigest()
    return RetrievalSet(folder.resolve().name, qrels_file.stem, corpus, tuple(topics), qrels, digest)


def _qrels_file(folder: Path, split: str | None) -> Path:
    files = sorted((folder / "qrels").glob("*.tsv"))
    if split is None and len(files) == 1:
        return files[0]
    return folder / "qrels" / f"{split or 'test'}.tsv"


def _read_qrels(path: Path) -> Qrels:
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        columns = line.split("\t")
        if number == 1 and not columns[-1].strip().lstrip("-").isdigit():
            continue  # the header
        if not line.strip():
            continue
        try:
            query_id, document_id, grade = columns[0], columns[-2], int(columns[-1])
        except (IndexError, ValueError) as error:
            raise DatasetError(
                f"{path}, line {number}: wants query-id, corpus-id and score, divided by tabs."
            ) from error
        qrels.setdefault(query_id, {})[document_id] = grade
    return qrels


def read_questions(path: Path) -> list[Question]:
    """A question file: id, question, article_id, evidence, answerable, and any grouping fields. Raises DatasetError."""
    questions = []
    for number, record in read_jsonl(path):
        groups = {k: str(record[k]) for k in ("type", "overlap", "kind") if record.get(k)}
        questions.append(
            Question(
                question_id=str(record.get("id") or record.get("_id") or number),
                text=str(_field(record, "question", path, number)),
                article_id=record.get("article_id"),
                evidence=tuple(record.get("evidence") or ()),
                answerable=bool(record.get("answerable", True)),
                groups=groups,
                history=tuple(record.get("history") or ()),
            )
        )
    if not questions:
        raise DatasetError(f"{path} holds no question; one JSON object a line is wanted.")
    return questions


def _field(record: Mapping[str, Any], name: str, path: Path, number: int) -> Any:
    if name not in record:
        raise DatasetError(f"{path}, line {number}: the field {name!r} is missing; add it.")
    return record[name]
