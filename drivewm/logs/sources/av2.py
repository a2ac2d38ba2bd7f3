"""Argoverse 2 sensor logs: annotations in the ego frame of their own sweep, city poses, HD map.

The annotations may hold the ego vehicle itself (EGO_VEHICLE): its size is the ego's, it is never a
track. Shapes: K sweeps, R annotations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.logs.records import EgoRows, SceneRecord, TrackRows
from drivewm.logs.sources import av2_map
from drivewm.scene import FUSION, VehicleParams

LICENCE = "CC BY-NC-SA 4.0"
NATIVE_RATE_HZ = 10.0
EGO = "EGO_VEHICLE"
_KEYFRAME_STRIDE = 5  # keyframes about 0.5 s apart, as in the other sources
_ANNOTATIONS = ("annotations_with_ego.feather", "annotations.feather")
_POSES = "city_SE3_egovehicle.feather"
_POSE_COLUMNS = ("qw", "qx", "qy", "qz", "tx_m", "ty_m", "tz_m")
_TEXTS = ("track_uuid", "category")
_BOX_COLUMNS = ("length_m", "width_m", "height_m")
_MAX_POSE_GAP_US = 20_000


class AV2Source:
    """Every log below a folder (or the folder itself, where it is a log)."""

    def __init__(self, folder: Path) -> None:
        self._logs = {p.parent.name: p.parent for p in sorted(folder.rglob(_POSES))}
        if not self._logs:
            raise InputError(
                f"no log here: {_POSES} is missing",
                file=folder,
                fix="name the folder that holds the log folders",
            )

    def scene_ids(self) -> list[str]:
        return list(self._logs)

    def read(self, scene_id: str) -> SceneRecord:
        """One log.

        Raises:
            InputError: a file or column is missing, a sweep has no pose, the map is broken.
        """
        log = self._logs[scene_id]
        path = next((log / n for n in _ANNOTATIONS if (log / n).exists()), None)
        if path is None:
            raise InputError(
                "file is missing", file=log / _ANNOTATIONS[0], fix="fetch the whole log"
            )
        boxes = _read(
            path, ("timestamp_ns", "track_uuid", "category", *_BOX_COLUMNS, *_POSE_COLUMNS)
        )
        poses = _read(log / _POSES, ("timestamp_ns", *_POSE_COLUMNS))
        sweeps_ns = np.unique(boxes["timestamp_ns"])
        global_from_ego, quaternion = _sweep_poses(log / _POSES, poses, sweeps_ns)
        times_us = np.round(sweeps_ns / 1000).astype(np.int64)
        keyframe = np.where(
            np.arange(len(sweeps_ns)) % _KEYFRAME_STRIDE == 0,
            np.arange(len(sweeps_ns)) // _KEYFRAME_STRIDE,
            -1,
        ).astype(np.int32)
        map_path, city = av2_map.find(log)
        vehicle, noted = _vehicle(boxes)
        return SceneRecord(
            id=scene_id,
            source="av2",
            location=city,
            split="all",
            native_rate_hz=NATIVE_RATE_HZ,
            licence=LICENCE,
            vehicle=vehicle,
            ego=EgoRows(
                times_us=times_us,
                keyframe=keyframe,
                translation_m=global_from_ego[:, :3, 3],
                rotation_wxyz=quaternion,
            ),
            tracks=_tracks(boxes, sweeps_ns, times_us, keyframe, global_from_ego),
            road_map=av2_map.read(map_path, global_from_ego[:, :2, 3]),
            data_root=str(log.resolve()),
            notes="; ".join(
                [*noted, "keyframes = every fifth sweep", "ego motion derived from poses"]
            ),
        )


def _read(path: Path, columns: tuple[str, ...]) -> dict[str, np.ndarray]:
    try:
        table = pa.feather.read_table(path)
    except FileNotFoundError as error:
        raise InputError("file is missing", file=path, fix="fetch the whole log") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"not a readable feather file ({error})", file=path, fix="fetch the file again"
        ) from error
    for name in columns:
        if name not in table.column_names:
            raise InputError("column is missing", file=path, field=name)
        kind = table.schema.field(name).type
        if name not in _TEXTS and not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise InputError(f"holds {kind}, not numbers", file=path, field=name)
    if table.num_rows == 0:
        raise InputError("holds no row", file=path)
    return {name: table[name].to_numpy() for name in columns}


def _stack(table: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([table[name] for name in names]).astype(float)


def _sweep_poses(
    path: Path, poses: dict[str, np.ndarray], sweeps_ns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """City-from-ego [K, 4, 4] and quaternions [K, 4] at the sweeps: the record nearest in time
    (poses come with every sensor frame, so a sweep has its own)."""
    order = np.argsort(poses["timestamp_ns"], kind="stable")
    times, values = poses["timestamp_ns"][order], _stack(poses, _POSE_COLUMNS)[order]
    after = np.clip(np.searchsorted(times, sweeps_ns), 1, len(times) - 1)
    nearer = np.abs(times[after - 1] - sweeps_ns) <= np.abs(times[after] - sweeps_ns)
    nearest = np.where(nearer, after - 1, after)
    gap_us = np.abs(times[nearest] - sweeps_ns) / 1000
    if gap_us.max() > _MAX_POSE_GAP_US:
        sweep = int(sweeps_ns[int(gap_us.argmax())])
        raise InputError(
            f"no pose within 20 ms of sweep {sweep}",
            file=path,
            field="timestamp_ns",
            fix="fetch the poses of this log",
        )
    picked = values[nearest]
    if not np.isfinite(picked).all():
        raise InputError("a pose is not finite", file=path, field="tx_m", fix="fetch it again")
    rotation = se3.rotation_from_quaternion(picked[:, :4])
    return se3.matrix(rotation, picked[:, 4:]), picked[:, :4]


def _vehicle(boxes: dict[str, np.ndarray]) -> tuple[VehicleParams, list[str]]:
    """The ego's own box. Where its centre is put on the ego frame's origin (the rear axle) the
    offset is a placeholder, and the car's own is taken."""
    mine = boxes["category"] == EGO
    if not mine.any():
        return FUSION, ["ego size from the car's data sheet"]
    length, width, height = (float(np.median(boxes[name][mine])) for name in _BOX_COLUMNS)
    offset = float(np.median(boxes["tx_m"][mine]))
    notes = []
    if abs(offset) < 0.1:
        offset = FUSION.rear_axle_to_center_m
        notes.append("ego box without offset: rear axle from the car's data sheet")
    return VehicleParams(
        length_m=length,
        width_m=width,
        height_m=height,
        rear_axle_to_center_m=offset,
        wheelbase_m=FUSION.wheelbase_m,
    ), notes


def _tracks(
    boxes: dict[str, Any],
    sweeps_ns: np.ndarray,
    times_us: np.ndarray,
    keyframe: np.ndarray,
    global_from_ego: np.ndarray,
) -> TrackRows:
    """Boxes in the city frame, by time."""
    rows = np.nonzero(boxes["category"] != EGO)[0]
    rows = rows[np.argsort(boxes["timestamp_ns"][rows], kind="stable")]
    sweep = np.searchsorted(sweeps_ns, boxes["timestamp_ns"][rows])
    local = _stack(boxes, _POSE_COLUMNS)[rows]
    ego_from_box = se3.matrix(se3.rotation_from_quaternion(local[:, :4]), local[:, 4:])
    city_from_box = global_from_ego[sweep] @ ego_from_box
    return TrackRows(
        times_us=times_us[sweep],
        keyframe=keyframe[sweep],
        track_id=boxes["track_uuid"][rows].tolist(),
        category=boxes["category"][rows].tolist(),
        center_m=city_from_box[:, :3, 3],
        yaw_rad=se3.yaw_from_rotation(city_from_box[:, :3, :3]),
        size_m=_stack(boxes, _BOX_COLUMNS)[rows],
    )
