"""Rows of ``sample_data`` and ``ego_pose``, sensor calibration, and the files they name."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

from drivewm.geometry.se3 import quaternion_from_yaw
from drivewm.worlds.render.rig import CAMERAS, EGO_FROM_LIDAR
from drivewm.worlds.tables import sensor_token, token

LIDAR = "LIDAR_TOP"
CHANNELS = {**dict.fromkeys(CAMERAS, "camera"), LIDAR: "lidar"}  # channel -> modality
JPEG_QUALITY = 90


def jpeg(rgb: np.ndarray) -> bytes:
    """``rgb`` uint8 [H, W, 3] as JPEG; the same bytes for the same pixels and Pillow build."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def log_name(location: str, start_us: int, scene_number: int) -> str:
    """A log's name as nuScenes writes it: vehicle, local time of the start, time zone."""
    hours = 8 if location.startswith("singapore") else -4
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    start = datetime.datetime.fromtimestamp(start_us / 1e6, zone)
    return f"n{scene_number % 1000:03d}-{start:%Y-%m-%d-%H-%M-%S}{hours:+03d}00"


def calibration_rows(scene_token: str, width: int, height: int) -> dict[str, dict]:
    """Channel -> ``calibrated_sensor`` row, intrinsics scaled to the pictures' size."""
    rows = {}
    for channel in CHANNELS:
        camera = CAMERAS.get(channel)
        pose = EGO_FROM_LIDAR if camera is None else camera.ego_from_camera
        x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat()
        rows[channel] = {
            "token": token("calibration", scene_token, channel),
            "sensor_token": sensor_token(channel),
            "translation": [float(v) for v in pose[:3, 3]],
            "rotation": [float(w), float(x), float(y), float(z)],
            "camera_intrinsic": []
            if camera is None
            else camera.scaled_intrinsics(width, height).tolist(),
        }
    return rows


@dataclass(kw_only=True)
class Recorder:
    """Writes sensor files under ``root`` and collects their rows, linked per channel."""

    root: Path
    scene_token: str
    log: str  # log name, the files' prefix
    width: int
    height: int
    calibration: Mapping[str, dict]
    rows: list[dict] = field(default_factory=list)
    poses: list[dict] = field(default_factory=list)
    _last: dict[str, dict] = field(default_factory=dict)

    def add(
        self,
        channel: str,
        sample_token: str,
        time_us: int,
        ego_pose: np.ndarray,  # [3]
        is_key_frame: bool,
        content: bytes,
    ) -> dict:
        """Writes one file; times must rise per channel. Returns its ``sample_data`` row."""
        camera = channel in CAMERAS
        folder = Path("samples" if is_key_frame else "sweeps", channel)
        name = folder / f"{self.log}__{channel}__{time_us}{'.jpg' if camera else '.pcd.bin'}"
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(content)
        own = token("data", self.scene_token, channel, time_us)
        row = {
            "token": own,
            "sample_token": sample_token,
            "ego_pose_token": own,
            "calibrated_sensor_token": self.calibration[channel]["token"],
            "timestamp": int(time_us),
            "fileformat": "jpg" if camera else "pcd",
            "is_key_frame": is_key_frame,
            "height": self.height if camera else 0,
            "width": self.width if camera else 0,
            "filename": name.as_posix(),
            "prev": "",
            "next": "",
        }
        before = self._last.get(channel)
        if before is not None:
            before["next"], row["prev"] = own, before["token"]
        self._last[channel] = row
        self.rows.append(row)
        self.poses.append(
            {
                "token": own,
                "timestamp": int(time_us),
                "rotation": [float(v) for v in quaternion_from_yaw(ego_pose[2])],
                "translation": [float(ego_pose[0]), float(ego_pose[1]), 0.0],
            }
        )
        return row
