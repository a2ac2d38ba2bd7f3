"""Kernels of RSS: safe distances and the margins of a drive. Shapes: T steps, N tracks, P points.

Reference: plain loops over Shapely's projection (in the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

STANDING_MPS = 0.3  # recorded boxes of standing cars jitter
ALIGNED_SIN = math.sin(math.radians(15.0))  # more turned is crossing, not driving along
ASIDE_M = 20.0  # farther from the route nobody drives along it


@njit(cache=True)
def safe_same_direction_m(
    rear_mps: float,
    front_mps: float,
    response_s: float,
    accel: float,
    brake_min: float,
    brake_max: float,
) -> float:
    """Safe distance between two that drive the same way (definition 1)."""
    faster = rear_mps + response_s * accel
    distance = rear_mps * response_s + accel * response_s**2 / 2
    distance += faster * faster / (2 * brake_min) - front_mps * front_mps / (2 * brake_max)
    return max(0.0, distance)


@njit(cache=True)
def stopping_m(speed: float, response_s: float, accel: float, brake: float) -> float:
    """Way covered by accelerating through the response time and then braking to a stop.

    A speed that still points away after the response time adds nothing while it is braked.
    """
    after = speed + response_s * accel
    distance = speed * response_s + accel * response_s**2 / 2
    return distance + (after * after / (2 * brake) if after > 0.0 else 0.0)


@njit(cache=True)
def safe_lateral_m(ego_toward: float, other_toward: float, other_stands: bool, params) -> float:
    """Safe distance across (definition 6). Speeds of the ego and the other toward each other.

    Who stands does not move sideways: wheels need to roll for that.
    """
    gap = stopping_m(ego_toward, params.response_ego_s, params.lateral_accel, params.lateral_brake)
    if not other_stands:
        gap += stopping_m(
            other_toward, params.response_other_s, params.lateral_accel, params.lateral_brake
        )
    return params.lateral_margin_m + max(0.0, gap)


@njit(cache=True)
def _nearest(points: np.ndarray, x: float, y: float, low: int, high: int) -> int:
    best, index = np.inf, low
    for i in range(low, high):
        squared = (points[i, 0] - x) ** 2 + (points[i, 1] - y) ** 2
        if squared < best:
            best, index = squared, i
    return index


@njit(cache=True)
def on_route(route, x: float, y: float, index: int, out: np.ndarray) -> None:
    """Writes (arc length m, offset m left, heading rad) of a place near vertex ``index``.

    Before the first and beyond the last point the line goes straight on.
    """
    points, last = route.points, len(route.points) - 1
    best = np.inf
    for i in range(max(0, index - 1), min(last, index + 1)):
        ux, uy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
        length = math.hypot(ux, uy)
        if length == 0.0:
            continue
        dx, dy = x - points[i, 0], y - points[i, 1]
        part = (dx * ux + dy * uy) / (length * length)
        low, high = -np.inf if i == 0 else 0.0, np.inf if i == last - 1 else 1.0
        part = min(high, max(low, part))
        away = math.hypot(dx - part * ux, dy - part * uy)
        if away < best:
            best = away
            turn = min(1.0, max(0.0, part))
            out[0] = (i + part) * route.spacing_m
            out[1] = away if ux * dy - uy * dx >= 0.0 else -away
            out[2] = route.heading[i] + turn * (route.heading[i + 1] - route.heading[i])


@njit(cache=True)
def _extent(heading: float, length_m: float, width_m: float, out: np.ndarray) -> None:
    cos, sin = abs(math.cos(heading)), abs(math.sin(heading))
    out[0] = 0.5 * (length_m * cos + width_m * sin)
    out[1] = 0.5 * (length_m * sin + width_m * cos)


@njit(cache=True)
def rss_series(
    route,  # Route
    centres: np.ndarray,  # [T, 3]
    velocity: np.ndarray,  # [T, 2] of the ego, map frame
    length_m: float,
    width_m: float,
    state: np.ndarray,  # [N, T, 6]
    valid: np.ndarray,  # [N, T]
    size: np.ndarray,  # [N, 3]
    looked: np.ndarray,  # bool [N]
    last_step: np.ndarray,  # int64 [N]
    params,  # RssParams
    margin: np.ndarray,  # [2, T] along, across; preset to +inf
    who: np.ndarray,  # int64 [2, T], preset to -1
    bad: np.ndarray,  # bool [2, T], preset to False
) -> None:
    """Margins above the safe distances, the track of each, and the violations by kind."""
    tracks, steps = valid.shape
    count = len(route.points)
    near_index = np.full(tracks, -1)
    seen = np.full(tracks, -2)  # last step of the pair
    here, there = np.empty(3), np.empty(3)
    own, other = np.empty(2), np.empty(2)
    reach = int(params.range_m / route.spacing_m) + 2
    ego_index = _nearest(route.points, centres[0, 0], centres[0, 1], 0, count)
    for t in range(steps):
        x, y = centres[t, 0], centres[t, 1]
        low, high = max(0, ego_index - 10), min(count, ego_index + 11)
        ego_index = _nearest(route.points, x, y, low, high)
        on_route(route, x, y, ego_index, here)
        cos, sin = math.cos(here[2]), math.sin(here[2])
        along = cos * velocity[t, 0] + sin * velocity[t, 1]
        across = cos * velocity[t, 1] - sin * velocity[t, 0]
        _extent(centres[t, 2] - here[2], length_m, width_m, own)
        if math.hypot(along, across) < STANDING_MPS:  # who stands has given the proper response
            continue
        for n in range(tracks):
            if not looked[n] or not valid[n, t] or t > last_step[n]:
                continue
            tx, ty = state[n, t, 0], state[n, t, 1]
            if (tx - x) ** 2 + (ty - y) ** 2 > params.range_m**2:
                continue
            low, high = max(0, ego_index - reach), min(count, ego_index + reach + 1)
            if near_index[n] >= 0 and seen[n] == t - 1:
                low, high = max(0, near_index[n] - 5), min(count, near_index[n] + 6)
            near_index[n] = _nearest(route.points, tx, ty, low, high)
            on_route(route, tx, ty, near_index[n], there)
            seen[n] = t
            turned = abs(math.sin(state[n, t, 3] - there[2]))
            if abs(there[1]) > ASIDE_M or turned > ALIGNED_SIN:
                continue
            # Wheels do not slip: what a recorded box drifts sideways is jitter.
            slant = state[n, t, 3] - there[2]
            speed = state[n, t, 4] * math.cos(state[n, t, 3])
            speed += state[n, t, 5] * math.sin(state[n, t, 3])
            if abs(speed) < STANDING_MPS:
                speed = 0.0
            track_along, track_across = speed * math.cos(slant), speed * math.sin(slant)
            _extent(state[n, t, 3] - there[2], size[n, 0], size[n, 1], other)
            ahead = there[0] >= here[0]
            forward = 1.0 if ahead else -1.0
            gap_along = abs(there[0] - here[0]) - own[0] - other[0]
            gap_across = abs(there[1] - here[1]) - own[1] - other[1]
            side = 1.0 if there[1] >= here[1] else -1.0
            meets = track_along * along < 0.0 and track_along * forward < 0.0
            safe_along = _safe_along(along, track_along, ahead, meets, params)
            safe_across = safe_lateral_m(across * side, -track_across * side, speed == 0.0, params)
            room_along, room_across = gap_along - safe_along, gap_across - safe_across
            short_along, short_across = room_along < 0.0, room_across < 0.0
            in_way, danger = gap_across < 0.0, short_along and short_across
            duty = ahead or meets  # the one in front owes no distance along
            if short_across and duty and (in_way or not danger) and room_along < margin[0, t]:
                margin[0, t], who[0, t] = room_along, n
            if short_along and not (in_way and danger) and room_across < margin[1, t]:
                margin[1, t], who[1, t] = room_across, n
            bad[0, t] = bad[0, t] or (danger and in_way and duty)
            bad[1, t] = bad[1, t] or (danger and not in_way)


@njit(cache=True)
def _safe_along(ego: float, other: float, ahead: bool, meets: bool, params) -> float:
    """Safe distance along for signed speeds along the route."""
    if meets:
        mine = stopping_m(abs(ego), params.response_ego_s, params.accel, params.brake_min_correct)
        return mine + stopping_m(
            abs(other), params.response_other_s, params.accel, params.brake_min
        )
    if ahead:
        return safe_same_direction_m(
            max(0.0, ego), max(0.0, other), params.response_ego_s, params.accel,
            params.brake_min, params.brake_max,
        )  # fmt: skip
    if other == 0.0:  # a parked car behind is not about to set off
        return 0.0
    return safe_same_direction_m(
        max(0.0, other), max(0.0, ego), params.response_other_s, params.accel,
        params.brake_min, params.brake_max,
    )  # fmt: skip
