"""Citation recall and precision by ALCE's definitions, on sets where they can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.evaluation.alce import citation_scores, statement
from rag.types import Citation, Claim, Quote

A, B, C = (Quote(name, f"{name}#0", 0, 1, name) for name in "abc")


def backed_by(*enough: set[str]) -> Callable[[Sequence[Quote]], bool]:
    """A statement that is backed as soon as one of these sets of quotes is cited."""
    return lambda quotes: any(need <= {q.text for q in quotes} for need in enough)


@pytest.mark.parametrize(
    ("enough", "cited", "recall", "precise"),
    [
        ([{"a"}], [A], True, [True]),
        ([{"a"}], [B], False, [False]),
        ([{"a"}], [], False, []),
        ([{"a"}], [A, B], True, [True, False]),  # b adds nothing
        ([{"a", "b"}], [A, B], True, [True, True]),  # neither is enough alone, neither can go
        ([{"a"}, {"b"}], [A, B], True, [True, True]),  # each is enough alone
        ([{"a", "b"}], [A, C], False, [False, False]),  # nothing of an unbacked statement is precise
    ],
)
def test_a_statement_by_hand(enough: list[set[str]], cited: list[Quote], recall: bool, precise: list[bool]) -> None:
    assert statement(backed_by(*enough), cited) == (recall, precise)


@given(st.lists(st.sampled_from([A, B, C]), unique=True), st.lists(st.sets(st.sampled_from("abc"), min_size=1)))
def test_a_backed_statement_keeps_a_precise_citation(cited: list[Quote], enough: list[set[str]]) -> None:
    recall, precise = statement(backed_by(*enough), cited)
    assert len(precise) == len(cited)
    assert recall or not any(precise)
    if recall and len(cited) == 1:
        assert precise == [True]


def test_quoting_answers_are_fully_backed_and_altered_ones_not(
    small_index: Path, open_assistant: Callable[[Path], Assistant]
) -> None:
    assistant = open_assistant(small_index)
    answer = assistant.ask("Warum ist die Rheinbrücke gesperrt?")
    assert answer.claims
    scores = citation_scores(answer, assistant.index)
    assert (scores.recall, scores.precision) == (1, 1)
    wrong = Claim("Die Rheinbrücke wurde 1912 vom Kaiser gesprengt.", answer.claims[0].citations, "belegt")
    scores = citation_scores(replace(answer, claims=(wrong,)), assistant.index)
    assert (scores.recall, scores.precision) == (0, 0)


def test_a_citation_too_many_costs_precision(small_index: Path, open_assistant: Callable[[Path], Assistant]) -> None:
    assistant = open_assistant(small_index)
    article = assistant.index.store.article("wolf.md")
    sentence = article.text.split(". ")[0] + "."
    start = article.text.index("Eine Wildkamera")
    other = article.text[start : article.text.index("Schäfer") - 1]
    facts = (article.title, article.source, article.author, article.url, article.published, article.updated)
    first = Citation(1, "wolf.md", *facts, "wolf.md#0", 0, len(sentence), sentence)
    second = Citation(2, "wolf.md", *facts, "wolf.md#0", start, start + len(other), other)
    said = "Im Westerwald ist erstmals seit 2019 ein Wolf nachgewiesen worden."
    answer = replace(
        assistant.ask("Wolf"), claims=(Claim(said, (1, 2), "belegt"),), citations=(first, second), status="answered"
    )
    scores = citation_scores(answer, assistant.index)
    assert (scores.recall, scores.precision) == (1, 1 / 2)


def test_an_answer_without_statements_has_no_scores(
    small_index: Path, open_assistant: Callable[[Path], Assistant]
) -> None:
    assistant = open_assistant(small_index)
    scores = citation_scores(assistant.ask("Qwrtzpf Xyvlmn?"), assistant.index)
    assert (scores.recall, scores.precision) == (None, None)
