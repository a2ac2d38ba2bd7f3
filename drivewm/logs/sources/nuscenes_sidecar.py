"""The ``drivewm/`` sidecar of a synthetic dataroot: 10 Hz states, lights, limits, world spec.

Shapes: T steps, N actors, K keyframes, L lights.
"""

from __future__ import annotations

import dataclasses
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.se3 import quaternion_from_yaw
from drivewm.logs.records import EgoRows, LightRows, TrackRows
from drivewm.scene import EgoColumn, RoadMap, TrackColumn

_SHAPES = {
    "times_us": 1,
    "ego": 2,
    "ids": 1,
    "categories": 1,
    "size_m": 2,
    "state": 3,
    "valid": 2,
    "light_lane_ids": 1,
    "light_status": 2,
    "light_stop_points": 2,
    "route": 2,
    "speed_limit_mps": 0,
}
_TEXTS = ("ids", "categories", "light_lane_ids")
_MAX_OFF_US = 50_000  # half a step: farther from every step, a keyframe is of another run
_FIX = "write the dataroot again with `drivewm synth`"


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """Both files of one scene."""

    path: Path
    arrays: dict[str, np.ndarray]
    values: dict[str, Any]  # policy, split, world_spec (JSON text)

    @property
    def rate_hz(self) -> float:
        return float(np.round(1e6 / np.median(np.diff(self.arrays["times_us"])), 3))

    @property
    def route(self) -> np.ndarray:
        return self.arrays["route"]

    @property
    def speed_limit_mps(self) -> float | None:
        limit = float(self.arrays["speed_limit_mps"])
        return limit if np.isfinite(limit) else None

    def _keyframes(self, keyframe_us: np.ndarray) -> np.ndarray:
        """int32 [T] keyframe of each step, -1 between keyframes."""
        times = self.arrays["times_us"]
        nearest = np.abs(times[None, :] - keyframe_us[:, None]).argmin(1)
        off = np.abs(times[nearest] - keyframe_us)
        if off.max(initial=0) > _MAX_OFF_US or len(np.unique(nearest)) < len(nearest):
            raise InputError(
                "keyframes of the tables are not among its steps",
                file=self.path,
                field="times_us",
                fix=_FIX,
            )
        out = np.full(len(times), -1, np.int32)
        out[nearest] = np.arange(len(nearest))
        return out

    def ego(self, keyframe_us: np.ndarray, recorded: EgoRows) -> EgoRows:
        """Every step with its recorded motion; the height comes from the tables' poses."""
        times, ego = self.arrays["times_us"], self.arrays["ego"]
        height = np.interp(times, recorded.times_us, recorded.translation_m[:, 2])
        return EgoRows(
            times_us=times,
            keyframe=self._keyframes(keyframe_us),
            translation_m=np.column_stack([ego[:, [EgoColumn.X, EgoColumn.Y]], height]),
            rotation_wxyz=quaternion_from_yaw(ego[:, EgoColumn.HEADING]),
            motion=ego[:, EgoColumn.VX :],
        )

    def tracks(self, keyframe_us: np.ndarray) -> TrackRows:
        """Every valid state, by time."""
        a = self.arrays
        step, actor = np.nonzero(a["valid"].T)
        state = a["state"][actor, step]
        ids, categories = a["ids"].tolist(), a["categories"].tolist()
        return TrackRows(
            times_us=a["times_us"][step],
            keyframe=self._keyframes(keyframe_us)[step],
            track_id=[ids[i] for i in actor],
            category=[categories[i] for i in actor],
            center_m=state[:, : TrackColumn.Z + 1],
            yaw_rad=state[:, TrackColumn.HEADING],
            size_m=a["size_m"][actor],
            velocity_mps=state[:, TrackColumn.VX :],
        )

    def lights(self) -> LightRows | None:
        """None where the world has no light."""
        a = self.arrays
        if not len(a["light_lane_ids"]):
            return None
        return LightRows(
            times_us=a["times_us"],
            lane_ids=tuple(a["light_lane_ids"].tolist()),
            status=a["light_status"].astype(np.int8),
            stop_points=a["light_stop_points"],
        )

    def with_limits(self, road_map: RoadMap) -> RoadMap:
        """The map with the world's speed limit, and its lights marked on their connectors."""
        lit = dict.fromkeys(self.arrays["light_lane_ids"].tolist())
        lanes = tuple(
            dataclasses.replace(
                lane, speed_limit_mps=self.speed_limit_mps, has_light=lane.id in lit
            )
            for lane in road_map.lanes
        )
        return dataclasses.replace(road_map, lanes=lanes, _by_id={})


def read_sidecar(dataroot: Path, scene_id: str) -> Sidecar | None:
    """The sidecar of a scene; None where the dataroot has none.

    Raises:
        InputError: a file is broken or incomplete.
    """
    folder = dataroot / "drivewm" / "scenes"
    path = folder / f"{scene_id}.npz"
    if not path.exists():
        return None
    arrays = _arrays(path)
    about = folder / f"{scene_id}.json"
    try:
        values = json.loads(about.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("file is missing", file=about, fix=_FIX) from error
    except ValueError as error:
        raise InputError(f"not valid JSON ({error})", file=about, fix=_FIX) from error
    if not isinstance(values, dict):
        raise InputError("is not a JSON object", file=about, fix=_FIX)
    spec = values.get("world_spec")
    if spec is not None and not isinstance(spec, str):
        values["world_spec"] = json.dumps(spec, sort_keys=True)
    return Sidecar(path=path, arrays=arrays, values=values)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _SHAPES if name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"not a readable npz ({error})", file=path, fix=_FIX) from error
    for name, rank in _SHAPES.items():
        if name not in arrays:
            raise InputError("array is missing", file=path, field=name, fix=_FIX)
        if arrays[name].ndim != rank and arrays[name].size:
            raise InputError(
                f"has {arrays[name].ndim} axes, not {rank}", file=path, field=name, fix=_FIX
            )
        if (arrays[name].dtype.kind == "U") != (name in _TEXTS):
            kind = "text" if name in _TEXTS else "numbers"
            raise InputError(f"is not {kind}", file=path, field=name, fix=_FIX)
    steps, actors = len(arrays["times_us"]), len(arrays["ids"])
    lights = len(arrays["light_lane_ids"])
    wanted = {
        "ego": (steps, 11), "state": (actors, steps, 6), "valid": (actors, steps),
        "categories": (actors,), "size_m": (actors, 3), "light_status": (lights, steps),
        "light_stop_points": (lights, 2),
    }  # fmt: skip
    for name, shape in wanted.items():
        if arrays[name].shape != shape and (arrays[name].size or np.prod(shape)):
            raise InputError(
                f"{arrays[name].shape} and times and ids, which want {shape}, do not fit",
                file=path, field=name, fix=_FIX,
            )  # fmt: skip
    return arrays
