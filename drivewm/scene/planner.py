"""What a planner sees and what it answers. Shapes: S scenes, N tracks (padded), H poses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from drivewm.scene.road_map import RoadMap
from drivewm.scene.scene import Scene
from drivewm.scene.vehicle import VehicleParams


@dataclass(frozen=True, kw_only=True)
class TrackSnapshot:
    """Tracks of S scenes at one instant, padded to the largest scene; read through ``valid``."""

    state: np.ndarray  # [S, N, 6], TrackColumn
    size_m: np.ndarray  # [S, N, 3]
    score_type: np.ndarray  # int8 [S, N]
    occ_class: np.ndarray  # int8 [S, N]
    valid: np.ndarray  # bool [S, N]


@dataclass(frozen=True, kw_only=True)
class CameraFrame:
    """One camera picture with its exact geometry."""

    rgb: np.ndarray  # uint8 [H, W, 3]
    intrinsics: np.ndarray  # [3, 3] for this picture's size
    ego_from_camera: np.ndarray  # [4, 4], camera axes: x right, y down, z forward


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What S planners may see now. Fields that the mode hides are ``None``.

    ``privileged``: everything. ``visible``: the map, and of tracks and lights what one sensor makes
    out; rows of ``tracks`` are ordered by distance at each step. ``sensor``: cameras, ego, route;
    no tracks, no map, no lights.
    """

    mode: str
    step: int
    time_s: float  # since the start of the scene
    ego: np.ndarray  # [S, 11], EgoColumn
    vehicles: tuple[VehicleParams, ...]  # S
    routes: tuple[np.ndarray, ...]  # S of [P, 2], centreline, map frame
    speed_limits_mps: np.ndarray  # [S], NaN where unknown
    tracks: TrackSnapshot | None = None
    maps: tuple[RoadMap, ...] | None = None
    red_stop_points: tuple[np.ndarray, ...] | None = None  # S of [R, 2], points of red stop lines
    lights: tuple[Mapping[str, int], ...] | None = None  # S of lane id -> LightStatus
    cameras: tuple[Mapping[str, CameraFrame], ...] | None = None  # S of channel -> frame


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Planned rear-axle poses in the map frame at ``times_s`` after now (strictly increasing).

    Where the first time is 0, the plan starts with that pose instead of the ego's present one.
    """

    times_s: np.ndarray  # [H]
    poses: np.ndarray  # [S, H, 3] x, y, heading
    info: Sequence[Mapping[str, Any]] | None = field(default=None)  # S, for reports only


class Planner(Protocol):
    """A planner. No base class is needed: any object with these two methods is one."""

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Called once before S scenes start. ``log_replay`` alone may read the future."""

    def plan(self, observation: Observation) -> Trajectory:
        """Answers where the S egos should go from now on."""
