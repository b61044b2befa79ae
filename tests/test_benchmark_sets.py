"""Question sets: the one that ships is sound, the linter names each fault, own questions become a benchmark folder."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st

from rag import cli
from rag.errors import DatasetError
from rag.evaluation.collect import collect
from rag.evaluation.datasets import (
    Feedback,
    Question,
    read_articles,
    read_csv,
    read_feedback,
    read_questions,
    read_retrieval_set,
)
from rag.evaluation.lint import lint, overlap
from rag.types import Article

DEMO = PROJECT / "benchmarks" / "demo-qa"
ARTICLE = Article(
    "a.md", "Brücke gesperrt", "Die Rheinbrücke ist gesperrt. Zwei Seile haben Risse.", published=date(2023, 4, 12)
)
ARTICLES = {"a.md": ARTICLE}


def question(text: str = "Warum ist die Rheinbrücke zu?", **fields: object) -> Question:
    known: dict[str, object] = {"article_id": "a.md", "evidence": ("Zwei Seile haben Risse.",)}
    return Question("q", text, **(known | fields))  # type: ignore[arg-type]


def said(*questions: Question, training: Path | None = None) -> str:
    return "\n".join(map(str, lint(questions, ARTICLES, training)))


# The set that ships ------------------------------------------------------------------------------------------------


def test_the_shipped_questions_have_no_fault() -> None:
    questions = [q for name in ("questions", "followups", "dated") for q in read_questions(DEMO / f"{name}.jsonl")]
    for corpus in (PROJECT / "corpus", DEMO / "corpus.jsonl"):
        assert [str(f) for f in lint(questions, read_articles(corpus)) if not f.warning] == []


def test_the_shipped_questions_are_as_many_and_as_varied_as_promised() -> None:
    questions = read_questions(DEMO / "questions.jsonl")
    answerable = [q for q in questions if q.answerable]
    kinds = Counter(q.groups["kind"] for q in questions if not q.answerable)
    overlaps = Counter(q.groups["overlap"] for q in answerable)
    assert len(answerable) >= 120
    assert kinds["near_miss"] > kinds["off_corpus"] >= 10
    assert kinds.total() >= 40
    assert 0.4 < overlaps["low"] / len(answerable) < 0.6
    assert {"why", "person", "date", "number", "list", "yesno", "how", "place"} <= {
        q.groups["type"] for q in answerable
    }
    assert len({q.article_id for q in answerable}) == len(read_articles(PROJECT / "corpus"))
    assert len(read_questions(DEMO / "followups.jsonl")) >= 20
    dated = read_questions(DEMO / "dated.jsonl")
    days = Counter(q.text for q in dated)
    assert len(days) >= 20
    assert min(days.values()) >= 2
    gold = {q.text: {o.evidence for o in dated if o.text == q.text} for q in dated}
    assert all(len(gold[text]) == days[text] for text in days), "an answer that stays the same"


def test_the_shipped_folder_is_what_the_command_writes(tmp_path: Path) -> None:
    source = str(DEMO / "questions.jsonl")
    assert cli.main(["eval", "collect", source, "--corpus", str(PROJECT / "corpus"), "--out", str(tmp_path)]) == 0
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        assert (tmp_path / name).read_text("utf-8") == (DEMO / name).read_text("utf-8"), (
            f"{name} is behind: python -m rag eval collect benchmarks/demo-qa/questions.jsonl --out benchmarks/demo-qa"
        )
    assert len(read_retrieval_set(DEMO).topics) == 160


def test_the_shipped_questions_are_not_known_to_the_models(shared: Path) -> None:
    # One training file, the one with questions of the same kind; all of them take half a minute (docs/evaluating.md).
    questions = read_questions(DEMO / "questions.jsonl")
    with gzip.open(shared / "training" / "answer-sentences.jsonl.gz", "rt", encoding="utf-8") as lines:
        known = {json.loads(line)["question"] for line in lines}
    assert len(known) > 1000
    assert not known & {q.text for q in questions}


# The linter --------------------------------------------------------------------------------------------------------


def test_a_sound_question_has_no_finding() -> None:
    assert said(question()) == ""
    assert said(Question("u", "Welcher Ingenieur baute die Rheinbrücke bei Neuwied?", answerable=False)) == ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (question(evidence=("Drei Seile haben Risse.",)), "does not stand in a.md"),
        (question(evidence=()), "has no evidence"),
        (question(article_id="b.md"), "no article 'b.md'"),
        (question(article_id=None), "names no article_id"),
        (question(also_in=("c.md",)), "no article 'c.md'"),
        (question(answerable=False), "called unanswerable"),
        (question("?!"), "no question"),
        (question("Und wann?"), "points back"),
        (question(as_of=date(2023, 4, 11)), "was not there yet"),
        (question("Ist die Rheinbrücke gesperrt?", groups={"overlap": "low"}), "labelled low"),
        (question("Wieso darf kein Auto ans andere Ufer?", groups={"overlap": "high"}), "labelled high"),
    ],
)
def test_each_fault_is_named(wrong: Question, words: str) -> None:
    assert words in said(wrong)
    assert "\n" not in said(wrong)


def test_questions_asked_twice_are_found_unless_day_or_talk_differ() -> None:
    first = question()
    assert "asks the same as q" in said(first, question("warum ist die Rheinbrücke ZU"))
    assert "nearly the same" in said(first, question("Warum ist die Rheinbrücke denn zu?"))
    assert said(question(as_of=date(2023, 5, 1)), question(as_of=date(2023, 6, 1))) == ""
    assert said(first, question(history=("Was ist mit Köln?",))) == ""


def test_what_stands_in_the_training_files_is_found(tmp_path: Path) -> None:
    evidence = "Zwei der dicken Seile haben seit gestern Risse."
    article = Article("a.md", "", f"Die Brücke ist zu. {evidence}")
    asked = Question("q", "Warum ist die Rheinbrücke zu?", "a.md", (evidence,))

    def leaks(text: str) -> list[str]:
        with gzip.open(tmp_path / "t.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write(json.dumps({"query": "Etwas anderes?", "texts": [text]}) + "\n")
        return [str(finding) for finding in lint([asked], {"a.md": article}, tmp_path)]

    assert leaks("Ganz andere Worte stehen in diesem Satz.") == []
    assert "has" not in leaks(f"Vorher. „{evidence}“ Nachher.")[0]
    assert "its evidence" in leaks(f"Vorher. {evidence} Nachher.")[0]
    assert "have seen the question" in leaks("WARUM ist die Rheinbrücke zu?")[0]


def test_a_folder_without_training_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no training file"):
        lint([question()], ARTICLES, tmp_path)
    (tmp_path / "x.jsonl").write_text("kein JSON\n", "utf-8")
    with pytest.raises(DatasetError, match=r"x\.jsonl"):
        lint([question()], ARTICLES, tmp_path)


def test_overlap_is_the_share_of_topic_stems() -> None:
    # "Risse" and "Seilen" stand there, "Woher" and "die" only ask, "kommen" and "dicken" do not.
    assert overlap("Woher kommen die Risse in dicken Seilen?", ARTICLE) == pytest.approx(2 / 4)
    assert overlap("Warum?", ARTICLE) == 0


def test_the_command_exits_with_the_verdict(tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "q.jsonl"
    sound = {"question": "Warum ist die Rheinbrücke gesperrt?", "article_id": "bruecke.md"}
    evidence = ["Ingenieure hatten Risse in zwei Tragseilen entdeckt."]
    path.write_text(json.dumps({**sound, "evidence": evidence}), "utf-8")
    assert cli.main(["eval", "lint", str(path), "--corpus", str(corpus)]) == 0
    path.write_text(json.dumps({**sound, "evidence": ["Erfunden."]}), "utf-8")
    assert cli.main(["eval", "lint", str(path), "--corpus", str(corpus)]) == 1
    assert "1: the evidence 'Erfunden.' does not stand" in capsys.readouterr().out


# Own questions -----------------------------------------------------------------------------------------------------


def test_feedback_and_a_table_become_a_benchmark(tmp_path: Path, corpus: Path) -> None:
    up = Feedback(
        "Warum ist die Rheinbrücke gesperrt?",
        "up",
        "2026-11-25T10:00:00+01:00",
        "bruecke.md",
        ("Ingenieure hatten Risse in zwei Tragseilen entdeckt.",),
    )
    down = Feedback("Wer zahlt?", "down", "2026-11-25T10:01:00+01:00", "brand.md", comment="falscher Artikel")
    (tmp_path / "feedback.jsonl").write_text(up.line() + up.line() + down.line(), "utf-8")
    (tmp_path / "own.csv").write_text("id,question,article_id\nw,Wo lebt ein Wolf?,wolf.md\n", "utf-8")
    out = tmp_path / "out"
    sources = [str(tmp_path / "feedback.jsonl"), str(tmp_path / "own.csv")]
    for _ in range(2):  # a second time over the first
        assert cli.main(["eval", "collect", *sources, "--corpus", str(corpus), "--out", str(out)]) == 0
    dataset = read_retrieval_set(out)
    assert dataset.qrels == {"feedback-1": {"bruecke.md": 1}, "w": {"wolf.md": 1}}
    assert {t.query_id: t.groups["overlap"] for t in dataset.topics} == {"feedback-1": "high", "w": "high"}
    questions = read_questions(out / "questions.jsonl")
    assert [q.question_id for q in questions] == ["feedback-1", "w"]
    assert questions[0].evidence == up.quotes
    (waiting,) = (json.loads(line) for line in (out / "unjudged.jsonl").read_text("utf-8").splitlines())
    assert (waiting["question"], waiting["article_id"], waiting["shown"]) == ("Wer zahlt?", None, "brand.md")
    assert waiting["comment"] == "falscher Artikel"


def test_a_folder_with_other_files_is_left_alone(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("question,article_id\nWo lebt ein Wolf?,wolf.md\n", "utf-8")
    assert cli.main(["eval", "collect", str(own), "--corpus", str(corpus), "--out", str(corpus)]) == 1
    assert "holds other files" in capsys.readouterr().err
    assert not (corpus / "qrels").exists()


@given(
    st.builds(
        Feedback,
        question=st.text(min_size=1),
        verdict=st.sampled_from(["up", "down"]),
        time=st.just("2026-11-25T10:00:00+01:00"),
        article_id=st.none() | st.text(min_size=1),
        quotes=st.lists(st.text(), max_size=3).map(tuple),
        history=st.lists(st.text(), max_size=3).map(tuple),
        comment=st.text(),
    )
)
def test_feedback_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, feedback: Feedback) -> None:
    path = tmp_path_factory.mktemp("f") / "f.jsonl"
    path.write_text(feedback.line(), "utf-8")
    assert read_feedback(path) == [feedback]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("frage,artikel\nWas?,a\n", "the first line must name"),
        ("question,article_id\n,a\n", "wants a question"),
        ("id,question,article_id\n1,Was?,a\n1,Wer?,a\n", "one only under the same id"),
        ('question,article_id\n"Was?,a\n', "no table"),
    ],
)
def test_a_broken_table_is_one_line(tmp_path: Path, table: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(table, "utf-8")
    with pytest.raises(DatasetError, match=words) as caught:
        read_csv(path)
    assert "\n" not in str(caught.value)


def test_a_table_may_name_several_articles(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("question,article_id\nWas?,a;b\nWer?,c\nWas?,d\nWo?,\n", "utf-8")
    found = read_csv(path)
    assert [(q.question_id, q.articles, q.answerable) for q in found] == [
        ("q1", ("a", "b", "d"), True),
        ("q2", ("c",), True),
        ("q3", (), False),
    ]
    assert collect([path]).questions == tuple(found)


@pytest.mark.parametrize("divider", [",", ";", "\t"])
def test_a_table_is_divided_as_its_header_is(tmp_path: Path, divider: str) -> None:
    path = tmp_path / "t.csv"
    rows = [["id", "question", "article_id"], ["a", '"Was, und wo?"', "x"], ["a", '"Was, und wo?"', "y"]]
    path.write_text("\ufeff" + "\n".join(divider.join(row) for row in rows), "utf-8")
    assert [(q.question_id, q.text, q.articles) for q in read_csv(path)] == [("a", "Was, und wo?", ("x", "y"))]


def test_ids_of_two_files_must_not_clash(tmp_path: Path) -> None:
    for name, text in (("a.csv", "Was?"), ("b.csv", "Wer?")):
        (tmp_path / name).write_text(f"id,question,article_id\n1,{text},a\n", "utf-8")
    with pytest.raises(DatasetError, match="bear the id '1'"):
        collect([tmp_path / "a.csv", tmp_path / "b.csv"])
