"""Pairs and lessons → the bundled static encoder: a mean of trained token vectors, saved for sentence-transformers.

Contrastive loss over the batch in both directions (Gao et al. 2021, SimCSE; Henderson et al. 2017, smart reply), and of
what a larger encoder says of words and sentences. This module knows nothing of the index or of articles.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn

from rag.reader import Body
from rag.training.pairs import Pair, Stream, load_streams, mixed
from rag.training.teacher import Lessons, lessons

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    vocabulary: int = 30_000
    dimension: int = 384
    batch: int = 2048
    steps: int = 700
    scale: float = 20.0
    learning_rate: float = 0.02
    max_tokens: int = 256
    taught: int = 2048  # words and texts of the teacher, a step
    taught_words: int = 70_000
    taught_texts: int = 26_000  # of each stream
    of_words: float = 0.4  # of what is taught
    seed: int = 7


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A lower-case WordPiece tokenizer (NFKC) learned from the training texts."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=["[PAD]", "[UNK]"], min_frequency=3, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class _Tokenized:
    """All distinct texts of the streams, tokenized once; batches are gathered from flat arrays."""

    def __init__(self, tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> None:
        self.row = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        ids: list[np.ndarray] = []
        unique = list(self.row)
        for start in range(0, len(unique), 20_000):
            for encoding in tokenizer.encode_batch(unique[start : start + 20_000], add_special_tokens=False):
                ids.append(np.asarray(encoding.ids[:max_tokens] or [1], dtype=np.int32))
        self.lengths = np.array([len(row) for row in ids])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.flat = np.concatenate(ids)

    def bag(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = np.fromiter((self.row[text] for text in texts), dtype=np.int64, count=len(texts))
        flat = np.concatenate([self.flat[self.starts[r] : self.starts[r] + self.lengths[r]] for r in rows])
        offsets = np.concatenate([[0], np.cumsum(self.lengths[rows])[:-1]])
        return torch.from_numpy(flat.astype(np.int64)), torch.from_numpy(offsets)


def train_encoder(
    data: Path, teacher: Body, out: Path, recipe: Recipe = Recipe(), say: Say = lambda line: None
) -> float:
    """Trains on the files in ``data``, saves the model under ``out`` and returns the seconds that it took."""
    began = time.monotonic()
    rng = random.Random(recipe.seed)
    torch.manual_seed(recipe.seed)
    streams = load_streams(data, rng)
    say("pairs: " + ", ".join(f"{s.name} {len(s.pairs):,}" for s in streams))
    texts = [text for stream in streams for pair in stream.pairs for text in pair]
    tokenizer = train_tokenizer(dict.fromkeys(texts), recipe.vocabulary)
    say(f"tokenizer: {tokenizer.get_vocab_size():,} tokens after {time.monotonic() - began:.0f} s")
    taught = lessons(streams, teacher, recipe.dimension, recipe.taught_words, recipe.taught_texts, recipe.of_words, rng)
    say(f"lessons: {len(taught.texts):,} words and texts after {time.monotonic() - began:.0f} s")
    tokenized = _Tokenized(tokenizer, [*texts, *taught.texts], recipe.max_tokens)
    weights = _fit(tokenized, streams, taught, tokenizer.get_vocab_size(), recipe, rng, say)
    save_static_model(tokenizer, weights, out)
    return time.monotonic() - began


def _fit(
    tokenized: _Tokenized,
    streams: Sequence[Stream],
    taught: Lessons,
    vocabulary: int,
    recipe: Recipe,
    rng: random.Random,
    say: Say,
) -> torch.Tensor:
    draw = np.random.default_rng(recipe.seed)
    bag = nn.EmbeddingBag(vocabulary, recipe.dimension, mode="mean")
    nn.init.normal_(bag.weight, std=0.1)
    optimizer = torch.optim.Adam(bag.parameters(), lr=recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / recipe.steps)
    queue: list[Pair] = []
    for step in range(recipe.steps):
        while len(queue) < recipe.batch:
            queue += mixed(streams, rng)
        batch, queue = _distinct(queue, recipe.batch)
        drawn = np.unique(draw.choice(len(taught.texts), recipe.taught, p=taught.shares))
        loss = _contrastive(bag, tokenized, batch, recipe.scale) + _told(bag, tokenized, taught, drawn, recipe.scale)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            say(f"step {step:4d} of {recipe.steps}, loss {loss.item():.3f}")
    return bag.weight.detach()


def _distinct(queue: list[Pair], size: int) -> tuple[list[Pair], list[Pair]]:
    """The next batch without a repeated query or passage (each would be its twin's false negative), and the rest."""
    seen: set[str] = set()
    batch: list[Pair] = []
    held: list[Pair] = []
    taken = 0
    for query, passage in queue:
        taken += 1
        if query in seen or passage in seen:
            held.append((query, passage))
            continue
        seen.update((query, passage))
        batch.append((query, passage))
        if len(batch) == size:
            break
    return batch, queue[taken:] + held


def _contrastive(bag: nn.EmbeddingBag, tokenized: _Tokenized, batch: Sequence[Pair], scale: float) -> torch.Tensor:
    queries = nn.functional.normalize(bag(*tokenized.bag([query for query, _ in batch])))
    passages = nn.functional.normalize(bag(*tokenized.bag([passage for _, passage in batch])))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = scale * queries @ passages.T
    scores = scores.float()
    target = torch.arange(len(batch))
    return (nn.functional.cross_entropy(scores, target) + nn.functional.cross_entropy(scores.T, target)) / 2


def _told(
    bag: nn.EmbeddingBag, tokenized: _Tokenized, taught: Lessons, drawn: NDArray[np.int64], scale: float
) -> torch.Tensor:
    """Each drawn text should be nearest to its own vector by the teacher."""
    own = nn.functional.normalize(bag(*tokenized.bag([taught.texts[i] for i in drawn])))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = scale * own @ torch.from_numpy(taught.vectors[drawn]).T
    return nn.functional.cross_entropy(scores.float(), torch.arange(len(drawn)))


def save_static_model(tokenizer: Tokenizer, weights: torch.Tensor, out: Path) -> None:
    """Writes a folder that ``SentenceTransformer(out)`` loads; weights in half precision."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

    module = StaticEmbedding(tokenizer, embedding_weights=weights.half())
    model = SentenceTransformer(modules=[module, Normalize()], device="cpu")
    model.save(str(out), create_model_card=False)
    (out / "model.safetensors").chmod(0o644)  # safetensors makes it private
