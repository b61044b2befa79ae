"""A folder or file of articles → records: an id, a digest, and the article itself only when it is asked for.

Knows the kinds of files and which of them to refuse. How a page, a PDF or Markdown is read stands in their modules.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from rag.corpus.clean import clean_scraped
from rag.corpus.docx import read_docx
from rag.corpus.fields import article_from, is_sound
from rag.corpus.html import read_html
from rag.corpus.markdown import read_markdown
from rag.corpus.pdf import read_pdf
from rag.errors import CorpusError
from rag.types import Article

READER_VERSION = 4  # raise it whenever the same bytes give another article
MAX_BYTES = 20_000_000  # of a file, or of a line of .jsonl
KINDS = (".md", ".txt", ".html", ".htm", ".pdf", ".docx", ".jsonl")
_KINDS = ", ".join(KINDS)

_CHANGED = "it changed while it was being read; build again."
_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or record that was not taken; ``reason`` says in one line why, and what to do.

    ``origin`` is the file or folder, relative to the corpus, that could not be read whole because of it: what it held
    before may still be in it. ``None`` where nothing is hidden.
    """

    where: str
    reason: str
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """An article not read yet. ``digest`` changes with its bytes or with this reader; ``origin`` is its file, relative.

    ``load`` gives the article, or raises CorpusError with the reason in one line.
    """

    article_id: str
    digest: str
    load: Callable[[], Article]
    origin: str


def scan(path: Path) -> Iterator[Record | Refused]:
    """The records of a folder, of one ``.jsonl`` file or of one article file, in the order of their names.

    Raises CorpusError at once if the path is missing, of an unknown kind, or a folder without any article file.
    """
    if not path.exists():
        raise CorpusError(f"There is no corpus at {path}; name a folder of articles or a .jsonl file with --corpus.")
    if path.is_dir():
        found = sorted(_walk(path), key=lambda item: item.where if isinstance(item, Refused) else item[0])
        if not found:
            raise CorpusError(f"The folder {path} holds no article; put files into it that end in {_KINDS}.")
    elif path.suffix.lower() in KINDS:
        found = [(path.name, path)]
    else:
        raise CorpusError(f"The file {path} is of no kind that can be read; name a folder or a file in {_KINDS}.")
    return _once_each(found)


