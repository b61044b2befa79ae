"""Period and outlets to narrow a search to, and what it is narrowed to as chips that a click takes away.

Knows how Streamlit draws; what is read and said comes from ``narrowing``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from rag.types import Filters
from rag.ui import markup
from rag.ui.narrowing import chips, within
from rag.ui.texts import Texts

Change = Callable[[Filters], None]
_PILLS = 12  # so many outlets can be seen at once


def filter_bar(key: str, filters: Filters, outlets: Sequence[str], texts: Texts, change: Change) -> None:
    """The button that opens the choice, and the chips beside it. ``key`` tells this bar from others."""
    with st.container(key=f"{key}-bar", horizontal=True, vertical_alignment="center"):
        with st.popover(texts.narrow, icon=":material/filter_alt:", key=f"{key}-narrow", type="tertiary"):
            _time(key, filters, texts, change)
            if len(outlets) > 1:
                _outlets(key, filters, outlets, texts, change)
        filter_chips(key, filters, texts, change)


def filter_chips(key: str, filters: Filters, texts: Texts, change: Change) -> None:
    """One chip for each part of the filters."""
    for number, (words, left) in enumerate(chips(filters, texts)):
        st.button(
            markup.label(words),
            key=f"{key}-chip-{number}",
            icon=":material/close:",
            icon_position="right",
            help=texts.take_away,
            on_click=change,
            args=(left,),
        )


def _time(key: str, filters: Filters, texts: Texts, change: Change) -> None:
    name, wrong = f"{key}-time", f"{key}-wrong"

    def read() -> None:
        said = st.session_state[name]
        found = within(filters, said, date.today()) if said.strip() else replace(filters, since=None, until=None)
        st.session_state[wrong] = found is None
        if found is not None:
            st.session_state[name] = ""
            change(found)

    st.text_input(texts.period, key=name, placeholder=texts.period_hint, max_chars=100, on_change=read)
    if st.session_state.get(wrong):
        st.html(markup.hint_html(texts.no_period, texts))


def _outlets(key: str, filters: Filters, outlets: Sequence[str], texts: Texts, change: Change) -> None:
    name = f"{key}-outlets"
    st.session_state[name] = [outlet for outlet in outlets if outlet in filters.sources]

    def choose() -> None:
        change(replace(filters, sources=tuple(st.session_state[name])))

    if len(outlets) <= _PILLS:
        st.pills(texts.outlets, outlets, key=name, selection_mode="multi", format_func=markup.label, on_change=choose)
    else:
        st.multiselect(texts.outlets, outlets, key=name, placeholder=texts.all_outlets, on_change=choose)
