"""The README keeps up with the code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import PROJECT

from rag import cli

README = (PROJECT / "README.md").read_text("utf-8")
FILES = sorted(p.relative_to(PROJECT).as_posix() for p in [PROJECT / "app.py", *(PROJECT / "rag").rglob("*.py")])


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("__init__.py")])
def test_the_readme_has_a_line_for_every_file(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_names_no_file_that_is_not_there() -> None:
    for name in re.findall(r"`((?:rag|docs|tests|benchmarks|models|corpus)/[\w./-]+)`", README):
        assert (PROJECT / name).exists(), name


def test_pictures_in_the_readme_exist() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    assert all((PROJECT / picture).is_file() for picture in pictures)


def test_the_commands_of_the_readme_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    known = set()
    for line in re.findall(r"^python -m rag (.+?)(?:  .*)?$", README, re.M):
        verb = " ".join(word for word in shlex.split(line)[:2] if re.fullmatch(r"[a-z]+", word))
        known.add(verb)
        with pytest.raises(SystemExit) as stop:
            cli.main([*verb.split(), "--help"])
        assert stop.value.code == 0, verb
    assert {"build", "search", "ask", "show", "check", "eval retrieval", "eval answers"} <= known


def test_the_first_answer_of_the_readme_is_what_beleg_says(
    demo_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = re.search(r'^\$ python -m rag ask "(.+?)"\n(.+?)^```', README, re.M | re.S)
    assert shown
    assert cli.main(["ask", shown[1], "--index", str(demo_index)]) == 0
    assert capsys.readouterr().out.strip() == shown[2].strip()


def test_the_comparison_in_the_docs_is_that_of_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    results = PROJECT / "benchmarks" / "results"
    files = [str(results / f"demo-qa-{method}.json") for method in ("lexical", "hybrid")]
    shown = re.search(r"^nDCG@10 +.+→.+$", (PROJECT / "docs" / "evaluating.md").read_text("utf-8"), re.M)
    assert shown
    assert cli.main(["eval", "compare", *files]) == 0
    assert shown[0] in capsys.readouterr().out.splitlines()


def test_the_bundled_models_are_small() -> None:
    assert sum(p.stat().st_size for p in (PROJECT / "models").rglob("*") if p.is_file()) < 60_000_000


def test_model_cards_name_their_data_and_licence() -> None:
    for card in (PROJECT / "models").glob("*/README.md"):
        text = Path(card).read_text("utf-8")
        assert "license: cc-by-sa-4.0" in text
        assert "CC BY-SA" in text
        assert "Made by" in text
