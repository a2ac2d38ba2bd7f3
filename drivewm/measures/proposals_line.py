"""The centreline under proposals, in blocks of segments. Shapes: P vertices, K blocks.

A block whose bounds are farther away than what is asked or found needs no look at its segments.
References: Shapely's ``project`` and ``distance`` (in the tests).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.polylines import arc_lengths

BLOCK = 8  # segments


class Line(NamedTuple):
    """A polyline; vertices may repeat."""

    xy: np.ndarray  # [P, 2]
    arc_m: np.ndarray  # [P]
    bounds: np.ndarray  # [K, 4] min x, min y, max x, max y of a block


def line(points: np.ndarray) -> Line:
    """The polyline [P, 2]; a single point, or none, is a line without segments (K = 0)."""
    xy = np.ascontiguousarray(points[:, :2], float)
    bounds = [
        np.concatenate([xy[i : i + BLOCK + 1].min(0), xy[i : i + BLOCK + 1].max(0)])
        for i in range(0, max(len(xy) - 1, 0), BLOCK)
    ]
    arc = arc_lengths(xy) if len(xy) else np.zeros(0)
    return Line(xy, arc, np.array(bounds, float).reshape(-1, 4))


@njit(cache=True)
def _block_distance2(box: np.ndarray, x: float, y: float) -> float:
    dx = max(max(box[0] - x, 0.0), x - box[2])
    dy = max(max(box[1] - y, 0.0), y - box[3])
    return dx * dx + dy * dy


@njit(cache=True)
def _segment(path: Line, i: int, x: float, y: float) -> tuple[float, float]:
    """(squared distance, share of the segment) of the place of segment ``i`` nearest to (x, y)."""
    ax, ay = path.xy[i, 0], path.xy[i, 1]
    ux, uy = path.xy[i + 1, 0] - ax, path.xy[i + 1, 1] - ay
    dx, dy = x - ax, y - ay
    squared = ux * ux + uy * uy
    share = 0.0
    if squared > 0.0:
        share = min(1.0, max(0.0, (dx * ux + dy * uy) / squared))
    ex, ey = dx - share * ux, dy - share * uy
    return ex * ex + ey * ey, share


@njit(cache=True)
def project(path: Line, x: float, y: float) -> float:
    """Arc length of the place nearest to (x, y); of equally near ones, the first."""
    best, arc = np.inf, 0.0
    last = len(path.xy) - 1
    for k in range(len(path.bounds)):
        if _block_distance2(path.bounds[k], x, y) >= best:
            continue
        for i in range(k * BLOCK, min(k * BLOCK + BLOCK, last)):
            squared, share = _segment(path, i, x, y)
            if squared < best:
                best = squared
                arc = path.arc_m[i] + share * (path.arc_m[i + 1] - path.arc_m[i])
    return arc


@njit(cache=True)
def segment_within(path: Line, x: float, y: float, limit_m: float, hint: int) -> int:
    """A segment at most ``limit_m`` from (x, y), or -1; ``hint`` is tried first."""
    limit2, last = limit_m * limit_m, len(path.xy) - 1
    if 0 <= hint < last and _segment(path, hint, x, y)[0] <= limit2:
        return hint
    for k in range(len(path.bounds)):
        if _block_distance2(path.bounds[k], x, y) > limit2:
            continue
        for i in range(k * BLOCK, min(k * BLOCK + BLOCK, last)):
            if _segment(path, i, x, y)[0] <= limit2:
                return i
    return -1
