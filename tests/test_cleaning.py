"""Golden pages in the structures that German outlets use: their text, their facts, and what is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from conftest import PROJECT
from test_cli import Capture, run

from rag.errors import DatasetError
from rag.evaluation.cleaning import FACTS, Cleaning, Counts, digest, evaluate

GOLDEN = PROJECT / "tests" / "golden"
KNOWN = {
    "tabellenlayout"
}  # a page of 2003: its title bears the outlet's name, its date stands in no element of its own


@pytest.fixture(scope="module")
def result() -> Cleaning:
    return evaluate(GOLDEN)


def test_every_page_gives_its_words_and_facts_and_no_other(result: Cleaning) -> None:
    assert len(result.pages) >= 30
    assert {page.name: page.wrong for page in result.pages if page.wrong and page.name not in KNOWN} == {}


def test_precision_and_recall_hold_their_floors(result: Cleaning) -> None:
    assert min(result.text.precision, result.text.recall) >= 0.995
    for name in FACTS:
        assert min(result.fact(name).precision, result.fact(name).recall) >= 0.95, name
    assert result.refusal == Counts(found=4, wanted=4, right=4)


def test_the_seeds_are_cleaned_to_the_words_that_were_checked_by_hand(shared: Path) -> None:
    seeds = [page for page in evaluate(GOLDEN, shared / "seeds").pages if page.name.endswith(".txt")]
    assert [(page.wrong, page.text.precision, page.text.recall) for page in seeds] == [((), 1.0, 1.0)] * 2


def write(folder: Path, name: str, page: str, **expected: object) -> None:
    (folder / f"{name}.html.gz").write_bytes(gzip.compress(page.encode()))
    (folder / f"{name}.json").write_text(json.dumps(expected), "utf-8")


PAGE = (
    "<html><head><title>Titel</title></head><body><article><p>Der Rat hat lange beraten und dann doch den Bau der "
    "neuen Brücke über den Fluss beschlossen.</p></article></body></html>"
)


def test_what_is_missing_too_much_or_wrong_counts(tmp_path: Path) -> None:
    words = "Der Rat hat lange beraten und dann doch den Bau der neuen Brücke über den Fluss beschlossen."
    write(tmp_path, "a", PAGE, text=[words, "Es fehlt ein Absatz."], title="Titel", published="2024-01-01")
    write(tmp_path, "b", PAGE, text=[" ".join(words.split()[:7])], title="Anders", published=None)
    write(tmp_path, "c", PAGE, refused="paid")
    write(tmp_path, "d", "<html></html>", text=[words])
    result = evaluate(tmp_path)
    runs, fewer = 17 - 3, 7 - 3  # of four words
    assert result.text == Counts(found=2 * runs, wanted=(runs + 4) + fewer + runs, right=runs + fewer)
    assert result.fact("title") == Counts(found=2, wanted=2, right=1)
    assert result.fact("published") == Counts(found=0, wanted=1, right=0)
    assert result.refusal == Counts(found=1, wanted=1, right=0)
    assert (Counts(4, 5, 2).precision, Counts(4, 5, 2).recall) == (2 / 4, 2 / 5)


def test_a_folder_without_pages_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no golden page"):
        evaluate(tmp_path)
    (tmp_path / "a.json").write_text("{}", "utf-8")
    with pytest.raises(DatasetError, match="no page beside it"):
        evaluate(tmp_path)
    (tmp_path / "a.json").write_text("{", "utf-8")
    with pytest.raises(DatasetError, match="no JSON"):
        evaluate(tmp_path)


def test_the_command_prints_and_writes_the_figures(capsys: Capture, tmp_path: Path) -> None:
    code, out, _ = run(capsys, "eval", "cleaning", GOLDEN, "--json", tmp_path / "r.json", "--seeds", tmp_path / "none")
    assert code == 0
    assert all(f"\n{name} " in out for name in ("text", *FACTS))
    measures = json.loads((tmp_path / "r.json").read_text("utf-8"))["measures"]
    assert set(measures) == {"text", *FACTS}
    assert measures["text"]["recall"] > 0.99


def test_a_digest_depends_on_words_alone() -> None:
    assert digest("Der Rat, er tagt.") == digest("Der  Rat er\ntagt") != digest("Er tagt, der Rat.")
