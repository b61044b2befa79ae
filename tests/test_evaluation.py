"""Measures agree with hand arithmetic, broken datasets are named, and the shipped quality holds."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest

from rag import cli
from rag.encoder import StaticEncoder
from rag.errors import DatasetError
from rag.evaluation import answers, retrieval
from rag.evaluation.datasets import Question, read_questions, read_retrieval_set
from rag.index.reader import open_index


def write(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "mini"
    (folder / "qrels").mkdir(parents=True)
    texts = {"d1": "Die Brücke ist gesperrt.", "d2": "Der Wolf ist zurück.", "d3": "Das Haus brannte ab."}
    write(folder / "corpus.jsonl", [{"_id": i, "title": "", "text": t} for i, t in texts.items()])
    write(
        folder / "queries.jsonl",
        [
            {"_id": "q1", "text": "Brücke gesperrt", "metadata": {"kind": "a", "answers": ["x"]}},
            {"_id": "q2", "text": "Wolf", "metadata": {"kind": "b"}},
            {"_id": "q3", "text": "nicht beurteilt"},
        ],
    )
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq2\td3\t1\n", "utf-8")
    return folder


def test_measures_are_hand_arithmetic() -> None:
    qrels = {"q1": {"a": 1, "b": 1}, "q2": {"a": 1}, "q3": {"z": 1}}
    run = {"q1": [("x", 3.0), ("a", 2.0), ("b", 2.0)], "q2": [("a", 1.0)]}
    found = retrieval.measure(run, qrels, ["q1", "q2", "q3"])
    assert found["q1"]["MRR@10"] == pytest.approx(1 / 2)
    assert found["q1"]["nDCG@10"] == pytest.approx((1 / log2(3) + 1 / log2(4)) / (1 + 1 / log2(3)))
    assert found["q1"]["MAP"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found["q2"]["nDCG@10"] == found["q2"]["Success@1"] == 1
    assert set(found["q3"].values()) == {0.0}
    assert retrieval.mean(found.values())["MRR@10"] == pytest.approx((1 / 2 + 1 + 0) / 3, abs=1e-4)


def test_a_beir_folder_is_read_run_and_reported(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out, run = tmp_path / "result.json", tmp_path / "run.txt"
    assert cli.main(["eval", "retrieval", str(dataset), "--json", str(out), "--run", str(run)]) == 0
    assert "nDCG@10" in capsys.readouterr().out
    result = json.loads(out.read_text("utf-8"))
    assert result["measures"]["Success@1"] == 1
    assert result["dataset"]["queries"] == 2
    assert result["by"]["kind"]["a"]["queries"] == 1
    assert set(result["per_query"]) == {"q1", "q2"}
    assert {"commit", "machine", "index", "date"} <= set(result)
    lines = [line.split() for line in run.read_text("utf-8").splitlines()]
    assert all(len(line) == 6 and line[1] == "Q0" for line in lines)
    assert lines[0][:4] == ["q1", "Q0", "d1", "1"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("queries.jsonl", "no json\n"),
        ("queries.jsonl", '{"text": "ohne _id"}\n'),
        ("queries.jsonl", '["keine", "Zuordnung"]\n'),
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1 d1 1\n"),
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nfremd\td1\t1\n"),
    ],
)
def test_a_broken_dataset_is_one_line_that_names_the_file(dataset: Path, file: str, content: str) -> None:
    (dataset / file).write_text(content, "utf-8")
    with pytest.raises(DatasetError, match=Path(file).name) as caught:
        read_retrieval_set(dataset)
    assert "\n" not in str(caught.value)


def test_the_split_is_the_only_one_else_test(dataset: Path) -> None:
    assert read_retrieval_set(dataset).split == "dev"
    (dataset / "qrels" / "test.tsv").write_text("q2\td2\t1\n", "utf-8")
    assert read_retrieval_set(dataset).split == "test"
    assert [t.query_id for t in read_retrieval_set(dataset, "test").topics] == ["q2"]
    with pytest.raises(DatasetError):
        read_retrieval_set(dataset, "train")


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    assert answers.auroc([0.9, 0.4], [0.5, 0.1]) == pytest.approx((2 + 1) / 4)
    assert answers.auroc([0.5], [0.5]) == pytest.approx(0.5)
    assert answers.auroc([], [0.5]) is None


def test_answers_are_compared_with_their_evidence(small_index: Path, encoder: StaticEncoder) -> None:
    questions = [
        Question(
            "a",
            "Warum ist die Rheinbrücke gesperrt?",
            "bruecke.md",
            ("Ingenieure hatten Risse in zwei Tragseilen entdeckt.",),
            True,
            {"type": "why"},
        ),
        Question(
            "b",
            "Warum ist die Rheinbrücke gesperrt?",
            "bruecke.md",
            ("Ein Schiff hatte den Pfeiler gerammt.",),
            True,
            {"type": "why"},
        ),
        Question("c", "Qwrtzpf Xyvlmn?", None, (), False, {"type": "why"}),
    ]
    result = answers.evaluate(questions, open_index(small_index), encoder)
    assert result.per_query["a"]["evidence"]
    assert not result.per_query["b"]["evidence"]
    assert result.measures["evidence_hit"] == 0.5
    assert result.measures["unanswerable_not_answered"] == 1
    assert result.measures["quote_fidelity"] == 1
    assert result.measures["article_in_top_5"] == 1
    assert result.by["type"]["why"]["questions"] == 3


def test_question_files_are_read_with_their_history(tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.jsonl",
        [{"id": "f", "question": "Und wann?", "history": ["Was war?"], "answerable": False, "kind": "near_miss"}],
    )
    assert read_questions(path) == [Question("f", "Und wann?", None, (), False, {"kind": "near_miss"}, ("Was war?",))]
    with pytest.raises(DatasetError):
        read_questions(write(tmp_path / "empty.jsonl", []))


@pytest.mark.parametrize(
    ("name", "method", "measure", "floor"),
    [
        ("xquad-de", "hybrid", "nDCG@10", 0.965),
        ("xquad-de", "dense", "nDCG@10", 0.86),
        ("gnad-qa", "hybrid", "MRR@10", 0.87),
    ],
)
def test_the_shipped_models_reach_the_published_figures(
    shared: Path,
    encoder: StaticEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    method: str,
    measure: str,
    floor: float,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    benchmark = read_retrieval_set(shared / "benchmarks" / name)
    index = retrieval.cached_index(benchmark.corpus, encoder)
    result = retrieval.evaluate(benchmark, index, encoder, method)  # type: ignore[arg-type]
    assert result.measures[measure] >= floor
