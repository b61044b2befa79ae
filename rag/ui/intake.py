"""What a maintainer brings, looked at before it is taken in, and the builds that pages have begun.

The work is that of ``python -m rag add`` and ``build``. Knows no page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rag.corpus.add import AddReport, take
from rag.corpus.fetch import Fetcher
from rag.corpus.read import MAX_BYTES, Refused
from rag.corpus.sources import STDIN, Found, articles, is_address, uploaded
from rag.errors import CorpusError
from rag.index.build import BuildReport
from rag.ui.work import Progress, Stop, Work

MOST = 500  # articles looked at together; a person reads no more, and the command takes any number


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the browser sent it; its name may be anything."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Pasted:
    """Words that somebody put in, read as the file that they look like."""

    text: str


Source = str | Upload | Pasted  # a web address, a file, words


@dataclass(frozen=True, slots=True)
class Look:
    """What sources hold; nothing of it is in the corpus yet. ``is_whole``: there is no more of it."""

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    is_whole: bool = True


def look(sources: Sequence[Source], fetcher: Fetcher, today: date, progress: Progress, stop: Stop) -> Look:
    """Reads and cleans all sources, until ``MOST`` articles are found or refused, or ``stop`` says so."""
    found: list[Found] = []
    refused: list[Refused] = []
    for source in sources:
        progress("look", len(found), 0)
        for one in _read(source, fetcher, today):
            if stop() or MOST in (len(found), len(refused)):
                return Look(tuple(found), tuple(refused), is_whole=False)
            if isinstance(one, Refused):
                refused.append(one)
            else:
                found.append(one)
            progress("look", len(found), 0)
    return Look(tuple(found), tuple(refused))


def _read(source: Source, fetcher: Fetcher, today: date) -> Iterator[Found | Refused]:
    """The articles of one source; one that cannot be read at all is refused."""
    name = source if isinstance(source, str) else source.name if isinstance(source, Upload) else STDIN
    try:
        if isinstance(source, Upload):
            yield from uploaded(source.name, source.data, fetcher, today)
        elif isinstance(source, Pasted):
            yield from articles(STDIN, fetcher, today, source.text.encode("utf-8", "replace")[: MAX_BYTES + 1])
        elif is_address(source):
            yield from articles(source, fetcher, today)
        else:  # a path of the machine that serves the page
            raise CorpusError("it is no web address; write it as https://…")
    except CorpusError as error:
        yield Refused(name, str(error))


@dataclass(slots=True)
class Intake:
    """What one maintainer is at: looking, choosing, taking in; where that fails, choosing goes on.

    ``left_out`` are the numbers of the articles looked at that shall not be taken, ``looks`` counts, and ``notice`` is
    what there is to say of the last click.
    """

    looks: int = 0
    notice: str = ""
    looking: Work[Look] | None = None
    taking: Work[AddReport] | None = None
    left_out: set[int] = field(default_factory=set)
    building: Work[BuildReport] | None = None

    def begin(self, sources: Sequence[Source], allow_private: bool) -> None:
        """Looks at other sources."""
        self.discard()
        self.looks += 1
        fetcher, today = Fetcher(allow_private=allow_private), date.today()
        self.looking = Work(lambda progress, stop: look(sources, fetcher, today, progress, stop))

    def discard(self) -> None:
        """Forgets what was looked at or taken in last; nothing in the corpus changes."""
        if self.looking:
            self.looking.stop()
        self.looking, self.taking = None, None
        self.left_out = set()

    def toggle(self, number: int) -> None:
        """Leaves an article out, or takes it again."""
        self.left_out ^= {number}

    def chosen(self, seen: Look) -> list[Found]:
        """The articles to be taken in."""
        return [found for number, found in enumerate(seen.found) if number not in self.left_out]

    def is_decided(self) -> bool:
        """Whether what was looked at is being taken in, or was."""
        return self.taking is not None and not self.taking.has_failed()

    def take(self, seen: Look, corpus: Path) -> None:
        """Takes the chosen articles into the corpus."""
        chosen, today = self.chosen(seen), date.today()
        self.taking = Work(lambda progress, _: take(chosen, corpus, today, progress))


class Builds:
    """The builds of this process. The latest can be followed from every page, also one that was opened later."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self.latest: Work[BuildReport] | None = None

    def begin(self, build: Callable[[Progress], BuildReport]) -> Work[BuildReport]:
        """Begins a build. One that goes on stays the latest: this one will say that it may not run beside it."""
        work = Work(lambda progress, _: build(progress))
        with self._turn:
            if self.latest is None or self.latest.wait():
                self.latest = work
        return work
