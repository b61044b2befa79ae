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
_LONGEST_WORD = 15  # characters, on average; beyond that it is Chinese, a list of addresses or a broken page
_WORD_LENGTH = 7  # characters of German, with the blank behind
_GAP = re.compile(r"\s+")


def passages(article: Article, target_words: int = TARGET_WORDS) -> list[Passage]:
    """The passages of an article, in order, of nearly equal length; none for an article without words.

    ``article.text[p.start:p.end] == p.text`` holds for each, and no sentence is cut unless it is longer than 1,500
    characters.
    """
    units = list(_units(article.text))
    sizes = [_size(article.text[start:end]) for start, end in units]
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


def _size(text: str) -> int:
    """In words; of a text that hardly has any, as many as German would have in its characters."""
    words = len(text.split())
    return words if len(text) <= _LONGEST_WORD * words else len(text) // _WORD_LENGTH


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


def indexed_text(article: Article, passage: Passage) -> str:
    """What is searched for a passage: the title of its article, then its words."""
    if not article.title or passage.text.startswith(article.title):
        return passage.text
    return f"{article.title}\n{passage.text}"
