"""Movables that go on by themselves: rigid objects of the occupancy that imagination starts from.

Neighbouring columns of one movable class and about one flow are one object. An object moves as a
whole: by the mean flow over it at the start, then by what the network adds to its velocity, and it
turns with its velocity as a vehicle does. Its columns are laid down on the grid where they are
then (forward, bilinearly). What stands still is no object of this module: it stays part of the
static occupancy. Nothing here has parameters, so that a network that adds nothing leaves the
constant-velocity baseline.
Shapes: B batch, M movable classes, Z layers, X, Y cells, N columns that move (slots; unused ones
have no mass).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from drivewm.models import warp
from drivewm.models.grid import GridConfig
from drivewm.models.motion import MOVES_MPS
from drivewm.models.objects import NEIGHBOURS, connected, mean_of, shift
from drivewm.scene import OccClass

RIM_CHANCE = 0.05  # of a movable: columns around an object with at least so much go with it
TURNS_MPS = 1.0  # below this the direction of a velocity says little
SHARE_OF_CELLS = 4  # one slot for so many cells of the grid


@dataclass(frozen=True, kw_only=True)
class Carried:
    """Columns that move, as they are now; positions and velocities in the frame of the start."""

    mass: Tensor  # [B, N, M * Z] probabilities of the column's movable classes; unused: 0
    used: Tensor  # [B, N] 1 where a slot holds a column
    member: Tensor  # int64 [B, N] slot of the column that stands for the object
    offset_m: Tensor  # [B, N, 2] from the object's centre, at the start
    along: Tensor  # [B, N, 2] the object's direction at the start, length 1
    centre_m: Tensor  # [B, N, 2] of the object
    velocity_mps: Tensor  # [B, N, 2] of the object
    turn_rad: Tensor  # [B, N] how far it has turned since the start

    def map(self, change) -> Carried:
        """The same with ``change`` applied to each tensor."""
        return Carried(**{name: change(value) for name, value in vars(self).items()})

    @property
    def points_m(self) -> Tensor:
        """Where the columns are; [B, N, 2]."""
        cos, sin = self.turn_rad.cos(), self.turn_rad.sin()
        x, y = self.offset_m.unbind(-1)
        return self.centre_m + torch.stack([cos * x - sin * y, sin * x + cos * y], -1)

    def moved(self, seconds: Tensor) -> Carried:
        """After ``seconds`` [B] at the velocity that the objects have."""
        return replace(self, centre_m=self.centre_m + self.velocity_mps * seconds[:, None, None])

    def changed(self, change_mps: Tensor, seconds: Tensor) -> Carried:
        """With the objects' mean of ``change_mps`` [B, N, 2] added to their velocity, as if it had
        grown evenly over the ``seconds`` [B] behind them."""
        mean = self.mean(change_mps)
        velocity = self.velocity_mps + mean
        centre = self.centre_m + mean * (0.5 * seconds)[:, None, None]
        (ax, ay), (vx, vy) = self.along.unbind(-1), velocity.unbind(-1)
        fast = velocity.norm(dim=-1) > TURNS_MPS
        safe = torch.where(fast, vx * ax + vy * ay, torch.ones_like(vx))
        angle = torch.atan2(torch.where(fast, ax * vy - ay * vx, torch.zeros_like(vx)), safe)
        turn = torch.where(fast, angle, self.turn_rad)
        return replace(self, velocity_mps=velocity, centre_m=centre, turn_rad=turn)

    def mean(self, values: Tensor) -> Tensor:
        """Values [B, N, 2] of columns, averaged over their object."""
        index = self.member[..., None].expand(-1, -1, 2)
        total = torch.zeros_like(values).scatter_add(1, index, values * self.used[..., None])
        count = torch.zeros_like(self.used).scatter_add(1, self.member, self.used)
        return (total / count.clamp(min=1.0)[..., None]).gather(1, index)


def find(
    probability: Tensor, flow: Tensor, movable: Sequence[int], grid: GridConfig
) -> tuple[Carried, Tensor]:
    """The objects that move, and the occupancy without them.

    Args:
        probability: [B, K, Z, X, Y] at the start.
        flow: [B, 2, X, Y] m/s.

    Returns:
        the columns, and probabilities [B, K, Z, X, Y] in which their movable classes are free, in
        the lowest layer road.
    """
    (b, _, z), (nx, ny) = probability.shape[:3], flow.shape[2:]
    moving, label, mean = _objects(probability.detach(), flow, movable)
    points = warp.centers(grid, flow).reshape(1, nx * ny, 2).expand(b, -1, -1)
    centre = mean_of(points, label, (moving == 1.0).to(moving.dtype))
    slots = nx * ny // SHARE_OF_CELLS
    order = torch.argsort(moving, dim=1, descending=True, stable=True)[:, :slots]
    used = (moving.gather(1, order) > 0).to(flow.dtype)
    numbers = torch.arange(slots, device=order.device).expand(b, -1)
    slot_of = torch.full_like(label, -1).scatter(1, order, numbers)
    member = slot_of.gather(1, label.gather(1, order))
    member = torch.where(member < 0, numbers, member)  # more columns than slots: alone
    pair = order[..., None].expand(-1, -1, 2)
    masses = probability[:, list(movable)].flatten(1, 2).flatten(2)  # [B, M * Z, X * Y]
    mass = masses.gather(2, order[:, None].expand(-1, masses.shape[1], -1)).transpose(1, 2)
    velocity = mean.gather(1, pair) * used[..., None]
    centre = centre.gather(1, pair)
    carried = Carried(
        mass=mass * used[..., None], used=used, member=member,
        offset_m=(points.gather(1, pair) - centre) * used[..., None],
        along=F.normalize(velocity.detach(), dim=-1, eps=1e-6), centre_m=centre,
        velocity_mps=velocity, turn_rad=torch.zeros_like(used),
    )  # fmt: skip
    gone = torch.zeros_like(moving).scatter(1, order, used).view(b, 1, nx, ny)
    return carried, _without(probability, gone, movable, z)


def _objects(
    probability: Tensor, flow: Tensor, movable: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Columns of what moves [B, X * Y] (1; 0.5: at its blurred rim; else 0), labels int64
    [B, X * Y] (a cell of the same object), the objects' mean flow [B, X * Y, 2]."""
    b, k, _, nx, ny = probability.shape
    others = [c for c in range(k) if c not in movable]
    mine = probability[:, list(movable)]  # [B, M, Z, X, Y]
    present = (mine.amax(1) > probability[:, others].amax(1)).any(1)
    top = mine.amax(2)
    kind, still = top.argmax(1), flow.detach()
    label = connected(present, kind, still)
    flat, there = label.flatten(1), present.flatten(1).to(flow.dtype)
    mean = mean_of(flow.flatten(2).transpose(1, 2), flat, there)
    moving = there * (mean.detach().norm(dim=-1) > MOVES_MPS)
    core = moving.view(b, nx, ny) > 0
    rim = torch.full_like(label, -1)
    for s in NEIGHBOURS:
        beside = torch.where(shift(core, s, 0.0), shift(label, s, 0), rim)
        rim = torch.maximum(rim, beside)
    joins = (rim >= 0) & ~present & (top.amax(1) > RIM_CHANCE)
    flat = torch.where(joins, rim, label).flatten(1)
    root = flat[..., None].expand(-1, -1, 2)
    return moving + 0.5 * joins.flatten(1).to(flow.dtype), flat, mean.gather(1, root)


