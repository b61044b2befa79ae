"""What a maintainer names → the articles it leads to: a file, a folder, a web address, a feed, or standard input.

Reads and fetches; writes nothing, so that a person can look at an article before it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from rag.corpus.feeds import Entry, is_feed, read_feed
from rag.corpus.fetch import Fetcher, Page
from rag.corpus.fields import article_from
from rag.corpus.read import KINDS, MAX_BYTES, Refused, fields_of, scan
from rag.errors import CorpusError
from rag.types import Article

STDIN = "-"
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
FEED_FILES = (".xml", ".rss", ".atom")
_NAME_LENGTH = 60  # characters of an uploaded file's name that are shown
_KINDS_OF_MEDIA = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_UNSAID = ("", "application/octet-stream")  # then the bytes tell


@dataclass(frozen=True, slots=True)
class Found:
    """An article that a source holds, and where in it; nothing of it is in the corpus yet."""

    where: str
    article: Article


def articles(source: str, fetcher: Fetcher, today: date, stdin: bytes = b"") -> Iterator[Found | Refused]:
    """The articles of one source, read one by one; what is none is refused with its reason.

    ``today`` is the day that fetched articles bear as such. Raises CorpusError if the source as a whole cannot be read.
    """
    if source == STDIN:
        yield from _piped(stdin)
    elif is_address(source):
        yield from _fetched(source, fetcher, today)
    elif Path(source).suffix.lower() in FEED_FILES and Path(source).is_file():
        yield from _linked(read_feed(_feed_file(Path(source))), fetcher, today)
    else:
        yield from _on_disk(Path(source))


def is_address(source: str) -> bool:
    """Whether a source is to be fetched, not opened."""
    return bool(_ADDRESS.match(source))


def uploaded(name: str, data: bytes, fetcher: Fetcher, today: date) -> Iterator[Found | Refused]:
    """The articles of a file that came over the network, as if it lay on the disk; nothing in its name leads anywhere.

    Raises CorpusError if it cannot be read at all.
    """
    plain = "".join(filter(str.isprintable, PurePosixPath(name.replace("\\", "/")).name))
    kind = PurePosixPath(plain).suffix.lower()
    if kind in FEED_FILES:
        if len(data) > MAX_BYTES:
            raise CorpusError(f"it is larger than {MAX_BYTES // 1_000_000} MB; split it.")
        yield from _linked(read_feed(data), fetcher, today)
    elif kind in KINDS:
        with TemporaryDirectory() as folder:
            path = Path(folder, f"{plain[: -len(kind)][:_NAME_LENGTH]}{kind}")
            path.write_bytes(data)
            yield from _on_disk(path)
    else:
        raise CorpusError(f"it is of no kind that can be read; its name must end in {', '.join(KINDS)}.")


def _on_disk(path: Path, shown: str = "") -> Iterator[Found | Refused]:
    if not path.exists():
        raise CorpusError("there is no such file or folder, and it is no address that begins with http:// or https://.")
    for record in scan(path):
        if isinstance(record, Refused):
            yield replace(record, where=shown or record.where)
            continue
        try:
            yield Found(shown or record.article_id, record.load())
        except CorpusError as error:
            yield Refused(shown or record.article_id, str(error))


def _piped(data: bytes) -> Iterator[Found | Refused]:
    """Standard input read as the file that it looks like."""
    if not data.strip():
        raise CorpusError("Standard input is empty; pipe an article into it.")
    if len(data) > MAX_BYTES:
        raise CorpusError(f"it is larger than {MAX_BYTES // 1_000_000} MB; split it.")
    with TemporaryDirectory() as folder:
        path = Path(folder, f"stdin{kind_of(data)}")
        path.write_bytes(data)
        yield from _on_disk(path, STDIN if path.suffix != ".jsonl" else "")


def kind_of(data: bytes) -> str:
    """The file ending that fits some bytes."""
    start = data[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%pdf"):
        return ".pdf"
    if start.startswith(b"pk\x03\x04"):
        return ".docx"
    if start.startswith(b"{"):
        return ".jsonl"
    if re.match(rb"<(?:!doctype html|html|head|body|article|!--|\?xml)", start):
        return ".html"
    return ".md" if re.match(rb"---[ \t]*\r?\n|# ", start) else ".txt"


def _feed_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CorpusError(f"The feed {path} is larger than {MAX_BYTES // 1_000_000} MB; name a smaller one.")
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"The feed {path} cannot be read ({error.strerror}); give leave to read it.") from error


def _fetched(address: str, fetcher: Fetcher, today: date) -> Iterator[Found | Refused]:
    try:
        page = fetcher.get(address)
        entries = read_feed(page.data, page.address) if is_feed(page.data) else None
    except CorpusError as error:
        yield Refused(address, str(error))
        return
    if entries is None:
        yield _article(address, page, today)
    else:
        yield from _linked(entries, fetcher, today)


def _linked(entries: list[Entry], fetcher: Fetcher, today: date) -> Iterator[Found | Refused]:
    """The articles behind the entries of a feed; what a page does not say of itself, the feed may."""
    for entry in entries:
        try:
            page = fetcher.get(entry.address)
        except CorpusError as error:
            yield Refused(entry.address, str(error))
            continue
        found = (
            Refused(entry.address, "it is a feed in a feed.")
            if is_feed(page.data)
            else _article(entry.address, page, today)
        )
        if isinstance(found, Found):
            own = found.article
            title, author = own.title or entry.title, own.author or entry.author
            found = replace(
                found, article=replace(own, title=title, author=author, published=own.published or entry.published)
            )
        yield found


def _article(asked: str, page: Page, today: date) -> Found | Refused:
    kind = _KINDS_OF_MEDIA.get(page.media_type) or (kind_of(page.data) if page.media_type in _UNSAID else None)
    if kind is None:
        return Refused(asked, f"it is no article but {page.media_type}; save it as text.")
    if not page.data.strip():
        return Refused(asked, "the page is empty; see whether the address is right.")
    try:
        fields = {**fields_of(page.data, kind, asked, page.charset), "fetched": today}
        article = article_from(asked, fields)
    except CorpusError as error:
        return Refused(asked, str(error))
    return Found(asked, replace(article, url=_own_address(article.url, page.address)))


def _own_address(stated: str | None, fetched: str) -> str:
    """The address that a page states for itself, if it is on the same host; else where it was found."""
    return stated if stated and host(stated) == host(fetched) else fetched


def host(address: str) -> str:
    """The host of an address, its pages for phones and its readers' page being the same."""
    return re.sub(r"^(?:www|m|amp|mobile?)\.", "", (urlsplit(address).hostname or "").lower())
