"""The article beside the chat (on a phone: over it), with the cited places marked.

Knows how Streamlit draws; which article is open and what is marked comes from ``conversation`` and ``markup``.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rag.ui import markup
from rag.ui.conversation import Conversation
from rag.ui.texts import Texts


def article_panel(conversation: Conversation, texts: Texts, on_close: Callable[[], None]) -> None:
    """Draws the open article, or nothing."""
    opened = conversation.opened()
    if opened is None:
        return
    with st.container(key="article"):
        with st.container(key="bar", horizontal=True, vertical_alignment="center", wrap=False):
            st.html(markup.article_bar_html(opened.article, texts))
            st.button(texts.close, key="close", icon=":material/close:", on_click=on_close)
        st.html(
            markup.article_html(opened.article, opened.citations, opened.active, conversation.openings, texts),
        )
