"""Occupancy labels as Occ3D-nuScenes stores them: ``gts/<scene>/<sample token>/labels.npz``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

COMPRESS_LEVEL = 1  # a label is mostly runs of 17 (free): higher levels save little


def npz_bytes(
    arrays: Mapping[str, np.ndarray],
    level: int = COMPRESS_LEVEL,
    objects: Mapping[str, Sequence] | None = None,
) -> bytes:
    """The arrays as a compressed ``.npz`` whose bytes depend on nothing but them.

    Args:
        objects: lists of plain objects that become pickled arrays (UniOcc wants some).
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, values in [*arrays.items(), *_objects(objects or {})]:
            entry = io.BytesIO()
            plain = values.dtype != object
            np.lib.format.write_array(entry, np.asarray(values, order="C"), allow_pickle=not plain)
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.getvalue(), compresslevel=level)
    return buffer.getvalue()


def _objects(lists: Mapping[str, Sequence]) -> list[tuple[str, np.ndarray]]:
    out = []
    for name, values in lists.items():
        array = np.empty(len(values), object)
        array[:] = values
        out.append((name, array))
    return out


def label_path(scene: str, sample_token: str) -> Path:
    """Where a sample's label lies, relative to the dataroot."""
    return Path("gts", scene, sample_token, "labels.npz")


def write_label(
    root: Path,
    scene: str,
    sample_token: str,
    semantics: np.ndarray,
    mask_lidar: np.ndarray,
    mask_camera: np.ndarray,  # [200, 200, 16]
) -> None:
    """Writes one label; all three arrays become uint8, as in Occ3D."""
    arrays = {"semantics": semantics, "mask_lidar": mask_lidar, "mask_camera": mask_camera}
    path = root / label_path(scene, sample_token)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(npz_bytes({name: a.astype(np.uint8) for name, a in arrays.items()}))


def _pose(row: Mapping) -> dict:
    return {"translation": row["translation"], "rotation": row["rotation"]}


def scene_info(
    scene: str,
    samples: Sequence[Mapping],
    frames: Mapping[str, Sequence[Mapping]],
    poses: Mapping[str, Mapping],
    calibration: Mapping[str, Mapping],
) -> dict:
    """A scene's part of Occ3D's ``annotations.json``.

    Args:
        samples: ``sample`` rows in order.
        frames: sample token -> its key frame ``sample_data`` rows.
        poses: token -> ``ego_pose`` row; calibration: token -> ``calibrated_sensor`` row.
    """
    out = {}
    for sample in samples:
        cameras = {}
        for row in frames[sample["token"]]:
            if row["fileformat"] != "jpg":
                continue
            sensor = calibration[row["calibrated_sensor_token"]]
            cameras[sensor["sensor_token"]] = {
                "img_path": row["filename"],
                "intrinsic": sensor["camera_intrinsic"],
                "extrinsic": _pose(sensor),
                "ego_pose": _pose(poses[row["ego_pose_token"]]),
            }
        first = frames[sample["token"]][0]
        out[sample["token"]] = {
            "timestamp": str(sample["timestamp"]),
            "camera_sensor": cameras,
            "ego_pose": _pose(poses[first["ego_pose_token"]]),
            "gt_path": label_path(scene, sample["token"]).as_posix(),
            "prev": sample["prev"],
            "next": sample["next"],
        }
    return out
