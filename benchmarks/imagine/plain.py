"""Imagination written out plainly: one candidate at a time, one step at a time, float32.

The maths of ``drivewm.models`` with nothing shared between candidates and nothing cached: each
candidate carries its own copy of the scene and samples it with ``grid_sample``. The layers are the
model's own (so that the numbers can be compared); the order of work is what a first version has.
Shapes: H steps, C classes, X, Y, Z cells.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from drivewm.models.world_model import Imagined, WorldModel
from drivewm.scene import OccClass

FLOOR = 0.02
GROUND = [11, 12, 13, 14, 17]  # what one can drive over, and free


def imagine(model: WorldModel, start: Imagined, actions: Tensor) -> dict[str, Tensor]:
    """Actions [K, H, 6] of one scene; probability [K, H, C, Z, X, Y], reward and cont [K, H]."""
    out: dict[str, list[Tensor]] = {"probability": [], "reward": [], "cont": []}
    for plan in actions:
        steps = _one(model, start, plan)
        for name, values in out.items():
            values.append(torch.stack([step[name] for step in steps]))
    return {name: torch.stack(values) for name, values in out.items()}


def _one(model: WorldModel, start: Imagined, plan: Tensor) -> list[dict[str, Tensor]]:
    grid = model.config.grid
    x = grid.x_min_m + (torch.arange(grid.shape[0]) + 0.5) * grid.cell_m
    y = grid.y_min_m + (torch.arange(grid.shape[1]) + 0.5) * grid.cell_m
    cells = torch.stack(torch.meshgrid(x, y, indexing="ij"), -1)[None]
    latent, flow, drift = start.latent, start.flow, start.drift_m
    pose, out = torch.zeros(3), []
    for action in plan:
        before = _seen_from(cells, action[:3])
        after = _after(pose, action[:3])
        static = _seen_from(cells, after)
        source = before - _sampled(flow, before, grid).permute(0, 2, 3, 1) * action[5]
        moving = _seen_from(source, pose) + _inside(drift, source, grid)
        first_flow = _turned(_sampled(start.start_flow, moving, grid), after[2])
        latent = model.dynamics.imagine(latent, action[None])
        change = F.interpolate(model.flow_change(latent.features), scale_factor=2, mode="bilinear")
        flow, drift, pose = first_flow + change, (moving - static).permute(0, 3, 1, 2), after
        carried = _carried(start.start, static, moving, model.movable, grid)
        residual = model.foresee(latent.features)
        probability = (model.gain * (carried + FLOOR).log() + residual).softmax(1)
        solid = 1.0 - probability[:, GROUND].sum(1)
        road = probability[:, OccClass.DRIVEABLE_SURFACE]
        around = F.avg_pool2d(torch.cat([solid, road], 1), 2)
        reward, cont = model.scalars(latent.features, around, action[None])
        value = model.scalars.two_hot.mean(reward)[0]
        cont = torch.sigmoid(cont)[0]
        out.append({"probability": probability[0], "reward": value, "cont": cont})
    return out


def _seen_from(points: Tensor, motion: Tensor) -> Tensor:
    cos, sin = motion[2].cos(), motion[2].sin()
    x, y = points[..., 0], points[..., 1]
    return torch.stack([motion[0] + cos * x - sin * y, motion[1] + sin * x + cos * y], -1)


def _after(pose: Tensor, motion: Tensor) -> Tensor:
    place = _seen_from(motion[None, :2], pose)[0]
    return torch.cat([place, (pose[2] + motion[2])[None]])


def _sampled(values: Tensor, points: Tensor, grid) -> Tensor:
    u = (points[..., 0] - grid.x_min_m) / (grid.x_max_m - grid.x_min_m) * 2 - 1
    v = (points[..., 1] - grid.y_min_m) / (grid.y_max_m - grid.y_min_m) * 2 - 1
    return F.grid_sample(values, torch.stack([v, u], -1), align_corners=False)


def _inside(planes: Tensor, points: Tensor, grid) -> Tensor:
    half = grid.cell_m / 2
    x = points[..., 0].clamp(grid.x_min_m + half, grid.x_max_m - half)
    y = points[..., 1].clamp(grid.y_min_m + half, grid.y_max_m - half)
    return _sampled(planes, torch.stack([x, y], -1), grid).permute(0, 2, 3, 1)


def _turned(vectors: Tensor, yaw: Tensor) -> Tensor:
    x, y = vectors[:, 0], vectors[:, 1]
    return torch.stack([yaw.cos() * x + yaw.sin() * y, yaw.cos() * y - yaw.sin() * x], 1)


def _carried(start: Tensor, static: Tensor, moving: Tensor, movable: Tensor, grid) -> Tensor:
    shape = start.shape
    mask = movable[None, :, None, None, None]
    still = _sampled((start * ~mask).flatten(1, 2), static, grid).view(shape)
    moved = _sampled((start * mask).flatten(1, 2), moving, grid).view(shape)
    seen = _sampled(torch.ones_like(start[:, :1, 0]), static, grid)[:, :, None]
    room = (seen - moved.sum(1, keepdim=True)).clamp(min=0)
    out = still * (room / still.sum(1, keepdim=True).clamp(min=1e-6)).clamp(max=1) + moved
    free = (1 - out.sum(1, keepdim=True)).clamp(min=0)
    out = torch.cat([out[:, :-1], out[:, -1:] + free], 1)
    return out / out.sum(1, keepdim=True).clamp(min=1e-6)
