"""Articles and passages in SQLite: the one place that holds their text.

A passage is stored as offsets into its article, so that its text cannot drift from it. ``row`` is the number by which
the lexical and the dense index know a passage; it is never used twice. Knows nothing of words or vectors.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from rag.corpus.copies import bands, shingles
from rag.errors import IndexDamaged, NotFound, damaged, unwritable
from rag.types import Article, Filters, Passage

_COLUMNS = tuple(field.name for field in fields(Article))
_DATES = frozenset({"published", "updated", "fetched"})
_LISTED = "article_id, title, source, published"
_SELECT = ", ".join(f"articles.{column}" for column in _COLUMNS)
_SCHEMA = """
CREATE TABLE articles (
    article_id TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, published TEXT, updated TEXT, fetched TEXT,
    author TEXT, source TEXT, url TEXT, section TEXT, licence TEXT, language TEXT NOT NULL,
    report TEXT, digest TEXT NOT NULL, origin TEXT NOT NULL);
CREATE TABLE passages (
    row INTEGER PRIMARY KEY AUTOINCREMENT, passage_id TEXT NOT NULL UNIQUE, article_id TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL);
CREATE INDEX passages_article ON passages (article_id);
CREATE INDEX articles_report ON articles (report) WHERE report IS NOT NULL;
CREATE TABLE copy_keys (key INTEGER, article INTEGER, PRIMARY KEY (key, article)) WITHOUT ROWID;
"""
# Filters read these alone, not the rows with the texts; a store of an earlier build gets them with the next one.
_FILTERS = """
CREATE INDEX IF NOT EXISTS articles_published ON articles (published, article_id);
CREATE INDEX IF NOT EXISTS articles_source ON articles (source, article_id);
"""
_KNOWN_IDS = 100_000  # some 25 MB
_LOOKUP = 500  # ids in one statement; SQLite allows 999 in its oldest builds


class Listed(NamedTuple):
    """An article in a list."""

    article_id: str
    title: str
    source: str | None
    published: date | None


class Store:
    """Read access, from any number of threads.

    They share one connection and take turns; a query takes less than a millisecond. One opened later, by a thread of
    its own, would find no file once the generation has been removed. ``withdrawn`` gives the ids of articles that must
    not be shown though the files still hold them.
    """

    def __init__(self, path: Path, withdrawn: Callable[[], frozenset[str]] = frozenset) -> None:
        self._name = f"The article store {path}"
        self.withdrawn = withdrawn
        self._turn = threading.Lock()
        self._ids: dict[int, tuple[str, str]] = {}
        # Of an article that anybody holds there is one, however many conversations hold it.
        self._held: WeakValueDictionary[str, Article] = WeakValueDictionary()
        with damaged(self._name, sqlite3.Error):
            # A published generation never changes: immutable spares SQLite its locks and a look for a journal.
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        self.count()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with damaged(self._name, sqlite3.Error, UnicodeError), self._turn:
            return self._connection.execute(sql, values).fetchall()

    def count(self) -> tuple[int, int]:
        """How many articles and passages there are."""
        row = self._rows("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM passages)")[0]
        return int(row[0]), int(row[1])

    def article(self, article_id: str) -> Article:
        """One article. Raises NotFound if the index does not hold it."""
        rows = self._rows(f"SELECT {_SELECT} FROM articles WHERE article_id = ?", (article_id,))
        if article_id in self.withdrawn():
            raise NotFound(f"The article {article_id!r} was withdrawn; `python -m rag restore` takes it back.")
        if not rows:
            raise NotFound(f"There is no article {article_id!r} in the index; `python -m rag search` shows the ids.")
        return self._article(rows[0])

    def newest(self, limit: int) -> list[Article]:
        """The articles published last, newest first; undated ones come after all others."""
        sql, hidden = f"SELECT {_SELECT} FROM articles ORDER BY published DESC, article_id LIMIT ?", self.withdrawn()
        found = map(self._article, self._rows(sql, (limit + len(hidden),)))
        return [article for article in found if article.article_id not in hidden][:limit]

    def passages(self, rows: Sequence[int]) -> dict[int, tuple[Article, Passage]]:
        """The passages with these row numbers, each with its article; those of one article share it."""
        found: dict[int, tuple[Article, Passage]] = {}
        for chunk in _chunks(rows):
            sql = f"SELECT row, passage_id, article_id, start, end FROM passages WHERE row IN ({_marks(chunk)})"
            parts = self._rows(sql, chunk)
            ids = list({part[2] for part in parts})
            sql = f"SELECT {_SELECT} FROM articles WHERE article_id IN ({_marks(ids)})"
            articles = {article.article_id: article for article in map(self._article, self._rows(sql, ids))}
            with damaged(self._name, KeyError, TypeError):
                for row, passage_id, article_id, start, end in parts:
                    article = articles[article_id]
                    found[row] = (article, Passage(passage_id, article_id, start, end, article.text[start:end]))
        self._require(rows, found)
        return found

    def _article(self, columns: Sequence[Any]) -> Article:
        with damaged(self._name, ValueError, TypeError):
            values: dict[str, Any] = dict(zip(_COLUMNS, columns, strict=True))
            values |= {name: date.fromisoformat(values[name]) for name in _DATES if values[name]}
            article = Article(**values)
        return self._held.setdefault(article.article_id, article)

    def _require(self, rows: Sequence[int], found: Container[int]) -> None:
        """Raises IndexDamaged if a row that the words or the vectors know is not there."""
        if not all(row in found for row in rows):
            raise IndexDamaged(f"{self._name} lacks a passage; mend it with `python -m rag build --full`.")

    def ids(self, rows: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Row number → (passage id, article id), without loading any text; remembered."""
        if len(self._ids) > _KNOWN_IDS:
            self._ids = {}
        known = self._ids
        for chunk in _chunks([row for row in rows if row not in known]):
            sql = f"SELECT row, passage_id, article_id FROM passages WHERE row IN ({_marks(chunk)})"
            known.update({row: (passage_id, article_id) for row, passage_id, article_id in self._rows(sql, chunk)})
        self._require(rows, known)
        return {row: known[row] for row in rows}

    def published(self, rows: Sequence[int]) -> dict[int, date]:
        """Row number → day of publication, for the passages whose article bears one."""
        found: dict[int, date] = {}
        for chunk in _chunks(rows):
            sql = "SELECT row, published FROM passages JOIN articles USING (article_id) WHERE published > ''"
            with damaged(self._name, ValueError, TypeError):
                days = self._rows(f"{sql} AND row IN ({_marks(chunk)})", chunk)
                found.update({row: date.fromisoformat(day) for row, day in days})
        return found

    def rows_within(self, filters: Filters) -> list[int]:
        """The row numbers of all passages that pass the filters. An undated article passes no date filter."""
        condition, values = _passing(filters)
        return [
            row
            for (row,) in self._rows(f"SELECT row FROM passages JOIN articles USING (article_id) {condition}", values)
        ]

    def listed(self, filters: Filters = Filters(), limit: int = -1) -> list[Listed]:
        """The articles that pass the filters, newest first, without their texts; undated ones come last.

        At most ``limit``; -1 means all.
        """
        condition, values = self._shown(filters)
        sql = f"SELECT {_LISTED} FROM articles {condition} ORDER BY published DESC, article_id LIMIT ?"
        return self._listing(self._rows(sql, [*values, limit]))

    def listed_by_id(self, article_ids: Sequence[str]) -> list[Listed]:
        """These articles in this order, without their texts; one that is not to be shown is left out."""
        found: dict[str, Listed] = {}
        for start in range(0, len(article_ids), _LOOKUP):
            chunk = article_ids[start : start + _LOOKUP]
            sql = f"SELECT {_LISTED} FROM articles WHERE article_id IN ({_marks(chunk)})"
            found |= {article.article_id: article for article in self._listing(self._rows(sql, chunk))}
        hidden = self.withdrawn()
        return [found[name] for name in article_ids if name in found and name not in hidden]

    def article_ids(self, rows: Sequence[int]) -> list[str]:
        """The articles of passages, each once, in the order of the rows; no withdrawn one."""
        sql = "SELECT row, article_id FROM passages WHERE row IN (SELECT value FROM json_each(?))"
        found, hidden = dict(self._rows(sql, (json.dumps(list(rows)),))), self.withdrawn()
        self._require(rows, found)
        return [name for name in dict.fromkeys(found[row] for row in rows) if name not in hidden]

    def months(self, filters: Filters = Filters(), among: Sequence[str] | None = None) -> dict[str, int]:
        """How many articles that pass the filters each month holds (``2022-11``); undated ones are under ``""``.

        ``among`` are the ids of those that count; ``None``: all.
        """
        condition, values = self._shown(filters)
        if among is not None:
            condition += " AND article_id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(among))
        sql = (
            f"SELECT coalesce(substr(published, 1, 7), '') AS month, count(*) FROM articles {condition} GROUP BY month"
        )
        return dict(self._rows(sql, values))

    def _shown(self, filters: Filters) -> tuple[str, list[Any]]:
        """The condition for what passes the filters and is not withdrawn, with its values."""
        condition, values = _passing(filters)
        if hidden := self.withdrawn():
            condition += " AND article_id NOT IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(hidden)))
        return condition, values

    def _listing(self, rows: Iterable[Sequence[Any]]) -> list[Listed]:
        with damaged(self._name, ValueError, TypeError):
            return [
                Listed(article_id, title, source, date.fromisoformat(day) if day else None)
                for article_id, title, source, day in rows
            ]

    def span(self) -> tuple[date | None, date | None]:
        """The days of the oldest and the newest dated article."""
        found = self._rows("SELECT min(published), max(published) FROM articles WHERE published > ''")[0]
        with damaged(self._name, ValueError, TypeError):
            first, last = (date.fromisoformat(day) if day else None for day in found)
            return first, last

    def also_in(self, article_id: str, quote: str) -> tuple[str, ...]:
        """The other outlets whose copy of the same report holds these words too, by name; no withdrawn copy counts."""
        sql = (
            "SELECT other.source, other.article_id FROM articles AS own "
            "JOIN articles AS other ON other.report = own.report WHERE own.article_id = ? "
            "AND other.source > '' AND other.source IS NOT own.source AND instr(other.text, ?) > 0"
        )
        hidden = self.withdrawn()
        return tuple(sorted({name for name, other in self._rows(sql, (article_id, quote)) if other not in hidden}))

    def sources(self) -> list[str]:
        """The outlets of the archive, by name."""
        return [name for (name,) in self._rows("SELECT DISTINCT source FROM articles WHERE source > '' ORDER BY 1")]

    def passage_rows(self) -> list[int]:
        """All row numbers, ascending."""
        return [row for (row,) in self._rows("SELECT row FROM passages ORDER BY row")]

    def known(self) -> dict[str, tuple[str, str]]:
        """Article id → digest of the source that the article was read from, and its file in the corpus."""
        rows = self._rows("SELECT article_id, digest, origin FROM articles")
        return {article_id: (digest, origin) for article_id, digest, origin in rows}


