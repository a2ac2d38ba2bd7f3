"""Did a drive pass its scenario, and if not, why. Shapes: T steps, L lights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivewm.geometry.se2 import wrap_angle
from drivewm.measures.progress import along_route
from drivewm.scenarios.schema import Passing
from drivewm.scene import EgoColumn, LightStatus, RoadMap, Scene
from drivewm.sim.rollout import Rollout

NEARLY_M = 0.5  # this much short of the goal counts as there
SAME_WAY_RAD = 0.8


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured of a drive; None: not known (a drive that failed)."""

    at_fault: bool | None = None
    at_fault_s: float | None = None
    departure: bool | None = None
    departure_s: float | None = None
    red_light_s: float | None = None  # when it was run; None: it was not
    impact_mps: float | None = None  # None: touched nobody
    touched: bool | None = None
    min_ttc_s: float | None = None
    progress_m: float = 0.0
    decel_mps2: float = 0.0
    lateral_mps2: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Passed or not, with all reasons against it, the gravest first."""

    passed: bool
    reasons: tuple[str, ...]
    goal_reached: bool
    required_m: float | None


def judge(
    passing: Passing, goal_m: float | None, found: Found, failure: str | None = None
) -> Verdict:
    """The verdict on what was measured.

    Args:
        passing: what the scenario asks for.
        goal_m: metres along the route to its goal; None: it has none.
        found: of the drive.
        failure: why the planner failed, if it did: such a drive has not passed.
    """
    required = goal_m if passing.goal else passing.progress_m
    there = goal_m is not None and found.progress_m >= goal_m - NEARLY_M
    reasons = [] if failure is None else [f"the planner failed: {failure}"]
    if failure is None:
        reasons += _harm(passing, found)
        far_enough = required is None or found.progress_m >= required - NEARLY_M
        if not passing.unavoidable and not far_enough:
            what = "goal not reached" if passing.goal else "too little progress"
            reasons.append(f"{what}: {found.progress_m:.1f} of {required:.1f} m")
        reasons += _comfort(passing, found)
    return Verdict(passed=not reasons, reasons=tuple(reasons), goal_reached=there,
                   required_m=required)  # fmt: skip


def _harm(passing: Passing, found: Found) -> list[str]:
    reasons = []
    if passing.unavoidable:
        most = passing.max_impact_mps or 0.0
        if found.impact_mps is not None and found.impact_mps > most:
            reasons.append(f"impact at {found.impact_mps:.1f} m/s, above {most:.1f} m/s")
    elif found.at_fault:
        at = "" if found.at_fault_s is None else f" at {found.at_fault_s:.1f} s"
        hard = "" if found.impact_mps is None else f", {found.impact_mps:.1f} m/s"
        reasons.append(f"at-fault collision{at}{hard}")
    elif passing.any_collision and found.touched:
        reasons.append("collision (not at fault)")
    if passing.red_light and found.red_light_s is not None:
        reasons.append(f"red light run at {found.red_light_s:.1f} s")
    if passing.road_departure and found.departure:
        at = "" if found.departure_s is None else f" at {found.departure_s:.1f} s"
        reasons.append(f"left the road{at}")
    return reasons


def _comfort(passing: Passing, found: Found) -> list[str]:
    reasons = []
    for what, value, most in (
        ("braked", found.decel_mps2, passing.max_decel_mps2),
        ("cornered", found.lateral_mps2, passing.max_lateral_mps2),
    ):
        if most is not None and value > most:
            reasons.append(f"{what} at {value:.1f} m/s2, above {most:.1f} m/s2")
    return reasons


def progress_of(scene: Scene, drive: Rollout) -> float:
    """The most metres of the route that the rear axle had behind it at any time."""
    along_m = along_route(scene.route, np.ascontiguousarray(drive.ego[:, :2]))
    return float(along_m.max() - along_m[0]) if len(along_m) else 0.0


def red_light_run(road_map: RoadMap, drive: Rollout) -> float | None:
    """Seconds from the start when the ego's front first crossed a red stop line; None: never.

    The line lies across the start of a controlled lane; to cross it is to drive over it in the
    lane's direction, within its width.
    """
    car = drive.vehicle
    ahead = car.rear_axle_to_center_m + car.length_m / 2
    heading = drive.ego[:, EgoColumn.HEADING]
    front = drive.ego[:, :2] + ahead * np.stack([np.cos(heading), np.sin(heading)], -1)
    first = np.inf
    for row, lane_id in enumerate(drive.light_lane_ids):
        lane = road_map.lane(lane_id)
        line = lane.centerline[:, :2]
        step = line[1] - line[0]
        unit = step / np.hypot(*step)
        half = _half_width(lane)
        delta = front - line[0]
        along, left = delta @ unit, delta @ np.array([-unit[1], unit[0]])
        turned = np.abs(wrap_angle(heading - np.arctan2(unit[1], unit[0])))
        over = (along[:-1] < 0) & (along[1:] >= 0) & (np.abs(left[1:]) <= half)
        red = drive.light_status[row, 1:] == LightStatus.RED
        hits = np.flatnonzero(over & red & (turned[1:] < SAME_WAY_RAD))
        if len(hits):
            time_us = drive.times_us[hits[0] + 1] - drive.times_us[0]
            first = min(first, float(time_us) / 1e6)
    return first if np.isfinite(first) else None


def _half_width(lane: Any) -> float:
    if lane.left_boundary is None or lane.right_boundary is None:
        return 1.75
    return float(np.hypot(*(lane.left_boundary[0] - lane.right_boundary[0])[:2])) / 2


def fired(log: Sequence[Any], events: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of a story's events those that began, in order of time, and those that never did."""
    begun: dict[str, None] = {}
    for entry in log:
        _, element, what = entry[:3]
        name = str(element).rpartition("::")[2]
        if name in events and what == "fired":
            begun[name] = None
    return tuple(begun), tuple(name for name in events if name not in begun)
