"""Answers, citations and articles → HTML strings that are safe whatever stands in an article.

Every value passes ``html.escape``; only http and https addresses become links. Knows nothing of Streamlit, which
sanitises these strings once more before it shows them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import date
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from rag.types import Answer, Article, Citation, Claim
from rag.ui.conversation import Place
from rag.ui.texts import Texts

ACTIVE_ID = "beleg-active"
_LONGEST_QUESTION = 400
_BLANK_LINES = re.compile(r"\n{2,}")
_LINES = re.compile(r"\n")
_LONGEST_CROSSHEAD = 90
_PLOT = (
    "text{font:13px sans-serif;fill:#5f5b53}.measured{fill:#4f81a8}.published{fill:#b9b4a8}.rest{fill:#f1eee6}"
    ".interval{stroke:#8a4b08;stroke-width:2}.peer{fill:#b9b4a8}.title{font-weight:600}.grid{stroke:#dedad0}"
    ".count,.axis{font-size:12px}@media(max-width:30rem){.dense{display:none}}"
    "@media(prefers-color-scheme:dark){text{fill:#aaa69c}.interval{stroke:#f0b775}.rest{fill:#232425}"
    ".grid{stroke:#3a3b3c}}"
)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def question_html(question: str, turn: int) -> str:
    """What the person asked. The id is where the page scrolls to."""
    return f'<h2 class="beleg-question" id="beleg-turn-{turn}">{escape(shortened(question))}</h2>'


def answer_html(answer: Answer, turn: int, texts: Texts, shown: int | None = None, *, growing: bool = False) -> str:
    """The answer up to its claim number ``shown`` (all of them if ``None``); the sources are cards of their own.

    Of one that is still ``growing`` there are only the claims.
    """
    complete = not growing and (shown is None or shown >= len(answer.claims))
    parts = [_understood(answer, texts), f'<p class="beleg-message beleg-{answer.status}">{escape(answer.message)}</p>']
    cited = {c.number: c for c in answer.citations}
    language = answer.query.language if answer.is_written else "de"
    for number, claim in enumerate(answer.claims[:shown]):
        marks = "".join(_mark_html(cited[n], turn, number, texts) for n in claim.citations)
        day = cited[claim.citations[0]].published if answer.timeline else None
        parts.append(_claim_html(claim, marks, day, texts, language))
    if complete and answer.claims and answer.as_of:
        as_of = texts.as_of.format(date=texts.day(answer.as_of))
        parts.append(f'<p class="beleg-as-of">{escape(as_of)}</p>')
    if complete:
        parts.append(_made(answer, texts))
    return f'<div class="beleg-answer" lang="{answer.query.language}">{"".join(parts)}</div>'


def writing_html(answer: Answer | None, turn: int, texts: Texts) -> str:
    """What a language model has written so far, each sentence checked, and that more may come."""
    begun = answer_html(answer, turn, texts, growing=True) if answer else ""
    return f'{begun}<p class="beleg-writing" role="status" lang="{texts.language}">{escape(texts.writing)}</p>'


def sources_heading_html(answer: Answer, texts: Texts) -> str:
    """What the cards are: the sources of the answer, or only the closest passages."""
    kind, text = ("", texts.sources) if answer.status == "answered" else (" beleg-no-answer", texts.nearest)
    return f'<h3 class="beleg-heading{kind}" lang="{texts.language}">{escape(text)}</h3>'


def card_html(cited: Citation, texts: Texts, also_in: Sequence[str] = ()) -> str:
    """The facts of an article that an answer cites, and where else the same stands."""
    facts = _facts_html(texts, cited.source, cited.author, cited.published, cited.updated)
    named = escape(texts.also_in.format(outlets=", ".join(also_in)))
    copies = f'<p class="beleg-facts" lang="{texts.language}">{named}</p>' if also_in else ""
    return (
        f'<h4 class="beleg-title" lang="de">{escape(cited.title or texts.untitled)}</h4>'
        f'<p class="beleg-facts" lang="{texts.language}">{facts}{_link_html(cited.url, texts)}</p>{copies}'
    )


def quotes_html(citations: Sequence[Citation], turn: int, texts: Texts) -> str:
    """What an answer quotes from one article, each quote with its number."""
    return "".join(_quote_html(citation, turn, texts) for citation in citations)


def article_bar_html(article: Article, texts: Texts) -> str:
    """The line that stays in sight above an open article; its heading is read out, so this is not."""
    return f'<p class="beleg-bar" aria-hidden="true">{escape(article.title or texts.untitled)}</p>'


def article_html(article: Article, citations: Sequence[Citation], active: int, opening: int, texts: Texts) -> str:
    """A whole article with its cited places marked; ``opening`` tells the page that this is a new one to scroll to."""
    facts = _facts_html(texts, article.source, article.author, article.published, article.updated)
    title = escape(article.title or texts.untitled)
    body = marked_html(article.text, citations, active)
    return (
        f'<article class="beleg-article" data-opening="{opening}" lang="{escape(article.language)}">'
        f'<h2 tabindex="-1">{title}</h2>'
        f'<p class="beleg-facts" lang="{texts.language}">{facts}{_link_html(article.url, texts)}</p>'
        f'<div class="beleg-text">{body}</div></article>'
    )


def marked_html(text: str, citations: Sequence[Citation], active: int) -> str:
    """A text in paragraphs with its cited places in ``<mark>``. Without the tags and unescaped it is the text again."""
    gaps = _BLANK_LINES if "\n\n" in text else _LINES  # a scraped text may hold one paragraph a line
    ends = [0, *(edge for gap in gaps.finditer(text) for edge in gap.span()), len(text)]
    pieces: list[str] = []
    for number, (start, end) in enumerate(pairwise(ends)):
        if number % 2:  # the gap between two paragraphs
            pieces.append(text[start:end])
        elif start < end:
            kind = ' class="beleg-crosshead"' if start > 0 and _is_crosshead(text[start:end]) else ""
            pieces.append(f"<p{kind}>{_marks(text, start, end, citations, active)}</p>")
    # Of a quote over several paragraphs the first piece carries the id. Escaped text holds no such tag.
    return "".join(pieces).replace(f'<mark class="{ACTIVE_ID}"', f'<mark id="{ACTIVE_ID}" class="{ACTIVE_ID}"', 1)


def footer_html(line: str, language: str) -> str:
    """The line about the archive."""
    return f'<p class="beleg-footer" lang="{escape(language)}">{escape(line)}</p>'


def masthead_html(texts: Texts) -> str:
    """The name of the house."""
    return (
        '<div class="beleg-masthead"><span class="beleg-name">Beleg</span>'
        f'<span class="beleg-tagline" lang="{texts.language}">{escape(texts.tagline)}</span></div>'
    )


def welcome_html(texts: Texts) -> str:
    """What stands on the empty page above the examples."""
    return (
        f'<div class="beleg-welcome" lang="{texts.language}"><h1>{escape(texts.headline)}</h1>'
        f'<p>{escape(texts.promise)}</p><h2 class="beleg-heading">{escape(texts.examples)}</h2></div>'
    )


def trouble_html(reason: str, texts: Texts) -> str:
    """Why there is nothing to ask, with the line that names the next step."""
    return (
        f'<div class="beleg-trouble" role="alert" lang="{texts.language}"><h1>{escape(texts.trouble)}</h1>'
        f'<p class="beleg-reason" lang="en">{escape(reason)}</p><p>{escape(texts.trouble_hint)}</p></div>'
    )


def thanks_html(verdict: str, texts: Texts) -> str:
    """What a reader thought of an answer."""
    return hint_html(texts.thanks[verdict], texts)


def hint_html(line: str, texts: Texts) -> str:
    """A line to be read out when it comes."""
    return f'<p class="beleg-hint" role="status" lang="{texts.language}">{escape(line)}</p>'


def heading_html(text: str, texts: Texts) -> str:
    """The heading of a page."""
    return f'<h1 class="beleg-page" lang="{texts.language}">{escape(text)}</h1>'


def subheading_html(text: str, texts: Texts) -> str:
    """A small heading."""
    return f'<h2 class="beleg-heading" lang="{texts.language}">{escape(text)}</h2>'


def prose_html(paragraphs: Sequence[str], texts: Texts) -> str:
    """What the house says in its own words."""
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return f'<div class="beleg-prose" lang="{texts.language}">{body}</div>'


def stale_html(line: str, texts: Texts) -> str:
    """That the archive is old."""
    return f'<p class="beleg-reason" role="note" lang="{texts.language}">{escape(line)}</p>'


def held_html(source: str | None, published: date | None, texts: Texts) -> str:
    """Outlet and day of an article in a list."""
    return f'<p class="beleg-facts" lang="{texts.language}">{_facts_html(texts, source, None, published, None)}</p>'


def paper_html(article: Article, texts: Texts) -> str:
    """A whole article on a page of its own."""
    facts = _facts_html(texts, article.source, article.author, article.published, article.updated)
    title = escape(article.title or texts.untitled)
    return (
        f'<article class="beleg-paper" lang="{escape(article.language)}"><h1>{title}</h1>'
        f'<p class="beleg-facts" lang="{texts.language}">{facts}{_link_html(article.url, texts)}</p>'
        f'<div class="beleg-text">{marked_html(article.text, (), 0)}</div></article>'
    )


def details_html(article: Article, texts: Texts) -> str:
    """What else is known of an article; what is not known is left out."""
    day = {"fetched": article.fetched, "updated": article.updated}
    known = {
        "article_id": article.article_id,
        "section": article.section,
        "licence": article.licence,
        "url": article.url,
        **{name: texts.day(value) for name, value in day.items() if value},
    }
    rows = [(texts.details[name], value) for name, value in known.items() if value]
    return facts_html(rows, texts)


def facts_html(rows: Sequence[tuple[str, str]], texts: Texts) -> str:
    """Facts under their names."""
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return f'<dl class="beleg-details" lang="{texts.language}">{body}</dl>'


def table_html(columns: Sequence[str], rows: Sequence[Sequence[str]], texts: Texts) -> str:
    """Measured figures, folded up below their plot."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f'<details class="beleg-section" lang="{texts.language}"><summary>{escape(texts.table)}</summary>'
        f'<div class="beleg-table" tabindex="0">{table}</div></details>'
    )


