"""A claim laid beside the sentences of the passages it cites: which of its words, numbers and days stand in which.

Measures and never judges; the verdict is made in ``support``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from rag.encoder import StaticEncoder
from rag.facts import Day, Number, same_day, same_number, years
from rag.german import sentences
from rag.likeness import likeness
from rag.proper_names import is_place, same_name, speaks_for, unified
from rag.statement import TOKEN, Statement
from rag.terms import Array
from rag.types import Article, Quote

FACT_WEIGHT = 5.0  # of a number or day among the words, which weigh 1 to 6
SURE = 0.8  # from here a match is more than a likeness
_NEAR = 0.60  # a sentence is where a clause comes from if it covers so much of what the best one covers
_TIE = 0.9  # sentences that cover so much of what the best one covers are as good


@dataclass(frozen=True, slots=True)
class Source:
    """One sentence of a passage: where it stands, and what stands in it."""

    quote: Quote
    article: Article
    said: Statement


def sources(passage: Quote, article: Article) -> list[Source]:
    """The sentences of a passage."""
    found = []
    for start, end in sentences(passage.text):
        text = passage.text[start:end]
        quote = Quote(passage.article_id, passage.passage_id, passage.start + start, passage.start + end, text)
        found.append(Source(quote, article, Statement(unified(text), published=article.published)))
    return found


def share(covered: Array, weights: Array) -> float:
    """The weight that is covered, as a share of all."""
    return float((covered * weights).sum() / max(float(weights.sum()), 1e-6))


class Beside:
    """One claim beside all sentences of its passages. Its words and theirs are counted as in ``Statement.words``."""

    def __init__(self, claim: Statement, there: Sequence[Source], encoder: StaticEncoder) -> None:
        self.claim, self.sources = claim, there
        self.weights = encoder.lengths([claim.words[i].group().lower() for i in claim.content])
        self.row = {word: row for row, word in enumerate(claim.content)}
        self.alike = self._likenesses(encoder)
        # How well each content word of the claim is matched by each sentence, shape (words, sentences).
        self.table = np.stack([a.max(axis=1, initial=0.0) for a in self.alike], axis=1)
        self.facts = self._facts()
        self.whole = self.cover(claim.content) + FACT_WEIGHT * self.facts.sum(axis=0)

    def _likenesses(self, encoder: StaticEncoder) -> list[Array]:
        """For each sentence, how well each content word of the claim is matched by each of its words, (words, words).

        A name is matched wholly or not at all.
        """
        claimed = [self.claim.words[i].group() for i in self.claim.content]
        there = [[word.group() for word in source.said.words] for source in self.sources]
        column = {word: i for i, word in enumerate(dict.fromkeys(chain.from_iterable(there)))}
        found = likeness(claimed, list(column), encoder, self.claim.language)
        for row, i in enumerate(self.claim.content):
            place = self.claim.words[i].start()
            if place in self.claim.names:
                state = not self.claim.is_located(place)
                same = [same_name(claimed[row], w) or (state and speaks_for(claimed[row], w)) for w in column]
                if self.claim.language == "en" and not is_place(claimed[row]):  # "the White House" is in words, too
                    same = np.maximum(same, found[row] == 1.0)
                found[row] = same
        return [found[:, [column[word] for word in own]] for own in there]

    def _facts(self) -> Array:
        """Which numbers, then days, of the claim stand in which sentences, shape (facts, sentences)."""
        rows = [[_has_number(number, s) for s in self.sources] for number in self.claim.numbers]
        rows += [[_has_day(day, s) for s in self.sources] for day in self.claim.days]
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(self.sources))

    def text(self, word: int) -> str:
        """A word of the claim."""
        return self.claim.words[word].group()

    @cached_property
    def named(self) -> list[int]:
        """The words of the claim that are names."""
        return [i for i in self.claim.content if self.claim.words[i].start() in self.claim.names]

    @cached_property
    def runs(self) -> list[list[int]]:
        """The same, with those together that follow each other as one ("Carl-Ludwig Thiele")."""
        found: list[list[int]] = []
        for i in self.named:
            last = found[-1][-1] if found else -2
            if i == last + 1 and self.claim.text[self.claim.words[last].end() : self.claim.words[i].start()] in " -":
                found[-1].append(i)
            else:
                found.append([i])
        return found

    def around(self, run: Sequence[int]) -> tuple[list[int], list[int]]:
        """The other content words of the clause that a name stands in, else of the claim; and its facts."""
        place = self.claim.words[run[0]].start()
        for start, end in (self.claim.clause_of(place), (0, len(self.claim.text))):
            words = [i for i in self.claim.within(start, end) if i not in run]
            facts = [n for n, fact in enumerate(self.claim.facts) if start <= fact.start < end]
            if words or facts:
                break
        return words, facts

    def cover(self, words: Sequence[int]) -> Array:
        """How much of some content words each sentence covers, shape (sentences,)."""
        rows = [self.row[word] for word in words]
        if not rows:
            return np.zeros(len(self.sources), dtype=np.float32)
        return np.asarray((self.table[rows] * self.weights[rows, None]).sum(axis=0))

    def rest(self, run: Sequence[int]) -> Array:
        """How much of the claim but for some of its words each sentence covers, with its facts, shape (sentences,)."""
        cover = self.cover([i for i in self.claim.content if i not in run])
        return np.asarray(cover + FACT_WEIGHT * self.facts.sum(axis=0))

    def covered(self, words: Sequence[int], facts: Sequence[int]) -> Array:
        """The same with some of the claim's facts, as a share of them all."""
        cover = self.cover(words) + FACT_WEIGHT * self.facts[facts].sum(axis=0)
        return np.asarray(cover / max(self._weight(words, facts), 1e-6))

    def beyond(self, home: int, words: Sequence[int], facts: Sequence[int]) -> Array:
        """How much each sentence covers of some words and facts that one sentence does not, as a share of them all."""
        rows = [self.row[word] for word in words]
        more = (np.maximum(self.table[rows] - self.table[rows, home, None], 0) * self.weights[rows, None]).sum(axis=0)
        more = more + FACT_WEIGHT * np.maximum(self.facts[facts] - self.facts[facts, home, None], 0).sum(axis=0)
        return np.asarray(more / max(self._weight(words, facts), 1e-6))

    def _weight(self, words: Sequence[int], facts: Sequence[int]) -> float:
        return float(self.weights[[self.row[word] for word in words]].sum()) + FACT_WEIGHT * len(facts)

    def best(self, sentence: int, rows: Sequence[int]) -> Array:
        """How well each word of a sentence is matched by some words of the claim, shape (words,)."""
        return np.asarray(self.alike[sentence][rows].max(axis=0, initial=0.0))

    def match(self, sentence: int, word: int) -> float:
        """How well one word of a sentence is matched by the claim."""
        return float(self.alike[sentence][:, word].max(initial=0.0))

    def home(self, words: Sequence[int]) -> int | None:
        """The sentence that some words of the claim come from; of several, the one with most of the whole claim."""
        cover = self.cover(words)
        if not cover.any():
            return None
        return int(np.where(cover >= _TIE * cover.max(), self.whole, -1.0).argmax())

    def homes(self, start: int, end: int) -> list[int]:
        """The sentences that the clause around a place comes from, best first; none if nothing else of it is there."""
        facts = self.claim.facts
        clause = self.claim.clause_of(start)
        outside = [i for i in self.claim.within(*clause) if not start <= self.claim.words[i].start() < end]
        while not outside and clause != (0, len(self.claim.text)):  # too little to tell a sentence by
            longer = self.claim.clause_of(clause[1])[1] if clause[1] < len(self.claim.text) else clause[1]
            clause = (clause[0], longer) if longer > clause[1] else (self.claim.clause_of(clause[0] - 1)[0], clause[1])
            outside = [i for i in self.claim.within(*clause) if not start <= self.claim.words[i].start() < end]
        near = [n for n, f in enumerate(facts) if clause[0] <= f.start < clause[1] and not start <= f.start < end]
        cover = self.cover(outside) + FACT_WEIGHT * self.facts[near].sum(axis=0)
        order = np.argsort(-cover, kind="stable")
        return [int(i) for i in order if cover[i] > 0 and cover[i] >= _NEAR * cover[order[0]]]

    def is_framed(self, name: str) -> bool:
        """Whether a name stands in the title of an article, or is its outlet or author."""
        frames = {f"{s.article.title} {s.article.source or ''} {s.article.author or ''}" for s in self.sources}
        return any(same_name(name, word) for frame in frames for word in TOKEN.findall(unified(frame)))

    def strangers(self, sentence: int, name: str) -> list[list[str]]:
        """The names in a sentence that are not in the claim, of the sort of ``name``: places and bodies, or others."""
        own = self.claim.names.values()
        runs = self.sources[sentence].said.name_runs
        others = [run for run in runs if not any(same_name(m, n) for m in own for n in run)]
        return [run for run in others if any(is_place(n) == is_place(name) for n in run)]


def _has_number(number: Number, source: Source) -> bool:
    if any(same_number(number, other) for other in source.said.numbers):
        return True
    return not number.unit and any(years(day, source.article.published) == number.value for day in source.said.days)


def _has_day(day: Day, source: Source) -> bool:
    return any(same_day(day, other, source.article.published) for other in source.said.days)
