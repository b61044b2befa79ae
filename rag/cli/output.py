"""What the verbs print and write: lines, JSON, files, a progress bar."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from rag.errors import BelegError


def say(line: str) -> None:
    """A message, on stderr."""
    print(line, file=sys.stderr)


def print_json(value: Any, indent: int | None = 2) -> None:
    """A result as JSON; without indent it is one line, passed on at once."""
    print(_json(value, sys.stdout.encoding or "utf-8", indent), flush=indent is None)


def write(path: Path, text: str) -> None:
    """A text into a file, with the folders that it needs."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise BelegError(f"{path} cannot be written ({error.strerror}); name another file.") from error


def write_json(path: Path, value: Any) -> None:
    """Figures into a file."""
    write(path, _json(value, "utf-8", 1) + "\n")


def _json(value: Any, encoding: str, indent: int | None) -> str:
    """JSON with its characters as they are, but escaped where the encoding lacks one: no character is lost."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(encoding)
        return text
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)


def facts(
    source: str | None,
    author: str | None,
    published: date | None,
    updated: date | None = None,
    url: str | None = None,
) -> str:
    """Where an article is from, in a line."""
    day = published.isoformat() if published else "ohne Datum"
    if updated and updated != published:
        day += f", geändert am {updated.isoformat()}"
    return ", ".join(str(fact) for fact in (source, author, day, url) if fact)


class Bar:
    """A progress bar on stderr; silent where that is no terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(disable=not sys.stderr.isatty(), leave=False, dynamic_ncols=True)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, stage: str, done: int, total: int) -> None:
        """Draws a stage of the work; a total of 0 means that it is not known."""
        self._bar.set_description(stage, refresh=False)
        self._bar.total = total or None
        self._bar.n = done
        self._bar.refresh()