def _walk(root: Path) -> Iterator[Refused | tuple[str, Path]]:
    """The article files of a folder as name and path. A link that leads out is refused: it may open any file."""
    broken: list[OSError] = []
    inside, start = os.path.realpath(root), len(os.path.join(root, ""))
    for folder, folders, files in os.walk(root, onerror=broken.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # they may lead in circles
        taken = [name for name in files if not name.startswith(".") and name.lower() != "readme.md"]
        for name in links + [name for name in taken if os.path.splitext(name)[1].lower() in KINDS]:
            path = os.path.join(folder, name)
            where = unicodedata.normalize("NFC", path[start:])
            if not is_sound(where):
                yield Refused(ascii(where), "its name is not UTF-8; rename it.")
            elif not _is_one_line(where):
                yield Refused(ascii(where), "its name holds a line break or control character; rename it.")
            elif os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(inside):
                yield Refused(where, "it is a link out of the corpus; put a copy in its place.", where)
            elif name not in links:
                yield where, Path(path)
    for error in broken:
        where = unicodedata.normalize("NFC", Path(error.filename).relative_to(root).as_posix())
        shown = where if is_sound(where) and _is_one_line(where) else ascii(where)
        yield Refused(shown, f"the folder cannot be read ({error.strerror}); give leave to read it.", where)


def _once_each(found: list[Refused | tuple[str, Path]]) -> Iterator[Record | Refused]:
    """The records of all files; of those with the same id only the first."""
    places: dict[str, str] = {}
    for item in found:
        if isinstance(item, Refused):
            yield item
            continue
        for where, record in _records(*item):
            if isinstance(record, Record) and record.article_id in places:
                first = places[record.article_id]
                yield Refused(where, f"its id {record.article_id!r} is that of {first}; give it another id.")
            else:
                if isinstance(record, Record):
                    places[record.article_id] = where
                yield record


def _records(where: str, path: Path) -> Iterator[tuple[str, Record | Refused]]:
    try:
        if path.suffix.lower() == ".jsonl":
            yield from _json_lines(where, path)
        else:
            data = _bytes(path)
            yield where, Record(where, _digest(data), partial(_load_file, where, path, _digest(data)), where)
    except CorpusError as error:
        yield where, Refused(where, str(error), where)


def _bytes(path: Path) -> bytes:
    """A file's bytes. Raises CorpusError if it cannot be read, is empty, too large, or no file at all."""
    try:
        size = _size(path)
        data = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise _unreadable(error) from error
    if size > MAX_BYTES:
        raise CorpusError(f"it is larger than {MAX_BYTES // 1_000_000} MB; split it.")
    if not data.strip():
        raise CorpusError("it is empty; remove it.")
    return data


def _size(path: Path) -> int:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise CorpusError("it is no regular file; put a copy in its place.")
    return status.st_size


def _unreadable(error: OSError) -> CorpusError:
    return CorpusError(f"it cannot be read ({error.strerror}); give leave to read it, or remove it.")


def _digest(data: bytes) -> str:
    return hashlib.sha256(b"%d\n" % READER_VERSION + data).hexdigest()


def _load_file(article_id: str, path: Path, digest: str) -> Article:
    data = _bytes(path)
    if _digest(data) != digest:
        raise CorpusError(_CHANGED)
    return article_from(article_id, fields_of(data, path.suffix.lower(), article_id))


def fields_of(data: bytes, kind: str, where: str, charset: str | None = None) -> dict[str, object]:
    """The fields of the one article that a file's bytes hold; ``kind`` is its suffix, ``charset`` what its server said.

    Raises CorpusError, with the reason in one line, if they hold none.
    """
    if kind == ".pdf":
        return read_pdf(data)
    if kind == ".docx":
        return read_docx(data)
    is_html = kind in (".html", ".htm")
    text = _decoded(data, charset or (_declared(data) if is_html else None))
    if kind == ".md":
        return read_markdown(text, where)
    return read_html(text) if is_html else asdict(clean_scraped(text))


def _declared(page: bytes) -> str | None:
    """The encoding that a page names for itself."""
    found = _CHARSET.search(page, 0, 4096)
    return found[1].decode() if found else None


def _decoded(data: bytes, declared: str | None) -> str:
    """Bytes as text: by their mark, by what is declared, UTF-8, or else Western European. CorpusError if binary."""
    names = ["utf-8-sig", "cp1252", "latin-1"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ["utf-16"]
    elif declared and not declared.lower().startswith("utf"):
        names.insert(0, "cp1252" if declared.lower() in ("iso-8859-1", "latin1") else declared)
    for name in names:
        try:
            text = data.decode(name)
        except (UnicodeError, LookupError):
            continue
        if len(_CONTROL.findall(text)) <= 2 + len(text) // 200 and "\0" not in text:
            return text
    raise CorpusError("it is no text but binary data; save its article as text, or remove it.")


# Records of JSON ---------------------------------------------------------------------------------------------------


def _json_lines(name: str, path: Path) -> Iterator[tuple[str, Record | Refused]]:
    """The records of a ``.jsonl`` file; a line that cannot be read is refused, the others are not."""
    is_empty = True
    for number, offset, line in _lines(path):
        if line is not None and not line.strip():
            continue
        where, is_empty = f"{name}, line {number}", False
        try:
            if line is None:
                raise CorpusError(f"it is larger than {MAX_BYTES // 1_000_000} MB; split it.")
            record, digest = _parsed(line)
            article_id = _id(record, f"{name}:{number}")
            load = partial(_load_line, article_id, path, offset, len(line), digest)
            yield where, Record(article_id, digest, load, name)
        except CorpusError as error:
            yield where, Refused(where, str(error), name)
    if is_empty:
        raise CorpusError("it is empty; remove it.")


def _lines(path: Path) -> Iterator[tuple[int, int, bytes | None]]:
    """The number, place and bytes of every line; no bytes where there are too many of them."""
    try:
        _size(path)
        with path.open("rb") as file:
            offset = 0
            for number in count(1):
                line = rest = file.readline(MAX_BYTES)
                size = len(line)
                while len(rest) == MAX_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_BYTES)
                    size += len(rest)
                if not size:
                    return
                yield number, offset, line if size == len(line) else None
                offset += size
    except OSError as error:
        raise _unreadable(error) from error


def _load_line(article_id: str, path: Path, offset: int, size: int, digest: str) -> Article:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            line = file.read(size)
    except OSError as error:
        raise _unreadable(error) from error
    record, now = _parsed(line)
    if now != digest:
        raise CorpusError(_CHANGED)
    metadata = record.get("metadata")
    known = {name: value for name, value in record.items() if value not in (None, "")}
    return article_from(article_id, {**metadata, **known} if isinstance(metadata, dict) else known)


def _parsed(line: bytes) -> tuple[dict[str, Any], str]:
    """The record of a line, and the digest of its values however they are written."""
    try:
        record = json.loads(line.decode("utf-8-sig"))
        digest = _digest(json.dumps(record, sort_keys=True, separators=(",", ":")).encode())
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise CorpusError(f"it is no JSON ({reason}); mend or remove the line.") from error
    if not isinstance(record, dict):
        raise CorpusError("it is no JSON object; mend or remove the line.")
    return record, digest


def _id(record: dict[str, Any], otherwise: str) -> str:
    given = next((record[name] for name in ("_id", "id") if record.get(name) not in (None, "")), otherwise)
    if not isinstance(given, (str, int, float)) or not is_sound(str(given)):
        raise CorpusError("its id is no text; give it another.")
    if not _is_one_line(str(given)):
        raise CorpusError("its id holds a line break or control character; give it another.")
    return str(given)


def _is_one_line(name: str) -> bool:
    """Whether a name can stand in a line of a terminal or a list without breaking it."""
    return name.isprintable() or not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name)
