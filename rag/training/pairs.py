"""The training files → (query, passage) pairs, each kind of pair a stream of its own.

The files are gzipped JSON lines (benchmarks' texts are in none of them). This module knows nothing of models.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DatasetError
from rag.german import sentences

Pair = tuple[str, str]
MAX_PASSAGE_CHARACTERS = 1600


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of pair. ``weight`` multiplies its size in the mix."""

    name: str
    pairs: Sequence[Pair]
    weight: float


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a gzipped JSON-lines file. Raises DatasetError if it is missing or broken."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError, EOFError, zlib.error, RecursionError) as error:  # cut off, corrupt, nested too deep
        raise DatasetError(f"Training file {path} cannot be read ({error}); pass its folder with --data.") from error


def inverse_cloze(text: str, rng: random.Random, minimum_words: int = 5) -> Pair | None:
    """One sentence of a paragraph as the query, the rest as the passage (Lee et al. 2019, ORQA)."""
    spans = sentences(text)
    candidates = [i for i, (start, end) in enumerate(spans) if len(text[start:end].split()) >= minimum_words]
    if len(spans) < 3 or not candidates:
        return None
    chosen = rng.choice(candidates)
    rest = " ".join(text[start:end] for i, (start, end) in enumerate(spans) if i != chosen)
    return text[slice(*spans[chosen])], rest[:MAX_PASSAGE_CHARACTERS]


def paragraphs(text: str, minimum_words: int = 30) -> list[str]:
    """The paragraphs of an encyclopaedia text (one sentence a line, a blank line between paragraphs)."""
    blocks = (" ".join(block.split("\n")) for block in text.split("\n\n"))
    return [block for block in blocks if len(block.split()) >= minimum_words]


def load_streams(data: Path, rng: random.Random) -> list[Stream]:
    """All streams of pairs in ``data``, by the recipe that ``benchmarks/LOG.md`` measured."""

    def questions(name: str) -> list[Pair]:
        return [(r["query"], r["positive"][:MAX_PASSAGE_CHARACTERS]) for r in read_jsonl(data / f"{name}.jsonl.gz")]

    wikipedia = {r["title"]: r["text"] for r in read_jsonl(data / "klexikon-wikipedia.jsonl.gz")}
    children = {r["title"]: r["text"] for r in read_jsonl(data / "klexikon-children.jsonl.gz")}
    speeches = [r["text"] for r in read_jsonl(data / "bundestag-speeches.jsonl.gz")]
    proceedings = list(read_jsonl(data / "bundestag-proceedings.jsonl.gz"))
    parallel = [(r["en"], r["de"]) for r in read_jsonl(data / "parallel-de-en.jsonl.gz")]
    cloze_texts = [block for text in wikipedia.values() for block in paragraphs(text)]
    return [
        Stream("wikidpr-questions", questions("wikidpr-questions"), 4.0),
        Stream("wikidpr-imperatives", questions("wikidpr-imperatives"), 1.0),
        Stream("klexikon", list(_simple_to_full(children, wikipedia)), 1.0),
        Stream("cloze-wikipedia", _cloze(cloze_texts, rng), 1.0),
        Stream("cloze-speeches", _cloze(speeches, rng), 1.0),
        Stream("proceedings", [(r["title"], r["text"]) for r in proceedings if r["title"] and r["text"]], 0.5),
        Stream("parallel", parallel, 1.0),
    ]


def _simple_to_full(children: dict[str, str], wikipedia: dict[str, str]) -> Iterator[Pair]:
    """Each paragraph in simple German with the start of the encyclopaedia's article on the same topic."""
    for title, text in children.items():
        full = " ".join(wikipedia.get(title, "").split())[:MAX_PASSAGE_CHARACTERS]
        if full:
            yield from ((" ".join(block.split()), full) for block in text.split("\n\n") if block.strip())


def _cloze(texts: Sequence[str], rng: random.Random) -> list[Pair]:
    return [pair for text in texts if (pair := inverse_cloze(text, rng))]


def mixed(streams: Sequence[Stream], rng: random.Random) -> list[Pair]:
    """One shuffled epoch: every stream repeated or thinned to ``weight`` times its size."""
    epoch: list[Pair] = []
    for stream in streams:
        whole, part = divmod(stream.weight, 1.0)
        epoch += list(stream.pairs) * int(whole)
        epoch += rng.sample(list(stream.pairs), int(part * len(stream.pairs)))
    rng.shuffle(epoch)
    return epoch
