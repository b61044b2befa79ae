"""The article files of a corpus folder, read and written whole, and the former versions of each.

A former version stands in ``.versions/<name>/<number>.md`` beside its article, the oldest as 1; no build reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from rag.corpus.fields import article_from
from rag.corpus.markdown import read_markdown
from rag.corpus.write import markdown
from rag.disk import replace_file
from rag.errors import CorpusError
from rag.types import Article

FOLDER = ".versions"


def fingerprint(article: Article) -> str:
    """A digest of what readers see of an article; dates that a page renews by itself do not count."""
    seen = (article.title, article.text, article.author, article.published, article.licence)
    return hashlib.sha256("\0".join(map(str, seen)).encode()).hexdigest()[:16]


def read(path: Path) -> tuple[Article, str | None]:
    """An article of the corpus and the fingerprint that it was added with, if it was. Raises CorpusError."""
    try:
        fields = read_markdown(path.read_text("utf-8-sig"), path.name)
        taken = fields.get("taken")
        return article_from(path.name, fields), taken if isinstance(taken, str) else None
    except (OSError, UnicodeError) as error:
        raise CorpusError(f"{path.name} stands in its place and cannot be read; mend or move it.") from error


def write(path: Path, article: Article) -> int:
    """Writes an article's file, whole or not at all; gives its bytes. Raises CorpusError if it cannot be written."""
    content = markdown(article, taken=fingerprint(article)).encode()
    with writable(path):
        replace_file(path, content)
    return len(content)


def keep(path: Path, former: Article) -> int:
    """Keeps the former version of the article in a file, unless it is kept already; gives the bytes written."""
    kept = _kept(path)
    if kept and fingerprint(read(kept[-1])[0]) == fingerprint(former):
        return 0
    folder = path.parent / FOLDER / path.stem
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return write(folder / f"{int(kept[-1].stem) + 1 if kept else 1}.md", former)


def versions(corpus: Path, article_id: str) -> list[Article]:
    """The former versions of an article, the oldest first; none where its id leads out of the corpus."""
    place = PurePath(article_id)  # which may be anything where it comes from a .jsonl file
    if place.is_absolute() or ".." in place.parts:
        return []
    return [read(path)[0] for path in _kept(corpus / article_id)]


def _kept(path: Path) -> list[Path]:
    try:
        found = [kept for kept in (path.parent / FOLDER / path.stem).glob("*.md") if kept.stem.isdecimal()]
    except OSError:  # too long for the name of a file, so there is none
        return []
    return sorted(found, key=lambda kept: int(kept.stem))


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turns what the system raises over a place that cannot be written into CorpusError."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"{path} cannot be written ({error.strerror}); make room on the disk, give leave to write there, or name "
            "another folder with --corpus."
        ) from error
