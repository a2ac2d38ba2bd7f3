"""The corridor in which a proposal looks for a lead. Shapes: K paths, M outline vertices, D blocks.

Definition: tuplan_garage ``PDMGenerator._get_driving_corridor`` and ``PDMPath.substring``. GEOS
unites the areas that a buffer's outline winds around; what is asked here (does a shape meet it,
does it hold a point) can be read off the outline itself. References: Shapely's ``buffer`` and
``intersects`` (in the tests).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.corridors import QUANTUM_RAD, corridor_ring
from drivewm.geometry.polygons import PolygonSet, contains
from drivewm.geometry.rings import bounds_gap, segments_meet
from drivewm.planners.pdm_path import BLOCK, Paths
from drivewm.planners.pdm_shapes import edge_meets_box


class Corridors(NamedTuple):
    """Outlines of K corridors and what building them needs; rewritten at every plan."""

    outline: np.ndarray  # [K, M, 2], closed, clockwise
    used: np.ndarray  # int64 [K] vertices of the outline
    boxes: np.ndarray  # [K, D, 4] of BLOCK outline edges each
    bounds: np.ndarray  # [K, 4]
    line: np.ndarray  # [P + 2, 2] scratch


def empty_corridors(paths: Paths) -> Corridors:
    """Room for the corridors of any stretch of the paths."""
    count, vertices = paths.arc_m.shape
    room = max(_capacity(path) for path in paths.poses)
    return Corridors(
        outline=np.zeros((count, room, 2)), used=np.zeros(count, np.int64),
        boxes=np.zeros((count, room // BLOCK + 1, 4)), bounds=np.zeros((count, 4)),
        line=np.zeros((vertices + 2, 2)),
    )  # fmt: skip


def _capacity(poses: np.ndarray) -> int:
    """Vertices that the outline of any part of a path can have."""
    steps = np.diff(poses[:, :2], axis=0)
    steps = steps[np.hypot(*steps.T) > 0]
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    joins = math.ceil(np.abs(np.diff(headings)).sum() / QUANTUM_RAD)
    return 2 * (5 * (len(poses) + 2) + joins) + 32


@njit(cache=True)
def build_corridor(
    corridors: Corridors, paths: Paths, k: int, from_m: float, to_m: float, radius_m: float
) -> None:
    """Rebuilds corridor ``k`` around the part [from_m, to_m] of its path."""
    n = _stretch(paths, k, from_m, to_m, corridors.line)
    outline = corridors.outline[k]
    if n > 1:
        count = corridor_ring(corridors.line, n, radius_m, True, True, outline)
        outline[count, 0], outline[count, 1] = outline[0, 0], outline[0, 1]
        count += 1
    else:
        count = _square(corridors.line[0, 0], corridors.line[0, 1], radius_m, outline)
    corridors.used[k] = count
    bounds = corridors.bounds[k]
    bounds[0], bounds[1], bounds[2], bounds[3] = np.inf, np.inf, -np.inf, -np.inf
    for d in range((count - 2) // BLOCK + 1):
        box = corridors.boxes[k, d]
        box[0], box[1], box[2], box[3] = np.inf, np.inf, -np.inf, -np.inf
        for i in range(d * BLOCK, min((d + 1) * BLOCK + 1, count)):
            box[0], box[1] = min(box[0], outline[i, 0]), min(box[1], outline[i, 1])
            box[2], box[3] = max(box[2], outline[i, 0]), max(box[3], outline[i, 1])
        bounds[0], bounds[1] = min(bounds[0], box[0]), min(bounds[1], box[1])
        bounds[2], bounds[3] = max(bounds[2], box[2]), max(bounds[3], box[3])


@njit(cache=True)
def _square(x: float, y: float, radius: float, out: np.ndarray) -> int:
    """A buffered point."""
    for i, (sx, sy) in enumerate(((1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0))):
        out[i, 0], out[i, 1] = x + sx * radius, y + sy * radius
    return 5


@njit(cache=True)
def _stretch(paths: Paths, k: int, from_m: float, to_m: float, out: np.ndarray) -> int:
    """Writes the path's vertices within [from_m, to_m]; exact ends only if fewer than two are."""
    poses, arc_m = paths.poses[k], paths.arc_m[k]
    total = arc_m[-1]
    from_m, to_m = min(max(from_m, 0.0), total), min(max(to_m, 0.0), total)
    n = inside = 0
    for i in range(len(arc_m)):
        if from_m <= arc_m[i] <= to_m:
            inside += 1
            n = _append(poses[i, 0], poses[i, 1], out, n)
    if inside > 1:
        return n
    n = _append_place(poses, arc_m, from_m, out, 0)
    if from_m < to_m:
        for i in range(len(arc_m)):
            if from_m < arc_m[i] < to_m:
                n = _append(poses[i, 0], poses[i, 1], out, n)
        n = _append_place(poses, arc_m, to_m, out, n)
    return n


