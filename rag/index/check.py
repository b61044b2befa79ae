"""``check``: every kind of damage an index can have, each in a line with its mend; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.index import generations
from rag.index.build import stamp
from rag.index.generations import Manifest
from rag.index.reader import Index, open_index
from rag.passages import indexed_text
from rag.types import Encoder

SAMPLE = 1_000  # passages whose vectors are made again
_SAME = 0.98  # cosine; a quantised vector keeps more than 0.99 of itself
_CHUNK = 256
_FULL = "python -m rag build --full"


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a check found: one line for each damage, and the command that mends all of it.

    ``compared`` is how many vectors were made again; none if the encoder of the index is not at hand.
    """

    damage: tuple[str, ...]
    mend: str | None
    compared: int
    manifest: Manifest | None


def check(index: Path, encoder: Encoder | None, sample: int | None = SAMPLE) -> Soundness:
    """Compares every file with its checksum, the parts with each other, and vectors with those of the encoder.

    ``sample`` is how many vectors, evenly spread; ``None`` means all. Raises IndexMissing, IndexDamaged (pointer,
    manifest, or the list of withdrawn articles) and IndexMismatch, which name their mend.
    """
    found = generations.damage(index)
    if found:
        return Soundness(tuple(found), _FULL, 0, None)
    opened = open_index(index)
    rows = opened.store.passage_rows()
    lines = _strangers(opened, rows)
    compared = 0
    if not lines and encoder and stamp(encoder) == opened.manifest.encoder:
        step = max(1, len(rows) // sample) if sample else 1
        chosen = rows[::step]
        lines, compared = _foreign(opened, encoder, chosen), len(chosen)
    return Soundness(tuple(lines), _FULL if lines else None, compared, opened.manifest)


def _strangers(opened: Index, rows: list[int]) -> list[str]:
    """Parts that do not know the same passages, though they know as many."""
    lines = []
    if opened.dense.rows() != rows:
        lines.append(f"{opened.folder / generations.DENSE} holds vectors of other passages than the articles")
    if opened.lexical.rows() != rows:
        lines.append(f"{opened.folder / generations.LEXICAL} holds words of other passages than the articles")
    return lines


def _foreign(opened: Index, encoder: Encoder, rows: list[int]) -> list[str]:
    """The passages whose stored vector is not the one that the encoder gives for their words."""
    wrong: list[str] = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        found = opened.store.passages(chunk)
        made = encoder.encode_passages([indexed_text(*found[row]) for row in chunk])
        cosines = np.sum(made * opened.dense.vectors(chunk), axis=1)
        lengths = np.linalg.norm(made, axis=1)
        differ = (lengths > 0) & (cosines < _SAME)  # words that the encoder does not know have no direction
        wrong += [found[row][1].passage_id for row, is_wrong in zip(chunk, differ, strict=True) if is_wrong]
    if not wrong:
        return []
    return [f"{len(wrong)} of {len(rows)} vectors compared are of another encoder or text, the first of {wrong[0]}"]
