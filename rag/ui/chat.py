"""The chat: masthead, conversation, question box.

Knows how Streamlit draws and remembers. What is shown is made in ``markup``, what happened stands in ``conversation``;
how an answer comes about is not its business.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from rag.types import Answer, Article
from rag.ui import markup
from rag.ui.article import article_panel
from rag.ui.conversation import Conversation, Place, by_article
from rag.ui.examples import examples
from rag.ui.texts import LANGUAGES, NAMES, TEXTS, Texts, language_of
from rag.ui.writing import Writing

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.index.store import Store

HERE = Path(__file__).parent
STYLE = HERE / "style.css"
PAUSE = 0.06  # seconds between two sentences of a new answer: to be seen coming, not to be waited for
BEAT = 0.1  # seconds between two looks at what a language model has written
_NEWEST = 20  # articles looked at for example questions

_bridge: Any = st.components.v2.component(
    "beleg_bridge",
    html='<div class="live" aria-live="polite"></div>',
    css=".live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }",
    js=(HERE / "bridge.js").read_text("utf-8"),
)


@dataclass(slots=True)
class Session:
    """What one visitor did: the conversation, and questions not answered yet.

    Kept in one object, since setting a value of Streamlit's session can end the run, and a question be lost with it.
    """

    conversation: Conversation = field(default_factory=Conversation)
    pending: list[str] = field(default_factory=list)
    writing: Writing | None = None  # what a language model is making of the first of them
    _lock: threading.Lock = field(default_factory=threading.Lock)

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


def chat_page(assistant: Assistant, corpus: Path) -> None:
    """The whole page, drawn anew on every interaction; ``corpus`` is only asked for example questions."""
    session = _session()
    texts = masthead(new_chat=True)
    count, newest = _archive(assistant.index.folder, assistant.index.store)
    # Fixed places, so that a longer conversation never moves what stands below it.
    body, ask, panel, bridge = (st.container(key=key) for key in ("turns", "ask", "panel", "bridge"))
    with ask:  # inside a container, or Streamlit scrolls to the end of each answer instead of its beginning
        st.chat_input(texts.ask, key="typed", on_submit=_submit)
        line = texts.archive(count, newest[0].published if newest else None)
        st.html(markup.footer_html(line, texts.language))
    is_written = assistant.writer is not None and bool(session.pending)
    if is_written:  # the page goes to the question now; what follows can take minutes
        with bridge:
            _connect(session.conversation, texts, coming=1)
    with body:
        for turn, answer in enumerate(session.conversation.answers):
            _turn(assistant, turn, answer, texts)
        while session.pending:
            _ask(assistant, session, texts)
        if not session.conversation.answers:
            _welcome(examples(corpus, newest, texts.language), texts)
    with panel:
        article_panel(session.conversation, texts, on_close=_close)
    if not is_written:
        with bridge:
            _connect(session.conversation, texts)


def masthead(*, new_chat: bool) -> Texts:
    """Style, name, language switch and, if wanted, new-chat button; gives the language that the frame is in."""
    st.html(STYLE)
    if "lang" not in st.session_state:
        st.session_state.lang = language_of(st.query_params.get("lang"))
    texts = TEXTS[language_of(st.session_state.lang)]
    with st.container(key="masthead", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(markup.masthead_html(texts))
        with st.container(key="tools", horizontal=True, horizontal_alignment="right", width="content"):
            st.segmented_control(
                "Sprache · Language",
                LANGUAGES,
                key="lang",
                required=True,
                format_func=NAMES.__getitem__,
                label_visibility="collapsed",
                on_change=_keep_language,
            )
            if new_chat:
                st.button(texts.new_chat, key="new", icon=":material/edit_square:", on_click=_restart)
    return texts


def _session() -> Session:
    """This visitor's session; ``?q=`` in the address is the first question of a new one."""
    if "session" not in st.session_state:
        question = st.query_params.get("q", "").strip()
        st.session_state.session = Session(pending=[question] if question else [])
    return cast(Session, st.session_state.session)


def _keep_language() -> None:
    """Into the address, so that a reload keeps it."""
    st.query_params["lang"] = st.session_state.lang


def _restart() -> None:
    if writing := _session().writing:
        writing.stop()
    st.session_state.session = Session()
    st.query_params.pop("q", None)


def _open(place: Place | None) -> None:
    _session().conversation = _session().conversation.opening(place)


def _close() -> None:
    _session().conversation = _session().conversation.closed()


def _choose(question: str) -> None:
    _session().pending.append(question)


def _submit() -> None:
    _choose(st.session_state.typed or "")


