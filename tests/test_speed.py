"""``eval speed`` times every part of a question, on a benchmark's own index or on another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import cli
from rag.encoder import StaticEncoder
from rag.evaluation import speed
from rag.index.reader import open_index

DEMO = Path(__file__).resolve().parent.parent / "benchmarks" / "demo-qa"


def test_every_part_is_asked_twice_and_timed(demo_index: Path, encoder: StaticEncoder) -> None:
    asked: list[str] = []
    timings = speed.measure({"part": lambda query: asked.append(query.searched)}, ["Wolf", "Brand"])
    assert asked == ["Wolf", "Brand"] * 2
    assert 0 <= timings["part"].p50 <= timings["part"].p95
    assert speed.measure({"part": lambda query: None}, []) == {"part": speed.Timing(0, 0, 0)}


def test_the_parts_are_those_of_the_search_and_the_answer(demo_index: Path, encoder: StaticEncoder) -> None:
    index = open_index(demo_index)
    search = {"stems", "grams", "vectors", "first look", "search"}
    assert set(speed.parts(index, encoder, answers=False)) == search
    assert set(speed.parts(index, encoder, answers=True)) == search | {"answer"}
    assert speed.size(index)["passages"] == len(index.lexical)
    assert speed.size(index)["disk_mb"] >= 0


def test_the_command_prints_and_writes_the_timings(
    demo_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "speed.json"
    options = ["--questions", "3", "--answers", "--index", str(demo_index), "--json", str(out)]
    assert cli.main(["eval", "speed", str(DEMO), *options]) == 0
    printed = capsys.readouterr().out
    assert "41 passages" in printed
    found = json.loads(out.read_text("utf-8"))
    assert found["questions"] == 3
    assert all(name in printed for name in found["milliseconds"])
    assert set(found["milliseconds"]["answer"]) == {"p50", "p95", "processor"}


def test_speed_without_an_index_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["eval", "speed", str(DEMO), "--index", str(tmp_path / "none")]) == 1
    assert "python -m rag build" in capsys.readouterr().err
