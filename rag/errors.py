"""One small tree of errors. Every message names the thing, the cause and the next step, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class BelegError(Exception):
    """Anything a person can mend. The CLI prints its message as one line and exits with 1."""


class CorpusError(BelegError):
    """The corpus as a whole cannot be read: missing, empty, not a folder or file of articles."""


class FetchError(CorpusError):
    """A web address could not, or must not, be fetched; ``status`` is what its server answered, if it did."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class CorpusLocked(BelegError):
    """Another run is writing into the same corpus."""


class IndexMissing(BelegError):
    """There is no index where one was looked for."""


class IndexMismatch(BelegError):
    """The index was made by another format, analyzer or encoder than the one at hand."""


class IndexDamaged(BelegError):
    """A file of the serving generation is missing or is not what the manifest says."""


class IndexUnwritable(BelegError):
    """A build could not write its generation: the disk is full, or the folder may not be written."""


class BuildLocked(BelegError):
    """Another build of the same index is running."""


class EncoderError(BelegError):
    """An encoder cannot be loaded."""


class DatasetError(BelegError):
    """A benchmark folder or question file is not in the expected layout."""


class ModelError(BelegError):
    """A language model cannot be used. ``kind`` tells why, for a reader; ``name`` and ``detail`` which and what."""

    def __init__(self, kind: str, name: str, detail: str) -> None:
        self.kind, self.name, self.detail = kind, name, detail
        super().__init__(f"The language model {name!r} cannot be used ({_MODEL[kind].format(detail=detail)}).")


_MODEL = {
    "nameless": "its name is no provider:model; set BELEG_LLM as in ollama:llama3.2",
    "package": "its package is missing; {detail}",
    "keyless": "its key is missing; set BELEG_LLM_KEY",
    "refused": "the key was refused, {detail}; set another BELEG_LLM_KEY",
    "unknown": "there is no such model, {detail}; fetch it there or name another",
    "busy": "too many questions, {detail}; wait a little",
    "failing": "its server failed, {detail}; look into its log",
    "slow": "no answer within {detail}; take a smaller model or a faster machine",
    "unreachable": "no connection to {detail}; start the server or set BELEG_LLM_URL",
    "unusable": "{detail}; name another with BELEG_LLM",
}


class NotFound(BelegError):
    """An article was asked for by an id that the index does not hold."""


@contextmanager
def damaged(thing: str, *causes: type[Exception]) -> Iterator[None]:
    """Turns what a library raises over a broken file into IndexDamaged."""
    try:
        yield
    except BaseException as error:
        raise IndexDamaged(
            f"{thing} cannot be read ({_reason(error, causes)}); mend it with `python -m rag build --full`."
        ) from error


@contextmanager
def unwritable(thing: str, *causes: type[Exception]) -> Iterator[None]:
    """Turns what a library raises when it cannot write into IndexUnwritable."""
    try:
        yield
    except BaseException as error:
        raise IndexUnwritable(
            f"{thing} cannot be written ({_reason(error, causes)}); the index stays as it was. Make room on the disk "
            "or give leave to write there, then build again."
        ) from error


def _reason(error: BaseException, causes: tuple[type[Exception], ...]) -> str:
    """What an error of one of these kinds, or a panic of Rust code, says in a line; any other is raised again."""
    is_panic = type(error).__name__ == "PanicException"  # no Exception, and of a class that cannot be imported
    if isinstance(error, BelegError) or not (is_panic or isinstance(error, causes)):
        raise error
    return " ".join(str(error).rpartition("Error: ")[2].split())[:200]  # FAISS sets its C++ trace before "Error: "


def first_line(error: BaseException) -> str:
    """What an error of a library says, on one line; its type where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]
