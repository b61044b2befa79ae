"""More questions to learn from: those that Beleg itself brings along, and those on nothing that an archive holds.

``questions.jsonl`` beside this module holds questions only, most of them near misses: on the very people and things of
a text, asking what it does not say. Their texts stand in the training files and are found there by source and key.
``mentioned.jsonl`` holds questions on what some texts name in passing, which none of all the texts answers.
Knows records, nothing of an index.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rag.training.examples import Record
from rag.training.pairs import read_jsonl

OWN = Path(__file__).with_name("questions.jsonl")
MENTIONED = Path(__file__).with_name("mentioned.jsonl")
_GIVEN = "answer-sentences"
_NEAR_MISS = 0.5  # what one weighs: there are more of them, and whoever writes them takes up the words of the text
_SPEECHES, _ARTICLES, _QUESTIONS = "bundestag-speeches", "klexikon-wikipedia", "wikidpr-questions"


def own_questions(data: Path, given: Sequence[Record], own: Path = OWN) -> list[Record]:
    """Beleg's own questions as records like the ``given`` ones, which are those of ``answer-sentences``.

    Each has ``question``, ``answerable``, ``evidence`` word for word, the ``doc``, ``title`` and ``text`` that are
    asked about, and the ``weight`` that it has for the rankers. Those whose text is not in ``data``, or is another one
    there, are left out. Raises DatasetError if a training file is missing or broken.
    """
    texts = dict(_texts(data, given))
    with own.open(encoding="utf-8") as lines:
        return [record for line in lines for record in _asked(json.loads(line), texts)]


def strange_questions(data: Path, records: Sequence[Record], rng: random.Random) -> list[Record]:
    """Questions on articles that none of the records is about, in any order: an archive of these hardly answers them.

    Raises DatasetError if the training file is missing or broken.
    """
    titles = {record["title"] for record in records}
    pairs = (pair for pair in read_jsonl(data / f"{_QUESTIONS}.jsonl.gz") if pair["title"] not in titles)
    strange = [_unanswered(pair["query"]) for pair in pairs]
    rng.shuffle(strange)
    return strange


def mentioned_questions(records: Sequence[Record], mentioned: Path = MENTIONED) -> list[Record]:
    """Questions on people and things that a text of the records, the ``doc``, names in passing; none answers them."""
    known = {record["doc"] for record in records}
    with mentioned.open(encoding="utf-8") as lines:
        asked = [json.loads(line) for line in lines]
    return [_unanswered(question, a["doc"]) for a in asked if a["doc"] in known for question in a["questions"]]


def _unanswered(question: str, doc: str = "") -> Record:
    return {"question": question, "doc": doc, "title": "", "text": "", "answerable": False, "evidence": []}


def digest(text: str) -> str:
    """Names a text, or tells whether it is the same."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _texts(data: Path, given: Sequence[Record]) -> Iterator[tuple[tuple[str, str], Record]]:
    for record in given:
        yield (_GIVEN, record["doc"]), record
    for record in read_jsonl(data / f"{_ARTICLES}.jsonl.gz"):
        yield (_ARTICLES, record["title"]), record
    for record in read_jsonl(data / f"{_SPEECHES}.jsonl.gz"):
        yield (_SPEECHES, digest(record["text"])), {**record, "title": record["sitting"]}


def _asked(asked: Record, texts: Mapping[tuple[str, str], Record]) -> Iterator[Record]:
    """The questions on one text, or on a part of it."""
    source, key = asked["source"], asked["key"]
    found = texts.get((source, key))
    if found is None:
        return
    text = found["text"][asked["start"] : asked["end"]]
    if digest(text) != asked["digest"]:
        return
    about = {"doc": key if source == _GIVEN else f"{source} {key}", "title": found["title"], "text": text}
    for question, kind, spans in asked["questions"]:
        evidence = [text[start:end] for start, end in spans]
        kept = {"type": kind, "answerable": bool(evidence), "weight": 1.0 if evidence else _NEAR_MISS}
        yield {**about, **kept, "question": question, "evidence": evidence}
