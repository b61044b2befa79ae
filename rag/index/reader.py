"""The serving generation, opened for reading and checked to be whole and of the right encoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexDamaged
from rag.index import generations
from rag.index.dense import DenseIndex
from rag.index.generations import EncoderStamp, Manifest
from rag.index.lexical import LexicalIndex
from rag.index.store import Store


@dataclass(frozen=True, slots=True)
class Index:
    """One generation. It stays readable while builds publish newer ones."""

    folder: Path
    manifest: Manifest
    store: Store
    lexical: LexicalIndex
    dense: DenseIndex


def open_index(index: Path, encoder: EncoderStamp | None = None) -> Index:
    """Opens what ``index`` serves now.

    Raises IndexMissing, IndexDamaged, or IndexMismatch if it was made by another format, analyzer or (unless ``None``)
    encoder.
    """
    folder = generations.current(index)
    manifest = generations.read_manifest(folder)
    if encoder:
        generations.require_match(manifest, encoder, index)
    for name in (generations.STORE, generations.LEXICAL, generations.DENSE):
        if not (folder / name).exists():
            raise IndexDamaged(f"{folder / name} is missing; mend it with `python -m rag build --full`.")
    opened = Index(
        folder=folder,
        manifest=manifest,
        store=Store(folder / generations.STORE),
        lexical=LexicalIndex(folder / generations.LEXICAL),
        dense=DenseIndex.read(folder / generations.DENSE, manifest.dense_kind),
    )
    counts = {opened.store.count()[1], len(opened.lexical), len(opened.dense)}
    if counts != {manifest.passages}:
        raise IndexDamaged(
            f"The parts of the index in {index} hold {sorted(counts)} passages, the manifest says {manifest.passages}; "
            "mend it with `python -m rag build --full`."
        )
    return opened
