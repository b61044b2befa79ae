"""Article → passages of about 220 words on sentence boundaries, with exact character offsets.

Longer passages find better than short ones (benchmarks/LOG.md); sentences inside them are what is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.german import sentences
from rag.types import Article, Passage

TARGET_WORDS = 220
_MAX_UNIT = 1_500  # characters; a "sentence" beyond that is a table, a list or a broken page
_GAP = re.compile(r"\s+")


def passages(article: Article, target_words: int = TARGET_WORDS) -> list[Passage]:
    """The passages of an article, in order, of nearly equal length; none for an article without words.

    ``article.text[p.start:p.end] == p.text`` holds for each, and no sentence is cut unless it is longer than 1,500
    characters.
    """
    units = list(_units(article.text))
    sizes = [len(article.text[start:end].split()) for start, end in units]
    total = sum(sizes)
    count = max(1, round(total / target_words))
    found: list[Passage] = []
    first, words_before, words = 0, 0, 0
    for i, size in enumerate(sizes):
        words += size
        is_last = i == len(sizes) - 1
        if is_last or (words_before + words >= total * (len(found) + 1) / count and words >= target_words / 2):
            start, end = units[first][0], units[i][1]
            found.append(
                Passage(f"{article.article_id}#{len(found)}", article.article_id, start, end, article.text[start:end])
            )
            first, words_before, words = i + 1, words_before + words, 0
    return found


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Sentences, the overlong ones cut at blanks (or anywhere, if there is none)."""
    for start, end in sentences(text):
        while end - start > _MAX_UNIT:
            gaps = list(_GAP.finditer(text, start, start + _MAX_UNIT))
            cut, following = (gaps[-1].start(), gaps[-1].end()) if gaps else (start + _MAX_UNIT, start + _MAX_UNIT)
            if cut > start:
                yield start, cut
            start = following
        if start < end:
            yield start, end
