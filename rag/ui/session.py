"""What one visitor did, kept while the browser's tab is open. Knows Streamlit's session and address, no page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import streamlit as st

from rag.types import Answer, Filters
from rag.ui.conversation import Conversation, Place, Shelf
from rag.ui.feedback import Verdict
from rag.ui.narrowing import FILTERS, from_address
from rag.ui.writing import Writing


@dataclass(frozen=True, slots=True)
class Again:
    """An earlier question that a language model answers anew, to take the place of its answer."""

    turn: int
    writing: Writing


@dataclass(slots=True)
class Session:
    """The conversations, questions not answered yet, and what was thought of answers by talk and turn.

    Kept in one object, since setting a value of Streamlit's session can end the run, and a question be lost with it.
    """

    shelf: Shelf = field(default_factory=Shelf)
    pending: list[str] = field(default_factory=list)
    writing: Writing | None = None  # what a language model is making of the first of them
    again: Again | None = None
    verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)
    looked_for: str = ""  # in the archive, with its own filters
    archive_filters: Filters = Filters()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def conversation(self) -> Conversation:
        """The one in hand."""
        return self.shelf.talk.conversation

    @conversation.setter
    def conversation(self, changed: Conversation) -> None:
        self.shelf = self.shelf.changed(changed)

    def write(self, begin: Callable[[str, Conversation], Writing]) -> Writing | None:
        """What a language model is making of the first question that waits, begun if it is not yet; ``None`` if none
        waits any more."""
        with self._lock:
            if self.writing is None and self.pending:
                self.writing = begin(self.pending[0], self.conversation)
            return self.writing

    def settle(self, writing: Writing | None = None, answer: Answer | None = None) -> None:
        """Ends the first question that waits; also one that failed: it would fail again with every click.

        Two runs of the page can see the end of one ``writing``: the second changes nothing.
        """
        with self._lock:
            if self.writing is not writing or not self.pending:
                return
            self.writing = None
            self.pending.pop(0)
            if answer is not None:
                self.conversation = self.conversation.answered(answer)

    def renew(self, again: Again, answer: Answer | None = None) -> None:
        """Ends the answering anew of an earlier question; as with ``settle``, the second end changes nothing."""
        with self._lock:
            if self.again is not again:
                return
            self.again = None
            if answer is not None:
                self.replace(again.turn, answer)

    def replace(self, turn: int, answer: Answer) -> None:
        """Puts an answer in the place of an earlier one; what was thought of that one goes with it."""
        self.conversation = self.conversation.replaced(turn, answer)
        self.verdicts.pop((self.shelf.current, turn), None)

    def turn_to(self, shelf: Shelf) -> None:
        """Takes up another conversation; what waits for an answer in this one is given up."""
        for writing in (self.writing, self.again and self.again.writing):
            if writing:
                writing.stop()
        with self._lock:
            self.shelf, self.pending, self.writing, self.again = shelf, [], None, None
        for name in ("q", *FILTERS):
            st.query_params.pop(name, None)

    def narrow(self, filters: Filters) -> None:
        """Narrows the questions to come."""
        self.conversation = replace(self.conversation, filters=filters)

    def open(self, place: Place | None) -> None:
        """Opens the article of a citation."""
        self.conversation = self.conversation.opening(place)

    def close(self) -> None:
        """Closes the open article."""
        self.conversation = self.conversation.closed()


def session() -> Session:
    """This visitor's; ``?q=`` in the address is the first question of a new one, narrowed as the address says."""
    if "session" not in st.session_state:
        question = st.query_params.get("q", "").strip()
        own = Session(pending=[question] if question else [])
        own.narrow(from_address({name: st.query_params.get_all(name) for name in FILTERS}))
        st.session_state.session = own
    return cast(Session, st.session_state.session)
