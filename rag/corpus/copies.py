"""Copies of an article: the same words in two places, whole or nearly so.

A text is its set of runs of five words. Two texts are copies if half of all their runs are common (resemblance; Broder
1997), or if one holds nearly all of the other's (containment): outlets shorten what an agency writes, or put a lead
above it. MinHash bands (datasketch) find the few pairs worth comparing among any number of texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rag.german import words

if TYPE_CHECKING:
    from datasketch import MinHash

RUN = 5  # words
RESEMBLANCE = 0.5
CONTAINMENT = 0.8
_SHORTEST = 30  # runs; of shorter texts only the very same are copies
BANDS, ROWS = 20, 3  # of 60 hashes: a pair of resemblance 0.5 is found with 0.93, one of 0.7 with 0.9998

Shingles = frozenset[int]


def shingles(text: str) -> Shingles:
    """The runs of five words of a text as numbers of 32 bits; a shorter text is one run."""
    said = words(text.lower())
    starts = range(max(1, len(said) - RUN + 1))
    runs = (" ".join(said[start : start + RUN]) for start in starts)
    return frozenset(int.from_bytes(hashlib.blake2b(run.encode(), digest_size=4).digest(), "little") for run in runs)


def resemblance(one: Set[int], other: Set[int]) -> float:
    """The share of common runs among all runs of both, 0 to 1 (Jaccard)."""
    return len(one & other) / len(one | other)


def are_copies(one: Set[int], other: Set[int]) -> bool:
    """Whether one text is the other's copy, shortened or with a few words changed."""
    if min(len(one), len(other)) < _SHORTEST:
        return one == other
    common = len(one & other)
    return common >= RESEMBLANCE * len(one | other) or common >= CONTAINMENT * min(len(one), len(other))


def bands(runs: Shingles) -> list[int]:
    """The keys of a text, 63-bit numbers; copies share one of them with high probability, strangers none."""
    sketch = _blank().copy()
    sketch.update_batch(list(runs))
    values = np.asarray(sketch.hashvalues, dtype=np.uint64).reshape(BANDS, ROWS)
    return [_key(number, row.tobytes()) for number, row in enumerate(values)]


def _key(number: int, values: bytes) -> int:
    digest = hashlib.blake2b(values, digest_size=8, salt=number.to_bytes(2, "little")).digest()
    return int.from_bytes(digest, "little") >> 1  # SQLite's numbers have a sign


@lru_cache(maxsize=1)
def _blank() -> MinHash:
    """A sketch of nothing; its permutations take longer to draw than a text to sketch."""
    from datasketch import MinHash

    return MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=int, scheme="affine32")
