"""Planar poses (x, y, heading) and angles. Shapes: [..., 3] poses, [..., 2] points."""

from __future__ import annotations

import numpy as np


def wrap_angle(angle_rad: np.ndarray) -> np.ndarray:
    """Wraps angles to (-pi, pi]."""
    return -((-np.asarray(angle_rad) + np.pi) % (2 * np.pi) - np.pi)


def from_local(poses: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points given in the frame of ``poses`` expressed in the outer frame; [..., 2]."""
    cos, sin = np.cos(poses[..., 2]), np.sin(poses[..., 2])
    x = poses[..., 0] + cos * points[..., 0] - sin * points[..., 1]
    y = poses[..., 1] + sin * points[..., 0] + cos * points[..., 1]
    return np.stack([x, y], -1)


def to_local(poses: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points of the outer frame expressed in the frame of ``poses``; [..., 2]."""
    cos, sin = np.cos(poses[..., 2]), np.sin(poses[..., 2])
    dx, dy = points[..., 0] - poses[..., 0], points[..., 1] - poses[..., 1]
    return np.stack([cos * dx + sin * dy, -sin * dx + cos * dy], -1)


def compose(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The pose ``inner`` (given in the frame of ``outer``) in the outer frame; [..., 3]."""
    heading = wrap_angle(outer[..., 2] + inner[..., 2])
    return np.concatenate([from_local(outer, inner[..., :2]), heading[..., None]], -1)


def relative(origin: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """The poses expressed in the frame of ``origin``; [..., 3]."""
    heading = wrap_angle(poses[..., 2] - origin[..., 2])
    return np.concatenate([to_local(origin, poses[..., :2]), heading[..., None]], -1)
