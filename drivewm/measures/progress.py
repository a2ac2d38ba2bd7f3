"""Progress along the route, compared with the recorded ego. Shapes: T steps, P vertices.

Definition: nuplan-devkit ``ego_progress_along_expert_route.py`` and ``ego_is_making_progress.py``,
with the scene's route as the one progress line.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.geometry.polylines import arc_lengths, project_sequence, without_repeats
from drivewm.measures.measure import Measure, register

PROGRESS = register(
    Measure(
        name="progress",
        title="Progress relative to the recorded ego",
        unit="1",
        better="higher",
        range=(0.0, 1.0),
        threshold=0.2,
        source="nuPlan ego_progress_along_expert_route",
        unseen="whether the lane is right; more progress than the recorded ego's",
    )
)
MAKING_PROGRESS = register(
    Measure(
        name="making_progress",
        title="Making progress",
        unit="1",
        better="higher",
        range=(0.0, 1.0),
        threshold=0.2,
        source="nuPlan ego_is_making_progress",
        unseen="a recorded ego that stands still asks for none",
    )
)
STANDING_M = 2.0  # less progress than this counts as this much
MIN_SHARE = 0.2
BACK_M, AHEAD_M = 5.0, 15.0  # how far a 0.1 s step may move along the route


def along_route(route: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Arc length on the route [T] (metres) of the places [T, 2], followed in order."""
    line = without_repeats(route)
    if len(line) < 2:
        return np.zeros(len(places))
    arc_m = arc_lengths(line)
    return project_sequence(line, arc_m, np.ascontiguousarray(places), BACK_M, AHEAD_M)[0]


@njit(cache=True)
def progress_ratio(ego_m: float, expert_m: float) -> float:
    """Share of the expert's progress, 0..1; 0 for an ego that went back more than 2 m."""
    if ego_m < -STANDING_M:
        return 0.0
    return min(1.0, max(ego_m, STANDING_M) / max(expert_m, STANDING_M))


def making_progress(ratio: float) -> float:
    """1 from a fifth of the expert's progress on, else 0."""
    return float(ratio >= MIN_SHARE)
