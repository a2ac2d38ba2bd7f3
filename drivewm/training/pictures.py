"""The pictures of a scene as the encoders read them, checked; absent cameras are masked.

Shapes: K keyframes, N cameras (by name), h, w feature cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from drivewm.errors import InputError
from drivewm.geometry.camera import intrinsics_fault, mounting_fault, rotation_fault
from drivewm.geometry.se3 import inverse, transform
from drivewm.logs.fleet import CameraRow, Fleet, Keyframes, LidarRow
from drivewm.models.encoders.config import STRIDES, CameraConfig, LiftConfig


def load_pictures(fleet: Fleet, scene_id: str, config: CameraConfig) -> dict[str, Any]:
    """The camera fields of ``Frames``. A camera whose file was absent at ingest is masked there.

    Raises:
        InputError: the scene has no picture at all or at some keyframe, a calibration that no
            camera can have, or a file that went missing or cannot be read.
    """
    rows = [row for row in fleet.camera_rows(scene_id) if row.keyframe >= 0]
    if not rows:
        raise InputError(
            "the scene has no camera pictures", file=str(fleet.path), field=scene_id,
            fix="train with model.encoder=privileged",
        )  # fmt: skip
    keys = fleet.keyframes(scene_id)
    channels = tuple(sorted({row.channel for row in rows}))
    size = (config.image_height, config.image_width)
    shape = (len(keys.times_us), len(channels))
    images = np.zeros((*shape, *size, 3), np.uint8)
    intrinsics = np.tile(np.eye(3, dtype=np.float32), (*shape, 1, 1))
    ego_from_camera = np.tile(np.eye(4, dtype=np.float32), (*shape, 1, 1))
    present = np.zeros(shape, bool)
    for row in rows:
        if not row.exists:
            continue
        check_calibration(fleet, row)
        k, n = row.keyframe, channels.index(row.channel)
        images[k, n], intrinsics[k, n] = resize(fleet.image(row), row.intrinsics, size)
        # Exposure is not the keyframe's instant: go through the world with both ego poses.
        key_from_exposure = inverse(keys.global_from_ego[k]) @ row.global_from_ego
        ego_from_camera[k, n] = key_from_exposure @ row.ego_from_camera
        present[k, n] = True
    _check_present(fleet, scene_id, present, rows)
    out: dict[str, Any] = {
        "channels": channels, "images": images, "intrinsics": intrinsics,
        "ego_from_camera": ego_from_camera, "present": present,
    }  # fmt: skip
    if isinstance(config, LiftConfig) and config.lidar_depth:
        out["depth_m"] = _depths(fleet, scene_id, config, keys, intrinsics, ego_from_camera)
        out["depth_m"][~present] = np.nan
    return out


def check_calibration(fleet: Fleet, row: CameraRow) -> None:
    """Raises:
    InputError: no camera can have this calibration or pose; names the picture and the field.
    """
    faults = {
        "intrinsics": intrinsics_fault(row.intrinsics, (row.width, row.height)),
        "ego_from_sensor": mounting_fault(row.ego_from_camera),
        "global_from_ego": rotation_fault(row.global_from_ego[:3, :3]),
    }
    for field, fault in faults.items():
        if fault is not None:
            raise InputError(
                f"scene {row.scene_id}, {row.channel}, keyframe {row.keyframe}: the matrix {fault}",
                file=f"{fleet.path}/cameras.parquet", field=field,
                fix="repair the calibration in the source and ingest it again",
            )  # fmt: skip


def _check_present(
    fleet: Fleet, scene_id: str, present: np.ndarray, rows: Sequence[CameraRow]
) -> None:
    blind = np.flatnonzero(~present.any(1))
    if len(blind):
        lost = [row.path for row in rows if row.keyframe == blind[0]]
        raise InputError(
            f"scene {scene_id}: {len(blind)} of {len(present)} keyframes have no picture of any "
            f"camera, the first is keyframe {blind[0]}",
            file=lost[0] if lost else f"{fleet.path}/cameras.parquet", field="cameras",
            fix="fetch the pictures and ingest again, leave the scene out (holdout_scenes), or "
            "train with model.encoder=privileged",
        )  # fmt: skip


def _depths(
    fleet: Fleet,
    scene_id: str,
    config: LiftConfig,
    keys: Keyframes,
    intrinsics: np.ndarray,
    ego_from_camera: np.ndarray,
) -> np.ndarray:
    """Depth of the nearest lidar point in each feature cell, float16 [K, N, h, w], NaN = none."""
    step = STRIDES[config.backbone.name] * config.pool
    shape = (config.image_height // step, config.image_width // step)
    out = np.full((*intrinsics.shape[:2], *shape), np.nan, np.float16)
    for row in fleet.lidar_rows(scene_id):
        if row.keyframe < 0 or not row.exists:
            continue
        points = _in_key_frame(fleet, row, keys.global_from_ego[row.keyframe])
        for n, (k_matrix, pose) in enumerate(
            zip(intrinsics[row.keyframe], ego_from_camera[row.keyframe])
        ):
            out[row.keyframe, n] = depth_map(points, k_matrix, pose, step, shape)
    return out


def _in_key_frame(fleet: Fleet, row: LidarRow, global_from_key: np.ndarray) -> np.ndarray:
    """Points [P, 3] in the ego frame of the keyframe's instant."""
    key_from_lidar = inverse(global_from_key) @ row.global_from_ego @ row.ego_from_lidar
    return transform(key_from_lidar, fleet.points(row)[:, :3].astype(np.float64))


def depth_map(
    points_m: np.ndarray,
    intrinsics: np.ndarray,
    ego_from_camera: np.ndarray,
    step: int,
    shape: tuple[int, int],
) -> np.ndarray:
    """Depth along the optical axis of the nearest of points [P, 3] (ego frame) in each cell.

    Args:
        step: pixels per cell; shape: (h, w) cells.

    Returns:
        float32 [h, w], NaN where no point falls.
    """
    local = transform(inverse(ego_from_camera.astype(np.float64)), points_m)
    local = local[local[:, 2] > 0.5]
    pixel = local @ intrinsics.astype(np.float64).T
    cells = np.floor(pixel[:, :2] / pixel[:, 2:] / step).astype(np.int64)
    inside = ((cells >= 0) & (cells < [shape[1], shape[0]])).all(1)
    nearest = np.full(shape, np.inf, np.float32)
    np.minimum.at(nearest, (cells[inside, 1], cells[inside, 0]), local[inside, 2])
    return np.where(np.isfinite(nearest), nearest, np.nan)


def resize(
    image: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """A picture [H, W, 3] at ``size`` (height, width) and its intrinsics [3, 3] then."""
    height, width = image.shape[:2]
    scale = np.array([size[1] / width, size[0] / height])
    scaled = np.array(intrinsics, np.float32)
    scaled[0] *= scale[0]
    scaled[1] *= scale[1]
    if (height, width) == size:
        return image, scaled
    small = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BOX)
    return np.asarray(small), scaled
