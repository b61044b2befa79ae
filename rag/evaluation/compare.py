"""``eval compare``: two results on the same questions → differences, their intervals and whether chance explains them.

Knows values by question and measure, not how they were measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import DatasetError

ROUNDS = 10_000
SEED = 7
_BLOCK = 500  # rounds at once, so that memory stays small
PerQuery = Mapping[str, Mapping[str, float]]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Results:
    """What a results file says of each question; ``digest`` is that of the dataset."""

    name: str
    digest: str
    per_query: PerQuery


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of two results: their means, the 95 % interval of the second less the first, and its p."""

    measure: str
    questions: int
    first: float
    second: float
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        return self.second - self.first

    def __str__(self) -> str:
        sign = "*" if self.p < 0.05 else " "
        return (
            f"{self.measure:26} {self.first:.4f} → {self.second:.4f}  {self.difference:+.4f} "
            f"[{self.low:+.4f}, {self.high:+.4f}]  p={self.p:.4f}{sign} ({self.questions})"
        )


def read_results(path: Path) -> Results:
    """A results file of ``eval retrieval`` or ``eval answers``. Raises DatasetError."""
    try:
        found = json.loads(path.read_text("utf-8"))
        rows = {str(q): _numbers(row) for q, row in found["per_query"].items()}
        return Results(path.stem, str(found["dataset"]["digest"]), rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DatasetError(f"{path} is no results file ({error}); write one with `eval … --json FILE`.") from error


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if isinstance(value, bool | int | float)}


def compare(first: Results, second: Results) -> list[Comparison]:
    """Each measure that both have. Raises DatasetError if they were not measured on the same questions."""
    if first.digest != second.digest:
        raise DatasetError(
            f"{first.name} and {second.name} were measured on different data; measure one of them again."
        )
    if set(first.per_query) != set(second.per_query):
        raise DatasetError(f"{first.name} and {second.name} hold different questions; measure one of them again.")
    pairs: dict[str, list[tuple[float, float]]] = {}
    for query_id, row in first.per_query.items():
        for name, value in row.items():
            if name in second.per_query[query_id]:
                pairs.setdefault(name, []).append((value, second.per_query[query_id][name]))
    return [_compared(name, np.array(values)) for name, values in pairs.items()]


def _compared(name: str, values: Values) -> Comparison:
    difference = values[:, 1] - values[:, 0]
    low, high = interval(difference)
    means = values.mean(axis=0)
    return Comparison(name, len(values), float(means[0]), float(means[1]), low, high, randomisation(difference))


def interval(values: Sequence[float] | Values, rounds: int = ROUNDS) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a mean (Efron 1979; Sakai 2006 for retrieval)."""
    own = np.asarray(values, dtype=np.float64)
    if not len(own):
        return (float("nan"), float("nan"))
    random = np.random.default_rng(SEED)
    blocks = [own[random.integers(len(own), size=(_BLOCK, len(own)))].mean(axis=1) for _ in range(rounds // _BLOCK)]
    low, high = np.quantile(np.concatenate(blocks), [0.025, 0.975])
    return float(low), float(high)


def randomisation(difference: Sequence[float] | Values) -> float:
    """The two-sided p of paired differences by Fisher's randomisation test (Smucker, Allan & Carterette 2007).

    If the two did not differ, each difference might as well have the other sign. Up to twelve that are not zero, all
    signs are tried and the p is exact; beyond, 10,000 random ones.
    """
    own = np.asarray(difference, dtype=np.float64)
    own = own[own != 0]
    seen = abs(own.sum()) - 1e-12
    if 2 ** len(own) <= ROUNDS and len(own) <= 12:
        signs = 1 - 2 * ((np.arange(2 ** len(own))[:, np.newaxis] >> np.arange(len(own))) & 1)
        return float((np.abs(signs @ own) >= seen).mean())
    random = np.random.default_rng(SEED)
    as_large = 0
    for _ in range(ROUNDS // _BLOCK):
        signs = random.integers(2, size=(_BLOCK, len(own)), dtype=np.int8) * 2 - 1
        as_large += int((np.abs(signs @ own) >= seen).sum())
    return (as_large + 1) / (ROUNDS + 1)
