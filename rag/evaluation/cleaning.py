"""How well pages are cleaned: text and facts of golden pages against what a person says they hold.

A golden folder holds pages (``.html``, ``.html.gz``, ``.txt``), each beside a ``.json`` of its name: ``text`` as a list
of paragraphs and the facts that the page states, or ``refused`` with words of the reason. ``seeds.json`` tells by
hashes what two articles hold that may not be copied into the project.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.contract import article_json
from rag.corpus.fields import article_from
from rag.corpus.read import fields_of
from rag.errors import CorpusError, DatasetError
from rag.evaluation.provenance import provenance
from rag.german import words
from rag.index.generations import file_digest

FACTS = ("title", "author", "source", "published", "updated", "url", "section", "licence", "language")
SEEDS = "seeds.json"
_RUN = 4  # words


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found, what should have been, and what of it is right."""

    found: int = 0
    wanted: int = 0
    right: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.found + other.found, self.wanted + other.wanted, self.right + other.right)

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what should have been found that was; 1 where there is nothing to find."""
        return self.right / self.wanted if self.wanted else 1.0


@dataclass(frozen=True, slots=True)
class PageResult:
    """One page: counts of its text's runs of words and of each fact it was asked for; ``wrong`` says what differs."""

    name: str
    text: Counts
    facts: Mapping[str, Counts]
    refusal: Counts
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cleaning:
    """All pages, and the sums over them."""

    pages: tuple[PageResult, ...]

    @property
    def text(self) -> Counts:
        return sum((page.text for page in self.pages), Counts())

    @property
    def refusal(self) -> Counts:
        return sum((page.refusal for page in self.pages), Counts())

    def fact(self, name: str) -> Counts:
        return sum((page.facts.get(name, Counts()) for page in self.pages), Counts())


def evaluate(golden: Path, seeds: Path | None = None) -> Cleaning:
    """Cleans every golden page, and the seeds if their folder is there. Raises DatasetError if there is no page."""
    expectations = sorted(path for path in golden.glob("*.json") if path.name != SEEDS)
    if not expectations:
        raise DatasetError(f"{golden} holds no golden page; put pages there, each with a .json beside it.")
    pages = [_page(path) for path in expectations]
    if seeds and seeds.is_dir() and (golden / SEEDS).exists():
        pages += [_seed(expected, seeds) for expected in _json(golden / SEEDS)]
    return Cleaning(tuple(pages))


def _page(expectation: Path) -> PageResult:
    expected = _json(expectation)
    data, kind = _content(expectation)
    name = expectation.stem
    try:
        found = article_json(article_from(name, fields_of(data, kind, name)))
    except CorpusError as error:
        return _refused(name, expected, str(error))
    if "refused" in expected:
        return PageResult(name, Counts(), {}, Counts(wanted=1), ("taken, but should be refused",))
    text = _common(_runs(found["text"]), _runs("\n".join(expected["text"])))
    facts = {fact: _fact(found[fact], expected[fact]) for fact in FACTS if fact in expected}
    wrong = [f"{fact}: {found[fact]!r}, not {expected[fact]!r}" for fact in facts if found[fact] != expected[fact]]
    wrong += _differences(found["text"].split("\n\n"), expected["text"])
    return PageResult(name, text, facts, Counts(), tuple(wrong))


def _refused(name: str, expected: Mapping[str, Any], reason: str) -> PageResult:
    if "refused" not in expected:
        wanted = _runs("\n".join(expected["text"])).total()
        return PageResult(name, Counts(wanted=wanted), {}, Counts(found=1), (f"refused: {reason}",))
    right = expected["refused"] in reason
    return PageResult(name, Counts(), {}, Counts(1, 1, int(right)), () if right else (f"refused, but: {reason}",))


