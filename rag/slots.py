"""Which places of a German sentence a name fills: behind "in", before "-Sender", in "Politiker der …".

Two sentences that say the same fill the same slot alike. Knows no second sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.proper_names import group, is_ordinary
from rag.statement import Statement

_BARE = re.compile(r"(?i:in|bei|nach|aus|auf|von|für|mit|gegen|laut|durch|über) $")
_OF = re.compile(r" (?:der|des|vom|von|von der) ")
_ORIGIN = re.compile(r"[A-ZÄÖÜ]\w{3,}er")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a sentence: ``kind``, the word that fills it, and the word it belongs to, as numbers of ``words``.

    ``kind`` is the preposition before it, "of" (a genitive), "origin" (an adjective of a place) or "-" (before a
    hyphen); behind a preposition there is no other word.
    """

    kind: str
    filler: int
    head: int | None = None


def slots(said: Statement) -> Iterator[Slot]:
    """The slots of a sentence, in order."""
    words = said.words
    for i, word in enumerate(words):
        if not word.group()[0].isupper() and not _is_origin(said, i):
            continue
        before = _BARE.search(said.text, 0, word.start())
        if before and word.group()[0].isupper():
            yield Slot(before.group().strip().lower(), i)
        if i + 1 < len(words):
            gap = said.text[word.end() : words[i + 1].start()]
            if gap == "-":
                yield Slot("-", i, i + 1)
            elif gap == " " and _is_origin(said, i) and words[i + 1].group()[0].isupper():
                yield Slot("origin", i, i + 1)
        for head in range(max(i - 3, 0), i):
            if words[head].group()[0].isupper() and _OF.fullmatch(said.text, words[head].end(), word.start()):
                yield Slot("of", i, head)


def _is_origin(said: Statement, i: int) -> bool:
    """Whether a word is an adjective of a place: "polnische", "Straßburger"."""
    word = said.words[i].group()
    if word[0].islower():
        return "isch" in word and (group(word) is not None or not is_ordinary(word))
    return bool(_ORIGIN.fullmatch(word))
