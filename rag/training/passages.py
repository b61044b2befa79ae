"""Questions with verbatim evidence → the bundled passage ranker: one weight for each part of a passage's score.

The loss is listwise over the candidates of the first look (Cao et al. 2007, ListNet). The questions are none that the
encoder was trained on, or the weights would trust it too much (measured: benchmarks/LOG.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rag.encoder import StaticEncoder
from rag.german import clean_characters
from rag.index.reader import Index
from rag.question import understand
from rag.rerank import CONFIG, PARTS, passage_parts
from rag.search import HybridSearch
from rag.terms import Array, Terms
from rag.training.examples import Say


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, with the seed."""

    depth: int = 20  # candidates to learn from
    epochs: int = 12
    batch: int = 64
    learning_rate: float = 5e-3
    weight_decay: float = 1e-3
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Candidates:
    """One question: a row of parts for each candidate passage, and which of them hold the evidence."""

    rows: Array
    gold: Array


def train_passages(
    records: Sequence[dict[str, Any]], index: Index, encoder: StaticEncoder, out: Path, recipe: Recipe, say: Say
) -> dict[str, float]:
    """Trains on the answerable records, saves the weights under ``out``; gives the MRR before and after."""
    found = _candidates([r for r in records if r["answerable"]], index, encoder, recipe.depth)
    weights = fit(found, recipe)
    out.mkdir(parents=True, exist_ok=True)
    config = {
        "weights": {name: round(float(weight), 4) for name, weight in zip(PARTS, weights, strict=True)},
        "encoder": encoder.fingerprint,
    }
    (out / CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")
    scores = {"before": _mrr(found, None), "after": _mrr(found, weights)}
    say("passages: " + ", ".join(f"MRR {name} {value:.3f}" for name, value in scores.items()))
    return scores


def _candidates(
    records: Sequence[dict[str, Any]], index: Index, encoder: StaticEncoder, depth: int
) -> list[Candidates]:
    search = HybridSearch(index, encoder)
    found = []
    for record in records:
        query = understand(record["question"])
        ranked = search.rank(query)[:depth]
        hits = search.load(ranked)
        evidence = [clean_characters(sentence).strip() for sentence in record["evidence"]]
        gold = [
            hit.article.article_id == record["doc"] and any(sentence in hit.passage.text for sentence in evidence)
            for hit in hits
        ]
        if any(gold) and not all(gold):
            texts, titles = [hit.passage.text for hit in hits], [hit.article.title for hit in hits]
            terms = Terms(query.searched, encoder, index.lexical.idf)
            rows = passage_parts(terms, texts, titles, [r.parts for r in ranked])
            found.append(Candidates(rows, np.array(gold)))
    return found


def fit(found: Sequence[Candidates], recipe: Recipe) -> Array:
    """The weights by which evidence comes first most often."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    scale = np.concatenate([c.rows for c in found]).std(axis=0) + 1e-3
    weights = torch.zeros(len(PARTS), requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * -(-len(found) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 10 * recipe.learning_rate, total_steps=steps)
    for _ in range(recipe.epochs):
        order = torch.randperm(len(found)).tolist()
        for start in range(0, len(order), recipe.batch):
            losses = []
            for i in order[start : start + recipe.batch]:
                scores = torch.from_numpy(found[i].rows / scale) @ weights
                losses.append(scores.logsumexp(0) - scores[torch.from_numpy(found[i].gold)].logsumexp(0))
            optimizer.zero_grad()
            torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return np.asarray(weights.detach().numpy() / scale, dtype=np.float32)


def _mrr(found: Sequence[Candidates], weights: Array | None) -> float:
    """The mean reciprocal rank of the evidence; without weights in the order of the first look."""
    ranks = []
    for candidates in found:
        scores = candidates.rows @ weights if weights is not None else -np.arange(len(candidates.rows))
        ranks.append(1 + int((scores > scores[candidates.gold].max()).sum()))
    return float(np.mean([1 / rank for rank in ranks]))