def plot_html(svg: str, said: str) -> str:
    """A plot of ours as an image with its colours in it, since Streamlit's HTML takes no SVG; ``said`` is what a screen
    reader says. One that does not grow narrower with the page can be scrolled.
    """
    styled = svg.replace(">", f"><style>{_PLOT}</style>", 1).replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
    )
    data = base64.b64encode(styled.encode()).decode()
    image = f'<img alt="{escape(said)}" src="data:image/svg+xml;base64,{data}">'
    if "viewBox" in svg:
        return f'<div class="beleg-plot beleg-wide" tabindex="0" role="group" aria-label="{escape(said)}">{image}</div>'
    return f'<div class="beleg-plot">{image}</div>'


def notice_html(line: str, texts: Texts) -> str:
    """What went wrong, or should be known, in a line of its own."""
    return f'<p class="beleg-reason" role="alert" lang="{texts.language}">{escape(line)}</p>'


def busy_html(line: str, texts: Texts) -> str:
    """That something goes on of which nobody knows how long it takes."""
    return f'<p class="beleg-writing" role="status" lang="{texts.language}">{escape(line)}</p>'


def refusals_html(rows: Sequence[tuple[str, str]], texts: Texts) -> str:
    """What was refused and why; names of files and addresses may be long."""
    body = "".join(f"<dt>{escape(shortened(where, 200))}</dt><dd>{escape(reason)}</dd>" for where, reason in rows)
    return f'<dl class="beleg-refusals" lang="{texts.language}">{body}</dl>'


