"""What careful's car does beside standing things: how its plan goes over to its way, where that is
too late, and who only waits in a queue."""

from __future__ import annotations

import numpy as np

from drivewm.planners.careful_path import Obstacles, Way, first_touched
from drivewm.planners.careful_predict import Others
from drivewm.planners.careful_setup import Setup
from drivewm.planners.careful_speed import Ego

QUEUE_M, SIGNAL_M = 14.0, 45.0
SWING_M = 9.0  # ahead of the front bumper
SWING_LAG_S = 0.6  # the car follows its plan so late
SWING_MPS, SWING_STOP_M = 1.0, 1.0


def fade_m(speed_mps: float) -> float:
    """Metres on which the plan goes over from where the ego is to its way."""
    return float(np.clip(1.5 * speed_mps, 6.0, 30.0))


def offsets(ego: Ego, way: Way, s: np.ndarray, fade: float) -> np.ndarray:
    """Offset from the route: the way's, smoothed, joined from where the ego is."""
    shares = [way.at(s + d) for d in (-3.0, -1.0, 1.0, 3.0)]
    smooth = np.mean(shares, axis=0)
    start = float(np.mean([way.at(np.array([ego.s + d])) for d in (-3.0, -1.0, 1.0, 3.0)]))
    left = np.clip(1.0 - (s - ego.s) / fade, 0.0, 1.0)
    return smooth + (ego.left - start) * left * left * (3.0 - 2.0 * left)


def swing_bounds(
    setup: Setup, ego: Ego, way: Way, obstacles: Obstacles
) -> list[tuple[float, float]]:
    """Slower where the car would swing out too late for what it drives around: it follows its
    plan with a lag. Where even creeping does not help, a stop."""
    near = obstacles.from_m < ego.s + setup.front_m + SWING_M
    if not (near & obstacles.stands).any() or np.isfinite(way.blocked_m):
        return []
    s = ego.s + np.arange(0.0, SWING_M + 6.0, 0.5)
    for speed in (ego.speed, SWING_MPS):
        left = offsets(ego, way, np.maximum(s - SWING_LAG_S * speed, ego.s), fade_m(speed))
        touched = first_touched(setup, ego.s, s, left, obstacles)
        if not np.isfinite(touched):
            break
    else:
        return [(touched - setup.front_m - SWING_STOP_M, 0.0)]
    return [] if speed == ego.speed else [(ego.s, SWING_MPS)]


def queues(setup: Setup, others: Others, h: int, reds: np.ndarray) -> bool:
    """Does a vehicle stand because of a red light, or behind another one?"""
    if others.is_vru[h]:
        return False
    s = others.s[h, 0]
    if len(reds):
        at, left, _ = setup.project(reds)
        if ((np.abs(left) < 6.0) & (at > s - 2.0) & (at < s + SIGNAL_M)).any():
            return True
    ahead = (others.s[:, 0] > s + 2.0) & (others.s[:, 0] < s + QUEUE_M) & ~others.is_thing
    ahead &= (np.abs(others.left[:, 0]) < 1.2) & (others.along_mps > -0.3) & ~others.is_vru
    return bool((ahead & (abs(others.left[h, 0]) < 1.2)).any())
