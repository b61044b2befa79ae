"""The command contract: verbs, JSON, exit codes, one-line errors, and what is not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import PROJECT

from rag import cli
from rag.encoder import StaticEncoder
from rag.index.build import build

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of a verb, in this process."""
    try:
        code = cli.main([str(a) for a in arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_build_reports_and_is_incremental(capsys: Capture, corpus: Path, tmp_path: Path) -> None:
    places = ("--corpus", corpus, "--index", tmp_path / "index")
    assert "3 added" in run(capsys, "build", *places)[1]
    assert "3 unchanged" in run(capsys, "build", *places)[1]
    (corpus / "leer.txt").write_bytes(b"")
    code, out, err = run(capsys, "build", "--full", *places)
    assert (code, "3 added" in out, "refused: leer.txt" in err) == (0, True, True)


def test_search_json(capsys: Capture, small_index: Path) -> None:
    code, out, _ = run(capsys, "search", "Rheinbrücke", "-k", "2", "--json", "--index", small_index)
    found = json.loads(out)
    assert code == 0
    assert len(found["hits"]) == 2
    first = found["hits"][0]
    assert set(first) == {
        "rank",
        "article_id",
        "passage_id",
        "score",
        "parts",
        "text",
        "start",
        "end",
        "title",
        "published",
    }
    assert (first["rank"], first["article_id"], first["published"]) == (1, "bruecke.md", "2023-04-12")
    assert first["end"] - first["start"] == len(first["text"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--since", "2023-04-01"], {"bruecke.md"}),
        (["--until", "2023-04-01"], {"brand.md"}),
        (["--source", "Stadtanzeiger", "--source", "Rheinbote"], {"bruecke.md", "brand.md"}),
    ],
)
def test_search_filters(capsys: Capture, small_index: Path, options: list[str], expected: set[str]) -> None:
    out = run(capsys, "search", "Brücke", "--json", "--index", small_index, *options)[1]
    assert {hit["article_id"] for hit in json.loads(out)["hits"]} == expected


def test_ask_json_is_the_contract(capsys: Capture, small_index: Path) -> None:
    code, out, _ = run(capsys, "ask", "Warum ist die Rheinbrücke gesperrt?", "--json", "--index", small_index)
    answer = json.loads(out)
    assert code == 0
    assert set(answer) == {
        *(
            "id",
            "question",
            "standalone",
            "status",
            "confidence",
            "made_by",
            "message",
            "filters",
            "claims",
            "citations",
        ),
        *("as_of", "hits", "timings_ms"),
    }
    assert (answer["status"], answer["made_by"], answer["as_of"]) == ("answered", "quotes", "2023-04-12")
    assert answer["filters"] == {"since": None, "until": None, "sources": []}
    assert set(answer["claims"][0]) == {"text", "citations", "verdict"}
    cited = answer["citations"][0]
    assert set(cited) == {
        *(
            "number",
            "article_id",
            "title",
            "source",
            "author",
            "url",
            "published",
            "updated",
            "passage_id",
            "start",
            "end",
        ),
        *("quote", "also_in"),
    }
    article = json.loads(run(capsys, "show", cited["article_id"], "--json", "--index", small_index)[1])
    assert article["text"][cited["start"] : cited["end"]] == cited["quote"]
    assert {
        "article_id",
        "title",
        "text",
        "published",
        "updated",
        "fetched",
        "author",
        "source",
        "url",
        "language",
    } <= set(article)
    assert {hit["article_id"] for hit in answer["hits"]} == {"bruecke.md", "brand.md", "wolf.md"}
    assert set(answer["hits"][0]) == {"passage_id", "article_id", "score", "parts"}


def test_ask_in_words(capsys: Capture, small_index: Path) -> None:
    out = run(capsys, "ask", "Warum ist die Rheinbrücke gesperrt?", "--index", small_index)[1]
    assert "[1]" in out
    assert "Rheinbote" in out
    assert "Stand: 2023-04-12" in out


def test_ask_batch_answers_each_line_with_its_history(capsys: Capture, small_index: Path, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    lines = [
        {"id": "a", "question": "Warum ist die Rheinbrücke gesperrt?"},
        {"id": "b", "question": "Und wie teuer wird das?", "history": ["Warum ist die Rheinbrücke gesperrt?"]},
        {"id": "c", "question": ""},
    ]
    batch.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    code, out, _ = run(capsys, "ask", "--batch", batch, "--index", small_index)
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [a["id"] for a in answers] == ["a", "b", "c"]
    assert "Rheinbrücke" in answers[1]["standalone"]
    assert answers[1]["hits"][0]["article_id"] == "bruecke.md"
    assert answers[2]["status"] == "not_found"


def test_check(capsys: Capture, corpus: Path, tmp_path: Path, encoder: StaticEncoder) -> None:
    build(corpus, tmp_path / "index", encoder)
    assert run(capsys, "check", "--index", tmp_path / "index")[0] == 0
    (tmp_path / "index" / "generations" / "unfinished").mkdir()
    assert run(capsys, "check", "--index", tmp_path / "index")[0] == 0
    database = next((tmp_path / "index").rglob("articles.sqlite"))
    database.write_bytes(database.read_bytes()[:-100])
    code, out, err = run(capsys, "check", "--index", tmp_path / "index")
    assert code == 1
    assert "articles.sqlite" in out
    assert "build --full" in err


ERRORS = [
    ["ask", "Was?", "--index", "{tmp}/none"],
    ["search", "Was?", "--index", "{tmp}/none"],
    ["show", "none.md", "--index", "{index}"],
    ["check", "--index", "{tmp}/none"],
    ["build", "--corpus", "{tmp}/none", "--index", "{tmp}/index"],
    ["build", "--corpus", "{tmp}", "--index", "{tmp}/index"],
    ["build", "--corpus", "{tmp}", "--index", "{tmp}/index", "--encoder", "no/such-model"],
    ["ask", "Was?", "--index", "{index}", "--encoder", "{tmp}"],
    ["ask", "--batch", "{tmp}/none.jsonl", "--index", "{index}"],
    ["eval", "retrieval", "{tmp}"],
    ["eval", "answers", "{tmp}/none.jsonl", "--corpus", "{tmp}"],
    ["train", "--data", "{tmp}/none"],
]


@pytest.mark.parametrize("arguments", ERRORS, ids=[" ".join(e[:2]) for e in ERRORS])
def test_errors_are_one_clear_line(
    capsys: Capture, small_index: Path, tmp_path: Path, arguments: Sequence[str]
) -> None:
    code, out, err = run(capsys, *(a.format(tmp=tmp_path, index=small_index) for a in arguments))
    assert (code, out) == (1, "")
    assert err.startswith("beleg: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["ask"], ["search"], ["search", "x", "-k", "0"], ["search", "x", "--since", "gestern"], ["eval"]],
)
def test_wrong_usage_exits_with_2(capsys: Capture, arguments: list[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "usage" in err


@pytest.mark.parametrize("verb", ["build", "search", "ask", "show", "check", "train", "eval retrieval", "eval answers"])
def test_every_verb_has_help_with_an_example(capsys: Capture, verb: str) -> None:
    code, out, _ = run(capsys, *verb.split(), "--help")
    assert code == 0
    assert f"example: python -m rag {verb}" in " ".join(out.split())


def test_an_answer_needs_neither_torch_nor_sentence_transformers(demo_index: Path) -> None:
    program = (
        "import sys; from rag.cli import main; code = main(sys.argv[1:]); "
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'langchain', 'streamlit'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr); sys.exit(code or bool(heavy))"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "ask",
        "Warum keine Patriots für die Ukraine?",
        "--index",
        str(demo_index),
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Patriot" in done.stdout


def test_settings_come_from_flags_then_the_environment(small_index: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag", "show", "wolf.md"]
    environment = {**os.environ, "BELEG_INDEX": str(small_index)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "Wildkamera" in done.stdout
    failed = subprocess.run(
        [*command, "--index", str(tmp_path)], cwd=PROJECT, env=environment, capture_output=True, timeout=60, check=False
    )
    assert failed.returncode == 1
