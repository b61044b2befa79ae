"""The report says what the results files say, keeps published figures apart, and is a page that needs only itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import cli
from rag.errors import DatasetError
from rag.evaluation import report
from rag.evaluation.charts import Bar, Point, bars, columns, points
from rag.types import Language

RETRIEVAL = {
    "measures": {"nDCG@10": 0.9123, "MRR@10": 0.8},
    "intervals": {"nDCG@10": [0.9, 0.93]},
    "dataset": {"name": "mini", "digest": "d", "queries": 7},
    "method": "hybrid",
    "commit": "abc1234",
    "date": "2026-11-25",
}
ANSWERS = {
    "measures": {"evidence_hit": 0.5, "quote_fidelity": 1.0, "milliseconds_p50": 33.0},
    "dataset": {"name": "questions", "digest": "e", "queries": 9},
}
PEER = {
    "peer": "Beleg",
    "setting": "stock",
    "dataset": "mini",
    "documents": 3,
    "questions": 7,
    "measures": {"nDCG@10": 0.9, "MRR@10": 0.8},
    "intervals": {"nDCG@10": [0.85, 0.95]},
    "build_seconds": 2.0,
    "query_ms": {"p50": 10.0, "p95": 20.0},
    "peak_mib": 200,
    "disk_mib": 4.0,
}
OTHER = {**PEER, "peer": "bm25", "build_seconds": 0.5, "query_ms": {"p50": 1.0, "p95": 3.0}, "peak_mib": 100}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    peers = {"rows": [PEER, OTHER, {"peer": "slow", "setting": "stock", "dataset": "mini", "error": "not done"}]}
    files = {"mini-hybrid": RETRIEVAL, "mini-answers": ANSWERS, "peers": peers}
    files["mini-lexical"] = {**RETRIEVAL, "method": "lexical", "measures": {"nDCG@10": 0.95, "MRR@10": 0.7}}
    files["mini-attribution"] = {**ANSWERS, "measures": {"fully_right": 0.75}}
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), "utf-8")
    published = [
        {"dataset": "mini", "measure": "nDCG@10", "source": "A <b>paper</b>", "figures": {"Big | model": 0.99}},
        {"dataset": "answers", "measure": "quote_fidelity", "source": "A study", "figures": {"four assistants": 0.87}},
    ]
    (tmp_path / "published.json").write_text(json.dumps(published), "utf-8")
    return folder


def sections(results: Path) -> dict[str, report.Section]:
    return {s.title: s for s in report.report(results, results.parent / "published.json")}


def test_results_on_the_same_data_stand_together_best_first(results: Path) -> None:
    rows = sections(results)["Finding the article: mini"].table.rows
    assert [row[0] for row in rows] == [
        "Beleg, words alone",
        "Beleg, words and vectors, second look",
        "Big | model (published)",
    ]
    assert rows[1] == (
        "Beleg, words and vectors, second look",
        "0.912",
        "0.800",
        "",
        "",
        "",
        "7",
        "abc1234",
        "2026-11-25",
    )


def test_published_figures_are_marked_and_bear_their_source(results: Path) -> None:
    found = sections(results)
    assert "A <b>paper</b>" in found["Finding the article: mini"].note
    assert 'class="published"' in found["Finding the article: mini"].chart
    answers = found["Answers: mini-answers"].table.rows
    assert ("quotes word for word, with their source: four assistants", "0.870", "", "published (A study)") in answers
    assert all(row[3] == "measured" for row in answers[:3])


def test_peers_cost_multiples_of_beleg(results: Path) -> None:
    rows = sections(results)["Beside other search engines: mini"].table.rows
    assert rows[0][0] == "1. Beleg, stock"
    assert rows[1] == ("2. bm25, stock", "0.900", "0.850–0.950", "0.25", "0.1", "0.15", "0.5", "1")
    assert rows[2][:2] == ("slow, stock", "not done")
    assert "<td>slow, stock</td><td colspan=7>not done</td>" in report.page(list(sections(results).values()))


def test_the_checker_has_a_row_for_each_kind(results: Path) -> None:
    kind = {"pairs": 10, "dropped": 0.1, "dropped_interval": [0.02, 0.3], "not_backed": 0.2}
    found = {"by": {"all": {"true": kind, "date": {**kind, "dropped": 1.0}}, "de": {}}}
    (results / "checker.json").write_text(json.dumps(found), "utf-8")
    section = sections(results)["The checker of written sentences"]
    assert section.table.rows[0] == ("true, not changed", "10", "0.100", "0.020–0.300", "0.200")
    assert [row[2] for row in section.table.rows] == ["0.100", "1.000"]


@pytest.mark.parametrize("language", get_args(Language))
def test_all_that_is_measured_has_a_name_in_words(language: Language) -> None:
    for section in report.report(language=language):
        assert not [row[0] for row in section.table.rows if re.search(r"[a-z]_[a-z0-9]", row[0])], section.title


def test_the_page_needs_nothing_but_itself(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "report.html"
    assert cli.main(["eval", "report", "--results", str(results), "--html", str(out)]) == 0
    page = out.read_text("utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|url\(|\bsrc=|\bhref=|@import", page)
    shown = report.page(list(sections(results).values()))
    assert "A &lt;b&gt;paper" in shown
    assert "<b>paper" not in shown


def test_markdown_keeps_its_columns(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["eval", "report", "--results", str(results), "--language", "de"]) == 0
    printed = capsys.readouterr().out
    assert "# Wie gut Beleg ist" in printed
    assert "## Den Artikel finden: mini" in printed
    tables = [block.splitlines() for block in report.markdown(list(sections(results).values())).split("\n\n")]
    for table in (lines for lines in tables if lines[0].startswith("|")):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_the_shipped_results_make_a_report() -> None:
    for language in ("de", "en"):
        found = report.report(language=language)  # type: ignore[arg-type]
        assert any("xquad-de" in section.title for section in found)
        assert any("voyage-3" in row[0] for section in found for row in section.table.rows)
        for section in found:
            assert all(len(row) == len(section.table.columns) for row in section.table.rows)


def test_methods_are_named_in_words_and_german_figures_have_commas() -> None:
    german = next(s for s in report.report(language="de") if s.title.endswith("gnad-qa"))
    names = {row[0] for row in german.table.rows}
    assert {"Beleg, Wörter und Vektoren, zweiter Blick", "Beleg, nur Wörter", "Beleg, nur Vektoren"} <= names
    assert {"Beleg, Stämme + Vierergramme + Vektoren", "Beleg, Stämme"} <= names
    figures = [cell for row in german.table.rows for cell in row[1:6]]
    assert all(re.fullmatch(r"[01],\d{3}", figure) for figure in figures)
    assert not re.search(r">\d+\.\d+<", german.chart)
    english = next(s for s in report.report(language="en") if s.title.endswith("gnad-qa"))
    assert [cell.replace(".", ",") for row in english.table.rows for cell in row[1:6]] == figures


def test_no_results_or_broken_ones_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no results file"):
        report.report(tmp_path)
    (tmp_path / "x.json").write_text("{", "utf-8")
    with pytest.raises(DatasetError, match=r"x\.json cannot be read") as caught:
        report.report(tmp_path)
    assert "\n" not in str(caught.value)


@given(st.lists(st.tuples(st.text(), st.floats(0, 1)), min_size=1, max_size=6), st.text())
def test_bars_are_sound_svg_whatever_they_are_called(rows: list[tuple[str, float]], title: str) -> None:
    drawn = bars(title, [Bar(label, value, max(0, value - 0.1), value) for label, value in rows])
    assert parsed(drawn).get("role") == "img"
    assert drawn.count('class="measured"') == len(rows)
    shares = [float(share) for share in re.findall(r'(?:width|x\d)="([-\d.]+)%"', drawn)]
    assert len(shares) == 1 + 4 * len(rows)
    assert all(0 <= share <= 100 for share in shares)


@given(st.lists(st.integers(0, 9_999), min_size=1, max_size=60))
def test_counts_over_time_lie_inside_their_picture(counts: list[int]) -> None:
    months = {f"{2000 + i // 12}-{i % 12 + 1:02}": count for i, count in enumerate(counts)}
    drawn = parsed(columns("t", months))
    rects = [bar for bar in drawn.iter() if bar.tag.endswith("rect")]
    assert len(rects) == sum(count > 0 for count in counts)
    for bar in rects:
        left, width = (float((bar.get(name) or "").removesuffix("%")) for name in ("x", "width"))
        assert 0 <= left < left + width <= 100
        assert 0 <= float(bar.get("y") or -1) <= float(drawn.get("height") or 0)
    years = [text.text for text in drawn.iter() if text.get("class") == "axis"]
    assert years == [str(2000 + i) for i in range(len(years))]


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1)), min_size=1, max_size=6))
def test_points_lie_inside_their_picture(values: list[tuple[float, float]]) -> None:
    drawn = points("t", "ms", [Point(str(i), cost, value) for i, (cost, value) in enumerate(values)])
    circles = [c for c in parsed(drawn).iter() if c.tag.endswith("circle")]
    assert len(circles) == len(values)
    assert all(0 <= float(c.get("cx") or -1) <= 480 and 0 <= float(c.get("cy") or -1) <= 380 for c in circles)


def test_points_on_each_other_share_one_label() -> None:
    near = [Point("1", 1.0, 0.90), Point("2", 1.01, 0.901), Point("3", 100.0, 0.5)]
    labels = [text.text for text in parsed(points("t", "ms", near)).iter() if text.tag.endswith("text")]
    assert "1, 2" in labels
    assert "3" in labels


def parsed(svg: str) -> ElementTree.Element:
    """Read as XML, without the characters that XML cannot hold in any spelling (HTML takes them)."""
    return ElementTree.fromstring(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", svg))
