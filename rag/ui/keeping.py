"""What a reader keeps: the conversations of the session, an answer with its sources, a link, an opinion.

Knows how Streamlit draws; what is kept is made in ``transcript``, ``feedback`` and ``conversation``.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from rag.ui import markup
from rag.ui.conversation import Talk
from rag.ui.feedback import Verdict, feedback_on, keep
from rag.ui.session import Session, session
from rag.ui.texts import Texts
from rag.ui.transcript import answer_text, conversation_markdown, question_link

VERDICTS: tuple[Verdict, ...] = ("up", "down")
_LONGEST_COMMENT = 500
_LONGEST_TITLE = 60


def talks_menu(texts: Texts) -> None:
    """All conversations, to take one up; the one in hand to rename, delete and carry home."""
    own = session()
    with st.popover(texts.talks, icon=":material/forum:", key="talks", type="tertiary"):
        for talk in reversed(own.shelf.talks):
            st.button(
                markup.label(_title(talk, texts)),
                key=f"talk-{talk.number}",
                type="secondary" if talk.number == own.shelf.current else "tertiary",
                on_click=_take,
                args=(talk.number,),
                width="stretch",
            )
        talk = own.shelf.talk
        if not talk.conversation.answers:
            return
        name = f"name-{talk.number}"
        st.text_input(texts.rename, key=name, value=talk.name, max_chars=80, on_change=_rename, args=(name,))
        st.download_button(
            texts.export,
            conversation_markdown(talk.conversation, _title(talk, texts), texts, date.today()),
            file_name=f"beleg-{date.today().isoformat()}.md",
            mime="text/markdown",
            key="export",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
        st.button(texts.delete, key="delete", icon=":material/delete:", on_click=_delete, width="stretch")


def restart() -> None:
    """Begins a new conversation; the others stay."""
    session().turn_to(session().shelf.fresh())


def answer_tools(turn: int, texts: Texts, file: Path) -> None:
    """Below an answer: what to take of it, and what one thinks of it."""
    own = session()
    answer = own.conversation.answers[turn]
    with st.container(key=f"keep-{turn}", horizontal=True, vertical_alignment="center"):
        with st.popover(texts.cite, icon=":material/format_quote:", key=f"cite-{turn}", type="tertiary"):
            st.caption(texts.cite_hint)
            st.html(markup.copy_html(answer_text(answer, texts), texts))
            st.caption(texts.link_hint)
            link = question_link(answer.query.standalone, answer.query.filters, texts.language)
            st.html(markup.copy_html(_address() + link, texts))
        _opinion(own, turn, texts, file)


def _opinion(own: Session, turn: int, texts: Texts, file: Path) -> None:
    place = (own.shelf.current, turn)
    if place in own.verdicts:
        st.html(markup.thanks_html(own.verdicts[place], texts))
        return
    with st.popover(texts.opinion, icon=":material/thumbs_up_down:", key=f"opinion-{turn}", type="tertiary"):
        with st.form(f"form-{place[0]}-{turn}", border=False, enter_to_submit=False):
            st.caption(texts.opinion_hint)
            # Not st.feedback: what a screen reader says of its thumbs is English.
            thumb = st.pills(
                texts.opinion, VERDICTS, key=f"thumb-{place[0]}-{turn}", format_func=texts.thumbs.__getitem__
            )
            word = st.text_input(texts.word, key=f"word-{place[0]}-{turn}", max_chars=_LONGEST_COMMENT)
            sent = st.form_submit_button(texts.send_opinion)
        if sent and thumb is None:
            st.html(markup.hint_html(texts.choose_thumb, texts))
        elif sent and thumb is not None:
            _keep(own, place, thumb, word, file, texts)


def _keep(own: Session, place: tuple[int, int], verdict: Verdict, word: str, file: Path, texts: Texts) -> None:
    said = feedback_on(own.conversation, place[1], verdict, word, datetime.now().astimezone())
    try:
        keep(file, said)
    except OSError:
        st.html(markup.hint_html(texts.not_kept, texts))
        return
    own.verdicts[place] = verdict
    st.rerun()


def _title(talk: Talk, texts: Texts) -> str:
    return markup.shortened(talk.title, _LONGEST_TITLE) or texts.new_chat


def _address() -> str:
    """Where this page is, without what its address asks."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else "/"


def _take(number: int) -> None:
    session().turn_to(session().shelf.taken(number))


def _rename(key: str) -> None:
    session().shelf = session().shelf.renamed(st.session_state[key])


def _delete() -> None:
    session().turn_to(session().shelf.without())
