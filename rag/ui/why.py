"""Why a passage was found: the parts of its score in everyday words, laid beside those of the others found.

Knows the names of the parts, no page. A part by itself says little (a meaning is never wholly unlike), so each is
compared with its mean over the other passages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.german import stems, words
from rag.terms import telling
from rag.types import Answer, Hit
from rag.ui.texts import Texts

Ground = Literal["words", "meaning", "names", "title", "period", "length"]
GROUNDS: Mapping[Ground, frozenset[str]] = {
    "words": frozenset({"lexical", "grams", "letters", "letters_weakest"}),
    "meaning": frozenset({"dense", "meaning", "meaning_weakest"}),
    "names": frozenset({"names", "names_weakest", "rarest"}),
    "title": frozenset({"title"}),
    "period": frozenset({"period"}),
    "length": frozenset({"length"}),
}
_SEEN = 0.2  # points from which a difference is worth a line


@dataclass(frozen=True, slots=True)
class Why:
    """``rank`` from 1 among ``found`` passages; ``shared`` words of the question stand in the passage; ``more`` holds
    how many points each ground gives it above the mean of the others, the weightiest first.
    """

    rank: int
    found: int
    shared: tuple[str, ...]
    more: tuple[tuple[Ground, float], ...]


def why(answer: Answer, passage_id: str) -> Why | None:
    """Why a passage of an answer was found; ``None`` if it is not among the hits."""
    place = next((i for i, hit in enumerate(answer.hits) if hit.passage.passage_id == passage_id), None)
    if place is None:
        return None
    hit = answer.hits[place]
    # Those that were not looked at again have other parts.
    others = [o for o in answer.hits if o is not hit and _kind(o) == _kind(hit)]
    there = frozenset(stems(f"{hit.article.title} {hit.passage.text}"))
    shared = [word for word in telling(words(answer.query.searched)) if set(stems(word)) & there]
    return Why(place + 1, len(answer.hits), tuple(dict.fromkeys(shared)), _more(hit, others))


def lines(found: Why, texts: Texts) -> list[str]:
    """The same as sentences."""
    said = [texts.why_rank.format(rank=found.rank, found=found.found)]
    if found.shared:
        said.append(texts.why_shared.format(words=", ".join(found.shared)))
    for ground, points in found.more:
        form = texts.why_more if points > 0 else texts.why_less
        said.append(form.format(ground=texts.grounds[ground], points=texts.decimal(abs(points))))
    return said


def _kind(hit: Hit) -> frozenset[str]:
    return frozenset(hit.parts) - {"period"}


def _more(hit: Hit, others: Sequence[Hit]) -> tuple[tuple[Ground, float], ...]:
    if not others:
        return ()
    found = []
    for ground, names in GROUNDS.items():
        mean = sum(_points(other, names) for other in others) / len(others)
        if abs(difference := _points(hit, names) - mean) >= _SEEN:
            found.append((ground, difference))
    return tuple(sorted(found, key=lambda pair: -abs(pair[1])))


def _points(hit: Hit, names: frozenset[str]) -> float:
    return sum(hit.parts.get(name, 0.0) for name in names)
