"""Follows the route centreline behind whoever is on it. Shapes: S scenes, N tracks, H poses.

Law: drivewm.sim.idm (Treiber et al. 2000); parameters of nuPlan's IDM planner (deceleration 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.polylines import arc_lengths, project, without_repeats
from drivewm.planners.idm_kernels import curve_speeds, nearest_lead, plan_poses
from drivewm.scene import EgoColumn, Observation, Scene, Trajectory

STEPS = 40
STEP_S = 0.1
BACK_M, AHEAD_M = 5.0, 15.0  # where the ego is looked for on the route, from where it was
RED_REACH_M = 4.0  # a stop point this near to the route is its own


class IDM:
    """Intelligent Driver Model on the route: keeps the limit, its gap, and stops at red lights.

    Args:
        speed_mps: wished where no limit is known.
        accel_mps2: largest acceleration.
        decel_mps2: comfortable deceleration.
        headway_s: wished time gap.
        min_gap_m: wished gap at standstill.
        lateral_mps2: largest acceleration in curves.

    Raises:
        InputError: a value is not above 0.
    """

    name = "idm"

    def __init__(
        self,
        speed_mps: float = 10.0,
        accel_mps2: float = 1.0,
        decel_mps2: float = 3.0,
        headway_s: float = 1.5,
        min_gap_m: float = 1.0,
        lateral_mps2: float = 2.0,
    ) -> None:
        given = {
            "speed_mps": speed_mps, "accel_mps2": accel_mps2, "decel_mps2": decel_mps2,
            "headway_s": headway_s, "min_gap_m": min_gap_m, "lateral_mps2": lateral_mps2,
        }  # fmt: skip
        for option, value in given.items():
            if not 0 < float(value) < np.inf:
                raise InputError(f"{value} is not above 0", field=f"idm?{option}", fix="mend it")
        self._speed_mps, self._lateral_mps2 = float(speed_mps), float(lateral_mps2)
        self._law = (float(min_gap_m), float(headway_s), float(accel_mps2), float(decel_mps2))
        self._roads: list[_Road] = []

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._roads = [_Road(scene.route, self._lateral_mps2) for scene in scenes]

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next 4 s for every scene."""
        poses = np.stack([self._plan_one(observation, i) for i in range(len(self._roads))])
        return Trajectory(times_s=np.arange(1, STEPS + 1) * STEP_S, poses=poses)

    def _plan_one(self, seen: Observation, i: int) -> np.ndarray:
        road, ego, car = self._roads[i], seen.ego[i], seen.vehicles[i]
        limit = seen.speed_limits_mps[i]
        target = float(limit) if np.isfinite(limit) else self._speed_mps
        if len(road.line) < 2:  # no route: straight on, braking
            stop = ego[:2] + np.outer([0.0, 1.0], [np.cos(ego[2]), np.sin(ego[2])])
            road, target = _Road(stop, self._lateral_mps2), 0.0
        at_m, offset_m = road.locate(ego)
        front_m = at_m + car.rear_axle_to_center_m + car.length_m / 2
        lead_m, lead_mps = np.inf, 0.0
        if seen.tracks is not None:
            tracks = seen.tracks
            lead_m, lead_mps = nearest_lead(
                road.line,
                road.arc_m,
                front_m,
                car.width_m / 2,
                tracks.state[i],
                tracks.size_m[i],
                tracks.valid[i],
                tracks.score_type[i],
            )
        stops = seen.red_stop_points[i] if seen.red_stop_points else np.zeros((0, 2))
        red_m = road.red_light(stops, front_m)
        if red_m < lead_m:
            lead_m, lead_mps = red_m, 0.0
        return plan_poses(
            road.line,
            road.arc_m,
            road.bound_mps,
            at_m,
            offset_m,
            max(float(ego[EgoColumn.VX]), 0),
            target,
            lead_m - front_m,
            lead_mps,
            self._law,
            STEPS,
            STEP_S,
        )


class _Road:
    """A route as a polyline with the speeds its curves allow."""

    def __init__(self, route: np.ndarray, lateral_mps2: float) -> None:
        self.line = without_repeats(route)
        self.arc_m = arc_lengths(self.line)
        self.bound_mps = curve_speeds(self.line, self.arc_m, lateral_mps2)
        self._window = (-np.inf, np.inf)

    def locate(self, ego: np.ndarray) -> tuple[float, float]:
        """Arc length and offset of the rear axle, searched around the last place."""
        at_m, offset_m = project(self.line, self.arc_m, ego[0], ego[1], *self._window)
        self._window = (at_m - BACK_M, at_m + AHEAD_M)
        return at_m, offset_m

    def red_light(self, stops: np.ndarray, front_m: float) -> float:
        """Arc length of the first red stop point ahead on the route; infinite when none is."""
        first = np.inf
        for stop in stops:
            at_m, offset_m = project(
                self.line, self.arc_m, stop[0], stop[1], front_m - 1.0, front_m + 100.0
            )
            if abs(offset_m) < RED_REACH_M and at_m > front_m - 1.0:
                first = min(first, at_m)
        return first
