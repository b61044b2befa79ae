"""The command line: one verb per function, by what they are for.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a clear one-line error, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import errno
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from rag import __version__
from rag.cli import archive, ask, evaluate, train
from rag.cli.arguments import SURROGATE, Verb
from rag.cli.output import say
from rag.errors import BelegError
from rag.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code."""
    _mend_streams()
    try:
        code = _guarded(lambda: _run(arguments))
    finally:  # flushed here, where a full disk or a closed pipe can still be told
        unwritten = _guarded(_flush)
    return code or unwritten


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    settings = Settings.load(
        corpus=getattr(options, "corpus", None),
        index=getattr(options, "index", None),
        encoder=getattr(options, "encoder", None),
        llm=getattr(options, "llm", None),
    )
    if SURROGATE.search(str(settings.index)):
        raise BelegError(f"The index folder {settings.index} has a name that is not UTF-8; name another with --index.")
    verb: Verb = options.verb
    return verb(options, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rag",
        description="Beleg: cited answers from a German news archive.",
        epilog='example: python -m rag ask "Warum keine Patriots für die Ukraine?"',
    )
    parser.add_argument("--version", action="version", version=f"Beleg {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for family in (archive, ask, train, evaluate):
        family.add_verbs(verbs)
    return parser


def _guarded(work: Callable[[], int]) -> int:
    """The exit code of some work. What a person or the machine can cause is told in one line; a bug is not hidden."""
    try:
        return work()
    except BelegError as error:
        line = str(error)
    except BrokenPipeError:  # `python -m rag show … | head`
        _drop_output()
        return 0
    except KeyboardInterrupt:
        line = "stopped"
    except (OSError, sqlite3.Error, RuntimeError, MemoryError) as error:
        if sys.flags.dev_mode:
            raise
        _drop_output()
        line = _cause(error)
    except ValueError as error:
        if "IO error" not in str(error):  # tantivy's word for a full disk
            raise
        line = _cause(error)
    say(f"beleg: {line}")
    return 1


def _cause(error: Exception) -> str:
    """The thing, the cause and the next step, where only the machine's word for it is known."""
    said = " ".join(str(error).split())
    match error:
        case MemoryError():
            return "The memory is full; close other programs and run it again."
        case sqlite3.Error():
            return f"The articles of the index cannot be read or written ({said}); {_ROOM}, or {_ANEW}."
        case OSError():
            thing, step = error.filename or "The output or a file", _STEPS.get(error.errno or 0, _PLACE)
            return f"{thing} cannot be read or written ({error.strerror or said}); {step}."
        case ValueError():
            return f"The words of the index cannot be written ({said}); {_ROOM}."
        case _:
            return f"It stopped with {type(error).__name__} ({said}); `python -X dev -m rag …` shows where."


_ROOM = "make room on the disk and run it again"
_PLACE = "see that it is there and that you may use it, or name another"
_ANEW = "mend it with `python -m rag build --full`"
_STEPS = {errno.ENOSPC: _ROOM, errno.EDQUOT: _ROOM, errno.EFBIG: _ROOM}


def _mend_streams() -> None:
    """A stream that is closed takes anything; a character that the encoding of stdout lacks becomes "?"."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _flush() -> int:
    sys.stdout.flush()
    return 0


def _drop_output() -> None:
    """Forgets what stdout did not take, or the interpreter would complain of it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
