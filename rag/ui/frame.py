"""What stands on every page: style, name, language, the way to the other pages. Knows Streamlit, no page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from rag.ui import markup
from rag.ui.texts import LANGUAGES, NAMES, TEXTS, Texts, language_of

STYLE = Path(__file__).parent / "style.css"


def masthead() -> Texts:
    """Style, name and language switch; gives the language that the frame is in."""
    st.html(STYLE)
    if "lang" not in st.session_state:
        st.session_state.lang = language_of(st.query_params.get("lang"))
    texts = TEXTS[language_of(st.session_state.lang)]
    with st.container(key="masthead", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(markup.masthead_html(texts))
        st.segmented_control(
            "Sprache · Language",
            LANGUAGES,
            key="lang",
            required=True,
            format_func=NAMES.__getitem__,
            label_visibility="collapsed",
            on_change=_keep_language,
            width="content",
        )
    return texts


def navigation(pages: Mapping[str, st.Page], current: st.Page, texts: Texts) -> None:
    """The links to all pages by name; the one at hand is marked."""
    with st.container(key="pages", horizontal=True):
        for number, (name, page) in enumerate(pages.items()):
            with st.container(key=f"page-{number}-{'here' if page is current else 'there'}", width="content"):
                st.page_link(page, label=name, query_params={"lang": texts.language})


def _keep_language() -> None:
    """Into the address, so that a reload keeps it."""
    st.query_params["lang"] = st.session_state.lang
