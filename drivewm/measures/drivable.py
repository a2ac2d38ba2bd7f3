"""Does the ego stay on the drivable area? Shapes: T steps, P polygons.

Definition: nuplan-devkit ``drivable_area_compliance.py``: a corner that is in no lane and not in
the drivable area, and 0.3 m or more away from both, is a violation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from shapely.geometry import Polygon

from drivewm.geometry.polygons import (
    PolygonSet,
    contains,
    distance,
    first_containing,
    nearest_distance,
    pack,
    signed_margin,
)
from drivewm.measures.measure import Measure, register
from drivewm.scene import RoadMap

DRIVABLE = register(
    Measure(
        name="drivable_area",
        title="Drivable area",
        unit="m",
        better="higher",
        range=(0.0, 1.0),
        threshold=-0.3,
        source="nuPlan drivable_area_compliance",
        unseen="kerbs and height; roads the map leaves out",
    )
)
TOLERANCE_M = 0.3
REACH_M = 60.0  # the map further than this from every ego pose cannot matter


@dataclass(frozen=True, kw_only=True)
class DrivableArea:
    """The part of a map's drivable area near a drive."""

    lanes: PolygonSet  # lane and connector polygons
    drivable: PolygonSet  # drivable-area polygons as the source gives them
    union: PolygonSet  # of all of them, disjoint: for the margin

    @classmethod
    def of_map(cls, road_map: RoadMap, points: np.ndarray) -> DrivableArea | None:
        """None when the map does not know the drivable area.

        Args:
            road_map: of the scene.
            points: [T, 2] places of the drive; polygons far from all of them are left out.
        """
        if not road_map.has_drivable_area:
            return None
        near = shapely.box(*(points.min(0) - REACH_M), *(points.max(0) + REACH_M))
        lanes, drivable = _shapes(road_map)
        lanes = [shape for shape in lanes if shape.intersects(near)]
        drivable = [shape for shape in drivable if shape.intersects(near)]
        return cls(
            lanes=pack(lanes), drivable=pack(drivable), union=disjoint([*lanes, *drivable], near)
        )

    @staticmethod
    def union_of(road_map: RoadMap) -> PolygonSet | None:
        """All of a map's lanes and drivable area as disjoint polygons; None as in ``of_map``."""
        if not road_map.has_drivable_area:
            return None
        lanes, drivable = _shapes(road_map)
        return disjoint([*lanes, *drivable])


def _shapes(road_map: RoadMap) -> tuple[list[Polygon], list[Polygon]]:
    lanes = [x.polygon for x in road_map.lanes if x.polygon is not None and not x.is_bike]
    return lanes, list(road_map.drivable)


def disjoint(shapes: list[Polygon], near: Polygon | None = None) -> PolygonSet:
    """The union of polygons as disjoint ones, as far as it lies in ``near``."""
    parts = shapely.make_valid(shapes)
    whole = shapely.union_all(parts if near is None else shapely.intersection(parts, near))
    areas = shapely.get_parts(whole)
    return pack(areas[shapely.get_type_id(areas) == shapely.GeometryType.POLYGON])


@njit(cache=True)
def _violations(
    corners: np.ndarray,  # [T, 4, 2]
    centres: np.ndarray,  # [T, >=2]
    lanes: PolygonSet,
    drivable: PolygonSet,
    tolerance_m: float,
    out: np.ndarray,  # bool [T]
) -> None:
    for t in range(len(corners)):
        out[t] = False
        for c in range(4):
            x, y = corners[t, c]
            if first_containing(lanes, x, y) >= 0 or first_containing(drivable, x, y) >= 0:
                continue
            if nearest_distance(drivable, x, y) < tolerance_m:
                continue
            own_lane = np.inf
            for p in range(len(lanes.bounds)):
                if contains(lanes, p, centres[t, 0], centres[t, 1]):
                    own_lane = min(own_lane, distance(lanes, p, x, y))
            if own_lane >= tolerance_m:
                out[t] = True


@njit(cache=True)
def _margins(corners: np.ndarray, union: PolygonSet, out: np.ndarray) -> None:
    for t in range(len(corners)):
        out[t] = np.inf
        for c in range(4):
            out[t] = min(out[t], signed_margin(union, corners[t, c, 0], corners[t, c, 1]))


def departures(corners: np.ndarray, centres: np.ndarray, area: DrivableArea) -> np.ndarray:
    """bool [T]: steps at which a corner is 0.3 m or more outside.

    Args:
        corners: [T, 4, 2] of the ego box.
        centres: [T, >=2] of the ego box.
        area: drivable area near the drive.
    """
    out = np.empty(len(corners), bool)
    _violations(
        np.ascontiguousarray(corners),
        np.ascontiguousarray(centres),
        area.lanes,
        area.drivable,
        TOLERANCE_M,
        out,
    )
    return out


def drivable_margins(corners: np.ndarray, area: DrivableArea) -> np.ndarray:
    """[T] metres between the outermost corner and the edge of the area, negative outside."""
    out = np.empty(len(corners))
    _margins(np.ascontiguousarray(corners), area.union, out)
    return out
