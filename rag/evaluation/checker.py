"""The test of the checker: sentences that a passage backs, and corruptions of them, against its verdicts.

A pair names its passage by article and offsets; words quoted in its sentence stand as ``{start:end}``, offsets too, so
that no text of the articles is in the file. What is measured is `rag.support.check` alone: no search, no model.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DatasetError
from rag.evaluation.datasets import read_articles
from rag.evaluation.intervals import wilson
from rag.evaluation.provenance import provenance
from rag.index.generations import file_digest
from rag.settings import PROJECT
from rag.support import check
from rag.types import Article, Language, Quote, Verdict

PAIRS = PROJECT / "benchmarks" / "checker" / "pairs.jsonl"
TRUE = "true"
HALVES = ("development", "held-out")
FACTS = ("number", "date", "name", "quote")
_PLACE = re.compile(r"\{(\d+):(\d+)\}")


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence with the passage it cites. ``origin`` is the true sentence it was made from, its own id if true."""

    pair_id: str
    article: Article
    passage: Quote
    text: str
    kind: str
    language: Language
    half: str

    @property
    def origin(self) -> str:
        return self.pair_id.split(".")[0]


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair with the verdict on it."""

    pair: Pair
    verdict: Verdict
    missing: str


def read_pairs(path: Path, corpora: Mapping[str, Path]) -> list[Pair]:
    """The pairs of a file; ``corpora`` says where each corpus lies. Raises DatasetError."""
    try:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        wanted = {record["corpus"] for record in records}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); name a file of pairs.") from error
    articles = {name: read_articles(corpora[name]) for name in sorted(wanted) if name in corpora}
    return [_pair(path, record, articles) for record in records]


def _pair(path: Path, record: Mapping[str, Any], articles: Mapping[str, Mapping[str, Article]]) -> Pair:
    try:
        article = articles[record["corpus"]][record["article_id"]]
        start, end = int(record["start"]), int(record["end"])
        text = _PLACE.sub(lambda place: article.text[int(place[1]) : int(place[2])], record["text"])
        passage = Quote(article.article_id, record["id"], start, end, article.text[start:end])
        return Pair(record["id"], article, passage, text, record["kind"], record["language"], record["half"])
    except (KeyError, ValueError, TypeError) as error:
        raise DatasetError(
            f"{path}: the pair {record.get('id')!r} fits no article ({type(error).__name__}: {error}); the corpora "
            "must be those that the file was made from."
        ) from error


def judge(pairs: Sequence[Pair]) -> list[Judged]:
    """The verdict on each pair."""
    found = []
    for pair in pairs:
        support = check(pair.text, [pair.passage], [pair.article], pair.language)
        found.append(Judged(pair, support.verdict, support.missing))
    return found


def measures(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """One row for the true sentences, one for each kind of corruption, one for all changed facts together.

    ``dropped`` is the share that is not shown, ``not_backed`` the share that is not shown as backed, each with its
    interval; ``precision`` of a kind is that of dropping: of the corruptions and the true sentences they were made
    from, how many of the dropped ones are corruptions.
    """
    rows = {TRUE: _row([j for j in judged if j.pair.kind == TRUE])}
    kinds = sorted({j.pair.kind for j in judged} - {TRUE})
    dropped = {j.pair.pair_id for j in judged if j.verdict == "nicht belegt"}
    for name, members in {**{kind: (kind,) for kind in kinds}, "facts": FACTS}.items():
        own = [j for j in judged if j.pair.kind in members]
        caught = sum(j.pair.pair_id in dropped for j in own)
        lost = sum(j.pair.origin in dropped for j in own)
        rows[name] = _row(own) | {"precision": _rounded(caught / (caught + lost) if caught + lost else None)}
    return rows


def _row(judged: Sequence[Judged]) -> dict[str, Any]:
    verdicts = Counter(j.verdict for j in judged)
    dropped, marked = verdicts["nicht belegt"], verdicts["teilweise"]
    return {
        "pairs": len(judged),
        "dropped": _share(dropped, len(judged)),
        "dropped_interval": _interval(dropped, len(judged)),
        "not_backed": _share(dropped + marked, len(judged)),
        "not_backed_interval": _interval(dropped + marked, len(judged)),
        "verdicts": dict(verdicts),
    }


def _interval(count: int, of: int) -> tuple[float, float]:
    low, high = wilson(count, of)
    return round(low, 4), round(high, 4)


def _share(count: int, of: int) -> float | None:
    return _rounded(count / of if of else None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def groups(judged: Sequence[Judged]) -> dict[str, dict[str, dict[str, Any]]]:
    """The measures of all pairs, of each half, and of each language."""
    chosen: dict[str, Callable[[Judged], bool]] = {"all": lambda j: True}
    chosen |= {half: lambda j, half=half: j.pair.half == half for half in HALVES}  # type: ignore[misc]
    languages = sorted({j.pair.language for j in judged})
    chosen |= {spoken: lambda j, spoken=spoken: j.pair.language == spoken for spoken in languages}  # type: ignore[misc]
    return {name: measures([j for j in judged if belongs(j)]) for name, belongs in chosen.items()}


def result_json(path: Path, judged: Sequence[Judged]) -> dict[str, Any]:
    """The results file: measures by group, and the verdict on each pair."""
    by_pair: dict[str, dict[str, str]] = defaultdict(dict)
    for j in judged:
        by_pair[j.pair.pair_id] = {"kind": j.pair.kind, "verdict": j.verdict, "missing": j.missing}
    return {
        "by": groups(judged),
        "per_pair": by_pair,
        "dataset": {"name": path.stem, "digest": file_digest(path), "pairs": len(judged)},
        **provenance(None),
    }


def lines(judged: Sequence[Judged]) -> list[str]:
    """The figures for the terminal."""
    shown = [f"{len(judged)} pairs; share dropped (95 % interval), and dropped or shown as partly backed"]
    for name, rows in groups(judged).items():
        shown.append(f"{name}:")
        for kind, row in rows.items():
            if row["pairs"]:
                low, high = row["dropped_interval"]
                precision = f"  precision {row['precision']:.3f}" if row.get("precision") is not None else ""
                shown.append(
                    f"  {kind:10} {row['pairs']:4}  dropped {row['dropped']:.3f} ({low:.3f}–{high:.3f})  "
                    f"not backed {row['not_backed']:.3f}{precision}"
                )
    return shown
