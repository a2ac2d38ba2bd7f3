"""What a closed-loop run leaves. Shapes: T steps, N tracks, L lights, K plans, H poses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from drivewm.scene import Tracks, VehicleParams


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The drive as it went. A failed one ends where the planner failed, with the reason."""

    scene_id: str
    status: Literal["ok", "failed"]
    reason: str | None
    mode: str
    replan_interval_s: float
    times_us: np.ndarray  # int64 [T]
    ego: np.ndarray  # [T, 11], EgoColumn
    vehicle: VehicleParams
    tracks: Tracks  # as they moved in this run
    light_lane_ids: tuple[str, ...]  # L
    light_status: np.ndarray  # int8 [L, T]
    plan_times_us: np.ndarray  # int64 [K], when each plan was made
    plan_poses: tuple[np.ndarray, ...]  # K of [H, 3]
    plan_horizons_s: tuple[np.ndarray, ...]  # K of [H]
    plan_wall_s: tuple[float, ...]  # K, wall clock: never part of a score
    info: Sequence[Mapping[str, Any] | None] = field(default=())  # K, planners' own notes
