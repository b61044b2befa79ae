"""The straight line of a question: understand → search → compose → verify. The chat enters here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from rag.citations import verify
from rag.compose import QuotingComposer
from rag.encoder import bundled, load_encoder
from rag.errors import EncoderError, IndexMismatch
from rag.index import generations
from rag.index.build import stamp
from rag.index.generations import EncoderStamp
from rag.index.reader import Index, open_index
from rag.question import understand
from rag.search import searcher
from rag.settings import Settings
from rag.types import Answer, Compose, Encoder, Filters, Search, Turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Assistant:
    """Answers questions about one index. ``today`` is the calendar that "gestern" is told from."""

    index: Index
    search: Search
    compose: Compose
    today: Callable[[], date] = date.today

    def ask(
        self, question: str, history: Sequence[Turn] = (), filters: Filters = Filters(), *, periods: bool = True
    ) -> Answer:
        """A checked answer; "nothing found" is an answer too. Never raises for anything a person can type.

        Without ``periods`` no time is read from the question.
        """
        clock = _Clock()
        today = self.today() if periods else None
        query = clock.time("understand", lambda: understand(question, history, filters, today))
        hits = clock.time("search", lambda: self.search(query))
        draft = clock.time("compose", lambda: self.compose(query, hits))
        answer = clock.time("verify", lambda: verify(query, draft, hits))
        return replace(answer, timings_ms=clock.spent)


class _Clock:
    """Milliseconds a stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        done = work()
        self.spent[stage] = (time.perf_counter() - began) * 1000
        return done


def assemble(index: Index, encoder: Encoder) -> Assistant:
    """An assistant over an open index."""
    return Assistant(index, searcher(index, encoder), QuotingComposer(bundled(), index.lexical.idf))


class Desk:
    """Keeps an assistant open and takes up a newer generation of the index as soon as one is published.

    If that was made by another encoder than the one before, the encoder changes with it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._encoder = load_encoder(settings.encoder)
        self._lock = threading.Lock()
        self._assistant = self._open()

    def _open(self) -> Assistant:
        return assemble(open_index(self._settings.index, stamp(self._encoder)), self._encoder)

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
