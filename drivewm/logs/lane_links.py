"""What a source leaves out of its lanes, worked out from their shapes. Shapes: P points, L lanes.

Connectors without a polygon get the strip that their centreline sweeps at the width of the lanes
they join; lanes without neighbours get those that lie beside them and lead the same way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from drivewm.geometry.se2 import wrap_angle
from drivewm.logs.map_crop import polygons_of
from drivewm.scene import Lane

WIDTH_M = 3.5  # of a connector that joins no lane of known width
WIDTHS_M = (2.5, 4.5)  # wider or narrower is a lane's odd shape
BESIDE_M = (2.0, 5.5)  # between the centrelines of neighbours
TOUCH_M = 0.5  # between their polygons
SHARE = 0.7  # of both lanes that has the other beside it
TURN_RAD = np.pi / 8
_SAMPLES = 9


def with_connector_polygons(
    lanes: Sequence[Lane], drivable: Sequence[Polygon] = ()
) -> tuple[Lane, ...]:
    """The lanes, every connector with a polygon; strips are cut to the drivable area if known."""
    road = shapely.union_all(list(drivable)) if drivable else None
    if road is not None:
        shapely.prepare(road)
    width = {lane.id: _width_m(lane) for lane in lanes if lane.polygon is not None}
    return tuple(
        dataclasses.replace(lane, polygon=_strip(lane, width, road))
        if lane.is_connector and lane.polygon is None
        else lane
        for lane in lanes
    )


def _width_m(lane: Lane) -> float:
    """Area over length, within what lanes are."""
    assert lane.polygon is not None
    return float(np.clip(lane.polygon.area / LineString(lane.centerline).length, *WIDTHS_M))


def _strip(lane: Lane, width: dict[str, float], road: shapely.Geometry | None) -> Polygon | None:
    joined = [width[n] for n in (*lane.predecessors, *lane.successors) if n in width]
    half_m = (float(np.mean(joined)) if joined else WIDTH_M) / 2
    strip = shapely.make_valid(LineString(lane.centerline).buffer(half_m, cap_style="flat"))
    if road is not None and not road.contains(strip):
        strip = strip.intersection(road)
    return max(polygons_of(strip), key=lambda part: part.area, default=None)


def with_neighbors(lanes: Sequence[Lane]) -> tuple[Lane, ...]:
    """The lanes with their neighbours; lanes of a source that tells some are left as they are."""
    if any(lane.left_neighbor or lane.right_neighbor for lane in lanes):
        return tuple(lanes)
    plain = [
        lane
        for lane in lanes
        if lane.polygon is not None and not lane.is_connector and not lane.is_bike
    ]
    shapes = [lane.polygon for lane in plain]
    tree = shapely.STRtree(shapes)
    beside: dict[str, dict[str, tuple[float, str]]] = {"left": {}, "right": {}}  # nearest of each
    for i, lane in enumerate(plain):
        for j in np.sort(tree.query(shapes[i], predicate="dwithin", distance=TOUCH_M)):
            if j == i:
                continue
            offset_m = _offset_m(lane, plain[j])
            if offset_m is None or _offset_m(plain[j], lane) is None:
                continue
            nearest = beside["left" if offset_m > 0 else "right"]
            found = (abs(offset_m), plain[j].id)
            nearest[lane.id] = min(nearest.get(lane.id, found), found)
    nobody = (0.0, None)
    return tuple(
        dataclasses.replace(
            lane,
            left_neighbor=beside["left"].get(lane.id, nobody)[1],
            right_neighbor=beside["right"].get(lane.id, nobody)[1],
        )
        for lane in lanes
    )


def _offset_m(lane: Lane, other: Lane) -> float | None:
    """How far ``other`` runs to the left of ``lane`` (negative: right); None if it does not run
    beside it for most of the lane's length and the same way."""
    line, along = LineString(lane.centerline), LineString(other.centerline)
    at = shapely.line_interpolate_point(line, np.linspace(0.05, 0.95, _SAMPLES), normalized=True)
    arc_m = shapely.line_locate_point(along, at)
    inside = (arc_m > 1e-6) & (arc_m < along.length - 1e-6)
    gap = shapely.get_coordinates(shapely.line_interpolate_point(along, arc_m))
    gap = gap - shapely.get_coordinates(at)
    heading = _headings(line, shapely.line_locate_point(line, at))
    turn = np.abs(wrap_angle(_headings(along, arc_m) - heading))
    left_m = np.cos(heading) * gap[:, 1] - np.sin(heading) * gap[:, 0]
    fits = inside & (turn < TURN_RAD)
    fits &= (np.abs(left_m) >= BESIDE_M[0]) & (np.abs(left_m) <= BESIDE_M[1])
    if fits.mean() < SHARE:
        return None
    return float(np.median(left_m[fits]))


def _headings(line: LineString, arc_m: np.ndarray) -> np.ndarray:
    """Direction of a line at places along it, over about a metre."""
    ends = [
        shapely.get_coordinates(
            shapely.line_interpolate_point(line, np.clip(arc_m + d, 0, line.length))
        )
        for d in (-0.5, 0.5)
    ]
    return np.arctan2(*(ends[1] - ends[0]).T[::-1])
