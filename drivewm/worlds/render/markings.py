"""Paint on the road, as polygons in the map frame: lane lines, zebra crossings, stop lines.

Which line a lane boundary gets follows from what lies beyond it: a lane of the same direction, a
dashed white line; one of the opposite direction, a double yellow line; no lane, an edge line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from drivewm.scene import Lane, RoadMap

DASH_M, GAP_M, LINE_WIDTH_M, STRIPE_M = 3.0, 6.0, 0.15, 0.5


@dataclass(frozen=True)
class Paint:
    """Painted areas by colour."""

    white: list[BaseGeometry] = field(default_factory=list)
    yellow: list[BaseGeometry] = field(default_factory=list)


def road_paint(road_map: RoadMap) -> Paint:
    """All markings of a map."""
    paint = Paint()
    lanes = [lane for lane in road_map.lanes if lane.polygon is not None and not lane.is_bike]
    ordinary = [lane for lane in lanes if not lane.is_connector]
    tree = shapely.STRtree([lane.polygon for lane in ordinary])
    for lane in ordinary:
        _lane_lines(lane, ordinary, tree, paint)
    if not any(lane.left_boundary is not None for lane in ordinary):
        paint.white.extend(g for line in road_map.dividers for g in _dashes(np.asarray(line)))
    zebras = shapely.union_all(road_map.crossings)
    for lines in (paint.white, paint.yellow):  # lane lines stop at a crossing
        lines[:] = [line.difference(zebras) for line in lines]
    for crossing in road_map.crossings:
        paint.white.extend(_zebra(crossing))
    paint.white.extend(_stop_lines(road_map, ordinary))
    return paint


def _lane_lines(lane: Lane, lanes: list[Lane], tree: shapely.STRtree, paint: Paint) -> None:
    for side, boundary in ((1, lane.left_boundary), (-1, lane.right_boundary)):
        if boundary is None or len(boundary) < 2:
            continue
        line = LineString(np.asarray(boundary)[:, :2])
        same, opposite = _beyond(line, side, lane, lanes, tree)
        if opposite:
            if side > 0:  # both directions agree on the same line
                paint.yellow.extend(_stroke(line, d, 0.12) for d in (-0.14, 0.14))
        elif same:
            if side > 0:  # one lane only draws the shared line, so that dashes keep one phase
                paint.white.extend(_dashes(np.asarray(boundary)))
        else:
            paint.white.append(_stroke(line, -side * 0.2, LINE_WIDTH_M))


def _beyond(
    line: LineString, side: int, lane: Lane, lanes: list[Lane], tree: shapely.STRtree
) -> tuple[bool, bool]:
    """Whether a lane of the same, of the opposite direction lies beyond most of the boundary."""
    same = opposite = 0
    for share in (0.2, 0.5, 0.8):
        here = line.interpolate(share, normalized=True)
        ahead = line.interpolate(min(share + 0.02, 1.0), normalized=True)
        dx, dy = ahead.x - here.x, ahead.y - here.y
        scale = side / max(np.hypot(dx, dy), 1e-9)
        point = Point(here.x - dy * scale, here.y + dx * scale)
        for index in tree.query(point, predicate="within"):
            other = lanes[index]
            if other.id == lane.id:
                continue
            agree = dx * _direction(other, point)[0] + dy * _direction(other, point)[1]
            same, opposite = same + (agree > 0), opposite + (agree <= 0)
    return same >= 2, opposite >= 2


def _direction(lane: Lane, point: Point) -> np.ndarray:
    """Driving direction of the lane beside a point."""
    line = np.asarray(lane.centerline)[:, :2]
    nearest = int(np.argmin(np.hypot(line[:-1, 0] - point.x, line[:-1, 1] - point.y)))
    return line[nearest + 1] - line[nearest]


def _stroke(line: LineString, offset_m: float, width_m: float) -> BaseGeometry:
    moved = line.offset_curve(offset_m) if offset_m else line
    return moved.buffer(width_m / 2, cap_style="flat")


def _dashes(points: np.ndarray) -> list[BaseGeometry]:
    line = LineString(points[:, :2])
    starts = np.arange(GAP_M / 2, max(line.length - 1.0, GAP_M / 2), DASH_M + GAP_M)
    pieces = [shapely.ops.substring(line, s, min(s + DASH_M, line.length)) for s in starts]
    return [piece.buffer(LINE_WIDTH_M / 2, cap_style="flat") for piece in pieces]


def _zebra(crossing: Polygon) -> list[BaseGeometry]:
    """Stripes along the traffic: parallel to the crossing's short side."""
    origin, along, across = _frame(crossing)
    length = np.hypot(*along)
    step = along / max(length, 1e-9)
    stripes = []
    for start in np.arange(STRIPE_M / 2, length - STRIPE_M / 2, 2 * STRIPE_M):
        a, b = origin + start * step, origin + (start + STRIPE_M) * step
        inner, outer = 0.06 * across, 0.94 * across
        stripe = Polygon([a + inner, b + inner, b + outer, a + outer])
        stripes.append(stripe.intersection(crossing))
    return stripes


def _frame(polygon: Polygon) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A corner of the smallest rectangle around a polygon, its long and its short side."""
    ring = np.asarray(polygon.minimum_rotated_rectangle.exterior.coords)[:4]
    first, second = ring[1] - ring[0], ring[3] - ring[0]
    if np.hypot(*first) >= np.hypot(*second):
        return ring[0], first, second
    return ring[0], second, first


def _stop_lines(road_map: RoadMap, lanes: list[Lane]) -> list[BaseGeometry]:
    """Thin stop polygons are painted whole; without any, lanes with a light get a bar."""
    bars: list[BaseGeometry] = []
    for polygon in road_map.stop_lines:
        _, _, short = _frame(polygon)
        if np.hypot(*short) <= 1.2:
            bars.append(polygon)
    if road_map.stop_lines:
        return bars
    by_id = {lane.id: lane for lane in road_map.lanes}
    for lane in lanes:
        nexts = [by_id[name] for name in lane.successors if name in by_id]
        if lane.polygon is not None and any(follower.has_light for follower in nexts):
            tail = np.asarray(lane.centerline)[-2:, :2]
            forward = (tail[1] - tail[0]) / max(np.hypot(*(tail[1] - tail[0])), 1e-9)
            side = np.array([-forward[1], forward[0]])
            bar = LineString([tail[1] + 3 * side, tail[1] - 3 * side]).buffer(0.2, cap_style="flat")
            bars.append(bar.intersection(lane.polygon.buffer(0.3)))
    return bars
