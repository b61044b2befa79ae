"""An RSS or Atom feed → the addresses of its articles, with what the feed says of them. Fetches nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

from rag.corpus.dates import parse_date
from rag.errors import CorpusError

MAX_ENTRIES = 500
# Nothing is tried twice: a page of a few hundred bytes could else be looked at for hours.
_ROOT = re.compile(rb"(?>\s+|<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)*+<(\w+(?::\w+)?)", re.DOTALL)
_ROOTS = frozenset({b"rss", b"feed", b"rdf:rdf"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One article that a feed points to."""

    address: str
    title: str
    author: str | None
    published: date | None


def is_feed(data: bytes) -> bool:
    """Whether some bytes are a feed, by their first element."""
    root = _ROOT.match(data.removeprefix(b"\xef\xbb\xbf"), 0, 20_000)
    return bool(root and root[1].lower() in _ROOTS)


def read_feed(data: bytes, address: str = "") -> list[Entry]:
    """The entries of a feed that point to a page, each page once, in the feed's order.

    External entities are not loaded, and a feed that tries is read without them. Raises CorpusError if there is no
    entry, or no feedparser.
    """
    try:
        import feedparser  # type: ignore[import-untyped]
    except ImportError as error:
        raise CorpusError("feeds need feedparser: `pip install feedparser`.") from error
    try:
        found: Any = feedparser.parse(BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # broken feeds make its parsers raise many types
        raise CorpusError(
            f"the feed cannot be read ({type(error).__name__}); see whether the address is right."
        ) from error
    entries: dict[str, Entry] = {}
    for entry in found.entries[:MAX_ENTRIES]:
        link = _joined(address, str(entry.get("link") or ""))
        if link.startswith(("http://", "https://")):
            entries.setdefault(link, _entry(link, entry))
    if not entries:
        raise CorpusError("the feed points to no article; see whether the address is right.")
    return list(entries.values())


def _joined(address: str, link: str) -> str:
    try:
        return urljoin(address, link)
    except ValueError:  # "http://[…"
        return ""


def _entry(link: str, entry: Any) -> Entry:
    return Entry(link, str(entry.get("title") or ""), entry.get("author") or None, parse_date(entry.get("published")))
