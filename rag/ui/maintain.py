"""The maintainer's side of the archive page: bring articles in, look at them first, update the index, withdraw.

Drawn only where ``Settings.maintain`` says so. Knows how Streamlit draws; the work is that of ``intake``, of
``python -m rag build`` and ``remove``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import streamlit as st

from rag.corpus.read import Refused
from rag.corpus.sources import Found
from rag.corpus.withdrawn import withdrawn
from rag.encoder import load_encoder
from rag.errors import BelegError
from rag.index.build import BuildReport, build
from rag.index.withdraw import Withdrawal, remove, restore
from rag.settings import Settings
from rag.ui import markup
from rag.ui.intake import Builds, Intake, Look, Pasted, Source, Upload
from rag.ui.maintain_texts import MAINTAIN, MaintainTexts
from rag.ui.reasons import said
from rag.ui.texts import Texts
from rag.ui.work import Progress, Work

T = TypeVar("T")
_BEAT = 0.5  # seconds between two looks at work that goes on
_PAGE = 20  # articles or ids shown at first, and more with each click


def maintain_page(settings: Settings, texts: Texts) -> None:
    """All that a maintainer does to the archive as a whole."""
    words, own = MAINTAIN[texts.language], _intake()
    st.html(markup.heading_html(words.title, texts))
    with st.container(key="bring"):
        st.html(markup.subheading_html(words.bring, texts))
        _bring(own, settings, words, texts)
        _looked_at(own, settings, words, texts)
        _taken(own, words, texts)
    with st.container(key="index"):
        st.html(markup.subheading_html(words.index, texts))
        _index(own, settings, words, texts)
    with st.container(key="withdrawn"):
        st.html(markup.subheading_html(words.withdrawn, texts))
        _withdrawn(settings, words, texts)


def withdrawal(settings: Settings, article_id: str, texts: Texts, *, is_held: bool) -> bool:
    """On an article's page: the button that withdraws it if the index holds it, or that takes it back.

    Gives whether it is withdrawn.
    """
    words, own = MAINTAIN[texts.language], _intake()
    if own.notice:
        st.html(markup.notice_html(own.notice, texts))
        own.notice = ""
    try:
        is_withdrawn = article_id in withdrawn(settings.corpus)
    except BelegError as error:
        st.html(markup.notice_html(said(str(error), texts.language), texts))
        return False
    if is_withdrawn:
        st.html(markup.hint_html(words.withdrawn_one, texts))
        args = (restore, settings, article_id, texts)
        st.button(words.restore, key="restore", icon=":material/undo:", on_click=_change, args=args)
    elif is_held:
        args = (remove, settings, article_id, texts)
        st.button(words.withdraw, key="withdraw", icon=":material/block:", on_click=_change, args=args)
    return is_withdrawn


def _intake() -> Intake:
    """What this maintainer is at, as long as the browser's tab is open."""
    return cast(Intake, st.session_state.setdefault("intake", Intake()))


@st.cache_resource(show_spinner=False)
def _builds() -> Builds:
    return Builds()


# Bringing in ---------------------------------------------------------------------------------------------------------


def _bring(own: Intake, settings: Settings, words: MaintainTexts, texts: Texts) -> None:
    way = st.segmented_control(
        words.bring,
        list(words.ways),
        key="way",
        default="address",
        required=True,
        format_func=words.ways.__getitem__,
        label_visibility="collapsed",
    )
    with st.form(f"form-{way}", border=False, clear_on_submit=True):
        sources = _sources(way, words, texts)
        is_sent = st.form_submit_button(words.look, icon=":material/visibility:")
    if is_sent and sources:
        own.begin(sources, settings.allow_private)
    elif is_sent:
        st.html(markup.hint_html(words.nothing_given, texts))


def _sources(way: str, words: MaintainTexts, texts: Texts) -> Sequence[Source]:
    """The form's field, and what is in it."""
    if way == "files":
        files = st.file_uploader(words.files, key="files", accept_multiple_files=True)
        st.html(markup.hint_html(words.files_hint, texts))
        return [Upload(file.name, file.getvalue()) for file in files]
    if way == "text":
        text = st.text_area(words.text, key="pasted", height=140)
        return [Pasted(text)] if text and text.strip() else []
    address = st.text_input(words.address, key="address", placeholder=words.address_hint, max_chars=2_000)
    return [address.strip()] if address and address.strip() else []


