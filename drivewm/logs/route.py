"""The centreline that a scene's ego should follow. Shapes: P route points, M path points.

With a lane graph: the lanes and connectors that the recorded ego drove along (most likely
sequence), then on along their successors. Without: the recorded path itself, extended straight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, Point

from drivewm.geometry.se2 import wrap_angle
from drivewm.geometry.se3 import rotation_from_quaternion, yaw_from_rotation
from drivewm.logs.records import SceneRecord
from drivewm.scene import Lane, RoadMap

EXTENSION_M = 100.0
SPACING_M = 0.5
MAX_OFFSET_M = 2.0  # a lane whose centre is farther than this from the ego is not its lane
MAX_HEADING_RAD = np.pi / 3
_OFF_LANE_COST = (MAX_OFFSET_M + 1.0) ** 2
_CHANGE_COST = 60.0  # changing to a lane that does not follow
_BLEND_M = 8.0  # half-width of the blend across a lane change


class Route(NamedTuple):
    """Where the ego should go."""

    points: np.ndarray  # [P, 2]
    lane_ids: tuple[str, ...] = ()  # lanes and connectors under it, in order; empty: not known


def scene_route(record: SceneRecord) -> Route:
    """Route of a record: the source's own line where it has one."""
    if record.route is not None:
        return Route(np.asarray(record.route, float))
    yaw = yaw_from_rotation(rotation_from_quaternion(record.ego.rotation_wxyz))
    poses = np.column_stack([record.ego.translation_m[:, :2], yaw])
    return route_along(poses, record.road_map)


def route_along(poses: np.ndarray, road_map: RoadMap) -> Route:
    """[M, 3] recorded ego poses -> the route, points at least 0.5 m apart."""
    path = _thin(poses)
    lanes: list[Lane | None] = [None] * len(path)
    if road_map.has_lane_graph:
        lanes = _match(path, road_map)
    offset = np.zeros((len(path), 2))
    for i, lane in enumerate(lanes):
        if lane is not None:
            line = LineString(lane.centerline)
            nearest = line.interpolate(line.project(Point(path[i, :2])))
            offset[i] = np.array([nearest.x, nearest.y]) - path[i, :2]
    points = path[:, :2] + _blend(path, offset, lanes)
    tail, onward = _tail(points[-1], path[-1, 2], lanes[-1], road_map)
    return Route(_spaced(np.concatenate([points, tail])), (*_driven(lanes), *onward))


def _driven(lanes: list[Lane | None]) -> list[str]:
    """Ids in order. Of two connectors of which neither follows the other the later one counts:
    where they part tells which was meant."""
    out: list[Lane] = []
    for lane in lanes:
        if lane is None or (out and lane is out[-1]):
            continue
        if out and lane.is_connector and out[-1].is_connector and not _follows(out[-1], lane):
            out.pop()
        out.append(lane)
    return [lane.id for lane in out]


def _thin(poses: np.ndarray) -> np.ndarray:
    """Poses at least ``SPACING_M`` apart; reversing jitter of a standing car is dropped."""
    keep = [0]
    for i in range(1, len(poses)):
        step = poses[i, :2] - poses[keep[-1], :2]
        heading = poses[keep[-1], 2]
        ahead = step @ [np.cos(heading), np.sin(heading)]
        if np.hypot(*step) >= SPACING_M and ahead > 0:
            keep.append(i)
    return _densify(poses[keep])


def _densify(path: np.ndarray, spacing_m: float = 2.0) -> np.ndarray:
    """Adds poses on long steps, so that short lanes are not jumped over."""
    if len(path) < 2:
        return path
    distance = np.r_[0.0, np.cumsum(np.hypot(*np.diff(path[:, :2], axis=0).T))]
    extra = np.arange(0.0, distance[-1], spacing_m)
    at = np.unique(np.concatenate([distance, extra]))
    heading = np.unwrap(path[:, 2])
    columns = [np.interp(at, distance, c) for c in (path[:, 0], path[:, 1], heading)]
    return np.column_stack(columns)


def _match(path: np.ndarray, road_map: RoadMap) -> list[Lane | None]:
    """The most likely lane at each path point (Viterbi); None where no lane fits."""
    lanes = [lane for lane in road_map.lanes if not lane.is_bike]
    lines = np.array([LineString(lane.centerline) for lane in lanes], dtype=object)
    tree = shapely.STRtree(lines)
    states: list[list[int]] = []  # -1 = on no lane
    costs: list[np.ndarray] = []
    links: list[np.ndarray] = []
    for pose in path:
        near, emission = _candidates(pose, lines, tree)
        if states:
            change = np.array([[_transition(lanes, a, b) for a in states[-1]] for b in near])
            total = change + costs[-1][None, :]
            links.append(total.argmin(1))
            emission = emission + total.min(1)
        states.append(near)
        costs.append(emission)
    best = int(costs[-1].argmin())
    chosen = [best]
    for link in reversed(links):
        best = int(link[best])
        chosen.append(best)
    picked = [row[i] for row, i in zip(states, reversed(chosen), strict=True)]
    return [None if i < 0 else lanes[i] for i in picked]


