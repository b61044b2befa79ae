"""Articles are cut into passages whose offsets are exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.passages import TARGET_WORDS, passages
from rag.types import Article

TEXTS = st.lists(st.text(alphabet="abcäöüß .!?\n„“1ABZ", max_size=300), max_size=12).map("\n\n".join)


@given(TEXTS, st.integers(3, 40))
def test_offsets_are_exact_and_nothing_is_lost(text: str, target: int) -> None:
    cut = passages(Article("a", "", text), target)
    assert all(text[p.start : p.end] == p.text for p in cut)
    assert "".join("".join(p.text.split()) for p in cut) == "".join(text.split())
    assert [p.passage_id for p in cut] == [f"a#{i}" for i in range(len(cut))]
    assert all(a.end <= b.start for a, b in zip(cut, cut[1:], strict=False))


def test_passages_are_about_as_long_as_wanted_and_end_with_a_sentence() -> None:
    text = " ".join(f"Dies ist der Satz mit der Nummer {i}." for i in range(200))
    sizes = [len(p.text.split()) for p in passages(Article("a", "", text))]
    assert len(sizes) == round(200 * 8 / TARGET_WORDS)
    assert all(0.8 * TARGET_WORDS <= size <= 1.2 * TARGET_WORDS for size in sizes)
    assert all(p.text.endswith(".") for p in passages(Article("a", "", text)))


def test_an_article_without_words_has_no_passage() -> None:
    assert passages(Article("a", "Titel", " \n ")) == []


def test_a_text_without_a_full_stop_is_cut_too() -> None:
    cut = passages(Article("a", "", "wort " * 5_000))
    assert len(cut) > 10
    assert max(len(p.text) for p in cut) < 4_000


@pytest.mark.parametrize(
    "text",
    [
        *("x" * 100_000, "x" * 6_600, "新闻报道" * 70_000, "新闻报道。" * 56_000, "新闻报道新闻报道。\n" * 20_000),
        ("新闻" * 300 + "。\n\n") * 300,
        "https://www.example.org/politik/2022/11/30/a-b-c-d.html " * 2_000,
    ],
)
def test_a_text_without_words_is_cut_too(text: str) -> None:
    assert max(len(p.text) for p in passages(Article("a", "", text))) < 4_000


def test_long_words_of_german_count_as_words() -> None:
    text = " ".join(["Die Bundesverfassungsrichter verhandelten gestern."] * 220)
    assert [len(p.text.split()) for p in passages(Article("a", "", text))] == [220] * 4
