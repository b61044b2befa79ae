"""``remove`` and ``restore``: articles out of every answer at once, and back.

The corpus's list, which lasts, is written first, then the readers' one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.corpus import withdrawn as of_corpus
from rag.corpus.read import Record, scan
from rag.errors import IndexDamaged, IndexMissing, NotFound
from rag.index import withdrawn
from rag.index.reader import open_index


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What ``remove`` or ``restore`` did: the articles whose state changed, and those that were so already.

    ``waiting`` are those that were restored, but that the index holds only after the next build.
    """

    done: tuple[str, ...]
    already: tuple[str, ...]
    waiting: tuple[str, ...] = ()


def remove(corpus: Path, index: Path, article_ids: Sequence[str]) -> Withdrawal:
    """Withdraws articles: the next question does not see them, the next build drops them, their files stay.

    Raises NotFound if one of them is unknown, CorpusError or IndexUnwritable if a list cannot be written.
    """
    with of_corpus.held(corpus):
        before = of_corpus.withdrawn(corpus)
        _require_known([name for name in article_ids if name not in before], corpus, index)
        _write(corpus, index, before.union(article_ids))
    return _told(article_ids, [name for name in article_ids if name not in before])


def restore(corpus: Path, index: Path, article_ids: Sequence[str]) -> Withdrawal:
    """Takes articles back: seen at once if the index still holds them, else after the next build."""
    with of_corpus.held(corpus):
        before = of_corpus.withdrawn(corpus)
        if unknown := [name for name in article_ids if name not in before]:
            _require_known(unknown, corpus, index)
        _write(corpus, index, before.difference(article_ids))
    known = _indexed(index)
    done = [name for name in article_ids if name in before]
    return _told(article_ids, done, [name for name in done if name not in known])


def _told(asked: Sequence[str], done: Sequence[str], waiting: Sequence[str] = ()) -> Withdrawal:
    already = [name for name in dict.fromkeys(asked) if name not in done]
    return Withdrawal(tuple(dict.fromkeys(done)), tuple(already), tuple(dict.fromkeys(waiting)))


def _write(corpus: Path, index: Path, article_ids: frozenset[str]) -> None:
    of_corpus.write(corpus, article_ids)
    if index.is_dir():
        withdrawn.write(index, article_ids)


def _require_known(article_ids: Sequence[str], corpus: Path, index: Path) -> None:
    missing = set(article_ids) - _indexed(index)
    if missing:
        missing -= {record.article_id for record in scan(corpus) if isinstance(record, Record)}
    if missing:
        raise NotFound(
            f"There is no article {min(missing)!r}; `python -m rag search` shows the ids. Nothing was changed."
        )


def _indexed(index: Path) -> frozenset[str]:
    try:
        return frozenset(open_index(index).store.known())
    except IndexMissing:
        return frozenset()


def carry_over(corpus: Path, index: Path) -> None:
    """Brings the readers' list to what the corpus says."""
    with of_corpus.held(corpus):
        article_ids = of_corpus.withdrawn(corpus)
        try:
            is_up_to_date = withdrawn.read(index) == article_ids
        except IndexDamaged:
            is_up_to_date = False
        if not is_up_to_date:
            withdrawn.write(index, article_ids)
