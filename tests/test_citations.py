"""Only what stands in an article becomes part of an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from rag.citations import verify
from rag.types import Article, Draft, DraftClaim, Hit, Passage, Query, Quote

TEXT = "Die Brücke ist gesperrt. Sie hat Risse. Das Land zahlt."
ARTICLE = Article("a.md", "Brücke", TEXT, published=date(2023, 4, 12), source="Rheinbote", author="M. Muster")
OTHER = replace(ARTICLE, article_id="b.md", published=None)
HITS = [
    Hit(article, Passage(f"{article.article_id}#0", article.article_id, 0, len(TEXT), TEXT), 1.0)
    for article in (ARTICLE, OTHER)
]
QUERY = Query("Warum?", "Warum ist die Brücke gesperrt?")


def quote(start: int, end: int, article: str = "a.md", text: str | None = None) -> Quote:
    return Quote(article, f"{article}#0", start, end, TEXT[start:end] if text is None else text)


def draft(*quotes: Quote, answers: bool = True) -> Draft:
    return Draft(tuple(DraftClaim(q.text, (q,)) for q in quotes), 0.8, answers, "quotes")


def test_a_quote_that_stands_is_cited_with_the_facts_of_its_article() -> None:
    answer = verify(QUERY, draft(quote(25, 39)), HITS)
    assert answer.status == "answered"
    assert [(c.text, c.citations, c.verdict) for c in answer.claims] == [("Sie hat Risse.", (1,), "belegt")]
    cited = answer.citations[0]
    assert (cited.title, cited.source, cited.author, cited.published) == (
        "Brücke",
        "Rheinbote",
        "M. Muster",
        date(2023, 4, 12),
    )
    assert TEXT[cited.start : cited.end] == cited.quote
    assert answer.as_of == date(2023, 4, 12)


def test_altered_words_wrong_offsets_and_unknown_articles_are_dropped() -> None:
    wrong = [
        quote(25, 39, text="Sie hat keine Risse."),
        quote(24, 39, text="Sie hat Risse."),
        quote(25, 39, "c.md"),
        quote(50, 90),
        quote(5, 5),
    ]
    answer = verify(QUERY, draft(*wrong), HITS)
    assert (answer.status, answer.claims, answer.citations) == ("not_found", (), ())
    assert len(answer.hits) == 2


def test_a_claim_that_says_more_than_its_quote_is_dropped() -> None:
    claim = DraftClaim("Sie hat Risse, sagt der Minister.", (quote(25, 39),))
    assert verify(QUERY, Draft((claim,), 0.9, True, "quotes"), HITS).claims == ()


def test_one_quote_twice_has_one_number() -> None:
    answer = verify(QUERY, draft(quote(0, 24), quote(25, 39), quote(0, 24)), HITS)
    assert [claim.citations for claim in answer.claims] == [(1,), (2,), (1,)]
    assert [c.number for c in answer.citations] == [1, 2]


def test_closest_passages_are_no_claims() -> None:
    answer = verify(QUERY, draft(quote(0, 24), answers=False), HITS)
    assert (answer.status, answer.claims, len(answer.citations)) == ("nearest", (), 1)


def test_an_undated_citation_has_no_date() -> None:
    answer = verify(QUERY, draft(quote(0, 24, "b.md")), HITS)
    assert answer.as_of is None
    assert answer.citations[0].published is None


@given(
    st.lists(
        st.tuples(st.integers(-5, 70), st.integers(-5, 70), st.sampled_from(["a.md", "b.md", "c.md"]), st.booleans()),
        max_size=6,
    )
)
def test_every_citation_of_any_draft_stands_in_its_article(spans: list[tuple[int, int, str, bool]]) -> None:
    quotes = [
        Quote(a, f"{a}#0", s, e, TEXT[max(s, 0) : max(e, 0)] + ("" if honest else "!")) for s, e, a, honest in spans
    ]
    answer = verify(QUERY, draft(*quotes), HITS)
    for citation in answer.citations:
        assert TEXT[citation.start : citation.end] == citation.quote
    assert {n for claim in answer.claims for n in claim.citations} == {c.number for c in answer.citations}
