"""Lanes a car is in, step by step, as nuPlan's metrics follow them.

Definition: nuplan-devkit ``metrics/utils/route_extractor.py``. A point is looked for among the
lanes it was in before, then (if that was one lane) in what follows it, then in the whole map.
Shapes: T steps. A set of lanes is a row (first, count) of one growing pool of lane numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.strips import Strips, any_holds, holds, within
from drivewm.measures.nuplan_road import NuplanRoad

NEAR_M = 5.0  # a connector that was left by less is still the one
ROOM = 4  # places of the pool per set, at first


class LaneHistory(NamedTuple):
    """A set of lanes per step: ``pool[first[t] : first[t] + held[t]]``, best candidate first."""

    first: np.ndarray  # int64 [T]
    held: np.ndarray  # int64 [T]
    pool: np.ndarray  # int64


class CornerHistory(NamedTuple):
    """The same for the corners FL, RL, RR, FR of a box."""

    first: np.ndarray  # int64 [T, 4]
    held: np.ndarray  # int64 [T, 4]
    pool: np.ndarray  # int64


@njit(cache=True, inline="always")
def has(pool: np.ndarray, first: int, count: int, lane: int) -> bool:
    found = False
    for i in range(first, first + count):
        found = found or pool[i] == lane
    return found


# Each array that a helper is handed costs a counted reference: helpers take only what they read,
# and the usual case, a point that is still in its one lane, calls none but the inlined ``holds``.
@njit(cache=True)
def _search(
    lanes: Strips, is_connector: np.ndarray, x: float, y: float, pool: np.ndarray, used: int
) -> int:
    """Writes the lane at a point, else all connectors there; returns how many."""
    found = 0
    for lane in range(len(is_connector)):
        if found == 0 and not is_connector[lane] and holds(lanes, lane, x, y):
            pool[used] = lane
            found = 1
    if found == 0:
        for lane in range(len(is_connector)):
            if is_connector[lane] and holds(lanes, lane, x, y):
                pool[used + found] = lane
                found += 1
    return found


@njit(cache=True)
def _among(
    lanes: Strips,
    next_first: np.ndarray,
    next_lane: np.ndarray,
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
        if holds(lanes, candidates[i], x, y):
            pool[used + found] = candidates[i]
            found += 1
    if found == 0 and count == 1:
        lane = candidates[first]
        for i in range(next_first[lane], next_first[lane + 1]):
            if holds(lanes, next_lane[i], x, y):
                pool[used + found] = next_lane[i]
                found += 1
    return found


@njit(cache=True)
def follow_point(road: NuplanRoad, points: np.ndarray) -> LaneHistory:
    """Lanes of a point that moves; ``points`` [T, >=2]."""
    steps = len(points)
    first, count = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
    room = ROOM * steps + len(road.is_connector)
    while True:
        pool = np.empty(room, np.int64)
        used = _follow_point(road, points, first, count, pool)
        if used >= 0 and _cull(road, first, count, pool, used):
            return LaneHistory(first, count, pool)
        room *= 2


@njit(cache=True)
def _follow_point(
    road: NuplanRoad, points: np.ndarray, first: np.ndarray, count: np.ndarray, pool: np.ndarray
) -> int:
    """Fills a history; returns how much of the pool it took, -1 if that was too small."""
    lanes, is_connector = road.lanes, road.is_connector
    next_first, next_lane = road.next_first, road.next_lane
    used, room = 0, len(pool) - len(is_connector)
    for t in range(len(points)):
        x, y = points[t, 0], points[t, 1]
        if used > room:
            return -1
        found = 0
        if t > 0 and count[t - 1] == 1 and holds(lanes, pool[first[t - 1]], x, y):
            pool[used] = pool[first[t - 1]]
            found = 1
        elif t > 0 and count[t - 1] > 0:
            found = _among(
                lanes, next_first, next_lane, x, y, pool, first[t - 1], count[t - 1], pool, used
            )
        if found == 0:
            found = _search(lanes, is_connector, x, y, pool, used)
            if t > 1 and count[t - 1] > 0 and is_connector[pool[first[t - 1]]]:
                on_connector = found > 0 and is_connector[pool[used]]
                if on_connector or (found == 0 and any_holds(road.intersections, x, y)):
                    kept = 0  # the lanes found are overwritten only if one is kept
                    for i in range(first[t - 1], first[t - 1] + count[t - 1]):
                        if within(lanes, pool[i], x, y, NEAR_M):
                            pool[used + kept] = pool[i]
                            kept += 1
                    found = kept if kept > 0 else found
        first[t], count[t] = used, found
        used += found
    return used


@njit(cache=True)
def _cull(
    road: NuplanRoad, first: np.ndarray, count: np.ndarray, pool: np.ndarray, used: int
) -> bool:
    """Of several connectors, keeps those that lead to where the car went, from the end back.

    False if the pool is too small.
    """
    for t in range(len(first) - 2, -1, -1):
        begin, total = first[t], count[t]
        if total <= 1:
            continue
        if total > count[t + 1]:
            subset = True
            for i in range(first[t + 1], first[t + 1] + count[t + 1]):
                subset = subset and has(pool, begin, total, pool[i])
            if subset:
                first[t], count[t] = first[t + 1], count[t + 1]
        if count[t + 1] > 0 and not road.is_connector[pool[first[t + 1]]]:
            after = pool[first[t + 1]]
            low = road.previous_first[after]
            leading = road.previous_first[after + 1] - low
            if used + total > len(pool):
                return False
            kept = 0
            for i in range(begin, begin + total):
                if has(road.previous_lane, low, leading, pool[i]):
                    pool[used + kept] = pool[i]
                    kept += 1
            if kept > 0:
                first[t], count[t] = used, kept
                used += kept
    return True


@njit(cache=True)
def follow_corners(road: NuplanRoad, corners: np.ndarray) -> CornerHistory:
    """Lanes of the four corners of a box, which share their candidates; ``corners`` [T, 4, 2]."""
    steps = len(corners)
    first, count = np.zeros((steps, 4), np.int64), np.zeros((steps, 4), np.int64)
    room = 4 * ROOM * steps + len(road.is_connector)
    while True:
        pool = np.empty(room, np.int64)
        if _follow_corners(road, corners, first, count, pool):
            return CornerHistory(first, count, pool)
        room *= 2


@njit(cache=True)
def _follow_corners(
    road: NuplanRoad, corners: np.ndarray, first: np.ndarray, count: np.ndarray, pool: np.ndarray
) -> bool:
    """Fills a history; False if the pool is too small."""
    lanes, is_connector = road.lanes, road.is_connector
    next_first, next_lane, most = road.next_first, road.next_lane, len(is_connector)
    candidates = np.empty(4 * most, np.int64)  # two halves, for this step and for the next
    now, after, held, used = 0, 2 * most, 0, 0
    for t in range(len(corners)):
        following = 0
        if used + 4 * most > len(pool):
            return False
        for c in range(4):
            x, y = corners[t, c, 0], corners[t, c, 1]
            found = 0
            if held == 1 and holds(lanes, candidates[now], x, y):
                pool[used] = candidates[now]
                found = 1
            elif held > 0:
                found = _among(
                    lanes, next_first, next_lane, x, y, candidates, now, held, pool, used
                )
            if found == 0:
                found = _search(lanes, is_connector, x, y, pool, used)
                if t == 1:  # the reference widens the candidates within its second step
                    for i in range(used, used + found):
                        if not has(candidates, now, held, pool[i]):
                            candidates[now + held] = pool[i]
                            held += 1
            for i in range(used, used + found):
                if not has(candidates, after, following, pool[i]):
                    candidates[after + following] = pool[i]
                    following += 1
            first[t, c], count[t, c] = used, found
            used += found
        now, after, held = after, now, following
    return True
