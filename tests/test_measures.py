"""Measures, runs and comparisons: against hand arithmetic, a second implementation, and what the formats promise."""

from __future__ import annotations

import json
from itertools import product
from math import log2
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import cli
from rag.errors import DatasetError
from rag.evaluation import retrieval
from rag.evaluation.compare import Results, compare, interval, randomisation, read_results
from rag.evaluation.trec import read_qrels, read_run, read_topics, run_lines

DEMO = PROJECT / "benchmarks" / "demo-qa"
IDS = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=6)
DOCUMENTS = [f"d{i}" for i in range(14)]
GRADES = st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 3), min_size=1, max_size=8)
RANKING = st.permutations(DOCUMENTS).flatmap(lambda order: st.integers(0, 14).map(lambda n: list(order)[:n]))


# Measures ----------------------------------------------------------------------------------------------------------


def by_hand(ranking: list[str], grades: dict[str, int]) -> dict[str, float]:
    """The measures from their textbook definitions, with trec_eval's gain (the grade itself)."""
    gains = [grades.get(document, 0) for document in ranking]
    relevant = sum(grade > 0 for grade in grades.values())
    hits = [gain > 0 for gain in gains]

    def dcg(values: list[int]) -> float:
        return sum(value / log2(rank + 2) for rank, value in enumerate(values[:10]))

    best = dcg(sorted(grades.values(), reverse=True))
    first = hits.index(True) + 1 if True in hits else None
    precisions = [sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit]
    return {
        "nDCG@10": dcg(gains) / best if best else 0.0,
        "MRR@10": 1 / first if first and first <= 10 else 0.0,
        "Recall@10": sum(hits[:10]) / relevant if relevant else 0.0,
        "Recall@100": sum(hits[:100]) / relevant if relevant else 0.0,
        "Success@1": float(any(hits[:1])),
        "Success@5": float(any(hits[:5])),
        "MAP": sum(precisions) / relevant if relevant else 0.0,
    }


@settings(deadline=None)
@given(st.lists(st.tuples(RANKING, GRADES), min_size=1, max_size=5))
def test_two_implementations_agree_on_any_run(cases: list[tuple[list[str], dict[str, int]]]) -> None:
    qrels = {f"q{i}": grades for i, (_, grades) in enumerate(cases)}
    # Equal scores: the order of the run counts, not the tie rule of an implementation.
    run = {f"q{i}": [(document, 1.0) for document in ranking] for i, (ranking, _) in enumerate(cases)}
    found = retrieval.measure(run, qrels, list(qrels))
    for i, (ranking, grades) in enumerate(cases):
        assert found[f"q{i}"] == pytest.approx(by_hand(ranking, grades), abs=1e-6)


@given(GRADES, RANKING)
def test_a_query_that_the_run_lacks_scores_zero(grades: dict[str, int], ranking: list[str]) -> None:
    qrels = {"there": grades, "missing": grades}
    found = retrieval.measure({"there": [(d, 1.0) for d in ranking]}, qrels, ["there", "missing"])
    assert set(found["missing"].values()) == {0.0}
    mean = retrieval.mean(found.values())["nDCG@10"]
    assert mean == pytest.approx(found["there"]["nDCG@10"] / 2, abs=1e-4)


def test_other_measures_are_taken_by_name() -> None:
    measures = retrieval.more_measures(["P@2", "R@1"])
    found = retrieval.measure({"q": [("x", 2.0), ("a", 1.0)]}, {"q": {"a": 1}}, ["q"], measures)["q"]
    assert (found["P@2"], found["R@1"], found["MRR@10"]) == (1 / 2, 0, 1 / 2)
    with pytest.raises(DatasetError, match="ir_measures"):
        retrieval.more_measures(["nonsense@3"])


# Runs, judgements, topics ------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.dictionaries(IDS, st.dictionaries(IDS, st.floats(-1e6, 1e6), min_size=1, max_size=5), max_size=4))
def test_a_run_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, dict[str, float]]
) -> None:
    run = {query: sorted(found.items(), key=lambda item: -item[1]) for query, found in scores.items()}
    path = tmp_path_factory.mktemp("run") / "run.trec"
    path.write_text("".join(f"{line}\n" for line in run_lines(run, "tag")), "utf-8")
    assert read_run(path) == run


def test_a_run_cannot_hold_ids_with_blanks() -> None:
    with pytest.raises(DatasetError, match=r"'mein Artikel\.md'"):
        list(run_lines({"q": [("mein Artikel.md", 1.0)]}, "tag"))


@pytest.mark.parametrize(
    "line", ["q Q0 d 1 0.5", "q Q0 d 1 viel tag", "q Q0 d 1 nan tag", "q Q0 d 1 1 t\nq Q0 d 2 1 t"]
)
def test_a_broken_run_is_one_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "run.trec"
    path.write_text(line, "utf-8")
    with pytest.raises(DatasetError, match=r"run\.trec, line") as caught:
        read_run(path)
    assert "\n" not in str(caught.value)


def test_topics_are_tabbed_or_tagged(tmp_path: Path) -> None:
    path = tmp_path / "topics"
    path.write_text("7\tWarum ist\tdie Brücke zu?\n", "utf-8")
    assert [(t.query_id, t.text) for t in read_topics(path)] == [("7", "Warum ist\tdie Brücke zu?")]
    path.write_text("<top>\n<num> Number: 401\n<title> Wölfe im\nWesterwald\n<desc> …\n</top>\n", "utf-8")
    assert [(t.query_id, t.text) for t in read_topics(path)] == [("401", "Wölfe im Westerwald")]
    for wrong in ("ohne Tabulator\n", "1\ta\n1\tb\n"):
        path.write_text(wrong, "utf-8")
        with pytest.raises(DatasetError, match="topics"):
            read_topics(path)


