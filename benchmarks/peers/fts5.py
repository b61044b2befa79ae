"""SQLite's own full-text search."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from benchmarks.peers.peer import DEPTH, Ranking, Texts


class Fts5:
    """Stock folds accents; best cuts words into trigrams."""

    kept_seconds = 0.0

    def __init__(self, tokenizer: str = "unicode61 remove_diacritics 2") -> None:
        self._tokenizer = tokenizer

    def build(self, texts: Texts, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "fts5.db")
        self._db.execute(f"CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, text, tokenize='{self._tokenizer}')")
        self._db.executemany("INSERT INTO t VALUES (?, ?)", texts.items())
        self._db.execute("INSERT INTO t(t) VALUES ('optimize')")
        self._db.commit()

    def search(self, question: str) -> Ranking:
        words = "".join(c if c.isalnum() else " " for c in question).split()
        if self._tokenizer == "trigram":
            words = list(dict.fromkeys(w[i : i + 3].lower() for w in words for i in range(max(1, len(w) - 2))))
            words = [w for w in words if len(w) == 3]
        asked = " OR ".join(f'"{word}"' for word in words)
        sql = "SELECT id, -rank FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?"
        return [(name, float(points)) for name, points in self._db.execute(sql, (asked, DEPTH))]
