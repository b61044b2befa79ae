"""The bundled encoder without torch, and any other sentence-transformers model in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.encoder import BUNDLED, StaticEncoder, TransformerEncoder, load_encoder
from rag.errors import EncoderError, IndexMismatch
from rag.index.build import build, stamp
from rag.index.reader import open_index
from rag.search import HybridSearch
from rag.types import Query

TEXTS = ["Die Rheinbrücke ist gesperrt.", "Wölfe im Westerwald", "", "Qwx 12,5 🦊", "Straße " * 400]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real two-layer BERT of random weights with mean pooling and e5's prompts, made on the spot."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = Tokenizer.from_file(str(BUNDLED / "tokenizer.json"))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    config = BertConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder / "body")
    fast.save_pretrained(folder / "body")
    body = Transformer(str(folder / "body"))
    model = SentenceTransformer(
        modules=[body, Pooling(32)], prompts={"query": "query: ", "document": "passage: "}, device="cpu"
    )
    model.save(str(folder / "model"))
    return folder / "model"


def test_the_bundled_encoder_gives_the_vectors_of_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    texts = [text for text in TEXTS if text]  # no words have no mean; sentence-transformers gives NaN
    expected = SentenceTransformer(str(BUNDLED), device="cpu", local_files_only=True).encode(texts)
    ours = StaticEncoder(BUNDLED).encode_passages(texts)
    assert ours.shape == expected.shape
    cosines = (ours * expected.astype(np.float32)).sum(axis=1)
    assert cosines == pytest.approx([1] * len(texts), abs=2e-3)  # sentence-transformers sums in half precision


def test_vectors_have_length_one_and_no_words_give_zero(encoder: StaticEncoder) -> None:
    lengths = np.linalg.norm(encoder.encode_passages(TEXTS), axis=1)
    assert lengths == pytest.approx([1, 1, 0, 1, 1])


@given(st.lists(st.text(max_size=30) | st.sampled_from(TEXTS[:4]), max_size=12))
@settings(max_examples=200, deadline=None)
def test_texts_have_the_same_vectors_together_and_alone(encoder: StaticEncoder, texts: list[str]) -> None:
    together = encoder.encode_passages(texts)
    alone = [encoder.encode_passages([text])[0] for text in texts]
    many = encoder.encode_passages([*texts, "Brücke und Fluss."] * 70)[: len(texts)]
    assert together.shape == (len(texts), encoder.dimension)
    assert np.allclose(together, np.array(alone).reshape(together.shape), atol=1e-6)
    assert np.allclose(together, many, atol=1e-6)


def test_related_words_are_nearer_than_others(encoder: StaticEncoder) -> None:
    arzt, medizin, auto = encoder.encode_passages(
        ["Der Arzt hilft Kranken", "Medizin im Krankenhaus", "Das Auto hat einen Motor"]
    )
    assert arzt @ medizin > arzt @ auto


@pytest.mark.parametrize("name", ["no/such-model", "nosuchmodel", "x" * 300, "../../etc"])
def test_a_model_that_is_not_there_fails_at_once(name: str) -> None:
    with pytest.raises(EncoderError) as caught:
        load_encoder(name)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_model_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text('[{"type": "x.StaticEmbedding"}]', "utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"no tensors")
    for folder in (tmp_path, tmp_path / "empty"):
        folder.mkdir(exist_ok=True)
        with pytest.raises(EncoderError) as caught:
            load_encoder(str(folder))
        assert "\n" not in str(caught.value)


def test_any_model_replaces_the_bundled_one_with_its_prompts(
    tiny_model: Path, corpus: Path, tmp_path: Path, encoder: StaticEncoder
) -> None:
    tiny = load_encoder(str(tiny_model))
    assert isinstance(tiny, TransformerEncoder)
    assert tiny.dimension == 32
    question, passage = tiny.encode_queries(["Brücke"]), tiny.encode_passages(["Brücke"])
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(question, passage)  # "query: " and "passage: " stood before them
    build(corpus, tmp_path / "index", tiny)
    assert HybridSearch(open_index(tmp_path / "index", stamp(tiny)), tiny).rank(Query("x", "Rheinbrücke"))
    with pytest.raises(IndexMismatch, match="BELEG_ENCODER"):
        open_index(tmp_path / "index", stamp(encoder))


def test_a_retrained_model_is_another_model(tiny_model: Path) -> None:
    assert load_encoder(str(tiny_model)).fingerprint == load_encoder(str(tiny_model)).fingerprint
    assert load_encoder(str(tiny_model)).fingerprint != load_encoder(None).fingerprint
