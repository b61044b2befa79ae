"""A saved news page → the fields of its article. Fetches nothing, runs nothing, guesses no date.

Where the article stands on the page is trafilatura's to say; what of it is junk all the same, ``clean`` says. This
module knows no file: neither its name nor its age may become a fact about the article.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from rag.corpus.byline import CHANGED, is_prose
from rag.corpus.clean import clean_scraped
from rag.corpus.dates import parse_date
from rag.corpus.layout import prepared, stated_author, with_rows
from rag.corpus.stubs import refusal
from rag.errors import CorpusError
from rag.german import words

_SHORTEST = "80"  # characters
_ABOVE = 3  # lines in which a headline is looked for
_READABLE = 50_000  # characters; what a page says of itself stands near its article
_NEXT = "save the page's article itself as .html, or its words as .txt"
_ARTICLE_TYPE = re.compile(r"(?:Article|Posting|Report)$")
_PUBLISHED = ("article:published_time", "datepublished", "date", "dc.date.issued", "dc.date")
_UPDATED = ("article:modified_time", "datemodified", "last-modified", "dc.date.modified")
_STOP = re.compile(r"[.!?…][\"'»«“”’‘)]*$")


def read_html(markup: str) -> dict[str, object]:
    """Title, text and facts of a page's article. Raises CorpusError if there is none, or no trafilatura to find it."""
    tree, extracted, about = _extracted(markup)
    text = with_rows(extracted)
    data = _json_ld(tree) if tree is not None else {}
    reason = refusal(text, _readable(tree), is_locked=str(data.get("isAccessibleForFree")).lower() == "false")
    if reason:
        raise CorpusError(reason)
    if not _has_sentence(text):
        raise CorpusError(f"the page holds no article text; {_NEXT}.")
    times, named = _times(tree), stated_author(tree)
    text = re.sub(r"\n(?!- )", "\n\n", _without_title(text, about.title))  # a line of it is a paragraph or an item
    scraped = clean_scraped(re.sub("^- ", "", text, flags=re.MULTILINE))
    source = about.sitename or scraped.source
    return {
        "title": about.title or scraped.title,
        "text": scraped.text,
        "published": _date(data.get("datePublished"), tree, _PUBLISHED) or times[0],
        "updated": _date(data.get("dateModified"), tree, _UPDATED) or times[1],
        "author": (about.author or "").replace("; ", ", ") or _author(data, source) or scraped.author or named,
        "source": source,
        "url": about.url,
        "section": data.get("articleSection"),
        "licence": about.license or data.get("license") or next(iter(tree.xpath("//*[@rel='license']/@href")), None),
        "language": tree.get("lang"),
    }


def _extracted(markup: str) -> tuple[Any, str, Any]:
    """The page as a tree, the text of its article and what it says of itself; ``None`` and no text where it has none.

    Raises CorpusError if it cannot be parsed, or if trafilatura is missing.
    """
    try:
        from trafilatura import bare_extraction, load_html
        from trafilatura.metadata import extract_metadata
    except ImportError as error:
        raise CorpusError(f"HTML needs trafilatura ({error}): `pip install trafilatura lxml_html_clean`.") from error
    try:
        tree: Any = load_html(markup)
        if tree is None:
            return None, "", None
        page: Any = bare_extraction(prepared(tree), favor_recall=True, include_comments=False, config=_configuration())
        if page is None:
            return tree, "", None
        return tree, page.text or "", extract_metadata(tree, date_config={"extensive_search": False})
    except Exception as error:  # foreign pages make the parsers raise many types
        raise CorpusError(f"the page cannot be parsed ({type(error).__name__}); {_NEXT}.") from error


def _readable(tree: Any) -> str:
    """All words of a page outside its navigation, footer and side columns."""
    if tree is None:
        return ""
    hidden = "script|style|noscript|template|nav|footer|aside|header"
    tests = " or ".join(f"ancestor::{name}" for name in hidden.split("|"))
    return " ".join(" ".join(tree.xpath(f"//body//text()[not({tests})]")).split())[:_READABLE]


def _has_sentence(text: str) -> bool:
    """Whether a line of three words or more ends like a sentence; no pattern over all of the text: it takes ages."""
    return any(_STOP.search(line[-20:]) and len(words(line)) >= 3 for line in text.splitlines())


def _without_title(text: str, title: str | None) -> str:
    """Without the headline, and the kicker above it, which the facts hold already."""
    lines = text.split("\n")
    for number, line in enumerate(lines[:_ABOVE]):
        if title and line.strip("# ") == title:
            return "\n".join(lines[number + 1 :])
        if is_prose(line):
            break
    return text


@lru_cache(maxsize=1)
def _configuration() -> Any:
    """Trafilatura's own settings, but for short articles: an agency's are often of two or three sentences."""
    from trafilatura.settings import use_config

    config = use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", _SHORTEST)
    return config


def _author(data: dict[str, Any], source: str | None) -> str | None:
    """Who the page's schema.org article names as its authors; an outlet is no author of its own articles."""
    stated = data.get("author")
    found = [thing.get("name") if isinstance(thing, dict) else thing for thing in _listed(stated)]
    names = [name.strip() for name in found if isinstance(name, str) and name.strip() not in ("", source)]
    return ", ".join(dict.fromkeys(names)) or None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _json_ld(tree: Any) -> dict[str, Any]:
    """The page's own schema.org article: the first one that is no item of a list."""
    for script in tree.iterfind(".//script[@type='application/ld+json']"):
        try:
            things = list(_things(json.loads(script.text or "", strict=False)))
        except (ValueError, RecursionError):  # many pages hold broken ones beside a sound one
            continue
        for thing in things:
            types = thing.get("@type")
            if any(_ARTICLE_TYPE.search(str(name)) for name in (types if isinstance(types, list) else [types])):
                return thing
    return {}


def _things(data: object) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for item in data:
            yield from _things(item)
    elif isinstance(data, dict):
        yield data
        yield from _things(data.get("@graph"))


def _date(stated: object, tree: Any, names: tuple[str, ...]) -> date | None:
    """The day that JSON-LD states, else the first one of the named meta tags."""
    metas: dict[str, str] = {}
    for meta in tree.iterfind(".//meta[@content]"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        metas.setdefault(name.lower(), meta.get("content"))
    return next(filter(None, map(parse_date, [stated, *map(metas.get, names)])), None)


def _times(tree: Any) -> tuple[date | None, date | None]:
    """The days of the article's ``<time>`` elements, published and updated; of several that differ, none."""
    days: tuple[set[date], set[date]] = set(), set()
    for time in tree.xpath("//time[@datetime][not(ancestor::aside or ancestor::footer or ancestor::nav)]"):
        before, day = time.xpath("string(preceding-sibling::node()[1])"), parse_date(time.get("datetime"))
        if day:
            days[bool(CHANGED.search(f"{before} {time.get('itemprop')} {time.get('class')}"))].add(day)
    published, updated = (found.pop() if len(found) == 1 else None for found in days)
    return published, updated