@njit(cache=True)
def _append_place(
    poses: np.ndarray, arc_m: np.ndarray, at_m: float, out: np.ndarray, n: int
) -> int:
    """Appends the place at an arc length within the path."""
    i = 0
    while i < len(arc_m) - 2 and arc_m[i + 1] <= at_m:
        i += 1
    length = arc_m[i + 1] - arc_m[i]
    share = (at_m - arc_m[i]) / length if length > 0.0 else 0.0
    x = poses[i, 0] + share * (poses[i + 1, 0] - poses[i, 0])
    return _append(x, poses[i, 1] + share * (poses[i + 1, 1] - poses[i, 1]), out, n)


@njit(cache=True)
def _append(x: float, y: float, out: np.ndarray, n: int) -> int:
    if n > 0 and out[n - 1, 0] == x and out[n - 1, 1] == y:
        return n
    out[n, 0], out[n, 1] = x, y
    return n + 1


@njit(cache=True)
def _apart(a: np.ndarray, b: np.ndarray) -> bool:
    return a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


@njit(cache=True)
def corridor_clearance(corridors: Corridors, k: int, box: np.ndarray, bounds: np.ndarray) -> float:
    """Negative where corridor ``k`` meets the convex shape [4, 2] (bounds [4] given; touching
    counts); else a distance in metres by which the shape may move without meeting it."""
    if _apart(corridors.bounds[k], bounds):
        return bounds_gap(corridors.bounds[k], bounds)
    outline, count = corridors.outline[k], corridors.used[k]
    blocks, nearest = corridors.boxes, np.inf  # squared
    for d in range((count - 2) // BLOCK + 1):
        dx = max(max(blocks[k, d, 0] - bounds[2], bounds[0] - blocks[k, d, 2]), 0.0)
        dy = max(max(blocks[k, d, 1] - bounds[3], bounds[1] - blocks[k, d, 3]), 0.0)
        nearest = min(nearest, dx * dx + dy * dy)
        if dx > 0.0 or dy > 0.0:
            continue
        for i in range(d * BLOCK, min((d + 1) * BLOCK, count - 1)):
            if _edge_meets_box(outline, i, box, bounds):
                return -1.0
    return -1.0 if corridor_holds(corridors, k, box[0, 0], box[0, 1]) else math.sqrt(nearest)


@njit(cache=True)
def _edge_meets_box(outline: np.ndarray, i: int, box: np.ndarray, bounds: np.ndarray) -> bool:
    ax, ay, bx, by = outline[i, 0], outline[i, 1], outline[i + 1, 0], outline[i + 1, 1]
    if max(ax, bx) < bounds[0] or min(ax, bx) > bounds[2]:
        return False
    if max(ay, by) < bounds[1] or min(ay, by) > bounds[3]:
        return False
    return edge_meets_box(ax, ay, bx, by, box)


@njit(cache=True)
def corridor_holds(corridors: Corridors, k: int, x: float, y: float) -> bool:
    """Does the outline of corridor ``k`` wind clockwise around (x, y)?"""
    outline, count = corridors.outline[k], corridors.used[k]
    blocks, winding = corridors.boxes, 0
    for d in range((count - 2) // BLOCK + 1):
        if blocks[k, d, 3] < y or blocks[k, d, 1] > y or blocks[k, d, 2] < x:
            continue
        for i in range(d * BLOCK, min((d + 1) * BLOCK, count - 1)):
            ay, by = outline[i, 1], outline[i + 1, 1]
            if (ay > y) == (by > y):
                continue
            ax, bx = outline[i, 0], outline[i + 1, 0]
            if x - ax < (bx - ax) * (y - ay) / (by - ay):
                winding += 1 if by > ay else -1
    return winding < 0


@njit(cache=True)
def corridor_meets_polygon(corridors: Corridors, k: int, polygons: PolygonSet, p: int) -> bool:
    """Does corridor ``k`` meet polygon ``p``? Touching counts."""
    bounds = polygons.bounds[p]
    if _apart(corridors.bounds[k], bounds):
        return False
    outline, count = corridors.outline[k], corridors.used[k]
    if contains(polygons, p, outline[0, 0], outline[0, 1]):
        return True
    first, last = polygons.polygon_start[p], polygons.polygon_start[p + 1]
    vertex = polygons.vertices[polygons.ring_start[first]]
    if corridor_holds(corridors, k, vertex[0], vertex[1]):
        return True
    for d in range((count - 2) // BLOCK + 1):
        if _apart(corridors.boxes[k, d], bounds):
            continue
        for i in range(d * BLOCK, min((d + 1) * BLOCK, count - 1)):
            for ring in range(first, last):
                for j in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
                    if _edges_meet(outline, i, polygons.vertices, j):
                        return True
    return False


@njit(cache=True)
def _edges_meet(a: np.ndarray, i: int, b: np.ndarray, j: int) -> bool:
    return segments_meet(
        a[i, 0], a[i, 1], a[i + 1, 0], a[i + 1, 1], b[j, 0], b[j, 1], b[j + 1, 0], b[j + 1, 1]
    )