def _looked_at(own: Intake, settings: Settings, words: MaintainTexts, texts: Texts) -> None:
    """What was read, before anything of it is taken in."""
    if own.looking is None or own.is_decided():
        return
    if not own.looking.wait():
        _follow(own.looking, lambda work: words.looking.format(articles=texts.found_articles(work.done)), texts)
        st.html(markup.hint_html(words.looking_hint, texts))
        st.button(words.stop, key="stop-looking", icon=":material/stop_circle:", on_click=own.looking.stop)
        return
    seen = _outcome(own.looking, words, texts)
    if seen is None:
        return
    _refused(seen.refused, words, texts)
    if not seen.found:
        st.html(markup.hint_html(words.none_seen, texts))
        return
    st.html(markup.hint_html(words.seen.format(articles=texts.found_articles(len(seen.found))), texts))
    if not seen.is_whole:
        st.html(markup.hint_html(words.not_whole, texts))
    _decision(own, seen, settings, words, texts)
    _choice(own, seen, words, texts)


def _decision(own: Intake, seen: Look, settings: Settings, words: MaintainTexts, texts: Texts) -> None:
    chosen = len(own.chosen(seen))
    with st.container(key="decide", horizontal=True):
        st.button(
            words.take.format(articles=texts.found_articles(chosen)),
            key="take",
            type="primary",
            disabled=not chosen,
            on_click=own.take,
            args=(seen, settings.corpus),
        )
        st.button(words.discard, key="discard", on_click=own.discard)


def _choice(own: Intake, seen: Look, words: MaintainTexts, texts: Texts) -> None:
    """Each article with its facts and its cleaned text, to be taken or left out."""
    for number, found in enumerate(seen.found[: _shown("seen")]):
        with st.container(key=f"seen-{number}", gap="xsmall"):
            article = found.article
            st.html(markup.seen_heading_html(article, texts))
            if len(seen.found) > 1:  # its name holds no title: Streamlit would read that as Markdown, links included
                st.checkbox(
                    words.choose.format(number=texts.number(number + 1)),
                    value=number not in own.left_out,
                    key=f"chosen-{own.looks}-{number}",
                    on_change=own.toggle,
                    args=(number,),
                )
            with st.expander(words.show, expanded=len(seen.found) == 1):
                st.html(markup.seen_html(_facts(found, words, texts), article, texts))
    _more("seen", len(seen.found), texts)


def _facts(found: Found, words: MaintainTexts, texts: Texts) -> list[tuple[str, str]]:
    """What is known of an article, and which of the facts that matter are not."""
    article = found.article
    facts = {
        "source": article.source,
        "author": article.author,
        "published": texts.day(article.published) if article.published else None,
        "updated": texts.day(article.updated) if article.updated else None,
        "url": article.url,
        "section": article.section,
        "licence": article.licence,
        "where": found.where,
    }
    told = ("source", "author", "published", "url")
    return [(words.facts[name], fact or words.unknown) for name, fact in facts.items() if fact or name in told]


def _taken(own: Intake, words: MaintainTexts, texts: Texts) -> None:
    if own.taking is None:
        return
    if not own.taking.wait():
        _follow(own.taking, lambda work: words.taking.format(articles=texts.found_articles(work.done)), texts)
        return
    report = _outcome(own.taking, words, texts)
    if report is None:
        return
    _refused(report.refused, words, texts)
    if report.taken:
        st.html(markup.subheading_html(words.taken, texts))
        rows = [(words.whats[taken.what], taken.title or taken.article_id) for taken in report.taken]
        st.html(markup.facts_html(rows, texts))
    if report.number("added") or report.number("changed"):
        st.html(markup.hint_html(words.then_build, texts))


# The index -----------------------------------------------------------------------------------------------------------


def _index(own: Intake, settings: Settings, words: MaintainTexts, texts: Texts) -> None:
    st.html(markup.hint_html(words.index_hint, texts))
    builds = _builds()
    # Asked once: what ends while this is drawn is told by the drawing that its follower begins.
    going_on = next((work for work in (builds.latest, own.building) if work and not work.wait()), None)
    last = own.building or builds.latest
    if last and last is not going_on and last.wait():
        report = _outcome(last, words, texts)
        if report:
            _built(report, words, texts)
    if going_on:
        _follow(going_on, lambda work: _stage(work, words, texts), texts)
        return

    def begin() -> None:
        own.building = builds.begin(lambda progress: _build(settings, progress))

    st.button(words.build, key="build", icon=":material/refresh:", on_click=begin)


