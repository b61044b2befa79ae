"""Measures agree with hand arithmetic, broken datasets are named, and the shipped quality holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from math import log2
from pathlib import Path

import pytest
from conftest import write_article

from rag import cli
from rag.encoder import BUNDLED, StaticEncoder
from rag.errors import BelegError, DatasetError
from rag.evaluation import answers, gate, retrieval
from rag.evaluation.datasets import Question, read_questions, read_retrieval_set
from rag.evaluation.intervals import hanley_mcneil, wilson
from rag.evaluation.noise import NOISES
from rag.index.build import build, stamp
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
    for times in (result["milliseconds_per_query"], result["processor_milliseconds_per_query"]):
        assert 0 <= times["p50"] <= times["p95"] <= times["p99"]
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
        ("queries.jsonl", "[" * 200_000),
        ("queries.jsonl", '{"_id": "q1", "text": "x", "metadata": "x"}'),
        ("queries.jsonl", '{"_id": null, "text": "x"}'),
        ("queries.jsonl", '{"_id": "q1", "text": 5}'),
        ("queries.jsonl", '{"_id": "q1", "text": "x"}\n{"_id": "q1", "text": "y"}'),
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\t1\n"),  # the document is missing, not named as the query
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td1\t0\n"),
        ("qrels/dev.tsv", "q1\td\udcff\t1\n"),  # not UTF-8
    ],
)
def test_a_broken_dataset_is_one_line_that_names_the_file(dataset: Path, file: str, content: str) -> None:
    (dataset / file).write_text(content, "utf-8", errors="surrogateescape")
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
        Question("d", "Warum ist die Rheinbrücke gesperrt?", "bruecke.md"),  # nobody wrote down what answers it
    ]
    result = answers.evaluate(questions, open_index(small_index), encoder)
    assert result.per_query["d"]["evidence"] is None
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
    "wrong",
    [
        "[" * 200_000,
        '{"question": "Was?", "evidence": 5}',
        '{"question": "Was?", "evidence": [null]}',
        '{"question": "Was?", "evidence": "Ein Satz."}',  # one text is no list: it would be read as letters
        '{"question": "Was?", "history": "Patriots"}',
        '{"question": "Was?", "article_id": 5}',
        '{"question": "Was?", "answerable": "false"}',
        '{"question": "Was?", "type": ["why"]}',
        '{"question": null}',
        '{"id": "a", "question": "Was?"}',
    ],
)
def test_a_wrong_question_is_one_line_that_names_file_and_line(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f'{{"id": "a", "question": "Was?"}}\n{wrong}\n', "utf-8")
    with pytest.raises(DatasetError, match=r"q\.jsonl, line 2: ") as caught:
        read_questions(path)
    assert "\n" not in str(caught.value)


def test_a_null_field_is_an_absent_one(tmp_path: Path) -> None:
    names = ("id", "article_id", "evidence", "answerable", "type", "history")
    path = write(tmp_path / "q.jsonl", [{"question": "Was?", **dict.fromkeys(names)}])
    assert read_questions(path) == [Question("1", "Was?")]


def test_answers_are_reported_with_their_index(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    questions = write(tmp_path / "q.jsonl", [{"id": "a", "question": "Was ist gesperrt?", "history": ["Was brannte?"]}])
    out = tmp_path / "result.json"
    corpus = str(dataset / "corpus.jsonl")
    assert cli.main(["eval", "answers", str(questions), "--corpus", corpus, "--json", str(out)]) == 0
    result = json.loads(out.read_text("utf-8"))
    assert {"measures", "by", "per_query", "dataset", "commit", "machine"} <= set(result)
    assert result["index"]["articles"] == 3
    assert result["index"]["encoder"]["fingerprint"]
    assert "files" not in result["index"]


def test_each_corpus_and_encoder_has_an_index_of_its_own_in_the_cache(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: StaticEncoder
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    other = write(dataset / "other.jsonl", [{"_id": "d9", "title": "", "text": "Ein einziger Artikel."}])
    first = retrieval.cached_index(dataset / "corpus.jsonl", encoder)
    second = retrieval.cached_index(other, encoder)
    assert (first.manifest.articles, second.manifest.articles) == (3, 1)
    cache = tmp_path / "cache" / "beleg" / "eval"
    assert sorted(folder.name.rpartition("-")[0] for folder in cache.iterdir()) == ["mini-corpus", "mini-other"]
    assert retrieval.cached_index(dataset / "qrels" / ".." / "corpus.jsonl", encoder).folder == first.folder


def test_a_cache_key_is_one_folder_name_whatever_the_encoder_is_called(encoder: StaticEncoder) -> None:
    class Renamed(StaticEncoder):
        name = "/models/../mein Modell"  # type: ignore[assignment]

    keys = {retrieval.cache_key(Path("a/corpus.jsonl"), e) for e in (encoder, Renamed(BUNDLED))}
    assert len(keys) == 2
    assert all(re.fullmatch(r"a-corpus-[0-9a-f]{16}", key) for key in keys)


def test_the_shipped_models_hold_the_floors(
    shared: Path, encoder: StaticEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    floors = gate.read_floors()
    assert {floor.dataset for floor in floors} == {"xquad-de", "gnad-qa", "demo-qa"}
    assert [verdict.trouble for verdict in gate.judge(floors, shared / "benchmarks", encoder) if verdict.trouble] == []


@pytest.fixture
def floor(dataset: Path) -> gate.Floor:
    digest = read_retrieval_set(dataset).digest
    return gate.Floor("mini", "queries.jsonl", "lexical", "Success@1", 0.9, digest, "kind=a")


def test_the_gate_holds_figures_against_their_floors(
    dataset: Path, floor: gate.Floor, encoder: StaticEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def trouble(changed: gate.Floor) -> str:
        return gate.judge([changed], dataset.parent, encoder)[0].trouble

    assert trouble(floor) == ""
    assert "below the floor" in trouble(replace(floor, floor=1.1))
    assert "below the floor" in trouble(replace(floor, group="kind=missing"))
    with pytest.raises(DatasetError, match="--benchmarks"):
        trouble(replace(floor, dataset="elsewhere"))


def test_floors_say_nothing_about_other_data(
    dataset: Path, encoder: StaticEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(dataset / "questions.jsonl", [{"id": "q", "question": "Wo bellt der Hund?", "article_id": "d1"}])
    floors = [
        gate.Floor("mini", "queries.jsonl", "lexical", "Success@1", 0.0, ""),
        gate.Floor("mini", "questions.jsonl", "answers", "article_in_top_5", 0.0, ""),
    ]
    known = gate.updated(gate.judge(floors, dataset.parent, encoder), lower=True)

    def troubles() -> list[bool]:
        return ["not compared" in verdict.trouble for verdict in gate.judge(known, dataset.parent, encoder)]

    assert troubles() == [False, False]
    with (dataset / "corpus.jsonl").open("a", encoding="utf-8") as corpus:  # one article more changes what is asked
        corpus.write('{"_id": "d9", "title": "Neu", "text": "Ein Artikel, der eben erst dazukam."}\n')
    assert troubles() == [True, True]
    assert gate.of_datasets(known, None) == gate.of_datasets(known, ["mini"]) == known
    with pytest.raises(DatasetError, match="mini"):
        gate.of_datasets(known, ["xquad-de"])


def test_times_are_told_from_the_day_of_the_question_never_from_today(tmp_path: Path, encoder: StaticEncoder) -> None:
    subjects = "Bad Bus Ampel Markt Kita Archiv Hafen Zoo Tunnel Museum Brunnen Theater".split()
    for month in (7, 9):  # the longer of equal articles come last, unless their time is asked for
        subjects[month - 1] += ", aber auch um Wege, Bäume und Bänke in den beiden Vierteln am Fluss"
    (tmp_path / "corpus").mkdir()
    for month, subject in enumerate(subjects, 1):
        text = f"Der Stadtrat von Neustadt beschloss, mehr Geld auszugeben. Diesmal ging es um: {subject}."
        write_article(tmp_path / "corpus", f"{month:02}.md", "Stadtrat", text, f"2023-{month:02}-15")
    build(tmp_path / "corpus", tmp_path / "index", encoder)
    index = open_index(tmp_path / "index", stamp(encoder))

    def found(month: int, as_of: date | None) -> bool:
        """Whether the article of a month is among the first five for "three months ago"."""
        asked = Question("q", "Was beschloss der Stadtrat vor drei Monaten?", f"{month:02}.md", as_of=as_of)
        return answers.evaluate([asked], index, encoder).measures["article_in_top_5"] == 1

    assert found(7, date(2023, 10, 20))
    assert not found(9, date(2023, 10, 20))
    assert found(9, None)  # told from the day of the newest article, in December
    assert not found(7, None)


def test_floors_rise_freely_and_fall_only_on_request(floor: gate.Floor) -> None:
    better = gate.Verdict(floor, 0.98, floor.digest, "")
    assert gate.updated([better], lower=False)[0].floor == pytest.approx(0.98 - gate.MARGIN)
    assert gate.updated([gate.Verdict(floor, 0.901, floor.digest, "")], lower=False)[0].floor == 0.9
    worse = gate.Verdict(floor, 0.8, floor.digest, "below")
    with pytest.raises(BelegError, match="--lower"):
        gate.updated([worse], lower=False)
    assert gate.updated([worse], lower=True)[0].floor == pytest.approx(0.8 - gate.MARGIN)
    moved = gate.Verdict(floor, 0.95, "other", "changed")
    assert gate.updated([moved], lower=True)[0].digest == "other"


def test_floors_are_written_and_read_back(floor: gate.Floor, tmp_path: Path) -> None:
    gate.write_floors([floor, floor], tmp_path / "floors.json")
    assert gate.read_floors(tmp_path / "floors.json") == [floor, floor]
    (tmp_path / "floors.json").write_text('[{"dataset": 1}]', "utf-8")
    with pytest.raises(DatasetError, match=r"floors\.json"):
        gate.read_floors(tmp_path / "floors.json")


def test_intervals_are_the_published_formulas() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    z2 = 1.96**2
    low, high = wilson(5, 10)
    assert (low + high) / 2 == pytest.approx(0.5)
    assert high - low == pytest.approx(2 * 1.96 / (1 + z2 / 10) * (0.25 / 10 + z2 / 400) ** 0.5)
    assert wilson(10, 10)[1] == pytest.approx(1.0)
    assert wilson(10, 10)[0] == pytest.approx(10 / (10 + z2))
    low, high = hanley_mcneil(0.5, 3, 3)
    assert high - low == pytest.approx(2 * 1.96 * ((0.25 + 2 * (1 / 3 - 0.25) * 2) / 9) ** 0.5)
    assert hanley_mcneil(1.0, 3, 4) == (1.0, 1.0)


def test_figures_are_printed_by_group_with_their_intervals(small_index: Path, encoder: StaticEncoder) -> None:
    asked = "Warum ist die Rheinbrücke gesperrt?"
    evidence = ("Ingenieure hatten Risse in zwei Tragseilen entdeckt.",)
    questions = [
        Question("a", asked, "bruecke.md", evidence, True, {"type": "why", "overlap": "high"}),
        Question("b", "Qwrtzpf Xyvlmn?", None, (), False, {"type": "why", "kind": "off_corpus"}),
    ]
    result = answers.evaluate(questions, open_index(small_index), encoder)
    assert result.intervals["evidence_hit"] == tuple(round(x, 4) for x in wilson(1, 1))
    assert result.intervals["overlap=high evidence_hit"] == result.intervals["evidence_hit"]
    printed = "\n".join(answers.lines(result))
    assert "evidence_hit                 1.0000 (0.21–1.00)" in printed
    for group in ("type=why (2)", "overlap=high (1)", "kind=off_corpus (1)"):
        assert group in printed


@pytest.mark.parametrize(
    ("noise", "typed"),
    [
        ("ae", "Groesse der Bruecke?"),
        ("plain", "Grose der Brucke?"),
        ("capitals", "GRÖSSE DER BRÜCKE?"),
        ("lower", "größe der brücke?"),
        ("keywords", "Größe Brücke"),
        ("emoji", "😀 Größe der Brücke? 🙏"),
        ("courtesies", "Hallo, ich würde gerne wissen: Größe der Brücke? Danke!"),
    ],
)
def test_noise_types_a_question_as_people_do(noise: str, typed: str) -> None:
    assert NOISES[noise]("Größe der Brücke?") == typed


def test_typos_change_as_many_words_and_always_the_same_way() -> None:
    asked = "Warum ist die Rheinbrücke gesperrt worden?"
    for noise, most in (("typo", 1), ("typos", 2)):
        typed = NOISES[noise](asked)
        assert typed == NOISES[noise](asked)
        assert 1 <= sum(a != b for a, b in zip(asked.split(), typed.split(), strict=True)) <= most
    assert NOISES["typos"]("so ist es") == "so ist es"


def test_a_benchmark_can_be_asked_with_noise(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for noise in NOISES:
        assert cli.main(["eval", "retrieval", str(dataset), "--noise", noise]) == 0
        assert f"(dev, {noise})" in capsys.readouterr().out
