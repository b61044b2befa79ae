"""Does a passage say what a sentence says? Sentence and passages → a verdict with the best verbatim quote.

No model reads here: numbers, days, names and quoted words must stand in the passage, near the words they belong to; the
other words must be covered well enough, letter by letter or by meaning; a "not" must neither come nor go. So a sentence
that passes says little that its quote does not, and one that fails may still be true (docs/language-models.md has the
figures).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag import placing
from rag.beside import FACT_WEIGHT, SURE, Beside, share, sources
from rag.encoder import bundled
from rag.facts import Day, Number
from rag.german import fold
from rag.likeness import opposite
from rag.proper_names import unified
from rag.statement import TOKEN, Statement
from rag.terms import Array
from rag.types import Article, Language, Quote, Verdict

# Chosen on the development half of benchmarks/checker (`python -m rag eval checker`).
BACKED = 0.62  # share of a sentence's words, by weight, that its evidence must cover
PARTLY = 0.50  # below this it is not shown
CLAUSE = 0.34  # what each of its clauses must reach
GAIN = 0.08  # a further sentence of the passage becomes evidence if it covers so much more
MAX_EVIDENCE = 3  # sentences
CITED = 0.2  # and is cited too if it covers so much more
ADDS = 0.35  # of a claim, that a sentence with a displaced number must cover beyond the one its clause comes from
STRANGE = 1  # nouns without any counterpart in the passage that a sentence may have, and is then but partly backed

_QUOTED = re.compile('[„“"»«”]([^„“"»«”]{2,}?)[“”"«»]')
_LINK = re.compile(r"https?:|www\.|\]\(|!\[|<[a-z/!]|\w@\w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Support:
    """What the check found: a verdict with verbatim quotes, the best one first, and the share of words they cover.

    ``missing`` names the kind of thing that is not backed, or not surely; it is empty for a backed sentence.
    """

    verdict: Verdict
    quotes: tuple[Quote, ...]
    coverage: float
    missing: str = ""


def check(text: str, passages: Sequence[Quote], articles: Sequence[Article], language: Language = "de") -> Support:
    """Whether the passages (each with its article) say what ``text`` says; ``language`` is that of ``text``.

    Raises BelegError if a bundled model is missing.
    """
    claim = Statement(unified(text), language)
    there = [s for quote, article in zip(passages, articles, strict=True) for s in sources(quote, article)]
    if not there or not claim.content or _LINK.search(text):
        return Support("nicht belegt", (), 0.0, "words")
    spoken = [word.group() for word in claim.words]
    for source in there:
        if spoken == [word.group() for word in source.said.words]:
            return Support("belegt", (source.quote,), 1.0)
    return _Check(Beside(claim, there, bundled())).support(_missing_quotation(text, passages))


def _missing_quotation(text: str, passages: Sequence[Quote]) -> str:
    """Words in quotation marks must stand in a passage, word for word."""
    there = [f" {' '.join(fold(w) for w in TOKEN.findall(quote.text))} " for quote in passages]
    for match in _QUOTED.finditer(text):
        said = f" {' '.join(fold(w) for w in TOKEN.findall(match[1]))} "
        if said.strip() and not any(said in passage for passage in there):
            return "quote"
    return ""


class _Check:
    """One claim beside all sentences of the passages it cites."""

    def __init__(self, beside: Beside) -> None:
        self.beside = beside
        self.chosen, self.cited = self._evidence()

    def support(self, missing: str) -> Support:
        covered = self.beside.table[:, self.chosen].max(axis=1)
        coverage = share(covered, self.beside.weights)
        quotes = tuple(self.beside.sources[i].quote for i in self.cited)
        missing = missing or self._absent() or self._misplaced_fact() or placing.swapped(self.beside)
        missing = missing or placing.swapped_roles(self.beside) or placing.other_speaker(self.beside) or self._turned()
        if missing:
            return Support("nicht belegt", quotes, coverage, missing)
        weakest = self._weakest_clause(covered)
        strange = self._strange_nouns()
        if coverage < PARTLY or weakest < CLAUSE / 2 or strange > STRANGE:
            return Support("nicht belegt", quotes, coverage, "words")
        doubt = placing.doubtful(self.beside) or self._unsaid_denial()
        if doubt or coverage < BACKED or weakest < CLAUSE or strange:
            return Support("teilweise", quotes, coverage, doubt or "words")
        return Support("belegt", quotes, coverage)

    def _absent(self) -> str:
        """A number, day or name of the claim that stands in none of the passages."""
        for row, fact in enumerate(self.beside.claim.facts):
            if not self.beside.facts[row].any() and not self._is_year(fact):
                return _kind(fact)
        return placing.absent(self.beside)

    def _evidence(self) -> tuple[list[int], list[int]]:
        """The sentences that together cover most of the claim: the best one, and others that each add something.

        Then those of them that add enough to be cited.
        """
        rows = np.concatenate([self.beside.table * self.beside.weights[:, None], self.beside.facts * FACT_WEIGHT])
        total = max(float(self.beside.weights.sum()) + FACT_WEIGHT * len(self.beside.facts), 1e-6)
        chosen = [int(rows.sum(axis=0).argmax())]
        cited = [*chosen]
        while len(chosen) < min(MAX_EVIDENCE, rows.shape[1]):
            gains = np.maximum(rows - rows[:, chosen].max(axis=1, keepdims=True), 0).sum(axis=0) / total
            best = int(gains.argmax())
            if gains[best] < GAIN:
                break
            chosen.append(best)
            if gains[best] >= CITED:
                cited.append(best)
        return chosen, cited

    def _is_year(self, fact: Number | Day) -> bool:
        """Whether a number is the year in which one of the articles was published."""
        if isinstance(fact, Day) or fact.unit:
            return False
        dates = [source.article.published for source in self.beside.sources]
        return any(day is not None and day.year == fact.value for day in dates)

    def _misplaced_fact(self) -> str:
        """A number or day that does not stand in a sentence that its clause comes from, nor beside one without any."""
        for row, fact in enumerate(self.beside.claim.facts):
            holding = {i for i in range(len(self.beside.sources)) if self.beside.facts[row, i]}
            if self._is_year(fact):
                continue
            homes = self.beside.homes(fact.start, fact.end)
            if holding and (not homes or holding & set(homes)):
                continue
            beside = {homes[0] - 1, homes[0] + 1, homes[0] - 2} if homes else set()
            if homes and self._adds(fact, homes[0], holding):
                continue
            rivals = bool(homes) and _kind(fact) in map(_kind, self.beside.sources[homes[0]].said.facts)
            if rivals or not holding & beside:
                return _kind(fact)
        return ""

    def _adds(self, fact: Number | Day, home: int, holding: set[int]) -> bool:
        """Whether a sentence with a number or day covers much that the one its clause comes from does not."""
        beside = self.beside
        others = [row for row, other in enumerate(beside.claim.facts) if other is not fact]
        gains = beside.beyond(home, [i for i in beside.claim.content if i not in beside.named], others)
        return bool(holding) and float(gains[list(holding)].max()) >= ADDS

    # What turns round ------------------------------------------------------------------------------------------

    def _turned(self) -> str:
        """A "not" that only the claim has, or only its source, or a word whose opposite stands there."""
        for start, end in self.beside.claim.clauses:
            words = self.beside.claim.within(start, end)
            home = self.beside.home(words)
            if home is None:
                continue
            if self._denies(start, end, home) or self._is_denied(words, home) or self._is_opposite(words, home):
                return "negation"
        return ""

    def _unsaid_denial(self) -> str:
        """A "not" of the claim where its source has none, nor a word with one inside."""
        for start, end in self.beside.claim.clauses:
            home = self.beside.home(self.beside.claim.within(start, end))
            if home is not None and self.beside.claim.denied(start, end) and not self._may_deny(home):
                return "negation"
        return ""

    def _may_deny(self, sentence: int) -> bool:
        said = self.beside.sources[sentence].said
        return bool(said.denials) or any(self.beside.match(sentence, h) < 1 for h in said.hidden(0, len(said.text)))

    def _denies(self, start: int, end: int, home: int) -> bool:
        """Whether a clause of the claim says "not" of a word that the source has, and says no such thing of."""
        said = self.beside.sources[home].said
        if any(self.beside.match(home, h) < 1 for h in said.hidden(0, len(said.text))):
            return False
        for place, focus in self.beside.claim.denials:
            if start <= self.beside.claim.words[place].start() < end:
                found = np.nonzero(self.beside.best(home, [self.beside.row[i] for i in focus]) >= SURE)[0]
                clauses = {said.clause_of(said.words[w].start()) for w in found}
                if clauses and not any(said.denied(*clause) for clause in clauses):
                    return True
        return False

    def _is_denied(self, words: Sequence[int], home: int) -> bool:
        """Whether the source says "not" of a word of which a clause of the claim says no such thing."""
        start, end = self.beside.claim.clause_of(self.beside.claim.words[words[0]].start())
        if self.beside.claim.denied(*self.beside.claim.part_of(start)):
            return False
        if any(
            h not in self.beside.row or self.beside.table[self.beside.row[h], home] < 1
            for h in self.beside.claim.hidden(start, end)
        ):
            return False
        rows = [self.beside.row[i] for i in words]
        for sentence in {home, *self.chosen}:
            best = self.beside.best(sentence, rows)
            for _, focus in self.beside.sources[sentence].said.denials:
                if focus and best[focus].min() >= (SURE if sentence == home else 1):
                    return True
        return False

    def _is_opposite(self, words: Sequence[int], home: int) -> bool:
        there = [word.group() for word in self.beside.sources[home].said.words]
        free = [word for i, word in enumerate(there) if self.beside.match(home, i) < 1]
        open_ = [i for i in words if self.beside.table[self.beside.row[i], home] < 1]
        return any(opposite(self.beside.claim.words[i].group(), word) for i in open_ for word in free)

    def _strange_nouns(self) -> int:
        """How many nouns of the claim have no counterpart in any sentence."""
        words = [(row, self.beside.claim.words[i].group()) for row, i in enumerate(self.beside.claim.content)]
        return sum(word[0].isupper() and not self.beside.table[row].any() for row, word in words)

    def _weakest_clause(self, covered: Array) -> float:
        """The least covered clause of the claim that holds two words or more."""
        shares = []
        for start, end in self.beside.claim.clauses:
            rows = [self.beside.row[i] for i in self.beside.claim.within(start, end)]
            if len(rows) >= 2:
                shares.append(share(covered[rows], self.beside.weights[rows]))
        return min(shares, default=1.0)


def _kind(fact: Number | Day) -> str:
    return "number" if isinstance(fact, Number) else "date"
