"""``build --watch``: looks at the corpus again and again, and builds when something in it has changed.

It asks the files' times and sizes only; what has really changed is the build's to say.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rag.corpus.withdrawn import list_of
from rag.errors import BelegError
from rag.index.build import BuildReport

INTERVAL = 2.0  # seconds between two looks; more where a look takes long
_PATIENCE = 10  # a look may take this part of the time, and after a failure so many intervals pass


def watch(
    corpus: Path,
    build: Callable[[], BuildReport],
    tell: Callable[[BuildReport | BelegError], None],
    stop: threading.Event,
    interval: float = INTERVAL,
) -> None:
    """Builds at once and after every change, until ``stop`` is set. Tells each report, and an error once."""
    done: int | None = None
    said = ""
    while not stop.is_set():
        began = time.monotonic()
        now = _settled(corpus, stop, interval) if done != state(corpus) else done
        pause = max(interval, _PATIENCE * (time.monotonic() - began) if now == done else 0.0)
        if now != done:
            try:
                tell(build())
                done, said = now, ""
            except BelegError as error:
                if str(error) != said:
                    tell(error)
                said, pause = str(error), _PATIENCE * interval
        stop.wait(pause)


def _settled(corpus: Path, stop: threading.Event, interval: float) -> int:
    """The state of the corpus once it has not changed for an interval: files come in by the hundred."""
    before = state(corpus)
    while not stop.wait(interval) and (now := state(corpus)) != before:
        before = now
    return before


def state(corpus: Path) -> int:
    """A number that changes with every file of a corpus that is written, moved or removed."""
    seen = []
    for folder, folders, files in os.walk(corpus):
        folders[:] = [name for name in folders if not name.startswith(".")]
        seen += [_facts(os.path.join(folder, name)) for name in files if not name.startswith(".")]
    return hash(frozenset([*seen, _facts(str(corpus)), _facts(str(list_of(corpus)))]))


def _facts(path: str) -> tuple[object, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return (path,)
    return path, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size
