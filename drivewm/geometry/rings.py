"""Kernels over simple polygons given as rings of points. Shapes: A, B points of two rings.

A ring is closed implicitly and may run either way round; only its first n points count. Touching
counts as meeting. References: Shapely's ``intersects`` and ``distance`` (in the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def ring_bounds(ring: np.ndarray, count: int, out: np.ndarray) -> None:
    """Writes min x, min y, max x, max y into ``out`` [4]."""
    out[0], out[1], out[2], out[3] = ring[0, 0], ring[0, 1], ring[0, 0], ring[0, 1]
    for i in range(1, count):
        x, y = ring[i, 0], ring[i, 1]
        out[0], out[1] = min(out[0], x), min(out[1], y)
        out[2], out[3] = max(out[2], x), max(out[3], y)


@njit(cache=True)
def bounds_gap(a: np.ndarray, b: np.ndarray) -> float:
    """Distance between two axis-parallel rectangles [4]; 0 where they meet."""
    dx = max(a[0] - b[2], b[0] - a[2], 0.0)
    dy = max(a[1] - b[3], b[1] - a[3], 0.0)
    return math.sqrt(dx * dx + dy * dy)


@njit(cache=True)
def ring_contains(ring: np.ndarray, count: int, x: float, y: float) -> bool:
    """Is (x, y) inside? (even-odd rule; the boundary counts on one side only)"""
    inside = False
    ax, ay = ring[count - 1, 0], ring[count - 1, 1]
    for i in range(count):
        bx, by = ring[i, 0], ring[i, 1]
        if (ay > y) != (by > y) and x - ax < (bx - ax) * (y - ay) / (by - ay):
            inside = not inside
        ax, ay = bx, by
    return inside


@njit(cache=True)
def segments_meet(ax, ay, bx, by, cx, cy, dx, dy):
    """Do the segments a-b and c-d share a point?"""
    if (
        max(ax, bx) < min(cx, dx)
        or max(cx, dx) < min(ax, bx)
        or max(ay, by) < min(cy, dy)
        or max(cy, dy) < min(ay, by)
    ):
        return False
    c_side = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    d_side = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    if (c_side > 0.0 and d_side > 0.0) or (c_side < 0.0 and d_side < 0.0):
        return False
    a_side = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    b_side = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    return not ((a_side > 0.0 and b_side > 0.0) or (a_side < 0.0 and b_side < 0.0))


@njit(cache=True)
def rings_meet(
    a: np.ndarray, a_count: int, a_bounds: np.ndarray,
    b: np.ndarray, b_count: int, b_bounds: np.ndarray,
) -> bool:  # fmt: skip
    """Do two filled rings share a point?"""
    if bounds_gap(a_bounds, b_bounds) > 0.0:
        return False
    low_x, low_y = b_bounds[0], b_bounds[1]
    high_x, high_y = b_bounds[2], b_bounds[3]
    px, py = a[a_count - 1, 0], a[a_count - 1, 1]
    for i in range(a_count):
        qx, qy = a[i, 0], a[i, 1]
        outside = (
            max(px, qx) < low_x or min(px, qx) > high_x
            or max(py, qy) < low_y or min(py, qy) > high_y
        )  # fmt: skip
        if not outside:
            rx, ry = b[b_count - 1, 0], b[b_count - 1, 1]
            for j in range(b_count):
                sx, sy = b[j, 0], b[j, 1]
                if segments_meet(px, py, qx, qy, rx, ry, sx, sy):
                    return True
                rx, ry = sx, sy
        px, py = qx, qy
    return ring_contains(a, a_count, b[0, 0], b[0, 1]) or ring_contains(
        b, b_count, a[0, 0], a[0, 1]
    )


@njit(cache=True)
def _squared(px, py, ax, ay, bx, by):
    """Squared distance of the point p to the segment a-b."""
    dx, dy = bx - ax, by - ay
    wx, wy = px - ax, py - ay
    squared = dx * dx + dy * dy
    along = 0.0
    if squared > 0.0:
        along = min(1.0, max(0.0, (wx * dx + wy * dy) / squared))
    ex, ey = wx - along * dx, wy - along * dy
    return ex * ex + ey * ey


@njit(cache=True)
def ring_distance(
    a: np.ndarray, a_count: int, a_bounds: np.ndarray,
    b: np.ndarray, b_count: int, b_bounds: np.ndarray,
) -> float:  # fmt: skip
    """Distance between two filled rings in metres, 0 where they meet."""
    if rings_meet(a, a_count, a_bounds, b, b_count, b_bounds):
        return 0.0
    best = np.inf
    px, py = a[a_count - 1, 0], a[a_count - 1, 1]
    for i in range(a_count):
        qx, qy = a[i, 0], a[i, 1]
        gap_x = max(min(px, qx) - b_bounds[2], b_bounds[0] - max(px, qx), 0.0)
        gap_y = max(min(py, qy) - b_bounds[3], b_bounds[1] - max(py, qy), 0.0)
        if gap_x * gap_x + gap_y * gap_y < best:
            rx, ry = b[b_count - 1, 0], b[b_count - 1, 1]
            for j in range(b_count):
                sx, sy = b[j, 0], b[j, 1]
                gap_x = max(min(px, qx) - max(rx, sx), min(rx, sx) - max(px, qx), 0.0)
                gap_y = max(min(py, qy) - max(ry, sy), min(ry, sy) - max(py, qy), 0.0)
                if gap_x * gap_x + gap_y * gap_y < best:
                    # Ends of one segment to the other suffice: every point is the end of two.
                    best = min(best, _squared(qx, qy, rx, ry, sx, sy))
                    best = min(best, _squared(sx, sy, px, py, qx, qy))
                rx, ry = sx, sy
        px, py = qx, qy
    return math.sqrt(best)
