"""Question and sentence → how well the one answers the other, read in the order of their words.

Two ways over one body (tokens, then convolutions over 2, 3 and 5 of them). A dual encoder (Bromley et al. 1993;
Henderson et al. 2017): the sum of the tokens, then one tower for questions and one for sentences; the cosine of both
says how well they fit. And a comparison of their tokens (``rag.comparison``). Run by numpy. Knows texts; what both are
worth beside other evidence is learned by ``rag.ranker``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.comparison import COMPARISON, Comparison, Ids, Side
from rag.encoder import fingerprint_of
from rag.errors import BelegError, first_line
from rag.settings import MODELS
from rag.terms import Array

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BUNDLED = MODELS / "beleg-reader-de"
TOKENIZER = "tokenizer.json"
BODY = "body.safetensors"  # token vectors and convolutions: from elsewhere, see rag/training/body.py
TOWERS = "towers.safetensors"  # trained here
BRANCHES = (2, 3, 5)  # tokens that each convolution sees
_BEGIN, _END = 1, 2
_CHANNELS = 256
_MAX_TOKENS = 96
_GAP = 2  # rows of zeros between two sentences: as far as the widest convolution looks
_MARGIN = 2 * _GAP  # before the first and behind the last: as far as two of them look
_EPSILON = 1e-12
_KNOWN = 2_000  # sentences remembered, some 20 kB each: the same ones come back with every question on a topic

Tensors = dict[str, Array]


@dataclass(frozen=True, slots=True)
class InContext:
    """Texts as the body reads them.

    ``sums`` of their tokens' states, float32 of shape (texts, width), each divided by the root of its number of tokens;
    those ``roots`` (texts,); for each text the ``ids`` of its tokens and their ``states``, shape (tokens, width).
    """

    sums: Array
    roots: Array
    ids: list[Ids]
    states: list[Array]


class Body:
    """Texts → their tokens in context, ``width`` numbers each. It knows ``pieces`` tokens."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            tensors = load_file(str(folder / BODY))
            self._tokens, self._scale = tensors.pop("tokens"), tensors.pop("tokens.scale").astype(np.float32)
            self.tensors: Tensors = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
            self.width, self.pieces = len(self.tensors["norm.weight"]), len(self._tokens)
            self._first = {  # layer of each branch, the weights of its steps side by side
                width: np.concatenate(np.split(self.tensors[f"{width}.0.weight"], width), axis=1) for width in BRANCHES
            }
            self._projected = np.zeros((len(self._tokens), len(BRANCHES), _CHANNELS), dtype=np.float16)
            self._known = np.zeros(len(self._tokens), dtype=bool)
        except Exception as error:  # tokenizers raises Exception itself, safetensors has a type of its own
            raise _unreadable(folder, error, "body") from error

    def __call__(self, texts: Sequence[str]) -> InContext:
        """Of each text at most 96 tokens."""
        rows = [  # one by one: for a few sentences, threads cost more than they save
            [_BEGIN, *self._tokenizer.encode(text, add_special_tokens=False).ids[: _MAX_TOKENS - 2], _END]
            for text in texts
        ]
        lengths = np.array([len(row) for row in rows])
        starts = np.cumsum([0, *(lengths[:-1] + _GAP)])
        spans = [slice(start, start + length) for start, length in zip(starts, lengths, strict=True)]
        distinct, places = np.unique(np.concatenate(rows), return_inverse=True)
        place = np.full(spans[-1].stop + 2 * _MARGIN, len(distinct))  # where no token stands, that of a row of zeros
        place[np.concatenate([np.arange(span.start, span.stop) for span in spans]) + _MARGIN] = places
        there = (place < len(distinct)).astype(np.float32)[:, np.newaxis]
        begun = _with_nothing(self._project(distinct))
        convolved = (self._convolved(begun[:, i], place, there, width) for i, width in enumerate(BRANCHES))
        own = slice(_MARGIN, -_MARGIN)
        read = np.concatenate([_with_nothing(self._vectors(distinct))[place[own]], *convolved], axis=1)
        read = self._normalised(read, "norm") * there[own]
        roots = np.sqrt(lengths).astype(np.float32)
        sums = np.add.reduceat(read, starts, axis=0) / roots[:, np.newaxis]
        return InContext(sums, roots, [np.array(row) for row in rows], [read[span] for span in spans])

    def _vectors(self, ids: Ids) -> Array:
        return np.asarray(self._tokens[ids] * self._scale[ids][:, np.newaxis], dtype=np.float32)

    def _project(self, ids: Ids) -> Array:
        """How each convolution sees the tokens: the same wherever they stand, so each token is worked out once."""
        if len(new := ids[~self._known[ids]]):
            vectors = self._vectors(new)
            for i, width in enumerate(BRANCHES):
                projected = vectors @ self.tensors[f"{width}.project.weight"] + self.tensors[f"{width}.project.bias"]
                self._projected[new, i] = self._normalised(projected, f"{width}.norm")
            self._known[new] = True
        return np.asarray(self._projected[ids], dtype=np.float32)

    def _convolved(self, begun: Array, place: NDArray[np.int64], there: Array, width: int) -> Array:
        """Two layers, each of which looks ``_GAP`` rows around: of so many fewer at both ends it tells what they are.

        ``begun`` holds each token once, so what the first layer sees of it is worked out once.
        """
        first, rows = _GAP - (width - 1) // 2, len(place) - 2 * _GAP
        each = np.split(begun @ self._first[width], width, axis=1)
        seen = _sum(each[step][place[first + step : first + step + rows]] for step in range(width))
        x: Array = begun[place[_GAP:-_GAP]] + self._onward(seen, there[_GAP:-_GAP], f"{width}.0")
        second, rows = np.split(self.tensors[f"{width}.1.weight"], width), rows - 2 * _GAP
        seen = _sum(x[first + step : first + step + rows] @ second[step] for step in range(width))
        return np.asarray(x[_GAP:-_GAP] + self._onward(seen, there[_MARGIN:-_MARGIN], f"{width}.1"))

    def _onward(self, seen: Array, there: Array, name: str) -> Array:
        """What a layer adds to its tokens, of what it has seen of them; in the same place."""
        seen += self.tensors[f"{name}.bias"]
        np.maximum(seen, 0, out=seen)
        seen *= there
        return seen

    def _normalised(self, x: Array, name: str) -> Array:
        """Layer normalisation (Ba et al. 2016)."""
        out = np.asarray(x - x.mean(axis=1, keepdims=True), dtype=np.float32)
        variance = np.einsum("ij,ij->i", out, out) / x.shape[1]
        out *= (1 / np.sqrt(variance + _EPSILON))[:, np.newaxis]
        out *= self.tensors[f"{name}.weight"]
        out += self.tensors[f"{name}.bias"]
        return out