@st.cache_resource(max_entries=2, show_spinner=False)
def _archive(folder: Path, _store: Store) -> tuple[int, tuple[Article, ...]]:
    """How many articles a generation of the index holds, and the newest ones."""
    return _store.count()[0], tuple(_store.newest(_NEWEST))


def _ask(assistant: Assistant, session: Session, texts: Texts) -> None:
    """Asks the first question that waits, remembers and shows the answer, in this order: a click may end the run."""
    turn, question = len(session.conversation.answers), session.pending[0]
    with st.container(key=f"turn-{turn}"):
        st.html(markup.question_html(question, turn))
        if assistant.writer is not None:
            _write(assistant, session, turn, texts)
            st.rerun()  # the whole page, with the answer among the others
        try:
            answer = assistant.ask(question, session.conversation.history())
        except Exception:
            session.settle()
            raise
        session.settle(answer=answer)
        _time(assistant, turn, answer, texts)
        slot = st.empty()
        for shown in range(1, len(answer.claims)):
            slot.html(markup.answer_html(answer, turn, texts, shown))
            time.sleep(PAUSE)
        slot.html(markup.answer_html(answer, turn, texts))
        _sources(turn, answer, texts)


def _write(assistant: Assistant, session: Session, turn: int, texts: Texts) -> None:
    """Shows what a model writes on the first question that waits, to be stopped; then the conversation holds it.

    A click elsewhere ends the run of the page, not the writing: the next run goes on with it.
    """
    question, history = session.pending[0], session.conversation.history()
    writing = session.writing = session.writing or Writing(lambda stop: assistant.answers(question, history, stop=stop))
    slot = st.empty()
    shown = writing.latest
    slot.html(markup.writing_html(shown, turn, texts))
    st.button(texts.stop, key="stop", icon=":material/stop_circle:", on_click=writing.stop)
    while not writing.wait(BEAT):
        if writing.latest is not shown:
            shown = writing.latest
            slot.html(markup.writing_html(shown, turn, texts))
        st.session_state.get("lang")  # where Streamlit looks whether a click has ended this run
    try:
        session.settle(writing, writing.answer())
    except Exception:
        session.settle(writing)
        raise


def _turn(assistant: Assistant, turn: int, answer: Answer, texts: Texts) -> None:
    """An earlier exchange, in the places where it came up; without the empty slot it had then, which would flicker."""
    with st.container(key=f"turn-{turn}"):
        st.html(markup.question_html(answer.query.question, turn))
        _time(assistant, turn, answer, texts)
        st.html(markup.answer_html(answer, turn, texts))
        _sources(turn, answer, texts)


def _time(assistant: Assistant, turn: int, answer: Answer, texts: Texts) -> None:
    """The time that was read from the question, to be taken away by a click."""
    if answer.query.period:
        label = markup.label(texts.time.format(days=texts.days(answer.query.period)))
        st.button(
            label,
            key=f"time-{turn}",
            icon=":material/close:",
            icon_position="right",
            help=texts.without_time,
            on_click=_timeless,
            args=(assistant, turn),
        )


def _timeless(assistant: Assistant, turn: int) -> None:
    """Asks an earlier question again, now without the time that was read from it."""
    conversation = _session().conversation
    query = conversation.answers[turn].query
    answer = assistant.ask(query.question, conversation.history()[:turn], query.filters, periods=False)
    _session().conversation = conversation.replaced(turn, answer)


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
            st.button(texts.show, key=f"show-{place}", type="tertiary", on_click=_open, args=(place,))
            st.html(markup.quotes_html(citations, turn, texts))


def _welcome(questions: list[str], texts: Texts) -> None:
    with st.container(key="welcome"):
        st.html(markup.welcome_html(texts))
        with st.container(key="examples"):
            for number, question in enumerate(questions):
                name = markup.label(question)
                st.button(name, key=f"example-{number}", on_click=_choose, args=(question,), width="stretch")


def _connect(conversation: Conversation, texts: Texts, coming: int = 0) -> None:
    """The page's script: tells it where to scroll, hears of clicks on numbers and of Escape.

    ``coming`` counts the questions below the answers.
    """
    answers = conversation.answers
    data = {
        "language": texts.language,
        "send": texts.send,
        "turns": len(answers) + coming,
        "opening": conversation.openings if conversation.place else 0,
        "announcement": texts.announcement(answers[-1].message, answers[-1].citations) if answers else "",
    }
    _bridge(key="page", data=data, on_cite_change=_on_cite, on_leave_change=_close)


def _on_cite() -> None:
    _open(Place.parse(st.session_state.page.get("cite")))
