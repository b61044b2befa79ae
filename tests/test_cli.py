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

from rag import __version__, cli
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
        *("as_of", "hits", "timings_ms", "period", "timeline", "note"),
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


@pytest.mark.parametrize(
    "verb",
    [
        "build",
        "search",
        "ask",
        "show",
        "check",
        "train",
        "eval retrieval",
        "eval answers",
        "eval gate",
        "eval compare",
        "eval attribution",
        "eval report",
        "eval lint",
        "eval collect",
    ],
)
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


def shell(line: str, index: Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of a line of bash in which ``beleg`` is the command line and ``$INDEX`` an index."""
    begin = f'set -o pipefail; beleg() {{ "{sys.executable}" -m rag "$@"; }}\n'
    places = {"INDEX": str(index), "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        ["bash", "-c", begin + line],
        cwd=PROJECT,
        env={**os.environ, **places, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode()


def is_one_line(err: str) -> bool:
    return err.startswith("beleg: ") and err.endswith(".\n") and err.count("\n") == 1


@pytest.mark.parametrize("verb", ["show wolf.md", "check", "search Wolf --json", "ask Wolf"])
def test_a_full_disk_under_stdout_is_one_line(small_index: Path, verb: str) -> None:
    code, _, err = shell(f'beleg {verb} --index "$INDEX" > /dev/full', small_index)
    assert code == 1
    assert is_one_line(err)
    assert "(No space left on device); make room" in err


@pytest.mark.parametrize("kilobytes", [1, 4, 8])
def test_a_full_disk_under_a_build_is_one_line(corpus: Path, tmp_path: Path, kilobytes: int) -> None:
    line = f'ulimit -f {kilobytes}; beleg build --corpus "$CORPUS" --index "$INDEX"'
    code, out, err = shell(line, tmp_path / "index", CORPUS=str(corpus))
    assert (code, out) == (1, "")
    assert is_one_line(err)


def test_a_place_that_may_not_be_used_is_one_line(
    capsys: Capture, small_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/root/index")  # the tests may run as root, who may do anything

    monkeypatch.setattr("rag.index.reader.open_index", refuse)
    code, out, err = run(capsys, "show", "wolf.md", "--index", small_index)
    assert (code, out) == (1, "")
    assert is_one_line(err)
    assert "/root/index cannot be read or written (Permission denied)" in err


def test_a_bug_is_not_hidden(capsys: Capture, small_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("rag.index.reader.open_index", stumble)
    with pytest.raises(ValueError, match="a bug"):
        run(capsys, "show", "wolf.md", "--index", small_index)


def test_a_closed_pipe_is_no_error(small_index: Path) -> None:
    for verb in ("show wolf.md", "ask Wolf --json", "ask Wolf"):
        assert shell(f'beleg {verb} --index "$INDEX" | true', small_index) == (0, "", ""), verb
    assert shell('beleg show none.md --index "$INDEX" | true', small_index)[0] == 1


def test_closed_streams_keep_the_exit_code(small_index: Path) -> None:
    assert shell('beleg show wolf.md --index "$INDEX" >&-', small_index) == (0, "", "")
    assert shell('beleg show none.md --index "$INDEX" 2>&-', small_index) == (1, "", "")


def test_an_encoding_that_lacks_characters_is_no_error(small_index: Path) -> None:
    question = 'beleg ask "Warum ist die Rheinbrücke gesperrt?" --index "$INDEX"'
    code, out, err = shell(f"{question} | iconv -f latin1 -t utf8", small_index, PYTHONIOENCODING="latin-1")
    assert (code, err) == (0, "")
    assert "Rheinbrücke" in out
    assert "?" in out  # for the dash between two offsets
    code, out, _ = shell(f"{question} --json", small_index, PYTHONIOENCODING="ascii")
    assert code == 0
    assert "Rheinbrücke" in json.loads(out)["citations"][0]["title"]  # JSON escapes what it would lose


def test_arguments_that_are_not_utf_8_find_nothing(small_index: Path) -> None:
    for verb in ("show $'\\xff'", "show $'\\xff' --json"):
        code, out, err = shell(f'beleg {verb} --index "$INDEX"', small_index)
        assert (code, out) == (1, "")
        assert is_one_line(err)
        assert "There is no article" in err
    assert shell("beleg ask $'\\xff Wolf' --json --index \"$INDEX\"", small_index)[0] == 0
    code, out, err = shell("beleg search Wolf --source $'\\xff' --index \"$INDEX\"", small_index)
    assert (code, out, err) == (0, "", "nothing found\n")
    code, out, err = shell("beleg build --index \"$INDEX\"/$'\\xff'", small_index)
    assert (code, out) == (1, "")
    assert is_one_line(err)


WRONG_LINES = [
    "[" * 200_000,
    '{"question": 5}',
    '{"id": "x"}',
    '{"question": "Was?", "history": 5}',
    '{"question": "Was?", "history": "Patriots"}',
    '{"question": "Was?", "history": [null]}',
    '{"id": true, "question": "Was?"}',
    '{"id": ["x"], "question": "Was?"}',
    '{"id": "", "question": "Was?"}',
    '{"id": "\\ud800", "question": "Was?"}',
    '{"id": "a", "question": "Was?"}',  # an id that is there already
]


@pytest.mark.parametrize("wrong", WRONG_LINES, ids=[line[:40] for line in WRONG_LINES])
def test_a_batch_is_checked_before_its_first_answer(
    capsys: Capture, small_index: Path, tmp_path: Path, wrong: str
) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(f'{{"id": "a", "question": "Wolf?"}}\n\n{wrong}\n', "utf-8")
    code, out, err = run(capsys, "ask", "--batch", batch, "--index", small_index)
    assert (code, out) == (1, "")
    assert is_one_line(err)
    assert "batch.jsonl, line 3: " in err


def test_a_batch_line_without_an_id_goes_by_its_number(capsys: Capture, small_index: Path, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    lines = ['{"question": "Wolf?"}', '{"id": null, "question": "Wolf?", "history": null}', '{"id": 7, "question": ""}']
    batch.write_text("\ufeff" + "\n".join(lines), "utf-8")
    out = run(capsys, "ask", "--batch", batch, "--index", small_index)[1]
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["1", "2", "7"]


def test_version(capsys: Capture) -> None:
    assert run(capsys, "--version") == (0, f"Beleg {__version__}\n", "")


def test_settings_come_from_flags_then_the_environment(small_index: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag", "show", "wolf.md"]
    environment = {**os.environ, "BELEG_INDEX": str(small_index)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert "Wildkamera" in done.stdout
    failed = subprocess.run(
        [*command, "--index", str(tmp_path)], cwd=PROJECT, env=environment, capture_output=True, timeout=60, check=False
    )
    assert failed.returncode == 1
