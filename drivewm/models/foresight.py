"""What the learned part of imagination sees at a step: the state, and what physics says is there.

The backbone's state knows the scene from what was seen; where its objects have moved to is known
exactly only by the carried occupancy. Here both meet, with the ego's action: who has to brake, who
follows a bend, what comes into view. Shapes: B batch, K classes, X, Y, Z cells, N slots.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.config import Config
from drivewm.models import carry, warp
from drivewm.models.carry import Carried
from drivewm.models.dynamics.base import ACTION_COLUMNS, scale_action
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet
from drivewm.scene import MOVABLE, OccClass

PLANES = 6  # road, solid, standing movables; moving ones and their velocity
SPEED_SCALE_MPS = 10.0
GROUND = (
    OccClass.DRIVEABLE_SURFACE, OccClass.OTHER_FLAT, OccClass.SIDEWALK, OccClass.TERRAIN,
    OccClass.FREE,
)  # fmt: skip
MOVABLE_CLASSES = tuple(sorted(int(c) for c in MOVABLE))


class ForesightConfig(Config):
    width: int = 32
    deep: int = 48


class Foresight(nn.Module):
    """Features of the future from the state, the carried scene and the action."""

    def __init__(self, state: int, config: ForesightConfig) -> None:
        super().__init__()
        self.enter = nn.Conv2d(state + PLANES + ACTION_COLUMNS, config.width, 1)
        self.wide = BevUNet(config.width, config.deep)

    def forward(self, features: Tensor, planes: Tensor, action: Tensor) -> Tensor:
        """State [B, C, X/2, Y/2], planes [B, PLANES, X/2, Y/2], action -> [B, width, X/2, Y/2]."""
        told = scale_action(action)[:, :, None, None].expand(-1, -1, *planes.shape[2:])
        return self.wide(F.silu(self.enter(torch.cat([features, planes, told], 1))))


def layers_of(still: Tensor) -> Tensor:
    """Chance of road, of something solid and of a standing movable; linear in the static
    occupancy [B, K, Z, X, Y] -> [B, 3, Z, X, Y]."""
    standing = still[:, list(MOVABLE_CLASSES)].sum(1)
    return torch.stack([still[:, OccClass.DRIVEABLE_SURFACE], solid_share(still), standing], 1)


def planes_of(layers: Tensor, moving: Carried, motion: Tensor, grid: GridConfig) -> Tensor:
    """The scene that physics says is there, half as fine; [B, PLANES, X/2, Y/2].

    Args:
        layers: [B, 3, Z, X, Y] ``layers_of`` the static occupancy in the frame of now.
        moving: the columns that move.
        motion: [B, 3] of the ego since the start.
    """
    still = F.avg_pool2d(layers.amax(2), 2)
    return torch.cat([still, moving_planes(moving, motion, grid)], 1)


def moving_planes(moving: Carried, motion: Tensor, grid: GridConfig) -> Tensor:
    """Share of each coarse cell that movables in motion take, and their velocity times it;
    [B, 3, X/2, Y/2]."""
    chance = moving.mass.amax(-1, keepdim=True)
    velocity = in_frame(moving.velocity_mps, motion) / SPEED_SCALE_MPS
    values = torch.cat([chance, velocity * chance], -1) / 4.0  # four columns in a coarse cell
    nx, ny, _ = grid.shape
    points = points_now(moving, motion)
    return carry.lay_down(
        values, points, grid.x_min_m, grid.y_min_m, 2 * grid.cell_m, (nx // 2, ny // 2)
    )


def flow_of(moving: Carried, motion: Tensor, grid: GridConfig) -> Tensor:
    """Velocity of the moving objects at and around their columns, 0 elsewhere; [B, 2, X, Y]."""
    velocity = in_frame(moving.velocity_mps, motion)
    values = torch.cat([moving.used[..., None], velocity * moving.used[..., None]], -1)
    nx, ny, _ = grid.shape
    laid = carry.lay_down(
        values, points_now(moving, motion), grid.x_min_m, grid.y_min_m, grid.cell_m, (nx, ny)
    )
    wide = F.avg_pool2d(laid, 5, 1, 2, count_include_pad=False)
    return wide[:, 1:] / wide[:, :1].clamp(min=1e-3)


def points_now(moving: Carried, motion: Tensor) -> Tensor:
    """Where the columns are in the ego frame after ``motion`` [B, 3]; [B, N, 2]."""
    return in_frame(moving.points_m - motion[:, None, :2], motion)


def in_frame(vectors: Tensor, motion: Tensor) -> Tensor:
    """Vectors [B, N, 2] of the frame of the start in the ego frame after ``motion`` [B, 3]."""
    return warp.rotate_vectors(vectors.transpose(1, 2)[..., None], motion[:, 2])[..., 0].mT


def solid_share(probability: Tensor) -> Tensor:
    """Probability that a cell holds something to hit; [B, K, Z, X, Y] -> [B, Z, X, Y]."""
    return 1.0 - probability[:, [int(c) for c in GROUND]].sum(1)
