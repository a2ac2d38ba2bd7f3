"""Boxes and squares against polygons. Shapes: a box is [4, 2] in the order FL, RL, RR, FR.

Touching counts as meeting. References: Shapely's ``intersects``, ``within`` and ``distance`` (in
the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.polygons import PolygonSet, contains


@njit(cache=True)
def square_meets(polygons: PolygonSet, p: int, x: float, y: float, half_m: float) -> bool:
    """Does polygon ``p`` meet the axis-aligned square around (x, y)? Touching counts."""
    low_x, low_y, high_x, high_y = x - half_m, y - half_m, x + half_m, y + half_m
    box = polygons.bounds[p]
    if box[2] < low_x or box[0] > high_x or box[3] < low_y or box[1] > high_y:
        return False
    if box[0] >= low_x and box[2] <= high_x and box[1] >= low_y and box[3] <= high_y:
        return True
    for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i, 0] - x, polygons.vertices[i, 1] - y
            bx, by = polygons.vertices[i + 1, 0] - x, polygons.vertices[i + 1, 1] - y
            if min(ax, bx) > half_m or max(ax, bx) < -half_m:
                continue
            if min(ay, by) > half_m or max(ay, by) < -half_m:
                continue
            reach = half_m * (abs(bx - ax) + abs(by - ay))
            if abs(ax * by - ay * bx) <= reach:
                return True
    return contains(polygons, p, x, y)


@njit(cache=True)
def edge_meets_box(ax: float, ay: float, bx: float, by: float, box: np.ndarray) -> bool:
    """Does the segment a-b meet the filled box [4, 2]? Touching counts."""
    for other in (1, 3):  # the two axes of the box
        ux, uy = box[other, 0] - box[0, 0], box[other, 1] - box[0, 1]
        size2 = ux * ux + uy * uy
        a = (ax - box[0, 0]) * ux + (ay - box[0, 1]) * uy
        b = (bx - box[0, 0]) * ux + (by - box[0, 1]) * uy
        if max(a, b) < 0.0 or min(a, b) > size2:
            return False
    low = high = 0.0  # the normal of the edge, measured from its begin
    for c in range(4):
        side = (bx - ax) * (box[c, 1] - ay) - (by - ay) * (box[c, 0] - ax)
        low, high = (side, side) if c == 0 else (min(low, side), max(high, side))
    return low <= 0.0 <= high


@njit(cache=True)
def box_meets_rings(box: np.ndarray, polygons: PolygonSet, p: int) -> bool:
    """Does an edge of polygon ``p`` meet the filled box [4, 2]?"""
    low_x, high_x = min(box[:, 0]), max(box[:, 0])
    low_y, high_y = min(box[:, 1]), max(box[:, 1])
    for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i]
            bx, by = polygons.vertices[i + 1]
            if max(ax, bx) < low_x or min(ax, bx) > high_x:
                continue
            if max(ay, by) < low_y or min(ay, by) > high_y:
                continue
            if edge_meets_box(ax, ay, bx, by, box):
                return True
    return False


@njit(cache=True)
def box_within(box: np.ndarray, polygons: PolygonSet, p: int) -> bool:
    """Is the box [4, 2] wholly inside polygon ``p``?"""
    for c in range(4):
        if not contains(polygons, p, box[c, 0], box[c, 1]):
            return False
    return not box_meets_rings(box, polygons, p)


@njit(cache=True)
def box_polygon_distance(box: np.ndarray, polygons: PolygonSet, p: int) -> float:
    """Distance between the box [4, 2] and polygon ``p`` in metres, 0 where they meet."""
    if contains(polygons, p, box[0, 0], box[0, 1]) or box_meets_rings(box, polygons, p):
        return 0.0
    x, y = (box[0, 0] + box[2, 0]) / 2, (box[0, 1] + box[2, 1]) / 2
    radius = math.hypot(box[0, 0] - x, box[0, 1] - y)
    best = np.inf  # squared
    for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i]
            bx, by = polygons.vertices[i + 1]
            reach = math.sqrt(best) + radius
            if _squared(x, y, ax, ay, bx, by) > reach * reach:
                continue
            for c in range(4):
                d = (c + 1) % 4
                best = min(best, _squared(box[c, 0], box[c, 1], ax, ay, bx, by))
                best = min(best, _squared(ax, ay, box[c, 0], box[c, 1], box[d, 0], box[d, 1]))
    return math.sqrt(best)


@njit(cache=True)
def _squared(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance of the point p to the segment a-b."""
    dx, dy, ex, ey = bx - ax, by - ay, px - ax, py - ay
    length2 = dx * dx + dy * dy
    share = 0.0
    if length2 > 0.0:
        share = min(1.0, max(0.0, (ex * dx + ey * dy) / length2))
    ex, ey = ex - share * dx, ey - share * dy
    return ex * ex + ey * ey
