"""What a source knows about one scene, before it becomes tables.

Shapes: E ego instants, K keyframes, R track rows, T light steps, L lights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from drivewm.scene import RoadMap, VehicleParams


@dataclass(frozen=True, kw_only=True)
class EgoRows:
    """Recorded rear-axle poses. ``motion`` holds the eight columns from VX on, NaN = unknown."""

    times_us: np.ndarray  # int64 [E], strictly increasing
    keyframe: np.ndarray  # int32 [E], index of the keyframe or -1
    translation_m: np.ndarray  # [E, 3]
    rotation_wxyz: np.ndarray  # [E, 4]
    motion: np.ndarray | None = None  # [E, 8] VX VY AX AY STEER STEER_RATE YAW_RATE YAW_ACC


@dataclass(frozen=True, kw_only=True)
class TrackRows:
    """Recorded boxes of everything but the ego, sorted by time."""

    times_us: np.ndarray  # int64 [R]
    keyframe: np.ndarray  # int32 [R], -1 between keyframes
    track_id: list[str]  # R
    category: list[str]  # R, the source's own names
    center_m: np.ndarray  # [R, 3]
    yaw_rad: np.ndarray  # [R]
    size_m: np.ndarray  # [R, 3] length, width, height
    velocity_mps: np.ndarray | None = None  # [R, 2] map frame, NaN = unknown


@dataclass(frozen=True, kw_only=True)
class SensorRow:
    """One recorded picture or sweep; ``path`` is relative to the data root."""

    keyframe: int  # -1 for sweeps between keyframes
    channel: str
    timestamp_us: int
    global_from_ego: np.ndarray  # [4, 4] at exposure
    ego_from_sensor: np.ndarray  # [4, 4]
    path: str
    exists: bool
    intrinsics: np.ndarray | None = None  # [3, 3]; cameras only
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class LightRows:
    """States of the lights on their own time grid."""

    times_us: np.ndarray  # int64 [T]
    lane_ids: tuple[str, ...]  # L
    status: np.ndarray  # int8 [L, T]
    stop_points: np.ndarray  # [L, 2], NaN = unknown


@dataclass(frozen=True, kw_only=True)
class OccupancyLabel:
    """Occ3D label: ego frame, x and y in [-40, 40) m, z in [-1, 5.4) m, 0.4 m; [ix, iy, iz]."""

    semantics: np.ndarray  # uint8 [200, 200, 16], OccClass
    mask_camera: np.ndarray  # bool [200, 200, 16]
    mask_lidar: np.ndarray  # bool [200, 200, 16]


@dataclass(frozen=True, kw_only=True)
class SceneRecord:
    """One scene as its source tells it."""

    id: str
    source: str
    location: str
    split: str
    native_rate_hz: float
    licence: str
    vehicle: VehicleParams
    ego: EgoRows
    tracks: TrackRows
    road_map: RoadMap
    data_root: str
    cameras: list[SensorRow] = field(default_factory=list)
    lidar: list[SensorRow] = field(default_factory=list)
    lights: LightRows | None = None
    occupancy: Callable[[], Iterator[tuple[int, OccupancyLabel]]] | None = None
    route: np.ndarray | None = None  # [P, 2]; None = derived from the ego path and the map
    speed_limit_mps: float | None = None
    policy: str | None = None
    world_spec: str | None = None
    notes: str | None = None


class Source(Protocol):
    """A reader of one format: the ids of its scenes, and one scene at a time."""

    def scene_ids(self) -> list[str]: ...

    def read(self, scene_id: str) -> SceneRecord: ...
