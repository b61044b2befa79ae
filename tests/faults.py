"""Ways in which a machine fails: a full disk, no leave to read or write."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond this size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python keeps compiled modules even when they were cut short, and could not import them again.
    with pytest.MonkeyPatch.context() as context:
        context.setenv("PYTHONDONTWRITEBYTECODE", "1")
        context.setattr(sys, "dont_write_bytecode", True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def as_nobody(work: Callable[[], object]) -> None:
    """Runs something without the leave of root to read and write everything."""
    if os.geteuid():
        work()
        return
    os.seteuid(65534)
    try:
        work()
    finally:
        os.seteuid(0)
