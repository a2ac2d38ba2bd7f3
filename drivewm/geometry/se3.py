"""Rigid transforms as 4x4 matrices and unit quaternions in w, x, y, z order (nuScenes' order)."""

from __future__ import annotations

import numpy as np


def rotation_from_quaternion(wxyz: np.ndarray) -> np.ndarray:
    """[..., 4] quaternions (normalised here) -> [..., 3, 3] rotation matrices."""
    q = np.asarray(wxyz, float)
    w, x, y, z = np.moveaxis(q / np.linalg.norm(q, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def quaternion_from_yaw(yaw_rad: np.ndarray) -> np.ndarray:
    """Rotation about +z as a [..., 4] quaternion."""
    half = np.asarray(yaw_rad, float) / 2
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, zero, np.sin(half)], -1)


def yaw_from_rotation(rotation: np.ndarray) -> np.ndarray:
    """Heading of the rotated x axis in the xy plane; [..., 3, 3] -> [...]."""
    return np.arctan2(rotation[..., 1, 0], rotation[..., 0, 0])


def matrix(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """[..., 3, 3] and [..., 3] -> [..., 4, 4]."""
    out = np.zeros((*np.shape(translation)[:-1], 4, 4))
    out[..., :3, :3], out[..., :3, 3], out[..., 3, 3] = rotation, translation, 1.0
    return out


def from_yaw(x_m: float, y_m: float, yaw_rad: float, z_m: float = 0.0) -> np.ndarray:
    """The 4x4 matrix of a planar pose at height z."""
    rotation = rotation_from_quaternion(quaternion_from_yaw(np.asarray(yaw_rad)))
    return matrix(rotation, np.array([x_m, y_m, z_m]))


def inverse(outer_from_inner: np.ndarray) -> np.ndarray:
    """Inverse of rigid [..., 4, 4] matrices."""
    rotation_t = np.swapaxes(outer_from_inner[..., :3, :3], -1, -2)
    return matrix(rotation_t, -(rotation_t @ outer_from_inner[..., :3, 3:])[..., 0])


def transform(outer_from_inner: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Applies one 4x4 matrix to [N, 3] points."""
    return points @ outer_from_inner[:3, :3].T + outer_from_inner[:3, 3]
