"""Does the ego drive along its lanes? Shapes: T steps.

Definition: nuplan-devkit ``driving_direction_compliance.py``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.geometry.arc_search import nearest_arc
from drivewm.measures.lane_history import LaneHistory
from drivewm.measures.measure import Measure, register
from drivewm.measures.nuplan_road import NuplanRoad

DRIVING_DIRECTION = register(
    Measure(
        name="driving_direction",
        title="Driving direction",
        unit="m",
        better="higher",
        range=(0.0, 1.0),
        threshold=-2.0,
        source="nuPlan driving_direction_compliance",
        unseen="oncoming traffic off the lanes; the first two steps on every new lane",
    )
)
WINDOW_US = 1e6
COMPLIANT_M, VIOLATION_M = 2.0, 6.0


@njit(cache=True)
def lane_progress(road: NuplanRoad, points: np.ndarray, history: LaneHistory) -> np.ndarray:
    """Metres [T] gained since the step before along the lane's centreline, 0 off and on new lanes.

    ``points`` [T, >=2]. As in the reference a place right at the centreline's start counts as no
    progress.
    """
    steps = len(points)
    out = np.zeros(steps)
    lane = history.pool[history.first[0]] if history.held[0] > 0 else -1
    before, hint = np.nan, 0
    for t in range(steps):
        if history.held[t] == 0:
            continue
        now = history.pool[history.first[t]]
        if now != lane:
            lane, before = now, np.nan
            hint = road.line_first[now]
            continue
        arc_m, hint = nearest_arc(
            road.line_xy, road.line_arc_m, road.line_first[now], road.line_first[now + 1],
            points[t, 0], points[t, 1], hint,
        )  # fmt: skip
        if not np.isnan(before) and arc_m != 0.0:
            out[t] = arc_m - before
        before = arc_m
    return out


@njit(cache=True)
def window_sums(values: np.ndarray, times_us: np.ndarray) -> np.ndarray:
    """Sum [T] over each step and those of the second before it."""
    steps = len(values)
    out = np.zeros(steps)
    if steps < 2:
        return out
    back = int(WINDOW_US / ((times_us[-1] - times_us[0]) / (steps - 1)))
    for t in range(steps):
        total = 0.0
        for i in range(max(0, t - back), t + 1):
            total += values[i]
        out[t] = total
    return out


@njit(cache=True)
def driving_direction_score(series_m: np.ndarray) -> float:
    """1 below 2 m against the lane within a second, 0.5 below 6 m, else 0."""
    against_m = abs(series_m.min())
    if against_m < COMPLIANT_M:
        return 1.0
    return 0.5 if against_m < VIOLATION_M else 0.0
