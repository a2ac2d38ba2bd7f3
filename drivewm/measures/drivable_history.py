"""Does the ego stay on the drivable area, given the lanes it follows? Shapes: T steps.

Definition: nuplan-devkit ``drivable_area_compliance.py``: a corner is outside when it follows no
lane and is not in the drivable area; it violates when it is 0.3 m or more away from the drivable
area and from the lanes that the box centre follows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.geometry.strips import any_holds, any_within, within
from drivewm.measures.drivable import TOLERANCE_M
from drivewm.measures.lane_history import CornerHistory, LaneHistory
from drivewm.measures.nuplan_road import NuplanRoad


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
    for t in range(len(corners)):
        outside[t] = violates[t] = False
        for c in range(4):
            x, y = corners[t, c, 0], corners[t, c, 1]
            if corner_lanes.count[t, c] > 0 or any_holds(road.drivable, x, y):
                continue
            outside[t] = True
            near = any_within(road.drivable, x, y, TOLERANCE_M)
            first = centre_lanes.first[t]
            for i in range(first, first + centre_lanes.count[t]):
                near = near or within(road.lanes, centre_lanes.pool[i], x, y, TOLERANCE_M)
            violates[t] = violates[t] or not near
