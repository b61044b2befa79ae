"""How well the search of the archive page finds parts of words, and what a page of a large archive costs.

    python benchmarks/archive_search.py INDEX --json benchmarks/results/archive-search.json

Words of titles are asked for as readers type them: their first letters, their last ones, without umlauts. Found counts
how many of the articles with such a title come; right, how many of those that come hold the letters in one piece, or a
word of the same stem. Before is the search of whole words by their stems alone. ``growth.py make`` makes archives.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rag.evaluation.provenance import provenance
from rag.german import fold, stem, stems, words
from rag.index.reader import Index, open_index
from rag.index.store import Listed, Store
from rag.types import Filters
from rag.ui.holdings import first, histogram, holdings

ASKED = 100  # words of each kind
SHORTEST = 9  # letters of a word that has parts
PART = 5  # letters
TYPED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
UMLAUTS = "äöüÄÖÜ"
SHOWN = 20
LOOKED_AT = 3  # articles of each search

Kind = Callable[[str], str | None]
KINDS: dict[str, Kind] = {
    "first letters": lambda word: word[: max(PART, len(word) // 2)] if len(word) >= SHORTEST else None,
    "last letters": lambda word: word[-max(PART, len(word) // 2) :] if len(word) >= SHORTEST else None,
    "without umlauts": lambda word: word.translate(TYPED) if set(word) & set(UMLAUTS) and len(word) > PART else None,
    "as they stand": lambda word: word if len(word) > PART else None,
}


def stems_alone(index: Index, asked: str) -> set[str]:
    """The search as it was: passages with a word of the same stem."""
    return set(index.store.article_ids([row for row, _ in index.lexical.search("stems", asked, len(index.lexical))]))


def by_word(titles: Sequence[Listed]) -> dict[str, set[str]]:
    """Word → the articles in whose title it stands."""
    found: dict[str, set[str]] = {}
    for article in titles:
        for word in filter(str.isalpha, words(article.title)):
            found.setdefault(word, set()).add(article.article_id)
    return found


def finds(index: Index, holders: dict[str, set[str]], kind: Kind, chance: random.Random) -> dict[str, float]:
    """Shares of the articles found, and of those found that are right."""
    stock = sorted(word for word in holders if kind(word))
    chosen = chance.sample(stock, min(ASKED, len(stock)))
    now, before, right = [], [], []
    for word in chosen:
        asked = kind(word) or ""
        wanted = holders[word]
        found = set(holdings(index, asked, Filters()).ids or ())
        now.append(len(found & wanted) / len(wanted))
        before.append(len(stems_alone(index, asked) & wanted) / len(wanted))
        some = chance.sample(sorted(found), min(LOOKED_AT, len(found)))
        right += [_holds(_whole(index, name), word if kind is KINDS["without umlauts"] else asked) for name in some]
    return {
        "asked": len(chosen),
        "found": round(statistics.mean(now), 3),
        "found_before": round(statistics.mean(before), 3),
        "right": round(statistics.mean(right), 3) if right else 0.0,
    }


def _holds(text: str, asked: str) -> bool:
    """Whether a text has the letters in one piece, or a word of the same stem."""
    return fold(asked) in fold(text) or stem(asked) in stems(text)


def _whole(index: Index, article_id: str) -> str:
    article = index.store.article(article_id)
    return f"{article.title} {article.text}"


def page_costs(index: Index) -> dict[str, dict[str, float]]:
    """Processor milliseconds and rows of the store, of the page's list without words and with a common one."""
    rows = [0]
    read = Store._rows

    def counted(self: Store, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        found = read(self, sql, values)
        rows[0] += len(found)
        return found

    def cost(work: Callable[[], object]) -> dict[str, float]:
        work()
        rows[0], began = 0, time.process_time()
        work()
        return {"ms": round((time.process_time() - began) * 1000, 1), "rows": rows[0]}

    Store._rows = counted  # type: ignore[method-assign, assignment]
    try:
        held = {words: holdings(index, words, Filters()) for words in ("", "Regierung", "Polizei Wien")}
        costs = {"all articles loaded, as before": cost(lambda: index.store.listed())}
        for asked, found in held.items():
            name = f"words {asked!r}" if asked else "no words"
            costs[f"{name}, first drawing"] = cost(lambda asked=asked: holdings(index, asked, Filters()))
            costs[f"{name}, each further one"] = cost(
                lambda found=found: (histogram(found.months), first(index, found, Filters(), SHOWN))
            )
    finally:
        Store._rows = read  # type: ignore[method-assign]
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    index, chance = open_index(options.index), random.Random(7)
    titles = index.store.listed()
    holders = by_word(titles)
    found = {
        **provenance(None),
        "articles": len(titles),
        "finds": {name: finds(index, holders, kind, chance) for name, kind in KINDS.items()},
        "page": page_costs(index),
    }
    options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps({name: found[name] for name in ("articles", "finds", "page")}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
