"""Imagination written out plainly: one candidate at a time, one step at a time, float32.

The maths of ``drivewm.models`` with nothing shared between candidates and nothing cached: each
candidate carries its own copy of the scene and samples it with ``grid_sample``. The layers are the
model's own (so that the numbers can be compared); the order of work is what a first version has.
Shapes: H steps, C classes, X, Y, Z cells.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from drivewm.models.foresight import MOVABLE_CLASSES
from drivewm.models.world_model import Imagined, WorldModel
from drivewm.scene import OccClass

GROUND = [11, 12, 13, 14, 17]  # what one can drive over, and free
MOVABLE = sorted(int(c) for c in MOVABLE_CLASSES)


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
    latent, movers, pose, out = start.latent, _movers(start), torch.zeros(3), []
    for action in plan:
        pose = _after(pose, action[:3])
        latent = model.dynamics.imagine(latent, action[None])
        still = _seen_again(start.static, _seen_from(cells, pose), grid)
        for mover in movers:
            mover["centre"] = mover["centre"] + mover["velocity"] * action[5]
        ahead = model.foresight(latent.features, _planes(still, movers, pose, grid), action[None])
        push = F.interpolate(model.push(ahead), scale_factor=2, mode="bilinear")
        for mover in movers:
            _pushed(mover, push, pose, action[5], grid)
        carried = _overlaid(still, movers, pose, grid)
        residual = model.foresee(torch.cat([latent.features, ahead], 1))
        probability = (model.gain * torch.maximum(carried, model.floor).log() + residual).softmax(1)
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


def _movers(start: Imagined) -> list[dict[str, Tensor]]:
    """The objects that move, one by one."""
    m, out = start.moving, []
    for root in m.member[0][m.used[0] > 0].unique():
        own = (m.member[0] == root) & (m.used[0] > 0)
        at = int(torch.nonzero(own)[0])
        out.append({
            "mass": m.mass[0, own], "offset": m.offset_m[0, own], "along": m.along[0, at],
            "centre": m.centre_m[0, at], "velocity": m.velocity_mps[0, at], "turn": torch.zeros(()),
        })  # fmt: skip
    return out


def _places(mover: dict[str, Tensor], pose: Tensor) -> Tensor:
    """Where the columns of an object are in the ego frame; [n, 2]."""
    cos, sin = mover["turn"].cos(), mover["turn"].sin()
    x, y = mover["offset"].unbind(-1)
    there = mover["centre"] + torch.stack([cos * x - sin * y, sin * x + cos * y], -1)
    return _turned_points(there - pose[:2], pose[2])


def _turned_points(vectors: Tensor, yaw: Tensor) -> Tensor:
    x, y = vectors[..., 0], vectors[..., 1]
    return torch.stack([yaw.cos() * x + yaw.sin() * y, yaw.cos() * y - yaw.sin() * x], -1)


def _pushed(mover: dict[str, Tensor], push: Tensor, pose: Tensor, dt: Tensor, grid) -> None:
    """Adds the mean push over an object to its velocity; it turns with it."""
    felt = _sampled(push, _places(mover, pose)[None, :, None], grid)[0, :, :, 0].mean(1)
    change = _turned_points(felt, -pose[2])
    mover["velocity"] = mover["velocity"] + change
    mover["centre"] = mover["centre"] + 0.5 * dt * change
    if mover["velocity"].norm() > 1.0:
        (ax, ay), (vx, vy) = mover["along"], mover["velocity"]
        mover["turn"] = torch.atan2(ax * vy - ay * vx, vx * ax + vy * ay)


def _planes(still: Tensor, movers: list[dict[str, Tensor]], pose: Tensor, grid) -> Tensor:
    """What the learned part sees of the scene that physics leads to, half as fine."""
    solid = 1.0 - still[:, GROUND].sum(1)
    standing = still[:, MOVABLE].sum(1)
    road = still[:, OccClass.DRIVEABLE_SURFACE]
    static = F.avg_pool2d(torch.stack([p.amax(1) for p in (road, solid, standing)], 1), 2)
    moving = torch.zeros(1, 3, *static.shape[2:])
    for mover in movers:
        chance = mover["mass"].amax(-1, keepdim=True)
        velocity = _turned_points(mover["velocity"], pose[2]) / 10.0
        values = torch.cat([chance, velocity * chance], -1) / 4.0
        _lay(moving, values, _places(mover, pose), grid, 2 * grid.cell_m)
    return torch.cat([static, moving], 1)


def _seen_again(static: Tensor, points: Tensor, grid) -> Tensor:
    out = _sampled(static.flatten(1, 2), points, grid).view(static.shape)
    free = (1 - out.sum(1, keepdim=True)).clamp(min=0)
    return torch.cat([out[:, :-1], out[:, -1:] + free], 1)


def _overlaid(still: Tensor, movers: list[dict[str, Tensor]], pose: Tensor, grid) -> Tensor:
    """The static occupancy with the moving objects laid over it."""
    layers = still.shape[2]
    mass = torch.zeros(1, len(MOVABLE) * layers, *still.shape[3:])
    for mover in movers:
        _lay(mass, mover["mass"], _places(mover, pose), grid, grid.cell_m)
    mass = mass.unflatten(1, (len(MOVABLE), layers))
    total = mass.sum(1, keepdim=True)
    mass, total = mass / total.clamp(min=1), total.clamp(max=1)
    out = still * (1 - total)
    out[:, MOVABLE] += mass
    return out


def _lay(planes: Tensor, values: Tensor, points: Tensor, grid, cell_m: float) -> None:
    """Adds values [n, C] at points [n, 2] to planes [1, C, X, Y], bilinearly."""
    nx, ny = planes.shape[2:]
    for value, point in zip(values, points):
        x = float(point[0] - grid.x_min_m) / cell_m - 0.5
        y = float(point[1] - grid.y_min_m) / cell_m - 0.5
        for ix in (math.floor(x), math.floor(x) + 1):
            for iy in (math.floor(y), math.floor(y) + 1):
                if 0 <= ix < nx and 0 <= iy < ny:
                    planes[0, :, ix, iy] += value * (1 - abs(x - ix)) * (1 - abs(y - iy))
