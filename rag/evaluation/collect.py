"""``eval collect``: a maintainer's questions and the chat's feedback → a benchmark folder that every ``eval`` reads.

The folder is in BEIR layout, with the questions and their evidence beside it in gnad-qa's. What nobody has judged yet
(a thumb down, a question without an article) is written apart, for a person to complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rag.errors import DatasetError
from rag.evaluation.datasets import Feedback, Question, is_feedback, read_csv, read_feedback, read_questions
from rag.evaluation.lint import LOW, overlap
from rag.types import Article


@dataclass(frozen=True, slots=True)
class Collected:
    """Questions that can be measured, and those that a person has still to judge."""

    questions: tuple[Question, ...]
    unjudged: tuple[Mapping[str, Any], ...]


def collect(sources: Sequence[Path]) -> Collected:
    """All questions of several files: ``.csv`` tables, question files, feedback. Raises DatasetError.

    Of feedback a thumb up makes a question with the article and the quotes that were shown; anything else waits.
    """
    questions: list[Question] = []
    unjudged: list[Mapping[str, Any]] = []
    for source in sources:
        if source.suffix.lower() == ".csv":
            questions += read_csv(source)
        elif is_feedback(source):
            for number, said in enumerate(read_feedback(source), 1):
                if said.verdict == "up" and said.article_id:
                    questions.append(_approved(f"{source.stem}-{number}", said))
                else:
                    unjudged.append(_open(f"{source.stem}-{number}", said))
        else:
            questions += read_questions(source)
    return Collected(tuple(_once(questions)), tuple(unjudged))


def _approved(name: str, said: Feedback) -> Question:
    return Question(name, said.question, said.article_id, said.quotes, history=said.history)


def _open(name: str, said: Feedback) -> dict[str, Any]:
    return {
        "id": name,
        "question": said.question,
        "history": list(said.history),
        "article_id": None,
        "evidence": [],
        "shown": said.article_id,
        "verdict": said.verdict,
        "comment": said.comment,
    }


def _once(questions: Iterable[Question]) -> list[Question]:
    """Each question once: readers ask the same again. Raises DatasetError for an id with two questions."""
    kept: dict[Any, Question] = {}
    for q in questions:
        kept.setdefault((q.text, q.history, q.as_of), q)
    ids: set[str] = set()
    for q in kept.values():
        if q.question_id in ids:
            raise DatasetError(f"Two different questions bear the id {q.question_id!r}; rename one of them.")
        ids.add(q.question_id)
    return list(kept.values())


def write_folder(
    out: Path, collected: Collected, articles: Mapping[str, Article], sources: Sequence[Path] = ()
) -> list[str]:
    """Writes the folder and says what stands in it, file by file; a source that lies there already stays as it is.

    Raises DatasetError if ``out`` holds other files.
    """
    files: dict[str, list[Mapping[str, Any]]] = {
        "corpus.jsonl": [_document(article) for article in articles.values()],
        "questions.jsonl": [_question(_labelled(q, articles)) for q in collected.questions],
        "queries.jsonl": [_query(_labelled(q, articles)) for q in collected.questions if _is_judged(q)],
        "unjudged.jsonl": list(collected.unjudged),
    }
    if not files["queries.jsonl"]:
        raise DatasetError("No question names an article that answers it; give an article_id to some.")
    known = {*files, "qrels", "followups.jsonl", "dated.jsonl", "README.md"}
    if out.is_dir() and any(path.name not in known for path in out.iterdir()):
        raise DatasetError(f"{out} holds other files already; name an empty or a new folder with --out.")
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    written = []
    for name, records in files.items():
        if records and (out / name).resolve() not in {source.resolve() for source in sources}:
            (out / name).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
            written.append(f"{out / name}: {len(records)}")
    judged = [q for q in collected.questions if _is_judged(q)]
    lines = [f"{q.question_id}\t{name}\t1\n" for q in judged for name in q.articles]
    (out / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines), "utf-8")
    return [*written, f"{out / 'qrels' / 'test.tsv'}: {len(lines)}"]


def _is_judged(q: Question) -> bool:
    """Whether ranking alone can be measured by it: it has a gold article, stands on its own, and needs no filter."""
    return q.answerable and bool(q.articles) and not q.history and q.as_of is None


def _labelled(q: Question, articles: Mapping[str, Article]) -> Question:
    """With its overlap measured where nobody has labelled it."""
    if not q.article_id or q.article_id not in articles or "overlap" in q.groups:
        return q
    label = "low" if overlap(q.text, articles[q.article_id]) < LOW else "high"
    return replace(q, groups={**q.groups, "overlap": label})


def _document(article: Article) -> dict[str, Any]:
    facts = {
        "published": article.published.isoformat() if article.published else None,
        "source": article.source,
        "author": article.author,
        "url": article.url,
        "section": article.section,
    }
    known = {name: value for name, value in facts.items() if value}
    return {"_id": article.article_id, "title": article.title, "text": article.text, "metadata": known}


def _query(q: Question) -> dict[str, Any]:
    return {"_id": q.question_id, "text": q.text, "metadata": dict(q.groups)}


def _question(q: Question) -> dict[str, Any]:
    optional = {
        "history": list(q.history),
        "as_of": q.as_of.isoformat() if q.as_of else None,
        "also_in": list(q.also_in),
        **q.groups,
    }
    return {
        "id": q.question_id,
        "question": q.text,
        "article_id": q.article_id,
        "evidence": list(q.evidence),
        "answerable": q.answerable,
        **{name: value for name, value in optional.items() if value},
    }
