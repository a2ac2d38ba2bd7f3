"""Which lanes the ego is in. Shapes: T steps, L lanes (with polygons)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from shapely.geometry import Polygon

from drivewm.geometry.polygons import PolygonSet, contains, first_containing, pack
from drivewm.measures.collision import LaneFlag
from drivewm.scene import RoadMap
from drivewm.scene.once import once_per_map


@dataclass(frozen=True, kw_only=True)
class LaneLayout:
    """Lanes and connectors of a map as arrays, and its intersections."""

    lanes: PolygonSet  # L
    follows: np.ndarray  # bool [L, L]: lane j continues lane i
    intersections: PolygonSet

    @classmethod
    def of_map(cls, road_map: RoadMap) -> LaneLayout | None:
        """None when the map has no lane graph or no lane polygons."""
        return _layout(road_map)


@once_per_map
def _layout(road_map: RoadMap) -> LaneLayout | None:
    lanes = [lane for lane in road_map.lanes if lane.polygon is not None and not lane.is_bike]
    if not road_map.has_lane_graph or not lanes:
        return None
    row = {lane.id: i for i, lane in enumerate(lanes)}
    follows = np.zeros((len(lanes), len(lanes)), bool)
    for i, lane in enumerate(lanes):
        for successor in lane.successors:
            if successor in row:
                follows[i, row[successor]] = True
    return LaneLayout(
        lanes=pack([_largest(lane.polygon) for lane in lanes]), follows=follows,
        intersections=pack(road_map.intersections),
    )  # fmt: skip


def _largest(shape: Any) -> Polygon:
    """One part per lane, so that a polygon's index is its lane's."""
    return max(getattr(shape, "geoms", [shape]), key=lambda part: part.area)


@njit(cache=True)
def _in_common(
    corners: np.ndarray,  # [T, 4, 2] FL, RL, RR, FR
    lanes: PolygonSet,
    follows: np.ndarray,  # [L, L]
    out: np.ndarray,  # int8 [T]
) -> None:
    count = len(lanes.bounds)
    held = np.zeros((count, 4), np.bool_)
    near = np.zeros(count, np.int64)
    for t in range(len(corners)):
        found = 0
        for lane in range(count):
            any_corner = False
            for c in range(4):
                held[lane, c] = contains(lanes, lane, corners[t, c, 0], corners[t, c, 1])
                any_corner = any_corner or held[lane, c]
            if any_corner:
                near[found] = lane
                found += 1
        out[t] = 0
        for a in near[:found]:
            if not (held[a, 1] or held[a, 2]):  # the lane a rear wheel is in comes first
                continue
            common = True
            for c in range(4):
                holds = held[a, c]
                for b in near[:found]:
                    holds = holds or (follows[a, b] and held[b, c])
                common = common and holds
            if common:
                out[t] = 1


def lane_flags(corners: np.ndarray, layout: LaneLayout | None) -> np.ndarray:
    """LaneFlag [T]: are all corners in one lane, or in it and lanes that continue it?

    nuPlan also narrows a corner's lanes by those it was in before; that is left out here (three
    of 58,378 reference steps differ).

    Args:
        corners: [T, 4, 2] of the ego box.
        layout: the lanes, or None when there is no lane graph (all UNKNOWN).
    """
    if layout is None:
        return np.full(len(corners), LaneFlag.UNKNOWN, np.int8)
    out = np.empty(len(corners), np.int8)
    _in_common(np.ascontiguousarray(corners), layout.lanes, layout.follows, out)
    return out


@njit(cache=True)
def _inside_any(points: np.ndarray, polygons: PolygonSet, out: np.ndarray) -> None:
    for t in range(len(points)):
        out[t] = first_containing(polygons, points[t, 0], points[t, 1]) >= 0


def in_intersection(points: np.ndarray, layout: LaneLayout | None) -> np.ndarray:
    """bool [T]: which of the points [T, 2] lie in an intersection; all False without lanes."""
    out = np.zeros(len(points), bool)
    if layout is not None:
        _inside_any(np.ascontiguousarray(points), layout.intersections, out)
    return out
