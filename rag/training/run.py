"""``python -m rag train``: makes the bundled models one after the other and writes their cards."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rag.encoder import BUNDLED as ENCODER
from rag.encoder import StaticEncoder
from rag.errors import DatasetError
from rag.ranker import BUNDLED as RANKER
from rag.training.encoder import Recipe as EncoderRecipe
from rag.training.encoder import train_encoder
from rag.training.ranker import Recipe as RankerRecipe
from rag.training.ranker import train_ranker

Say = Callable[[str], None]

_SOURCES = """\
| data | from | licence |
| --- | --- | --- |
| wikidpr-questions, wikidpr-imperatives | questions generated over German Wikipedia | CC BY-SA 4.0 |
| klexikon-wikipedia, klexikon-children | German Wikipedia and Klexikon, the children's encyclopaedia | CC BY-SA |
| bundestag-proceedings, bundestag-speeches | German Bundestag | official works, free |
| parallel-de-en | Tatoeba (CC BY), MLQE-PE (CC0), MT-GenEval (CC BY-SA) | as named |
"""


def train(what: str, data: Path, out: Path, say: Say) -> None:
    """Trains ``encoder``, ``ranker`` or ``all`` from the files in ``data`` into folders under ``out``.

    The ranker is trained on the encoder that stands in ``out``. Raises DatasetError if ``data`` is not there.
    """
    if not data.is_dir():
        raise DatasetError(f"There is no folder {data} with training files; name it with --data.")
    encoder = out / ENCODER.name
    if what in ("encoder", "all"):
        recipe = EncoderRecipe()
        seconds = train_encoder(data, encoder, recipe, say)
        (encoder / "README.md").write_text(_encoder_card(encoder, recipe, seconds), "utf-8")
        say(f"encoder in {encoder} after {seconds:.0f} s")
    if what in ("ranker", "all"):
        began = time.monotonic()
        scores = train_ranker(data, StaticEncoder(encoder), out / RANKER.name, RankerRecipe(), say)
        seconds = time.monotonic() - began
        (out / RANKER.name / "README.md").write_text(_ranker_card(out / RANKER.name, scores, seconds), "utf-8")
        say(f"ranker in {out / RANKER.name} after {seconds:.0f} s")


def _machine() -> str:
    return f"{os.cpu_count()} CPU cores ({platform.machine()}), no GPU"


def _megabytes(folder: Path) -> str:
    return f"{sum(p.stat().st_size for p in folder.rglob('*') if p.is_file()) / 1e6:.1f} MB"


def _encoder_card(folder: Path, recipe: EncoderRecipe, seconds: float) -> str:
    return f"""\
---
language: [de, en]
license: cc-by-sa-4.0
library_name: sentence-transformers
---
# {folder.name}

A static sentence encoder for German retrieval: the mean of trained token vectors ({recipe.vocabulary:,} WordPiece
tokens, lower case, {recipe.dimension} dimensions, half precision), L2-normalised.
`SentenceTransformer("{folder.name}")` loads it; Beleg reads it with numpy alone.

- **Made by** `python -m rag train encoder` on {datetime.now(UTC).date()}, from nothing, in {seconds:.0f} s
  on {_machine()}.
- **Recipe**: in-batch contrastive loss in both directions, scale {recipe.scale:g}, batch {recipe.batch},
  {recipe.steps} steps of Adam at {recipe.learning_rate}, falling linearly; seed {recipe.seed}. Pairs: see
  `rag/training/pairs.py`.
- **Size**: {_megabytes(folder)}.
- **Scores**: `benchmarks/results/` (`python -m rag eval retrieval … --method dense`).
- **Limits**: a bag of tokens. It does not read word order or negation. English it knows from sentence pairs alone, and
  much less well than German.

Trained on (no text of a benchmark is among it):

{_SOURCES}"""


def _ranker_card(folder: Path, scores: dict[str, float], seconds: float) -> str:
    return f"""\
---
language: [de]
license: cc-by-sa-4.0
---
# {folder.name}

Chooses the sentences that answer a question, and tells how likely none does: two small perceptrons over the features of
`rag/features.py`, run by numpy.

- **Made by** `python -m rag train ranker` on {datetime.now(UTC).date()} in {seconds:.0f} s on {_machine()}.
- **Data**: `answer-sentences`, 5,756 questions written for this project over texts that are CC BY-SA (Klexikon and
  Wikipedia), official works or MIT. Five networks, each trained without a fifth of the texts;
  the model is their mean.
- **Validation** (each question by the network that has not seen its text): evidence is the best sentence
  for {scores["first"]:.3f} of the questions whose evidence was retrieved, among the best three for
  {scores["three"]:.3f}; AUROC of the confidence {scores["auroc"]:.3f}.
- **Size**: {_megabytes(folder)}.
- **Limits**: it compares words and vectors and does not read. A near miss (right topic, other question) is often taken
  for an answer.
"""
