"""ScenarioNet scenario descriptions converted from nuScenes (pickles, read without running code).

Their traps: the ego runs ahead of the other tracks (``ego_ref.npz`` beside them corrects it), its
length and width are swapped, its position is the rear axle while the others' are box centres, and
10 Hz states are interpolated 2 Hz annotations. Only the instants of the annotations are kept.
Shapes: T steps of 0.1 s, K annotated instants.
"""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.se3 import quaternion_from_yaw
from drivewm.logs.records import EgoRows, SceneRecord, TrackRows
from drivewm.logs.sources import restricted_pickle, scenarionet_map
from drivewm.logs.sources.scenarionet_ego import corrected_poses
from drivewm.scene import ZOE, VehicleParams

LICENCE = "CC BY-NC-SA 4.0 (nuScenes terms of use)"
NATIVE_RATE_HZ = 2.0
_STRIDE = 5  # 10 Hz steps from one annotation to the next
_KEYS = ("id", "metadata", "tracks", "map_features")
_STATE = ("position", "heading", "velocity", "valid", "length", "width", "height")


class ScenarioNetSource:
    """All ``sd_*.pkl`` of a folder (one scenario per file)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths = {_name(path): path for path in sorted(folder.rglob("sd_*.pkl"))}
        reference = folder / "ego_ref.npz"
        self._reference: dict[str, np.ndarray] = {}
        if reference.exists():
            self._reference = _read_reference(reference)

    def scene_ids(self) -> list[str]:
        return list(self._paths)

    def read(self, scene_id: str) -> SceneRecord:
        """One scenario.

        Raises:
            InputError: the pickle wants more than data, or misses a part.
        """
        path = self._paths[scene_id]
        scenario = restricted_pickle.load(path)
        _check(path, scenario)
        metadata = scenario["metadata"]
        ego_id = metadata["sdc_id"]
        after_us = np.round(np.asarray(metadata["ts"]) * 1e6).astype(np.int64)
        times_us = _start_us(path, metadata) + after_us
        at = np.arange(0, len(times_us), _STRIDE)
        state = scenario["tracks"][ego_id]["state"]
        ego, corrected = self._ego(path, scene_id, state, times_us[at], at)
        return SceneRecord(
            id=scene_id,
            source="scenarionet",
            location=str(metadata.get("map", "unknown")),
            split="all",
            native_rate_hz=NATIVE_RATE_HZ,
            licence=LICENCE,
            vehicle=_vehicle(path, state),
            ego=ego,
            tracks=_tracks(scenario["tracks"], ego_id, times_us[at], at),
            road_map=scenarionet_map.road_map(path, scenario["map_features"]),
            data_root=str(self.folder.resolve()),
            notes="; ".join(
                [
                    "ego from ego_ref.npz"
                    if corrected
                    else "ego up to 0.36 s ahead (no ego_ref.npz)",
                    "2 Hz annotations",
                    "lane graph from lane ends",
                    "ego motion derived from poses",
                ]
            ),
        )

    def _ego(
        self,
        path: Path,
        scene_id: str,
        state: dict[str, Any],
        times_us: np.ndarray,
        at: np.ndarray,
    ) -> tuple[EgoRows, bool]:
        poses = self._reference.get(scene_id)
        count = len(times_us)
        if poses is None:
            heading = np.asarray(state["heading"], float)[at]
            translation = np.asarray(state["position"], float)[at]
        else:
            if abs(len(poses) - count) > 1:
                raise InputError(
                    f"{len(poses)} poses for {count} annotated instants of {scene_id}",
                    file=path.with_name("ego_ref.npz"),
                    field=scene_id,
                    fix="use the ego_ref.npz of these scenarios",
                )
            count = min(count, len(poses))
            planar = corrected_poses(
                poses[:count],
                np.asarray(state["position"], float)[:, :2],
                np.asarray(state["heading"], float),
                _STRIDE * 0.1,
            )
            height = np.nan_to_num(poses[:count, 2, 3])
            translation, heading = np.column_stack([planar[:, :2], height]), planar[:, 2]
        if poses is None:  # a valid state that is not finite is refused with the tables
            known = np.asarray(state["valid"], bool)[at]
        else:
            known = np.isfinite(translation).all(1) & np.isfinite(heading)
        return EgoRows(
            times_us=times_us[:count][known],
            keyframe=np.arange(known.sum(), dtype=np.int32),
            translation_m=translation[known],
            rotation_wxyz=quaternion_from_yaw(heading[known]),
        ), poses is not None


def _name(path: Path) -> str:
    return path.stem.split("_")[-1]


def _read_reference(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            poses = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"not a readable npz ({error})", file=path) from error
    for name, array in poses.items():
        if array.ndim != 3 or array.shape[1:] != (4, 4):
            raise InputError(f"shape {array.shape} is not [K, 4, 4]", file=path, field=name)
    return poses


def _check(path: Path, scenario: Any) -> None:
    fix = "convert the scenario again"
    if not isinstance(scenario, dict):
        raise InputError("not a scenario description", file=path, fix=fix)
    for key in _KEYS:
        if key not in scenario:
            raise InputError("part is missing", file=path, field=key, fix=fix)
        if key != "id" and not isinstance(scenario[key], dict):
            raise InputError("is not a dict", file=path, field=key, fix=fix)
    for kind in ("tracks", "map_features"):
        for name, one in scenario[kind].items():
            if not isinstance(one, dict):
                raise InputError("is not a dict", file=path, field=f"{kind}.{name}", fix=fix)
    for key in ("sdc_id", "ts"):
        if key not in scenario["metadata"]:
            raise InputError("part is missing", file=path, field=f"metadata.{key}", fix=fix)
    if scenario["metadata"]["sdc_id"] not in scenario["tracks"]:
        raise InputError("the ego has no track", file=path, field="metadata.sdc_id", fix=fix)
    steps = len(scenario["metadata"]["ts"])
    for name, one in scenario["tracks"].items():
        for key in _STATE:
            if len(one.get("state", {}).get(key, ())) != steps:
                raise InputError(
                    f"is missing or has not {steps} steps",
                    file=path,
                    field=f"tracks.{name}.state.{key}",
                    fix=fix,
                )


def _start_us(path: Path, metadata: dict[str, Any]) -> int:
    """Scenario times start at 0: midnight (UTC) of the recording's date stands for it."""
    date = metadata.get("date")
    if not date:
        return 0
    try:
        day = datetime.datetime.strptime(str(date), "%Y-%m-%d").replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise InputError(f"'{date}' is not YYYY-MM-DD", file=path, field="metadata.date") from error
    return int(day.timestamp() * 1e6)


