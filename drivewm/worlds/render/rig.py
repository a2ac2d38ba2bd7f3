"""The sensor rig: nuScenes' own camera and lidar geometry.

Numbers: one representative row per channel of nuScenes ``calibrated_sensor`` (v1.0), translations
rounded to a millimetre, quaternions to five digits, intrinsics to a tenth of a pixel. Pixel
convention: the ray of pixel (row v, column u) passes through image point (u + 0.5, v + 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.geometry import se3

FULL_WIDTH, FULL_HEIGHT = 1600, 900


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A calibrated camera. Camera axes: x right, y down, z forward."""

    intrinsics: np.ndarray  # [3, 3] for 1600x900
    ego_from_camera: np.ndarray  # [4, 4]

    def scaled_intrinsics(self, width: int, height: int) -> np.ndarray:
        """The [3, 3] intrinsics of this camera's picture resized to width x height."""
        scale = np.array([width / FULL_WIDTH, height / FULL_HEIGHT, 1.0])
        return self.intrinsics * scale[:, None]


def _camera(
    focal_px: float,
    center_px: tuple[float, float],
    translation_m: tuple[float, float, float],
    quaternion_wxyz: tuple[float, float, float, float],
) -> Camera:
    intrinsics = np.array([[focal_px, 0, center_px[0]], [0, focal_px, center_px[1]], [0, 0, 1.0]])
    rotation = se3.rotation_from_quaternion(np.array(quaternion_wxyz))
    return Camera(
        intrinsics=intrinsics, ego_from_camera=se3.matrix(rotation, np.array(translation_m))
    )


CAMERAS: dict[str, Camera] = {
    "CAM_FRONT": _camera(
        1266.4, (816.3, 491.5), (1.701, 0.016, 1.511), (0.49980, -0.50303, 0.49978, -0.49737)
    ),
    "CAM_FRONT_RIGHT": _camera(
        1260.8, (808.0, 495.3), (1.551, -0.493, 1.496), (0.20603, -0.20269, 0.68245, -0.67136)
    ),
    "CAM_BACK_RIGHT": _camera(
        1259.5, (807.3, 501.2), (1.015, -0.481, 1.562), (0.12281, -0.13240, -0.70043, 0.69050)
    ),
    "CAM_BACK": _camera(
        809.2, (829.2, 481.8), (0.028, 0.003, 1.579), (0.50379, -0.49740, -0.49419, 0.50455)
    ),
    "CAM_BACK_LEFT": _camera(
        1256.7, (792.1, 492.8), (1.036, 0.485, 1.591), (0.69242, -0.70316, -0.11648, 0.11203)
    ),
    "CAM_FRONT_LEFT": _camera(
        1272.6, (826.6, 479.8), (1.524, 0.495, 1.509), (0.67573, -0.67363, 0.21214, -0.21123)
    ),
}

# LIDAR_TOP: its own x axis points to the right of the car, y forward. Mounting rotations of less
# than a degree are left out.
EGO_FROM_LIDAR = se3.from_yaw(0.944, 0.0, -np.pi / 2, 1.840)


def map_from_ego(ego_pose: np.ndarray) -> np.ndarray:
    """The [4, 4] pose of the rear axle on the ground plane from (x, y, heading)."""
    return se3.from_yaw(float(ego_pose[0]), float(ego_pose[1]), float(ego_pose[2]))
