"""The fields of a record, from whatever kind of file → an Article. The one place that says what each may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from rag.corpus.clean import tidy
from rag.corpus.dates import parse_date
from rag.errors import CorpusError
from rag.types import Article

_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may hold them alone; no file or store can
_LANGUAGE = re.compile(r"[a-z]{2,3}(?=$|[-_])")


def article_from(article_id: str, fields: Mapping[str, object]) -> Article:
    """The article of these fields; what is missing or unreadable is unknown. Raises CorpusError if there is no text."""
    text = fields.get("text")
    text = tidy(text) if isinstance(text, str) else ""
    if not text:
        raise CorpusError("it holds no text; add its text, or remove it.")
    language = _LANGUAGE.match((_line(fields.get("language")) or "").lower())
    return Article(
        article_id=article_id,
        title=_line(fields.get("title")) or "",
        text=text,
        published=parse_date(fields.get("published")),
        updated=parse_date(fields.get("updated")),
        fetched=parse_date(fields.get("fetched")),
        author=_line(fields.get("author")),
        source=_line(fields.get("source")),
        url=_web_address(_line(fields.get("url"))),
        section=_line(fields.get("section")),
        licence=_line(fields.get("licence", fields.get("license"))),
        language=language[0] if language else "de",
    )


def is_sound(text: str) -> bool:
    """Whether a text can be stored: it holds no half of a character."""
    return not _SURROGATE.search(text)


def _line(value: object) -> str | None:
    """A name or title on one line, several of them with commas between."""
    if isinstance(value, list):
        value = ", ".join(item for item in value if isinstance(item, str))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return (" ".join(tidy(value).split()) or None) if isinstance(value, str) else None


def _web_address(address: str | None) -> str | None:
    """Only what a browser opens as a page: no script, no file."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.netloc and " " not in (address or "") else None
