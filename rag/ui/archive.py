"""The archive page: all articles with search, period, outlet and a histogram over time; one article with its versions.

Knows how Streamlit draws; what is listed comes from ``holdings``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from rag.corpus.versions import versions
from rag.errors import BelegError, NotFound
from rag.evaluation.charts import columns
from rag.types import Article, Filters
from rag.ui import markup
from rag.ui.bridge import connect
from rag.ui.conversation import Conversation, Place
from rag.ui.filters import filter_bar
from rag.ui.holdings import Holdings, cited_by, first, histogram, holdings
from rag.ui.maintain_texts import MAINTAIN
from rag.ui.session import session
from rag.ui.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from rag.index.reader import Index
    from rag.settings import Settings

PAGE = 20  # articles shown at first, and more with each click


def archive_page(index: Index, settings: Settings, texts: Texts, to_chat: Callable[[], None]) -> None:
    """All articles, or the one that the address names. ``to_chat`` leads to the chat page."""
    connect(Conversation(), texts)
    if name := st.query_params.get("article"):
        _article(index, settings, name, texts, to_chat)
    elif settings.maintain and "maintain" in st.query_params:
        st.button(texts.back, key="back", icon=":material/arrow_back:", type="tertiary", on_click=_back)
        from rag.ui.maintain import maintain_page  # it knows how to build, which takes a while to load

        maintain_page(settings, texts)
    else:
        _list(index, settings, texts)


def _list(index: Index, settings: Settings, texts: Texts) -> None:
    own = session()
    with st.container(key="head", horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.html(markup.heading_html(texts.archive_title, texts))
        if settings.maintain:
            name = MAINTAIN[texts.language].title
            st.button(name, key="maintain", icon=":material/edit_note:", type="tertiary", on_click=_maintain)
    asked = st.text_input(texts.search, key="archive-words", value=own.looked_for, max_chars=500)
    own.looked_for = asked
    filters, hidden = own.archive_filters, hash(index.store.withdrawn())
    filter_bar("archive", filters, _outlets(index.folder, index), texts, _narrow)
    held = _held(index.folder, hidden, asked, filters, index)
    st.html(markup.hint_html(texts.found_articles(held.count) if held.count else texts.none_found, texts))
    if len(counts := histogram(held.months)) > 1:
        st.html(markup.plot_html(columns(texts.over_time, counts), texts.said_over_time(counts)))
    shown = PAGE * (1 + st.session_state.setdefault("archive-more", 0))
    for number, article in enumerate(first(index, held, filters, shown)):
        with st.container(key=f"held-{number}", gap=None):
            title = markup.label(article.title or texts.untitled)
            st.button(title, key=f"article-{number}", type="tertiary", on_click=_show, args=(article.article_id,))
            st.html(markup.held_html(article.source, article.published, texts))
    if held.count > shown:
        st.button(texts.more, key="more", on_click=_more)


@st.cache_resource(max_entries=16, show_spinner=False)
def _held(folder: Path, hidden: int, words: str, filters: Filters, _index: Index) -> Holdings:
    """What a list holds, as long as the generation of the index and the ``hidden`` withdrawn articles stay the same."""
    return holdings(_index, words, filters)


@st.cache_resource(max_entries=2, show_spinner=False)
def _outlets(folder: Path, _index: Index) -> list[str]:
    return _index.store.sources()


def _article(index: Index, settings: Settings, name: str, texts: Texts, to_chat: Callable[[], None]) -> None:
    st.button(texts.back, key="back", icon=":material/arrow_back:", type="tertiary", on_click=_back)
    try:
        article = index.store.article(name)
    except NotFound:
        if not (settings.maintain and _withdrawal(settings, name, texts, is_held=False)):
            st.html(markup.hint_html(texts.no_article, texts))
        return
    st.html(markup.paper_html(article, texts))
    with st.container(key="about"):
        st.html(markup.details_html(article, texts))
        _questions(article, texts, to_chat)
        _versions(settings.corpus, article, texts)
        if settings.maintain:
            _withdrawal(settings, name, texts, is_held=True)


def _withdrawal(settings: Settings, name: str, texts: Texts, *, is_held: bool) -> bool:
    from rag.ui.maintain import withdrawal

    return withdrawal(settings, name, texts, is_held=is_held)


def _questions(article: Article, texts: Texts, to_chat: Callable[[], None]) -> None:
    """The questions of this session whose answers cite the article, each a way back to its answer."""
    own = session()
    if not (found := cited_by(own.shelf, article.article_id)):
        return
    st.html(markup.subheading_html(texts.cited_by, texts))
    for number, (talk, place, question) in enumerate(found):
        name = markup.label(markup.shortened(question, 120))
        if st.button(name, key=f"asked-{number}", type="tertiary"):
            _return_to(talk, place)
            to_chat()


def _return_to(talk: int, place: Place) -> None:
    own = session()
    own.turn_to(own.shelf.taken(talk))
    own.open(place)


def _versions(corpus: Path, article: Article, texts: Texts) -> None:
    try:
        former = versions(corpus, article.article_id)
    except BelegError as error:
        st.html(markup.hint_html(str(error), texts))
        return
    if not former:
        return
    st.html(markup.subheading_html(texts.versions, texts))
    for number, version in reversed(list(enumerate(former, 1))):
        with st.expander(markup.label(texts.version(number, version.updated or version.fetched or version.published))):
            st.html(markup.paper_html(version, texts))


def _narrow(filters: Filters) -> None:
    own = session()
    own.archive_filters = filters
    st.session_state["archive-more"] = 0


def _show(article_id: str) -> None:
    st.query_params["article"] = article_id


def _maintain() -> None:
    st.query_params["maintain"] = "1"


def _back() -> None:
    for name in ("article", "maintain"):
        st.query_params.pop(name, None)


def _more() -> None:
    st.session_state["archive-more"] += 1
