"""Critical moments of a fleet's logs, as a suite of windows. Shapes: T steps, N tracks.

Three measures of the recorded ego while it moves: the least time to collision, the hardest
braking, the nearest pedestrian. Every moment is the worst of its surroundings in its log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivewm.geometry.boxes import centre_poses, corners
from drivewm.geometry.overlap import box_distance
from drivewm.measures.surrogate_kernels import ttc_all
from drivewm.scenarios.windows import LEAST_S, LogWindow
from drivewm.scene import EgoColumn, Scene, ScoreType
from drivewm.sim.config import DT_S

MOVING_MPS = 1.0  # a slower ego endangers nobody
TTC_HORIZON_S, NEAR_M = 5.0, 12.0
BRAKING_STEPS = 5  # to both sides: recorded speeds are too rough for single steps
MOVERS = (ScoreType.VEHICLE, ScoreType.PEDESTRIAN, ScoreType.BICYCLE)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One measure of a scene."""

    value: np.ndarray  # [T]; NaN: nothing to measure
    track: np.ndarray  # int [T], the track that it is about; -1: none


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A measure to search by."""

    name: str  # the family of what is found
    measure: Callable[[Scene], Measured]
    worst: int  # +1: large values are critical, -1: small ones
    limit: float  # milder values are not critical
    told: str  # with {value} and {who}

    def is_critical(self, value: float) -> bool:
        """Is a value at least as bad as the limit?"""
        return self.worst * value >= self.worst * self.limit


@dataclass(frozen=True, kw_only=True)
class Critical:
    """A critical moment of a log."""

    scene: str
    rule: Rule
    value: float
    at_s: float  # from the log's start
    end_s: float  # of the log
    who: str

    @property
    def why(self) -> str:
        """In words."""
        return self.rule.told.format(value=self.value, who=self.who, at=self.at_s)


def least_ttc(scene: Scene) -> Measured:
    """Seconds to a collision at constant velocities; boxes that overlap in the record (a matter of
    labels) count as nothing."""
    tracks, car, steps = scene.tracks, scene.vehicle, scene.steps
    centres = centre_poses(scene.ego, car.rear_axle_to_center_m)
    heading = scene.ego[:, EgoColumn.HEADING]
    speed = scene.ego[:, EgoColumn.VX, None] * np.stack([np.cos(heading), np.sin(heading)], -1)
    least, who = np.full(steps, np.inf), np.full(steps, -1, np.int64)
    ttc_all(
        centres, speed, car.length_m, car.width_m, tracks.state, tracks.valid, tracks.size_m,
        np.isin(tracks.score_type, MOVERS), np.full(len(tracks), steps, np.int64), TTC_HORIZON_S,
        least, who,
    )  # fmt: skip
    nothing = ~np.isfinite(least) | (least <= 0.0) | (scene.ego[:, EgoColumn.VX] < MOVING_MPS)
    return Measured(value=np.where(nothing, np.nan, least), track=np.where(nothing, -1, who))


def braking(scene: Scene) -> Measured:
    """Mean deceleration in m/s2 over a second."""
    speed, k = scene.ego[:, EgoColumn.VX], BRAKING_STEPS
    value = np.full(scene.steps, np.nan)
    if scene.steps > 2 * k:
        value[k:-k] = (speed[: -2 * k] - speed[2 * k :]) / (2 * k * DT_S)
        value[k:-k][speed[: -2 * k] < MOVING_MPS] = np.nan
    return Measured(value=value, track=np.full(scene.steps, -1))


def nearest_pedestrian(scene: Scene) -> Measured:
    """Metres between the boxes of the ego and of a pedestrian."""
    tracks, car = scene.tracks, scene.vehicle
    value, who = np.full(scene.steps, np.nan), np.full(scene.steps, -1)
    centres = centre_poses(scene.ego, car.rear_axle_to_center_m)
    walkers = np.flatnonzero(tracks.score_type == ScoreType.PEDESTRIAN)
    for t in np.flatnonzero(scene.ego[:, EgoColumn.VX] >= MOVING_MPS):
        apart = np.hypot(*(tracks.state[walkers, t, :2] - centres[t, :2]).T)
        box = corners(centres[t], np.array(car.length_m), np.array(car.width_m))
        for n in walkers[(apart < NEAR_M) & tracks.valid[walkers, t]]:
            size = tracks.size_m[n]
            other = corners(tracks.state[n, t, [0, 1, 3]], np.array(size[0]), np.array(size[1]))
            gap = box_distance(box, other)
            if gap > 0.0 and not gap >= value[t]:  # true for NaN, too
                value[t], who[t] = gap, n
    return Measured(value=value, track=who)


RULES = (
    Rule(name="low_ttc", measure=least_ttc, worst=-1, limit=4.0,
         told="{value:.1f} s to a collision with {who}"),
    Rule(name="hard_braking", measure=braking, worst=1, limit=1.5,
         told="braked with {value:.1f} m/s2"),
    Rule(name="near_pedestrian", measure=nearest_pedestrian, worst=-1, limit=5.0,
         told="{value:.1f} m from {who}"),
)  # fmt: skip


def critical_moments(scene: Scene, rule: Rule, apart_s: float) -> list[Critical]:
    """The worst moments of a scene by one rule, worst first, at least ``apart_s`` apart."""
    measured = rule.measure(scene)
    left = rule.worst * measured.value
    found: list[Critical] = []
    while np.isfinite(left).any():
        t = int(np.nanargmax(left))
        value = float(measured.value[t])
        if not rule.is_critical(value):
            break
        found.append(Critical(
            scene=scene.id, rule=rule, value=value, at_s=t * DT_S,
            end_s=(scene.steps - 1) * DT_S, who=_name(scene, int(measured.track[t])),
        ))  # fmt: skip
        near = round(apart_s / DT_S)
        left[max(t - near + 1, 0) : t + near] = np.nan
    return found


def _name(scene: Scene, track: int) -> str:
    if track < 0:
        return "nobody"
    return f"{scene.tracks.categories[track]} {scene.tracks.ids[track][:8]}"


def chosen(found: Sequence[Critical], most: int, apart_s: float) -> list[Critical]:
    """The ``most`` worst of each rule; a moment within ``apart_s`` of one that was chosen is not
    chosen again. The order does not depend on that of ``found``."""
    kept: list[Critical] = []
    for rule in dict.fromkeys(one.rule for one in found):
        ranked = sorted((one for one in found if one.rule == rule),
                        key=lambda one: (-rule.worst * one.value, one.scene, one.at_s))  # fmt: skip
        taken = 0
        for one in ranked:
            near = any(k.scene == one.scene and abs(k.at_s - one.at_s) < apart_s for k in kept)
            if not near and taken < most:
                kept.append(one)
                taken += 1
    return kept


def window_of(
    one: Critical, fleet: str, before_s: float, after_s: float, agents: str
) -> LogWindow | None:
    """The window around a moment; None where the log is too short for one."""
    begin = round(max(one.at_s - before_s, 0.0), 1)
    end = round(min(one.at_s + after_s, one.end_s), 1)
    if end < begin + LEAST_S:
        return None
    told: dict[str, Any] = {
        "fleet": fleet, "scene": one.scene, "from_s": begin, "to_s": end, "agents": agents,
        "family": one.rule.name, "why": f"{one.why} at {one.at_s:.1f} s",
    }  # fmt: skip
    return LogWindow.model_validate(told)
