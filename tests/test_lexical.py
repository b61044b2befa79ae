"""The word index searches for what tells passages apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.index.lexical import LexicalIndex, LexicalWriter


@pytest.fixture(scope="module")
def ferries(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    """A thousand short texts about a ferry; every other one has a number of its own."""
    folder: Path = tmp_path_factory.mktemp("ferries") / "lexical"
    writer = LexicalWriter(folder)
    for row in range(1, 1_001):
        writer.add(row, "Die Fähre fährt." if row % 2 else f"Der Wolf fährt mit der Fähre, Nummer {row}.", None, None)
    writer.commit()
    return LexicalIndex(folder)


def test_words_that_stand_everywhere_are_left_out(ferries: LexicalIndex) -> None:
    found = dict(ferries.search("stems", "Fähre 500", 1_000))
    assert list(found) == [500]
    assert ferries.scores("stems", "die Fähre 500", [1, 2, 500]) == pytest.approx(found)


@pytest.mark.parametrize("field", ["stems", "grams"])
def test_they_are_searched_for_where_there_are_no_others(ferries: LexicalIndex, field: str) -> None:
    assert len(ferries.search(field, "Die Fähre fährt", 2_000)) == 1_000  # type: ignore[arg-type]


def test_no_rows_no_scores(ferries: LexicalIndex) -> None:
    assert ferries.scores("stems", "Fähre", []) == {}
