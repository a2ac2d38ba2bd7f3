"""How much faster than allowed the ego drives. Shapes: T steps.

Definition: nuplan-devkit ``speed_limit_compliance.py``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.measures.lane_history import LaneHistory
from drivewm.measures.measure import Measure, register
from drivewm.measures.nuplan_road import NuplanRoad

SPEED_LIMIT = register(
    Measure(
        name="speed_limit",
        title="Speed limit",
        unit="m/s",
        better="lower",
        range=(0.0, 1.0),
        threshold=0.0,
        source="nuPlan speed_limit_compliance",
        unseen="lanes without a known limit; speeds that the traffic or the bend asks for",
    )
)
MAX_OVER_MPS = 2.23


@njit(cache=True)
def _largest(road: NuplanRoad, lanes: np.ndarray, best: float) -> float:
    for lane in lanes:
        limit = road.speed_limit_mps[lane]
        if np.isnan(limit) or limit == 0.0:
            return np.nan
        best = max(best, limit)
    return best


@njit(cache=True)
def limit_at(road: NuplanRoad, lanes: np.ndarray) -> float:
    """Limit in the lanes a step is in, NaN where one is missing.

    On connectors it is the largest limit of the lanes that lead to and from them.
    """
    if not road.is_connector[lanes[0]]:
        return _largest(road, lanes[:1], 0.0)
    best = 0.0
    for lane in lanes:
        after = road.next_lane[road.next_first[lane] : road.next_first[lane + 1]]
        before = road.previous_lane[road.previous_first[lane] : road.previous_first[lane + 1]]
        best = _largest(road, after, best)
        if not np.isnan(best):
            best = _largest(road, before, best)
        if np.isnan(best):
            return np.nan
    return best if best > 0.0 else np.nan


@njit(cache=True)
def overspeed(
    road: NuplanRoad, speed_mps: np.ndarray, history: LaneHistory
) -> tuple[np.ndarray, bool]:
    """Speed above the limit [T], at least 0, and whether any step had a limit."""
    out = np.zeros(len(speed_mps))
    any_limit = False
    limit, at, total = np.nan, -1, 0
    for t in range(len(speed_mps)):
        first, count = history.first[t], history.held[t]
        if count == 0:
            continue
        same = count == total and at >= 0
        for i in range(count if same else 0):
            same = same and history.pool[first + i] == history.pool[at + i]
        if not same:
            limit = limit_at(road, history.pool[first : first + count])
        at, total = first, count
        if not np.isnan(limit):
            any_limit = True
            out[t] = max(0.0, speed_mps[t] - limit)
    return out, any_limit


@njit(cache=True)
def speed_limit_score(over_mps: np.ndarray, times_us: np.ndarray) -> float:
    """One minus the share that the mean speed above the limit has of 2.23 m/s, at least 0."""
    steps = len(over_mps)
    duration_s = (times_us[-1] - times_us[0]) * 1e-6
    if duration_s <= 0.0:
        return 1.0
    step_s = (times_us[-1] - times_us[0]) / (steps - 1) * 1e-6
    return max(0.0, 1.0 - over_mps.sum() * step_s / (MAX_OVER_MPS * duration_s))
