"""The lazy reader of a fleet. Opening reads the ``scenes`` table only; a scene is one row group
per table, with projected columns, memory-mapped where the fleet is local."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa

from drivewm.errors import InputError
from drivewm.logs import scene_reader, schema, table_files
from drivewm.logs.records import OccupancyLabel
from drivewm.scene import Scene, VehicleParams


@dataclass(frozen=True, kw_only=True)
class SceneInfo:
    """One row of the scenes table. ``has_*`` count the keyframe files or labels that exist."""

    id: str
    source: str
    location: str
    split: str
    start_us: int
    duration_s: float
    native_rate_hz: float  # of the recorded boxes
    keyframes: int
    tracks: int
    licence: str
    content_hash: str
    vehicle: VehicleParams
    map_origin: str
    has_images: int
    has_lidar: int
    has_occupancy: int
    speed_limit_mps: float | None
    policy: str | None
    world_spec: str | None
    notes: str | None
    data_root: str
    data_root_relative: str | None
    row_group: int


@dataclass(frozen=True, kw_only=True)
class Keyframes:
    """The annotated instants of a scene, about 0.5 s apart in every source."""

    times_us: np.ndarray  # int64 [K]
    global_from_ego: np.ndarray  # [K, 4, 4], recorded SE(3) of the rear axle


@dataclass(frozen=True, kw_only=True)
class CameraRow:
    """One recorded picture with its exact geometry; ``keyframe`` is -1 between keyframes."""

    scene_id: str
    keyframe: int
    channel: str
    timestamp_us: int
    global_from_ego: np.ndarray  # [4, 4] at exposure
    ego_from_camera: np.ndarray  # [4, 4], camera axes: x right, y down, z forward
    intrinsics: np.ndarray  # [3, 3]
    width: int
    height: int
    path: str  # absolute or relative to the data root as the fleet found it
    exists: bool  # when the fleet was written


@dataclass(frozen=True, kw_only=True)
class LidarRow:
    """One recorded sweep; ``keyframe`` is -1 between keyframes."""

    scene_id: str
    keyframe: int
    channel: str
    timestamp_us: int
    global_from_ego: np.ndarray  # [4, 4]
    ego_from_lidar: np.ndarray  # [4, 4]
    path: str
    exists: bool


class Fleet:
    """Handle to a fleet folder: light, picklable, reads when asked."""

    def __init__(self, path: str, scenes: tuple[SceneInfo, ...]) -> None:
        self.path = path
        self.scenes = scenes
        self._by_id = {info.id: info for info in scenes}
        self._files: dict[str, table_files.TableFile] = {}
        self._labels: tuple[str, dict[int, dict[str, bytes]]] | None = None  # of the last scene

    @classmethod
    def open(cls, path: str | Path) -> Fleet:
        """Opens the fleet at a local path or any fsspec address.

        Raises:
            InputError: no fleet there, a table is missing, or another schema version.
        """
        path = str(path)
        filesystem, root = fsspec.core.url_to_fs(path)
        fix = "name a folder written by `drivewm ingest`"
        if not filesystem.isdir(root):
            raise InputError("no such fleet", file=path, fix=fix)
        if not filesystem.exists(posixpath.join(root, "scenes.parquet")):
            raise InputError("not a fleet: scenes.parquet is missing", file=path, fix=fix)
        for name in schema.SCENE_TABLES:
            if not filesystem.exists(posixpath.join(root, f"{name}.parquet")):
                raise InputError(
                    "table is missing", file=f"{path}/{name}.parquet", fix="ingest the logs again"
                )
        index = table_files.read_all(table_files.open_table(path, "scenes"))
        infos = tuple(_scene_info(row, i) for i, row in enumerate(index.to_pylist()))
        return cls(path, infos)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "scenes": self.scenes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"], state["scenes"])  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self.scenes)

    @cached_property
    def content_hash(self) -> str:
        """Hash of the scenes' hashes, in order."""
        import hashlib

        joined = "".join(info.content_hash for info in self.scenes)
        return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()

    def info(self, scene_id: str) -> SceneInfo:
        """The scenes row of that id.

        Raises:
            InputError: the fleet has no such scene.
        """
        if scene_id not in self._by_id:
            known = ", ".join(list(self._by_id)[:8])
            raise InputError(
                f"no scene '{scene_id}'",
                file=self.path,
                field="scene",
                fix=f"the fleet holds {len(self)}: {known}{', ...' if len(self) > 8 else ''}",
            )
        return self._by_id[scene_id]

    def select(self, split: str | None = None, ids: Sequence[str] | None = None) -> list[SceneInfo]:
        """Scenes of a split and / or a list of ids, in fleet order.

        Raises:
            InputError: an id or the split is unknown.
        """
        wanted = {self.info(i).id for i in ids} if ids is not None else None
        chosen = [
            info
            for info in self.scenes
            if split in (None, info.split) and (wanted is None or info.id in wanted)
        ]
        if split is not None and not any(info.split == split for info in self.scenes):
            known = ", ".join(dict.fromkeys(info.split for info in self.scenes))
            raise InputError(
                f"no scene in split '{split}'",
                file=self.path,
                field="split",
                fix=f"use one of {known}",
            )
        return chosen

    def scene(self, scene_id: str, rate_hz: float | None = 10.0) -> Scene:
        """The scene resampled to ``rate_hz``; ``None`` gives it at its keyframes."""
        info = self.info(scene_id)
        tables = {name: self._table(info, name) for name in ("ego", "tracks", "map", "lights")}
        return scene_reader.read_scene(info, tables, rate_hz)

    def keyframes(self, scene_id: str) -> Keyframes:
        """The annotated instants with their recorded poses."""
        ego = self._table(self.info(scene_id), "ego", columns=schema.EGO.names[1:10])
        times_us, poses = scene_reader.keyframe_poses(ego)
        return Keyframes(times_us=times_us, global_from_ego=poses)

    def camera_rows(self, scene_id: str) -> list[CameraRow]:
        """All pictures of the scene by time, those whose file is absent included."""
        info = self.info(scene_id)
        root = self.data_root(info)
        return [
            CameraRow(
                scene_id=scene_id,
                ego_from_camera=_matrix(row["ego_from_sensor"]),
                intrinsics=_matrix(row["intrinsics"]),
                width=row["width"],
                height=row["height"],
                **_sensor(row, root),
            )
            for row in self._table(info, "cameras").to_pylist()
        ]

    def lidar_rows(self, scene_id: str) -> list[LidarRow]:
        """All sweeps of the scene by time, those whose file is absent included."""
        info = self.info(scene_id)
        root = self.data_root(info)
        return [
            LidarRow(
                scene_id=scene_id,
                ego_from_lidar=_matrix(row["ego_from_sensor"]),
                **_sensor(row, root),
            )
            for row in self._table(info, "lidar").to_pylist()
        ]

    def image(self, row: CameraRow) -> np.ndarray:
        """uint8 [H, W, 3].

        Raises:
            InputError: the file is missing or not a picture.
        """
        return scene_reader.read_image(row.path)

    def points(self, row: LidarRow) -> np.ndarray:
        """float32 [P, 5]: x, y, z in the lidar frame, intensity, ring.

        Raises:
            InputError: the file is missing or its size does not fit.
        """
        return scene_reader.read_points(row.path)

    def occupancy(self, scene_id: str, keyframe: int) -> OccupancyLabel | None:
        """The label of one keyframe; None where there is none."""
        if self._labels is None or self._labels[0] != scene_id:
            rows = self._table(self.info(scene_id), "occupancy").to_pylist()
            self._labels = (scene_id, {row["keyframe"]: row for row in rows})
        row = self._labels[1].get(keyframe)
        return None if row is None else scene_reader.unpack_label(row)

    def data_root(self, info: SceneInfo) -> str:
        """Where the scene's files lie: as recorded, else as seen from the fleet."""
        if info.data_root_relative is None or Path(info.data_root).exists():
            return info.data_root
        moved = posixpath.normpath(posixpath.join(self.path, info.data_root_relative))
        return moved if Path(moved).exists() else info.data_root

    def _table(self, info: SceneInfo, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        if name not in self._files:
            self._files[name] = table_files.open_table(self.path, name)
        names = list(columns or [c for c in schema.TABLES[name].names if c != "scene_id"])
        return table_files.read_rows(self._files[name], info.row_group, names, info.id)


_VEHICLE = ("length_m", "width_m", "height_m", "rear_axle_to_center_m", "wheelbase_m")


def _scene_info(row: dict[str, Any], row_group: int) -> SceneInfo:
    vehicle = VehicleParams(**{name: row.pop(name) for name in _VEHICLE})
    return SceneInfo(vehicle=vehicle, row_group=row_group, **row)


def _matrix(values: list[float]) -> np.ndarray:
    side = int(np.sqrt(len(values)))
    return np.array(values).reshape(side, side)


def _sensor(row: dict[str, Any], root: str) -> dict[str, Any]:
    return {
        "keyframe": -1 if row["keyframe"] is None else row["keyframe"],
        "channel": row["channel"],
        "timestamp_us": row["timestamp_us"],
        "global_from_ego": _matrix(row["global_from_ego"]),
        "path": posixpath.join(root, row["path"]),
        "exists": row["exists"],
    }
