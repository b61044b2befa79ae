"""What a test sees of an index: its passages, its articles, a ranking."""

from __future__ import annotations

import json
from pathlib import Path

from rag.encoder import StaticEncoder
from rag.index.reader import Index, open_index
from rag.search import HybridSearch
from rag.types import Query


def contents(index: Index) -> set[tuple[str, str]]:
    """Every passage of an index by id and text, as all three parts know it."""
    rows = index.store.passage_rows()
    assert rows == index.dense.rows()
    found = index.store.passages(rows)
    assert len(index.lexical) == len(rows)
    return {(passage.passage_id, passage.text) for _, passage in found.values()}


def ranking(index: Index, encoder: StaticEncoder, question: str) -> list[str]:
    return [r.passage_id for r in HybridSearch(index, encoder).rank(Query(question, question))]


def json_lines(path: Path, *names: str) -> str:
    text = "".join(json.dumps({"_id": name, "text": f"Die Meldung {name} aus Neuwied."}) + "\n" for name in names)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return text


def ids(index: Path) -> set[str]:
    return {article.article_id for article in open_index(index).store.newest(99)}
