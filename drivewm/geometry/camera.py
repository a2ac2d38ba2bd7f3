"""What makes a camera's calibration usable."""

from __future__ import annotations

import numpy as np

REACH_M = 25.0  # no camera is mounted further from the rear axle


def rotation_fault(rotation: np.ndarray) -> str | None:
    """Why a [3, 3] matrix is no rotation; None when it is one."""
    if not np.isfinite(rotation).all():
        return "holds NaN or infinity"
    error = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if error > 1e-3:
        return f"is no rotation (R R^T is off by {error:.2g})"
    return "mirrors space (determinant -1)" if np.linalg.det(rotation) < 0 else None


def intrinsics_fault(intrinsics: np.ndarray, size: tuple[int, int]) -> str | None:
    """Why [3, 3] intrinsics cannot be those of a picture of ``size`` (width, height) pixels; None
    when they can. A size of 0 is not known."""
    if intrinsics.shape != (3, 3) or not np.isfinite(intrinsics).all():
        return "is no 3 x 3 matrix of finite numbers"
    fx, fy = float(intrinsics[0, 0]), float(intrinsics[1, 1])
    if fx <= 0 or fy <= 0:
        return f"has a focal length of {min(fx, fy):.6g} px, which is not above 0"
    if np.abs(intrinsics[2] - [0.0, 0.0, 1.0]).max() > 1e-6:
        return "has a last row that is not 0 0 1"
    if abs(np.linalg.det(intrinsics)) < 1e-9:
        return "is singular"
    for name, center, length in zip("xy", intrinsics[:2, 2], size):
        if length and not -length < center < 2 * length:
            return f"has its centre at {name} = {center:.6g} px of a picture of {length} px"
    return None


def mounting_fault(ego_from_camera: np.ndarray) -> str | None:
    """Why a [4, 4] pose cannot be that of a camera on the car; None when it can."""
    if ego_from_camera.shape != (4, 4) or not np.isfinite(ego_from_camera).all():
        return "is no 4 x 4 matrix of finite numbers"
    fault = rotation_fault(ego_from_camera[:3, :3])
    if fault is not None:
        return fault
    far = float(np.linalg.norm(ego_from_camera[:3, 3]))
    return f"puts the camera {far:.0f} m from the rear axle" if far > REACH_M else None
