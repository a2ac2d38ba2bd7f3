"""Kernels over two oriented boxes given by their corners [4, 2] in the order FL, RL, RR, FR.

Touching counts as overlap, as in Shapely's ``intersects``. References: Shapely (in the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def fill_corners(
    x: float, y: float, heading: float, length_m: float, width_m: float, out: np.ndarray
) -> None:
    """Writes the corners of the box centred at (x, y) into ``out`` [4, 2]."""
    cos, sin = math.cos(heading), math.sin(heading)
    lx, ly = cos * length_m / 2, sin * length_m / 2
    wx, wy = -sin * width_m / 2, cos * width_m / 2
    out[0, 0], out[0, 1] = x + lx + wx, y + ly + wy
    out[1, 0], out[1, 1] = x - lx + wx, y - ly + wy
    out[2, 0], out[2, 1] = x - lx - wx, y - ly - wy
    out[3, 0], out[3, 1] = x + lx - wx, y + ly - wy


@njit(cache=True)
def _separated(a: np.ndarray, b: np.ndarray, ux: float, uy: float) -> bool:
    """True if the projections of the point sets on the axis (ux, uy) are disjoint."""
    ox, oy = a[0, 0], a[0, 1]  # near origin: keeps precision at map-sized coordinates
    low_a = high_a = 0.0
    for i in range(1, a.shape[0]):
        value = (a[i, 0] - ox) * ux + (a[i, 1] - oy) * uy
        low_a, high_a = min(low_a, value), max(high_a, value)
    low_b = high_b = (b[0, 0] - ox) * ux + (b[0, 1] - oy) * uy
    for i in range(1, b.shape[0]):
        value = (b[i, 0] - ox) * ux + (b[i, 1] - oy) * uy
        low_b, high_b = min(low_b, value), max(high_b, value)
    return high_a < low_b or high_b < low_a


@njit(cache=True)
def boxes_overlap(a: np.ndarray, b: np.ndarray) -> bool:
    """Separating-axis test of two boxes; touching is overlap."""
    for box in (a, b):
        for other in (1, 3):
            if _separated(a, b, box[0, 0] - box[other, 0], box[0, 1] - box[other, 1]):
                return False
    return True


@njit(cache=True)
def segment_hits_box(segment: np.ndarray, box: np.ndarray) -> bool:
    """Does the segment [2, 2] meet the (filled) box? Touching counts."""
    nx, ny = segment[0, 1] - segment[1, 1], segment[1, 0] - segment[0, 0]
    if _separated(segment, box, nx, ny):
        return False
    for other in (1, 3):
        ux, uy = box[0, 0] - box[other, 0], box[0, 1] - box[other, 1]
        if _separated(segment, box, ux, uy):
            return False
    return True


@njit(cache=True)
def point_segment_distance(
    px: float, py: float, ax: float, ay: float, bx: float, by: float
) -> float:
    """Distance of the point p to the segment a-b, metres."""
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    along = 0.0
    if squared > 0.0:
        along = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / squared))
    return math.hypot(px - ax - along * dx, py - ay - along * dy)


@njit(cache=True)
def box_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Distance between two boxes in metres, 0 when they overlap."""
    if boxes_overlap(a, b):
        return 0.0
    best = np.inf
    for i in range(4):
        for j in range(4):
            k = (j + 1) % 4
            best = min(
                best,
                point_segment_distance(a[i, 0], a[i, 1], b[j, 0], b[j, 1], b[k, 0], b[k, 1]),
                point_segment_distance(b[i, 0], b[i, 1], a[j, 0], a[j, 1], a[k, 0], a[k, 1]),
            )
    return best
