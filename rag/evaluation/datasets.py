"""Benchmark folders in BEIR layout, question files in gnad-qa's layout and batches of ``ask``, read with care.

BEIR layout (Thakur et al. 2021): ``corpus.jsonl``, ``queries.jsonl``, ``qrels/SPLIT.tsv``. A file is read as a whole
before any of it is used; a field of the wrong kind is never made to fit. Knows no index.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar

from rag.corpus.fields import is_sound
from rag.corpus.read import Refused, scan
from rag.errors import CorpusError, DatasetError
from rag.types import Article

T = TypeVar("T")
Qrels = Mapping[str, Mapping[str, int]]
_KINDS: Mapping[type, str] = {str: "a text", bool: "true or false", list: "a list of texts", dict: "a JSON object"}


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
    """One question with its gold evidence.

    The evidence stands word for word in ``article_id`` or one of ``also_in``. ``as_of``: only articles of that day or
    before count, since the answer changes. ``groups`` are what results are broken down by.
    """

    question_id: str
    text: str
    article_id: str | None = None
    evidence: tuple[str, ...] = ()
    answerable: bool = True
    groups: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    as_of: date | None = None
    also_in: tuple[str, ...] = ()

    @property
    def articles(self) -> tuple[str, ...]:
        """The articles that answer it."""
        return (self.article_id, *self.also_in) if self.article_id else ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader thought of one answer: the line that the chat writes, and ``eval collect`` reads.

    ``article_id`` and ``quotes`` are those of the answer's first citations; ``time`` is ISO 8601 with its offset.
    """

    question: str
    verdict: Literal["up", "down"]
    time: str
    article_id: str | None = None
    quotes: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    comment: str = ""

    def line(self) -> str:
        """One line of JSON, with its end."""
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


# Files -------------------------------------------------------------------------------------------------------------


def read_articles(corpus: Path) -> dict[str, Article]:
    """All articles of a corpus by id. Raises CorpusError if there is none; what cannot be read is left out."""
    articles: dict[str, Article] = {}
    for record in scan(corpus):
        if isinstance(record, Refused):
            continue
        try:
            articles[record.article_id] = record.load()
        except CorpusError:
            continue
    return articles


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
    topics = judged(_read_topics(topics_file), qrels, f"{topics_file} is judged in {qrels_file}")
    digest = digest_of(corpus, topics_file, qrels_file)
    return RetrievalSet(folder.resolve().name, qrels_file.stem, corpus, topics, qrels, digest)


def judged(topics: Iterable[Topic], qrels: Qrels, where: str) -> tuple[Topic, ...]:
    """The topics that have judgements. Raises DatasetError if none has."""
    found = tuple(topic for topic in topics if topic.query_id in qrels)
    if not found:
        raise DatasetError(f"No query of {where}; their ids must agree.")
    return found


