"""Sources → readable Markdown articles in the corpus folder: new ones, new versions of known ones, nothing twice.

A page that was added before is known by its address, a file by its title and words. A changed article becomes the new
version and the old one is kept (``rag.corpus.versions``). What a person has edited by hand is never written over.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from rag.corpus.copies import resemblance, shingles
from rag.corpus.fetch import Fetcher
from rag.corpus.read import Refused
from rag.corpus.sources import Found, articles, host
from rag.corpus.versions import fingerprint, keep, read, writable, write
from rag.corpus.write import settled, stem
from rag.errors import CorpusError, CorpusLocked
from rag.types import Article

_LOCK = ".add.lock"
_HEAD = 4_096  # bytes of a file in which its front matter names its address
_URL = re.compile(rb"^url: *['\"]?(https?://[^\s'\"]+)", re.MULTILINE)
_SAME_ARTICLE = 0.4  # share of common shingles from which two texts under one title are versions of each other
_TRACKING = re.compile(r"(?:utm_|wt[_.]|at_|xtor|fbclid|gclid|ref(?:errer)?=|cmp|mc_|sara_|source=)", re.IGNORECASE)

What = Literal["added", "changed", "unchanged"]
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one article of a source; ``article_id`` is its file in the corpus."""

    where: str
    article_id: str
    title: str
    what: What


@dataclass(frozen=True, slots=True)
class AddReport:
    """What a run of ``add`` did; ``failed`` are the sources that gave no article, ``size`` is the bytes written."""

    taken: tuple[Taken, ...]
    refused: tuple[Refused, ...]
    failed: tuple[str, ...]
    seconds: float
    size: int

    def number(self, what: What) -> int:
        return sum(taken.what == what for taken in self.taken)


Progress = Callable[[str, int, int], None]


def add(
    sources: Sequence[str],
    corpus: Path,
    fetcher: Fetcher,
    today: date,
    stdin: bytes = b"",
    progress: Progress = lambda stage, done, total: None,
) -> AddReport:
    """Brings the articles of all sources into the corpus folder.

    Raises CorpusError if the folder cannot be written, CorpusLocked while another run writes into it. A source that
    cannot be read at all is refused; the others are taken.
    """
    return _take([(source, _read(source, fetcher, today, stdin)) for source in sources], corpus, today, progress)


def take(
    found: Sequence[Found],
    corpus: Path,
    today: date,
    progress: Progress = lambda stage, done, total: None,
) -> AddReport:
    """Brings articles into the corpus folder that a person has looked at before; raises as ``add`` does."""
    return _take([("", found)], corpus, today, progress)


def _take(
    sources: Iterable[tuple[str, Iterable[Found | Refused]]], corpus: Path, today: date, progress: Progress
) -> AddReport:
    began = time.monotonic()
    taken: list[Taken] = []
    refused: list[Refused] = []
    failed: list[str] = []
    with writing(corpus):
        folder = Folder(corpus)
        for source, articles_of_it in sources:
            before = len(taken)
            for found in articles_of_it:
                outcome = found if isinstance(found, Refused) else _outcome(found, folder, today)
                if isinstance(outcome, Refused):
                    refused.append(outcome)
                else:
                    taken.append(outcome)
                progress("add", len(taken), 0)
            if len(taken) == before:
                failed.append(source)
    return AddReport(tuple(taken), tuple(refused), tuple(failed), time.monotonic() - began, folder.written)


def _read(source: str, fetcher: Fetcher, today: date, stdin: bytes) -> Iterator[Found | Refused]:
    """The articles of a source; one that cannot be read at all is refused."""
    try:
        yield from articles(source, fetcher, today, stdin)
    except CorpusError as error:
        yield Refused(source, str(error))


def _outcome(found: Found, folder: Folder, today: date) -> Taken | Refused:
    try:
        return folder.take(found, today)
    except CorpusError as error:
        return Refused(found.where, str(error))


@contextmanager
def writing(corpus: Path) -> Iterator[None]:
    """Held by the one run that writes into a corpus folder; the system frees it when the process dies."""
    if corpus.is_file():
        raise CorpusError(f"The corpus {corpus} is one file; name a folder with --corpus to add articles to.")
    with writable(corpus):
        corpus.mkdir(parents=True, exist_ok=True)
        file = (corpus / _LOCK).open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CorpusLocked(
                f"Another run is writing into {corpus}; wait for it to end, then run it again."
            ) from error
        yield


class Folder:
    """A corpus folder that articles are taken into. Knows which addresses it holds."""

    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus
        self.written = 0
        self._places = dict(_addresses(corpus))

    def take(self, found: Found, today: date) -> Taken:
        """Adds an article, or makes it the new version of the one that is there.

        Raises CorpusError if it was edited by hand and has changed at its source too, or cannot be written.
        """
        article = replace(found.article, text=settled(found.article.text))
        key = _key(article.url)
        path = self._places.get(key) if key else None
        path = path or self._place(article)
        if not path.exists():
            self.written += write(path, article)
            what: What = "added"
        else:
            what = self._renew(path, article, today)
        if key:
            self._places[key] = path
        return Taken(found.where, path.relative_to(self.corpus).as_posix(), article.title, what)

    def _place(self, article: Article) -> Path:
        """A free name for the article, or the file of its former version."""
        name = stem(article)
        for number in count(1):
            path = self.corpus / (f"{name}.md" if number == 1 else f"{name}-{number}.md")
            if path.name == "readme.md":  # no article to whoever reads the folder
                continue
            if not path.exists() or (not article.url and _resembles(path, article)):
                return path
        raise AssertionError("there is always a next number")

    def _renew(self, path: Path, article: Article, today: date) -> What:
        old, taken = read(path)
        if fingerprint(article) in (taken, fingerprint(old)):
            return "unchanged"
        if taken != fingerprint(old):
            raise CorpusError(
                f"it has changed, but {path.name} was edited by hand; put the change in there, or remove the file and "
                "add it again."
            )
        self.written += keep(path, old)
        self.written += write(path, replace(article, updated=_updated(article, old, today)))
        return "changed"


def _updated(article: Article, old: Article, today: date) -> date | None:
    """When an article changed: the day that its page states; else the day on which the change was seen.

    That day is no guess about the page: it says when the words in the archive changed. A clock that is wrong says
    nothing.
    """
    if article.updated and article.updated != old.updated:
        return article.updated
    known = [day for day in (old.published, old.updated, old.fetched) if day]
    return today if today >= max(known, default=today) else article.updated


def _resembles(path: Path, article: Article) -> bool:
    old = read(path)[0]
    return old.title == article.title and resemblance(shingles(old.text), shingles(article.text)) >= _SAME_ARTICLE


def _addresses(corpus: Path) -> Iterator[tuple[str, Path]]:
    """Which address stands in which file; a look at the front matter, since reading all YAML would take minutes."""
    for folder, folders, files in os.walk(corpus):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.endswith(".md") and not name.startswith("."):
                path = Path(folder, name)
                try:
                    with path.open("rb") as file:
                        found = _URL.search(file.read(_HEAD))
                except OSError:
                    continue
                if found and (key := _key(found[1].decode("utf-8", "replace"))):
                    yield key, path


def _key(address: str | None) -> str | None:
    """What two addresses of one page have in common: host, path, and what of the query is no tracking."""
    try:
        parts = urlsplit(address or "")
    except ValueError:  # a person wrote it: "http://[…"
        return None
    if not address:
        return None
    query = "&".join(sorted(pair for pair in parts.query.split("&") if pair and not _TRACKING.match(pair)))
    return f"{host(address)}{parts.path.rstrip('/')}?{query}"