def _sum(addends: Iterable[Array]) -> Array:
    """In the place of the first one."""
    return reduce(np.ndarray.__iadd__, addends)


def _with_nothing(x: Array) -> Array:
    """With a row of zeros behind."""
    return np.concatenate([x, np.zeros_like(x[:1])])


def _unreadable(folder: Path, error: Exception, made_by: str) -> BelegError:
    return BelegError(
        f"The reader in {folder} cannot be loaded ({first_line(error)}); make it with `python -m rag train {made_by}`."
    )


class Reader:
    """Loaded once; may be used from any thread."""

    def __init__(self, folder: Path = BUNDLED) -> None:
        from safetensors.numpy import load_file

        self._body = Body(folder)
        try:
            towers, comparison = load_file(str(folder / TOWERS)), load_file(str(folder / COMPARISON))
        except Exception as error:
            raise _unreadable(folder, error, "ranker") from error
        self._towers = _whole(towers)
        self._comparison = Comparison(_whole(comparison))
        self._known: dict[str, tuple[Array, Side]] = {}
        self.fingerprint = fingerprint_of(*(folder / name for name in (TOKENIZER, BODY, TOWERS, COMPARISON)))

    def read(self, question: str, sentences: Sequence[str], first_look: Array) -> Array:
        """How well each sentence answers the question, shape (sentences, 2): the cosine, from -1 to 1, and the logit.

        ``first_look``: what ``rag.ranker`` thinks of the sentences so far, shape (sentences,).
        """
        known = self._known
        new = [text for text in dict.fromkeys(sentences) if text not in known]
        if len(known) + len(new) > _KNOWN:
            self._known = known = {text: known[text] for text in sentences if text in known}
        read = self._body([question, *new])
        asked, *sides = self._comparison.sides(read.ids, read.states)
        vector = tower(self._towers, "question", read.sums[:1], read.roots[:1])[0]
        if new:
            vectors = tower(self._towers, "sentence", read.sums[1:], read.roots[1:])
            known.update(zip(new, zip(vectors, sides, strict=True), strict=True))
        cosines = np.array([known[text][0] @ vector for text in sentences], dtype=np.float32)
        logits = self._comparison.logits(asked, [known[text][1] for text in sentences], cosines, first_look)
        return np.stack([cosines, logits], axis=1)


def _whole(tensors: Tensors) -> Tensors:
    """In single precision, those in eight bits by the scale of each column."""
    return {
        name: tensor.astype(np.float32) * tensors.get(f"{name}.scale", np.float32(1))
        for name, tensor in tensors.items()
        if not name.endswith(".scale")
    }


def tower(w: Tensors, name: str, sums: Array, roots: Array) -> Array:
    """Sums of tokens → unit vectors of shape (texts, 512)."""
    x = sums @ w[f"{name}.dense"] + roots[:, np.newaxis] * w[f"{name}.bias"]
    hidden = np.maximum(np.maximum(x @ w[f"{name}.hidden0"], 0) @ w[f"{name}.hidden1"] + x @ w[f"{name}.skip1"], 0)
    out = np.tanh(np.maximum(hidden @ w[f"{name}.hidden2"], 0) @ w[f"{name}.hidden3"] + hidden @ w[f"{name}.skip3"])
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def bundled() -> Reader:
    """The bundled reader, loaded once."""
    return Reader()
