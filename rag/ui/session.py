"""What one visitor did, kept while the browser's tab is open. Knows Streamlit's session and address, no page."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import cast

import streamlit as st

from rag.types import Answer
from rag.ui.conversation import Conversation, Place, Shelf
from rag.ui.feedback import Verdict
from rag.ui.writing import Writing


@dataclass(slots=True)
class Session:
    """The conversations, questions not answered yet, and what was thought of answers by talk and turn.

    Kept in one object, since setting a value of Streamlit's session can end the run, and a question be lost with it.
    """

    shelf: Shelf = field(default_factory=Shelf)
    pending: list[str] = field(default_factory=list)
    writing: Writing | None = None  # what a language model is making of the first of them
    verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def conversation(self) -> Conversation:
        """The one in hand."""
        return self.shelf.talk.conversation

    @conversation.setter
    def conversation(self, changed: Conversation) -> None:
        self.shelf = self.shelf.changed(changed)

    def settle(self, writing: Writing | None = None, answer: Answer | None = None) -> None:
        """Ends the first question that waits; also one that failed: it would fail again with every click.

        Two runs of the page can see the end of one ``writing``: the second changes nothing.
        """
        with self._lock:
            if self.writing is not writing:
                return
            self.writing = None
            self.pending.pop(0)
            if answer is not None:
                self.conversation = self.conversation.answered(answer)

    def turn_to(self, shelf: Shelf) -> None:
        """Takes up another conversation; what waits for an answer in this one is given up."""
        if self.writing:
            self.writing.stop()
        with self._lock:
            self.shelf, self.pending, self.writing = shelf, [], None
        st.query_params.pop("q", None)

    def open(self, place: Place | None) -> None:
        """Opens the article of a citation."""
        self.conversation = self.conversation.opening(place)

    def close(self) -> None:
        """Closes the open article."""
        self.conversation = self.conversation.closed()


def session() -> Session:
    """This visitor's; ``?q=`` in the address is the first question of a new one."""
    if "session" not in st.session_state:
        question = st.query_params.get("q", "").strip()
        st.session_state.session = Session(pending=[question] if question else [])
    return cast(Session, st.session_state.session)
