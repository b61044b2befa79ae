"""``eval attribution``: an excerpt of every article in → does the search name the article it was taken from?

The test of the Tow Center for Digital Journalism (Columbia Journalism Review, March 2025), made automatic: there,
systems that answer from the web named more than 60 % of the articles wrongly. What is expected comes from the corpus as
it is read now, not from the index that answers.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DatasetError
from rag.evaluation.compare import interval
from rag.evaluation.datasets import read_articles
from rag.evaluation.provenance import provenance
from rag.evaluation.retrieval import cached_index
from rag.german import sentences
from rag.question import MAX_QUESTION, understand
from rag.search import searcher
from rag.types import Article, Encoder

FACTS = ("title", "source", "published", "url")
_FEWEST = 8  # words of a sentence that can be told from others


@dataclass(frozen=True, slots=True)
class Attribution:
    """What was said of one excerpt: the article named (``None`` if none was), and which of its facts are right."""

    article_id: str
    excerpt: str
    named: str | None
    right: Mapping[str, bool]

    @property
    def fully_right(self) -> bool:
        return all(self.right.values())


def excerpt(article: Article, length: int) -> str | None:
    """``length`` sentences in a row from a place that the article's id decides; ``None`` if it has no long sentence."""
    spans = [(s, e) for s, e in sentences(article.text) if len(article.text[s:e].split()) >= _FEWEST]
    if not spans:
        return None
    chance = random.Random(hashlib.sha256(article.article_id.encode()).digest())
    first = chance.randrange(max(1, len(spans) - length + 1))
    start, end = spans[first][0], spans[min(first + length, len(spans)) - 1][1]
    return " ".join(article.text[start : min(end, start + MAX_QUESTION)].split())


def forgotten(text: str, share: float) -> str:
    """The text with so large a share of its words left out, always the same ones: as somebody remembers it."""
    chance = random.Random(hashlib.sha256(text.encode()).digest())
    kept = [word for word in text.split() if chance.random() >= share]
    return " ".join(kept) or text


def evaluate(corpus: Path, encoder: Encoder, length: int = 2, forget: float = 0.0) -> list[Attribution]:
    """Asks for every article of a corpus that has a sentence to be known by. Raises DatasetError if none has.

    ``forget`` leaves out that share of each excerpt's words.
    """
    index = cached_index(corpus, encoder)
    search = searcher(index, encoder)
    found = []
    for article_id, article in read_articles(corpus).items():
        text = excerpt(article, length)
        if text is None:
            continue
        text = forgotten(text, forget)
        hits = search(understand(text), passages=1, articles=1)
        named = hits[0].article if hits else None
        right = {name: named is not None and getattr(named, name) == getattr(article, name) for name in FACTS}
        right["article"] = named is not None and named.article_id == article_id
        found.append(Attribution(article_id, text, named.article_id if named else None, right))
    if not found:
        raise DatasetError(f"{corpus} holds no article with a sentence of {_FEWEST} words; name another --corpus.")
    return found


def measures(found: list[Attribution]) -> dict[str, float]:
    """Shares of all excerpts: fully right, each fact right, and nothing named."""
    shares = {"fully_right": sum(a.fully_right for a in found) / len(found)}
    for name in ("article", *FACTS):
        shares[f"{name}_right"] = sum(a.right[name] for a in found) / len(found)
    shares["nothing_named"] = sum(a.named is None for a in found) / len(found)
    return {name: round(share, 4) for name, share in shares.items()}


def result_json(corpus: Path, encoder: Encoder, found: list[Attribution]) -> dict[str, Any]:
    """The results file of the command contract."""
    index = cached_index(corpus, encoder)
    low, high = interval([float(a.fully_right) for a in found], rounds=2_000)
    return {
        "measures": measures(found),
        "intervals": {"fully_right": (round(low, 4), round(high, 4))},
        "per_query": {a.article_id: {"fully_right": a.fully_right, "named": a.named} for a in found},
        "dataset": {"name": name_of(corpus), "digest": index.manifest.corpus_digest, "queries": len(found)},
        "method": "attribution",
        **provenance(index),
    }


def name_of(corpus: Path) -> str:
    """The folder's name, or for a file that of the folder it lies in."""
    place = corpus.resolve()
    return place.name if place.is_dir() else place.parent.name


def lines(corpus: Path, found: list[Attribution]) -> Iterator[str]:
    """The figures for the terminal, and the first that went wrong."""
    yield f"{name_of(corpus)}: {len(found)} excerpts"
    yield from (f"  {name:20} {share:.4f}" for name, share in measures(found).items())
    wrong = [a for a in found if not a.fully_right]
    yield from (f"  wrong: {a.named} for {a.article_id}: {a.excerpt[:80]!r}" for a in wrong[:5])
