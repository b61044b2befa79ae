"""The domain in a few frozen values: Article → Passage → Query → Hit → Draft → Answer.

Offsets count characters of ``Article.text`` (Python string indices, end exclusive). Two things always hold:
``article.text[passage.start:passage.end] == passage.text`` and
``article.text[citation.start:citation.end] == citation.quote``.

This module knows no file, no index and no screen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Language = Literal["de", "en"]
Status = Literal["answered", "nearest", "not_found"]
Verdict = Literal["belegt", "teilweise", "nicht belegt"]
QUOTES = "quotes"  # what makes an answer if no language model does


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Article:
    """One cleaned article. ``text`` is what every offset points into; unknown facts are ``None``, never guessed.

    ``report`` is the id that all copies of one report share, as an agency's in several outlets; the index sets it, and
    an article without copies has none.
    """

    article_id: str
    title: str
    text: str
    published: date | None = None
    updated: date | None = None
    fetched: date | None = None
    author: str | None = None
    source: str | None = None
    url: str | None = None
    section: str | None = None
    licence: str | None = None
    language: str = "de"
    report: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article; ``passage_id`` is the article's id, ``#`` and a number from 0."""

    passage_id: str
    article_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What the asking person restricted the search to; both days are included. Empty means everything."""

    since: date | None = None
    until: date | None = None
    sources: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.since or self.until or self.sources)


@dataclass(frozen=True, slots=True)
class Period:
    """The time that a question speaks of: articles near it are preferred, none is excluded. Both days are included.

    ``said`` are the words that it was read from. ``yearly``: the question names no year, so the days of any year count.
    ``relative``: it was told from the day of asking ("gestern"), so its words say nothing to search for.
    """

    since: date | None
    until: date | None
    said: str
    yearly: bool = False
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation; ``standalone`` and ``period`` are what was understood."""

    question: str
    standalone: str = ""
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A self-contained question.

    ``question`` is what the person typed, ``standalone`` the same understood without the talk before it;
    ``translation`` holds German words for an English one, to search for as well; ``period`` the time it speaks of;
    ``about`` the words that say what it is about, none for "Was geschah im März 2022?"; ``aside`` what of it
    says nothing to search for ("gestern", "Hallo", "ich wüsste gern", "Und").
    """

    question: str
    standalone: str
    filters: Filters = Filters()
    language: Language = "de"
    translation: str = ""
    period: Period | None = None
    about: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    @property
    def searched(self) -> str:
        """Everything that is searched for, as words."""
        asked = self.standalone
        for words in self.aside:
            asked = asked.replace(words, " ", 1)
        return " ".join(f"{asked} {self.translation}".split())


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with its article, its score and the parts that the score is the weighted sum of."""

    article: Article
    passage: Passage
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words claimed to stand at ``text[start:end]`` of an article; nobody has checked that yet."""

    article_id: str
    passage_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """One statement of a draft with the quotes that are said to back it."""

    text: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a composer proposes. ``answers`` is false where its claims are only the closest passages.

    ``timeline``: the claims are what was so at different dates, or what happened in a time, by the dates of their
    articles. ``denies``: the first claim denies what the question takes for granted.
    """

    claims: tuple[DraftClaim, ...]
    confidence: float
    answers: bool
    made_by: str
    timeline: bool = False
    denies: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked quote with the facts of its article."""

    number: int
    article_id: str
    title: str
    source: str | None
    author: str | None
    url: str | None
    published: date | None
    updated: date | None
    passage_id: str
    start: int
    end: int
    quote: str
    also_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer with the numbers of its citations."""

    text: str
    citations: tuple[int, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person sees. Only ``citations.verify`` makes one.

    ``as_of`` is the newest publication date among the citations; ``timings_ms`` holds milliseconds per stage.
    With status ``nearest`` there are no claims: the citations are the closest passages. ``timeline``: the claims tell
    what was so at different dates, the newest first, or what happened in a time, the oldest first. ``note`` is what a
    reader should know of how the answer was made.
    """

    query: Query
    status: Status
    confidence: float
    made_by: str
    message: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    as_of: date | None
    hits: tuple[Hit, ...]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    timeline: bool = False
    note: str = ""

    @property
    def is_written(self) -> bool:
        """Whether a language model made it; else it is made of quotes."""
        return self.made_by != QUOTES


class Encoder(Protocol):
    """Text → L2-normalised vectors, so that an inner product is a cosine."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...


class Search(Protocol):
    """Query → hits, best first."""

    def __call__(self, query: Query) -> list[Hit]: ...


class Compose(Protocol):
    """Query and hits → a draft, unchecked."""

    def __call__(self, query: Query, hits: Sequence[Hit]) -> Draft: ...


class Write(Protocol):
    """Query and hits → drafts that grow, unchecked, and ``None`` while nothing new has come; follow-ups → questions."""

    @property
    def name(self) -> str: ...

    def write(self, query: Query, hits: Sequence[Hit]) -> Generator[Draft | None, None, None]: ...

    def rewrite(self, question: str, history: Sequence[Turn], stop: Callable[[], bool]) -> str | None: ...
