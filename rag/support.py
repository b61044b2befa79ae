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
from itertools import chain, pairwise

import numpy as np

from rag.encoder import StaticEncoder, bundled
from rag.facts import Day, Number, same_day, same_number, years
from rag.german import fold, sentences
from rag.likeness import likeness, opposite
from rag.proper_names import group, same_name, unified
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
NEAR = 0.60  # a sentence is where a clause comes from if it covers so much of what the best one covers
STRANGE = 1  # nouns without any counterpart in the passage that a sentence may have, and is then but partly backed
SWAPPED = 0.65  # of the other words of a clause, from which another name in their sentence means that it was swapped
_SURE = 0.8  # from here a match is more than a likeness
_JOINED = 4  # words between two that belong together
_TIE = 0.9  # sentences that cover so much of what the best one covers are as good
_TOPIC = 3  # sentences that name whom a passage is about
_BACK = 3  # sentences looked back for the name that a pronoun stands for
_FACT_WEIGHT = 5.0  # of a number or day among the words, which weigh 1 to 6

_OF = re.compile(r" (?:von|vom|of)(?: der| dem| the)? ")
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


@dataclass(frozen=True, slots=True)
class _Source:
    """One sentence of a passage: where it stands, and what stands in it."""

    quote: Quote
    article: Article
    said: Statement


def check(text: str, passages: Sequence[Quote], articles: Sequence[Article], language: Language = "de") -> Support:
    """Whether the passages (each with its article) say what ``text`` says; ``language`` is that of ``text``.

    Raises BelegError if a bundled model is missing.
    """
    claim = Statement(unified(text), language)
    sources = [s for quote, article in zip(passages, articles, strict=True) for s in _sources(quote, article)]
    if not sources or not claim.content or _LINK.search(text):
        return Support("nicht belegt", (), 0.0, "words")
    return _Check(claim, sources, bundled()).support(_missing_quotation(text, passages))


