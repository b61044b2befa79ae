"""Files written whole or not at all, and brought to disk before anything relies on them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file in the place of the one that is there, if any. Raises OSError; then the old one stays.

    A crash at any moment leaves the one or the other, never a part. That the new one lasts is sure only once its
    folder is brought to disk too.
    """
    unfinished = path.with_name(f".{path.name}.new")
    try:
        unfinished.write_bytes(content)
        to_disk(unfinished)
        os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Waits until a file's content, or the names in a folder, would survive the power going off. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
