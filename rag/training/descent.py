"""What networks are trained by here: steps down a loss, and networks that have not seen one part of the texts.

Knows examples by their numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from rag.terms import Array
from rag.training.examples import Say

Network = TypeVar("Network", bound=nn.Module)


def descend(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[Any], torch.Tensor],
    chosen: Sequence[int],
    shuffled: Callable[[Any], Any],
    epochs: int,
    batch: int,
    *,
    clip: float | None = None,
    say: Say = lambda line: None,
) -> None:
    """Lowers the loss over batches of the chosen examples, with one cycle of the learning rate (Smith 2018).

    ``shuffled`` gives their order, anew for each pass; ``clip`` bounds the norm of the gradient.
    """
    rate = optimizer.param_groups[0]["lr"]
    steps = epochs * -(-len(chosen) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    network.train()
    for epoch in range(epochs):
        order = shuffled(chosen)
        for start in range(0, len(order), batch):
            optimizer.zero_grad()
            value = loss(order[start : start + batch])
            value.backward()  # type: ignore[no-untyped-call]
            if clip:
                nn.utils.clip_grad_norm_(network.parameters(), clip)
            optimizer.step()
            schedule.step()
        say(f"pass {epoch + 1} of {epochs}, last loss {value.item():.3f}")
    network.eval()


def held_out(
    fit: Callable[[Sequence[int]], Network],
    told: Callable[[Network, int], Array],
    seen: Sequence[int],
    folds: Sequence[int],
    say: Say,
) -> list[Array]:
    """For each example, what is told of it by a network that has been trained on those ``seen`` of the other folds."""
    found: list[Array] = [np.zeros(0, np.float32)] * len(folds)
    for fold in sorted(set(folds)):
        network = fit([i for i in seen if folds[i] != fold])
        for i, own in enumerate(folds):
            if own == fold:
                found[i] = told(network, i)
        say(f"without part {fold + 1}")
    return found
