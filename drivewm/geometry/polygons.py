"""Sets of polygons with holes as flat arrays, and kernels over them.

Shapes: V vertices, R rings, P polygons. References: Shapely (in the tests).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from shapely.geometry import MultiPolygon, Polygon

from drivewm.geometry.overlap import point_segment_distance


class PolygonSet(NamedTuple):
    """P polygons; rings are closed (last vertex repeats the first). Numba reads it as it is."""

    vertices: np.ndarray  # [V, 2]
    ring_start: np.ndarray  # int64 [R + 1], rings of all polygons one after the other
    polygon_start: np.ndarray  # int64 [P + 1], first ring of each polygon
    bounds: np.ndarray  # [P, 4] min x, min y, max x, max y


def pack(shapes: Iterable[Polygon | MultiPolygon]) -> PolygonSet:
    """Flattens Shapely polygons (the parts of a multi-polygon become polygons); empty ones go."""
    parts = shapely.get_parts(np.array(list(shapes), dtype=object))
    parts = parts[~shapely.is_empty(parts)]
    rings, owner = shapely.get_rings(parts, return_index=True)  # the exterior of each part first
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    return PolygonSet(
        np.ascontiguousarray(vertices, float),
        _starts(ring, len(rings)),
        _starts(owner, len(parts)),
        shapely.bounds(parts).reshape(-1, 4),
    )


def _starts(owner: np.ndarray, count: int) -> np.ndarray:
    """First item of each of ``count`` owners, and the end; ``owner`` rises."""
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))]).astype(np.int64)


@njit(cache=True)
def contains(polygons: PolygonSet, p: int, x: float, y: float) -> bool:
    """Is (x, y) inside polygon ``p`` and in none of its holes? (even-odd rule)"""
    box = polygons.bounds[p]
    if x < box[0] or y < box[1] or x > box[2] or y > box[3]:
        return False
    inside = False
    for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i]
            bx, by = polygons.vertices[i + 1]
            if (ay > y) != (by > y) and x - ax < (bx - ax) * (y - ay) / (by - ay):
                inside = not inside
    return inside


@njit(cache=True)
def boundary_distance(polygons: PolygonSet, p: int, x: float, y: float) -> float:
    """Distance of (x, y) to the rings of polygon ``p``, metres."""
    best = np.inf
    for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
        for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
            ax, ay = polygons.vertices[i]
            bx, by = polygons.vertices[i + 1]
            best = min(best, point_segment_distance(x, y, ax, ay, bx, by))
    return best


@njit(cache=True)
def distance(polygons: PolygonSet, p: int, x: float, y: float) -> float:
    """Distance of (x, y) to polygon ``p``, metres; 0 inside."""
    return 0.0 if contains(polygons, p, x, y) else boundary_distance(polygons, p, x, y)


@njit(cache=True)
def first_containing(polygons: PolygonSet, x: float, y: float) -> int:
    """Index of the first polygon that contains (x, y), or -1."""
    for p in range(len(polygons.bounds)):
        if contains(polygons, p, x, y):
            return p
    return -1


@njit(cache=True)
def nearest_distance(polygons: PolygonSet, x: float, y: float) -> float:
    """Distance of (x, y) to the nearest polygon of the set, metres; infinite for an empty set."""
    best = np.inf
    for p in range(len(polygons.bounds)):
        box = polygons.bounds[p]
        dx = max(box[0] - x, 0.0, x - box[2])
        dy = max(box[1] - y, 0.0, y - box[3])
        if dx * dx + dy * dy < best * best:
            best = min(best, distance(polygons, p, x, y))
    return best


@njit(cache=True)
def signed_margin(polygons: PolygonSet, x: float, y: float) -> float:
    """How far (x, y) is inside (+) or outside (-) of **disjoint** polygons, metres."""
    best, inside = np.inf, False
    for p in range(len(polygons.bounds)):
        box = polygons.bounds[p]
        dx = max(box[0] - x, 0.0, x - box[2])
        dy = max(box[1] - y, 0.0, y - box[3])
        if dx * dx + dy * dy < best * best:
            best = min(best, boundary_distance(polygons, p, x, y))
            inside = inside or contains(polygons, p, x, y)
    return best if inside else -best
