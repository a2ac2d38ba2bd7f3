"""Many candidate actions and samples imagined in one call, for planning.

The same maths as ``WorldModel.imagine`` step by step, in the order that costs least: every
candidate of a scene looks up one shared table of the scene's occupancy instead of a copy of its
own, a few candidates at a time go through all steps while their planes are in the processor's
cache, and convolutions may run in bfloat16. What is kept of each state is the caller's choice.
Shapes: B scenes, K candidates, S samples, H steps, N rows of a chunk, C classes, X, Y, Z cells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from drivewm.models import warp
from drivewm.models.rollout import classes, noise_of
from drivewm.models.world_model import (
    PROBABILITY_FLOOR,
    Imagined,
    WorldModel,
    solid_share,
    upsample_flow,
)
from drivewm.scene import OccClass

Keep = Callable[[Imagined], dict[str, Tensor]]
CHUNK = 16  # rows that go through all steps together


def outcomes(state: Imagined) -> dict[str, Tensor]:
    """Reward (less the travelled part) and the probability that the drive goes on; [N] each."""
    assert state.reward is not None and state.cont is not None
    return {"reward": state.reward, "cont": torch.sigmoid(state.cont.float())}


def everything(state: Imagined) -> dict[str, Tensor]:
    """Outcomes, the most probable classes uint8 [N, X, Y, Z], and the flow [N, 2, X, Y]."""
    return {**outcomes(state), "classes": classes(state.logits), "flow": state.flow}


@torch.no_grad()
def imagine(
    model: WorldModel,
    start: Imagined,
    actions: Tensor,
    samples: int = 1,
    *,
    seed: int = 0,
    keep: Keep = outcomes,
    chunk: int = CHUNK,
    precision: torch.dtype = torch.float32,
    near: bool = False,
    ahead_m: float = 0.0,
) -> dict[str, Tensor]:
    """What each candidate causes.

    Args:
        start: B scenes, from ``WorldModel.start``.
        actions: [B, K, H, 6].
        samples: futures drawn per candidate; 1 is the likeliest future. All candidates of a
            scene share the noise of a sample, so that they can be compared. A deterministic
            backbone gives S equal futures.
        keep: what to keep of a state; its tensors [N, ...] are collected.
        near: decode occupancy only where the ego can be within a step (``SceneTables.window``); the
            outcomes are the same, ``probability`` and ``logits`` hold that part alone.
        ahead_m: with ``near``, how far ahead of the ego's origin to decode at least.
        precision: of convolutions and matrix products (``torch.bfloat16`` or float32).

    Returns:
        what ``keep`` gave, each [B, K, S, H, ...]; reward logits become expected rewards.
    """
    scenes, count, steps = actions.shape[:3]
    drawn = samples if model.dynamics.stochastic else 1
    rows = [(k, s) for k in range(count) for s in range(drawn)]
    parts: list[list[dict[str, Tensor]]] = []
    # One context for all: the weights are cast once.
    with torch.autocast(actions.device.type, precision, precision != torch.float32):
        for b in range(scenes):
            scene = SceneTables(model, _row(start, b), near, ahead_m)
            for first in range(0, len(rows), chunk):
                some = rows[first : first + chunk]
                noise = noise_of([s for _, s in some], seed) if samples > 1 else None
                now, picked = scene.begin(len(some)), actions[b, [k for k, _ in some]]
                kept = []
                for t in range(steps):
                    now = scene.step(now, picked[:, t], noise)
                    kept.append(_kept(model, keep(now)))
                parts.append(kept)
    out = {}
    for name in parts[0][0]:
        each = [torch.stack([state[name] for state in kept], 1) for kept in parts]
        whole = torch.cat(each).unflatten(0, (scenes, count, drawn))
        out[name] = whole.expand(-1, -1, samples, *[-1] * (whole.ndim - 3))
    return out


def _kept(model: WorldModel, values: dict[str, Tensor]) -> dict[str, Tensor]:
    if "reward" in values and values["reward"].ndim == 2:
        values = {**values, "reward": model.scalars.two_hot.mean(values["reward"].float())}
    return values


def _row(start: Imagined, b: int) -> Imagined:
    """One scene of the start."""
    rows = torch.tensor([b], device=start.flow.device)
    tensors = {k: v[rows] for k, v in vars(start).items() if isinstance(v, Tensor)}
    return replace(start, latent=start.latent.take(rows), **tensors)


def near_window(model: WorldModel, ahead_m: float = 0.0) -> tuple[slice, slice]:
    """Rows and columns of the grid's cells where the ego can be within a step, and ``ahead_m``."""
    grid, rows, columns = model.config.grid, model.scalars.rows, model.scalars.columns
    size = 2 * grid.cell_m  # of the state's cells
    reach = min(math.ceil((ahead_m - grid.x_min_m) / size - 1e-9), grid.shape[0] // 2)
    last = max(rows.stop, reach)
    return slice(2 * rows.start, 2 * last), slice(2 * columns.start, 2 * columns.stop)


class SceneTables:
    """One scene's start as lookup tables; ``step`` equals ``WorldModel.imagine``."""

    def __init__(
        self, model: WorldModel, start: Imagined, near: bool = False, ahead_m: float = 0.0
    ) -> None:
        self.model, self.start, self.near = model, start, near
        nx, ny, _ = model.config.grid.shape
        self.window = near_window(model, ahead_m) if near else (slice(0, nx), slice(0, ny))
        self.coarse = tuple(slice(s.start // 2, s.stop // 2) for s in self.window)  # of the state
        c, z = start.start.shape[1:3]
        table = start.start[0].flatten(0, 1).flatten(1).T  # [X * Y, C * Z]
        moves = model.movable.repeat_interleave(z).to(table.dtype)
        outside = table.new_zeros(1, c * z)
        self.still = torch.cat([table * (1 - moves), outside])
        self.moving = torch.cat([table * moves, outside])
        self.cells = warp.centers(model.config.grid, start.flow)[None]

    def begin(self, rows: int) -> Imagined:
        """The start for so many rows; the occupancy is shared, not copied."""
        s = self.start

        def shared(x: Tensor) -> Tensor:
            return x.expand(rows, *x.shape[1:])

        return replace(
            s, latent=s.latent.map(shared), flow=shared(s.flow), motion=shared(s.motion),
            drift_m=shared(s.drift_m), start_flow=shared(s.start_flow),
        )  # fmt: skip

    def step(self, now: Imagined, action: Tensor, noise) -> Imagined:
        """The state after ``action`` [N, 6]."""
        model, grid, without = self.model, self.model.config.grid, self.model.config.ablation
        step, dt = action[:, :3], action[:, 5]
        if not without.warp:
            step = torch.zeros_like(step)
        before = warp.to_previous_frame(self.cells.expand(len(action), -1, -1, -1), step)
        motion = warp.compose(now.motion, step)
        static_points = warp.to_previous_frame(self.cells.expand(len(action), -1, -1, -1), motion)
        source = before
        if without.flow_carry:
            own = warp.sample(now.flow, before, grid).permute(0, 2, 3, 1)
            source = before - own * dt[:, None, None, None]
        moving_points = warp.to_previous_frame(source, now.motion)
        moving_points = moving_points + warp.sample_clamped(now.drift_m, source, grid)
        carried = warp.sample(now.start_flow, moving_points, grid)
        latent = model.dynamics.imagine(now.latent, action, noise)
        flow = warp.rotate_vectors(carried, motion[:, 2])
        features = latent.features
        flow = flow + upsample_flow(model.flow_change(features).float())
        rows, columns = self.window
        logits = self._foreseen(features)
        if without.residual:
            moved = self._moved(static_points[:, rows, columns], moving_points[:, rows, columns])
            logits = logits.add_(moved.log_().mul_(model.gain))
        probability = logits.softmax(1)
        road = probability[:, OccClass.DRIVEABLE_SURFACE]
        reward, cont = model.fate(
            latent, self._placed(solid_share(probability)), self._placed(road), action
        )
        return replace(
            now, latent=latent, probability=probability, logits=logits, flow=flow, motion=motion,
            drift_m=(moving_points - static_points).permute(0, 3, 1, 2), reward=reward, cont=cont,
        )  # fmt: skip

    def _foreseen(self, features: Tensor) -> Tensor:
        """``model.foresee`` in the window; its normalisation sees the whole plane all the same."""
        head = self.model.foresee
        mixed = head.mix(features)[..., self.coarse[0], self.coarse[1]]
        planes = F.pixel_shuffle(head.out(mixed).float(), head.up)
        return planes.unflatten(1, (head.classes, head.layers))

    def _placed(self, planes: Tensor) -> Tensor:
        """Planes of the window on the whole grid, 0 elsewhere; [N, Z, X, Y]."""
        if not self.near:
            return planes
        nx, ny, _ = self.model.config.grid.shape
        rows, columns = self.window
        return F.pad(planes, (columns.start, ny - columns.stop, rows.start, nx - rows.stop))

    def _moved(self, static_points: Tensor, moving_points: Tensor) -> Tensor:
        """``warp.moved_occupancy`` from the tables, the probability floor added."""
        place = static_points.shape[1:3]
        shape = (len(static_points), *self.start.start.shape[1:3], *place)  # [N, C, Z, X, Y]
        index, weight = self._corners(static_points)
        seen = weight.sum(-1).view(shape[0], 1, *shape[3:])
        still = self._looked_up(self.still, index, weight, shape)
        moving = self._looked_up(self.moving, *self._corners(moving_points), shape)
        mass = moving.sum(1)  # [N, Z, X, Y]
        ground = still.sum(1)
        scale = ((seen - mass).clamp(min=0.0) / ground.clamp(min=1e-6)).clamp(max=1.0)
        total = ground * scale + mass
        free = (1.0 - total).clamp(min=0.0)
        share = 1.0 / (total + free).clamp(min=1e-6)
        out = still.mul_((scale * share)[:, None]).add_(moving.mul_(share[:, None]))
        out[:, -1] += free * share
        return out.add_(PROBABILITY_FLOOR)

    def _corners(self, points_m: Tensor) -> tuple[Tensor, Tensor]:
        """Table rows and bilinear weights [N * X * Y, 4] of metric points; outside counts as 0."""
        grid = self.model.config.grid
        nx, ny, _ = grid.shape
        x = (points_m[..., 0] - grid.x_min_m) / grid.cell_m - 0.5
        y = (points_m[..., 1] - grid.y_min_m) / grid.cell_m - 0.5
        x = x.clamp(-1.0, float(nx)).flatten()  # further out is as much outside
        y = y.clamp(-1.0, float(ny)).flatten()
        x0, y0 = x.floor(), y.floor()
        fx, fy = x - x0, y - y0
        ix = torch.stack([x0, x0 + 1], -1)
        iy = torch.stack([y0, y0 + 1], -1)
        wx = torch.stack([1 - fx, fx], -1) * ((ix >= 0) & (ix < nx))
        wy = torch.stack([1 - fy, fy], -1) * ((iy >= 0) & (iy < ny))
        weight = (wx[:, :, None] * wy[:, None]).flatten(1)
        flat = ix.clamp(0, nx - 1)[:, :, None] * ny + iy.clamp(0, ny - 1)[:, None]
        return flat.flatten(1).to(torch.int32), weight

    def _looked_up(self, table: Tensor, index: Tensor, weight: Tensor, shape: tuple) -> Tensor:
        rows = F.embedding_bag(index, table, per_sample_weights=weight, mode="sum")
        return rows.view(shape[0], -1, rows.shape[1]).transpose(1, 2).contiguous().view(shape)
