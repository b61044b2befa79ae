"""Where a figure comes from: index, commit, machine and versions, written beside every result."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rag import __version__
from rag.index.reader import Index
from rag.settings import PROJECT


def commit() -> str | None:
    """The commit that is checked out, with ``+`` if files differ from it; ``None`` outside a checkout."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def provenance(index: Index | None) -> dict[str, Any]:
    """What a results file says about how it was made; of the index all of its manifest but the checksums of files."""
    manifest = asdict(index.manifest) if index else {}
    manifest.pop("files", None)
    return {
        "index": manifest or None,
        "beleg": __version__,
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
    }