def test_judgements_have_four_columns(tmp_path: Path) -> None:
    path = tmp_path / "qrels"
    path.write_text("401 0 wolf.md 2\n401 0 brand.md 0\n", "utf-8")
    assert read_qrels(path) == {"401": {"wolf.md": 2, "brand.md": 0}}
    path.write_text("401 wolf.md 2\n", "utf-8")
    with pytest.raises(DatasetError, match="line 1"):
        read_qrels(path)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
def test_a_table_and_trec_topics_are_run_on_any_corpus(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("question,article_id\nWarum ist die Rheinbrücke gesperrt?,bruecke.md\n", "utf-8")
    (tmp_path / "topics.tsv").write_text("1\tWarum ist die Rheinbrücke gesperrt?\n2\tunbeurteilt\n", "utf-8")
    (tmp_path / "qrels.txt").write_text("1 0 bruecke.md 1\n", "utf-8")
    trec = [str(tmp_path / "topics.tsv"), "--qrels", str(tmp_path / "qrels.txt")]
    for arguments in ([str(tmp_path / "t.csv")], trec):
        assert cli.main(["eval", "retrieval", *arguments, "--corpus", str(corpus)]) == 0
        assert "Success@1 1.0000" in capsys.readouterr().out
        assert cli.main(["eval", "retrieval", *arguments]) == 1
        assert "add --corpus" in capsys.readouterr().err


@pytest.mark.usefixtures("cache")
def test_a_run_is_written_measured_and_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = {name: tmp_path / name for name in ("lexical.json", "lexical.trec", "grams.json", "grams.trec", "again.json")}
    demo = ["eval", "retrieval", str(DEMO)]
    how = {"lexical": ["--method", "lexical"], "grams": ["--weights", "grams=1"]}
    for name, options in how.items():
        files = ["--json", str(out[f"{name}.json"]), "--run", str(out[f"{name}.trec"])]
        assert cli.main([*demo, *options, *files]) == 0
    assert cli.main([*demo, "--score", str(out["lexical.trec"]), "--json", str(out["again.json"])]) == 0
    first, again, grams = (json.loads(out[f"{n}.json"].read_text("utf-8")) for n in ("lexical", "again", "grams"))
    assert first["measures"] == again["measures"]
    assert first["per_query"] == again["per_query"]
    assert again["index"] is None
    assert grams["method"] == "lexical=0,grams=1,dense=0"
    low, high = first["intervals"]["nDCG@10"]
    assert low < first["measures"]["nDCG@10"] < high
    capsys.readouterr()
    assert cli.main(["eval", "compare", str(out["lexical.json"]), str(out["grams.json"])]) == 0
    by_results = capsys.readouterr().out
    runs = [str(out["lexical.trec"]), str(out["grams.trec"])]
    assert cli.main(["eval", "compare", *runs, "--dataset", str(DEMO)]) == 0
    assert capsys.readouterr().out == by_results
    assert f"{first['measures']['MAP']:.4f} → {grams['measures']['MAP']:.4f}" in by_results


# Comparisons -------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=8))
def test_few_differences_have_an_exact_p(differences: list[float]) -> None:
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    as_large = [abs(total) >= abs(sum(differences)) - 1e-9 for total in sums]
    assert randomisation(differences) == pytest.approx(sum(as_large) / len(sums))


def test_p_by_hand() -> None:
    assert randomisation([1.0, 1.0, 1.0]) == pytest.approx(2 / 8)  # only +++ and --- are as large
    assert randomisation([0.0, 0.0]) == 1
    assert randomisation([0.1] * 40) < 0.001
    balanced = [0.1, -0.1] * 20
    assert randomisation(balanced) == 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_an_interval_holds_the_mean_and_mirrors(values: list[float]) -> None:
    low, high = interval(values, rounds=1000)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert interval([-v for v in values], rounds=1000) == pytest.approx((-high, -low), abs=1e-9)


def test_an_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    inside = [low <= 0.5 <= high for low, high in (interval(random.random(60), rounds=500) for _ in range(300))]
    assert 0.9 < sum(inside) / len(inside) < 0.99


def results(name: str, digest: str, **values: float) -> Results:
    return Results(name, digest, {query: {"MAP": value} for query, value in values.items()})


def test_a_comparison_is_the_second_less_the_first() -> None:
    (found,) = compare(results("a", "d", q=0.25, r=0.5), results("b", "d", q=0.75, r=0.5))
    assert (found.first, found.second, found.difference, found.questions) == (0.375, 0.625, 0.25, 2)


def test_other_data_or_other_questions_are_not_compared() -> None:
    with pytest.raises(DatasetError, match="different data"):
        compare(results("a", "d", q=1), results("b", "e", q=1))
    with pytest.raises(DatasetError, match="different questions"):
        compare(results("a", "d", q=1), results("b", "d", r=1))


@pytest.mark.parametrize("text", ["", "[]", '{"per_query": 5}', '{"per_query": {}}', "[" * 100_000])
def test_what_is_no_results_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DatasetError, match=r"r\.json is no results file") as caught:
        read_results(path)
    assert "\n" not in str(caught.value)


def test_answers_are_compared_where_both_have_a_value(tmp_path: Path) -> None:
    for name, hit in (("a", False), ("b", True)):
        rows = {"q": {"evidence": hit, "status": "answered", "article_found": None}}
        (tmp_path / name).write_text(json.dumps({"per_query": rows, "dataset": {"digest": "d"}}), "utf-8")
    (found,) = compare(read_results(tmp_path / "a"), read_results(tmp_path / "b"))
    assert (found.measure, found.difference) == ("evidence", 1.0)
