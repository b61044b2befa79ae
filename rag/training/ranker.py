"""Questions with verbatim evidence → the bundled sentence ranker.

Every question is searched in an index of all training texts, so that the ranker learns from the same hits that it will
see. A question whose text is taken out of its hits has become unanswerable: that teaches it to say nothing. The loss is
listwise over all candidate sentences and "none" (Cao et al. 2007, ListNet).
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from rag.encoder import StaticEncoder
from rag.features import NAMES, Array, Features, is_sentence
from rag.german import clean_characters
from rag.index.build import build, stamp
from rag.index.reader import Index, open_index
from rag.question import understand
from rag.ranker import CONFIG, WEIGHTS
from rag.search import HybridSearch
from rag.training.pairs import read_jsonl
from rag.types import Hit

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    hidden: int = 64
    epochs: int = 14
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.15
    withheld: float = 0.3  # share of answerable questions asked once more without their text
    validation: float = 0.15  # share of texts
    refused: float = 0.08  # share of answerable validation questions below the answer threshold
    lost: float = 0.01  # the same for the threshold of "nothing found"
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Example:
    """One question: feature rows of its candidates, which of them are evidence, which can be quoted at all."""

    rows: Array
    gold: Array
    quotable: Array
    document: str


def train_ranker(
    data: Path, encoder: StaticEncoder, out: Path, recipe: Recipe = Recipe(), say: Say = lambda line: None
) -> dict[str, float]:
    """Trains on ``answer-sentences`` in ``data``, saves the model under ``out`` and returns its validation scores."""
    rng = random.Random(recipe.seed)
    examples = load_examples(data, encoder, rng, recipe.withheld, say)
    documents = sorted({e.document for e in examples})
    rng.shuffle(documents)
    held = set(documents[: int(recipe.validation * len(documents))])
    validation = [e for e in examples if e.document in held]
    network = fit([e for e in examples if e.document not in held], recipe, say, validation)
    scores = validate(network, validation)
    confident = np.sort([c for c, e in zip(_confidences(network, validation), validation, strict=True) if e.gold.any()])
    answer, nearest = (float(confident[int(share * len(confident))]) for share in (recipe.refused, recipe.lost))
    say("validation: " + ", ".join(f"{name} {value:.3f}" for name, value in scores.items()))
    save(network, out, answer, nearest)
    return scores


def load_examples(data: Path, encoder: StaticEncoder, rng: random.Random, withheld: float, say: Say) -> list[Example]:
    """All questions with their candidates' features."""
    records = list(read_jsonl(data / "answer-sentences.jsonl.gz"))
    with tempfile.TemporaryDirectory() as folder:
        index = _index_texts(records, Path(folder), encoder)
        search = HybridSearch(index, encoder)
        examples: list[Example] = []
        for number, record in enumerate(records):
            query = understand(record["question"])
            hits = search(query)
            found = [hits]
            if record["answerable"] and rng.random() < withheld:
                found.append([hit for hit in hits if hit.article.article_id != record["doc"]])
            for seen in found:
                features = Features(query, seen, encoder, index.lexical.idf)
                if features.flat:
                    examples.append(_example(record, seen, features))
            if number % 1000 == 0:
                say(f"features of {number:,} of {len(records):,} questions")
    return examples


def _index_texts(records: Sequence[dict[str, Any]], folder: Path, encoder: StaticEncoder) -> Index:
    texts = {r["doc"]: {"id": r["doc"], "title": r["title"], "text": r["text"]} for r in records}
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(json.dumps(t, ensure_ascii=False) + "\n" for t in texts.values()), "utf-8")
    build(corpus, folder / "index", encoder)
    return open_index(folder / "index", stamp(encoder))


def _example(record: dict[str, Any], hits: Sequence[Hit], features: Features) -> Example:
    evidence = [clean_characters(sentence).strip() for sentence in record["evidence"]] if record["answerable"] else []
    text = next((h.article.text for h in hits if h.article.article_id == record["doc"]), "")
    spans = [(start, start + len(e)) for e in evidence if (start := text.find(e)) >= 0]
    quotes = [c.quote for c in features.flat]
    gold = [
        q.article_id == record["doc"] and any(_overlap(q.start, q.end, *span) > 0.5 for span in spans) for q in quotes
    ]
    quotable = [is_sentence(q.text) for q in quotes]
    return Example(features.rows, np.array(gold), np.array(quotable), record["doc"])


def _overlap(start: int, end: int, other_start: int, other_end: int) -> float:
    return max(0, min(end, other_end) - max(start, other_start)) / (end - start)


