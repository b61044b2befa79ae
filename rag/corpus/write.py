"""Article → a Markdown file with front matter that a person can read and edit; ``markdown`` reads it back the same.

Knows the form of the file, not where it stands.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import fields

from rag.corpus.byline import is_prose
from rag.corpus.clean import tidy
from rag.corpus.markdown import plain
from rag.types import Article

_FACTS = tuple(field.name for field in fields(Article) if field.name not in ("article_id", "text", "report"))
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_NAME_LENGTH = 60
_MARKS = re.compile(r"([\\`*_]|(?<=\])\()")
_TAG = re.compile(r"<[a-zA-Z/!]")  # it may end in another line
_AT_START = re.compile(r"^([#>+=~:|-]|\d{1,9}(?=[.)]))")


def markdown(article: Article, **more: str) -> str:
    """The file of an article: its facts, then ``more`` facts, then its words. Unknown facts are left out."""
    import yaml  # type: ignore[import-untyped,unused-ignore]

    facts = {name: value for name in _FACTS if (value := getattr(article, name))} | more
    front = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n\n{body(article.text)}\n"


def body(text: str) -> str:
    """A text as Markdown: short lines between paragraphs as headings, lines without a blank between as a list."""
    blocks = [[line for line in block.split("\n") if line] for block in settled(text).split("\n\n") if block]
    return "\n\n".join(
        _block(block, heads=0 < i < len(blocks) - 1 and is_prose(blocks[i + 1][0])) for i, block in enumerate(blocks)
    )


def settled(text: str) -> str:
    """A text with no blanks around its lines: what Markdown can keep."""
    return tidy("\n".join(line.strip() for line in tidy(text).split("\n")))


def _block(lines: list[str], heads: bool) -> str:
    if len(lines) == 1:
        return f"## {_escaped(lines[0])}" if heads and not is_prose(lines[0]) else _escaped(lines[0])
    first = _escaped(lines[0]) if lines[0].endswith(":") else f"- {_escaped(lines[0])}"
    return "\n".join([first, *(f"- {_escaped(line)}" for line in lines[1:])])


def _escaped(line: str) -> str:
    """A line that Markdown takes for what it says; most need nothing."""
    if not _TAG.search(line) and all(plain(start + line) == line for start in ("", "- ", "## ")):
        return line
    line = _MARKS.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;"))
    return re.sub(r"(?<=\s)(#+)$", r"\\\1", _AT_START.sub(_guarded, line))  # a heading may be closed by such marks


def _guarded(match: re.Match[str]) -> str:
    return f"{match[1]}\\" if match[1].isdigit() else f"\\{match[1]}"


def stem(article: Article) -> str:
    """A file name for an article, without its ending: day and title in plain letters."""
    title = article.title.lower().translate(_LETTERS)
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", letters)
    name = ""
    for word in words:
        if len(name) + len(word) >= _NAME_LENGTH:
            break
        name = f"{name}-{word}" if name else word
    day = f"{article.published.isoformat()}-" if article.published else ""
    return f"{day}{name or 'artikel'}"
