"""Text → vectors: the bundled static encoder without torch, or any sentence-transformers model.

Knows models, not articles: prompts and normalisation happen here, nothing of passages or the index.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import EncoderError, first_line
from rag.settings import MODELS
from rag.types import Encoder, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BUNDLED = MODELS / "beleg-static-de"
MAX_CHARACTERS = 8_000  # a passage is about 1,600; what is longer is no passage but an accident
_BATCH = 1_024
_WORTH_THREADS = 20_000  # characters: fewer are split into tokens sooner than the tokenizer's threads have woken up


def load_encoder(name: str | None = None) -> Encoder:
    """The bundled encoder (``None``), or a sentence-transformers model by folder or name.

    Raises EncoderError if it is not there, or is not a model.
    """
    if name is None:
        return bundled()
    if is_static(Path(name)):
        return StaticEncoder(Path(name))
    return TransformerEncoder(name)


@lru_cache(maxsize=1)
def bundled() -> StaticEncoder:
    """The bundled encoder, loaded once: it compares words and sentences, whichever encoder searches."""
    return StaticEncoder(BUNDLED)


def is_static(folder: Path) -> bool:
    """Whether a folder holds a StaticEmbedding model, which numpy alone can run."""
    try:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        return bool(modules) and str(modules[0]["type"]).endswith("StaticEmbedding")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def normalised(vectors: np.ndarray) -> Vectors:
    """Rows scaled to length 1; a row of zeros stays zero."""
    rows: Vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def fingerprint_of(*files: Path) -> str:
    """A digest of the files that decide the vectors."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


class StaticEncoder:
    """The mean of token vectors, read from a saved StaticEmbedding model with numpy alone.

    Gives the vectors that sentence-transformers gives for the same folder, loads in about 0.1 s and needs no torch.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        module = folder if (folder / "tokenizer.json").exists() else folder / "0_StaticEmbedding"
        self._files = (module / "model.safetensors", module / "tokenizer.json")
        try:
            self.table: Vectors = load_file(str(self._files[0]))["embedding.weight"].astype(np.float32)
            self.tokenizer: Tokenizer = Tokenizer.from_file(str(self._files[1]))
        except Exception as error:  # both readers raise types of their own
            raise EncoderError(
                f"The encoder in {folder} cannot be loaded ({first_line(error)}); "
                "make it with `python -m rag train encoder`, or name another with --encoder."
            ) from error
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.folder = folder

    @property
    def name(self) -> str:
        """The folder, so that it can be found again; of the bundled one, which may be anywhere, the folder's name."""
        return self.folder.name if self.folder == BUNDLED else str(self.folder.resolve())

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(*self._files)

    @property
    def dimension(self) -> int:
        return int(self.table.shape[1])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        batches = range(0, len(texts), _BATCH)
        return np.concatenate([self._encode(texts[start : start + _BATCH]) for start in batches] or [self._encode([])])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        cut = [text[:MAX_CHARACTERS] for text in texts]
        if sum(map(len, cut)) < _WORTH_THREADS:
            ids = [self.tokenizer.encode(text, add_special_tokens=False).ids for text in cut]
        else:
            ids = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(cut, add_special_tokens=False)]
        vectors = np.zeros((len(ids), self.dimension), dtype=np.float32)
        filled = [row for row, own in enumerate(ids) if own]
        if filled:
            flat = np.fromiter(chain.from_iterable(ids), dtype=np.int64)
            starts = np.cumsum([0] + [len(ids[row]) for row in filled[:-1]])
            # The length of the sum does not matter: the vectors are normalised.
            vectors[filled] = np.add.reduceat(self.table[flat], starts, axis=0)
        return normalised(vectors)

    encode_queries = encode_passages

    def lengths(self, words: Sequence[str]) -> Vectors:
        """How long the sum of a word's token vectors is, shape (words,): training made those of empty words short."""
        encodings = self.tokenizer.encode_batch(list(words), add_special_tokens=False) if words else []
        return np.array([np.linalg.norm(self.table[e.ids].sum(axis=0)) for e in encodings], dtype=np.float32)


class TransformerEncoder:
    """Any sentence-transformers model, with the prompts for queries and passages that it carries."""

    def __init__(self, name: str) -> None:
        if not os.path.exists(name) and not _cached(name):
            raise EncoderError(
                f"The encoder {name!r} is neither a folder nor in the local model cache; give the folder of a "
                "downloaded sentence-transformers model, or leave --encoder and BELEG_ENCODER out for the bundled one."
            )
        if Path(name).is_dir() and not any((Path(name) / file).exists() for file in ("modules.json", "config.json")):
            raise EncoderError(f"The folder {name} holds no model; give that of a sentence-transformers model.")
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EncoderError(
                "Another encoder needs the package sentence-transformers: `pip install sentence-transformers`."
            ) from error
        try:
            self._model: Any = SentenceTransformer(name, device="cpu", local_files_only=True)
        except Exception as error:  # the library raises many types for a folder that is no model
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise EncoderError(
                f"The encoder {name!r} cannot be loaded ({reason}); give the folder of a sentence-transformers model."
            ) from error
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all weights, so that a model retrained in place is another model."""
        digest = hashlib.sha256(json.dumps(self._model.prompts, sort_keys=True).encode())
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(np.ascontiguousarray(tensor.detach().float().cpu().numpy()).tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def dimension(self) -> int:
        return int(self.encode_queries(["Maß"]).shape[1])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return normalised(self._model.encode_document([t[:MAX_CHARACTERS] for t in texts], show_progress_bar=False))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return normalised(self._model.encode_query([t[:MAX_CHARACTERS] for t in texts], show_progress_bar=False))


def _cached(name: str) -> bool:
    """Whether the hub's client holds a copy of the model: asked without a request to any host."""
    from huggingface_hub import try_to_load_from_cache

    try:
        return isinstance(try_to_load_from_cache(name, "modules.json"), str)
    except ValueError:  # not a possible name of a model
        return False
