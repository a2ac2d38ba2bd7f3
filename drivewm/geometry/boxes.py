"""Oriented boxes on the plane. Corner order FL, RL, RR, FR (nuPlan's). Shapes: N boxes."""

from __future__ import annotations

import numpy as np

CORNER_SIGNS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], float)  # FL, RL, RR, FR


def corners(
    centres: np.ndarray, lengths_m: np.ndarray | float, widths_m: np.ndarray | float
) -> np.ndarray:
    """[..., 3] centre poses (x, y, heading), [...] lengths and widths -> [..., 4, 2]."""
    half = np.stack([np.asarray(lengths_m), np.asarray(widths_m)], -1)[..., None, :] / 2
    local = CORNER_SIGNS * half  # [..., 4, 2]
    cos, sin = np.cos(centres[..., 2])[..., None], np.sin(centres[..., 2])[..., None]
    x = centres[..., None, 0] + cos * local[..., 0] - sin * local[..., 1]
    y = centres[..., None, 1] + sin * local[..., 0] + cos * local[..., 1]
    return np.stack([x, y], -1)


def centre_poses(ego: np.ndarray, rear_axle_to_center_m: float) -> np.ndarray:
    """Rear-axle states [..., >=3] (x, y, heading first) -> [..., 3] poses of the box centre."""
    x = ego[..., 0] + rear_axle_to_center_m * np.cos(ego[..., 2])
    y = ego[..., 1] + rear_axle_to_center_m * np.sin(ego[..., 2])
    return np.stack([x, y, ego[..., 2]], -1)
