"""The second look of the search: the best candidates ranked anew by how much of the question stands in each.

A sum of trained weights over parts that a person can read: BM25, cosine, share of the question's letters, words
or their like, and names. Knows passages as texts with scores; where they come from is the search's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rag.encoder import StaticEncoder
from rag.errors import BelegError
from rag.german import stems
from rag.settings import MODELS
from rag.terms import Array, Idf, Terms, covered, weakest

BUNDLED = MODELS / "beleg-passages-de"
CONFIG = "config.json"
DEPTH = 10  # candidates looked at again: as good as 15, 20 or 30 (benchmarks/LOG.md), and fastest
PARTS = (
    *("lexical", "grams", "dense", "length", "title"),
    *("letters", "letters_weakest", "meaning", "meaning_weakest"),
    *("names", "names_weakest", "rarest"),
)


def passage_parts(
    terms: Terms, texts: Sequence[str], titles: Sequence[str], scores: Sequence[Mapping[str, float]]
) -> Array:
    """One row a passage, one column for each of ``PARTS``; ``scores`` are the search's own parts of each."""
    found = terms.match(texts)
    names = terms.names(found.gram)
    titled = [frozenset(stems(title)) for title in titles]
    own = {name: np.array([part.get(name, 0.0) for part in scores]) for name in ("lexical", "grams", "dense")}
    columns = {
        "lexical": own["lexical"] / 10,
        "grams": own["grams"] / 30,
        "dense": own["dense"],
        "length": np.log([len(text) + 1 for text in texts]) / 10,
        "title": covered(np.array([[term in title for term in terms.stems] for title in titled]), terms.stem_weights),
        "letters": covered(found.gram, terms.gram_weights),
        "letters_weakest": weakest(found.gram),
        "meaning": covered(found.soft, terms.word_weights),
        "meaning_weakest": weakest(found.soft),
        "names": names[:, 0],
        "names_weakest": names[:, 1],
        "rarest": names[:, 2],
    }
    return np.stack([columns[name] for name in PARTS], axis=1).astype(np.float32)


class PassageRanker:
    """Loaded once; may be used from any thread."""

    def __init__(self, encoder: StaticEncoder, folder: Path = BUNDLED) -> None:
        try:
            config = json.loads((folder / CONFIG).read_text("utf-8"))
            self.weights = np.array([config["weights"][name] for name in PARTS], dtype=np.float32)
            made_for = config["encoder"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BelegError(
                f"The passage ranker in {folder} cannot be loaded ({type(error).__name__}: {error}); "
                "make it with `python -m rag train ranker`."
            ) from error
        if made_for != encoder.fingerprint:
            raise BelegError(
                f"The passage ranker in {folder} was made for another encoder; "
                "make it anew with `python -m rag train ranker`."
            )
        self._encoder = encoder

    def rank(
        self,
        question: str,
        texts: Sequence[str],
        titles: Sequence[str],
        scores: Sequence[Mapping[str, float]],
        idf: Idf,
    ) -> list[tuple[float, dict[str, float]]]:
        """For each passage its score and the parts that it is the sum of, each part already weighted."""
        if not texts:
            return []
        rows = passage_parts(Terms(question, self._encoder, idf), texts, titles, scores) * self.weights
        return [(float(row.sum()), dict(zip(PARTS, map(float, row), strict=True))) for row in rows]
