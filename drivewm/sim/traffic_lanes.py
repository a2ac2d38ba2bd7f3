"""How a recorded way goes on along the lanes. Shapes: Q points, P vertices of a lane."""

from __future__ import annotations

import numpy as np

from drivewm.geometry.polygons import contains
from drivewm.geometry.polylines import arc_lengths, interpolate, project, without_repeats
from drivewm.scene.road_graph import RoadGraph

FIT_RAD = np.pi / 4  # a lane that leads elsewhere is not the agent's
STEP_M = 1.0
RETURN_M = 25.0  # an offset from the lane's middle is driven off within this way


def lanes_ahead(graph: RoadGraph, pose: np.ndarray, length_m: float) -> np.ndarray:
    """Points [Q, 2] after ``pose`` (x, y, heading) along its lane and what follows it.

    Successors are those that turn least. Where the lanes end before ``length_m`` the way goes
    straight on; where the pose is on no lane that leads its way there are no points.
    """
    lane = _lane_of(graph, pose)
    if lane < 0:
        return np.zeros((0, 2))
    line, arc = _line(graph, lane)
    start, offset = project(line, arc, pose[0], pose[1], -np.inf, np.inf)
    parts, total, seen = [line], arc[-1], {lane}
    while total - start < length_m:
        lane = _straightest(graph, lane)
        if lane < 0 or lane in seen:
            break
        seen.add(lane)
        line, arc = _line(graph, lane)
        parts.append(line)
        total += arc[-1]
    whole = without_repeats(np.concatenate(parts))
    arc = arc_lengths(whole)
    away = np.arange(STEP_M, length_m + STEP_M, STEP_M)
    points = np.array([interpolate(whole, arc, start + way) for way in away])  # x, y, heading
    left = np.clip(1.0 - away / RETURN_M, 0.0, 1.0)
    side = offset * left * left * (3.0 - 2.0 * left)
    normal = np.stack([-np.sin(points[:, 2]), np.cos(points[:, 2])], -1)
    return points[:, :2] + side[:, None] * normal


def _line(graph: RoadGraph, lane: int) -> tuple[np.ndarray, np.ndarray]:
    line = without_repeats(graph.line_xy[graph.line_first[lane] : graph.line_first[lane + 1]])
    return line, arc_lengths(line)


def _turn(a_rad: float, b_rad: float) -> float:
    """The angle between two directions."""
    return abs((a_rad - b_rad + np.pi) % (2 * np.pi) - np.pi)


def _lane_of(graph: RoadGraph, pose: np.ndarray) -> int:
    """The lane around the pose that leads its way best, -1: none."""
    best, found = FIT_RAD, -1
    for lane in range(len(graph.is_connector)):
        if not contains(graph.lanes, lane, pose[0], pose[1]):
            continue
        line, arc = _line(graph, lane)
        if len(line) < 2:
            continue
        at, _ = project(line, arc, pose[0], pose[1], -np.inf, np.inf)
        misfit = _turn(interpolate(line, arc, at)[2], pose[2])
        if misfit < best:
            best, found = misfit, lane
    return found


def _straightest(graph: RoadGraph, lane: int) -> int:
    """The successor whose end deviates least from the direction in which the lane ends, or -1."""
    line, arc = _line(graph, lane)
    direction = interpolate(line, arc, arc[-1])[2]
    best, found = np.inf, -1
    for following in graph.next_lane[graph.next_first[lane] : graph.next_first[lane + 1]]:
        line, arc = _line(graph, following)
        if len(line) < 2:
            continue
        turn = _turn(interpolate(line, arc, arc[-1])[2], direction)
        if turn < best:
            best, found = turn, int(following)
    return found
