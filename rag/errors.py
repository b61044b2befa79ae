"""One small tree of errors. Every message names the thing, the cause and the next step, in one line."""

from __future__ import annotations


class BelegError(Exception):
    """Anything a person can mend. The CLI prints its message as one line and exits with 1."""


class CorpusError(BelegError):
    """The corpus as a whole cannot be read: missing, empty, not a folder or file of articles."""


class IndexMissing(BelegError):
    """There is no index where one was looked for."""


class IndexMismatch(BelegError):
    """The index was made by another format, analyzer or encoder than the one at hand."""


class IndexDamaged(BelegError):
    """A file of the serving generation is missing or is not what the manifest says."""


class BuildLocked(BelegError):
    """Another build of the same index is running."""


class EncoderError(BelegError):
    """An encoder cannot be loaded."""


class DatasetError(BelegError):
    """A benchmark folder or question file is not in the expected layout."""


class NotFound(BelegError):
    """An article was asked for by an id that the index does not hold."""
