"""The one script of the pages, from Python's side: where to scroll, what to read out, which keys were pressed.

Knows Streamlit's way to a script of one's own; what the script does stands in ``bridge.js``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from rag.ui.conversation import Conversation, Place
from rag.ui.session import session
from rag.ui.texts import Texts

_bridge: Any = st.components.v2.component(
    "beleg_bridge",
    html='<div class="live" aria-live="polite"></div>',
    css=".live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
)


def connect(conversation: Conversation, texts: Texts, coming: int = 0) -> None:
    """Tells the script what stands on the page; ``coming`` counts the questions below the answers."""
    answers = conversation.answers
    data = {
        "language": texts.language,
        "send": texts.send,
        "turns": len(answers) + coming,
        "opening": conversation.openings if conversation.place else 0,
        "announcement": texts.announcement(answers[-1].message, answers[-1].citations) if answers else "",
    }
    _bridge(key="page", data=data, on_cite_change=_on_cite, on_leave_change=session().close)


def _on_cite() -> None:
    session().open(Place.parse(st.session_state.page.get("cite")))
