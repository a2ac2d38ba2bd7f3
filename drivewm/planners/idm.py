"""Follows the route centreline behind whoever is on it. Shapes: S scenes, N tracks, H poses.

Law: drivewm.sim.idm (Treiber et al. 2000); parameters of nuPlan's IDM planner (deceleration 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.errors import InputError
from drivewm.geometry.polygons import PolygonSet, first_containing, pack
from drivewm.geometry.polylines import arc_lengths, project, without_repeats
from drivewm.measures.lanes import LaneLayout
from drivewm.planners.idm_kernels import curve_speeds, nearest_lead, plan_poses
from drivewm.scene import LightStatus, Observation, RoadMap, Scene, Trajectory
from drivewm.sim.compiled import Compiled, advance, take_plan
from drivewm.sim.config import DT_US

STEPS = 40
STEP_S = 0.1
BACK_M, AHEAD_M = 5.0, 15.0  # where the ego is looked for on the route, from where it was
RED_REACH_M = 4.0  # a stop point this near to the route is its own
RED_AHEAD_M = 100.0
RED = int(LightStatus.RED)


class IdmSetup(NamedTuple):
    """What the kernels read, and what they remember from plan to plan."""

    offsets_us: np.ndarray  # int64 [H]
    line: np.ndarray  # [P, 2] the route, P < 2: there is none
    arc_m: np.ndarray  # [P]
    bound_mps: np.ndarray  # [P], what curves allow
    window_m: np.ndarray  # [2], where the ego is looked for; memory
    speed_mps: float  # wished where no limit is known
    law: tuple[float, float, float, float]
    lateral_mps2: float
    car: np.ndarray  # [3] rear axle to front, half width, rear axle to centre
    lanes: PolygonSet
    limits_mps: np.ndarray  # [L], NaN: unknown
    limit_mps: np.ndarray  # [1], last known; memory


def setup(
    scene: Scene,
    speed_mps: float = 10.0,
    accel_mps2: float = 1.0,
    decel_mps2: float = 3.0,
    headway_s: float = 1.5,
    min_gap_m: float = 1.0,
    lateral_mps2: float = 2.0,
) -> IdmSetup:
    """The route, its curves, and the limits of the lanes; options as of :class:`IDM`."""
    line = without_repeats(scene.route)
    arc_m, car = arc_lengths(line), scene.vehicle
    lanes, limits = _limits(scene.map)
    return IdmSetup(
        offsets_us=np.arange(1, STEPS + 1) * DT_US, line=line, arc_m=arc_m,
        bound_mps=curve_speeds(line, arc_m, float(lateral_mps2)),
        window_m=np.array([-np.inf, np.inf]), speed_mps=float(speed_mps),
        law=(float(min_gap_m), float(headway_s), float(accel_mps2), float(decel_mps2)),
        lateral_mps2=float(lateral_mps2),
        car=np.array([car.rear_axle_to_center_m + car.length_m / 2, car.width_m / 2,
                      car.rear_axle_to_center_m]),
        lanes=lanes, limits_mps=limits, limit_mps=np.array([np.nan]),
    )  # fmt: skip


def _limits(road_map: RoadMap) -> tuple[PolygonSet, np.ndarray]:
    """Lane polygons and their speed limits, as the observer of the Python loop looks them up."""
    layout = LaneLayout.of_map(road_map)
    if layout is None:
        return pack([]), np.zeros(0)
    lanes = [lane for lane in road_map.lanes if lane.polygon is not None and not lane.is_bike]
    limits = [np.nan if x.speed_limit_mps is None else x.speed_limit_mps for x in lanes]
    return layout.lanes, np.array(limits, float)


@njit(cache=True)
def _known_limit(setup, ego):
    """The limit of the lane of the box centre; where none is known, the last known one."""
    x, y = ego[0] + setup.car[2] * math.cos(ego[2]), ego[1] + setup.car[2] * math.sin(ego[2])
    lane = first_containing(setup.lanes, x, y)
    if lane >= 0 and not math.isnan(setup.limits_mps[lane]):
        setup.limit_mps[0] = setup.limits_mps[lane]
    return setup.limit_mps[0]


@njit(cache=True)
def _red_light(line, arc_m, stops, is_red, front_m):
    """Arc length of the first red stop point ahead on the route; infinite when none is."""
    first = np.inf
    for k in range(len(stops)):
        if not is_red[k] or not math.isfinite(stops[k, 0]) or not math.isfinite(stops[k, 1]):
            continue
        low, high = front_m - 1.0, front_m + RED_AHEAD_M
        at_m, offset_m = project(line, arc_m, stops[k, 0], stops[k, 1], low, high)
        if abs(offset_m) < RED_REACH_M and at_m > low:
            first = min(first, at_m)
    return first


@njit(cache=True)
def plan(setup, limit_mps, ego, state, valid, size, score_type, stops, is_red, poses):
    """Writes rear-axle poses [H, 3] at ``setup.offsets_us``.

    ``limit_mps`` is the speed limit here (NaN: unknown), ``stops`` [L, 2] the places of lights.
    """
    line, arc_m, bound_mps = setup.line, setup.arc_m, setup.bound_mps
    target, window = setup.speed_mps, setup.window_m
    if math.isfinite(limit_mps):
        target = limit_mps
    if len(line) < 2:  # no route: straight on, braking
        line = np.empty((2, 2))
        line[0] = ego[:2]
        line[1, 0], line[1, 1] = ego[0] + math.cos(ego[2]), ego[1] + math.sin(ego[2])
        arc_m, target = np.array([0.0, 1.0]), 0.0
        bound_mps = curve_speeds(line, arc_m, setup.lateral_mps2)
    at_m, offset_m = project(line, arc_m, ego[0], ego[1], window[0], window[1])
    if len(setup.line) >= 2:
        window[0], window[1] = at_m - BACK_M, at_m + AHEAD_M
    front_m = at_m + setup.car[0]
    lead_m, lead_mps = nearest_lead(
        line, arc_m, front_m, setup.car[1], state, size, valid, score_type
    )
    red_m = _red_light(line, arc_m, stops, is_red, front_m)
    if red_m < lead_m:
        lead_m, lead_mps = red_m, 0.0
    poses[:] = plan_poses(
        line, arc_m, bound_mps, at_m, offset_m, max(ego[3], 0.0), target, lead_m - front_m,
        lead_mps, setup.law, STEPS, STEP_S,
    )  # fmt: skip


@njit(cache=True)
def drive(setup, run, world):
    """The whole drive; the step whose plan cannot be driven, or -1."""
    for step in range(run.steps):
        if step % run.every == 0:
            ego = run.ego[step]
            plan(
                setup, _known_limit(setup, ego), ego, world.state, world.valid, world.size_m,
                world.score_type, run.light_stop_points, run.lights[step] == RED,
                run.plans[step // run.every],
            )  # fmt: skip
            if not take_plan(run, step):
                return step
        advance(run, world, step)
    return -1


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
    compiled = Compiled(setup, drive)

    def __init__(
        self,
        speed_mps: float = 10.0,
        accel_mps2: float = 1.0,
        decel_mps2: float = 3.0,
        headway_s: float = 1.5,
        min_gap_m: float = 1.0,
        lateral_mps2: float = 2.0,
    ) -> None:
        self.options = {
            "speed_mps": speed_mps, "accel_mps2": accel_mps2, "decel_mps2": decel_mps2,
            "headway_s": headway_s, "min_gap_m": min_gap_m, "lateral_mps2": lateral_mps2,
        }  # fmt: skip
        for option, value in self.options.items():
            if not 0 < float(value) < np.inf:
                raise InputError(f"{value} is not above 0", field=f"idm?{option}", fix="mend it")
        self._setups: list[IdmSetup] = []

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._setups = [setup(scene, **self.options) for scene in scenes]

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next 4 s for every scene; what the mode hides is not there."""
        seen, poses = observation, np.empty((len(self._setups), STEPS, 3))
        for i, known in enumerate(self._setups):
            stops = seen.red_stop_points[i] if seen.red_stop_points else np.zeros((0, 2))
            state, valid, size, score_type = _tracks(seen, i)
            plan(
                known, float(seen.speed_limits_mps[i]), seen.ego[i], state, valid, size, score_type,
                stops, np.ones(len(stops), bool), poses[i],
            )  # fmt: skip
        return Trajectory(times_s=np.arange(1, STEPS + 1) * STEP_S, poses=poses)


def _tracks(seen: Observation, i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """State, valid, size and score type of scene ``i``; of nobody where the mode hides tracks."""
    if seen.tracks is None:
        return np.zeros((0, 6)), np.zeros(0, bool), np.zeros((0, 3)), np.zeros(0, np.int8)
    tracks = seen.tracks
    return tracks.state[i], tracks.valid[i], tracks.size_m[i], tracks.score_type[i]
