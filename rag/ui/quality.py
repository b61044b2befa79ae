"""The quality page: how fresh the archive is, and what was measured, in plain words.

Knows how Streamlit draws; the figures come from the results files through ``rag.evaluation.report``.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from rag.errors import DatasetError
from rag.types import Language
from rag.ui import markup
from rag.ui.bridge import connect
from rag.ui.conversation import Conversation
from rag.ui.texts import Texts

if TYPE_CHECKING:
    from rag.evaluation.report import Section
    from rag.index.reader import Index

_STALE = 30  # days after which a reader should know that nothing newer has come


def quality_page(index: Index, texts: Texts) -> None:
    """The state of the archive, then the figures."""
    connect(Conversation(), texts)
    st.html(markup.heading_html(texts.quality_title, texts))
    oldest, newest = index.store.span()
    built = _day(index.manifest.built)
    facts = (
        (texts.articles_held, texts.number(index.store.count()[0])),
        (texts.oldest, texts.published(oldest)),
        (texts.newest_held, texts.published(newest)),
        (texts.built, texts.published(built)),
        (texts.encoder, Path(index.manifest.encoder.name).name),
    )
    st.html(markup.facts_html(facts, texts))
    if newest and (days := (date.today() - newest).days) > _STALE:
        st.html(markup.stale_html(texts.stale.format(days=texts.number(days)), texts))
    st.html(markup.prose_html(texts.quality_words, texts))
    sections = _sections(texts.language)
    if not sections:
        st.html(markup.hint_html(texts.not_measured, texts))
    for number, section in enumerate(sections):
        with st.container(key=f"section-{number}"):
            st.html(markup.subheading_html(section.title, texts))
            st.html(markup.prose_html([section.note], texts))
            if section.chart:
                st.html(markup.plot_html(section.chart, texts.plot.format(title=section.title)))
            st.html(markup.table_html(section.table.columns, section.table.rows, texts))


@st.cache_resource(max_entries=2, show_spinner=False)
def _sections(language: Language) -> list[Section]:
    """All sections; the files do not change while the chat runs."""
    from rag.evaluation.report import report  # only this page wants it

    with suppress(DatasetError):
        return report(language=language)
    return []


def _day(built: str) -> date | None:
    try:
        return datetime.fromisoformat(built).date()
    except ValueError:
        return None
