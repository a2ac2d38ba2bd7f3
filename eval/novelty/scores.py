"""How novel a model finds the last frame of a clip. No label is looked at.

Shapes: T frames, C channels, K classes, h, w state cells, X, Y, Z cells.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from drivewm.eval.forecast.checkpoints import features_of
from drivewm.eval.novelty.names import ENSEMBLE
from drivewm.geometry.se2 import from_local
from drivewm.models.dynamics.base import make_action
from drivewm.models.grid import GridConfig, cell_centers
from drivewm.models.rollout import observe_all
from drivewm.models.world_model import WorldModel
from drivewm.training.clips import Frames

PEAK = 0.01  # share of the columns


def clip_length(model: WorldModel) -> int:
    """Frames of a clip: a whole history before the frame that is judged."""
    return model.config.observed_steps + 1


@torch.no_grad()
def novelty_scores(model: WorldModel, clip: Frames) -> tuple[dict[str, float], np.ndarray]:
    """Every score that the model has, higher is more novel; and a map of the first one, [X', Y'].

    Args:
        clip: ``clip_length`` frames.
    """
    features = features_of(model, clip)  # [T, C, h, w]
    actions = make_action(torch.from_numpy(clip.motion), torch.from_numpy(clip.dt_s))[None]
    seen = [f[None] for f in features]
    before = observe_all(model, seen[:-1], [actions[:, t] for t in range(len(seen) - 2)])
    ahead = model.imagine(model.start(before, seen[-2]), actions[:, -1])
    now, loss = model.observe(before, actions[:, -1], seen[-1])
    start = model.start(now, seen[-1])
    entropy = _entropy(start.probability)[0].sum(0).numpy()  # [X, Y], over the height
    surprise = _surprise(ahead.logits, start.logits)[0].sum(0).numpy()
    known = inside_before(clip.motion[-1].astype(np.float64), model.config.grid)
    maps = {"entropy": entropy, "surprise": surprise[known]}
    if model.heads.ensemble is not None:
        maps = {"disagreement": model.heads.novelty(now.features)[0].numpy(), **maps}
    layers = start.logits.shape[2]
    out = {}
    for name, values in maps.items():
        per_cell = 1 if name in ENSEMBLE else layers
        out[name] = float(values.mean()) / per_cell
        out[f"{name}, peak"] = peak(values) / per_cell
    out["latent surprise"] = float(loss)
    return out, next(iter(maps.values()))


def peak(values: np.ndarray) -> float:
    """Mean of the highest hundredth."""
    count = max(1, round(PEAK * values.size))
    return float(np.partition(values.ravel(), -count)[-count:].mean())


def _entropy(probability: Tensor) -> Tensor:
    """[B, K, Z, X, Y] -> nats [B, Z, X, Y]."""
    return -(probability * probability.clamp(min=1e-9).log()).sum(1)


def _surprise(imagined: Tensor, perceived: Tensor) -> Tensor:
    """Negative log-likelihood [B, Z, X, Y] of the perceived class; logits [B, K, Z, X, Y]."""
    return -imagined.log_softmax(1).gather(1, perceived.argmax(1, keepdim=True))[:, 0]


def inside_before(motion: np.ndarray, grid: GridConfig) -> np.ndarray:
    """bool [X, Y]: cells that lay on the grid before the ego's motion [3]."""
    x0, x1, y0, y1 = grid.extent_m
    points = from_local(motion, cell_centers(grid))
    x, y = points[..., 0], points[..., 1]
    return (x > x0) & (x < x1) & (y > y0) & (y < y1)
