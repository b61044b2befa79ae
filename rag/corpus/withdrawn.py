"""The articles of a corpus that were withdrawn: a list of their ids beside them, one a line, which a person may edit.

Their files stay as they are; a build passes over them. Knows no index.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.disk import replace_file
from rag.errors import CorpusError

_NAME = ".withdrawn"


def list_of(corpus: Path) -> Path:
    """Where the list of a corpus stands: in its folder, or beside its one file."""
    return corpus / _NAME if corpus.is_dir() else corpus.with_name(f".{corpus.name}{_NAME}")


def withdrawn(corpus: Path) -> frozenset[str]:
    """The ids of the withdrawn articles. Raises CorpusError if the list cannot be read."""
    path = list_of(corpus)
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeError) as error:
        raise CorpusError(f"The list {path} cannot be read; write one article id a line into it.") from error
    return frozenset(_id(line.strip()) for line in lines if line.strip() and not line.startswith("#"))


def _id(line: str) -> str:
    with suppress(ValueError):
        if line.startswith('"'):
            return str(json.loads(line))
    return line


def _line(article_id: str) -> str:
    """An id as a line of the list, in quotation marks where it would be read otherwise: "#1.md" as a remark."""
    is_plain = article_id == article_id.strip() and not article_id.startswith(("#", '"', "\ufeff"))
    return article_id if is_plain else json.dumps(article_id)


def write(corpus: Path, article_ids: Iterable[str]) -> None:
    """Replaces the list. Raises CorpusError if it cannot be written; then the old one stays."""
    path = list_of(corpus)
    try:
        replace_file(path, "".join(f"{_line(article_id)}\n" for article_id in sorted(article_ids)).encode())
    except OSError as error:
        raise CorpusError(
            f"The list {path} cannot be written ({error.strerror}); give leave to write there."
        ) from error


@contextmanager
def held(corpus: Path) -> Iterator[None]:
    """Held while the list is read and changed; leaves no file behind. A corpus that is not there needs no lock."""
    try:
        descriptor = os.open(corpus, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
