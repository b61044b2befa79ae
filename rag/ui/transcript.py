"""Answers and conversations → text to take along: with sources as one cites them, as plain text and as Markdown.

Knows no page. In the Markdown nothing that stands in an article has a meaning of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

from rag.types import Answer, Citation, Claim, Filters, Language, Verdict
from rag.ui.conversation import Conversation
from rag.ui.markup import safe_url
from rag.ui.texts import Texts

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$])")
_BEGINNING = re.compile(r"^(?:(\d+)([.)])|([-+=:]))")


def source_line(citation: Citation, texts: Texts, address: str | None = None) -> str:
    """A source as one cites it: ``Ada Beispiel: „Titel“. Demo, 30. November 2022. https://…``."""
    title = texts.quoted.format(words=_line(citation.title) or texts.untitled)
    author = f"{_line(citation.author)}: " if citation.author else ""
    outlet = f"{_line(citation.source)}, " if citation.source else ""
    address = safe_url(citation.url) if address is None else address
    line = f"{author}{title}. {outlet}{texts.published(citation.published)}."
    return f"{line} {address}" if address else line


def answer_text(answer: Answer, texts: Texts) -> str:
    """One answer as plain text with its sources."""
    lines = [_line(answer.query.question), "", *([] if answer.claims else [answer.message])]
    for claim, day in _dated(answer):
        dated = f"{texts.day(day)}: " if day else ""
        lines.append(f"{dated}{_line(claim.text)} {_numbers(claim.citations)}{_doubt(claim.verdict, texts)}")
    if remarks := _remarks(answer, texts):
        lines += ["", *remarks]
    if answer.citations:
        lines += ["", texts.sources if answer.claims else texts.nearest]
        for citation in answer.citations:
            lines.append(f"[{citation.number}] {source_line(citation, texts)}")
            if answer.is_written or not answer.claims:  # else the claim is the quote
                lines.append(f"    {texts.quoted.format(words=_line(citation.quote))}")
    return "\n".join(lines) + "\n"


def conversation_markdown(conversation: Conversation, title: str, texts: Texts, today: date) -> str:
    """A whole conversation as Markdown; every source with its quote."""
    parts = [f"# {plain(title)}", plain(texts.exported.format(date=texts.day(today)))]
    for answer in conversation.answers:
        parts += _turn(answer, texts)
    return "\n\n".join(parts) + "\n"


def question_link(query: str, filters: Filters, language: Language) -> str:
    """The part of an address that asks a question again: ``?q=…&lang=de``."""
    asked = [("q", query), ("lang", language)]
    asked += [(name, day.isoformat()) for name, day in (("since", filters.since), ("until", filters.until)) if day]
    return "?" + urlencode([*asked, *(("source", name) for name in filters.sources)])


def plain(text: str) -> str:
    """A text on one line of Markdown, where nothing in it has a meaning."""
    return _BEGINNING.sub(r"\1\\\2\3", _SPECIAL.sub(r"\\\1", _line(text)))


def _turn(answer: Answer, texts: Texts) -> Iterator[str]:
    query = answer.query
    yield f"## {plain(query.question)}"
    if query.standalone != query.question:
        yield plain(texts.understood.format(question=query.standalone))
    yield plain(answer.message)
    for claim, day in _dated(answer):
        dated = f"**{plain(texts.day(day))}:** " if day else ""
        numbers = _SPECIAL.sub(r"\\\1", _numbers(claim.citations))
        yield f"{dated}{plain(claim.text)} {numbers}{_doubt(claim.verdict, texts)}"
    yield from map(plain, _remarks(answer, texts))
    if answer.citations:
        yield f"### {texts.sources if answer.claims else texts.nearest}"
        yield "\n".join(_source(citation, texts) for citation in answer.citations)


def _dated(answer: Answer) -> list[tuple[Claim, date | None]]:
    """The claims, each with its day if they tell how something went over time."""
    days = {c.number: c.published for c in answer.citations} if answer.timeline else {}
    return [(claim, days.get(claim.citations[0])) for claim in answer.claims]


def _remarks(answer: Answer, texts: Texts) -> list[str]:
    """How new an answer is, whether a language model worded it, and what else a reader should know of it."""
    as_of = texts.as_of.format(date=texts.day(answer.as_of)) if answer.claims and answer.as_of else ""
    written = texts.written.format(model=answer.made_by) if answer.is_written else ""
    return [remark for remark in (as_of, written, answer.note) if remark]


def _source(citation: Citation, texts: Texts) -> str:
    address = safe_url(citation.url)
    link = f" <{address.replace('<', '%3C').replace('>', '%3E')}>" if address else ""
    quote = plain(texts.quoted.format(words=_line(citation.quote)))
    also = f" ({plain(texts.also_in.format(outlets=', '.join(citation.also_in)))})" if citation.also_in else ""
    return f"{citation.number}. {plain(source_line(citation, texts, ''))}{link}{also}  \n   {quote}"


def _numbers(citations: tuple[int, ...]) -> str:
    return "".join(f"[{number}]" for number in citations)


def _doubt(verdict: Verdict, texts: Texts) -> str:
    return "" if verdict == "belegt" else f" ({texts.verdicts[verdict]})"


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
