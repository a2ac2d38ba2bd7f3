"""Lanes a car is in, step by step, as nuPlan's metrics follow them.

Definition: nuplan-devkit ``metrics/utils/route_extractor.py``. A point is looked for among the
lanes it was in before, then (if that was one lane) in what follows it, then in the whole map.
Shapes: T steps. A set of lanes is a row (first, count) of one growing pool of lane numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.strips import any_holds, holds, within
from drivewm.measures.nuplan_road import NuplanRoad

NEAR_M = 5.0  # a connector that was left by less is still the one
ROOM = 4  # of the pool, per set, at first


class LaneHistory(NamedTuple):
    """A set of lanes per step: ``pool[first[t] : first[t] + count[t]]``, best candidate first."""

    first: np.ndarray  # int64 [T]
    count: np.ndarray  # int64 [T]
    pool: np.ndarray  # int64


class CornerHistory(NamedTuple):
    """The same for the corners FL, RL, RR, FR of a box."""

    first: np.ndarray  # int64 [T, 4]
    count: np.ndarray  # int64 [T, 4]
    pool: np.ndarray  # int64


@njit(cache=True)
def _has(pool: np.ndarray, first: int, count: int, lane: int) -> bool:
    for i in range(first, first + count):  # noqa: SIM110 (any() is slow in a kernel)
        if pool[i] == lane:
            return True
    return False


@njit(cache=True)
def _room(pool: np.ndarray, used: int, more: int) -> np.ndarray:
    if used + more <= len(pool):
        return pool
    grown = np.empty(2 * (used + more), np.int64)
    grown[:used] = pool[:used]
    return grown


@njit(cache=True)
def _search(road: NuplanRoad, x: float, y: float, pool: np.ndarray, used: int) -> int:
    """Writes the lane at a point, else all connectors there; returns how many."""
    lanes = len(road.is_connector)
    for lane in range(lanes):
        if not road.is_connector[lane] and holds(road.lanes, lane, x, y):
            pool[used] = lane
            return 1
    found = 0
    for lane in range(lanes):
        if road.is_connector[lane] and holds(road.lanes, lane, x, y):
            pool[used + found] = lane
            found += 1
    return found


@njit(cache=True)
def _among(
    road: NuplanRoad,
    x: float,
    y: float,
    candidates: np.ndarray,
    first: int,
    count: int,
    pool: np.ndarray,
    used: int,
) -> int:
    """Writes those of the candidates that hold the point; of a single one also what follows."""
    found = 0
    for i in range(first, first + count):
        if holds(road.lanes, candidates[i], x, y):
            pool[used + found] = candidates[i]
            found += 1
    if found == 0 and count == 1:
        lane = candidates[first]
        for i in range(road.next_first[lane], road.next_first[lane + 1]):
            if holds(road.lanes, road.next_lane[i], x, y):
                pool[used + found] = road.next_lane[i]
                found += 1
    return found


@njit(cache=True)
def follow_point(road: NuplanRoad, points: np.ndarray) -> LaneHistory:
    """Lanes of a point that moves; ``points`` [T, >=2]."""
    steps, lanes = len(points), len(road.is_connector)
    first, count = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
    pool = np.empty(ROOM * steps + 2 * lanes, np.int64)
    used = 0
    for t in range(steps):
        x, y = points[t, 0], points[t, 1]
        pool = _room(pool, used, lanes)
        found = 0
        if t > 0 and count[t - 1] > 0:
            found = _among(road, x, y, pool, first[t - 1], count[t - 1], pool, used)
        if found == 0:
            found = _search(road, x, y, pool, used)
            if t > 1 and count[t - 1] > 0 and road.is_connector[pool[first[t - 1]]]:
                on_connector = found > 0 and road.is_connector[pool[used]]
                if on_connector or (found == 0 and any_holds(road.intersections, x, y)):
                    kept = 0  # the lanes found are overwritten only if one is kept
                    for i in range(first[t - 1], first[t - 1] + count[t - 1]):
                        if within(road.lanes, pool[i], x, y, NEAR_M):
                            pool[used + kept] = pool[i]
                            kept += 1
                    found = kept if kept > 0 else found
        first[t], count[t] = used, found
        used += found
    return _cull(road, LaneHistory(first, count, pool), used)


@njit(cache=True)
def _cull(road: NuplanRoad, history: LaneHistory, used: int) -> LaneHistory:
    """Of several connectors, keeps those that lead to where the car went, from the end back."""
    first, count, pool = history
    for t in range(len(first) - 2, -1, -1):
        begin, total = first[t], count[t]
        if total <= 1:
            continue
        if total > count[t + 1]:
            subset = True
            for i in range(first[t + 1], first[t + 1] + count[t + 1]):
                subset = subset and _has(pool, begin, total, pool[i])
            if subset:
                first[t], count[t] = first[t + 1], count[t + 1]
        if count[t + 1] > 0 and not road.is_connector[pool[first[t + 1]]]:
            after = pool[first[t + 1]]
            low = road.previous_first[after]
            leading = road.previous_first[after + 1] - low
            pool = _room(pool, used, total)
            kept = 0
            for i in range(begin, begin + total):
                if _has(road.previous_lane, low, leading, pool[i]):
                    pool[used + kept] = pool[i]
                    kept += 1
            if kept > 0:
                first[t], count[t] = used, kept
                used += kept
    return LaneHistory(first, count, pool)


@njit(cache=True)
def follow_corners(road: NuplanRoad, corners: np.ndarray) -> CornerHistory:
    """Lanes of the four corners of a box, which share their candidates; ``corners`` [T, 4, 2]."""
    steps, lanes = len(corners), len(road.is_connector)
    first, count = np.zeros((steps, 4), np.int64), np.zeros((steps, 4), np.int64)
    pool = np.empty(4 * ROOM * steps + 2 * lanes, np.int64)
    now, after = np.empty(2 * lanes, np.int64), np.empty(lanes, np.int64)  # candidates
    used = candidates = 0
    for t in range(steps):
        following = 0
        for c in range(4):
            x, y = corners[t, c, 0], corners[t, c, 1]
            pool = _room(pool, used, lanes)
            found = _among(road, x, y, now, 0, candidates, pool, used) if candidates > 0 else 0
            if found == 0:
                found = _search(road, x, y, pool, used)
                if t == 1:  # the reference widens the candidates within its second step
                    for i in range(used, used + found):
                        if not _has(now, 0, candidates, pool[i]):
                            now[candidates] = pool[i]
                            candidates += 1
            for i in range(used, used + found):
                if not _has(after, 0, following, pool[i]):
                    after[following] = pool[i]
                    following += 1
            first[t, c], count[t, c] = used, found
            used += found
        now[:following] = after[:following]
        candidates = following
    return CornerHistory(first, count, pool)


@njit(cache=True)
def _in_or_linked(
    lane: int,
    pool: np.ndarray,
    first: int,
    count: int,
    link_first: np.ndarray,
    links: np.ndarray,
) -> bool:
    """Is the lane one of the set or linked to one of it?"""
    for i in range(first, first + count):
        own = pool[i]
        if own == lane or _has(links, link_first[own], link_first[own + 1] - link_first[own], lane):
            return True
    return False


@njit(cache=True)
def _connected(
    road: NuplanRoad, pool: np.ndarray, first: np.ndarray, count: np.ndarray, lane: int
) -> bool:
    """Is the lane in or after the lanes of both rear corners and in or before both front ones'?"""
    for rear in (1, 2):
        if not _in_or_linked(lane, pool, first[rear], count[rear], road.next_first, road.next_lane):
            return False
    for front in (0, 3):
        if not _in_or_linked(
            lane, pool, first[front], count[front], road.previous_first, road.previous_lane
        ):
            return False
    return True


