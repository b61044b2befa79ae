"""Training texts → the stems of ordinary German words, so that what is left of a text can be told to be a name.

German writes every noun with a capital, so case alone names nobody. A noun is ordinary if it often follows a word like
"ein", "kein", "mehrere", which names seldom do; any word is ordinary that often stands in lower case.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.german import stem
from rag.proper_names import WORDS
from rag.training.pairs import read_jsonl

_SOURCES = {
    "bundestag-speeches": "text",
    "klexikon-wikipedia": "text",
    "klexikon-children": "text",
    "answer-sentences": "text",
    "wikidpr-questions": "positive",
    "parallel-de-en": "de",
}
_COUNTING = frozenset(
    """ein eine einen einem einer eines kein keine keinen keinem keiner keines jede jeder jedes jeden jedem mehrere
    viele wenige einige manche solche sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer unser unsere unseren
    unserem unserer zwei drei vier""".split()
)
_TOKEN = re.compile(r"[^\W\d_]+|[.!?:„“\"]")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the list."""

    counted: int = 3  # times that a noun must follow a counting word
    counted_share: float = 0.02  # of all its places inside sentences
    lower: int = 8  # times that a word must stand in lower case
    lower_share: float = 0.05  # of its places with a capital inside sentences


def train_words(data: Path, out: Path, recipe: Recipe = Recipe()) -> int:
    """Reads the texts in ``data``, saves the stems under ``out``; gives their number."""
    records = ((field, record) for name, field in _SOURCES.items() for record in read_jsonl(data / f"{name}.jsonl.gz"))
    texts = (record.get(field) or "" for field, record in records)
    found = ordinary(texts, recipe)
    out.mkdir(parents=True, exist_ok=True)
    (out / WORDS).write_text("".join(f"{word}\n" for word in found), "utf-8")
    return len(found)


def ordinary(texts: Iterable[str], recipe: Recipe = Recipe()) -> list[str]:
    """The stems of ordinary words in some texts, in order of the alphabet."""
    capital: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    lower: Counter[str] = Counter()
    for before, word in (pair for text in texts for pair in _pairs(text)):
        if word[0].islower():
            lower[word] += 1
        elif before:  # at the beginning of a sentence a capital says nothing
            capital[word] += 1
            counted[word] += before in _COUNTING
    capital, counted, lower = (_by_stem(counts) for counts in (capital, counted, lower))
    nouns = {s for s, n in counted.items() if n >= recipe.counted and n > recipe.counted_share * capital[s]}
    others = {s for s, n in lower.items() if n >= recipe.lower and n > recipe.lower_share * capital[s]}
    return sorted(nouns | others)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Each word with the one before it, which is empty at the beginning of a sentence."""
    before = ""
    for token in _TOKEN.findall(text):
        if not token[0].isalpha():
            before = ""
            continue
        yield before, token
        before = token.lower()


def _by_stem(counts: Counter[str]) -> Counter[str]:
    stems: Counter[str] = Counter()
    for word, count in counts.items():
        stems[stem(word)] += count
    return stems
