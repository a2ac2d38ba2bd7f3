"""How far inside or outside of polygons a place is, by strips. Shapes: P polygons, Q places.

Reference: :func:`drivewm.geometry.polygons.signed_margin`, which looks at every edge.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.overlap import point_segment_distance
from drivewm.geometry.strips import Strips, holds


@njit(cache=True)
def _strip_distance(strips: Strips, s: int, x: float, y: float, best: float) -> float:
    """The least of ``best`` and the distances to the edges listed in strip ``s``."""
    for e in range(strips.edge_first[s], strips.edge_first[s + 1]):
        ax, ay, bx, by = strips.edges[e]
        dx = max(min(ax, bx) - x, 0.0, x - max(ax, bx))
        dy = max(min(ay, by) - y, 0.0, y - max(ay, by))
        if dx * dx + dy * dy < best * best:
            best = min(best, point_segment_distance(x, y, ax, ay, bx, by))
    return best


@njit(cache=True)
def outline_distance(strips: Strips, p: int, x: float, y: float, best: float) -> float:
    """The least of ``best`` and the distance to polygon ``p``'s outline: strips outwards from the
    place's own until they are farther away than that."""
    first, low = strips.strip_first[p], strips.bounds[p, 1]
    count, per_m = strips.strip_first[p + 1] - first, strips.per_m[p]
    own = min(count - 1, max(0, int((y - low) * per_m)))
    best = _strip_distance(strips, first + own, x, y, best)
    for side in (1, -1):
        s = own + side
        while 0 <= s < count:
            edge_y = low + (s if side > 0 else s + 1) / per_m  # of the strip, on the place's side
            if side * (edge_y - y) > best:
                break
            best = _strip_distance(strips, first + s, x, y, best)
            s += side
    return best


@njit(cache=True)
def margin(strips: Strips, x: float, y: float) -> float:
    """How far (x, y) is inside (+) or outside (-) of **disjoint** polygons, metres."""
    best, inside = np.inf, False
    for p in range(len(strips.bounds)):
        dx = max(strips.bounds[p, 0] - x, 0.0, x - strips.bounds[p, 2])
        dy = max(strips.bounds[p, 1] - y, 0.0, y - strips.bounds[p, 3])
        if math.hypot(dx, dy) < best:
            best = outline_distance(strips, p, x, y, best)
            inside = inside or holds(strips, p, x, y)
    return best if inside else -best


@njit(cache=True)
def least_margins(strips: Strips, corners: np.ndarray, out: np.ndarray) -> None:
    """The least margin of the corners [T, C, 2] of every step, into ``out`` [T]."""
    for t in range(len(corners)):
        out[t] = np.inf
        for c in range(corners.shape[1]):
            out[t] = min(out[t], margin(strips, corners[t, c, 0], corners[t, c, 1]))
