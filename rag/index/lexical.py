"""Words in tantivy: BM25 over German stems and over character 4-grams.

Knows row numbers and terms; texts are analysed by ``rag.german``, and what a row is stands in the store.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from math import log1p
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import tantivy
from tantivy import Occur, Query

from rag.errors import damaged, unwritable
from rag.german import GRAM_LENGTH, grams, spellings, stem, stems, word_grams
from rag.german import terms as plain_terms
from rag.types import Filters

Field = Literal["stems", "grams"]
MAX_TERMS = 400  # distinct terms of one question; a pasted page is no question
_WRITER_MEMORY = 64_000_000  # bytes
_KNOWN_TERMS = 65_536  # terms whose frequency is remembered; some 20 MB
# A term in a larger share of the passages tells little and costs most: its postings are read for every question.
_COMMON: Mapping[Field, float] = {"stems": 0.3, "grams": 0.3}
_COMMON_IN_MANY: Mapping[Field, float] = {"stems": 0.3, "grams": 0.1}
_MANY = 200_000  # passages from which the grams cost more than they find
_FEW = 200  # passages; a term in no more of them is never too common
_RAREST = 3  # terms to search for where all are too common
_KNOWN_QUESTIONS = 64
_META = "meta.json"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_text_field("stems", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("grams", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    return builder.build()


def terms(field: Field, text: str) -> list[str]:
    """The distinct terms of a question in the order in which they stand, at most ``MAX_TERMS``."""
    analysed = stems(text) if field == "stems" else grams(text)
    return list(dict.fromkeys(analysed))[:MAX_TERMS]


class LexicalIndex:
    """Read access, from any number of threads."""

    def __init__(self, folder: Path) -> None:
        self._name = f"The word index {folder}"
        with damaged(self._name, Exception):  # tantivy raises ValueError or a type of its own
            self._index = _open(folder)
            self._searcher = self._index.searcher()
            self._schema = self._index.schema
            self._held = documents(folder)[0]
        self._known_idf = lru_cache(_KNOWN_TERMS)(self._exact_idf)
        self._asked = lru_cache(_KNOWN_QUESTIONS)(self._any_term)  # each is asked twice: for the best, then for others

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def rows(self) -> list[int]:
        """The row numbers that it holds, ascending."""
        return sorted(row for row, _ in self._run(Query.all_query(), max(1, len(self))))

    def search(self, field: Field, text: str, limit: int, filters: Filters = Filters()) -> list[tuple[int, float]]:
        """The best rows for the terms of a text, with their BM25 scores (k1 1.2, b 0.75; tantivy's constants)."""
        asked = self._asked(field, text)
        if filters:
            asked = Query.boolean_query([(Occur.Must, asked), *((Occur.Must, q) for q in self._filters(filters))])
        return self._run(asked, limit)

    def containing(
        self, text: str, limit: int, filters: Filters = Filters(), *, any_word: bool = False
    ) -> list[tuple[int, float]]:
        """The best rows in which all words of a text stand (or any), also within longer words, with their scores.

        ``Bruecke`` and ``brück`` find ``Rheinbrücken``. The score is that of BM25, of stems and 4-grams together.
        """
        words = self._telling_words(text)
        if not words:
            return []
        occur = Occur.Should if any_word else Occur.Must
        with damaged(self._name, ValueError):
            conditions = [(occur, self._part(word)) for word in words]
            if filters:
                conditions = [(Occur.Must, Query.boolean_query(conditions))]
                conditions += [(Occur.Must, query) for query in self._filters(filters)]
            asked = Query.boolean_query(conditions)
        return self._run(asked, limit)

    def scores(self, field: Field, text: str, rows: Sequence[int]) -> dict[int, float]:
        """The BM25 scores of given rows; a row without any of the terms is left out."""
        if not rows:
            return {}
        # Terms by themselves are looked up faster than a set of them.
        numbers = [
            (Occur.Should, Query.term_query(self._schema, "row", int(row), index_option="basic")) for row in rows
        ]
        among = Query.const_score_query(Query.boolean_query(numbers), 0.0)
        asked = Query.boolean_query([(Occur.Must, among), (Occur.Must, self._asked(field, text))])
        return dict(self._run(asked, len(rows)))

    def idf(self, field: str, term: str) -> float:
        """The inverse document frequency of a term over passages, at least 0 (BM25; Robertson & Zaragoza 2009)."""
        return self._known_idf(field, term)

    def _exact_idf(self, field: str, term: str) -> float:
        with damaged(self._name, ValueError):
            if self._held == len(self):
                return _idf(len(self), int(self._searcher.doc_freq(field, term)))
            query = Query.term_query(self._schema, field, term, index_option="freq")
            found: int = self._searcher.search(query, limit=1, count=True).count  # type: ignore[attr-defined]
            return _idf(len(self), found)

    def _any_term(self, field: Field, text: str) -> Query:
        with damaged(self._name, ValueError):
            return Query.boolean_query([(Occur.Should, self._term(field, term)) for term in self._telling(field, text)])

    def _telling(self, field: Field, text: str) -> list[str]:
        """The terms of a question without those that stand in too many passages; the rarest ones if all do."""
        asked, count = terms(field, text), len(self)
        share = (_COMMON_IN_MANY if count > _MANY else _COMMON)[field]
        lowest = _idf(count, max(_FEW, int(share * count)))
        return [term for term in asked if self.idf(field, term) >= lowest] or sorted(
            asked, key=lambda term: -self.idf(field, term)
        )[:_RAREST]

    def _telling_words(self, text: str) -> list[str]:
        """The words to look for: without those that stand nearly everywhere, unless there are no others."""
        asked = list(dict.fromkeys(plain_terms(text)))[:MAX_TERMS]
        telling = set(self._telling("stems", text))
        return [word for word in asked if stem(word) in telling] or asked

    def _part(self, word: str) -> Query:
        """Rows with a word of this stem, or with one that holds all 4-grams of the word however it is spelt."""
        ways = [self._term("stems", stem(spelt)) for spelt in spellings(word)]
        for letters in dict.fromkeys(map(word_grams, spellings(word))):
            ways.append(
                Query.boolean_query([(Occur.Must, self._term("grams", gram)) for gram in dict.fromkeys(letters)])
            )
            if len(letters) == 1 and len(letters[0]) == GRAM_LENGTH - 1:  # as the beginning of a gram, so of a part
                ways.append(Query.regex_query(self._schema, "grams", f"{letters[0]}."))
        return Query.boolean_query([(Occur.Should, way) for way in ways])

    def _term(self, field: Field, term: str) -> Query:
        """One term. Tantivy takes deleted documents into its idf; the boost puts the exact one in its place."""
        query = Query.term_query(self._schema, field, term, index_option="freq")
        if self._held == len(self):
            return query
        theirs = _idf(self._held, int(self._searcher.doc_freq(field, term)))
        return Query.boost_query(query, self.idf(field, term) / theirs)

    def _filters(self, filters: Filters) -> list[Query]:
        conditions: list[Query] = []
        if filters.since or filters.until:
            low = _day_number(filters.since or date.min)
            high = _day_number(filters.until or date.max)
            period = Query.range_query(self._schema, "published", tantivy.FieldType.Integer, low, high)
            conditions.append(Query.const_score_query(period, 0.0))
        if filters.sources:
            outlets = Query.term_set_query(self._schema, "source", list(filters.sources))
            conditions.append(Query.const_score_query(outlets, 0.0))
        return conditions

    def _run(self, query: Query, limit: int) -> list[tuple[int, float]]:
        with damaged(self._name, ValueError):
            hits = self._searcher.search(query, limit=limit, count=False).hits
            rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return [(int(row or 0), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]


class LexicalWriter:
    """Write access for one build. ``commit`` ends it; without it nothing is kept. All of it raises IndexUnwritable."""

    def __init__(self, folder: Path) -> None:
        self._name = f"The word index {folder}"
        with unwritable(self._name, OSError, ValueError):
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(_schema(), path=str(folder), reuse=True)
            self._writer = self._index.writer(heap_size=_WRITER_MEMORY, num_threads=1)

    def add(self, row: int, text: str, published: date | None, source: str | None) -> None:
        document = tantivy.Document()
        document.add_unsigned("row", row)
        document.add_text("stems", " ".join(stems(text)))
        document.add_text("grams", " ".join(grams(text)))
        if published:
            document.add_integer("published", _day_number(published))
        if source:
            document.add_text("source", source)
        with unwritable(self._name, ValueError):
            self._writer.add_document(document)

    def remove(self, rows: Sequence[int]) -> None:
        if rows:  # deletion by term takes a Python int for a signed one and would match nothing
            with unwritable(self._name, ValueError):
                self._writer.delete_documents_by_query(Query.term_set_query(self._index.schema, "row", list(rows)))

    def commit(self) -> None:
        with unwritable(self._name, ValueError):
            self._writer.commit()
            self._writer.garbage_collect_files()
            self._writer.wait_merging_threads()


def copy(old: Path, new: Path) -> None:
    """A copy to write into. Segments never change, so a second name for each will do where the disk can give one."""
    new.mkdir()
    for path in old.iterdir():
        if path.name.endswith(".lock"):
            continue
        try:
            if path.suffix == ".json":  # the lists of segments
                raise OSError("to be written")
            os.link(path, new / path.name)
        except OSError:
            shutil.copyfile(path, new / path.name)


def documents(folder: Path) -> tuple[int, int]:
    """How many documents the files of an index hold, and how many of them are deleted; tantivy offers no count."""
    segments = json.loads((folder / _META).read_text("utf-8"))["segments"]
    deleted = sum(segment["deletes"]["num_deleted_docs"] for segment in segments if segment["deletes"])
    return sum(segment["max_doc"] for segment in segments), deleted


def _open(folder: Path) -> tantivy.Index:
    """Opens an index. Tantivy wants to lock its folder; where that may not be written, a folder of links stands in."""
    try:
        return tantivy.Index.open(str(folder))
    except ValueError:
        if os.access(folder, os.W_OK, effective_ids=True):
            raise
    with TemporaryDirectory() as links:
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (Path(links) / path.name).symlink_to(path.absolute())
        index = tantivy.Index.open(links)
        index.searcher()
        return index


def _idf(count: int, containing: int) -> float:
    return log1p((count - containing + 0.5) / (containing + 0.5))


def _day_number(day: date) -> int:
    return day.toordinal()
