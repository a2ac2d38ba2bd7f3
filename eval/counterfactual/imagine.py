"""What a model and the baselines say of each branch of a state.

Shapes: B branches, H steps of 0.5 s, K classes, X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from drivewm.eval.counterfactual.names import (
    BLIND,
    BOXES,
    MODEL,
    PERCEIVED,
    PLACED,
    TRUE,
    WARP,
)
from drivewm.eval.counterfactual.outcome import Seen, columns_of, low_layers
from drivewm.eval.counterfactual.samples import best_of, drawn_states, mean_seen
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.eval.forecast.baselines import (
    Objects,
    constant_velocity,
    find_objects,
    without_movables,
)
from drivewm.eval.forecast.names import BEST_OF_SAMPLES, MEAN_OF_SAMPLES
from drivewm.geometry.se2 import from_local, relative, to_local
from drivewm.models import warp
from drivewm.models.dynamics.base import Latent, make_action
from drivewm.models.grid import STEP_S, GridConfig, cell_centers
from drivewm.models.rollout import classes, imagine_all, observe_all
from drivewm.models.world_model import Imagined, WorldModel, certain_logits
from drivewm.training.clips import Frames

Key = tuple[str, str]  # row, input


@dataclass(frozen=True, kw_only=True)
class Said:
    """One row of a state."""

    seen: Seen
    ends: np.ndarray | None = None  # [B] what the continue head says of the drive ending
    drawn: tuple[Seen, ...] = ()  # samples that ``seen`` is the mean of; each has its outcome


@torch.no_grad()
def rows_of(
    model: WorldModel, frames: Frames, features: Tensor, truth: StateTruth, samples: int = 1,
    inputs: Sequence[str] = (PERCEIVED, TRUE),
) -> dict[Key, Said]:  # fmt: skip
    """Every row of one state.

    Args:
        frames: the recorded scene's frames; features: [F, C, X/2, Y/2] of all of them.
        samples: futures drawn from a stochastic model, beside the likeliest.
        inputs: what imagination starts from: what is perceived, the true occupancy, or each.
    """
    latent, first = observed(model, frames, features, truth.state.keyframe)
    actions = branch_actions(truth)
    out: dict[Key, Said] = {}
    for source in inputs:
        known = source == TRUE
        start = _true_start(model, latent, truth) if known else model.start(latent, first)
        for row, said in _rows(model, start, actions, truth).items():
            out[row, source] = said
        if samples > 1 and model.dynamics.stochastic:
            for row, said in sample_rows(model, start, actions, truth, samples).items():
                out[row, source] = said
    return out


def observed(
    model: WorldModel, frames: Frames, features: Tensor, keyframe: int
) -> tuple[Latent, Tensor]:
    """The latent after the history that ends at ``keyframe``, and the features of that frame."""
    past = make_action(torch.from_numpy(frames.motion), torch.from_numpy(frames.dt_s))[None]
    begin = keyframe - model.config.observed_steps + 1
    seen = [features[k][None] for k in range(begin, keyframe + 1)]
    latent = observe_all(model, seen, [past[:, k] for k in range(begin, keyframe)])
    return latent, seen[-1]


def branch_actions(truth: StateTruth) -> Tensor:
    """The branches' actions as the model reads them; [B, H, 6]."""
    motion = relative(truth.poses[:, :-1], truth.poses[:, 1:]).astype(np.float32)
    dt = torch.full(motion.shape[:2], STEP_S)
    return make_action(torch.from_numpy(motion), dt)


def mean_action(actions: Tensor) -> Tensor:
    """The same action for every branch: the mean motion at each step; [B, H, 6]."""
    motion = actions[..., :3].mean(0, keepdim=True)
    return make_action(motion, actions[:1, :, 5]).expand_as(actions)


def _true_start(model: WorldModel, latent, truth: StateTruth) -> Imagined:
    logits = certain_logits(torch.from_numpy(truth.occupancy[:1, 0]).long())
    return model.start_from(latent, logits, torch.from_numpy(truth.flow[:1, 0]))


def _rows(
    model: WorldModel, start: Imagined, actions: Tensor, truth: StateTruth
) -> dict[str, Said]:
    many, grid = start.repeat(len(actions)), model.config.grid
    mean = mean_action(actions)
    states = [many, *imagine_all(model, many, actions)]
    blind = [start, *imagine_all(model, start, mean[:1])]
    warped = [many, *imagine_all(model, many, actions, learned=False)]
    as_one, carried = _seen(blind, grid), _seen(warped, grid)
    blinded = Seen(**{k: np.repeat(v, len(actions), 0) for k, v in vars(as_one).items()})
    own = relative(truth.poses[:, :1], truth.poses)  # [B, H + 1, 3] in the frame of now
    return {
        MODEL: Said(seen=_seen(states, grid), ends=_ends(states)),
        BLIND: Said(seen=blinded, ends=np.repeat(_ends(blind), len(actions))),
        PLACED: Said(seen=placed(blinded, _poses(mean), own, grid)),
        WARP: Said(seen=replace(carried, flow=np.zeros_like(carried.flow))),  # nothing moves
        BOXES: Said(seen=_boxes(model, start, carried, actions, own)),
    }