def identifier_html(article_id: str) -> str:
    """The id of an article, which is the name of its file."""
    return f'<p class="beleg-id">{escape(article_id)}</p>'


def seen_heading_html(article: Article, texts: Texts) -> str:
    """The title of an article that is not taken in yet, with its outlet and day."""
    return (
        f'<h4 class="beleg-title" lang="{escape(article.language)}">{escape(article.title or texts.untitled)}</h4>'
        + held_html(article.source, article.published, texts)
    )


def seen_html(facts: Sequence[tuple[str, str]], article: Article, texts: Texts) -> str:
    """An article that is not taken in yet: all that is known of it, then its text."""
    return (
        f'{facts_html(facts, texts)}<div class="beleg-paper" lang="{escape(article.language)}">'
        f'<div class="beleg-text">{marked_html(article.text, (), 0)}</div></div>'
    )


def copy_html(text: str, texts: Texts) -> str:
    """A text with a button that copies it; the page's script does that, and says so with the words in ``data-done``."""
    return (
        f'<div class="beleg-copy" lang="{texts.language}"><pre tabindex="0">{escape(text)}</pre>'
        f'<button type="button" data-copy data-done="{escape(texts.copied)}" aria-live="polite">'
        f"{escape(texts.copy)}</button></div>"
    )


