"""The rows of the table: one window forecast by a model and by the baselines.

Shapes: H forecast frames (0 = now), K classes, X, Y, Z cells.
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
from drivewm.eval.forecast.ego import Forecast
from drivewm.eval.forecast.names import BOXES, COPY, MODEL, PERCEIVED, TRUE, WARP
from drivewm.eval.forecast.truth import SceneTruth, WindowTruth
from drivewm.eval.forecast.windows import Window
from drivewm.geometry.se2 import relative
from drivewm.models.dynamics.base import make_action
from drivewm.models.heads.scalars import travelled_reward
from drivewm.models.rollout import classes, imagine_all, observe_all
from drivewm.models.world_model import Imagined, WorldModel, certain_logits

Key = tuple[str, str]  # row, input


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the model said of the ego's fate; NaN where not known. [H] each, H = steps."""

    reward: np.ndarray
    cont: np.ndarray  # probability that the drive goes on


@torch.no_grad()
def model_rows(
    model: WorldModel, scene: SceneTruth, window: Window, features: Tensor, assumed: np.ndarray
) -> tuple[dict[Key, Forecast], Outcome]:
    """The model's forecast and the baselines fed with what it perceived.

    Args:
        features: [K, C, X/2, Y/2] the encoder's features of the whole scene.
        assumed: [H + 1, 3] ego poses that the future is given, in the frame of now.
    """
    start, future = start_of(model, scene, window, features), actions_of(scene, window, assumed)
    states = imagine_all(model, start, future)
    rows = _warp_rows(model, start, future, scene, window, assumed)
    learned = forecast_of([start, *states])
    reward = [
        float(model.scalars.two_hot.mean(s.reward) + travelled_reward(future[:, t]))
        for t, s in enumerate(states)
        if s.reward is not None
    ]
    cont = [float(torch.sigmoid(s.cont)) for s in states if s.cont is not None]
    outcome = Outcome(reward=np.array(reward), cont=np.array(cont))
    named = {(row, PERCEIVED): forecast for row, forecast in rows.items()}
    return {(MODEL, PERCEIVED): learned, **named}, outcome


def start_of(model: WorldModel, scene: SceneTruth, window: Window, features: Tensor) -> Imagined:
    """What is perceived now, after the window's history."""
    motion, dt = torch.from_numpy(scene.frames.motion), torch.from_numpy(scene.frames.dt_s)
    past = make_action(motion, dt)[None]  # [1, K - 1, 6]
    frames = [features[k][None] for k in range(window.first, window.keyframe + 1)]
    actions = [past[:, k] for k in range(window.first, window.keyframe)]
    return model.start(observe_all(model, frames, actions), frames[-1])


def forecast_of(states: Sequence[Imagined]) -> Forecast:
    """Imagined states of one scene, the start first."""
    return Forecast(
        classes=np.stack([classes(s.logits)[0].numpy() for s in states]),
        probability=np.stack([_probability(s) for s in states]),
        flow=np.stack([s.flow[0].numpy() for s in states]),
    )


@torch.no_grad()
def true_rows(
    model: WorldModel, scene: SceneTruth, window: Window, truth: WindowTruth, assumed: np.ndarray
) -> dict[Key, Forecast]:
    """The baselines fed with the true occupancy and flow of now; any model of the grid will do."""
    logits = certain_logits(torch.from_numpy(truth.occupancy[0]).long()[None])
    flow = torch.from_numpy(truth.flow[0])[None]
    start = model.start_from(model.initial(1), logits, flow)
    rows = _warp_rows(model, start, actions_of(scene, window, assumed), scene, window, assumed)
    return {(row, TRUE): forecast for row, forecast in rows.items()}


def actions_of(scene: SceneTruth, window: Window, assumed: np.ndarray) -> Tensor:
    """The actions [1, H, 6] that lead along the assumed poses [H + 1, 3]."""
    steps = relative(assumed[:-1], assumed[1:]).astype(np.float32)
    dt = torch.from_numpy(scene.frames.dt_s[window.keyframe : window.last])
    return make_action(torch.from_numpy(steps), dt)[None]


def _warp_rows(
    model: WorldModel,
    start: Imagined,
    future: Tensor,
    scene: SceneTruth,
    window: Window,
    assumed: np.ndarray,
) -> dict[str, Forecast]:
    span = slice(window.keyframe, window.last + 1)
    times = (scene.times_us[span] - scene.times_us[window.keyframe]) / 1e6
    first = classes(start.probability)[0].numpy()
    flow, length = start.flow[0].numpy(), len(assumed)
    warps = [start, *imagine_all(model, start, future, learned=False)]
    still = certain_logits(torch.from_numpy(without_movables(first)).long()[None])
    bare_start = model.start_from(start.latent, still, torch.zeros_like(start.flow))
    bare = [bare_start, *imagine_all(model, bare_start, future, learned=False)]
    stands = np.zeros((length, *flow.shape), np.float32)
    objects = find_objects(first, flow)
    return {
        COPY: Forecast(
            classes=np.stack([first] * length), flow=np.stack([flow] * length),
            probability=np.stack([_probability(start)] * length),
        ),
        WARP: Forecast(
            classes=np.stack([classes(s.probability)[0].numpy() for s in warps]), flow=stands,
            probability=np.stack([_probability(s) for s in warps]),
        ),
        BOXES: _moved(first, bare, objects, assumed, times, model),
    }  # fmt: skip


def _moved(
    first: np.ndarray,
    bare: Sequence[Imagined],
    objects: Objects,
    assumed: np.ndarray,
    times_s: np.ndarray,
    model: WorldModel,
) -> Forecast:
    grid = model.config.grid
    static = [classes(s.probability)[0].numpy() for s in bare]
    moved = [
        constant_velocity(first, static[h], objects, assumed[h], float(times_s[h]), grid)
        for h in range(len(assumed))
    ]
    moved[0] = (first, moved[0][1])  # now, nothing has moved: what was started from
    return Forecast(classes=np.stack([m for m, _ in moved]), flow=np.stack([f for _, f in moved]))


def _probability(state: Imagined) -> np.ndarray:
    """[K, X, Y, Z] of a state of one scene."""
    return state.probability[0].permute(0, 2, 3, 1).numpy()
