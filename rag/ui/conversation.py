"""A conversation as a value: the answers so far and the citation whose article is open.

Knows nothing of how it is shown or kept; every change makes a new value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rag.types import Answer, Article, Citation, Filters, Turn

_PLACE = re.compile(r"(\d{1,6}):(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Place:
    """One citation: the number of its turn, from 0, and its number in the answer, from 1."""

    turn: int
    number: int

    def __str__(self) -> str:
        return f"{self.turn}:{self.number}"

    @classmethod
    def parse(cls, value: object) -> Place | None:
        """The place that the browser names, or none: what comes from there may be anything."""
        found = _PLACE.fullmatch(value) if isinstance(value, str) else None
        return cls(int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class Opened:
    """An article to show with its cited places, one of them the one asked for."""

    article: Article
    citations: tuple[Citation, ...]
    active: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """``openings`` counts, so that a second click on the same citation leads to its place again.

    ``filters`` narrow the questions to come.
    """

    answers: tuple[Answer, ...] = ()
    place: Place | None = None
    openings: int = 0
    filters: Filters = Filters()

    def answered(self, answer: Answer) -> Conversation:
        """With one more answer; an open article gives way to it."""
        return replace(self, answers=(*self.answers, answer), place=None)

    def replaced(self, turn: int, answer: Answer) -> Conversation:
        """With another answer in the place of an earlier one."""
        return replace(self, answers=(*self.answers[:turn], answer, *self.answers[turn + 1 :]), place=None)

    def opening(self, place: Place | None) -> Conversation:
        """With the article of a citation open. A place that does not exist changes nothing."""
        if place is None or self._citation(place) is None:
            return self
        return replace(self, place=place, openings=self.openings + 1)

    def closed(self) -> Conversation:
        """With no article open."""
        return replace(self, place=None)

    def history(self) -> tuple[Turn, ...]:
        """The earlier exchanges, as the assistant takes them."""
        return tuple(Turn(a.query.question, a.query.standalone, a.query.period) for a in self.answers)

    def opened(self) -> Opened | None:
        """The open article with all places that the same answer cites from it."""
        citation = self._citation(self.place) if self.place else None
        if self.place is None or citation is None:
            return None
        answer = self.answers[self.place.turn]
        # From the hits, not from the index: a rebuild in the meantime must not shift the marked words.
        article = next((h.article for h in answer.hits if h.article.article_id == citation.article_id), None)
        if article is None:
            return None
        same = tuple(c for c in answer.citations if c.article_id == citation.article_id)
        return Opened(article, same, citation.number)

    def _citation(self, place: Place) -> Citation | None:
        if place.turn >= len(self.answers):
            return None
        return next((c for c in self.answers[place.turn].citations if c.number == place.number), None)


def by_article(citations: tuple[Citation, ...]) -> list[tuple[Citation, ...]]:
    """The citations grouped by article, in the order in which the articles come up."""
    groups: dict[str, tuple[Citation, ...]] = {}
    for citation in citations:
        groups[citation.article_id] = (*groups.get(citation.article_id, ()), citation)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that is kept, under its number and, if somebody gave it one, a name."""

    number: int
    conversation: Conversation = Conversation()
    name: str = ""

    @property
    def title(self) -> str:
        """Its name, else its first question; empty where nothing has been asked yet."""
        return self.name or next((a.query.question for a in self.conversation.answers), "")


@dataclass(frozen=True, slots=True)
class Shelf:
    """All conversations of a visitor, the latest last; one of them is in hand. A number is never used twice."""

    talks: tuple[Talk, ...] = (Talk(0),)
    current: int = 0
    begun: int = 1

    @property
    def talk(self) -> Talk:
        """The one in hand."""
        return next(talk for talk in self.talks if talk.number == self.current)

    def changed(self, conversation: Conversation) -> Shelf:
        """With the one in hand gone on."""
        return self._with(replace(self.talk, conversation=conversation))

    def renamed(self, name: str) -> Shelf:
        """With another name for the one in hand; an empty one takes it back."""
        return self._with(replace(self.talk, name=" ".join(name.split())))

    def fresh(self) -> Shelf:
        """With a new one in hand. What holds no answer is not kept."""
        kept = tuple(talk for talk in self.talks if talk.conversation.answers)
        return Shelf((*kept, Talk(self.begun)), self.begun, self.begun + 1)

    def taken(self, number: int) -> Shelf:
        """With this one in hand and its article closed; a number that is gone changes nothing."""
        if number == self.current or all(talk.number != number for talk in self.talks):
            return self
        kept = tuple(talk for talk in self.talks if talk.conversation.answers)
        other = replace(self, talks=kept, current=number)
        return other.changed(other.talk.conversation.closed())

    def without(self) -> Shelf:
        """Without the one in hand; the latest of the others takes its place, else a new one."""
        kept = tuple(talk for talk in self.talks if talk.number != self.current)
        return replace(self, talks=kept, current=kept[-1].number) if kept else replace(self, talks=()).fresh()

    def _with(self, changed: Talk) -> Shelf:
        return replace(self, talks=tuple(changed if t.number == changed.number else t for t in self.talks))
