"""English words of a question → German ones to search for, by a bundled lexicon. A word at a time: no sentence.

Knows words; articles and quotes are never translated.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from rag.errors import BelegError
from rag.german import stem, words
from rag.settings import MODELS

BUNDLED = MODELS / "beleg-lexicon-en-de"
LEXICON = "lexicon.json"

# Words that only hold an English sentence together; their German counterparts would find everything.
_EMPTY = frozenset(
    """the a an is are was were be been being do does did have has had what which who whom whose when where why how can
    could will would shall should may might must of and or to not about with from by it its this that these those there
    in on for at as into out up down over under than then so if but he she they them his her their we you i""".split()
)


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, list[str]]:
    path = BUNDLED / LEXICON
    try:
        found: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BelegError(
            f"The lexicon {path} cannot be read ({error}); make it with `python -m rag train lexicon`."
        ) from error
    return found


def german_words(question: str) -> str:
    """The likeliest German words for an English question, in its order; empty if none is known."""
    asked = [word.lower() for word in words(question)]
    found = [german for word in asked if word not in _EMPTY for german in _lexicon().get(word, ())]
    return " ".join(dict.fromkeys(found))


def translations(word: str) -> tuple[str, ...]:
    """The likeliest German words for one English word."""
    return tuple(_lexicon().get(word.lower(), ()))


@lru_cache(maxsize=1)
def meanings() -> Mapping[str, frozenset[str]]:
    """German stem → the English words it translates. Two stems that share one say much the same.

    Bannard & Callison-Burch 2005: paraphrases by way of another language.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for english, german in _lexicon().items():
        for word in german:
            found[stem(word)].add(english)
    return {word: frozenset(english) for word, english in found.items()}
