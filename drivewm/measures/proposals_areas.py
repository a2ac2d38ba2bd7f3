"""The road under proposals: polygons cut into slabs, and what of the ego lies in which of them.

A slab is a band across the longer side of a polygon's bounds; a point is looked up among the edges
of its band only, which makes the even-odd test of a long lane a few comparisons.
Shapes: V vertices, E edges, S slabs, P polygons, T steps. Reference:
``geometry.polygons.contains`` and Shapely (in the tests).
"""

from __future__ import annotations

from enum import IntFlag
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.polygons import PolygonSet

MAX_SLABS = 64


class Ground(IntFlag):
    """What a polygon stands for."""

    LANE = 1  # a lane or a connector
    DRIVABLE = 2
    ROUTE = 4  # a lane of the route
    INTERSECTION = 8


class Where(IntFlag):
    """What holds for the ego at a step; the first three are NAVSIM's ``EgoAreaIndex``."""

    MULTIPLE_LANES = 1  # corners in more than one lane and not all four in one
    NON_DRIVABLE = 2  # a corner in no drivable polygon
    OFF_ROUTE = 4  # the box centre in no lane of the route ("oncoming traffic" of the reference)
    INTERSECTION = 8  # the box centre in an intersection


class Areas(NamedTuple):
    """P polygons, in the order of their source."""

    bounds: np.ndarray  # [P, 4] min x, min y, max x, max y
    kind: np.ndarray  # uint8 [P], Ground
    turned: np.ndarray  # bool [P]: bands of x, edges with x and y exchanged; else bands of y
    slab_first: np.ndarray  # int64 [P + 1]
    slabs_per_m: np.ndarray  # [P]
    edge_first: np.ndarray  # int64 [S + 1]
    edges: np.ndarray  # [E, 4] x, y of both ends; an edge stands in every slab that it meets


def areas(polygons: PolygonSet, kind: np.ndarray) -> Areas:
    """Cuts the polygons into slabs.

    Args:
        polygons: P polygons with holes.
        kind: [P] Ground flags.
    """
    bounds = np.ascontiguousarray(polygons.bounds)
    turned = bounds[:, 2] - bounds[:, 0] > bounds[:, 3] - bounds[:, 1]
    return Areas(bounds, np.asarray(kind, np.uint8), turned, *_cut(polygons, turned))


