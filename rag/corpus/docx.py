"""A Word file → the fields of an article. Takes no dates, for they are the file's; runs no macro, follows no link."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from rag.corpus.byline import are_names
from rag.corpus.clean import clean_scraped
from rag.errors import CorpusError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph

MAX_UNPACKED = 200_000_000  # bytes; a small file can unpack to any size
_NEXT = "save its article as .txt or .md"
_HEADLINES = ("Title", "Titel")


def read_docx(data: bytes) -> dict[str, object]:
    """Title, text, and what stands in a byline. Raises CorpusError if it is broken, locked, textless or a bomb."""
    try:
        import docx
    except ImportError as error:
        raise CorpusError("Word files need python-docx: `pip install python-docx`.") from error
    try:
        with ZipFile(BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
                raise CorpusError(f"the Word file unpacks to more than {MAX_UNPACKED // 1_000_000} MB; {_NEXT}.")
        document = docx.Document(BytesIO(data))
        lines = list(_lines(document))
        headline = next((p.text for p in document.paragraphs if p.style and p.style.name in _HEADLINES), "")
        about = document.core_properties
        title, author = headline or about.title, about.author
    except BadZipFile as error:
        raise CorpusError(f"it is no Word file, or a locked or broken one; {_NEXT}.") from error
    except CorpusError:
        raise
    except Exception as error:  # python-docx and lxml raise many types for files that are broken
        raise CorpusError(f"the Word file cannot be read ({type(error).__name__}); {_NEXT}.") from error
    scraped = clean_scraped("\n\n".join(line for line in lines if line != headline))
    if not scraped.text:
        raise CorpusError(f"the Word file holds no text; {_NEXT}.")
    return {
        "title": title or scraped.title,
        "text": scraped.text,
        "author": scraped.author or (author if are_names(author) else None),  # else the name of a program or an account
        "published": scraped.published,
        "updated": scraped.updated,
        "source": scraped.source,
    }


def _lines(document: Document) -> Iterator[str]:
    """Paragraphs as they stand, a row of a table as one line."""
    from docx.table import Table

    for block in document.iter_inner_content():
        if isinstance(block, Table):
            yield from _rows(block)
        else:
            yield _text(block)


def _rows(table: Table) -> Iterator[str]:
    for row in table.rows:
        cells = list(dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells))  # a merged cell comes repeatedly
        yield " | ".join(cell for cell in cells if cell)


def _text(paragraph: Paragraph) -> str:
    return " ".join(paragraph.text.split())
