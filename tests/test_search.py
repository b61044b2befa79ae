"""Hybrid search finds what a German reader means, and its scores can be taken apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import ThreadpoolController

from rag.assistant import Assistant
from rag.encoder import StaticEncoder
from rag.errors import BelegError
from rag.index.build import build
from rag.index.reader import open_index
from rag.question import understand
from rag.rerank import DEPTH, PARTS, PassageRanker
from rag.search import WEIGHTS, HybridSearch, Method, Ranked, Weights, cover, searcher
from rag.types import Filters, Query


def rank(index: Path, encoder: StaticEncoder, question: str, weights: Weights = Weights()) -> list[Ranked]:
    return HybridSearch(open_index(index), encoder, weights).rank(Query(question, question))


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("Warum ist die Brücke über den Rhein gesperrt?", "bruecke.md"),
        ("WARUM IST DIE BRÜCKE GESPERRT", "bruecke.md"),
        ("Rheinbruecke", "bruecke.md"),
        ("Seil Risse", "bruecke.md"),
        ("Altstadtbrand", "brand.md"),
        ("Feuerwehreinsatz", "brand.md"),
        ("Wölfe", "wolf.md"),
    ],
)
def test_compounds_umlauts_capitals_and_inflections_find_their_article(
    small_index: Path, encoder: StaticEncoder, question: str, article: str
) -> None:
    assert rank(small_index, encoder, question)[0].article_id == article


@pytest.mark.parametrize("method", ["lexical", "dense", "hybrid"])
def test_as_many_passages_come_as_are_asked_for(demo_index: Path, encoder: StaticEncoder, method: Method) -> None:
    search = HybridSearch(open_index(demo_index), encoder, WEIGHTS[method], depth=3)
    assert len(search(Query("x", "Ukraine"), passages=12, articles=0)) == 12


def test_a_score_is_the_weighted_sum_of_its_parts(small_index: Path, encoder: StaticEncoder) -> None:
    for r in rank(small_index, encoder, "Warum ist die Brücke gesperrt?"):
        assert r.score == pytest.approx(r.parts["lexical"] + 0.3 * r.parts["grams"] + 30 * r.parts["dense"])


def test_the_second_look_explains_its_scores_and_keeps_every_candidate(
    demo_index: Path, encoder: StaticEncoder
) -> None:
    index, question = open_index(demo_index), Query("x", "Patriots für die Ukraine")
    first, second = HybridSearch(index, encoder).rank(question), searcher(index, encoder).rank(question)
    assert sorted(r.row for r in first) == sorted(r.row for r in second)
    for r in second[:DEPTH]:
        assert set(r.parts) == set(PARTS)
        assert r.score == pytest.approx(sum(r.parts.values()), abs=1e-4)
    assert [r.row for r in second[DEPTH:]] == [r.row for r in first[DEPTH:]]
    assert [r.score for r in second] == sorted((r.score for r in second), reverse=True)


def test_the_second_look_prefers_the_passage_that_holds_the_whole_question(
    small_index: Path, encoder: StaticEncoder
) -> None:
    question = "Wölfe bei Hachenburg"
    assert searcher(open_index(small_index), encoder).rank(Query(question, question))[0].article_id == "wolf.md"


def test_a_passage_ranker_that_is_missing_or_of_another_encoder_is_one_clear_line(
    tmp_path: Path, encoder: StaticEncoder
) -> None:
    config = {"weights": dict.fromkeys(PARTS, 1.0), "encoder": "another"}
    for content in (None, "{", "{}", json.dumps(config)):
        if content is not None:
            (tmp_path / "config.json").write_text(content, "utf-8")
        with pytest.raises(BelegError, match="python -m rag train ranker") as caught:
            PassageRanker(encoder, tmp_path)
        assert "\n" not in str(caught.value)


def test_every_candidate_has_every_part(demo_index: Path, encoder: StaticEncoder) -> None:
    """A passage found by one part alone is scored by the others too, as if all had brought it."""
    question = Query("x", "Patriots für die Ukraine")
    shallow = {r.passage_id: r.parts for r in HybridSearch(open_index(demo_index), encoder, depth=3).rank(question)}
    deep = {r.passage_id: r.parts for r in HybridSearch(open_index(demo_index), encoder, depth=500).rank(question)}
    assert len(shallow) < len(deep) == 41
    for passage_id, parts in shallow.items():
        assert parts == pytest.approx(deep[passage_id], abs=1e-4)


@pytest.mark.parametrize("method", ["lexical", "dense"])
def test_a_method_uses_its_parts_alone(small_index: Path, encoder: StaticEncoder, method: str) -> None:
    parts = rank(small_index, encoder, "Brücke", WEIGHTS[method])[0].parts  # type: ignore[index]
    assert set(parts) == ({"dense"} if method == "dense" else {"lexical", "grams"})


@pytest.mark.parametrize("question", ["", "?!", "   ", "„“"])
def test_no_words_no_hits(small_index: Path, encoder: StaticEncoder, question: str) -> None:
    assert rank(small_index, encoder, question) == []


@given(st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_any_question_can_be_searched_and_ranks_the_same_twice(
    small_index: Path, encoder: StaticEncoder, question: str
) -> None:
    once, twice = rank(small_index, encoder, question), rank(small_index, encoder, question)
    assert once == twice
    assert [r.score for r in once] == sorted((r.score for r in once), reverse=True)


def test_a_very_long_question_is_answered_too(small_index: Path, open_assistant: Callable[[Path], Assistant]) -> None:
    answer = open_assistant(small_index).ask("Warum ist die Rheinbrücke gesperrt? " * 2_000)
    assert answer.hits[0].article.article_id == "bruecke.md"


def test_searching_keeps_products_of_matrices_in_one_thread(small_index: Path, encoder: StaticEncoder) -> None:
    rank(small_index, encoder, "Brücke")
    libraries = ThreadpoolController().select(internal_api="openblas").lib_controllers
    assert {library.num_threads for library in libraries} <= {1}


def test_hits_come_from_enough_articles() -> None:
    ranked = [Ranked(i, f"a{i // 6}#{i}", f"a{i // 6}", float(-i), {}) for i in range(60)]
    taken = cover(ranked, passages=8, articles=4)
    assert [r.row for r in taken] == [*range(8), 12, 18]
    assert cover(ranked[:5], passages=8, articles=4) == ranked[:5]


def test_long_articles_do_not_crowd_the_others_out(tmp_path: Path, encoder: StaticEncoder) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(12):
        count = 1_500 if number < 3 else 25
        sentences = (f"Die Rheinbrücke {number} bleibt wegen der Risse gesperrt, Meldung {i}." for i in range(count))
        (corpus / f"{number}.md").write_text(" ".join(sentences), "utf-8")
    build(corpus, tmp_path / "index", encoder)
    search, question = HybridSearch(open_index(tmp_path / "index"), encoder, depth=3), Query("x", "Rheinbrücke Risse")
    assert len({r.article_id for r in search.rank(question)}) < 10
    assert len({hit.article.article_id for hit in search(question)}) >= 10


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("Was beschloss die NATO im März 2022?", "2022-03-25-nato-sondergipfel-bruessel.md"),
        ("Was hat die EZB im Sommer 2022 beschlossen?", "2022-07-21-ezb-erste-zinserhoehung.md"),
        ("Was beschloss die NATO vor dem Gipfel im Juni?", "2022-03-25-nato-sondergipfel-bruessel.md"),
        ("Was beschloss die NATO letzte Woche zu Russland?", "2022-06-30-nato-gipfel-madrid.md"),
        ("What did NATO decide in March 2022?", "2022-03-25-nato-sondergipfel-bruessel.md"),
        ("Wie viele Patriots hat die Ukraine seit April 2023?", "2023-04-20-erste-patriots-in-der-ukraine.md"),
    ],
)
def test_the_time_of_a_question_brings_its_articles_forward(
    demo_index: Path, encoder: StaticEncoder, question: str, article: str
) -> None:
    found = searcher(open_index(demo_index), encoder)(understand(question, today=date(2022, 7, 6)))
    assert found[0].article.article_id == article
    assert found[0].score == pytest.approx(sum(found[0].parts.values()), abs=1e-4)


def test_a_time_read_from_a_question_excludes_nothing(small_index: Path, encoder: StaticEncoder) -> None:
    """One article of the three bears no date."""
    timed = understand("Was war 2023 mit dem Wolf?", today=date(2023, 6, 1))
    assert timed.period
    found = searcher(open_index(small_index), encoder).rank(timed)
    assert {r.article_id for r in found} == {"wolf.md", "brand.md", "bruecke.md"}
    assert found[0].article_id == "wolf.md"
    assert "period" not in found[0].parts


@pytest.mark.parametrize("method", ["lexical", "dense"])
def test_the_time_counts_in_every_method(demo_index: Path, encoder: StaticEncoder, method: Method) -> None:
    search = searcher(open_index(demo_index), encoder, method)
    asked = understand("Leitzins der EZB im September 2023", today=date(2024, 1, 1))
    assert search.rank(asked)[0].article_id == "2023-09-14-ezb-zehnte-zinserhoehung.md"


def test_a_filter_and_a_time_narrow_together(demo_index: Path, encoder: StaticEncoder) -> None:
    asked = understand("NATO im März 2022", filters=Filters(since=date(2022, 6, 1)), today=date(2024, 1, 1))
    found = searcher(open_index(demo_index), encoder)(asked)
    assert found
    assert all(hit.article.published and hit.article.published >= date(2022, 6, 1) for hit in found)
