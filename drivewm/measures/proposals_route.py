"""Boxes of a proposal, and how it keeps to its route. Shapes: T states.

Definitions: NAVSIM ``pdm_scorer.py`` (``_calculate_driving_direction_compliance``,
``_calculate_lane_keeping``).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.measures.proposals_line import Line, segment_within

DIRECTION_STEPS = 10  # of 0.1 s, one more sample is summed
DIRECTION_LIMITS_M = (2.0, 6.0)
LANE_KEEPING_M = 0.5
LANE_KEEPING_STEPS = 20
FIVE_POINTS = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [0.0, 0.0]])


@njit(cache=True)
def fill_boxes(
    state: np.ndarray,  # [T, 11]
    long_m: float,
    wide_m: float,
    rear_axle_to_center_m: float,
    corners: np.ndarray,  # [T, 5, 2] written: FL, RL, RR, FR, centre
    centre: np.ndarray,  # [T, 4] written: x, y, cos, sin
) -> None:
    for t in range(len(state)):
        cos, sin = np.cos(state[t, 2]), np.sin(state[t, 2])
        x = state[t, 0] + rear_axle_to_center_m * cos
        y = state[t, 1] + rear_axle_to_center_m * sin
        centre[t, 0], centre[t, 1], centre[t, 2], centre[t, 3] = x, y, cos, sin
        for k in range(5):
            ahead, left = long_m * FIVE_POINTS[k, 0], wide_m * FIVE_POINTS[k, 1]
            corners[t, k, 0] = x + (ahead * cos - left * sin)
            corners[t, k, 1] = y + (ahead * sin + left * cos)


@njit(cache=True)
def direction(
    centre: np.ndarray,  # [T, 4]
    where: np.ndarray,  # uint8 [T], Where
    windowed: bool,
    spares_intersections: bool,
) -> float:
    """1, 0.5 or 0 by the way driven off the route, in 1 s or in one stretch."""
    steps, worst, stretch = len(centre), 0.0, 0.0
    off = np.zeros(steps)
    for t in range(steps):
        counts = (where[t] & 4) != 0
        if spares_intersections and where[t] & 8:
            counts = False
        if t > 0 and counts:
            off[t] = np.hypot(centre[t, 0] - centre[t - 1, 0], centre[t, 1] - centre[t - 1, 1])
        if windowed:
            stretch = 0.0
            for k in range(max(0, t - DIRECTION_STEPS), t + 1):
                stretch += off[k]
        else:
            stretch = stretch + off[t] if counts else 0.0
        worst = max(worst, stretch)
    if worst < DIRECTION_LIMITS_M[0]:
        return 1.0
    return 0.5 if worst < DIRECTION_LIMITS_M[1] else 0.0


@njit(cache=True)
def lane_keeping(centre: np.ndarray, where: np.ndarray, path: Line) -> float:
    """0 after 20 states on end more than 0.5 m off the centreline; intersections do not count."""
    run, hint = 0, -1
    for t in range(len(centre)):
        if where[t] & 8:
            continue
        segment = segment_within(path, centre[t, 0], centre[t, 1], LANE_KEEPING_M, hint)
        if segment >= 0:
            run, hint = 0, segment
        else:
            run += 1
        if run >= LANE_KEEPING_STEPS:
            return 0.0
    return 1.0
