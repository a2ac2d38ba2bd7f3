"""Polygons cut into horizontal strips, so that asking for a point looks at few edges.

Answers are those of :mod:`drivewm.geometry.polygons`, bit for bit: an edge is listed in every strip
that its y-range reaches, and an edge that does not reach a point's strip cannot be crossed by the
ray that the even-odd rule counts. Shapes: P polygons, S strips of all polygons, E listed edges.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.overlap import point_segment_distance
from drivewm.geometry.polygons import PolygonSet

EDGES_PER_STRIP = 3
MAX_STRIPS = 96


class Strips(NamedTuple):
    """A polygon set with its strips; Numba reads it as it is."""

    bounds: np.ndarray  # [P, 4] min x, min y, max x, max y
    strip_first: np.ndarray  # int64 [P + 1], first strip of each polygon
    per_m: np.ndarray  # [P] strips per metre of height
    edge_first: np.ndarray  # int64 [S + 1], first listed edge of each strip
    edges: np.ndarray  # [E, 4] ax, ay, bx, by


def cut(polygons: PolygonSet) -> Strips:
    """Strips of a packed set; about three edges each."""
    outline_first, outline = _outlines(polygons)
    counts = np.diff(outline_first)
    strips = np.clip(counts // EDGES_PER_STRIP, 1, MAX_STRIPS)
    heights = polygons.bounds[:, 3] - polygons.bounds[:, 1]
    per_m = np.where(heights > 0, strips / np.where(heights > 0, heights, 1.0), 0.0)
    strip_first = np.concatenate([[0], np.cumsum(strips)]).astype(np.int64)
    edge_first, edges = _list_edges(
        polygons.bounds, strip_first, per_m, outline_first, outline
    )  # fmt: skip
    return Strips(polygons.bounds, strip_first, per_m, edge_first, edges)


def _outlines(polygons: PolygonSet) -> tuple[np.ndarray, np.ndarray]:
    parts, first = [np.zeros((0, 4))], [0]
    for p in range(len(polygons.bounds)):
        total = 0
        for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
            line = polygons.vertices[polygons.ring_start[ring] : polygons.ring_start[ring + 1]]
            parts.append(np.concatenate([line[:-1], line[1:]], axis=1))
            total += len(line) - 1
        first.append(first[-1] + total)
    return np.array(first, np.int64), np.ascontiguousarray(np.concatenate(parts))


@njit(cache=True, inline="always")
def _strip(y: float, low: float, per_m: float, count: int) -> int:
    """Rises with y, so that a level between an edge's ends lies in one of the edge's strips."""
    return min(count - 1, max(0, int((y - low) * per_m)))


@njit(cache=True)
def _list_edges(
    bounds: np.ndarray,
    strip_first: np.ndarray,
    per_m: np.ndarray,
    outline_first: np.ndarray,
    outline: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    edge_first = np.zeros(strip_first[-1] + 1, np.int64)
    edges = np.zeros((0, 4))
    for fill in (False, True):
        if fill:
            edge_first[1:] = np.cumsum(edge_first[1:])
            edges = np.empty((edge_first[-1], 4))
            at = edge_first[:-1].copy()
        else:
            at = edge_first[1:]  # counts
        for p in range(len(bounds)):
            count = strip_first[p + 1] - strip_first[p]
            for e in range(outline_first[p], outline_first[p + 1]):
                low = _strip(min(outline[e, 1], outline[e, 3]), bounds[p, 1], per_m[p], count)
                high = _strip(max(outline[e, 1], outline[e, 3]), bounds[p, 1], per_m[p], count)
                for s in range(strip_first[p] + low, strip_first[p] + high + 1):
                    if fill:
                        edges[at[s]] = outline[e]
                    at[s] += 1
    return edge_first, edges


@njit(cache=True, inline="always")
def holds(strips: Strips, p: int, x: float, y: float) -> bool:
    """Is (x, y) inside polygon ``p`` and in none of its holes? (even-odd rule)"""
    if (
        x < strips.bounds[p, 0]
        or y < strips.bounds[p, 1]
        or x > strips.bounds[p, 2]
        or y > strips.bounds[p, 3]
    ):
        return False
    first = strips.strip_first[p]
    s = first + _strip(y, strips.bounds[p, 1], strips.per_m[p], strips.strip_first[p + 1] - first)
    inside = False
    for e in range(strips.edge_first[s], strips.edge_first[s + 1]):
        ay, by = strips.edges[e, 1], strips.edges[e, 3]
        if (ay > y) != (by > y):
            ax, bx = strips.edges[e, 0], strips.edges[e, 2]
            if x - ax < (bx - ax) * (y - ay) / (by - ay):
                inside = not inside
    return inside


@njit(cache=True)
def any_holds(strips: Strips, x: float, y: float) -> bool:
    """Is (x, y) inside a polygon of the set?"""
    found = False
    for p in range(len(strips.bounds)):
        found = found or holds(strips, p, x, y)
    return found


@njit(cache=True)
def within(strips: Strips, p: int, x: float, y: float, reach_m: float) -> bool:
    """Is (x, y) less than ``reach_m`` away from polygon ``p`` (0 inside)?"""
    dx = max(strips.bounds[p, 0] - x, 0.0, x - strips.bounds[p, 2])
    dy = max(strips.bounds[p, 1] - y, 0.0, y - strips.bounds[p, 3])
    if dx * dx + dy * dy >= reach_m * reach_m:
        return False
    if holds(strips, p, x, y):
        return reach_m > 0.0
    first, low = strips.strip_first[p], strips.bounds[p, 1]
    count = strips.strip_first[p + 1] - first
    begin = first + _strip(y - reach_m, low, strips.per_m[p], count)
    end = first + _strip(y + reach_m, low, strips.per_m[p], count)
    for e in range(strips.edge_first[begin], strips.edge_first[end + 1]):
        ax, bx = strips.edges[e, 0], strips.edges[e, 2]
        if min(ax, bx) < x + reach_m and max(ax, bx) > x - reach_m:
            ay, by = strips.edges[e, 1], strips.edges[e, 3]
            if point_segment_distance(x, y, ax, ay, bx, by) < reach_m:
                return True
    return False


@njit(cache=True)
def any_within(strips: Strips, x: float, y: float, reach_m: float) -> bool:
    """Is (x, y) less than ``reach_m`` away from a polygon of the set?"""
    found = False
    for p in range(len(strips.bounds)):
        found = found or within(strips, p, x, y, reach_m)
    return found