def _vehicle(path: Path, state: dict[str, Any]) -> VehicleParams:
    """The ego's size, swapped back; where its rear axle is, is not told: the Zoe's."""
    sizes = [float(np.median(np.asarray(state[k], float))) for k in ("length", "width", "height")]
    if min(sizes) <= 0:
        raise InputError("the ego has no size", file=path, field="tracks.ego.state.length")
    length, width = max(sizes[:2]), min(sizes[:2])
    return VehicleParams(
        length_m=length,
        width_m=width,
        height_m=sizes[2],
        rear_axle_to_center_m=ZOE.rear_axle_to_center_m,
        wheelbase_m=ZOE.wheelbase_m,
    )


def _tracks(tracks: dict[str, Any], ego_id: str, times_us: np.ndarray, at: np.ndarray) -> TrackRows:
    """Annotated instants of every valid state; velocities are left to the reader to derive."""
    rows: list[tuple[int, str, str, np.ndarray]] = []
    for name, one in tracks.items():
        if name == ego_id:
            continue
        state = {k: np.asarray(one["state"][k], float)[at].reshape(len(at), -1) for k in _STATE}
        box = np.column_stack(
            [
                state["position"][:, :3],
                state["heading"],
                state["length"],
                state["width"],
                state["height"],
            ]
        )
        category = str(one.get("metadata", {}).get("type") or one["type"])
        for k in np.nonzero(state["valid"][:, 0] > 0)[0]:
            rows.append((int(k), name, category, box[k]))
    rows.sort(key=lambda row: row[0])
    boxes = np.array([row[3] for row in rows]).reshape(-1, 7)
    keyframe = np.array([row[0] for row in rows], np.int32)
    return TrackRows(
        times_us=times_us[keyframe],
        keyframe=keyframe,
        track_id=[row[1] for row in rows],
        category=[row[2] for row in rows],
        center_m=boxes[:, :3],
        yaw_rad=boxes[:, 3],
        size_m=boxes[:, 4:],
    )
