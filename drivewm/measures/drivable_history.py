"""Does the ego stay on the drivable area, given the lanes it follows? Shapes: T steps.

Definition: nuplan-devkit ``drivable_area_compliance.py``: a corner is outside when it follows no
lane and is not in the drivable area; it violates when it is 0.3 m or more away from the drivable
area and from the lanes that the box centre follows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.geometry.strips import Strips, any_within, holds, within
from drivewm.measures.drivable import TOLERANCE_M
from drivewm.measures.lane_history import CornerHistory, LaneHistory
from drivewm.measures.nuplan_road import NuplanRoad


@njit(cache=True)
def _near(lanes: Strips, own: np.ndarray, drivable: Strips, x: float, y: float) -> bool:
    """Is a place within the tolerance of the drivable area or of one of the lanes ``own``?"""
    for lane in own:
        if within(lanes, lane, x, y, TOLERANCE_M):
            return True
    return any_within(drivable, x, y, TOLERANCE_M)


@njit(cache=True)
def leave_drivable(
    road: NuplanRoad,
    corners: np.ndarray,  # [T, 4, 2]
    corner_lanes: CornerHistory,
    centre_lanes: LaneHistory,
    outside: np.ndarray,  # bool [T], filled: some corner is outside
    violates: np.ndarray,  # bool [T], filled: some corner is far outside
) -> None:
    """Fills two flags per step."""
    drivable = road.drivable
    for t in range(len(corners)):
        outside[t] = violates[t] = False
        for c in range(4):
            x, y = corners[t, c, 0], corners[t, c, 1]
            inside = corner_lanes.held[t, c] > 0
            for p in range(0 if inside else len(drivable.bounds)):
                inside = inside or holds(drivable, p, x, y)
            if not inside:
                outside[t] = True
                first, count = centre_lanes.first[t], centre_lanes.held[t]
                lanes = centre_lanes.pool[first : first + count]
                violates[t] = violates[t] or not _near(road.lanes, lanes, drivable, x, y)
