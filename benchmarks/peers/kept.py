"""Vectors kept on disk, so that a second measurement of a slow encoder costs no hour.

Each is kept with the processor time that it took when it was made: a build tells its whole cost whether or not its
vectors were there already.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

BLOCK = 1024  # texts at a time, made and written together: what a stop may lose
Vectors = npt.NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]


class KeptVectors:
    """Texts → vectors, from ``file`` where they are there. ``seconds``: the processor time that those had taken."""

    def __init__(self, file: Path, encode: Encode) -> None:
        self._encode = encode
        self._kept = sqlite3.connect(file, timeout=60)
        self._kept.execute("PRAGMA journal_mode=WAL")
        self._kept.execute("CREATE TABLE IF NOT EXISTS vectors (text BLOB PRIMARY KEY, vector BLOB, seconds REAL)")
        self.seconds = 0.0

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """The vectors of some texts in their order."""
        return np.concatenate([self._block(texts[i : i + BLOCK]) for i in range(0, len(texts), BLOCK)])

    def _block(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            known |= self._made(missing)
        return np.stack([known[key] for key in keys])

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        marks = ",".join("?" * len(keys))
        rows = self._kept.execute(f"SELECT text, vector, seconds FROM vectors WHERE text IN ({marks})", keys).fetchall()
        self.seconds += sum(seconds for _, _, seconds in rows)
        return {key: np.frombuffer(vector, np.float32) for key, vector, _ in rows}

    def _made(self, texts: dict[bytes, str]) -> dict[bytes, Vectors]:
        began = time.process_time()
        vectors = np.asarray(self._encode(list(texts.values())), np.float32)
        each = (time.process_time() - began) / len(texts)
        made = dict(zip(texts, vectors, strict=True))
        with self._kept:
            rows = [(key, vector.tobytes(), each) for key, vector in made.items()]
            self._kept.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
        return made
