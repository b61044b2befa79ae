"""Texts compared by numbers give what comparing them word by word gives, whatever was asked before."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import vocabulary as module
from rag.encoder import StaticEncoder
from rag.german import stem, word_grams
from rag.terms import Terms
from rag.vocabulary import Vocabulary, distinct_words

TEXT = "Die Rheinbrücke bei Neuwied bleibt gesperrt. Ingenieure fanden 19 Mrd. Risse im Tragseil der Brücken."


def even(field: str, term: str) -> float:
    return 1.0


@given(question=st.text(max_size=60), texts=st.lists(st.text(max_size=80), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_matches_are_those_of_the_words_one_by_one(encoder: StaticEncoder, question: str, texts: list[str]) -> None:
    terms = Terms(question, encoder, even)
    found = terms.match(texts)
    for row, text in enumerate(texts):
        own = distinct_words(text) or ("",)
        stems, grams = {stem(word) for word in own}, {gram for word in own for gram in word_grams(word)}
        assert found.exact[row].tolist() == [float(term in stems) for term in terms.stems]
        assert found.gram[row].tolist() == [float(gram in grams) for gram in terms.grams]
        cosines = encoder.encode_passages(own) @ encoder.encode_passages(terms.words).T
        alike = [[stem(word) == stem(asked) for asked in terms.words] for word in own]  # one word, inflected
        soft = np.maximum(cosines, np.array(alike, dtype=np.float32).reshape(cosines.shape)).max(axis=0)
        assert np.allclose(found.soft[row], soft, atol=2e-3)  # kept in half precision


def test_a_full_list_of_words_begins_anew(encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WORDS", 40)
    words = Vocabulary(encoder)
    for i in range(60):
        known, asked, (own,) = words.look_up(["brücke"], [f"Die Brücke Nummer {i} über den Fluss"])
        assert len(known) <= 40
        assert known.with_stems(own, ["bruck"]).sum() == 1
        assert np.allclose(known.vectors(asked), encoder.encode_passages(["brücke"]), atol=1e-3)


def test_sentence_vectors_are_the_encoders(encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_TEXTS", 3)
    words = Vocabulary(encoder)
    for texts in (["Wolf", TEXT, "Wolf"], [TEXT, "Brand", "Seil", "", "Wolf"]):
        assert np.array_equal(words.sentence_vectors(texts), encoder.encode_passages(texts))


def test_many_threads_may_ask_at_once(encoder: StaticEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WORDS", 200)
    words, wrong = Vocabulary(encoder), []

    def ask(number: int) -> None:
        for i in range(60):
            known, _, (own,) = words.look_up([], [f"Satz {number} {i} {number * i} Risse"])
            if known.with_grams(own, ["riss"]).sum() != 1:
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
