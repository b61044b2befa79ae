"""Excerpts are named after their articles, and what is said of that is true."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from conftest import write_article
from hypothesis import given
from hypothesis import strategies as st

from rag import cli
from rag.encoder import StaticEncoder
from rag.errors import DatasetError
from rag.evaluation import attribution
from rag.types import Article


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_every_article_of_an_archive_is_named(tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.json"
    assert cli.main(["eval", "attribution", "--corpus", str(corpus), "--json", str(out), "--sentences", "1"]) == 0
    result = json.loads(out.read_text("utf-8"))
    assert result["measures"]["fully_right"] == 1
    assert set(result["per_query"]) == {"brand.md", "bruecke.md", "wolf.md"}
    assert result["dataset"]["queries"] == 3
    assert "fully_right          1.0000" in capsys.readouterr().out


def test_the_wrong_one_of_two_copies_is_counted_as_wrong(tmp_path: Path, encoder: StaticEncoder) -> None:
    text = "Die Feuerwehr rückte am Mittwoch mit sechzig Kräften in die Altstadt aus."
    folder = tmp_path / "copies"
    folder.mkdir()
    write_article(folder, "a.md", "Brand", text, "2023-03-02", "Bote")
    write_article(folder, "b.md", "Brand", text, "2023-03-03", "Bote")
    found = attribution.evaluate(folder, encoder, 1)
    assert {a.article_id: a.fully_right for a in found} == {"a.md": True, "b.md": False}  # ties go to the first
    wrong = found[1]
    assert wrong.named == "a.md"
    assert wrong.right == {"title": True, "source": True, "published": False, "url": True, "article": False}
    assert attribution.measures(found)["fully_right"] == 1 / 2
    assert any("wrong: a.md for b.md" in line for line in attribution.lines(folder, found))


@given(st.integers(1, 4), st.text(max_size=8))
def test_an_excerpt_stands_in_its_article(length: int, name: str) -> None:
    text = " ".join(f"Der Satz Nummer {n} hat genau so viele Wörter wie die anderen." for n in range(6))
    article = Article(name, "", text, published=date(2023, 1, 1))
    found = attribution.excerpt(article, length)
    assert found is not None
    assert found in text
    assert found.count("Satz") == length
    assert attribution.excerpt(article, length) == found


def test_an_article_without_a_long_sentence_has_no_excerpt(tmp_path: Path, encoder: StaticEncoder) -> None:
    assert attribution.excerpt(Article("a", "", "Zu kurz. Auch kurz."), 2) is None
    folder = tmp_path / "short"
    folder.mkdir()
    write_article(folder, "a.md", "Kurz", "Zu kurz. Auch kurz.")
    with pytest.raises(DatasetError, match="holds no article with a sentence"):
        attribution.evaluate(folder, encoder)


@given(st.text(min_size=1), st.floats(0, 0.99))
def test_what_is_forgotten_is_always_the_same(text: str, share: float) -> None:
    found = attribution.forgotten(text, share)
    assert attribution.forgotten(text, share) == found
    words = iter(text.split())
    assert found == text or all(word in words for word in found.split())  # in their order
    assert attribution.forgotten(text, 0).split() == text.split()
