"""The quality gate: measured figures against the floors in ``benchmarks/floors.json``.

A floor is tied to its dataset by a digest: on other data it says nothing. Floors rise freely; lowering one takes an
explicit flag. Knows evaluations by name, not how they measure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rag.errors import BelegError, DatasetError
from rag.evaluation import answers, retrieval
from rag.evaluation.datasets import read_questions, read_retrieval_set
from rag.search import Method
from rag.settings import PROJECT
from rag.types import Encoder

SHIPPED = PROJECT / "benchmarks"
FLOORS = SHIPPED / "floors.json"
MARGIN = 0.003  # what another machine's rounding and a retraining by the same recipe may take away


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a measure may be. ``method`` is one of the search, or ``answers``; ``group`` is ``name=value``."""

    dataset: str
    queries: str
    method: str
    measure: str
    floor: float
    digest: str
    group: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.dataset, self.queries, self.method, self.group, self.measure)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """One floor with what was measured on which data; ``trouble`` is empty where the floor holds."""

    floor: Floor
    measured: float
    digest: str
    trouble: str


def read_floors(path: Path = FLOORS) -> list[Floor]:
    """All floors. Raises DatasetError if the file is missing or broken."""
    try:
        return [Floor(**values) for values in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise DatasetError(
            f"The floors {path} cannot be read ({error}); restore the file from the repository."
        ) from error


def write_floors(floors: Sequence[Floor], path: Path = FLOORS) -> None:
    path.write_text(json.dumps([asdict(floor) for floor in floors], indent=1) + "\n", "utf-8")


def of_datasets(floors: Sequence[Floor], names: Sequence[str] | None) -> list[Floor]:
    """The floors of some datasets, or all of them. Raises DatasetError for a dataset that has none."""
    known = {floor.dataset for floor in floors}
    for name in names or ():
        if name not in known:
            raise DatasetError(f"There is no floor for {name!r}; there are some for {', '.join(sorted(known))}.")
    return [floor for floor in floors if not names or floor.dataset in names]


def judge(floors: Sequence[Floor], benchmarks: Path, encoder: Encoder) -> list[Verdict]:
    """Measures every floor's figure anew, each evaluation once; datasets lie in ``benchmarks`` or come with Beleg.

    Raises DatasetError for one that is in neither.
    """
    known: dict[tuple[str, str, str], tuple[str, dict[str, float]]] = {}
    verdicts = []
    for floor in floors:
        key = (floor.dataset, floor.queries, floor.method)
        if key not in known:
            known[key] = _measured(_folder(floor.dataset, benchmarks), floor.queries, floor.method, encoder)
        digest, figures = known[key]
        measured = figures.get(f"{floor.group} {floor.measure}".strip(), 0.0)
        verdicts.append(Verdict(floor, measured, digest, _trouble(floor, digest, measured)))
    return verdicts


def _folder(dataset: str, benchmarks: Path) -> Path:
    for place in (benchmarks, SHIPPED):
        if (place / dataset).is_dir():
            return place / dataset
    raise DatasetError(
        f"There is no {dataset} in {benchmarks}; name the folder that holds it with --benchmarks, "
        "or with --datasets those that are to be measured."
    )


def _trouble(floor: Floor, digest: str, measured: float) -> str:
    if floor.digest != digest:
        return (
            f"{floor}: the data are not those that the floor was set on, so the two are not compared; "
            "set it anew with --update --lower."
        )
    if measured < floor.floor:
        return f"{floor}: {measured:.4f} is below the floor of {floor.floor:.4f}."
    return ""


def _measured(folder: Path, queries: str, method: str, encoder: Encoder) -> tuple[str, dict[str, float]]:
    """The digest of a dataset and its figures, those of groups with ``name=value`` before them."""
    if method == "answers":
        path = folder / queries
        index = retrieval.cached_index(folder / "corpus.jsonl", encoder)
        answered = answers.evaluate(read_questions(path), index, encoder)
        return answers.dataset_digest(path, index), _flat(answered.measures, answered.by)
    dataset = read_retrieval_set(folder, queries=queries)
    found = retrieval.evaluate(dataset, retrieval.cached_index(dataset.corpus, encoder), encoder, _method(method))
    return dataset.digest, _flat(found.measures, found.by)


def _method(name: str) -> Method:
    for method in ("hybrid", "lexical", "dense"):
        if name == method:
            return method
    raise DatasetError(f"There is no method {name!r}; the floors name hybrid, lexical, dense or answers.")


def _flat(measures: dict[str, float], by: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
    flat = dict(measures)
    for name, values in by.items():
        for value, row in values.items():
            flat |= {f"{name}={value} {measure}": figure for measure, figure in row.items()}
    return flat


def updated(verdicts: Sequence[Verdict], *, lower: bool) -> list[Floor]:
    """The floors at what was measured, less a margin. Raises BelegError if one would fall and ``lower`` is not set."""
    floors = []
    for verdict in verdicts:
        if verdict.trouble and not lower:
            raise BelegError(f"{verdict.trouble} To accept that, add --lower.")
        reached = round(verdict.measured - MARGIN, 4)
        floor = reached if verdict.trouble else max(reached, verdict.floor.floor)
        floors.append(replace(verdict.floor, floor=floor, digest=verdict.digest))
    return floors
