"""The serving generation, opened for reading and checked to be whole and of the right encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexDamaged, damaged
from rag.index import generations
from rag.index.dense import DenseIndex
from rag.index.generations import EncoderStamp, Manifest
from rag.index.lexical import LexicalIndex
from rag.index.store import Store
from rag.index.withdrawn import Withdrawals


@dataclass(frozen=True, slots=True)
class Index:
    """One generation. It stays readable while builds publish newer ones."""

    folder: Path
    manifest: Manifest
    store: Store
    lexical: LexicalIndex
    dense: DenseIndex


def open_index(index: Path, encoder: EncoderStamp | None = None, *, unfinished: bool = False) -> Index:
    """Opens what ``index`` serves now, or what a build that was killed has left.

    Raises IndexMissing, IndexDamaged, or IndexMismatch if it was made by another format, analyzer or (unless ``None``)
    encoder.
    """
    return generations.serving(
        index, lambda folder, digest: _opened(index, folder, digest, encoder), unfinished=unfinished
    )


def _opened(index: Path, folder: Path, digest: str, encoder: EncoderStamp | None) -> Index:
    manifest = generations.read_manifest(folder, digest)
    if encoder:
        generations.require_match(manifest, encoder, index)
    for name in (generations.STORE, generations.LEXICAL, generations.DENSE):
        with damaged(f"{folder / name}", OSError):
            (folder / name).stat()
    withdrawn = Withdrawals(index)
    withdrawn()
    opened = Index(
        folder=folder,
        manifest=manifest,
        store=Store(folder / generations.STORE, withdrawn),
        lexical=LexicalIndex(folder / generations.LEXICAL),
        dense=DenseIndex.read(folder / generations.DENSE, manifest.dense_kind),
    )
    articles, passages = opened.store.count()
    counts = {passages, len(opened.lexical), len(opened.dense)}
    if counts != {manifest.passages}:
        raise IndexDamaged(
            f"The parts of the index in {index} hold {sorted(counts)} passages, the manifest says {manifest.passages}; "
            "mend it with `python -m rag build --full`."
        )
    if (articles, opened.dense.dimension) != (manifest.articles, manifest.encoder.dimension):
        raise IndexDamaged(
            f"The index in {index} holds {articles} articles and vectors of {opened.dense.dimension} dimensions, the "
            f"manifest says {manifest.articles} and {manifest.encoder.dimension}; mend it with "
            "`python -m rag build --full`."
        )
    return opened
