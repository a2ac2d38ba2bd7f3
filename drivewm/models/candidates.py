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

from drivewm.models import carry, warp
from drivewm.models.carry import Carried
from drivewm.models.foresight import (
    MOVABLE_CLASSES,
    layers_of,
    planes_of,
    points_now,
    solid_share,
)
from drivewm.models.rollout import classes, noise_of
from drivewm.models.world_model import Imagined, WorldModel, overlaid
from drivewm.scene import OccClass

Keep = Callable[[Imagined], dict[str, Tensor]]
CHUNK = 32  # rows that go through all steps together


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
    used = max(1, int(start.moving.used[b].sum()))  # the other slots are empty
    moving = start.moving.map(lambda t: t[rows, :used])
    return replace(start, latent=start.latent.take(rows), moving=moving, **tensors)


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
        self.still = start.static[0].flatten(0, 1).flatten(1).T.contiguous()  # [X * Y, C * Z]
        self.layers = layers_of(start.static)[0].flatten(0, 1).flatten(1).T.contiguous()
        self.cells = warp.centers(model.config.grid, start.flow)[None]

    def begin(self, rows: int) -> Imagined:
        """The start for so many rows; the occupancy is shared, not copied."""
        s = self.start

        def shared(x: Tensor) -> Tensor:
            return x.expand(rows, *x.shape[1:])

        return replace(
            s, latent=s.latent.map(shared), flow=shared(s.flow), motion=shared(s.motion),
            moving=s.moving.map(shared),
        )  # fmt: skip

    def step(self, now: Imagined, action: Tensor, noise) -> Imagined:
        """The state after ``action`` [N, 6]."""
        model, grid, without = self.model, self.model.config.grid, self.model.config.ablation
        step, dt = action[:, :3], action[:, 5]
        if not without.warp:
            step = torch.zeros_like(step)
        motion = warp.compose(now.motion, step)
        points = warp.to_previous_frame(self.cells.expand(len(action), -1, -1, -1), motion)
        latent = model.dynamics.imagine(now.latent, action, noise)
        index, weight = self._corners(points)
        layers = _looked_up(self.layers, index, weight).unflatten(1, (-1, grid.shape[2]))
        planes = planes_of(layers, now.moving.moved(dt), motion, grid)
        moving, ahead = model.pushed(now.moving, latent, planes, action, motion)
        features = torch.cat([latent.features, ahead.float()], 1)
        if without.residual:
            moved = overlaid(self._still(index, weight), self._mass(moving, motion))
            unseen = model.config.redraws == "unseen"
            cover = weight[:, *self.window].sum(-1)[:, None] if unseen else None
            change = self._change(features, cover)
            logits = model.carried_on(moved, change, ahead, cover, self.window)
        else:
            logits = self._foreseen(features)
        probability = logits.softmax(1)
        road = probability[:, OccClass.DRIVEABLE_SURFACE]
        reward, cont = model.fate(
            latent, self._placed(solid_share(probability)), self._placed(road), action
        )
        flow = now.flow if self.near else model.flow_then(moving, ahead, motion)
        return replace(
            now, latent=latent, probability=probability, logits=logits, flow=flow, motion=motion,
            moving=moving, reward=reward, cont=cont,
        )  # fmt: skip

    def _mass(self, moving: Carried, motion: Tensor) -> Tensor:
        """What moves, laid down in the window; [N, M, Z, X, Y]."""
        grid = self.model.config.grid
        rows, columns = self.window
        x0, y0 = (
            low + s.start * grid.cell_m
            for low, s in zip((grid.x_min_m, grid.y_min_m), (rows, columns))
        )
        place = (rows.stop - rows.start, columns.stop - columns.start)
        laid = carry.lay_down(moving.mass, points_now(moving, motion), x0, y0, grid.cell_m, place)
        return laid.unflatten(1, (len(MOVABLE_CLASSES), grid.shape[2]))

    def _foreseen(self, features: Tensor) -> Tensor:
        """``model.foresee`` in the window; its normalisation sees the whole plane all the same."""
        head = self.model.foresee
        mixed = head.mix(features)[..., self.coarse[0], self.coarse[1]]
        planes = F.pixel_shuffle(head.out(mixed).float(), head.up)
        return planes.unflatten(1, (head.classes, head.layers))

    def _change(self, features: Tensor, cover: Tensor | None) -> Tensor:
        """What is learned of the occupancy in the window, of the rows where it counts (else 0)."""
        if cover is None:
            return self._foreseen(features)
        counts = (cover < 1.0 - 1e-4).flatten(1).any(1)
        head = self.model.foresee
        out = cover.new_zeros(len(cover), head.classes, head.layers, *cover.shape[2:])
        if bool(counts.any()):
            out[counts] = self._foreseen(features[counts])
        return out

    def _placed(self, planes: Tensor) -> Tensor:
        """Planes of the window on the whole grid, 0 elsewhere; [N, Z, X, Y]."""
        if not self.near:
            return planes
        nx, ny, _ = self.model.config.grid.shape
        rows, columns = self.window
        return F.pad(planes, (columns.start, ny - columns.stop, rows.start, nx - rows.stop))

    def _still(self, index: Tensor, weight: Tensor) -> Tensor:
        """``warp.moved_occupancy`` of the static occupancy in the window; [N, C, Z, X, Y]."""
        rows, columns = self.window
        index, weight = index[:, rows, columns], weight[:, rows, columns]
        out = _looked_up(self.still, index, weight).unflatten(1, self.start.static.shape[1:3])
        out[:, -1] += (1.0 - weight.sum(-1)).clamp(min=0.0)[:, None]  # what was never seen is free
        return out

    def _corners(self, points_m: Tensor) -> tuple[Tensor, Tensor]:
        """Table rows and bilinear weights [N, X, Y, 4] of metric points; outside weighs 0."""
        grid = self.model.config.grid
        nx, ny, _ = grid.shape
        x = (points_m[..., 0] - grid.x_min_m) / grid.cell_m - 0.5
        y = (points_m[..., 1] - grid.y_min_m) / grid.cell_m - 0.5
        x, y = x.clamp(-1.0, float(nx)), y.clamp(-1.0, float(ny))  # further out is as much outside
        x0, y0 = x.floor(), y.floor()
        fx, fy = x - x0, y - y0
        ix, iy = torch.stack([x0, x0 + 1], -1), torch.stack([y0, y0 + 1], -1)
        wx = torch.stack([1 - fx, fx], -1) * ((ix >= 0) & (ix < nx))
        wy = torch.stack([1 - fy, fy], -1) * ((iy >= 0) & (iy < ny))
        weight = (wx[..., :, None] * wy[..., None, :]).flatten(-2)
        flat = ix.clamp(0, nx - 1)[..., :, None] * ny + iy.clamp(0, ny - 1)[..., None, :]
        return flat.flatten(-2).to(torch.int32), weight


def _looked_up(table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Weighted rows of a table [R, D] at index and weight [N, X, Y, 4]; [N, D, X, Y]."""
    n, x, y, _ = index.shape
    values = F.embedding_bag(
        index.reshape(-1, 4), table, per_sample_weights=weight.reshape(-1, 4), mode="sum"
    )
    return values.view(n, x * y, -1).transpose(1, 2).contiguous().view(n, -1, x, y)