@njit(cache=True)
def _rear_meets(
    road: NuplanRoad, pool: np.ndarray, first: np.ndarray, count: np.ndarray, one: int, other: int
) -> bool:
    for i in range(first[one], first[one] + count[one]):
        if _in_or_linked(
            pool[i], pool, first[other], count[other], road.next_first, road.next_lane
        ):
            return True
    return False


@njit(cache=True)
def _together(road: NuplanRoad, pool: np.ndarray, first: np.ndarray, count: np.ndarray) -> bool:
    """Are four corners, each in some lane, in a common lane or in lanes that are connected?"""
    for i in range(first[0], first[0] + count[0]):
        common = True
        for c in range(1, 4):
            common = common and _has(pool, first[c], count[c], pool[i])
        if common:
            return True
    if not (
        _rear_meets(road, pool, first, count, 1, 2) or _rear_meets(road, pool, first, count, 2, 1)
    ):
        return False
    for i in range(first[2], first[2] + count[2]):  # what may connect is in or after rear right
        lane = pool[i]
        if _connected(road, pool, first, count, lane):
            return True
        for j in range(road.next_first[lane], road.next_first[lane + 1]):
            if _connected(road, pool, first, count, road.next_lane[j]):
                return True
    return False


OFF, APART, TOGETHER = -1, 0, 1


@njit(cache=True)
def corner_states(road: NuplanRoad, corners: CornerHistory) -> np.ndarray:
    """int8 [T]: all corners off every lane (-1), in different lanes (0), in common ones (1)."""
    steps = len(corners.first)
    out = np.empty(steps, np.int8)
    for t in range(steps):
        inside = 0
        for c in range(4):
            inside += 1 if corners.count[t, c] > 0 else 0
        if inside < 4:
            out[t] = OFF if inside == 0 else APART
        else:
            together = _together(road, corners.pool, corners.first[t], corners.count[t])
            out[t] = TOGETHER if together else APART
    return out


@njit(cache=True)
def count_lane_changes(state: np.ndarray) -> int:
    """Lane changes begun from a common lane; one that is still open at the end counts."""
    changes = 0
    is_open = False
    for t in range(1, len(state)):
        if not is_open and state[t] == APART and state[t - 1] == TOGETHER:
            is_open = True
            changes += 1
        elif is_open and state[t] != APART:
            is_open = False
    return changes
