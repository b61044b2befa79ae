"""Whether the words that a question takes over from the talk serve it, by what is found with them and without.

"Und wie viele Mitglieder hat die NATO?" after a talk on Patriots begins a new topic: what is found with "Patriots"
tells no number of members. Knows a question and two passages; how they were searched for is not its business.
"""

from __future__ import annotations

from rag.encoder import StaticEncoder
from rag.expected import Expected
from rag.followup import is_elliptic
from rag.passages import indexed_text
from rag.terms import Idf, Terms, covered
from rag.types import Hit, Query

_LESS = 0.2  # share of the question's letters; measured on topics that go on and on new ones (benchmarks/LOG.md)


def serve(alone: Query, found: Hit, found_alone: Hit, encoder: StaticEncoder, idf: Idf) -> bool:
    """Whether the best passage ``found`` with them is worth more to the question than that found ``alone``.

    It must be of another article, and hold nearly as much of the question itself and the number that it asks for, if it
    asks for one. A question without a verb needs them all the same where one article is the best with and without.
    """
    if found.article == found_alone.article:
        return is_elliptic(alone.question)
    texts = [indexed_text(hit.article, hit.passage) for hit in (found, found_alone)]
    expected = Expected(alone.question)
    if expected.kind == "count" and expected.held(texts[0]) < expected.held(texts[1]):
        return False
    terms = Terms(alone.searched, encoder, idf)
    share, share_alone = covered(terms.match(texts).gram, terms.gram_weights)
    return bool(share_alone - share <= _LESS)