class StoreWriter:
    """Write access for one build, to a file that no reader has open.

    Use it as a context manager: it raises IndexUnwritable for whatever SQLite could not write inside.
    """

    def __init__(self, path: Path) -> None:
        self._name = f"The article store {path}"
        new = not path.exists()
        with unwritable(self._name, sqlite3.Error):
            self._connection = sqlite3.connect(path)
            # The generation is thrown away if the build dies, so the journal would protect nothing.
            self._connection.execute("PRAGMA journal_mode = OFF")
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute("PRAGMA secure_delete = ON")  # what was withdrawn leaves the file
            if new:
                self._connection.executescript(_SCHEMA)
            self._connection.executescript(_FILTERS)

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with unwritable(self._name, sqlite3.Error), closing(self._connection):
            if isinstance(error, sqlite3.Error):
                raise error
            if error is None:
                self._connection.commit()

    def move(self, origins: Iterable[tuple[str, str]]) -> None:
        """Notes for each (article id, file) that the article now stands in that file."""
        sql = "UPDATE articles SET origin = ? WHERE article_id = ?"
        self._connection.executemany(sql, ((origin, article_id) for article_id, origin in origins))

    def add(
        self, article: Article, digest: str, origin: str, passages: Iterable[Passage], keys: Iterable[int] = ()
    ) -> list[int]:
        """Stores a new article, with the keys that its copies share; gives the row numbers of its passages."""
        values = [_to_column(getattr(article, column)) for column in _COLUMNS]
        marks = _marks([*_COLUMNS, "digest", "origin"])
        number = self._connection.execute(
            f"INSERT INTO articles ({', '.join(_COLUMNS)}, digest, origin) VALUES ({marks})", [*values, digest, origin]
        ).lastrowid
        self._connection.executemany("INSERT OR IGNORE INTO copy_keys VALUES (?, ?)", ((key, number) for key in keys))
        rows: list[int] = []
        for p in passages:
            cursor = self._connection.execute(
                "INSERT INTO passages (passage_id, article_id, start, end) VALUES (?, ?, ?, ?)",
                (p.passage_id, p.article_id, p.start, p.end),
            )
            rows.append(int(cursor.lastrowid or 0))
        return rows

    def remove(self, article_id: str) -> list[int]:
        """Deletes an article and returns the row numbers that its passages had."""
        found = self._connection.execute("SELECT row FROM passages WHERE article_id = ?", (article_id,))
        rows = [int(row) for (row,) in found]
        self._connection.execute("DELETE FROM passages WHERE article_id = ?", (article_id,))
        number = self._connection.execute("SELECT rowid FROM articles WHERE article_id = ?", (article_id,)).fetchone()
        if number:
            keys = bands(shingles(self.text(article_id)))
            self._connection.executemany(
                "DELETE FROM copy_keys WHERE key = ? AND article = ?", ((key, *number) for key in keys)
            )
        self._connection.execute("DELETE FROM articles WHERE article_id = ?", (article_id,))
        return rows

    def text(self, article_id: str) -> str:
        """The text of an article, empty if there is none."""
        row = self._connection.execute("SELECT text FROM articles WHERE article_id = ?", (article_id,)).fetchone()
        return str(row[0]) if row else ""

    def sharing(self, keys: Iterable[int]) -> list[tuple[str, str | None]]:
        """The articles that have one of these keys, each with its report."""
        wanted = list(keys)
        sql = (
            "SELECT DISTINCT article_id, report FROM copy_keys JOIN articles ON articles.rowid = article "
            f"WHERE key IN ({_marks(wanted)})"
        )
        return self._connection.execute(sql, wanted).fetchall()

    def in_report(self, report: str) -> list[str]:
        """The articles of a report."""
        found = self._connection.execute("SELECT article_id FROM articles WHERE report = ?", (report,))
        return [article_id for (article_id,) in found]

    def report_of(self, article_id: str) -> str | None:
        """The report of an article, if it has copies."""
        row = self._connection.execute("SELECT report FROM articles WHERE article_id = ?", (article_id,)).fetchone()
        return row[0] if row else None

    def set_report(self, article_ids: Iterable[str], report: str | None) -> None:
        """Notes which report articles belong to."""
        sql = "UPDATE articles SET report = ? WHERE article_id = ?"
        self._connection.executemany(sql, ((report, article_id) for article_id in article_ids))

    def count(self) -> tuple[int, int]:
        """How many articles and passages there are now."""
        sql = "SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM passages)"
        articles, passages = self._connection.execute(sql).fetchone()
        return int(articles), int(passages)


def _passing(filters: Filters) -> tuple[str, list[Any]]:
    """The condition of a statement for what passes the filters, with its values."""
    conditions, values = ["1"], list[Any]()
    if filters.since:
        conditions.append("published >= ?")
        values.append(filters.since.isoformat())
    if filters.until:
        conditions.append("published <= ?")
        values.append(filters.until.isoformat())
    if filters.sources:
        conditions.append(f"source IN ({_marks(filters.sources)})")
        values += filters.sources
    return "WHERE " + " AND ".join(conditions), values


def _to_column(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _chunks(rows: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(rows), _LOOKUP):
        yield [int(row) for row in rows[start : start + _LOOKUP]]