def sample_rows(
    model: WorldModel, start: Imagined, actions: Tensor, truth: StateTruth, samples: int
) -> dict[str, Said]:
    """The mean of ``samples`` futures of every branch, and the best of them."""
    many, grid = start.repeat(len(actions)), model.config.grid
    drawn, ends = [], []
    total: np.ndarray = np.zeros(1, np.float32)
    for sample in range(samples):
        states = drawn_states(model, many, actions, truth.state.name, sample)
        total = total + np.stack([s.probability.numpy() for s in states], 1)
        drawn.append(_seen(states, grid))
        ends.append(_ends(states))
    best = best_of(drawn, truth)
    return {
        MEAN_OF_SAMPLES: Said(
            seen=mean_seen(drawn, total), ends=np.mean(ends, axis=0), drawn=tuple(drawn)
        ),
        BEST_OF_SAMPLES: Said(seen=drawn[best], ends=ends[best]),
    }


def _seen(states: list[Imagined], grid: GridConfig) -> Seen:
    low = low_layers(grid)
    parts = [columns_of(s.probability.numpy(), low) for s in states]
    movable, fixed, off = (np.stack([p[i] for p in parts], 1) for i in range(3))
    return Seen(
        movable=movable, fixed=fixed, off_road=off,
        flow=np.stack([s.flow.numpy() for s in states], 1),
        classes=np.stack([_most_probable(s.logits) for s in states], 1),
    )  # fmt: skip


def _most_probable(logits: Tensor) -> np.ndarray:
    """``rollout.classes``; NumPy finds the highest of few in a third of torch's time."""
    return logits.numpy().argmax(1).transpose(0, 2, 3, 1).astype(np.uint8)


def _ends(states: list[Imagined]) -> np.ndarray:
    """Probability that the drive ends on the way; [B]."""
    goes_on = [torch.sigmoid(s.cont) for s in states if s.cont is not None]
    return 1.0 - torch.stack(goes_on).prod(0).numpy()


def _poses(actions: Tensor) -> np.ndarray:
    """Ego poses [B, H + 1, 3] that actions lead to, in the frame of now."""
    now = torch.zeros(len(actions), 3)
    out = [now]
    for t in range(actions.shape[1]):
        now = warp.compose(now, actions[:, t, :3])
        out.append(now)
    return torch.stack(out, 1).double().numpy()


def placed(seen: Seen, assumed: np.ndarray, own: np.ndarray, grid: GridConfig) -> Seen:
    """What was imagined around assumed egos, seen from where each branch's own ego is.

    Each cell takes the value of the cell that its centre falls into; beyond the assumed grid
    nothing was said: free, and no ground.

    Args:
        assumed, own: [B, H + 1, 3] poses in the frame of now.
    """
    centres, (x0, _, y0, _) = cell_centers(grid), grid.extent_m
    out = {name: np.zeros_like(v) for name, v in vars(seen).items()}
    out["classes"][:] = 17
    for b, h in np.ndindex(own.shape[:2]):
        points = to_local(assumed[b, h], from_local(own[b, h], centres))
        ix = np.floor((points[..., 0] - x0) / grid.cell_m + 1e-9).astype(int)
        iy = np.floor((points[..., 1] - y0) / grid.cell_m + 1e-9).astype(int)
        inside = (ix >= 0) & (iy >= 0) & (ix < grid.shape[0]) & (iy < grid.shape[1])
        ix, iy = ix[inside], iy[inside]
        for name in ("movable", "fixed", "off_road", "classes"):
            out[name][b, h][inside] = getattr(seen, name)[b, h][ix, iy]
        frame = np.array([0.0, 0.0, own[b, h, 2] - assumed[b, h, 2]])
        vectors = to_local(frame, seen.flow[b, h][:, ix, iy].T)
        out["flow"][b, h][:, inside] = vectors.T
    return Seen(**out)


def _boxes(
    model: WorldModel, start: Imagined, soft: Seen, actions: Tensor, own: np.ndarray
) -> Seen:
    """Ego-warp whose movables go on as rigid wholes: classes exactly so, probabilities softly."""
    grid, count = model.config.grid, len(actions)
    first, flow = classes(start.probability)[0].numpy(), start.flow[0].numpy()
    objects = find_objects(first, flow)
    still = certain_logits(torch.from_numpy(without_movables(first)).long()[None])
    bare = model.start_from(start.latent, still, torch.zeros_like(start.flow)).repeat(count)
    ground = [bare, *imagine_all(model, bare, actions, learned=False)]
    base = _seen(ground, grid)
    every, flows = base.classes.copy(), np.zeros_like(base.flow)
    every[:, 0], flows[:, 0] = first, flow
    for b in range(count):
        for h in range(1, own.shape[1]):
            every[b, h], flows[b, h] = constant_velocity(
                first, base.classes[b, h], objects, own[b, h], h * STEP_S, grid
            )
    moved = _carried(soft.movable[0, 0], objects, own, grid)
    moved[:, 0] = soft.movable[:, 0]
    return Seen(movable=moved, fixed=soft.fixed, off_road=base.off_road, flow=flows, classes=every)


def _carried(
    movable: np.ndarray, objects: Objects, own: np.ndarray, grid: GridConfig
) -> np.ndarray:
    """Probability of movables [B, H + 1, X, Y] when each object carries that of its columns [X, Y]
    on, bilinearly."""
    planes = np.where(objects.cells >= 0, objects.cells, -1)
    out = np.zeros((*own.shape[:2], *movable.shape), np.float32)
    for h in range(1, own.shape[1]):
        points = from_local(own[:, h, None, None], cell_centers(grid)[None])  # [B, X, Y, 2]
        for o, velocity in enumerate(objects.velocity_mps):
            own_cells = np.where(planes == o, movable, 0.0).astype(np.float32)
            source = torch.from_numpy((points - velocity * (h * STEP_S)).astype(np.float32))
            values = torch.from_numpy(own_cells)[None, None].expand(len(own), -1, -1, -1)
            out[:, h] = np.maximum(out[:, h], warp.sample(values, source, grid)[:, 0].numpy())
    return out
