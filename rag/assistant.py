"""The straight line of a question: understand → search → compose → verify. The chat enters here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from rag.carried import serve
from rag.citations import verify
from rag.compose import QuotingComposer
from rag.encoder import bundled, load_encoder
from rag.errors import EncoderError, IndexMismatch, ModelError
from rag.followup import depends
from rag.generate import writer
from rag.index import generations
from rag.index.build import stamp
from rag.index.generations import EncoderStamp
from rag.index.reader import Index, open_index
from rag.messages import NOTES, WRITTEN
from rag.question import turns, understand
from rag.reader import bundled as bundled_reader
from rag.search import searcher
from rag.settings import Settings
from rag.types import Answer, Compose, Draft, Encoder, Filters, Query, Search, Turn, Write

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions about one index. ``today`` is the calendar that "gestern" is told from."""

    index: Index
    search: Search
    compose: Compose
    today: Callable[[], date] = date.today
    writer: Write | None = None

    def ask(
        self, question: str, history: Sequence[Turn] = (), filters: Filters = Filters(), *, periods: bool = True
    ) -> Answer:
        """A checked answer; "nothing found" is an answer too. Never raises for anything a person can type.

        Without ``periods`` no time is read from the question.
        """
        answers = [a for a in self.answers(question, history, filters, periods=periods) if a is not None]
        return answers[-1]

    def answers(
        self,
        question: str,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        *,
        periods: bool = True,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Answer | None]:
        """The answer as it grows, the last one whole; ``None`` while a language model is silent.

        Without a model there is one answer. If ``stop`` says so, what is there ends the answer.
        """
        clock = _Clock()
        today = self.today() if periods else None
        query = clock.time("understand", lambda: self._understood(question, history, filters, today, stop))
        hits = clock.time("search", lambda: self.search(query))
        draft = clock.time("compose", lambda: self.compose(query, hits))

        def checked(draft: Draft) -> Answer:
            return verify(query, draft, hits, self.index.store.also_in)

        quoted = clock.time("verify", lambda: checked(draft))
        if self.writer is not None and quoted.status != "not_found":  # nothing found: nothing to write from
            yield from written(self.writer, quoted, checked, clock, stop)
        else:
            yield replace(quoted, timings_ms=clock.spent)

    def turns(self, questions: Sequence[str]) -> tuple[Turn, ...]:
        """Earlier questions as the turns of a conversation, each understood as it was then, by rules alone."""
        today = self.today()
        return turns(questions, lambda question, before: self._by_rules(question, before, Filters(), today))

    def _understood(
        self,
        question: str,
        history: Sequence[Turn],
        filters: Filters,
        today: date | None,
        stop: Callable[[], bool],
    ) -> Query:
        """The question made to stand alone: by the model if there is one and it can be trusted, else by rules."""
        query = self._by_rules(question, history, filters, today)
        if self.writer is None or query.standalone == query.question:
            return query
        with suppress(ModelError):
            if rewritten := self.writer.rewrite(query.question, history, stop):
                alone = understand(rewritten, (), filters, today)
                return replace(alone, question=query.question, period=query.period)
        return query

    def _by_rules(self, question: str, history: Sequence[Turn], filters: Filters, today: date | None) -> Query:
        query = understand(question, history, filters, today)
        if query.standalone == query.question or depends(query.question):
            return query
        return self._fitting(query, understand(question, (), filters, today))

    def _fitting(self, query: Query, alone: Query) -> Query:
        """The question with what it takes over from the talk, or alone where that finds better what is asked for."""
        found, found_alone = self.search(query), self.search(alone)
        if not found or not found_alone:
            return query
        return query if serve(alone, found[0], found_alone[0], bundled(), self.index.lexical.idf) else alone


def written(
    writer: Write, quoted: Answer, checked: Callable[[Draft], Answer], clock: _Clock, stop: Callable[[], bool]
) -> Iterator[Answer | None]:
    """What a language model makes of the hits of a quoting answer, checked, as it grows; else that answer, with a note.

    The model's answer is shown if at least half of its sentences are backed, or if it was cut short.
    """
    query, notes = quoted.query, NOTES[quoted.query.language]
    draft, answer, cut = Draft((), 0.0, True, writer.name), replace(quoted, claims=()), ""
    began = time.perf_counter()
    drafts = writer.write(query, quoted.hits)
    try:
        for grown in drafts:
            if stop():
                cut = notes["stopped"]
                break
            if grown is None:
                yield None
                continue
            draft = replace(grown, confidence=quoted.confidence)
            answer = replace(checked(draft), message=WRITTEN[query.language])
            if answer.claims:
                yield answer
    except ModelError as error:
        cut = notes["broken"] if answer.claims else notes[error.kind].format(name=error.name, detail=error.detail)
    finally:
        drafts.close()
    clock.spent["generate"] = (time.perf_counter() - began) * 1000
    yield replace(_concluded(quoted, answer, draft, cut), timings_ms=clock.spent)


def _concluded(quoted: Answer, answer: Answer, draft: Draft, cut: str) -> Answer:
    """The model's answer or the quoting one, with a note; ``cut`` says why the model did not come to its end."""
    notes = NOTES[quoted.query.language]
    kept, dropped = len(answer.claims), len(draft.claims) - len(answer.claims)
    if kept and (cut or kept >= dropped):
        left_out = notes["dropped_one" if dropped == 1 else "dropped"].format(count=dropped) if dropped else ""
        return replace(answer, note=" ".join(filter(None, (cut, left_out))))
    note = f"{cut} {notes['instead']}" if cut else notes["too_little" if draft.answers else "no_answer"]
    return replace(quoted, note=note)


class _Clock:
    """Milliseconds a stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        done = work()
        self.spent[stage] = (time.perf_counter() - began) * 1000
        return done


def assemble(index: Index, encoder: Encoder, writer: Write | None = None) -> Assistant:
    """An assistant over an open index; with a ``writer`` a language model words its answers."""
    composer = QuotingComposer(bundled(), index.lexical.idf, bundled_reader())
    return Assistant(index, searcher(index, encoder), composer, writer=writer)


class Desk:
    """Keeps an assistant open and takes up a newer generation of the index as soon as one is published.

    If that was made by another encoder than the one before, the encoder changes with it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._encoder = load_encoder(settings.encoder)
        self._writer = writer(settings)
        self._lock = threading.Lock()
        self._assistant = self._open()

    def _open(self) -> Assistant:
        return assemble(open_index(self._settings.index, stamp(self._encoder)), self._encoder, self._writer)

    def _follow(self) -> Assistant:
        """The newer generation, with the encoder that made it where that can be had."""
        try:
            return self._open()
        except IndexMismatch:
            made_by = open_index(self._settings.index).manifest.encoder
            encoder = _made_by(made_by)
            if encoder is None:
                raise
            self._encoder = encoder
            return self._open()

    @property
    def assistant(self) -> Assistant:
        """The assistant for the generation that serves now. Raises IndexMissing, IndexDamaged or IndexMismatch."""
        with self._lock:
            if generations.current(self._settings.index) != self._assistant.index.folder:
                self._assistant = self._follow()
            self._assistant.index.store.withdrawn()
            return self._assistant


def _made_by(wanted: EncoderStamp) -> Encoder | None:
    """The encoder of this stamp, by the name or folder that the stamp gives; ``None`` if there is none such."""
    for name in (None, wanted.name):
        with suppress(EncoderError):
            encoder = load_encoder(name)
            if stamp(encoder) == wanted:
                return encoder
    return None
