"""Boxes and squares against polygons. Shapes: a box is [4, 2] in the order FL, RL, RR, FR.

Touching counts as meeting. References: Shapely's ``intersects``, ``within`` and ``distance`` (in
the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.polygons import PolygonSet, contains
from drivewm.measures.proposals_contact import boxes_meet


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
def box_bounds(box: np.ndarray) -> tuple[float, float, float, float]:
    """Min x, min y, max x, max y of a box [4, 2]."""
    low_x = min(min(box[0, 0], box[1, 0]), min(box[2, 0], box[3, 0]))
    low_y = min(min(box[0, 1], box[1, 1]), min(box[2, 1], box[3, 1]))
    high_x = max(max(box[0, 0], box[1, 0]), max(box[2, 0], box[3, 0]))
    high_y = max(max(box[0, 1], box[1, 1]), max(box[2, 1], box[3, 1]))
    return low_x, low_y, high_x, high_y


@njit(cache=True)
def box_meets_rings(box: np.ndarray, polygons: PolygonSet, p: int) -> bool:
    """Does an edge of polygon ``p`` meet the filled box [4, 2]?"""
    low_x, low_y, high_x, high_y = box_bounds(box)
    edge = polygons.bounds[p]
    if edge[0] > high_x or edge[2] < low_x or edge[1] > high_y or edge[3] < low_y:
        return False
    for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i, 0], polygons.vertices[i, 1]
            bx, by = polygons.vertices[i + 1, 0], polygons.vertices[i + 1, 1]
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
    first, last = polygons.polygon_start[p], polygons.polygon_start[p + 1]
    best = np.inf  # squared; at most the distance from the box centre to a vertex
    for i in range(polygons.ring_start[first], polygons.ring_start[last]):
        dx, dy = polygons.vertices[i, 0] - x, polygons.vertices[i, 1] - y
        best = min(best, dx * dx + dy * dy)
    reach = math.sqrt(best) + radius
    for ring in range(first, last):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i, 0], polygons.vertices[i, 1]
            bx, by = polygons.vertices[i + 1, 0], polygons.vertices[i + 1, 1]
            if max(ax, bx) < x - reach or min(ax, bx) > x + reach:
                continue
            if max(ay, by) < y - reach or min(ay, by) > y + reach:
                continue
            before = best
            for c in range(4):
                d = (c + 1) % 4
                best = min(best, _squared(box[c, 0], box[c, 1], ax, ay, bx, by))
                best = min(best, _squared(ax, ay, box[c, 0], box[c, 1], box[d, 0], box[d, 1]))
            if best < before:
                reach = math.sqrt(best) + radius
    return math.sqrt(best)


@njit(cache=True)
def boxes_gap(
    dx: float, dy: float,  # from box a's centre to box b's
    cos_a: float, sin_a: float, long_a: float, wide_a: float,  # halves
    cos_b: float, sin_b: float, long_b: float, wide_b: float,
) -> float:  # fmt: skip
    """Distance between two oriented boxes in metres, 0 where they meet.

    Boxes that do not meet are nearest at a corner of one of them.
    """
    if boxes_meet(dx, dy, cos_a, sin_a, long_a, wide_a, cos_b, sin_b, long_b, wide_b):
        return 0.0
    one = _corners_to_box(dx, dy, cos_a, sin_a, long_a, wide_a, cos_b, sin_b, long_b, wide_b)
    two = _corners_to_box(-dx, -dy, cos_b, sin_b, long_b, wide_b, cos_a, sin_a, long_a, wide_a)
    return math.sqrt(min(one, two))


@njit(cache=True)
def _corners_to_box(
    dx: float, dy: float,
    cos_a: float, sin_a: float, long_a: float, wide_a: float,
    cos_b: float, sin_b: float, long_b: float, wide_b: float,
) -> float:  # fmt: skip
    """Squared distance of b's corners to the filled box a."""
    x, y = dx * cos_a + dy * sin_a, dy * cos_a - dx * sin_a  # of b's centre in a's frame
    cos, sin = cos_b * cos_a + sin_b * sin_a, sin_b * cos_a - cos_b * sin_a
    best = np.inf
    for ahead in (long_b, -long_b):
        for left in (wide_b, -wide_b):
            out_x = max(abs(x + ahead * cos - left * sin) - long_a, 0.0)
            out_y = max(abs(y + ahead * sin + left * cos) - wide_a, 0.0)
            best = min(best, out_x * out_x + out_y * out_y)
    return best


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
