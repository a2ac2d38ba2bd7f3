"""Step 0 of every dynamics model: move the scene by what is known before anything is learned.

The static world moves by the ego's SE(2) motion (what moves by itself: ``carry.py``). Instead of
re-sampling occupancy at every step (which blurs it), the *source coordinate* of each cell in the
frame of step 0 is known and the occupancy of step 0 is sampled once.
Shapes: B batch, C channels, X, Y cells.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from drivewm.models.grid import GridConfig


def centers(grid: GridConfig, like: Tensor) -> Tensor:
    """Cell centres in the ego frame, [X, Y, 2] metres, on the device of ``like``."""
    nx, ny, _ = grid.shape
    x = grid.x_min_m + (torch.arange(nx, device=like.device, dtype=like.dtype) + 0.5) * grid.cell_m
    y = grid.y_min_m + (torch.arange(ny, device=like.device, dtype=like.dtype) + 0.5) * grid.cell_m
    return torch.stack(torch.meshgrid(x, y, indexing="ij"), -1)


def to_previous_frame(points_m: Tensor, motion: Tensor) -> Tensor:
    """Points of the frame after ``motion`` expressed in the frame before it.

    Args:
        points_m: [B, X, Y, 2].
        motion: [B, 3] displacement (dx, dy, dyaw) of the ego in the frame before it moved.
    """
    dx, dy, yaw = motion[:, None, None, 0], motion[:, None, None, 1], motion[:, None, None, 2]
    cos, sin = yaw.cos(), yaw.sin()
    x, y = points_m[..., 0], points_m[..., 1]
    return torch.stack([dx + cos * x - sin * y, dy + sin * x + cos * y], -1)


def to_later_frame(points_m: Tensor, motion: Tensor) -> Tensor:
    """Points [B, X, Y, 2] of the frame before ``motion`` [B, 3] expressed in the frame after it."""
    off = points_m - motion[:, None, None, :2]
    cos, sin = motion[:, 2].cos()[:, None, None], motion[:, 2].sin()[:, None, None]
    x, y = off[..., 0], off[..., 1]
    return torch.stack([cos * x + sin * y, cos * y - sin * x], -1)


def compose(first: Tensor, second: Tensor) -> Tensor:
    """The ego motion ``first`` followed by ``second``; [B, 3] each, in the frame before both."""
    cos, sin = first[:, 2].cos(), first[:, 2].sin()
    dx = first[:, 0] + cos * second[:, 0] - sin * second[:, 1]
    dy = first[:, 1] + sin * second[:, 0] + cos * second[:, 1]
    return torch.stack([dx, dy, first[:, 2] + second[:, 2]], -1)


def sample(values: Tensor, points_m: Tensor, grid: GridConfig, mode: str = "bilinear") -> Tensor:
    """Values at metric points, bilinear or ``nearest``; cells outside the grid count as zero.

    Args:
        values: [B, C, X', Y'] over the grid's extent (any resolution).
        points_m: [B, X, Y, 2] in the frame of ``values``.

    Returns:
        [B, C, X, Y].
    """
    x0, x1, y0, y1 = grid.extent_m
    u = (points_m[..., 0] - x0) / (x1 - x0) * 2 - 1  # along X (rows)
    v = (points_m[..., 1] - y0) / (y1 - y0) * 2 - 1  # along Y (columns)
    return F.grid_sample(values, torch.stack([v, u], -1), mode=mode, align_corners=False)


def rotate_vectors(vectors: Tensor, yaw: Tensor) -> Tensor:
    """Vectors [B, 2, X, Y] of the frame before a turn by ``yaw`` [B], in the frame after it."""
    cos, sin = yaw.cos()[:, None, None], yaw.sin()[:, None, None]
    x, y = vectors[:, 0], vectors[:, 1]
    return torch.stack([cos * x + sin * y, -sin * x + cos * y], 1)


def resize_points(points_m: Tensor, factor: int) -> Tensor:
    """Mean of factor x factor blocks of points; [B, X, Y, 2] -> [B, X/f, Y/f, 2]."""
    return F.avg_pool2d(points_m.permute(0, 3, 1, 2), factor).permute(0, 2, 3, 1)


def moved_occupancy(probability: Tensor, points_m: Tensor, grid: GridConfig) -> Tensor:
    """Static occupancy of step 0 seen from a later frame.

    Args:
        probability: [B, K, Z, X, Y] class probabilities of step 0 (class ``K - 1`` is free).
        points_m: [B, X, Y, 2] where each cell of the later frame was in the first one.

    Returns:
        [B, K, Z, X, Y] probabilities. Cells that were outside the grid are free.
    """
    b, k, z, nx, ny = probability.shape
    out = sample(probability.reshape(b, -1, nx, ny), points_m, grid).view(b, k, z, nx, ny)
    free = (1.0 - out.sum(1, keepdim=True)).clamp(min=0.0)  # what was never seen
    return torch.cat([out[:, :-1], out[:, -1:] + free], 1)
