"""Heads for learning from video alone: what the next frame will look like, and how the ego moved.

Shapes: B batch, N cameras, C channels, h, w BEV cells (half the grid's resolution), V points.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.projection import PullCache
from drivewm.models.encoders.temporal import aligned
from drivewm.models.grid import GridConfig
from drivewm.models.layers import ConvBlock, ResidualBlock

MOTION_SCALE = (0.2, 1.0, 5.0)  # dx, dy, dyaw of half a second at about unit size
HEIGHTS_M = (0.0, 0.8, 1.6)  # where colours are compared


class NextFrame(nn.Module):
    """Features and colours of the next frame from those of this one, moved by the ego's motion."""

    def __init__(self, grid: GridConfig, channels: int) -> None:
        super().__init__()
        self.grid, self.channels = grid, channels
        self.change = nn.Sequential(
            ConvBlock(channels + 1, channels), ResidualBlock(channels),
            nn.Conv2d(channels, channels, 1),
        )  # fmt: skip
        self.paint = nn.Conv2d(channels, 3 * len(HEIGHTS_M) * 4, 1)

    def forward(self, features: Tensor, motion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the frame after ``motion`` [B, 3]: features [B, C, h, w], colours [B, 3 * heights,
        2 h, 2 w], and where this frame could be seen from there, [B, 1, h, w] in 0..1."""
        known = torch.ones(len(features), dtype=torch.bool, device=features.device)
        moved = aligned(features, motion, known, self.grid)
        predicted = moved[:, :-1] + self.change(moved)
        return predicted, F.pixel_shuffle(self.paint(predicted), 2), moved[:, -1:]


class InverseDynamics(nn.Module):
    """The ego motion between two frames, from their BEV features."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            ConvBlock(2 * channels, channels), ConvBlock(channels, channels, stride=2),
            ConvBlock(channels, channels, stride=2),
        )  # fmt: skip
        self.read = nn.Sequential(nn.Linear(16 * channels, 64), nn.SiLU(), nn.Linear(64, 3))

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """[B, 3] dx, dy (m), dyaw (rad) in the frame of ``before``; features [B, C, h, w] each."""
        seen = self.look(torch.cat([before, after], 1))
        seen = F.adaptive_avg_pool2d(seen, (4, 4)).flatten(1)
        return self.read(seen) / seen.new_tensor(MOTION_SCALE)


class ColourTarget:
    """Colours that the voxels of a frame show, averaged over the cameras that see them."""

    def __init__(self, grid: GridConfig, step: int = 8) -> None:
        self.grid, self.step = grid, step
        self.cache = PullCache(grid, HEIGHTS_M, step)

    @torch.no_grad()
    def __call__(self, seen: CameraBatch) -> tuple[Tensor, Tensor]:
        """[B, 3 * heights, X, Y] in 0..1 and bool [B, heights, X, Y]: some camera sees it."""
        images = seen.unit_images()
        small = F.avg_pool2d(images.flatten(0, 1), self.step).unflatten(0, images.shape[:2])
        planes = torch.cat([small, torch.ones_like(small[:, :, :1])], 2)
        size = (images.shape[-2], images.shape[-1])
        voxels = self.cache.pull(
            planes, seen.intrinsics, seen.ego_from_camera, seen.present, size
        )  # [B, V, 4]
        nx, ny, _ = self.grid.shape
        voxels = voxels.view(len(voxels), nx, ny, len(HEIGHTS_M), 4).permute(0, 3, 4, 1, 2)
        return voxels[:, :, :3].flatten(1, 2), voxels[:, :, 3] > 0.5


def feature_loss(predicted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """1 - cosine over channels, averaged over cells by ``weight`` [B, 1, h, w]."""
    apart = 1.0 - F.cosine_similarity(predicted.float(), target.float(), dim=1)
    return (apart * weight[:, 0]).sum() / weight.sum().clamp(min=1.0)


def spread_loss(features: Tensor) -> Tensor:
    """How far the channels' deviation over a batch falls short of 1 (VICReg's variance term).

    Without it the cheapest features to predict are the same everywhere.
    """
    flat = features.float().movedim(1, -1).flatten(0, -2)
    return F.relu(1.0 - (flat.var(0) + 1e-4).sqrt()).mean()


def colour_loss(predicted: Tensor, target: Tensor, visible: Tensor) -> Tensor:
    """Mean absolute error over visible voxels [B, heights, X, Y]; [B, 3 * heights, X, Y] each."""
    error = (predicted - target).abs().unflatten(1, (-1, 3)).mean(2)
    return (error * visible).sum() / visible.sum().clamp(min=1)