def _content(expectation: Path) -> tuple[bytes, str]:
    for ending in (".html", ".html.gz", ".txt"):
        path = expectation.with_suffix(ending)
        if path.exists():
            data = path.read_bytes()
            return (gzip.decompress(data), ".html") if ending.endswith(".gz") else (data, ending)
    raise DatasetError(f"{expectation} has no page beside it; name it {expectation.stem}.html.")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is no JSON ({error}); mend it.") from error


def _runs(text: str) -> Counter[tuple[str, ...]]:
    """The runs of four words, as in Scrapinghub's article extraction benchmark; a shorter text is one run."""
    said = words(text)
    return Counter(tuple(said[at : at + _RUN]) for at in range(max(1, len(said) - _RUN + 1)))


def _common(found: Counter[tuple[str, ...]], wanted: Counter[tuple[str, ...]]) -> Counts:
    return Counts(found.total(), wanted.total(), (found & wanted).total())


def _fact(found: object, wanted: object) -> Counts:
    """A fact that is not there is neither found nor wanted."""
    return Counts(int(found is not None), int(wanted is not None), int(found is not None and found == wanted))


def _differences(found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [f"+ {paragraph[:80]}" for paragraph in found if paragraph not in wanted] + [
        f"- {paragraph[:80]}" for paragraph in wanted if paragraph not in found
    ]


# The seeds -----------------------------------------------------------------------------------------------------------


def digest(text: str) -> str:
    """The words of a text in their order, as 16 digits: enough to tell whether two are the same."""
    return hashlib.sha256(" ".join(words(text)).encode()).hexdigest()[:16]


def _seed(expected: Mapping[str, Any], seeds: Path) -> PageResult:
    """A seed by the hashes of its paragraphs and facts; a paragraph counts with its number of words."""
    data = (seeds / expected["file"]).read_bytes()
    found = article_json(article_from(expected["file"], fields_of(data, ".txt", expected["file"])))
    paragraphs = Counter({digest(part): len(words(part)) for part in found["text"].split("\n\n")})
    text = Counts(
        paragraphs.total(),
        sum(count for _, count in expected["paragraphs"]),
        sum(count for key, count in expected["paragraphs"] if paragraphs[key] == count),
    )
    facts = {}
    for fact, wanted in expected["facts"].items():
        facts[fact] = _fact(found[fact] and digest(found[fact]), wanted)
    wrong = [f"{fact} differs" for fact, counts in facts.items() if counts.right < max(counts.found, counts.wanted)]
    if text.right < max(text.found, text.wanted):
        wrong.append("text differs")
    return PageResult(expected["file"], text, facts, Counts(), tuple(wrong))


def lines(result: Cleaning) -> list[str]:
    """The figures as a table, then what is wrong on which page."""
    text, refusal = result.text, result.refusal
    table = [f"{len(result.pages)} pages", _line("text", text), *(_line(name, result.fact(name)) for name in FACTS)]
    table.append(f"refused    {refusal.right} of {refusal.wanted} rightly, {refusal.found - refusal.right} wrongly")
    return table + [f"{page.name}: {wrong}" for page in result.pages for wrong in page.wrong]


def _line(name: str, counts: Counts) -> str:
    return f"{name:<10} precision {counts.precision:.3f}  recall {counts.recall:.3f}  ({counts.wanted} wanted)"


def result_json(golden: Path, result: Cleaning) -> dict[str, Any]:
    """The figures for a results file."""
    files = sorted(path for path in golden.rglob("*") if path.is_file())
    pages = hashlib.sha256("".join(f"{path.relative_to(golden)} {file_digest(path)}\n" for path in files).encode())
    named = {"text": result.text, **{name: result.fact(name) for name in FACTS}}
    return {
        "measures": {
            name: {"precision": round(counts.precision, 4), "recall": round(counts.recall, 4), "wanted": counts.wanted}
            for name, counts in named.items()
        },
        "refused": {"wanted": result.refusal.wanted, "found": result.refusal.found, "right": result.refusal.right},
        "pages": {page.name: list(page.wrong) for page in result.pages},
        "dataset": {"name": golden.name, "digest": pages.hexdigest()},
        **provenance(None),
    }
