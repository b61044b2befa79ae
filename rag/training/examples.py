"""Questions with verbatim evidence → feature rows with the evidence marked.

Every question is searched in an index of all training texts, so that the ranker learns from the same hits that it will
see. A question whose text is taken out of its hits has become unanswerable: that teaches it to say nothing. This module
knows nothing of networks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.encoder import StaticEncoder
from rag.features import Features, is_sentence
from rag.german import clean_characters
from rag.index.build import build, stamp
from rag.index.reader import Index, open_index
from rag.question import understand
from rag.search import HybridSearch
from rag.terms import Array
from rag.types import Hit

Say = Callable[[str], None]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One question: its candidates, their feature rows, which are evidence, which can be quoted at all; its weight."""

    question: str
    texts: tuple[str, ...]
    rows: Array
    gold: NDArray[np.bool_]
    quotable: NDArray[np.bool_]
    document: str
    weight: float


def load_examples(
    records: Sequence[Record],
    index: Index,
    search: HybridSearch,
    encoder: StaticEncoder,
    rng: random.Random,
    withheld: float,
    say: Say,
) -> list[Example]:
    """All questions with their candidates' features; of the answerable ones a share ``withheld`` also without text."""
    examples: list[Example] = []
    for number, record in enumerate(records):
        query = understand(record["question"])
        hits = search(query)
        found = [(query, hits)]
        if record["answerable"] and rng.random() < withheld:
            found.append((query, [hit for hit in hits if hit.article.article_id != record["doc"]]))
        for asked, seen in found:
            features = Features(asked, seen, encoder, index.lexical.idf)
            if features.flat:
                examples.append(_example(record, seen, features))
        if number % 1000 == 0:
            say(f"features of {number:,} of {len(records):,} questions")
    return examples


def in_few_words(records: Sequence[Record], share: float, rng: random.Random) -> list[Record]:
    """A share of the questions, as people ask who are short of time."""
    return [{**r, "question": shortened(r["question"], rng)} for r in records if rng.random() < share]


def shortened(question: str, rng: random.Random) -> str:
    """The question with its first word and one to three of its names and nouns, in order."""
    first, *rest = question.rstrip("?. ").split()
    topic = [i for i, word in enumerate(rest) if word[0].isupper() or word[0].isdigit()]
    kept = set(rng.sample(topic, min(len(topic), rng.randint(1, 3))))
    return " ".join([first, *(word for i, word in enumerate(rest) if i in kept or not topic)]) + "?"


def small_archives(records: Sequence[Record], texts: int, rng: random.Random) -> Iterator[list[Record]]:
    """The records by groups of so many texts: words are rarer and other texts further off in a small archive."""
    documents = sorted({record["doc"] for record in records})
    rng.shuffle(documents)
    for start in range(0, len(documents), texts):
        group = set(documents[start : start + texts])
        yield [record for record in records if record["doc"] in group]


def index_texts(records: Sequence[Record], folder: Path, encoder: StaticEncoder) -> Index:
    """An index of all texts that the records are about, made in ``folder``."""
    folder.mkdir(exist_ok=True)
    texts = {r["doc"]: {"id": r["doc"], "title": r["title"], "text": r["text"]} for r in records}
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(json.dumps(t, ensure_ascii=False) + "\n" for t in texts.values()), "utf-8")
    build(corpus, folder / "index", encoder)
    return open_index(folder / "index", stamp(encoder))


def _example(record: Record, hits: Sequence[Hit], features: Features) -> Example:
    evidence = [clean_characters(sentence).strip() for sentence in record["evidence"]] if record["answerable"] else []
    text = next((h.article.text for h in hits if h.article.article_id == record["doc"]), "")
    spans = [(start, start + len(e)) for e in evidence if (start := text.find(e)) >= 0]
    quotes = [c.quote for c in features.flat]
    gold = [
        q.article_id == record["doc"] and any(_overlap(q.start, q.end, *span) > 0.5 for span in spans) for q in quotes
    ]
    quotable = [is_sentence(q.text) for q in quotes]
    texts = tuple(q.text for q in quotes)
    doc, weight = record["doc"], record.get("weight", 1.0)
    return Example(features.question, texts, features.rows, np.array(gold), np.array(quotable), doc, weight)


def _overlap(start: int, end: int, other_start: int, other_end: int) -> float:
    return max(0, min(end, other_end) - max(start, other_start)) / (end - start)
