"""``eval lint``: what makes a question set unfair or broken, each finding in one line.

Evidence must stand word for word in an article that is there (and, for a dated question, was already published);
questions must differ, stand on their own, and not be known from the training files.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DatasetError
from rag.evaluation.datasets import Question
from rag.followup import refers_back
from rag.german import clean_characters, grams, stem, stems, words
from rag.types import Article

SAME = 0.85  # share of common 4-grams from which two questions count as one
LOW = 0.5  # an overlap below this is "low"
_DOUBT = 0.2  # people count words otherwise than stems are counted
_KNOWN_WORDS = 5  # a shorter sentence may stand in the training files by chance
_SENTENCE = re.compile(r"[.!?\n]+")
# What a question asks with says nothing of its topic; stems, so that inflections fall together.
_ASKING = frozenset(
    stem(w)
    for w in """\
    wer wen wem wessen was wann wo woher wohin warum wieso weshalb weswegen wozu womit wodurch woraus worüber worum wie
    viel viele welche welcher welches welchen welchem der die das den dem des ein eine einen einem einer eines und oder
    ist sind war waren wird werden wurde wurden hat haben hatte hatten zu zum zur von vom in im an am auf aus bei mit
    nach für über um sich es er sie man nicht denn noch so sehr schon kein keine keinen als bis ab dank trotz seit nur
    mehr davon dass damit wenn falls ob sein seine ihr ihre ihren seinem dieser diese wir uns ich sei will wollen soll
    sollen kann können muss müssen darf dürfen durften dürften würde hätten könnten laut selbst gab gibt""".split()
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a question; a ``warning`` is for a person to judge, anything else breaks the set."""

    question_id: str
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.question_id}: {'look: ' if self.warning else ''}{self.text}"


def lint(questions: Sequence[Question], articles: Mapping[str, Article], training: Path | None = None) -> list[Finding]:
    """All findings, in the order of the questions. ``training`` is a folder of ``.jsonl`` or ``.jsonl.gz`` files."""
    known = _training_sentences(training, questions) if training else frozenset()
    found = [finding for q in questions for finding in (*_evidence(q, articles), *_wording(q), *_leaks(q, known))]
    place = {q.question_id: i for i, q in enumerate(questions)}
    return sorted([*found, *_duplicates(questions)], key=lambda finding: place[finding.question_id])


def overlap(question: str, article: Article) -> float:
    """The share of the question's words, without those that only ask, whose stems stand in the article."""
    there = set(stems(f"{article.title} {article.text}"))
    asked = {term for term in stems(question) if term not in _ASKING}
    return len(asked & there) / len(asked) if asked else 0.0


def _evidence(q: Question, articles: Mapping[str, Article]) -> Iterator[Finding]:
    if not q.answerable:
        if q.article_id or q.evidence:
            yield Finding(q.question_id, "is called unanswerable, yet names an article or evidence.")
        return
    if not q.article_id:
        yield Finding(q.question_id, 'names no article_id; give it, or say "answerable": false.')
        return
    if not q.evidence:
        yield Finding(q.question_id, "has no evidence: the sentences of the article that answer it.")
    missing = [name for name in q.articles if name not in articles]
    for name in missing:
        yield Finding(q.question_id, f"there is no article {name!r} in the corpus.")
    there = [articles[name] for name in q.articles if name in articles]
    for sentence in q.evidence if there else ():
        if not any(clean_characters(sentence) in article.text for article in there):
            yield Finding(
                q.question_id, f"the evidence {_short(sentence)!r} does not stand in {', '.join(q.articles)}."
            )
    for article in there:
        if q.as_of and article.published and article.published > q.as_of:
            yield Finding(q.question_id, f"{article.article_id} was not there yet on {q.as_of}.")
    label = q.groups.get("overlap")
    if label and there and q.article_id in articles:
        share = overlap(q.text, articles[q.article_id])
        if (label == "low" and share > LOW + _DOUBT) or (label == "high" and share < LOW - _DOUBT):
            yield Finding(q.question_id, f"is labelled {label}, but shares {share:.0%} of its words.", warning=True)


def _wording(q: Question) -> Iterator[Finding]:
    if not words(q.text):
        yield Finding(q.question_id, "is no question: it holds no word.")
    elif not q.history and refers_back(q.text):
        yield Finding(q.question_id, "points back at something; give its history, or name the thing.", warning=True)


def _duplicates(questions: Sequence[Question]) -> Iterator[Finding]:
    """Questions that are the same, or nearly, as one above, for the same day and after the same talk."""
    above: dict[Any, list[tuple[Question, frozenset[str]]]] = {}
    for q in questions:
        own = frozenset(grams(q.text))
        others = above.setdefault((q.as_of, q.history), [])
        for other, theirs in others:
            if stems(other.text) == stems(q.text):
                yield Finding(q.question_id, f"asks the same as {other.question_id}.")
            elif len(own & theirs) >= SAME * max(1, len(own | theirs)):
                yield Finding(q.question_id, f"asks nearly the same as {other.question_id}.", warning=True)
        others.append((q, own))


def _leaks(q: Question, known: frozenset[str]) -> Iterator[Finding]:
    if _folded(q.text) in known:
        yield Finding(q.question_id, "stands in the training files: the models have seen the question.")
    for sentence in q.evidence:
        if any(_folded(part) in known for part in _SENTENCE.split(sentence)):
            yield Finding(q.question_id, f"its evidence {_short(sentence)!r} stands in the training files.")


def _training_sentences(folder: Path, questions: Sequence[Question]) -> frozenset[str]:
    """Which questions and evidence sentences stand as a whole sentence in some training file."""
    texts = [text for q in questions for text in (q.text, *q.evidence)]
    wanted = {_folded(part) for text in texts for part in _SENTENCE.split(text)} - {""}
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")])
    if not files:
        raise DatasetError(f"{folder} holds no training file; name a folder of .jsonl or .jsonl.gz files.")
    # Only a sentence with the first and last word of a wanted one is looked at closely: there are millions.
    ends = {(sentence.split()[0], sentence.split()[-1]) for sentence in wanted}
    found = set()
    for text in (text for file in files for text in _strings(file)):
        for part in _SENTENCE.split(text):
            plain = words(part.lower()) if _may_be(part, ends) else []
            if " ".join(plain) in wanted:
                found.add(" ".join(plain))
    return frozenset(found)


def _may_be(part: str, ends: set[tuple[str, str]]) -> bool:
    bare = part.lower().split()
    if not bare:
        return False
    first, last = words(bare[0])[:1], words(bare[-1])[-1:]
    return bool(first and last) and (first[0], last[0]) in ends


def _strings(file: Path) -> Iterator[str]:
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                for value in json.loads(line).values():
                    yield from (v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str))
    except (OSError, ValueError, AttributeError, EOFError) as error:
        raise DatasetError(f"The training file {file} cannot be read ({error}); leave --training out.") from error


def _folded(text: str) -> str:
    """The words in lower case; empty for a text too short to be known by chance."""
    plain = words(text.lower())
    return " ".join(plain) if len(plain) >= _KNOWN_WORDS else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
