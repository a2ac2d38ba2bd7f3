"""All of nuPlan's closed-loop metrics of one drive in one compiled call.

Shapes: T steps, N tracks, E steps of the expert, C contacts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.boxes import centre_poses
from drivewm.geometry.overlap import fill_corners
from drivewm.geometry.strips import holds
from drivewm.measures.collision import (
    LAST_ROAD_USER,
    Contacts,
    fault_score,
    first_contacts,
    list_contacts,
)
from drivewm.measures.comfort import MIN_STEPS, comfort_rows, rows_within_bounds
from drivewm.measures.corner_lanes import TOGETHER, corner_states, count_lane_changes
from drivewm.measures.drivable_history import leave_drivable
from drivewm.measures.driving_direction import driving_direction_score, lane_progress, window_sums
from drivewm.measures.expert_route import expert_route, route_progress
from drivewm.measures.history import History
from drivewm.measures.lane_history import follow_corners, follow_point
from drivewm.measures.nuplan_road import NuplanRoad
from drivewm.measures.progress import MIN_SHARE, progress_ratio
from drivewm.measures.speed_limit import overspeed, speed_limit_score
from drivewm.measures.ttc import BOUND_S, OFFSETS_S, fill_ttc

# Places in NuplanTerms.scores, by the terms' names.
TERMS = (
    "no_at_fault_collision", "drivable_area", "making_progress", "driving_direction", "progress",
    "ttc", "speed_limit", "comfort",
)  # fmt: skip


class NuplanTerms(NamedTuple):
    """Scores and the series behind them."""

    scores: np.ndarray  # [8] in the order of TERMS; comfort is NaN in fewer than four steps
    lane_count: np.ndarray  # int64 [T], candidate lanes of the box centre
    first_lane: np.ndarray  # int64 [T], the first of them, -1: none
    lane_flag: np.ndarray  # int8 [T], LaneFlag
    lane_changes: int
    contact_step: np.ndarray  # int64 [C], in order of step, then track
    contact_track: np.ndarray  # int64 [C]
    contact_type: np.ndarray  # int8 [C], ContactType
    contact_fault: np.ndarray  # int8 [C], Fault
    contact_delta_v_mps: np.ndarray  # [C]
    first_contact: np.ndarray  # int64 [N], T = never
    outside: np.ndarray  # bool [T], a corner is outside the drivable area
    violates: np.ndarray  # bool [T], by 0.3 m or more
    along_lane_m: np.ndarray  # [T], over the last second
    progress_m: np.ndarray  # [T], gained in the step, zeros without a route
    expert_progress_m: np.ndarray  # [E], the expert's, empty without a route
    ttc_s: np.ndarray  # [T], inf: none
    ttc_track: np.ndarray  # int64 [T], who would be hit, -1: none
    over_mps: np.ndarray  # [T]
    any_limit: bool  # some step had a speed limit
    comfort: np.ndarray  # [7, T] in the order of comfort.SERIES, or [7, 0]
    comfort_ok: np.ndarray  # bool [7]


@njit(cache=True)
def _boxes(
    ego: np.ndarray, length_m: float, width_m: float, shift_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Box centres [T, 3], corners [T, 4, 2] and speeds [T]."""
    steps = len(ego)
    centres, corners = np.empty((steps, 3)), np.empty((steps, 4, 2))
    speed = np.empty(steps)
    for t in range(steps):
        x = ego[t, 0] + shift_m * math.cos(ego[t, 2])
        y = ego[t, 1] + shift_m * math.sin(ego[t, 2])
        centres[t, 0], centres[t, 1], centres[t, 2] = x, y, ego[t, 2]
        fill_corners(x, y, ego[t, 2], length_m, width_m, corners[t])
        speed[t] = math.hypot(ego[t, 3], ego[t, 4])
    return centres, corners, speed


@njit(cache=True)
def _wide_view(road: NuplanRoad, ego: np.ndarray, lane_flag: np.ndarray) -> np.ndarray:
    """bool [T]: between lanes, or the rear axle is in an intersection."""
    out = np.empty(len(ego), np.bool_)
    areas = road.intersections
    for t in range(len(ego)):
        wide = lane_flag[t] == 0
        for p in range(len(areas.bounds)):
            wide = wide or holds(areas, p, ego[t, 0], ego[t, 1])
        out[t] = wide
    return out


