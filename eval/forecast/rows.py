"""One window forecast by a model and by the baselines; every row as IoU counts.

Shapes: H horizons (0 = now), K classes, X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from drivewm.eval.forecast.baselines import (
    Objects,
    constant_velocity,
    find_objects,
    without_movables,
)
from drivewm.measures.iou import iou_counts
from drivewm.models.dynamics.base import make_action
from drivewm.models.heads.scalars import travelled_reward
from drivewm.models.rollout import classes, imagine_all, observe_all
from drivewm.models.world_model import Imagined, WorldModel, certain_logits
from drivewm.training.clips import Frames

ROWS = ("model", "copy", "ego-warp", "ego-warp+cv-boxes")
MASKS = ("none", "camera")


@dataclass(frozen=True, kw_only=True)
class WindowResult:
    """Counts of one window and what the model said of the ego's fate."""

    counts: dict[tuple[str, str, str], np.ndarray]  # (row, input, mask) -> int64 [H + 1, 19, 3]
    reward: np.ndarray  # [H, 2] predicted, true (NaN unknown)
    cont: np.ndarray  # [H, 2] predicted probability, true (NaN unknown)
    true: np.ndarray  # uint8 [H + 1, X, Y, Z]
    predicted: np.ndarray  # uint8 [H + 1, X, Y, Z]


@torch.no_grad()
def forecast_window(model: WorldModel, scene: Frames, features: Tensor, first: int) -> WindowResult:
    """Observes the window's first frames, imagines the rest with the recorded ego motion.

    Args:
        features: [K, C, X/2, Y/2] the encoder's features of the whole scene.
        first: oldest observed frame.
    """
    seen, ahead = model.config.observed_steps, model.config.imagined_steps
    now_at = first + seen - 1
    motion, dt = torch.from_numpy(scene.motion), torch.from_numpy(scene.dt_s)
    action = make_action(motion, dt)[None]  # [1, K - 1, 6]
    frames = [features[k][None] for k in range(first, now_at + 1)]
    latent = observe_all(model, frames, [action[:, k] for k in range(first, now_at)])
    start = model.start(latent, frames[-1])
    future = action[:, now_at : now_at + ahead]
    states = imagine_all(model, start, future)
    predicted = np.stack([classes(s.logits)[0].numpy() for s in (start, *states)])
    span = slice(now_at, now_at + ahead + 1)
    true, visible = scene.occupancy[span], scene.visible[span]
    forecasts = {("model", "perceived"): predicted}
    motions = np.stack([np.zeros(3), *(s.motion[0].numpy() for s in states)])
    times = np.concatenate([[0.0], np.cumsum(scene.dt_s[now_at : now_at + ahead])])
    sources = {
        "perceived": (start, find_objects(predicted[0], start.flow[0].numpy())),
        "true": (
            _true_start(model, start, true[0]),
            find_objects(true[0], scene.flow[now_at].astype(np.float32)),
        ),
    }
    for name, (origin, objects) in sources.items():
        for row, value in _baselines(model, origin, objects, future, motions, times).items():
            forecasts[row, name] = value
    counts = {
        (row, source, mask): np.stack(
            [
                iou_counts(value[h], true[h], visible[h] if mask == "camera" else None)
                for h in range(ahead + 1)
            ]
        )
        for (row, source), value in forecasts.items()
        for mask in MASKS
    }
    steps = slice(now_at, now_at + ahead)
    reward = [
        float(model.scalars.two_hot.mean(s.reward) + travelled_reward(future[:, t]))
        for t, s in enumerate(states)
        if s.reward is not None
    ]
    cont = [float(torch.sigmoid(s.cont)) for s in states if s.cont is not None]
    return WindowResult(
        counts=counts, true=true, predicted=predicted,
        reward=np.stack([np.array(reward), scene.reward[steps]], -1),
        cont=np.stack([np.array(cont), scene.cont[steps]], -1),
    )  # fmt: skip


def _true_start(model: WorldModel, start: Imagined, occupancy: np.ndarray) -> Imagined:
    logits = certain_logits(torch.from_numpy(occupancy).long()[None])
    return model.start_from(start.latent, logits, torch.zeros_like(start.flow))


def _baselines(
    model: WorldModel,
    start: Imagined,
    objects: Objects,
    future: Tensor,
    motions: np.ndarray,
    times_s: Sequence[float],
) -> dict[str, np.ndarray]:
    grid = model.config.grid
    now = classes(start.probability)[0].numpy()
    warps = [now] + [
        classes(s.probability)[0].numpy() for s in imagine_all(model, start, future, learned=False)
    ]
    still = without_movables(now)
    bare_start = _true_start(model, start, still)
    bare = [still] + [
        classes(s.probability)[0].numpy()
        for s in imagine_all(model, bare_start, future, learned=False)
    ]
    moved = [
        constant_velocity(now, bare[h], objects, motions[h], float(times_s[h]), grid)
        for h in range(len(bare))
    ]
    return {
        "copy": np.stack([now] * len(warps)),
        "ego-warp": np.stack(warps),
        "ego-warp+cv-boxes": np.stack(moved),
    }
