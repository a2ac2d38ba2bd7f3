"""Map features of a ScenarioNet scenario converted from nuScenes.

Lanes have a polygon; connectors have none, and a constant 100 km/h that the converter fills in: it
is not a speed limit. Neither successors nor neighbours nor intersections are told: a lane follows
another where its first point is the other's last, and connectors lie in intersections. The road's
outlines (``boundary_*``) are closed rings: inside an odd number is road.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.errors import InputError
from drivewm.geometry.polylines import without_repeats
from drivewm.logs.lane_links import with_connector_polygons, with_neighbors
from drivewm.logs.map_crop import polygons_of
from drivewm.scene import Lane, RoadMap

JOIN_M = 0.5
_CLOSED_M = 0.01


def road_map(path: Path, features: dict[str, dict[str, Any]]) -> RoadMap:
    """The map of one scenario; ``path`` is for messages.

    Raises:
        InputError: a feature has no usable polyline.
    """
    lanes: list[Lane] = []
    rings: list[Polygon] = []
    dividers: list[np.ndarray] = []
    crossings: list[Polygon] = []
    for name, feature in features.items():
        kind = str(feature.get("type", ""))
        if kind.startswith("LANE"):
            lane = _lane(path, name, feature)
            if lane is not None:
                lanes.append(lane)
        elif name.startswith("boundary") and _is_ring(_points(path, name, feature, "polyline")):
            rings.append(Polygon(_points(path, name, feature, "polyline")))
        elif kind == "CROSSWALK":
            crossings.append(Polygon(_points(path, name, feature, "polygon")))
        elif kind.startswith("ROAD_LINE") or kind.startswith("ROAD_EDGE"):
            dividers.append(_points(path, name, feature, "polyline"))
    drivable = _inside(rings, lanes)
    known = with_neighbors(with_connector_polygons(_linked(lanes), drivable))
    joints = [lane.polygon for lane in known if lane.is_connector and lane.polygon is not None]
    return RoadMap(
        origin="scenarionet",
        lanes=known,
        drivable=drivable,
        intersections=polygons_of(shapely.union_all(joints)) if joints else (),
        crossings=tuple(crossings),
        dividers=tuple(dividers),
    )


def _points(path: Path, name: str, feature: dict[str, Any], key: str) -> np.ndarray:
    try:
        points = np.array([p[:2] for p in feature[key]], float)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"no usable points ({error})", file=path, field=f"map_features.{name}.{key}"
        ) from error
    if len(points) < 2 or not np.isfinite(points).all():
        raise InputError(
            "needs two or more finite points", file=path, field=f"map_features.{name}.{key}"
        )
    return points


def _lane(path: Path, name: str, feature: dict[str, Any]) -> Lane | None:
    """None for a lane that is a single point (the converter cuts lanes at the crop)."""
    centerline = without_repeats(_points(path, name, feature, "polyline"), 1e-3)
    if len(centerline) < 2:
        return None
    polygon = None
    if feature.get("polygon") is not None:
        parts = polygons_of(shapely.make_valid(Polygon(_points(path, name, feature, "polygon"))))
        polygon = max(parts, key=lambda part: part.area, default=None)
    return Lane(
        id=name,
        centerline=centerline,
        polygon=polygon,
        is_connector=polygon is None,
    )


def _is_ring(points: np.ndarray) -> bool:
    return len(points) >= 4 and float(np.hypot(*(points[0] - points[-1]))) <= _CLOSED_M


def _inside(rings: list[Polygon], lanes: list[Lane]) -> tuple[Polygon, ...]:
    """Road = inside an odd number of outlines; without outlines, the lanes' own polygons."""
    if rings:
        area = shapely.make_valid(rings[0])
        for ring in rings[1:]:
            area = area.symmetric_difference(shapely.make_valid(ring))
        return polygons_of(area)
    shapes = [lane.polygon for lane in lanes if lane.polygon is not None]
    return polygons_of(shapely.union_all(shapes)) if shapes else ()


def _linked(lanes: list[Lane]) -> list[Lane]:
    """Lanes with successors and predecessors from their ends."""
    starts = np.array([lane.centerline[0] for lane in lanes]).reshape(-1, 2)
    ends = np.array([lane.centerline[-1] for lane in lanes]).reshape(-1, 2)
    gap = np.hypot(*(ends[:, None, :] - starts[None, :, :]).transpose(2, 0, 1))
    joins = gap <= JOIN_M  # [from, to]
    np.fill_diagonal(joins, False)
    ids = [lane.id for lane in lanes]
    return [
        dataclasses.replace(
            lane,
            successors=tuple(ids[j] for j in np.nonzero(joins[i])[0]),
            predecessors=tuple(ids[j] for j in np.nonzero(joins[:, i])[0]),
        )
        for i, lane in enumerate(lanes)
    ]
