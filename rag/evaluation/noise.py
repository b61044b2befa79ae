"""Questions as people type them: with typos, without umlauts, in capitals, as keywords, wrapped in courtesies.

Applied to a benchmark's questions it shows what such typing costs. The same question is always changed the same way.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from rag.evaluation.datasets import RetrievalSet
from rag.followup import content_words

_LETTERS = "enisratdhul"  # the commonest of German
_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_PLAIN = str.maketrans("äöüÄÖÜß", "aouAOUs")
_SHORTEST = 5  # letters of a word with a typo


def typos(question: str, count: int) -> str:
    """One letter swapped, left out, doubled or mistaken in each of ``count`` of the three longest words."""
    chance = random.Random(f"{count} {question}")
    words = question.split(" ")
    longest = sorted(range(len(words)), key=lambda i: (-len(words[i]), i))[:3]
    for i in chance.sample(longest, min(count, len(longest))):
        if len(words[i]) >= _SHORTEST:
            words[i] = _typo(words[i], chance)
    return " ".join(words)


def _typo(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 2)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    changed = (after[0] + letter + after[1:], after, letter + letter + after, chance.choice(_LETTERS) + after)
    return before + changed[chance.randrange(4)]


NOISES: Mapping[str, Callable[[str], str]] = {
    "typo": lambda question: typos(question, 1),
    "typos": lambda question: typos(question, 2),
    "ae": lambda question: question.translate(_DIGRAPHS),
    "plain": lambda question: question.translate(_PLAIN),
    "capitals": str.upper,
    "lower": str.lower,
    "keywords": lambda question: " ".join(content_words(question)),
    "emoji": lambda question: f"😀 {question} 🙏",
    "courtesies": lambda question: f"Hallo, ich würde gerne wissen: {question} Danke!",
}


def noisy(dataset: RetrievalSet, noise: str) -> RetrievalSet:
    """A benchmark with its questions typed in one of these ways, which its split then names."""
    topics = tuple(replace(topic, text=NOISES[noise](topic.text)) for topic in dataset.topics)
    return replace(dataset, topics=topics, split=f"{dataset.split}, {noise}")
