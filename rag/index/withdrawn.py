"""What was withdrawn, as readers see it: a small file beside the pointer, looked at with every question.

So an article is gone with the next question, long before a build drops its words from the files. Where the file is
missing or broken nothing is answered: an article that had to go must not come back because of a damaged file.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from rag.disk import replace_file
from rag.errors import IndexDamaged, unwritable

LIST = "WITHDRAWN"
_MEND = "mend it with `python -m rag build`"


def read(index: Path) -> frozenset[str]:
    """The ids of the withdrawn articles. Raises IndexDamaged if the list is missing or not what was written."""
    path = index / LIST
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != digest:
            raise ValueError("its checksum differs")
        return frozenset(json.loads(content))
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"The list of withdrawn articles {path} is missing or broken; {_MEND}.") from error


def write(index: Path, article_ids: Iterable[str]) -> None:
    """Replaces the list, whole or not at all. Raises IndexUnwritable."""
    path = index / LIST
    content = json.dumps(sorted(article_ids), ensure_ascii=False).encode()
    with unwritable(f"The list of withdrawn articles {path}", OSError):
        replace_file(path, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


class Withdrawals:
    """The list as it is now; read again whenever its file was replaced. For any number of threads."""

    def __init__(self, index: Path) -> None:
        self._index = index
        self._turn = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._ids: frozenset[str] = frozenset()

    def __call__(self) -> frozenset[str]:
        """The ids of the withdrawn articles. Raises IndexDamaged if the list is missing or not what was written."""
        with self._turn:
            seen = self._state()
            if seen is None or seen != self._seen:
                self._ids, self._seen = read(self._index), seen
            return self._ids

    def _state(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._index / LIST)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
