"""English–German sentence pairs → a word lexicon, by IBM Model 1 (Brown et al. 1993).

Each German word of a pair is taken to translate one English word of it; expectation maximisation finds which.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.german import words
from rag.training.pairs import Pair, read_jsonl
from rag.translate import LEXICON


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the lexicon."""

    rounds: int = 8
    seen: int = 2  # times that an English word must occur
    sure: float = 0.12  # probability from which a German word counts as its translation
    translations: int = 2
    longest: int = 900  # English times German words of a pair; longer ones align at random


def train_lexicon(data: Path, out: Path, recipe: Recipe = Recipe()) -> int:
    """Learns from ``parallel-de-en`` in ``data``, saves under ``out``; gives the number of English words."""
    pairs = [(record["en"], record["de"]) for record in read_jsonl(data / "parallel-de-en.jsonl.gz")]
    lexicon = align(pairs, recipe)
    out.mkdir(parents=True, exist_ok=True)
    (out / LEXICON).write_text(json.dumps(lexicon, ensure_ascii=False, indent=0, sort_keys=True) + "\n", "utf-8")
    return len(lexicon)


def align(pairs: Sequence[Pair], recipe: Recipe) -> dict[str, list[str]]:
    """English word → its likeliest German words, from (English, German) sentence pairs."""
    tokens = [(_distinct(source), _distinct(target)) for source, target in pairs]
    tokens = [(source, target) for source, target in tokens if 0 < len(source) * len(target) <= recipe.longest]
    seen = Counter(word for source, _ in tokens for word in source)
    english = {word: i for i, word in enumerate(seen)}
    german = {word: i for i, word in enumerate(dict.fromkeys(word for _, target in tokens for word in target))}
    # One entry for each possible link: English word × German word, and the place of the German word.
    links: list[int] = []
    places: list[int] = []
    place = 0
    for source, target in tokens:
        own = [english[word] * len(german) for word in source]
        for word in target:
            links += [start + german[word] for start in own]
            places += [place] * len(own)
            place += 1
    if not links:
        return {}
    kinds, link = np.unique(np.array(links, dtype=np.int64), return_inverse=True)
    source_of, at = kinds // len(german), np.array(places)
    probability = np.ones(len(kinds))
    for _ in range(recipe.rounds):
        expected = probability[link]
        expected /= np.bincount(at, expected)[at]
        count = np.bincount(link, expected, minlength=len(kinds))
        probability = count / np.bincount(source_of, count, minlength=len(english))[source_of]
    names, translations = list(english), list(german)
    lexicon: dict[str, list[str]] = {}
    for i in np.lexsort((-probability, source_of)):
        word = names[source_of[i]]
        if probability[i] >= recipe.sure and seen[word] >= recipe.seen:
            known = lexicon.setdefault(word, [])
            if len(known) < recipe.translations:
                known.append(translations[kinds[i] % len(german)])
    return lexicon


def _distinct(text: str) -> list[str]:
    return list(dict.fromkeys(map(str.lower, words(text))))