def _build(settings: Settings, progress: Progress) -> BuildReport:
    return build(settings.corpus, settings.index, load_encoder(settings.encoder), progress=progress)


def _stage(work: Work[BuildReport], words: MaintainTexts, texts: Texts) -> str:
    stage = words.stages.get(work.stage, words.stages[""])
    if not work.done:
        return stage
    done, total = texts.number(work.done), texts.number(work.total)
    return f"{stage}: {words.of_total.format(done=done, total=total) if work.total else done}"


def _built(report: BuildReport, words: MaintainTexts, texts: Texts) -> None:
    numbers = {
        "articles": report.manifest.articles,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "grouped": len(report.grouped),
        "withdrawn": report.withdrawn,
        "refused": len(report.refused),
    }
    told = {name: number for name, number in numbers.items() if number}
    rows = [(words.counts[name], texts.number(number)) for name, number in told.items()]
    rows.append((words.counts["seconds"], words.seconds.format(seconds=texts.decimal(report.seconds))))
    st.html(markup.hint_html(words.built, texts))
    if report.fresh:
        st.html(markup.hint_html(words.fresh, texts))
    st.html(markup.facts_html(rows, texts))
    _refused(report.refused, words, texts)


# Withdrawing ---------------------------------------------------------------------------------------------------------


def _withdrawn(settings: Settings, words: MaintainTexts, texts: Texts) -> None:
    own = _intake()
    if own.notice:
        st.html(markup.notice_html(own.notice, texts))
        own.notice = ""
    try:
        ids = sorted(withdrawn(settings.corpus))
    except BelegError as error:
        st.html(markup.notice_html(said(str(error), texts.language), texts))
        return
    st.html(markup.hint_html(words.withdrawn_hint if ids else words.none_withdrawn, texts))
    for number, article_id in enumerate(ids[: _shown("withdrawn")]):
        with st.container(key=f"gone-{number}", horizontal=True, vertical_alignment="center"):
            st.html(markup.identifier_html(article_id))
            args = (restore, settings, article_id, texts)
            st.button(words.restore, key=f"restore-{number}", type="tertiary", on_click=_change, args=args)
    _more("withdrawn", len(ids), texts)


def _change(how: Callable[..., Withdrawal], settings: Settings, article_id: str, texts: Texts) -> None:
    """Withdraws or restores an article; what there is to say about it is said by the next drawing."""
    try:
        done = how(settings.corpus, settings.index, [article_id])
    except BelegError as error:
        _intake().notice = said(str(error), texts.language)
        return
    _intake().notice = MAINTAIN[texts.language].waiting if done.waiting else ""


# Shared --------------------------------------------------------------------------------------------------------------


def _follow(work: Work[Any], say: Callable[[Any], str], texts: Texts) -> None:
    """How far some work is, looked at again and again while the rest of the page stays as it is."""

    @st.fragment(run_every=_BEAT)
    def follow() -> None:
        if work.wait():
            st.rerun()
        if work.total:
            st.progress(min(1.0, work.done / work.total), text=say(work))
        else:
            st.html(markup.busy_html(say(work), texts))

    follow()


def _outcome(work: Work[T], words: MaintainTexts, texts: Texts) -> T | None:
    """What came of some work, or ``None`` and the reason in a line."""
    try:
        return work.result()
    except BelegError as error:
        line = said(str(error), texts.language)
    except Exception as error:
        line = words.unexpected.format(kind=type(error).__name__)
    st.html(markup.notice_html(line, texts))
    return None


def _refused(refused: Sequence[Refused], words: MaintainTexts, texts: Texts) -> None:
    if refused:
        st.html(markup.subheading_html(words.refused.format(count=texts.number(len(refused))), texts))
        rows = [(said(one.where, texts.language), said(one.reason, texts.language)) for one in refused]
        st.html(markup.refusals_html(rows, texts))


def _shown(name: str) -> int:
    return _PAGE * (1 + int(st.session_state.setdefault(f"more-{name}", 0)))


def _more(name: str, count: int, texts: Texts) -> None:
    def more() -> None:
        st.session_state[f"more-{name}"] += 1

    if count > _shown(name):
        st.button(texts.more, key=f"show-more-{name}", on_click=more)