@njit(cache=True)
def _progress(
    road: NuplanRoad, expert: np.ndarray, centres: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Metres gained per step by ego [T] and expert [E] (empty without a route), and the ratio."""
    route = expert_route(road, follow_point(road, expert))
    if len(route.lane) == 0:
        return np.zeros(len(centres)), np.zeros(0), 1.0
    own, other = route_progress(road, route, centres), route_progress(road, route, expert)
    return own, other, progress_ratio(own.sum(), other.sum())


@njit(cache=True)
def measure(
    road: NuplanRoad,
    times_us: np.ndarray,  # int64 [T]
    ego: np.ndarray,  # [T, 11]
    car: tuple[float, float, float],  # length, width, rear axle to box centre; metres
    state: np.ndarray,  # [N, T, 6]
    valid: np.ndarray,  # bool [N, T]
    size: np.ndarray,  # [N, 3]
    score_type: np.ndarray,  # int8 [N]
    expert: np.ndarray,  # [E, >=2], box centres
    unknown_flag: int,  # LaneFlag where the road has no lane graph
    offsets_s: np.ndarray,  # of the TTC
) -> NuplanTerms:
    """Every metric, in the order in which they need each other."""
    steps = len(ego)
    centres, corners, speed = _boxes(ego, car[0], car[1], car[2])
    lanes, corner_lanes = follow_point(road, centres), follow_corners(road, corners)
    corner_state = corner_states(road, corner_lanes)
    lane_flag, first_lane = np.empty(steps, np.int8), np.full(steps, -1)
    for t in range(steps):
        lane_flag[t] = corner_state[t] == TOGETHER if road.known else unknown_flag
        if lanes.held[t] > 0:
            first_lane[t] = lanes.pool[lanes.first[t]]
    moves = score_type <= LAST_ROAD_USER
    first, kind = first_contacts(ego, centres, speed, car[0], car[1], state, valid, size, moves)
    step, track, types, fault, delta_v = list_contacts(
        first, kind, lane_flag, ego, speed, state, moves
    )
    ttc_s, ttc_track = np.empty(steps), np.empty(steps, np.int64)
    wide = _wide_view(road, ego, lane_flag)
    fill_ttc(
        ego, centres, speed, car[0], car[1], state, valid, size, moves, first, wide, offsets_s,
        ttc_s, ttc_track,
    )  # fmt: skip
    for i in range(len(step)):
        if fault[i] == 1:
            ttc_s[step[i]], ttc_track[step[i]] = 0.0, track[i]
    outside, violates = np.empty(steps, np.bool_), np.empty(steps, np.bool_)
    leave_drivable(road, corners, corner_lanes, lanes, outside, violates)
    along_lane_m = window_sums(lane_progress(road, centres, lanes), times_us)
    over_mps, any_limit = overspeed(road, speed, lanes)
    progress_m, expert_m, ratio = _progress(road, expert, centres)
    comfort, comfortable = np.empty((7, 0)), np.nan
    if steps >= MIN_STEPS:
        comfort = comfort_rows(times_us, ego, car[2])
    comfort_ok = rows_within_bounds(comfort)
    if steps >= MIN_STEPS:
        comfortable = 1.0 if comfort_ok.all() else 0.0
    scores = np.empty(8)
    scores[0] = fault_score(fault, score_type[track])
    scores[1] = 0.0 if violates.any() else 1.0
    scores[2] = 1.0 if ratio >= MIN_SHARE else 0.0
    scores[3] = driving_direction_score(along_lane_m)
    scores[4] = ratio
    scores[5] = 1.0 if ttc_s.min() > BOUND_S else 0.0
    scores[6] = speed_limit_score(over_mps, times_us)
    scores[7] = comfortable
    return NuplanTerms(
        scores, lanes.held, first_lane, lane_flag, count_lane_changes(corner_state),
        step, track, types, fault, delta_v, first, outside, violates, along_lane_m, progress_m,
        expert_m, ttc_s, ttc_track, over_mps, any_limit, comfort, comfort_ok,
    )  # fmt: skip


def nuplan_terms(
    history: History, road: NuplanRoad, expert: np.ndarray, unknown_flag: int = -1
) -> NuplanTerms:
    """Measures a drive.

    Args:
        history: the drive; times rise.
        road: of the map (``nuplan_road.road_of_map``), prepared once per map.
        expert: rear-axle states or poses [E, >=3] of the recorded ego.
        unknown_flag: LaneFlag to assume at every step where the road has no lane graph.
    """
    car, tracks = history.vehicle, history.tracks
    return measure(
        road,
        np.ascontiguousarray(history.times_us, np.int64),
        np.ascontiguousarray(history.ego, float),
        (car.length_m, car.width_m, car.rear_axle_to_center_m),
        np.ascontiguousarray(tracks.state, float),
        np.ascontiguousarray(tracks.valid, bool),
        np.ascontiguousarray(tracks.size_m, float),
        np.ascontiguousarray(tracks.score_type, np.int8),
        centre_poses(expert, car.rear_axle_to_center_m),
        unknown_flag,
        OFFSETS_S,
    )


def contacts_of(terms: NuplanTerms, score_type: np.ndarray) -> Contacts:
    """The contacts of a measured drive; ``score_type`` int8 [N] of its tracks."""
    return Contacts(
        step=terms.contact_step, track=terms.contact_track, type=terms.contact_type,
        fault=terms.contact_fault, delta_v_mps=terms.contact_delta_v_mps,
        score_type=score_type[terms.contact_track], first_step=terms.first_contact,
    )  # fmt: skip
