"""Lidar points inside boxes, without doubt about points on a face. Shapes: P points, N boxes.

A simulated point lies exactly on the surface that returned it, and a box's face often is that
surface: whether it counts as inside would hang on the last bit of whoever computes it. So a point
that an object returned is kept a millimetre inside that object's box, and any other point near a
face a millimetre outside; then every way of counting gives the same number.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MARGIN_M = 1e-3


@njit(cache=True, nogil=True)
def settle(points, owner, center, axes, half):
    """Moves points off the faces of boxes, in place.

    Args:
        points: float32 [P, C >= 3], xyz first; owner: int32 [P], index of the box that returned
        the point or -1; center [N, 3], axes [N, 3, 3] (columns: the box's x, y, z), half [N, 3],
        all in the frame of the points.
    """
    local = np.empty(3)
    for n in range(len(center)):
        radius = half[n, 0] + half[n, 1] + half[n, 2] + MARGIN_M
        for p in range(len(points)):
            if (
                abs(points[p, 0] - center[n, 0]) > radius
                or abs(points[p, 1] - center[n, 1]) > radius
            ):
                continue
            reach, widest = -np.inf, 0
            for k in range(3):
                local[k] = 0.0
                for j in range(3):
                    local[k] += axes[n, j, k] * (points[p, j] - center[n, j])
                over = abs(local[k]) - half[n, k]
                if over > reach:
                    reach, widest = over, k
            if owner[p] == n and reach > -MARGIN_M:
                for k in range(3):
                    limit = half[n, k] - MARGIN_M
                    local[k] = min(max(local[k], -limit), limit)
            elif owner[p] != n and abs(reach) < MARGIN_M:
                sign = 1.0 if local[widest] >= 0.0 else -1.0
                local[widest] = sign * (half[n, widest] + MARGIN_M)
            else:
                continue
            for j in range(3):
                moved = center[n, j]
                for k in range(3):
                    moved += axes[n, j, k] * local[k]
                points[p, j] = moved


@njit(cache=True, nogil=True)
def count_inside(points, center, axes, half):
    """int64 [N]: how many points lie inside (or on) each box. Arguments as in ``settle``."""
    counts = np.zeros(len(center), np.int64)
    for n in range(len(center)):
        radius = half[n, 0] + half[n, 1] + half[n, 2]
        for p in range(len(points)):
            dx, dy = points[p, 0] - center[n, 0], points[p, 1] - center[n, 1]
            if abs(dx) > radius or abs(dy) > radius:
                continue
            dz, inside = points[p, 2] - center[n, 2], True
            for k in range(3):
                along = axes[n, 0, k] * dx + axes[n, 1, k] * dy + axes[n, 2, k] * dz
                inside = inside and abs(along) <= half[n, k]
            counts[n] += inside
    return counts


def count_inside_reference(points, center, axes, half) -> np.ndarray:
    """``count_inside`` in plain NumPy."""
    delta = points[None, :, :3].astype(float) - center[:, None]  # [N, P, 3]
    local = delta @ axes  # [N, P, 3]
    return (np.abs(local) <= half[:, None]).all(-1).sum(-1)