@njit(cache=True)
def _cut(
    polygons: PolygonSet, turned: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    count = len(polygons.bounds)
    slab_first, per_m = np.zeros(count + 1, np.int64), np.zeros(count)
    for p in range(count):
        first, last = polygons.polygon_start[p], polygons.polygon_start[p + 1]
        corners = polygons.ring_start[last] - polygons.ring_start[first] - (last - first)
        slabs = min(max(corners, 1), MAX_SLABS)
        axis = 0 if turned[p] else 1
        length = polygons.bounds[p, 2 + axis] - polygons.bounds[p, axis]
        per_m[p] = slabs / length if length > 0.0 else 0.0
        slab_first[p + 1] = slab_first[p] + slabs
    sizes = np.zeros(slab_first[count] + 1, np.int64)
    edges = np.zeros((0, 4))
    for filling in (False, True):  # count, then fill
        if filling:
            sizes = np.cumsum(sizes)
            edges = np.zeros((sizes[-1], 4))
        place = sizes.copy()
        for p in range(count):
            slabs, axis = slab_first[p + 1] - slab_first[p], 0 if turned[p] else 1
            low = polygons.bounds[p, axis]
            for ring in range(polygons.polygon_start[p], polygons.polygon_start[p + 1]):
                for i in range(polygons.ring_start[ring], polygons.ring_start[ring + 1] - 1):
                    a, b = polygons.vertices[i, axis], polygons.vertices[i + 1, axis]
                    begin = slab_first[p] + slab_of(min(a, b), low, per_m[p], slabs)
                    end = slab_first[p] + slab_of(max(a, b), low, per_m[p], slabs)
                    for s in range(begin, end + 1):
                        if filling:
                            edge = edges[place[s]]
                            edge[0], edge[1] = polygons.vertices[i, 1 - axis], a
                            edge[2], edge[3] = polygons.vertices[i + 1, 1 - axis], b
                            place[s] += 1
                        else:
                            sizes[s + 1] += 1
    return slab_first, per_m, sizes, edges


@njit(cache=True, inline="always")
def slab_of(value: float, low: float, per_m: float, slabs: int) -> int:
    """The band of a polygon in which a coordinate lies; monotone in it."""
    return min(max(int((value - low) * per_m), 0), slabs - 1)


@njit(cache=True)
def _odd(edges: np.ndarray, begin: int, end: int, x: float, y: float) -> bool:
    """Does the ray from (x, y) towards +x cross an odd number of the edges?"""
    odd = False
    for i in range(begin, end):  # without branches: which edges cross is hard to predict
        ax, ay, bx, by = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
        left = ((x - ax) * (by - ay) < (bx - ax) * (y - ay)) == (by > ay)
        odd ^= ((ay > y) != (by > y)) & left
    return odd


@njit(cache=True)
def contains(ground: Areas, p: int, x: float, y: float) -> bool:
    """Is (x, y) in polygon ``p`` and in none of its holes?"""
    bounds = ground.bounds
    if x < bounds[p, 0] or y < bounds[p, 1] or x > bounds[p, 2] or y > bounds[p, 3]:
        return False
    first, low = ground.slab_first[p], bounds[p, 1]
    if ground.turned[p]:
        x, y, low = y, x, bounds[p, 0]
    s = first + slab_of(y, low, ground.slabs_per_m[p], ground.slab_first[p + 1] - first)
    return _odd(ground.edges, ground.edge_first[s], ground.edge_first[s + 1], x, y)


@njit(cache=True)
def in_kind(ground: Areas, kind: int, x: float, y: float) -> bool:
    """Is (x, y) in a polygon that carries the flag?"""
    found = False
    for p in range(len(ground.kind)):
        found = found or (ground.kind[p] & kind != 0 and contains(ground, p, x, y))
    return found


@njit(cache=True)
def fill_where(
    corners: np.ndarray,  # [T, 5, 2] FL, RL, RR, FR, box centre
    ground: Areas,
    near: np.ndarray,  # int64 [P] scratch
    where: np.ndarray,  # uint8 [T], Where; written
) -> None:
    """What holds for the ego at each step."""
    bounds, kinds, edges, turned = ground.bounds, ground.kind, ground.edges, ground.turned
    slab_first, per_m, edge_first = ground.slab_first, ground.slabs_per_m, ground.edge_first
    count = _polygons_near(corners, bounds, near)
    for t in range(len(corners)):
        low_x, high_x, low_y, high_y = _extent(corners, t)
        touched, whole, covered, on_route, crossing = 0, False, 0, False, False
        for i in range(count):
            p = near[i]
            left, low, right, high = bounds[p, 0], bounds[p, 1], bounds[p, 2], bounds[p, 3]
            if high_x < left or high_y < low or low_x > right or low_y > high:
                continue
            kind = kinds[p]
            wants_corners = (kind & 1 and not whole) or (kind & 2 and covered != 15)
            wants_centre = (kind & 4 and not on_route) or (kind & 8 and not crossing)
            first, slabs, mask = slab_first[p], slab_first[p + 1] - slab_first[p], 0
            origin = left if turned[p] else low
            for k in range(0 if wants_corners else 4, 5 if wants_centre else 4):
                x, y = corners[t, k, 0], corners[t, k, 1]
                if x < left or y < low or x > right or y > high:
                    continue
                if turned[p]:
                    x, y = y, x
                s = first + slab_of(y, origin, per_m[p], slabs)
                if _odd(edges, edge_first[s], edge_first[s + 1], x, y):
                    mask |= 1 << k
            if kind & 1 and mask & 15:
                touched += 1
                whole = whole or (mask & 15) == 15
            if kind & 2:
                covered |= mask & 15
            if mask & 16:
                on_route = on_route or (kind & 4) != 0
                crossing = crossing or (kind & 8) != 0
        value = 1 if touched > 1 and not whole else 0
        value |= 2 if covered != 15 else 0
        value |= 4 if not on_route else 0
        where[t] = value | (8 if crossing else 0)


@njit(cache=True)
def _extent(corners: np.ndarray, t: int) -> tuple[float, float, float, float]:
    """Least and greatest x, then y, of the four corners at a step."""
    low_x = high_x = corners[t, 0, 0]
    low_y = high_y = corners[t, 0, 1]
    for k in range(1, 4):
        low_x, high_x = min(low_x, corners[t, k, 0]), max(high_x, corners[t, k, 0])
        low_y, high_y = min(low_y, corners[t, k, 1]), max(high_y, corners[t, k, 1])
    return low_x, high_x, low_y, high_y


@njit(cache=True)
def _polygons_near(corners: np.ndarray, bounds: np.ndarray, near: np.ndarray) -> int:
    """Fills ``near`` with the polygons whose bounds meet those of all corners; their number."""
    low_x = low_y = np.inf
    high_x = high_y = -np.inf
    for t in range(len(corners)):
        x0, x1, y0, y1 = _extent(corners, t)
        low_x, high_x, low_y, high_y = (
            min(low_x, x0), max(high_x, x1), min(low_y, y0), max(high_y, y1)
        )  # fmt: skip
    count = 0
    for p in range(len(bounds)):
        apart = low_x > bounds[p, 2] or high_x < bounds[p, 0]
        if not apart and low_y <= bounds[p, 3] and high_y >= bounds[p, 1]:
            near[count] = p
            count += 1
    return count
