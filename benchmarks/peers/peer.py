"""What every search engine here must do: be built once from texts, then asked. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

DEPTH = 100  # documents of a ranking
Ranking = list[tuple[str, float]]  # document id and score, best first
Texts = Mapping[str, str]  # document id → text


class Peer(Protocol):
    """A search engine. What it can keep on disk it leaves in ``folder``.

    ``kept_seconds``: processor time of vectors that were made in an earlier run and taken from the disk in this one.
    """

    kept_seconds: float

    def build(self, texts: Texts, folder: Path) -> None: ...

    def search(self, question: str) -> Ranking: ...