class Network(nn.Module):
    """Two perceptrons: one scores a sentence, one the case that no sentence answers."""

    def __init__(self, mean: torch.Tensor, scale: torch.Tensor, recipe: Recipe) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.sentence = self._perceptron(len(mean), recipe)
        self.none = self._perceptron(2 * len(mean), recipe)

    @staticmethod
    def _perceptron(width: int, recipe: Recipe) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(width, recipe.hidden), nn.ReLU(), nn.Dropout(recipe.dropout), nn.Linear(recipe.hidden, 1)
        )

    def forward(self, rows: torch.Tensor, there: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows (questions, sentences, features) and which are there → sentence scores, "none" scores."""
        x = (rows - self.mean) / self.scale
        scores = self.sentence(x)[..., 0].masked_fill(~there, -1e4)
        highest = x.masked_fill(~there[..., None], -1e4).max(dim=1).values
        best = x[torch.arange(len(x)), scores.argmax(dim=1)]
        return scores, self.none(torch.cat([highest, best], dim=1))[:, 0]


def _padded(examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    longest = max(len(e.rows) for e in examples)
    rows = torch.zeros(len(examples), longest, len(NAMES))
    there = torch.zeros(len(examples), longest, dtype=torch.bool)
    gold = torch.zeros(len(examples), longest, dtype=torch.bool)
    for i, e in enumerate(examples):
        rows[i, : len(e.rows)] = torch.from_numpy(e.rows)
        there[i, : len(e.rows)] = True
        gold[i, : len(e.rows)] = torch.from_numpy(e.gold)
    return rows, there, gold


def _loss(scores: torch.Tensor, none: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
    """The negative log of the probability of any gold sentence, or of "none" where there is none."""
    everything = torch.logsumexp(torch.cat([scores, none[:, None]], dim=1), dim=1)
    wanted = torch.logsumexp(scores.masked_fill(~gold, -1e4), dim=1)
    return (everything - torch.where(gold.any(dim=1), wanted, none)).mean()


def fit(examples: Sequence[Example], recipe: Recipe, say: Say, validation: Sequence[Example] = ()) -> Network:
    """A network trained on the examples."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)  # the layers are too small to share, and one thread sums in one order
    rng = random.Random(recipe.seed)
    everything = torch.from_numpy(np.concatenate([e.rows for e in examples]))
    network = Network(everything.mean(dim=0), everything.std(dim=0).clamp_min(1e-3), recipe)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(examples) // recipe.batch + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        order = rng.sample(range(len(examples)), len(examples))
        network.train()
        losses = []
        for start in range(0, len(order), recipe.batch):
            rows, there, gold = _padded([examples[i] for i in order[start : start + recipe.batch]])
            scores, none = network(rows, there)
            loss = _loss(scores, none, gold)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if validation and (epoch % 4 == 3 or epoch == recipe.epochs - 1):
            figures = validate(network, validation)
            say(
                f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, "
                + ", ".join(f"{k} {v:.3f}" for k, v in figures.items())
            )
    return network.eval()


def _judged(network: Network, examples: Sequence[Example]) -> list[tuple[Array, float]]:
    network.eval()
    found: list[tuple[Array, float]] = []
    with torch.no_grad():
        for start in range(0, len(examples), 256):
            batch = examples[start : start + 256]
            rows, there, _ = _padded(batch)
            scores, none = network(rows, there)
            confident = 1 - torch.softmax(torch.cat([scores, none[:, None]], dim=1), dim=1)[:, -1]
            found += [(s[: len(e.rows)].numpy(), float(c)) for s, c, e in zip(scores, confident, batch, strict=True)]
    return found


def _confidences(network: Network, examples: Sequence[Example]) -> list[float]:
    return [confidence for _, confidence in _judged(network, examples)]


def validate(network: Network, examples: Sequence[Example]) -> dict[str, float]:
    """How often evidence is the best sentence or among the best three, and the AUROC of the confidence."""
    from rag.evaluation.answers import auroc

    first: list[bool] = []
    three: list[bool] = []
    yes: list[float] = []
    no: list[float] = []
    for (scores, confidence), example in zip(_judged(network, examples), examples, strict=True):
        (yes if example.gold.any() else no).append(confidence)
        if example.gold.any():
            order = np.argsort(-np.where(example.quotable, scores, -1e4))
            first.append(bool(example.gold[order[0]]))
            three.append(bool(example.gold[order[:3]].any()))
    return {"first": float(np.mean(first)), "three": float(np.mean(three)), "auroc": auroc(yes, no) or 0.0}


def save(network: Network, out: Path, answer_threshold: float, nearest_threshold: float) -> None:
    """Writes the folder that ``rag.ranker`` reads."""
    out.mkdir(parents=True, exist_ok=True)
    names = {"sentence.3": "sentence.1", "none.3": "none.1"}  # without the dropout between
    tensors = {}
    for key, value in network.state_dict().items():
        for old, new in names.items():
            key = key.replace(old, new)
        tensors[key] = value.contiguous()
    save_file(tensors, str(out / WEIGHTS))
    config = {"features": list(NAMES), "answer_threshold": answer_threshold, "nearest_threshold": nearest_threshold}
    (out / CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")