def digest_of(*paths: Path) -> str:
    """One digest of the bytes of some files, and of all files of a folder by name."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _read_topics(path: Path) -> list[Topic]:
    topics = []
    for line in _read_jsonl(path, "_id", numbered=False):
        metadata = _optional(line, "metadata", dict) or {}
        groups = {name: value for name, value in metadata.items() if isinstance(value, str)}
        topics.append(Topic(line.id, _text(line, "text"), groups))
    return topics


def read_questions(path: Path) -> list[Question]:
    """A question file: id, question, article_id, evidence, answerable, and any grouping fields. Raises DatasetError."""
    questions = []
    for line in _read_jsonl(path, "id", "_id"):
        groups = {name: _optional(line, name, str) for name in ("type", "overlap", "kind")}
        answerable = _optional(line, "answerable", bool)
        questions.append(
            Question(
                question_id=line.id,
                text=_text(line, "question"),
                article_id=_optional(line, "article_id", str),
                evidence=_texts(line, "evidence"),
                answerable=answerable is not False,
                groups={name: value for name, value in groups.items() if value},
                history=_texts(line, "history"),
                as_of=_day(line, "as_of"),
                also_in=_texts(line, "also_in"),
            )
        )
    if not questions:
        raise DatasetError(f"{path} holds no question; one JSON object a line is wanted.")
    return questions


def read_batch(path: Path) -> list[Question]:
    """The questions of ``ask --batch``: question and, if any, id and history. Raises DatasetError."""
    lines = _read_jsonl(path, "id")
    return [Question(line.id, _text(line, "question"), history=_texts(line, "history")) for line in lines]


def read_feedback(path: Path) -> list[Feedback]:
    """What readers thought of answers. Raises DatasetError."""
    found = []
    for line in _read_jsonl(path, "id"):
        verdict = _text(line, "verdict")
        if verdict not in ("up", "down"):
            raise line.wrong("verdict", '"up" or "down"')
        found.append(
            Feedback(
                question=_text(line, "question"),
                verdict="up" if verdict == "up" else "down",
                time=_optional(line, "time", str) or "",
                article_id=_optional(line, "article_id", str),
                quotes=_texts(line, "quotes"),
                history=_texts(line, "history"),
                comment=_optional(line, "comment", str) or "",
            )
        )
    return found


def is_feedback(path: Path) -> bool:
    """Whether the first line of a file is what a reader thought of an answer."""
    first = next((text for _, text in read_lines(path)), "")
    return first.lstrip().startswith("{") and '"verdict"' in first


def read_csv(path: Path) -> list[Question]:
    """Questions with article ids as a table: a header names ``question``, ``article_id`` and, if any, ``id``.

    Columns are divided by commas, semicolons or tabs, as the header has them. Several articles of one question stand on
    lines of their own, or are divided by ``;`` where the columns are not. Raises DatasetError.
    """
    table = "\n".join(text for _, text in read_lines(path))
    divider = max(",;\t", key=table.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(table), delimiter=divider, strict=True)
    if not {"question", "article_id"} <= set(rows.fieldnames or ()):
        raise DatasetError(f"{path}: the first line must name the columns question and article_id.")
    asked: dict[str, tuple[str, list[str]]] = {}
    try:
        for row in rows:
            text, names = (row["question"] or "").strip(), (row["article_id"] or "").split(";")
            own = (row.get("id") or text).strip()
            known, articles = asked.setdefault(own, (text, []))
            if not text or known != text:
                raise DatasetError(f"{path}, line {rows.line_num}: wants a question, and one only under the same id.")
            articles += [name.strip() for name in names if name.strip()]
    except csv.Error as error:
        raise DatasetError(f"{path}, line {rows.line_num}: no table ({error}); mend the line.") from error
    ids = {own: own if own != text else f"q{n}" for n, (own, (text, _)) in enumerate(asked.items(), 1)}
    return [
        Question(
            ids[own], text, articles[0] if articles else None, answerable=bool(articles), also_in=tuple(articles[1:])
        )
        for own, (text, articles) in asked.items()
    ]


def _qrels_file(folder: Path, split: str | None) -> Path:
    files = sorted((folder / "qrels").glob("*.tsv"))
    if split is None and len(files) == 1:
        return files[0]
    return folder / "qrels" / f"{split or 'test'}.tsv"


def _read_qrels(path: Path) -> Qrels:
    qrels: dict[str, dict[str, int]] = {}
    for number, line in read_lines(path):
        columns = [column.strip() for column in line.split("\t")]
        if number == 1 and not columns[-1].lstrip("-").isdigit():
            continue  # the header
        try:
            query_id, *_, document_id, grade = columns[0], *columns[1:-1], int(columns[-1])
        except ValueError as error:
            raise DatasetError(
                f"{path}, line {number}: wants query-id, corpus-id and score, divided by tabs."
            ) from error
        if qrels.setdefault(query_id, {}).setdefault(document_id, grade) != grade:
            raise DatasetError(f"{path}, line {number}: {document_id!r} has another score above; remove one of them.")
    return qrels


# Lines and their fields --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    """One JSON object of a file, and where it stands."""

    where: str
    record: Mapping[str, Any]
    id: str

    def wrong(self, name: str, wanted: str) -> DatasetError:
        return DatasetError(f"{self.where}: the field {name!r} must be {wanted}; mend it.")


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers. Raises DatasetError."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); name a text file in UTF-8.") from error
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _read_jsonl(path: Path, *id_fields: str, numbered: bool = True) -> Iterator[_Line]:
    """The objects of a file, each with its id; if ``numbered``, one without goes by the number of its line."""
    seen: set[str] = set()
    for number, text in read_lines(path):
        where = f"{path}, line {number}"
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{where}: no JSON ({error}); mend or remove the line.") from error
        if not isinstance(record, dict):
            raise DatasetError(f"{where}: not a JSON object; mend or remove the line.")
        given = next((record[name] for name in id_fields if record.get(name) is not None), number if numbered else "")
        line = _Line(where, record, str(given) if isinstance(given, str | int) else "")
        if not line.id or isinstance(given, bool) or not is_sound(line.id):
            raise line.wrong(id_fields[0], "there, as a text in whole characters or a whole number")
        if line.id in seen:
            raise DatasetError(f"{where}: the id {line.id!r} stands above already; give each line an id of its own.")
        seen.add(line.id)
        yield line


def _optional(line: _Line, name: str, kind: type[T]) -> T | None:
    """A field of one kind, or ``None`` if it is absent or null."""
    value = line.record.get(name)
    if value is not None and not isinstance(value, kind):
        raise line.wrong(name, _KINDS[kind])
    return value


def _text(line: _Line, name: str) -> str:
    value = _optional(line, name, str)
    if value is None:
        raise line.wrong(name, "there, as a text")
    return value


def _day(line: _Line, name: str) -> date | None:
    value = _optional(line, name, str)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise line.wrong(name, "a date as 2022-11-30") from error


def _texts(line: _Line, name: str) -> tuple[str, ...]:
    """A list of texts; none if it is absent or null."""
    values = _optional(line, name, list) or []
    if not all(isinstance(value, str) for value in values):
        raise line.wrong(name, _KINDS[list])
    return tuple(values)
