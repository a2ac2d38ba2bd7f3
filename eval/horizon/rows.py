"""One window imagined far beyond what was trained, by the model and by the baselines.

Frames are read as they are made and not kept, but for those that are shown.
Shapes: H steps, B batch (1 here), K classes, X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from drivewm.eval.forecast.baselines import constant_velocity, find_objects, without_movables
from drivewm.eval.forecast.names import BOXES, COPY, MODEL, WARP
from drivewm.eval.forecast.truth import SceneTruth
from drivewm.eval.horizon.ego import EgoPath, ego_path
from drivewm.eval.horizon.names import LOG, SAMPLE
from drivewm.eval.horizon.reading import Reading, label_speeds, read_frame
from drivewm.geometry.se2 import relative
from drivewm.models.dynamics.base import Noise, make_action
from drivewm.models.heads.agents import AGENT_CLASSES
from drivewm.models.heads.decode import decode
from drivewm.models.rollout import classes, observe_all
from drivewm.models.world_model import Imagined, WorldModel, certain_logits
from drivewm.scene import MOVABLE, OccClass, TrackColumn
from drivewm.seeds import derive_seed


@dataclass(frozen=True, kw_only=True)
class Told:
    """One row of a window."""

    readings: list[Reading]  # H + 1, of ``log`` as many as there are
    shown: dict[int, np.ndarray]  # step -> uint8 [X, Y, Z], of the steps asked for


@torch.no_grad()
def window_rows(
    model: WorldModel,
    scene: SceneTruth,
    features: Tensor,
    keyframe: int,
    steps: int,
    shown: Sequence[int] = (),
) -> tuple[dict[str, Told], EgoPath]:
    """The rows of one window, and the ego motion that they were given.

    Args:
        features: [F, C, X/2, Y/2] of the scene's frames.
        keyframe: the last frame that is seen.
        shown: steps whose occupancy is kept.
    """
    ego = ego_path(scene, keyframe, steps)
    start = _start(model, scene, features, keyframe)
    motion = relative(ego.poses[:-1], ego.poses[1:]).astype(np.float32)
    actions = make_action(torch.from_numpy(motion), torch.from_numpy(ego.dt_s))[None]
    rows = {LOG: _log(scene, keyframe, steps, shown)}
    rows[MODEL] = _told(model, _states(model, start, actions), shown)
    if model.dynamics.stochastic:
        noise = Noise([derive_seed("horizon", scene.scene.id, keyframe)])
        rows[SAMPLE] = _told(model, _states(model, start, actions, noise=noise), shown)
    rows |= _baselines(model, start, actions, ego, shown)
    return rows, ego


def _start(model: WorldModel, scene: SceneTruth, features: Tensor, keyframe: int) -> Imagined:
    frames, begin = scene.frames, keyframe - model.config.observed_steps + 1
    past = make_action(torch.from_numpy(frames.motion), torch.from_numpy(frames.dt_s))[None]
    seen = [features[k][None] for k in range(begin, keyframe + 1)]
    latent = observe_all(model, seen, [past[:, k] for k in range(begin, keyframe)])
    return model.start(latent, seen[-1])


def _states(
    model: WorldModel,
    start: Imagined,
    actions: Tensor,
    learned: bool = True,
    noise: Noise | None = None,
) -> Iterator[Imagined]:
    """The start and the H states after it, one at a time."""
    now = start
    yield now
    for t in range(actions.shape[1]):
        now = model.imagine(now, actions[:, t], learned, noise)
        yield now


def _told(model: WorldModel, states: Iterator[Imagined], shown: Sequence[int]) -> Told:
    readings, kept = [], {}
    for h, state in enumerate(states):
        occupancy = classes(state.logits)[0].numpy()
        readings.append(
            read_frame(
                occupancy, state.flow[0].numpy(), _mass(state), boxes_mps=_boxes(model, state)
            )
        )
        if h in shown:
            kept[h] = occupancy
    return Told(readings=readings, shown=kept)


def _mass(state: Imagined) -> float:
    return 1.0 - float(state.probability[:, OccClass.FREE].mean())


def _boxes(model: WorldModel, state: Imagined) -> np.ndarray | None:
    """Speeds of the movable boxes of the agent head; None without one."""
    heads = model.heads
    if heads.agents is None:
        return None
    maps = heads.agent_maps(state.latent.features, state.probability, state.flow)
    boxes, kinds = heads.agent_boxes(maps)
    found = decode(boxes[0], kinds[0], np.zeros(3), model.config.heads.agent_min_score)
    movable = np.isin(found.occ_class, [int(c) for c in MOVABLE])
    velocity = found.state[movable][:, [TrackColumn.VX, TrackColumn.VY]]
    return np.hypot(velocity[:, 0], velocity[:, 1])


def _log(scene: SceneTruth, keyframe: int, steps: int, shown: Sequence[int]) -> Told:
    last = min(keyframe + steps, len(scene.times_us) - 1)
    readings = [log_reading(scene, k) for k in range(keyframe, last + 1)]
    kept = {h: scene.frames.occupancy[keyframe + h] for h in shown if keyframe + h <= last}
    return Told(readings=readings, shown=kept)


def log_reading(scene: SceneTruth, frame: int) -> Reading:
    """One recorded frame."""
    frames = scene.frames
    occupancy = frames.occupancy[frame]
    names = [int(c) for c in AGENT_CLASSES]
    return read_frame(
        occupancy, np.nan_to_num(frames.flow[frame].astype(np.float32)),
        float((occupancy != OccClass.FREE).mean()),
        known=frames.flow_known[frame] & np.isfinite(frames.flow[frame]).all(0),
        boxes_mps=label_speeds(frames.agents[frame], frames.agent_class[frame], names),
    )  # fmt: skip


def _baselines(
    model: WorldModel, start: Imagined, actions: Tensor, ego: EgoPath, shown: Sequence[int]
) -> dict[str, Told]:
    grid, length = model.config.grid, len(ego.poses)
    first, flow = classes(start.probability)[0].numpy(), start.flow[0].numpy()
    stands = np.zeros_like(flow)
    same = read_frame(first, flow, _mass(start))
    warped: tuple[list[Reading], dict[int, np.ndarray]] = ([], {})
    for h, state in enumerate(_states(model, start, actions, learned=False)):
        occupancy = classes(state.probability)[0].numpy()
        warped[0].append(read_frame(occupancy, stands, _mass(state)))
        if h in shown:
            warped[1][h] = occupancy
    still = certain_logits(torch.from_numpy(without_movables(first)).long()[None])
    bare = model.start_from(start.latent, still, torch.zeros_like(start.flow))
    objects, times = find_objects(first, flow), np.concatenate([[0.0], np.cumsum(ego.dt_s)])
    moved: tuple[list[Reading], dict[int, np.ndarray]] = ([], {})
    for h, state in enumerate(_states(model, bare, actions, learned=False)):
        static = classes(state.probability)[0].numpy()
        occupancy, wind = constant_velocity(
            first, static, objects, ego.poses[h], float(times[h]), grid
        )
        occupancy = first if h == 0 else occupancy
        moved[0].append(read_frame(occupancy, wind, None))
        if h in shown:
            moved[1][h] = occupancy
    return {
        COPY: Told(readings=[same] * length, shown=dict.fromkeys(shown, first)),
        WARP: Told(readings=warped[0], shown=warped[1]),
        BOXES: Told(readings=moved[0], shown=moved[1]),
    }