def _without(probability: Tensor, gone: Tensor, movable: Sequence[int], layers: int) -> Tensor:
    """Movables of columns ``gone`` [B, 1, X, Y] become free, in the lowest layer road."""
    keep = probability.new_ones(probability.shape[1])
    keep[list(movable)] = 0.0
    factor = 1.0 - gone[:, :, None] * (1.0 - keep.view(1, -1, 1, 1, 1))
    out = probability * factor
    freed = 1.0 - out.sum(1)  # [B, Z, X, Y]
    road = F.pad(freed[:, :1], (0, 0, 0, 0, 0, layers - 1))
    out = out.index_add(1, _at(OccClass.DRIVEABLE_SURFACE, out), road[:, None])
    return out.index_add(1, _at(OccClass.FREE, out), (freed - road)[:, None])


def _at(c: int, like: Tensor) -> Tensor:
    return torch.tensor([int(c)], device=like.device)


def lay_down(
    values: Tensor, points_m: Tensor, x0_m: float, y0_m: float, cell_m: float, shape: tuple
) -> Tensor:
    """Adds values at metric points to the four cells around each, bilinearly.

    Args:
        values: [B, N, C].
        points_m: [B, N, 2]; what falls outside is lost.
        x0_m, y0_m: corner of the grid of ``shape`` (X, Y) cells.

    Returns:
        [B, C, X, Y].
    """
    (b, _, c), (nx, ny) = values.shape, shape
    place = torch.stack([points_m[..., 0] - x0_m, points_m[..., 1] - y0_m], -1) / cell_m - 0.5
    low = place.detach().floor()
    part = place - low
    out = values.new_zeros(b, nx * ny, c)
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = low[..., 0].long() + dx, low[..., 1].long() + dy
            wx = part[..., 0] if dx else 1.0 - part[..., 0]
            wy = part[..., 1] if dy else 1.0 - part[..., 1]
            inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
            weight = torch.where(inside, wx * wy, torch.zeros_like(wx))
            index = torch.where(inside, x * ny + y, torch.zeros_like(x))
            added = values * weight[..., None]
            out = out.scatter_add(1, index[..., None].expand(-1, -1, c), added)
    return out.transpose(1, 2).unflatten(2, (nx, ny))
