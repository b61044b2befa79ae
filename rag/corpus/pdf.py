"""A PDF with text in it → the fields of an article. Reads no pictures; takes no dates, for they are the file's."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import pairwise

from rag.corpus.byline import are_names
from rag.errors import CorpusError

_NEXT = "save its article as .txt or .md"
_HYPHENATED = re.compile(r"[^\W\d_][-\u00ad]$")
_AND = frozenset({"und", "oder", "bzw", "sowie", "bis", "als"})
_PAGE_NUMBER = re.compile(r"(?:Seite )?\d{1,4}(?: (?:von|/) \d{1,4})?|[-–] ?\d{1,4} ?[-–]")
_STOP = re.compile(r"[.!?…:][\"'»«“”’‘)]*$")
_NO_TITLE = re.compile(r"untitled|unbenannt|microsoft (?:word|powerpoint)|\.(?:docx?|odt|indd|pdf|rtf)$", re.IGNORECASE)
_SHORT = 0.7  # of the longest line: a line that much shorter may be the last of its paragraph


def read_pdf(data: bytes) -> dict[str, object]:
    """Text, and where the file states them title and author. Raises CorpusError if it is broken, locked or textless."""
    try:
        import pypdf
    except ImportError as error:
        raise CorpusError("PDF needs pypdf: `pip install pypdf`.") from error
    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted:
            raise CorpusError(f"the PDF is encrypted; {_NEXT}.")
        text = "\n\n".join(paragraphs(page.extract_text()) for page in reader.pages)
        about = reader.metadata
        author, title = (about.author, about.title or "") if about else (None, "")
        author = author if author and are_names(author) else None  # else the name of a program or an account
        title = "" if _NO_TITLE.search(title) else title
    except CorpusError:
        raise
    except Exception as error:  # pypdf raises many types for files that are broken
        raise CorpusError(f"the PDF cannot be read ({type(error).__name__}); {_NEXT}.") from error
    if not text.strip():
        raise CorpusError(f"the PDF holds no text, perhaps only pictures of it; {_NEXT}.")
    return {"title": title, "author": author, "text": text}


def paragraphs(page: str) -> str:
    """The lines of a page joined to paragraphs, words hyphenated at line ends made whole, page numbers left out."""
    lines = [line.strip() for line in page.splitlines() if not _PAGE_NUMBER.fullmatch(line.strip())]
    longest = max(map(len, lines), default=0)
    text = ""
    for line, following in pairwise([*lines, ""]):
        is_short = len(line) < _SHORT * longest
        if following and _HYPHENATED.search(line):
            text += _before(line, following.split()[0])
        elif not following or (is_short and (_STOP.search(line) or not following[0].islower())):
            text += line + "\n\n"
        else:
            text += line + " "
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _before(line: str, word: str) -> str:
    """A line that ends with a hyphen, as it goes on: a split word, ``Nato-Gipfel``, ``Wind- und Wasserkraft``."""
    if word in _AND:
        return line + " "
    return line[:-1] if word[0].islower() else line
