"""Questions to begin with: those that a corpus brings along, else made from its newest titles.

Knows no page. A broken file of examples is no reason not to open the chat, so it counts as none.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from rag.types import Article, Language
from rag.ui.texts import TEXTS

FILE = "examples.yaml"
SHOWN = 4
_LONGEST = 120


def examples(corpus: Path, newest: Iterable[Article], language: Language) -> list[str]:
    """Up to four questions in a language."""
    written = read_examples(corpus / FILE, language)
    return written[:SHOWN] if written else _from_titles(newest, language)


def read_examples(path: Path, language: Language) -> list[str]:
    """The questions of an examples file, ``de: [...]`` and ``en: [...]``; none if there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return []
    return list(_read(path, status.st_mtime_ns, status.st_size, language))


@lru_cache(maxsize=8)  # the page asks on each of its runs
def _read(path: Path, changed_ns: int, size: int, language: Language) -> tuple[str, ...]:
    import yaml  # type: ignore[import-untyped,unused-ignore]

    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return ()
    questions = found.get(language) if isinstance(found, dict) else None
    if not isinstance(questions, list):
        return ()
    lines = (" ".join(question.split()) for question in questions if isinstance(question, str))
    return tuple(line for line in lines if line)


def _from_titles(newest: Iterable[Article], language: Language) -> list[str]:
    found: list[str] = []
    for article in newest:
        title = " ".join(article.title.split()).rstrip("?!. ")
        if title and len(title) <= _LONGEST and len(found) < SHOWN:
            found.append(TEXTS[language].about.format(title=title))
    return found
