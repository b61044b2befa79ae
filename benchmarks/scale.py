"""Passages by the thousand, to measure how the search grows: recombined from the free texts of the training data.

    python benchmarks/scale.py --data ../shared/training --passages 100000 --out ~/p100k.jsonl
    python -m rag build --corpus ~/p100k.jsonl --index ~/p100k
    python -m rag eval speed ../shared/benchmarks/gnad-qa --index ~/p100k

Each article is one passage of about 220 words: three runs of neighbouring words from texts chosen by their length, so
that words are as frequent as in the texts themselves. The same number and seed give the same file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

SOURCES = ("bundestag-speeches", "klexikon-wikipedia", "klexikon-children", "bundestag-proceedings")
RUNS, RUN_WORDS = 3, 73
SHORTEST = 40  # words; a shorter text gives no run


def texts(data: Path) -> Iterator[list[str]]:
    """The words of every text that is long enough."""
    for name in SOURCES:
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                words = json.loads(line)["text"].split()
                if len(words) >= SHORTEST:
                    yield words


def make(data: Path, out: Path, count: int, seed: int = 7) -> None:
    """Writes ``count`` articles as JSON, one a line."""
    chance, stock = random.Random(seed), list(texts(data))
    shares = list(accumulate(map(len, stock)))
    with out.open("w", encoding="utf-8") as file:
        for number in range(count):
            runs = []
            for words in chance.choices(stock, cum_weights=shares, k=RUNS):
                start = chance.randrange(max(1, len(words) - RUN_WORDS))
                runs.append(" ".join(words[start : start + RUN_WORDS]))
            article = {"_id": f"s{number}", "title": "", "text": ". ".join(runs)}
            file.write(json.dumps(article, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes a corpus of so many passages.")
    parser.add_argument("--data", type=Path, default=Path("../shared/training"))
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    make(options.data, options.out, options.passages)


if __name__ == "__main__":
    main()
