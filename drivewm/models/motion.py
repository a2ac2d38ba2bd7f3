"""How fast things move, from where they were seen in the last frames.

A velocity is a displacement between frames. The state of a backbone could learn to remember where
things were; here the last frames' movables are kept as they were perceived, brought into the frame
of now by the ego's motion (sampled once), and put side by side.
Shapes: B batch, F frames, K classes, X, Y, Z cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models import warp
from drivewm.models.grid import OCC3D_CLASSES, STEP_S, GridConfig
from drivewm.models.layers import BevUNet, zero_init
from drivewm.models.objects import connected, mean_of
from drivewm.scene import MOVABLE, OccClass

FRAMES = 3  # now and the two before
SCALE_MPS = 10.0
MOVES_MPS = 0.5  # what is slower stands
BETTER = 0.1  # chance, over all older frames: so much better a velocity must tell the past
_VULNERABLE = (OccClass.PEDESTRIAN, OccClass.BICYCLE, OccClass.MOTORCYCLE)
GROUPS = (
    tuple(sorted(int(c) for c in MOVABLE if c not in _VULNERABLE)),
    tuple(int(c) for c in _VULNERABLE),
)
_PLANES = len(GROUPS) + 1  # and where the frame saw at all


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Movables of the last frames, newest first; absent frames are zero."""

    planes: Tensor  # [B, F, 3, X, Y] vehicles, vulnerable road users, 1 where the frame looked
    since: Tensor  # [B, F, 3] motion of the ego from that frame to now

    def map(self, change) -> Sight:
        """The same with ``change`` applied to each tensor."""
        return Sight(planes=change(self.planes), since=change(self.since))


def groups_of(probability: Tensor) -> Tensor:
    """Chance of each group of movables in a column; [B, K, Z, X, Y] -> [B, 2, X, Y]."""
    return torch.stack([probability[:, list(group)].sum(1).amax(1) for group in GROUPS], 1)


def groups_of_labels(occupancy: Tensor) -> Tensor:
    """The same of labels int64 [B, X, Y, Z]; bool."""
    table = torch.zeros(len(GROUPS), OCC3D_CLASSES, dtype=torch.bool, device=occupancy.device)
    for row, group in enumerate(GROUPS):
        table[row, list(group)] = True
    return torch.stack([member[occupancy].any(-1) for member in table], 1)


def look(before: Sight | None, action: Tensor, groups: Tensor) -> Sight:
    """What is remembered after ``action`` [B, 6] once ``groups`` [B, 2, X, Y] are seen."""
    now = torch.cat([groups, torch.ones_like(groups[:, :1])], 1)[:, None]
    here = action.new_zeros(len(action), 1, 3)
    if before is None:
        older = now.new_zeros(len(now), FRAMES - 1, *now.shape[2:])
        return Sight(planes=torch.cat([now, older], 1), since=here.repeat(1, FRAMES, 1))
    kept = before.since[:, : FRAMES - 1]
    step = action[:, None, :3].expand_as(kept)
    since = warp.compose(kept.flatten(0, 1), step.flatten(0, 1)).unflatten(0, kept.shape[:2])
    planes = torch.cat([now, before.planes[:, : FRAMES - 1]], 1)
    return Sight(planes=planes, since=torch.cat([here, since], 1))


class MotionHead(nn.Module):
    """Velocity of movables, and whether they move at all, from planes ``side_by_side``.

    Most things stand, and a wrong velocity costs more than none: so the velocity is learned from
    what moves, and counts where the other output is sure that something does. Untrained it is zero.
    With ``evidence`` it also must tell better than standing still where the thing was before.
    """

    def __init__(self, width: int, grid: GridConfig, evidence: bool = False) -> None:
        super().__init__()
        self.grid, self.evidence = grid, evidence
        self.enter = nn.Conv2d(4 * FRAMES * _PLANES, width, 1)
        self.wide = BevUNet(width, 2 * width)
        self.out = zero_init(nn.Conv2d(width, 12, 1))

    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Planes [B, F * 3, X, Y] -> velocity [B, 2, X, Y] m/s, logit of moving [B, X, Y]."""
        mixed = self.wide(F.silu(self.enter(F.pixel_unshuffle(planes, 2))))
        out = F.pixel_shuffle(self.out(mixed), 2).float()
        return out[:, :2] * SCALE_MPS, out[:, 2]

    def forward(self, planes: Tensor) -> Tensor:
        """Planes [B, F * 3, X, Y] -> velocity [B, 2, X, Y] m/s, 0 where nothing moves."""
        velocity, moves = self.both(planes)
        velocity = velocity * (moves > 0)[:, None]
        if not self.evidence:
            return velocity
        return velocity * (self.explained(planes.float(), velocity) > BETTER)[:, None]

    def explained(self, planes: Tensor, velocity: Tensor) -> Tensor:
        """How much better its velocity tells where each object was than standing still does.

        The chance of a movable of its group where the object came from less that where it is, the
        mean over its columns (those with a chance above a half), summed over the older frames; 0
        elsewhere. [B, X, Y].
        """
        now, *older = planes.split(_PLANES, 1)
        chance, kind = now[:, : len(GROUPS)].max(1)
        there = chance > 0.5
        label = connected(there, kind, velocity).flatten(1)
        weight = there.flatten(1).to(planes.dtype)
        mean = mean_of(velocity.flatten(2).mT, label, weight).mT.view_as(velocity)
        cells, better = warp.centers(self.grid, velocity), torch.zeros_like(chance)
        for k, old in enumerate(older):
            came = cells - mean.permute(0, 2, 3, 1) * (STEP_S * (k + 1))
            groups = old[:, : len(GROUPS)]
            gain = warp.sample(groups, came, self.grid) - groups
            better = better + gain.gather(1, kind[:, None])[:, 0]
        each = mean_of(better.flatten(1)[..., None], label, weight)[..., 0]
        return each.view_as(chance) * there


def side_by_side(sight: Sight, grid: GridConfig) -> Tensor:
    """The remembered planes in the frame of now; [B, F * 3, X, Y]."""
    old = sight.planes[:, 1:].flatten(0, 1)
    cells = warp.centers(grid, sight.planes).expand(len(old), -1, -1, -1)
    # Where a cell of now lies in the older frame: the motion since then leads from there to here.
    points = warp.to_previous_frame(cells, sight.since[:, 1:].flatten(0, 1))
    older = warp.sample(old, points, grid).unflatten(0, (len(sight.planes), FRAMES - 1))
    return torch.cat([sight.planes[:, :1], older], 1).flatten(1, 2)
