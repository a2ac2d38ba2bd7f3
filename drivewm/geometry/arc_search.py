"""Nearest place on a polyline that is asked again and again by a point that moves little.

Reference: Shapely's ``LineString.project`` (in the tests). Shapes: P vertices.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SLACK_M = 1e-6  # keeps equally near places in the race, so that the first of them wins


@njit(cache=True)
def _squared(xy: np.ndarray, i: int, x: float, y: float) -> tuple[float, float]:
    """Squared distance to segment i -> i + 1 and the share of it at the nearest place."""
    dx, dy = xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]
    px, py = x - xy[i, 0], y - xy[i, 1]
    length = dx * dx + dy * dy
    share = 0.0
    if length > 0.0:
        share = min(1.0, max(0.0, (px * dx + py * dy) / length))
    ex, ey = px - share * dx, py - share * dy
    return ex * ex + ey * ey, share


@njit(cache=True)
def nearest_arc(
    xy: np.ndarray,  # [>=stop, 2]
    arc_m: np.ndarray,  # [>=stop]
    first: int,
    stop: int,
    x: float,
    y: float,
    hint: int,
) -> tuple[float, int]:
    """Arc length of the nearest place on the line of vertices first..stop-1, and its segment.

    ``hint`` is a segment to look at first (any one): the nearer, the faster. A place at arc length
    s is at least D - |s - s_i| away when vertex i is D away, so whole stretches are skipped.
    """
    if stop - first < 2:
        return 0.0, first
    hint = min(stop - 2, max(first, hint))
    bound = math.sqrt(_squared(xy, hint, x, y)[0]) + SLACK_M
    best, best_arc, best_segment = np.inf, 0.0, first
    i = first
    while i < stop - 1:
        gap_x, gap_y = x - xy[i, 0], y - xy[i, 1]
        spare = math.sqrt(gap_x * gap_x + gap_y * gap_y) - bound
        if spare > arc_m[i + 1] - arc_m[i]:
            goal = arc_m[i] + spare
            if goal >= arc_m[stop - 1]:
                break
            low, high = i + 1, stop - 1  # the last vertex at or before the goal
            while high - low > 1:
                middle = (low + high) // 2
                if arc_m[middle] <= goal:
                    low = middle
                else:
                    high = middle
            i = low
            continue
        squared, share = _squared(xy, i, x, y)
        if squared < best:
            best, best_segment = squared, i
            best_arc = arc_m[i] + share * (arc_m[i + 1] - arc_m[i])
            bound = min(bound, math.sqrt(best) + SLACK_M)
        i += 1
    return best_arc, best_segment