def _sources(passage: Quote, article: Article) -> list[_Source]:
    found = []
    for start, end in sentences(passage.text):
        text = passage.text[start:end]
        quote = Quote(passage.article_id, passage.passage_id, passage.start + start, passage.start + end, text)
        found.append(_Source(quote, article, Statement(unified(text), published=article.published)))
    return found


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

    def __init__(self, claim: Statement, sources: Sequence[_Source], encoder: StaticEncoder) -> None:
        self.claim, self.sources = claim, sources
        self.weights = encoder.lengths([claim.words[i].group().lower() for i in claim.content])
        self.row = {word: row for row, word in enumerate(claim.content)}
        self.alike = self._likenesses(encoder)
        # How well each content word of the claim is matched by each sentence, shape (words, sentences).
        self.table = np.stack([a.max(axis=1, initial=0.0) for a in self.alike], axis=1)
        self.facts = self._facts()
        self._whole = self._cover(claim.content) + _FACT_WEIGHT * self.facts.sum(axis=0)
        self.chosen, self.cited = self._evidence()
        self._named = [i for i in claim.content if claim.words[i].start() in claim.names]

    def support(self, missing: str) -> Support:
        covered = self.table[:, self.chosen].max(axis=1)
        coverage = _share(covered, self.weights)
        quotes = tuple(self.sources[i].quote for i in self.cited)
        missing = missing or self._absent() or self._misplaced_fact() or self._swapped_name()
        missing = missing or self._other_speaker() or self._turned()
        if missing:
            return Support("nicht belegt", quotes, coverage, missing)
        weakest = self._weakest_clause(covered)
        strange = self._strange_nouns()
        if coverage < PARTLY or weakest < CLAUSE / 2 or strange > STRANGE:
            return Support("nicht belegt", quotes, coverage, "words")
        doubt = self._misplaced_name() or self._unbound() or self._unnamed_speaker() or self._unsaid_denial()
        if doubt or coverage < BACKED or weakest < CLAUSE or strange:
            return Support("teilweise", quotes, coverage, doubt or "words")
        return Support("belegt", quotes, coverage)

    # Laying side by side ---------------------------------------------------------------------------------------------

    def _likenesses(self, encoder: StaticEncoder) -> list[Array]:
        """For each sentence, how well each content word of the claim is matched by each of its words, (words, words).

        A name is matched wholly or not at all.
        """
        claimed = [self.claim.words[i].group() for i in self.claim.content]
        there = [[word.group() for word in source.said.words] for source in self.sources]
        column = {word: i for i, word in enumerate(dict.fromkeys(chain.from_iterable(there)))}
        found = likeness(claimed, list(column), encoder, self.claim.language)
        for row, i in enumerate(self.claim.content):
            if self.claim.words[i].start() in self.claim.names:
                found[row] = [float(same_name(claimed[row], word)) for word in column]
        return [found[:, [column[word] for word in own]] for own in there]

    def _facts(self) -> Array:
        """Which numbers, then days, of the claim stand in which sentences, shape (facts, sentences)."""
        rows = [[_has_number(number, s) for s in self.sources] for number in self.claim.numbers]
        rows += [[_has_day(day, s) for s in self.sources] for day in self.claim.days]
        return np.array(rows, dtype=np.float32).reshape(len(rows), len(self.sources))

    def _evidence(self) -> tuple[list[int], list[int]]:
        """The sentences that together cover most of the claim: the best one, and others that each add something.

        Then those of them that add enough to be cited.
        """
        rows = np.concatenate([self.table * self.weights[:, None], self.facts * _FACT_WEIGHT])
        total = max(float(self.weights.sum()) + _FACT_WEIGHT * len(self.facts), 1e-6)
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

    def _cover(self, words: Sequence[int]) -> Array:
        """How much of some content words each sentence covers, shape (sentences,)."""
        rows = [self.row[word] for word in words]
        if not rows:
            return np.zeros(len(self.sources), dtype=np.float32)
        return np.asarray((self.table[rows] * self.weights[rows, None]).sum(axis=0))

    def _homes(self, start: int, end: int) -> list[int]:
        """The sentences that the clause around a place comes from, best first; none if nothing else of it is there."""
        facts = self.claim.facts
        clause = self.claim.clause_of(start)
        outside = [i for i in self.claim.within(*clause) if not start <= self.claim.words[i].start() < end]
        while not outside and clause != (0, len(self.claim.text)):  # too little to tell a sentence by
            longer = self.claim.clause_of(clause[1])[1] if clause[1] < len(self.claim.text) else clause[1]
            clause = (clause[0], longer) if longer > clause[1] else (self.claim.clause_of(clause[0] - 1)[0], clause[1])
            outside = [i for i in self.claim.within(*clause) if not start <= self.claim.words[i].start() < end]
        near = [n for n, f in enumerate(facts) if clause[0] <= f.start < clause[1] and not start <= f.start < end]
        cover = self._cover(outside) + _FACT_WEIGHT * self.facts[near].sum(axis=0)
        order = np.argsort(-cover, kind="stable")
        return [int(i) for i in order if cover[i] > 0 and cover[i] >= NEAR * cover[order[0]]]

    # What may be missing ---------------------------------------------------------------------------------------------

    def _absent(self) -> str:
        """A number, day or name of the claim that stands in none of the passages."""
        for row, fact in enumerate(self.claim.facts):
            if not self.facts[row].any() and not self._is_year(fact):
                return _kind(fact)
        for speakers in self.claim.speakers:
            row = self.row[speakers[-1]]
            if not self.table[row].any() and not self._is_framed(self.claim.words[speakers[-1]].group()):
                return "speaker"
        absent = (i for i in self._named if not self.table[self.row[i]].any())
        return "name" if any(not self._is_framed(self.claim.words[i].group()) for i in absent) else ""

    def _is_year(self, fact: Number | Day) -> bool:
        """Whether a number is the year in which one of the articles was published."""
        if isinstance(fact, Day) or fact.unit:
            return False
        dates = [source.article.published for source in self.sources]
        return any(day is not None and day.year == fact.value for day in dates)

    def _misplaced_fact(self) -> str:
        """A number or day that does not stand in a sentence that its clause comes from, nor beside one without any."""
        for row, fact in enumerate(self.claim.facts):
            holding = {i for i in range(len(self.sources)) if self.facts[row, i]}
            if self._is_year(fact):
                continue
            homes = self._homes(fact.start, fact.end)
            if holding and (not homes or holding & set(homes)):
                continue
            beside = {homes[0] - 1, homes[0] + 1, homes[0] - 2} if homes else set()
            rivals = bool(homes) and _kind(fact) in map(_kind, self.sources[homes[0]].said.facts)
            if rivals or not holding & beside:
                return _kind(fact)
        return ""

    def _misplaced_name(self) -> str:
        """A name that does not stand in the sentence its clause comes from, nor is what a pronoun there stands for."""
        return "name" if any(not self._is_placed(i) for i in self._named) else ""

    def _swapped_name(self) -> str:
        """A misplaced name where most of its clause stands, with another name."""
        for i in self._named:
            match = self.claim.words[i]
            homes = self._homes(match.start(), match.end())
            rows = [self.row[w] for w in self.claim.within(*self.claim.clause_of(match.start())) if w != i]
            if not homes or not rows or _share(self.table[rows, homes[0]], self.weights[rows]) < SWAPPED:
                continue
            if self._rivals(homes[0], match.group()) and not self._is_placed(i):
                return "name"
        return ""

    def _is_placed(self, word: int) -> bool:
        match = self.claim.words[word]
        holding = {i for i in range(len(self.sources)) if self.table[self.row[word], i]}
        framed = self._is_framed(match.group())
        homes = self._homes(match.start(), match.end())
        if not homes or holding & set(homes):
            return bool(holding) or framed
        if len(holding) >= _TOPIC:  # whom the passage is about, "der Kapitän" may mean too
            return True
        if self._rivals(homes[0], match.group()):
            framed = False
        return framed or any(self._is_beside(home, holding, match.group()) for home in homes)

    def _is_beside(self, home: int, holding: set[int], name: str) -> bool:
        """Whether a sentence names nobody else, and the last one before it that names anybody names this one."""
        if self._rivals(home, name):
            return False
        for before in range(home - 1, max(home - 1 - _BACK, -1), -1):
            if before in holding:
                return True
            if self._rivals(before, name):
                break
        return home + 1 in holding

    def _rivals(self, sentence: int, name: str) -> bool:
        """Whether a sentence names somebody whom the claim does not, of the same sort: places and bodies, or others."""
        is_place = group(name) is not None
        own = self.claim.names.values()
        runs = self.sources[sentence].said.name_runs
        strangers = [run for run in runs if not any(same_name(m, n) for m in own for n in run)]
        return any((group(n) is not None) == is_place for run in strangers for n in run)

    def _is_framed(self, name: str) -> bool:
        """Whether a name stands in the title of an article, or is its outlet or author."""
        frames = {f"{s.article.title} {s.article.source or ''} {s.article.author or ''}" for s in self.sources}
        return any(same_name(name, word) for frame in frames for word in TOKEN.findall(unified(frame)))

    def _unbound(self) -> str:
        """Two words that the claim joins, one of them a name ("Kanzler Kern"), and every sentence keeps apart."""
        for one, other in pairwise(self.claim.content):
            first, second = self.claim.words[one], self.claim.words[other]
            names = [word.start() in self.claim.names for word in (first, second)]
            gap = self.claim.text[first.end() : second.start()]
            origin = names[0] and "isch" in first.group()  # "ukrainische Minister"
            joined = (origin or names[1]) if gap in " -" else all(names) and _OF.fullmatch(gap)
            if not joined or not second.group()[0].isupper() or not (origin or first.group()[0].isupper()):
                continue
            rows = [self.row[one], self.row[other]]
            distances = [self._distance(rows, alike) for alike in self.alike]
            known = [d for d in distances if d is not None]
            if known and min(known) > (2 if origin else _JOINED):
                return "joined"
        return ""

    def _distance(self, rows: Sequence[int], alike: Array) -> int | None:
        """How far apart two words of the claim stand in a sentence; ``None`` if it does not hold both."""
        places = [np.nonzero(alike[row] >= _SURE)[0] for row in rows]
        if not all(len(place) for place in places):
            return None
        return int(np.abs(np.subtract.outer(*places)).min())

    def _other_speaker(self) -> str:
        """Somebody else who speaks where the words of a speaker of the claim come from."""
        for speakers in self.claim.speakers:
            home = self._home([i for i in self.claim.content if i not in speakers])
            if home is not None and self.sources[home].said.sure_speakers:
                rows = [self.row[i] for i in speakers]
                if self.alike[home][rows].max(initial=0.0) < _SURE:
                    return "speaker"
        return ""

    def _unnamed_speaker(self) -> str:
        """A speaker of the claim who is not named, exactly, where the words come from or right beside."""
        for speakers in self.claim.speakers:
            home = self._home([i for i in self.claim.content if i not in speakers])
            if home is None:
                continue
            zone = range(max(home - _BACK, 0), min(home + 2, len(self.sources)))
            row = self.row[speakers[-1]]
            if self.table[row, zone].max() < _SURE and not self._is_framed(self.claim.words[speakers[-1]].group()):
                return "speaker"
        return ""

    def _turned(self) -> str:
        """A "not" that only the claim has, or only its source, or a word whose opposite stands there."""
        for start, end in self.claim.clauses:
            words = self.claim.within(start, end)
            home = self._home(words)
            if home is None:
                continue
            if self._denies(start, end, home) or self._is_denied(words, home) or self._is_opposite(words, home):
                return "negation"
        return ""

    def _unsaid_denial(self) -> str:
        """A "not" of the claim where its source has none, nor a word with one inside."""
        for start, end in self.claim.clauses:
            home = self._home(self.claim.within(start, end))
            if home is not None and self.claim.denied(start, end) and not self._may_deny(home):
                return "negation"
        return ""

    def _may_deny(self, sentence: int) -> bool:
        said = self.sources[sentence].said
        return bool(said.denials) or any(self._match(sentence, h) < 1 for h in said.hidden(0, len(said.text)))

    def _home(self, words: Sequence[int]) -> int | None:
        """The sentence that some words of the claim come from; of several, the one with most of the whole claim."""
        cover = self._cover(words)
        if not cover.any():
            return None
        return int(np.where(cover >= _TIE * cover.max(), self._whole, -1.0).argmax())

    def _denies(self, start: int, end: int, home: int) -> bool:
        """Whether a clause of the claim says "not" of a word that the source has, and says no such thing of."""
        said = self.sources[home].said
        if any(self._match(home, h) < 1 for h in said.hidden(0, len(said.text))):
            return False
        for place, focus in self.claim.denials:
            if start <= self.claim.words[place].start() < end:
                found = np.nonzero(self._best(home, [self.row[i] for i in focus]) >= _SURE)[0]
                clauses = {said.clause_of(said.words[w].start()) for w in found}
                if clauses and not any(said.denied(*clause) for clause in clauses):
                    return True
        return False

    def _is_denied(self, words: Sequence[int], home: int) -> bool:
        """Whether the source says "not" of a word of which a clause of the claim says no such thing."""
        start, end = self.claim.clause_of(self.claim.words[words[0]].start())
        if self.claim.denied(*self.claim.part_of(start)):
            return False
        if any(h not in self.row or self.table[self.row[h], home] < 1 for h in self.claim.hidden(start, end)):
            return False
        rows = [self.row[i] for i in words]
        for sentence in {home, *self.chosen}:
            best = self._best(sentence, rows)
            for _, focus in self.sources[sentence].said.denials:
                if focus and best[focus].min() >= (_SURE if sentence == home else 1):
                    return True
        return False

    def _best(self, sentence: int, rows: Sequence[int]) -> Array:
        """How well each word of a sentence is matched by some words of the claim, shape (words,)."""
        return np.asarray(self.alike[sentence][rows].max(axis=0, initial=0.0))

    def _match(self, sentence: int, word: int) -> float:
        return float(self.alike[sentence][:, word].max(initial=0.0))

    def _is_opposite(self, words: Sequence[int], home: int) -> bool:
        there = [word.group() for word in self.sources[home].said.words]
        free = [word for i, word in enumerate(there) if self._match(home, i) < 1]
        open_ = [i for i in words if self.table[self.row[i], home] < 1]
        return any(opposite(self.claim.words[i].group(), word) for i in open_ for word in free)

    def _strange_nouns(self) -> int:
        """How many nouns of the claim have no counterpart in any sentence."""
        words = [(row, self.claim.words[i].group()) for row, i in enumerate(self.claim.content)]
        return sum(word[0].isupper() and not self.table[row].any() for row, word in words)

    def _weakest_clause(self, covered: Array) -> float:
        """The least covered clause of the claim that holds two words or more."""
        shares = []
        for start, end in self.claim.clauses:
            rows = [self.row[i] for i in self.claim.within(start, end)]
            if len(rows) >= 2:
                shares.append(_share(covered[rows], self.weights[rows]))
        return min(shares, default=1.0)


def _share(covered: Array, weights: Array) -> float:
    return float((covered * weights).sum() / max(float(weights.sum()), 1e-6))


def _kind(fact: Number | Day) -> str:
    return "number" if isinstance(fact, Number) else "date"


def _has_number(number: Number, source: _Source) -> bool:
    if any(same_number(number, other) for other in source.said.numbers):
        return True
    return not number.unit and any(years(day, source.article.published) == number.value for day in source.said.days)


def _has_day(day: Day, source: _Source) -> bool:
    return any(same_day(day, other, source.article.published) for other in source.said.days)
