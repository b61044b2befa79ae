"""What the verbs share in reading their arguments: a verb's help, options that several take, values checked."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from rag.settings import Settings
from rag.types import Filters

Verb = Callable[[argparse.Namespace, Settings], int]
Options = Callable[[argparse.ArgumentParser], None]
SURROGATE = re.compile("[\ud800-\udfff]")  # what Python makes of an argument's bytes that are not UTF-8


def add_verb(to: Any, name: str, does: Verb, options: Options, example: str) -> None:
    """A verb with its options; its help is the docstring of the function that does it, and an example."""
    made: argparse.ArgumentParser = to.add_parser(
        name,
        help=(does.__doc__ or "").strip(),
        description=does.__doc__,
        epilog=f"example: python -m rag {example}",
    )
    made.set_defaults(verb=does, usage=made.error)
    options(made)


# Values ------------------------------------------------------------------------------------------------------------


def filters_of(options: argparse.Namespace) -> Filters:
    """The filters that a person set."""
    return Filters(options.since, options.until, tuple(options.source or ()))


def text(argument: str) -> str:
    """What a person typed, with a mark for each byte that is not UTF-8: nothing bears such a name."""
    return SURROGATE.sub("\ufffd", argument)


def count(text: str) -> int:
    """How many of something."""
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)


def share_of_one(text: str) -> float:
    """A part of the whole, less than all of it."""
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to less than 1")
    return share


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write it as 2022-11-30") from error


# Options that several verbs take -----------------------------------------------------------------------------------


def corpus(p: argparse.ArgumentParser) -> None:
    """Where the articles are."""
    p.add_argument(
        "--corpus", metavar="PATH", help="folder of articles, or one .jsonl file (default: BELEG_CORPUS, else corpus)"
    )


def index(p: argparse.ArgumentParser) -> None:
    """Where the index is."""
    p.add_argument("--index", metavar="DIR", help="folder of the index (default: BELEG_INDEX, else index)")


def encoder(p: argparse.ArgumentParser) -> None:
    """What makes vectors."""
    p.add_argument(
        "--encoder",
        metavar="NAME_OR_DIR",
        help="a sentence-transformers model (default: BELEG_ENCODER, else the bundled one)",
    )


def llm(p: argparse.ArgumentParser, default: str = "BELEG_LLM, else none; none for quoting alone") -> None:
    """Who words the answers."""
    p.add_argument(
        "--llm",
        metavar="PROVIDER:MODEL",
        help=f"a language model that words the answers, as ollama:llama3.2 (default: {default})",
    )


def narrowing(p: argparse.ArgumentParser) -> None:
    """Which articles to look in."""
    p.add_argument(
        "--since", type=_day, metavar="DATE", help="only articles published on this day or after, as 2022-11-30"
    )
    p.add_argument("--until", type=_day, metavar="DATE", help="only articles published on this day or before")
    p.add_argument(
        "--source", action="append", type=text, metavar="OUTLET", help="only this outlet; may be given several times"
    )


def json_switch(p: argparse.ArgumentParser) -> None:
    """JSON to stdout."""
    p.add_argument("--json", action="store_true", help="print JSON")


def json_file(p: argparse.ArgumentParser) -> None:
    """JSON to a file."""
    p.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")


def dataset(p: argparse.ArgumentParser) -> None:
    """What a dataset leaves open."""
    p.add_argument("--corpus", metavar="PATH", help="the articles of a .csv or of TREC topics")
    p.add_argument("--qrels", metavar="FILE", type=Path, help="the judgements of TREC topics")
    p.add_argument("--split", help="the qrels file without .tsv (default: the only one, else test)")