def _candidates(
    pose: np.ndarray, lines: np.ndarray, tree: shapely.STRtree
) -> tuple[list[int], np.ndarray]:
    point = Point(pose[:2])
    near, cost = [-1], [_OFF_LANE_COST]
    for i in np.sort(tree.query(point, predicate="dwithin", distance=MAX_OFFSET_M)):
        turn = abs(wrap_angle(_heading_at(lines[i], point) - pose[2]))
        if turn <= MAX_HEADING_RAD:
            near.append(int(i))
            cost.append(lines[i].distance(point) ** 2 + 4.0 * turn**2)
    return near, np.array(cost)


def _transition(lanes: list[Lane], a: int, b: int) -> float:
    if a == b:
        return 0.0
    if a < 0 or b < 0:
        return _CHANGE_COST / 2
    return 0.1 if lanes[b].id in lanes[a].successors else _CHANGE_COST


def _heading_at(line: LineString, point: Point) -> float:
    at = line.project(point)
    a, b = line.interpolate(max(at - 0.5, 0.0)), line.interpolate(at + 0.5)
    return float(np.arctan2(b.y - a.y, b.x - a.x))


def _blend(path: np.ndarray, offset: np.ndarray, lanes: list[Lane | None]) -> np.ndarray:
    """Offsets to the centrelines, averaged near each change to a lane that does not follow."""
    if len(path) < 2:
        return offset
    distance = np.r_[0.0, np.cumsum(np.hypot(*np.diff(path[:, :2], axis=0).T))]
    jumps = [
        distance[i]
        for i in range(1, len(path))
        if lanes[i] is not lanes[i - 1] and not _follows(lanes[i - 1], lanes[i])
    ]
    out = offset.copy()
    for i, at in enumerate(distance):
        if any(abs(at - jump) <= _BLEND_M for jump in jumps):
            out[i] = offset[np.abs(distance - at) <= _BLEND_M].mean(0)
    return out


def _follows(a: Lane | None, b: Lane | None) -> bool:
    return a is not None and b is not None and b.id in a.successors


def _tail(
    start: np.ndarray, heading_rad: float, lane: Lane | None, road_map: RoadMap
) -> tuple[np.ndarray, list[str]]:
    """``EXTENSION_M`` further on: along the lane and its straightest successors, else straight;
    and those successors' ids."""
    points, length = [np.empty((0, 2))], 0.0
    at, visited = Point(start), [lane.id] if lane is not None else []
    while lane is not None and length < EXTENSION_M:
        line = LineString(lane.centerline)
        rest = shapely.ops.substring(line, line.project(at), line.length)
        if rest.geom_type == "LineString":
            points.append(shapely.get_coordinates(rest))
            length += rest.length
        heading_rad = _heading_at(line, Point(line.coords[-1]))
        at = Point(line.coords[-1])
        lane = _straightest(lane, heading_rad, road_map, visited)
        if lane is not None:
            visited.append(lane.id)
            at = Point(lane.centerline[0])
    joined = np.concatenate(points)
    if length >= EXTENSION_M:
        line = shapely.ops.substring(LineString(joined), 0.0, EXTENSION_M)
        return shapely.get_coordinates(line), visited[1:]
    end = joined[-1] if len(joined) else start
    rest_m = max(EXTENSION_M - length, 5.0)
    ahead = np.linspace(0.0, rest_m, int(np.ceil(rest_m / 5.0)) + 1)[1:]
    direction = np.array([np.cos(heading_rad), np.sin(heading_rad)])
    return np.concatenate([joined, end + ahead[:, None] * direction]), visited[1:]


def _straightest(
    lane: Lane, heading_rad: float, road_map: RoadMap, visited: list[str]
) -> Lane | None:
    known = {lane_.id for lane_ in road_map.lanes}
    following = [road_map.lane(i) for i in lane.successors if i in known and i not in visited]

    def turn(other: Lane) -> float:
        way = other.centerline[-1] - other.centerline[0]
        return abs(float(wrap_angle(np.arctan2(way[1], way[0]) - heading_rad)))

    return min(following, key=turn, default=None)


def _spaced(points: np.ndarray) -> np.ndarray:
    """Points at least ``SPACING_M`` apart (the last one is kept); always two or more."""
    keep = [0]
    for i in range(1, len(points)):
        if np.hypot(*(points[i] - points[keep[-1]])) >= SPACING_M - 1e-9:
            keep.append(i)
    return points[keep]
