"""A model in use: observe a few frames, then imagine. Shapes: B batch, T observed, H imagined."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from drivewm.models.dynamics.base import Latent
from drivewm.models.world_model import Imagined, WorldModel


def observe_all(model: WorldModel, features: Sequence[Tensor], actions: Sequence[Tensor]) -> Latent:
    """The latent after T frames.

    Args:
        features: T of [B, C, X/2, Y/2], oldest first.
        actions: T - 1 of [B, 6]; action t leads from frame t to t + 1.
    """
    latent = model.initial(len(features[0]))
    still = torch.zeros(len(features[0]), 6)
    for t, seen in enumerate(features):
        latent, _ = model.observe(latent, actions[t - 1] if t else still, seen)
    return latent


def imagine_all(
    model: WorldModel, start: Imagined, actions: Tensor, learned: bool = True
) -> list[Imagined]:
    """The H states that the actions [B, H, 6] cause, one after the other."""
    states, now = [], start
    for t in range(actions.shape[1]):
        now = model.imagine(now, actions[:, t], learned)
        states.append(now)
    return states


def classes(logits: Tensor) -> Tensor:
    """Most probable class; [B, K, Z, X, Y] -> uint8 [B, X, Y, Z]."""
    return logits.argmax(1).permute(0, 2, 3, 1).to(torch.uint8)
