"""The one reader of the environment: flags, then ``BELEG_*``, then defaults that work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
MODELS = PROJECT / "models"
_YES = ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and which parts are plugged in.

    ``encoder`` is ``None`` for the bundled one, else a folder or the name of a sentence-transformers model. ``cache``
    holds what can be made again at any time. ``allow_private`` lets ``add`` fetch from this machine and the networks
    around it. ``maintain`` puts the maintainer's side on the archive page: whoever reaches the page may use it.
    ``feedback`` is where readers' opinions go. ``llm`` is a language model as ``provider:model`` (``None``:
    none), ``llm_url`` an own server for it, and ``llm_key`` the key that goes there.
    """

    corpus: Path = PROJECT / "corpus"
    index: Path = PROJECT / "index"
    encoder: str | None = None
    cache: Path = Path(os.path.expanduser("~/.cache/beleg"))
    allow_private: bool = False
    maintain: bool = False
    feedback: Path = PROJECT / "feedback.jsonl"
    llm: str | None = None
    llm_url: str | None = None
    llm_key: str | None = field(default=None, repr=False)

    @classmethod
    def load(
        cls,
        *,
        corpus: str | Path | None = None,
        index: str | Path | None = None,
        encoder: str | None = None,
        llm: str | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Settings:
        """Settings from flags (``None`` = not given), then the environment, then the defaults."""
        model = llm or environ.get("BELEG_LLM")
        given: dict[str, Any] = {
            "corpus": _path(corpus or environ.get("BELEG_CORPUS")),
            "index": _path(index or environ.get("BELEG_INDEX")),
            "encoder": encoder or environ.get("BELEG_ENCODER"),
            "cache": _path(environ.get("XDG_CACHE_HOME"), "beleg"),
            "allow_private": environ.get("BELEG_ALLOW_PRIVATE") in _YES,
            "maintain": environ.get("BELEG_MAINTAIN") in _YES,
            "feedback": _path(environ.get("BELEG_FEEDBACK")),
            "llm": model if model != "none" else None,
            "llm_url": environ.get("BELEG_LLM_URL"),
            "llm_key": environ.get("BELEG_LLM_KEY"),
        }
        return cls(**{name: value for name, value in given.items() if value})


def _path(named: str | Path | None, *below: str) -> Path | None:
    return Path(named, *below) if named else None