def label(text: str) -> str:
    """A text as the label of a button, which Streamlit would read as Markdown: nothing in it has a meaning."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def shortened(text: str, longest: int = _LONGEST_QUESTION) -> str:
    """A text on one line, cut at a word if it is very long."""
    line = " ".join(text[: longest * 4].split())
    if len(line) <= longest and len(text) <= longest * 4:
        return line
    return line[:longest].rsplit(" ", 1)[0] + " …"


def safe_url(url: str | None) -> str | None:
    """The address, if it is a plain http or https one."""
    if not url or any(character.isspace() or not character.isprintable() for character in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    # A user name before the host only serves to look like another host.
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None


def _understood(answer: Answer, texts: Texts) -> str:
    if answer.query.standalone == answer.query.question:
        return ""
    line = texts.understood.format(question=shortened(answer.query.standalone))
    return f'<p class="beleg-understood" lang="{texts.language}">{escape(line)}</p>'


def _made(answer: Answer, texts: Texts) -> str:
    """Which language model made an answer, if one did, and what a reader should know of how it was made."""
    made = escape(texts.written.format(model=answer.made_by))
    parts = [f'<p class="beleg-made" lang="{texts.language}">{made}</p>'] if answer.is_written else []
    return "".join([*parts, f'<p class="beleg-note">{escape(answer.note)}</p>' if answer.note else ""])


def _claim_html(claim: Claim, marks: str, day: date | None, texts: Texts, language: str = "de") -> str:
    """One claim with its marks; in a timeline under the day of its article."""
    doubt = ""
    if claim.verdict != "belegt":
        doubt = f' <span class="beleg-doubt" lang="{texts.language}">{escape(texts.verdicts[claim.verdict])}</span>'
    marks = f'<span class="beleg-marks">\u2060{marks}</span>'  # joined to the last word, so that no line breaks before
    dated = f'<span class="beleg-date" lang="{texts.language}">{escape(texts.day(day))}: </span>' if day else ""
    kind = "beleg-claim beleg-entry" if day else "beleg-claim"
    return f'<p class="{kind}" lang="{language}">{dated}{escape(claim.text)}{marks}{doubt}</p>'


def _mark_html(cited: Citation, turn: int, claim: int, texts: Texts) -> str:
    """A number with what it stands for, to be seen before it is followed: the style sheet shows it when the pointer or
    the focus is there, a screen reader reads it as the button's description.
    """
    name = f"beleg-preview-{turn}-{claim}-{cited.number}"
    facts = _facts_html(texts, cited.source, cited.author, cited.published, cited.updated)
    quote = texts.quoted.format(words=shortened(cited.quote))
    return (
        f'<span class="beleg-mark">{_number_html(Place(turn, cited.number), texts, described_by=name)}'
        f'<span class="beleg-preview" role="tooltip" id="{name}" data-again="{escape(texts.tap_again)}">'
        f'<span class="beleg-said" lang="de">{escape(quote)}</span> '
        f'<span class="beleg-of" lang="de">{escape(shortened(cited.title or texts.untitled))}</span> '
        f'<span class="beleg-facts" lang="{texts.language}">{facts}</span></span></span>'
    )


def _number_html(place: Place, texts: Texts, described_by: str = "") -> str:
    name = escape(texts.show_number.format(number=place.number))
    more = f'aria-describedby="{described_by}"' if described_by else f'title="{name}"'
    return (
        f'<button type="button" class="beleg-number" data-cite="{place}" lang="{texts.language}" '
        f'aria-label="{name}" {more}>{place.number}</button>'
    )


def _quote_html(citation: Citation, turn: int, texts: Texts) -> str:
    number = _number_html(Place(turn, citation.number), texts)
    return f'<div class="beleg-quote">{number}<blockquote lang="de">{escape(citation.quote)}</blockquote></div>'


def _facts_html(
    texts: Texts, source: str | None, author: str | None, published: date | None, updated: date | None
) -> str:
    facts = [fact for fact in (source, author) if fact]
    facts.append(texts.published(published))
    if updated and updated != published:
        facts.append(texts.updated.format(date=texts.day(updated)))
    return " · ".join(f"<span>{escape(fact)}</span>" for fact in facts)


def _link_html(url: str | None, texts: Texts) -> str:
    address = safe_url(url)
    if address is None:
        return ""
    name = f"{texts.open_source} ({texts.new_tab})"
    return (
        f' · <a href="{escape(address)}" target="_blank" rel="noopener noreferrer nofollow" '
        f'title="{escape(name)}">{escape(texts.open_source)}\u00a0↗</a>'
    )


def _is_crosshead(block: str) -> bool:
    """Whether a paragraph is a subheading: short, on one line, and no sentence."""
    return len(block) <= _LONGEST_CROSSHEAD and "\n" not in block and block[-1].isalnum()


def _marks(text: str, start: int, end: int, citations: Sequence[Citation], active: int) -> str:
    """One paragraph; where cited places overlap, the one asked for is on top."""
    edges = {edge for c in citations for edge in (c.start, c.end) if start < edge < end}
    pieces: list[str] = []
    for left, right in pairwise(sorted({start, end} | edges)):
        inner = escape(text[left:right])
        cover = sorted((c for c in citations if c.start <= left and right <= c.end), key=lambda c: c.number != active)
        if cover:
            kind = ACTIVE_ID if cover[0].number == active else "beleg-other"
            number = f' data-number="{cover[0].number}"' if cover[0].start == left else ""  # shown by the style sheet
            inner = f'<mark class="{kind}"{number}>{inner}</mark>'
        pieces.append(inner)
    return "".join(pieces)
