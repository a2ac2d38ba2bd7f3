"""nuScenes v1.0 dataroots, recorded or synthetic; a ``drivewm/`` sidecar is used where present."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.geometry.camera import intrinsics_fault
from drivewm.logs import lidar_labels
from drivewm.logs.keyframe_boxes import keyframe_pose, movable_centers
from drivewm.logs.label_frame import FrameCheck
from drivewm.logs.records import (
    EgoRows,
    LightRows,
    OccupancyLabel,
    SceneRecord,
    SensorRow,
    TrackRows,
)
from drivewm.logs.resample import resample
from drivewm.logs.sources import nuscenes_occupancy
from drivewm.logs.sources.nuscenes_map import NuScenesMaps
from drivewm.logs.sources.nuscenes_sidecar import Sidecar, read_sidecar
from drivewm.logs.sources.nuscenes_tables import find_version, open_tables
from drivewm.logs.splits import read_split_file, split_of
from drivewm.scene import ZOE

LICENCE = "CC BY-NC-SA 4.0 (nuScenes terms of use)"
SYNTHETIC_LICENCE = "CC0-1.0 (synthetic)"
KEYFRAME_RATE_HZ = 2.0
_NEAR_US = 20_000  # poses nearer to a keyframe than this say nothing new


class NuScenesSource:
    """All scenes of one version of a dataroot."""

    def __init__(
        self,
        dataroot: Path,
        *,
        version: str | None = None,
        split_file: Path | None = None,
        occupancy: Path | None = None,
        labels: str | None = None,
    ) -> None:
        from nuscenes.utils.splits import create_splits_scenes

        self.dataroot = dataroot
        self.version = find_version(dataroot, version)
        self.tables = open_tables(dataroot, self.version)
        own = dataroot / self.version / "splits.json"
        self._asked = read_split_file(Path(split_file)) if split_file is not None else {}
        self._custom = read_split_file(own) if own.exists() else {}
        self._official = create_splits_scenes()
        self._maps = NuScenesMaps(dataroot, self.tables.map)
        self._from_lidar = labels == "lidar"
        named = None if self._from_lidar else labels
        self._labels = nuscenes_occupancy.LabelFiles(dataroot, occupancy, named)
        self._pose_sources = _pose_sources(dataroot)
        self._scenes = {scene["name"]: scene for scene in self.tables.scene}
        self._samples: dict[str, list[dict]] = defaultdict(list)
        self._sample_data: dict[str, list[dict]] = defaultdict(list)
        for sample in sorted(self.tables.sample, key=lambda s: s["timestamp"]):
            self._samples[sample["scene_token"]].append(sample)
        for row in sorted(self.tables.sample_data, key=lambda r: (r["timestamp"], r["channel"])):
            sample = self.tables.get("sample", row["sample_token"])
            self._sample_data[sample["scene_token"]].append(row)
        if (occupancy is not None or named is not None) and not self._any_label():
            raise InputError(
                f"holds no {self._labels.set.name} label of these scenes", file=self._labels.root,
                field="--occupancy",
                fix=f"name the folder that holds {self._labels.set.layout}",
            )  # fmt: skip

    def _any_label(self) -> bool:
        sweeps = {
            row["sample_token"]: row["filename"]
            for rows in self._sample_data.values()
            for row in rows
            if row["channel"] == "LIDAR_TOP" and row["is_key_frame"]
        }
        return any(
            self._labels.path(scene["name"], sample["token"], k, sweeps.get(sample["token"]))
            for scene in self.tables.scene
            for k, sample in enumerate(self._samples[scene["token"]])
        )

    def scene_ids(self) -> list[str]:
        return [scene["name"] for scene in self.tables.scene]

    def read(self, scene_id: str) -> SceneRecord:
        """One scene.

        Raises:
            InputError: no pose, a map of another city, a broken sidecar or label.
        """
        scene = self._scenes[scene_id]
        samples, data = self._samples[scene["token"]], self._sample_data[scene["token"]]
        log = self.tables.get("log", scene["log_token"])
        sidecar = read_sidecar(self.dataroot, scene_id)
        ego = self._ego(scene_id, samples, data)
        index = {sample["token"]: i for i, sample in enumerate(samples)}
        cameras, lidar = self._sensors(data, index)
        road_map = self._maps.crop(log["location"], log["token"], ego.translation_m[:, :2])
        spec = sidecar.values if sidecar is not None else {}
        tracks = self._tracks(samples)
        lights: LightRows | None = None
        if sidecar is not None:
            keyframe_us = np.array([sample["timestamp"] for sample in samples])
            ego, tracks = sidecar.ego(keyframe_us, ego), sidecar.tracks(keyframe_us)
            lights, road_map = sidecar.lights(), sidecar.with_limits(road_map)
        record = SceneRecord(
            id=scene_id,
            source="nuscenes",
            location=log["location"],
            split=split_of(scene_id, self.version, self._splits(scene_id, spec), self._official),
            native_rate_hz=KEYFRAME_RATE_HZ if sidecar is None else sidecar.rate_hz,
            licence=LICENCE if sidecar is None else SYNTHETIC_LICENCE,
            vehicle=ZOE,
            ego=ego,
            tracks=tracks,
            road_map=road_map,
            data_root=str(self.dataroot.resolve()),
            cameras=cameras,
            lidar=lidar,
            lights=lights,
            route=None if sidecar is None else sidecar.route,
            speed_limit_mps=None if sidecar is None else sidecar.speed_limit_mps,
            policy=spec.get("policy"),
            world_spec=spec.get("world_spec"),
            notes=self._notes(scene_id, data, samples, sidecar),
        )
        if self._from_lidar:
            return lidar_labels.labelled(record)
        return replace(record, occupancy=self._occupancy(record, index))

    def _ego(self, name: str, samples: list[dict], data: list[dict]) -> EgoRows:
        """Keyframe poses, and the poses of the busiest channel between them."""
        poses = {row["token"]: self.tables.get("ego_pose", row["ego_pose_token"]) for row in data}
        if not data or not samples:
            raise InputError(
                f"scene {name} has no sample_data",
                field="sample_data",
                file=self.dataroot / self.version,
                fix="take all tables from the same download",
            )
        times = np.array([row["timestamp"] for row in data])
        count: dict[str, int] = defaultdict(int)
        for row in data:
            count[row["channel"]] += 1
        busiest = min(count, key=lambda c: (-count[c], c != "LIDAR_TOP", c))
        flat = np.array(
            [[*poses[r["token"]]["translation"], *poses[r["token"]]["rotation"]] for r in data]
        )
        rows: dict[int, tuple[int, np.ndarray]] = {}
        for i, sample in enumerate(samples):
            rows[sample["timestamp"]] = (i, _pose_at(sample["timestamp"], data, times, flat))
        keyframe_us = np.array(sorted(rows))
        for row, time_us, pose in zip(data, times, flat, strict=True):
            if row["channel"] == busiest and np.abs(keyframe_us - time_us).min() > _NEAR_US:
                rows.setdefault(int(time_us), (-1, pose))
        ordered = sorted(rows.items())
        stacked = np.array([pose for _, (_, pose) in ordered])
        return EgoRows(
            times_us=np.array([t for t, _ in ordered], np.int64),
            keyframe=np.array([k for _, (k, _) in ordered], np.int32),
            translation_m=stacked[:, :3],
            rotation_wxyz=stacked[:, 3:],
        )

    def _tracks(self, samples: list[dict]) -> TrackRows:
        annotations = [
            (i, sample["timestamp"], self.tables.get("sample_annotation", token))
            for i, sample in enumerate(samples)
            for token in sample["anns"]
        ]
        rotation = se3.rotation_from_quaternion(_stack(annotations, "rotation", 4))
        return TrackRows(
            times_us=np.array([t for _, t, _ in annotations], np.int64),
            keyframe=np.array([i for i, _, _ in annotations], np.int32),
            track_id=[a["instance_token"] for _, _, a in annotations],
            category=[a["category_name"] for _, _, a in annotations],
            center_m=_stack(annotations, "translation", 3),
            yaw_rad=se3.yaw_from_rotation(rotation),
            size_m=_stack(annotations, "size", 3)[:, [1, 0, 2]],  # the devkit's order: w, l, h
        )

    def _sensors(
        self, data: list[dict], index: dict[str, int]
    ) -> tuple[list[SensorRow], list[SensorRow]]:
        cameras: list[SensorRow] = []
        lidar: list[SensorRow] = []
        for row in data:
            if row["sensor_modality"] not in ("camera", "lidar"):
                continue
            if Path(row["filename"]).parent.name != row["channel"]:
                continue  # a rebuilt record under another sensor's calibration: only a pose
            is_camera = row["sensor_modality"] == "camera"
            calibration = self.tables.get("calibrated_sensor", row["calibrated_sensor_token"])
            pose = self.tables.get("ego_pose", row["ego_pose_token"])
            if is_camera:
                self._check_camera(row, calibration)
            (cameras if is_camera else lidar).append(
                SensorRow(
                    keyframe=index[row["sample_token"]] if row["is_key_frame"] else -1,
                    channel=row["channel"],
                    timestamp_us=row["timestamp"],
                    global_from_ego=_pose_matrix(pose),
                    ego_from_sensor=_pose_matrix(calibration),
                    path=row["filename"],
                    exists=(self.dataroot / row["filename"]).is_file(),
                    intrinsics=np.array(calibration["camera_intrinsic"]) if is_camera else None,
                    width=row["width"] if is_camera else 0,
                    height=row["height"] if is_camera else 0,
                )
            )
        return cameras, lidar

    def _check_camera(self, row: dict, calibration: dict) -> None:
        folder, fix = self.dataroot / self.version, "unpack the tables again"
        try:
            matrix = np.array(calibration["camera_intrinsic"], float)
        except (ValueError, TypeError):
            matrix = np.zeros(0)
        size = [v if isinstance(v, int) else 0 for v in (row.get("width"), row.get("height"))]
        fault = intrinsics_fault(matrix, (size[0], size[1]))
        if fault is not None:
            raise InputError(
                f"record {calibration['token']} is no camera matrix: it {fault}",
                file=folder / "calibrated_sensor.json",
                field="camera_intrinsic",
                fix=fix,
            )
        for name in ("width", "height"):
            if not isinstance(row.get(name), int):  # 0 in rebuilt tables
                raise InputError(
                    f"record {row['token']} has no {name} in pixels",
                    file=folder / "sample_data.json",
                    field=name,
                    fix=fix,
                )

    def _occupancy(self, record: SceneRecord, index: dict[str, int]) -> Any:
        sweeps = {row.keyframe: row for row in record.lidar if row.channel == "LIDAR_TOP"}

        def labels() -> Iterator[tuple[int, OccupancyLabel]]:
            check = FrameCheck()
            for token, keyframe in index.items():
                sweep = sweeps.get(keyframe)
                name = None if sweep is None else sweep.path
                path = self._labels.path(record.id, token, keyframe, name)
                if path is None:
                    continue
                global_from_ego = keyframe_pose(record.ego, keyframe)
                placed = None
                if sweep is not None:
                    lidar = sweep.global_from_ego @ sweep.ego_from_sensor
                    placed = se3.inverse(global_from_ego) @ lidar
                label = self._labels.read(path, placed)
                check.add(label.semantics, movable_centers(record, keyframe))
                yield keyframe, label
            check.settle(str(self._labels.root / record.id))

        return labels

    def _splits(self, scene_id: str, sidecar: dict[str, Any]) -> dict[str, str]:
        """The file asked for comes first, then the sidecar: the dataroot's own ``splits.json``
        must avoid the names of the official splits, the sidecar need not."""
        own = {scene_id: sidecar["split"]} if sidecar.get("split") else {}
        return {**self._custom, **own, **self._asked}

    def _notes(
        self, name: str, data: list[dict], samples: list[dict], sidecar: Sidecar | None
    ) -> str | None:
        notes = []
        kinds = self._pose_sources.get(name, {})
        if kinds.get("can-track", 0) * 2 > sum(kinds.values()):
            notes.append("ego pose from the vehicle bus: up to 3 m ahead")
        with_lidar = {
            r["sample_token"] for r in data if r["channel"] == "LIDAR_TOP" and r["is_key_frame"]
        }
        if len(with_lidar) < len(samples):
            notes.append(f"{len(samples) - len(with_lidar)} keyframes without LIDAR_TOP")
        if sidecar is None:
            notes.append("ego motion derived from poses")
        if self._from_lidar:
            notes.append("occupancy made from lidar and boxes")
        elif self._labels.set.name != "occ3d" and self._labels.root.is_dir():
            lacks = [m for m in ("camera", "lidar") if m not in self._labels.set.masks]
            notes.append(f"occupancy of {self._labels.set.name}, without {' or '.join(lacks)} mask")
        return "; ".join(notes) or None


def _pose_at(time_us: int, data: list[dict], times: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """[7] the pose at a keyframe: that of LIDAR_TOP or another sensor at that very instant, else
    between the two nearest in time, else the nearest (poses are never extrapolated)."""
    exact = np.nonzero(times == time_us)[0]
    if len(exact):
        return flat[min(exact, key=lambda i: data[i]["channel"] != "LIDAR_TOP")]
    unique, first = np.unique(times, return_index=True)
    values, valid = resample(unique, _same_sign(flat[first]), np.array([time_us]))
    return values[0] if valid[0] else flat[int(np.abs(times - time_us).argmin())]


def _same_sign(flat: np.ndarray) -> np.ndarray:
    """Quaternions of one hemisphere, so that their mean is a rotation between them."""
    out = flat.copy()
    for i in range(1, len(out)):
        if out[i, 3:] @ out[i - 1, 3:] < 0:
            out[i, 3:] *= -1
    return out


def _stack(annotations: list[tuple[int, int, dict]], field: str, width: int) -> np.ndarray:
    return np.array([a[field] for _, _, a in annotations], float).reshape(-1, width)


def _pose_matrix(record: dict[str, Any]) -> np.ndarray:
    rotation = se3.rotation_from_quaternion(np.array(record["rotation"]))
    return se3.matrix(rotation, np.array(record["translation"]))


def _pose_sources(dataroot: Path) -> dict[str, dict[str, int]]:
    """Scene -> where its poses were rebuilt from, for dataroots that say so."""
    path = dataroot / "EGO_POSE_SOURCES.json"
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise InputError(f"not valid JSON ({error})", file=path, fix="fetch it again") from error
