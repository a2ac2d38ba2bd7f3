"""A scene: what happened in one log, on one time grid. Shapes: T steps, N tracks, L lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.scene.road_map import RoadMap
from drivewm.scene.vehicle import VehicleParams


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Every other road user and object, never the ego. ``state`` columns: ``TrackColumn``.

    States at invalid steps are unspecified (not NaN-safe): always read through ``valid``.
    """

    ids: tuple[str, ...]  # N
    categories: tuple[str, ...]  # N, the source's own names
    score_type: np.ndarray  # int8 [N], ScoreType
    occ_class: np.ndarray  # int8 [N], OccClass
    size_m: np.ndarray  # float64 [N, 3] length, width, height
    state: np.ndarray  # float64 [N, T, 6]
    valid: np.ndarray  # bool [N, T]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, kw_only=True)
class Lights:
    """Traffic lights by the lane (connector) they control."""

    lane_ids: tuple[str, ...] = ()  # L
    status: np.ndarray | None = None  # int8 [L, T], LightStatus; None when L = 0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One log on a regular time grid (``Fleet.scene`` resamples; 10 Hz by default)."""

    id: str
    source: str  # nuscenes, scenarionet, av2
    location: str
    split: str
    times_us: np.ndarray  # int64 [T]
    ego: np.ndarray  # float64 [T, 11], EgoColumn (rear axle)
    vehicle: VehicleParams
    tracks: Tracks
    map: RoadMap
    lights: Lights
    route: np.ndarray  # float64 [P, 2], centreline to follow, map frame
    native_rate_hz: float  # rate of the recorded boxes
    world_spec: str | None = None  # JSON of the synthetic world, where there is one
    policy: str | None = None  # the ego's driving policy where the source knows it
    scenario: str | None = None  # JSON of the concrete scenario, where it was scripted
    route_roadblocks: tuple[str, ...] = ()  # ids in order; empty: to be found along ``route``

    @property
    def steps(self) -> int:
        return len(self.times_us)
