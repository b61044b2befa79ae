"""The chat: masthead, conversation, question box.

Knows how Streamlit draws and remembers. What is shown is made in ``markup``, what happened stands in ``conversation``;
how an answer comes about is not its business.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from rag.types import Answer, Article, Filters
from rag.ui import markup
from rag.ui.article import article_panel
from rag.ui.bridge import connect
from rag.ui.conversation import Conversation, Place, by_article
from rag.ui.examples import examples
from rag.ui.filters import filter_bar, filter_chips
from rag.ui.keeping import answer_tools, restart, talks_menu
from rag.ui.session import Again, Session, session
from rag.ui.texts import Texts
from rag.ui.why import lines, why
from rag.ui.writing import Writing

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.index.store import Store
    from rag.settings import Settings

PAUSE = 0.06  # seconds between two sentences of a new answer: to be seen coming, not to be waited for
BEAT = 0.1  # seconds between two looks at what a language model has written
_NEWEST = 20  # articles looked at for example questions


def chat_page(assistant: Assistant, settings: Settings, texts: Texts) -> None:
    """The whole page, drawn anew on every interaction; of the corpus it only wants example questions."""
    own = session()
    tools = st.container(key="tools", horizontal=True, horizontal_alignment="right")
    store = assistant.index.store
    count, newest, outlets = _archive(assistant.index.folder, hash(store.withdrawn()), store)
    # Fixed places, so that a longer conversation never moves what stands below it.
    body, ask, panel, bridge = (st.container(key=key) for key in ("turns", "ask", "panel", "bridge"))
    with ask:  # inside a container, or Streamlit scrolls to the end of each answer instead of its beginning
        filter_bar(f"ask-{own.shelf.current}", own.conversation.filters, outlets, texts, own.narrow)
        st.chat_input(texts.ask, key="typed", on_submit=_submit)
        line = texts.archive(count, newest[0].published if newest else None)
        st.html(markup.footer_html(line, texts.language))
    is_written = assistant.writer is not None and bool(own.pending or own.again)
    if is_written:  # the page goes to a new question now; what follows can take minutes
        with bridge:
            connect(own.conversation, texts, coming=int(own.again is None))
        with tools:
            _tools(texts)
    with body:
        drawn = own.conversation.answers
        for turn, answer in enumerate(drawn):
            if own.again is not None and own.again.turn == turn:
                _renew(own, own.again, answer.query.question, texts)
            _turn(assistant, turn, answer, settings.feedback, texts)
        while waiting := own.pending[:1]:
            _ask(assistant, own, waiting[0], settings.feedback, texts)
            drawn = own.conversation.answers
        if own.conversation.answers is not drawn:
            st.rerun()  # the run before this one, not quite at its end, took up what a language model wrote
        if not own.conversation.answers:
            _welcome(examples(settings.corpus, newest, texts.language), texts)
    with panel:
        article_panel(own.conversation, texts, on_close=own.close)
    if not is_written:
        with tools:  # now that the conversation is what it will be
            _tools(texts)
        with bridge:
            connect(own.conversation, texts)


def _tools(texts: Texts) -> None:
    talks_menu(texts)
    st.button(texts.new_chat, key="new", icon=":material/edit_square:", type="tertiary", on_click=restart)


def _choose(question: str) -> None:
    session().pending.append(question)


def _submit() -> None:
    _choose(st.session_state.typed or "")


@st.cache_resource(max_entries=2, show_spinner=False)
def _archive(folder: Path, hidden: int, _store: Store) -> tuple[int, tuple[Article, ...], list[str]]:
    """How many articles a generation holds without the ``hidden`` withdrawn ones, the newest ones, and its outlets."""
    return _store.count()[0], tuple(_store.newest(_NEWEST)), _store.sources()


def _ask(assistant: Assistant, own: Session, question: str, file: Path, texts: Texts) -> None:
    """Asks the first question that waits, remembers and shows the answer, in this order: a click may end the run."""
    turn = len(own.conversation.answers)
    with st.container(key=f"turn-{turn}"):
        st.html(markup.question_html(question, turn))
        if assistant.writer is not None:
            _write(assistant, own, turn, texts)
            st.rerun()  # the whole page, with the answer among the others
        try:
            answer = assistant.ask(question, own.conversation.history(), own.conversation.filters)
        except Exception:
            own.settle()
            raise
        own.settle(answer=answer)
        _limits(assistant, turn, answer, texts)
        slot = st.empty()
        for shown in range(1, len(answer.claims)):
            slot.html(markup.answer_html(answer, turn, texts, shown))
            time.sleep(PAUSE)
        slot.html(markup.answer_html(answer, turn, texts))
        answer_tools(turn, texts, file)
        _sources(turn, answer, texts)


def _write(assistant: Assistant, own: Session, turn: int, texts: Texts) -> None:
    """Shows what a model writes on the first question that waits, to be stopped; then the conversation holds it.

    A click elsewhere ends the run of the page, not the writing: the next run goes on with it.
    """

    def begin(question: str, talk: Conversation) -> Writing:
        return Writing(lambda stop: assistant.answers(question, talk.history(), talk.filters, stop=stop))

    writing = own.write(begin)
    if writing is None:  # the run before this one has just taken up the answer
        return
    _watch(writing, turn, texts)
    try:
        own.settle(writing, writing.answer())
    except Exception:
        own.settle(writing)
        raise


def _renew(own: Session, again: Again, question: str, texts: Texts) -> None:
    """Shows what a model writes anew in the place of an earlier answer; then draws the page with it."""
    with st.container(key=f"turn-{again.turn}"):
        st.html(markup.question_html(question, again.turn))
        _watch(again.writing, again.turn, texts)
    try:
        own.renew(again, again.writing.answer())
    except Exception:
        own.renew(again)
        raise
    st.rerun()


def _watch(writing: Writing, turn: int, texts: Texts) -> None:
    """Shows an answer as it is written, with a button that ends it there."""
    slot = st.empty()
    shown = writing.latest
    slot.html(markup.writing_html(shown, turn, texts))
    st.button(texts.stop, key="stop", icon=":material/stop_circle:", on_click=writing.stop)
    while not writing.wait(BEAT):
        if writing.latest is not shown:
            shown = writing.latest
            slot.html(markup.writing_html(shown, turn, texts))
        st.session_state.get("lang")  # where Streamlit looks whether a click has ended this run


def _turn(assistant: Assistant, turn: int, answer: Answer, file: Path, texts: Texts) -> None:
    """An earlier exchange, in the places where it came up; without the empty slot it had then, which would flicker."""
    with st.container(key=f"turn-{turn}"):
        st.html(markup.question_html(answer.query.question, turn))
        _limits(assistant, turn, answer, texts)
        st.html(markup.answer_html(answer, turn, texts))
        answer_tools(turn, texts, file)
        _sources(turn, answer, texts)


def _limits(assistant: Assistant, turn: int, answer: Answer, texts: Texts) -> None:
    """The time that was read from the question, and what the search was narrowed to, to be taken away by a click."""
    query = answer.query
    if not query.period and not query.filters:
        return
    with st.container(key=f"limits-{turn}", horizontal=True):
        if query.period:
            st.button(
                markup.label(texts.time.format(days=texts.days(query.period))),
                key=f"time-{turn}",
                icon=":material/close:",
                icon_position="right",
                help=texts.without_time,
                on_click=_again,
                args=(assistant, turn, query.filters, False),
            )
        read = query.period is not None
        filter_chips(f"turn-{turn}", query.filters, texts, lambda left: _again(assistant, turn, left, read))


def _again(assistant: Assistant, turn: int, filters: Filters, periods: bool) -> None:
    """Asks an earlier question again, now with other filters, or without the time that was read from it."""
    own = session()
    question, history = own.conversation.answers[turn].query.question, own.conversation.history()[:turn]
    if assistant.writer is None:
        own.replace(turn, assistant.ask(question, history, filters, periods=periods))
        return
    if own.again is not None:
        own.again.writing.stop()
    answers = partial(assistant.answers, question, history, filters, periods=periods)
    own.again = Again(turn, Writing(lambda stop: answers(stop=stop)))


def _sources(turn: int, answer: Answer, texts: Texts) -> None:
    """One card an article, each with a button of its own."""
    if not answer.citations:
        return
    st.html(markup.sources_heading_html(answer, texts))
    for citations in by_article(answer.citations):
        place = Place(turn, citations[0].number)
        with st.container(key=f"card-{turn}-{place.number}"):
            copies = tuple(dict.fromkeys(name for citation in citations for name in citation.also_in))
            st.html(markup.card_html(citations[0], texts, copies))
            st.button(texts.show, key=f"show-{place}", type="tertiary", on_click=session().open, args=(place,))
            st.html(markup.quotes_html(citations, turn, texts))
            if found := why(answer, citations[0].passage_id):
                with st.popover(texts.why, key=f"why-{place}", type="tertiary"):
                    st.html(markup.prose_html(lines(found, texts), texts))


def _welcome(questions: list[str], texts: Texts) -> None:
    with st.container(key="welcome"):
        st.html(markup.welcome_html(texts))
        with st.container(key="examples"):
            for number, question in enumerate(questions):
                name = markup.label(question)
                st.button(name, key=f"example-{number}", on_click=_choose, args=(question,), width="stretch")
