"""The verb that makes the bundled models."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rag.cli.arguments import add_verb
from rag.cli.output import say
from rag.settings import Settings


def add_verbs(to: Any) -> None:
    """train."""
    add_verb(to, "train", train, _options, "train all --data ../shared/training --out models")


def _options(p: argparse.ArgumentParser) -> None:
    p.add_argument("what", choices=("encoder", "lexicon", "words", "body", "ranker", "all"), nargs="?", default="all")
    p.add_argument("--data", type=Path, default=Path("../shared/training"), help="folder of the training files")
    p.add_argument("--out", type=Path, default=Path("models"), help="folder for the models")
    p.add_argument("--body", metavar="FILE", type=Path, help="for `body`: the package file that it is made from")


def train(options: argparse.Namespace, settings: Settings) -> int:
    """Makes the bundled models from the training files."""
    from rag.training.run import train as train_models

    train_models(options.what, options.data, options.out, say=say, body=options.body)
    return 0
