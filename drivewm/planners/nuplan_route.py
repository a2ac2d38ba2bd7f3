"""The lanes along a route of roadblocks, as nuPlan's IDM planner finds them. Shapes: R roadblocks.

Source: nuplan-devkit ``planner/idm_planner.py`` and ``planner/utils/breadth_first_search.py``.
Lanes and roadblocks are rows of the road graph.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from drivewm.geometry.paths import nearest_pose
from drivewm.geometry.polygons import contains
from drivewm.geometry.rings import ring_bounds, ring_distance
from drivewm.scene import Scene
from drivewm.scene.road_graph import RoadGraph
from drivewm.scene.roadblocks import with_roadblocks

SPACING_M = 1.0  # between the places of a route that are looked up


def lane_line(graph: RoadGraph, lane: int) -> np.ndarray:
    """Centreline [P, 2] of a lane."""
    return graph.line_xy[graph.line_first[lane] : graph.line_first[lane + 1]]


def lanes_of_block(graph: RoadGraph, block: int) -> list[int]:
    """Lanes of a roadblock in its order."""
    return graph.block_lane[graph.block_first[block] : graph.block_first[block + 1]].tolist()


def next_lanes(graph: RoadGraph, lane: int) -> list[int]:
    """Successors of a lane in the source's order."""
    return graph.next_lane[graph.next_first[lane] : graph.next_first[lane + 1]].tolist()


def route_blocks(scene: Scene, graph: RoadGraph) -> np.ndarray:
    """Roadblocks of the scene's route, int64 [R]: the named ones, else those along its line."""
    if scene.route_roadblocks:
        rows = {block.id: i for i, block in enumerate(with_roadblocks(scene.map).roadblocks)}
        return np.array([rows[n] for n in scene.route_roadblocks if n in rows], np.int64)
    found: list[int] = []
    for x, y, heading in _places(scene):
        lane = _lane_around(graph, x, y, heading, found[-1] if found else -1)
        block = int(graph.roadblock[lane]) if lane >= 0 else -1
        if block >= 0 and block not in found[-2:]:
            found.append(block)
    return np.array(found, np.int64)


def _places(scene: Scene) -> np.ndarray:
    """(x, y, heading) along the route from the ego on, every metre; [K, 3]."""
    line = np.asarray(scene.route, float)[:, :2]
    steps = np.hypot(*np.diff(line, axis=0).T) if len(line) > 1 else np.zeros(0)
    line = line[np.concatenate([[True], steps > 1e-6])] if len(line) else line
    if len(line) < 2:
        return np.zeros((0, 3))
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    nearest = int(np.argmin(np.hypot(*(line - scene.ego[0, :2]).T)))
    at = np.arange(arc[nearest], arc[-1], SPACING_M)
    along = np.minimum(np.searchsorted(arc, at, side="right"), len(arc) - 1)
    turn = np.arctan2(*(line[along] - line[along - 1]).T[::-1])
    return np.stack([np.interp(at, arc, line[:, 0]), np.interp(at, arc, line[:, 1]), turn], -1)


def _lane_around(graph: RoadGraph, x: float, y: float, heading: float, before: int) -> int:
    """The lane around the place that leads its way; one of roadblock ``before`` if any."""
    best, found = np.pi / 3, -1
    for lane in range(len(graph.is_connector)):
        line = lane_line(graph, lane)
        if len(line) < 2 or not contains(graph.lanes, lane, x, y):
            continue
        turn = nearest_pose(line, x, y)[2] - heading
        misfit = abs((turn + np.pi) % (2 * np.pi) - np.pi)
        if misfit < np.pi / 3 and graph.roadblock[lane] == before:
            return lane
        if misfit < best:
            best, found = misfit, lane
    return found


def starting_lane(graph: RoadGraph, blocks: np.ndarray, box: np.ndarray, x: float, y: float) -> int:
    """The lane of the first two roadblocks that holds (x, y), else the nearest to ``box``."""
    bounds, lane_bounds = np.empty(4), np.empty(4)
    ring_bounds(box, 4, bounds)
    best, found = np.inf, -1
    for block in blocks[:2]:
        for lane in lanes_of_block(graph, block):
            if contains(graph.lanes, lane, x, y):
                return lane
            ring = lane_ring(graph, lane)
            ring_bounds(ring, len(ring), lane_bounds)
            away = ring_distance(ring, len(ring), lane_bounds, box, 4, bounds)
            if away < best:
                best, found = away, lane
    return found


def lane_ring(graph: RoadGraph, lane: int) -> np.ndarray:
    """Outer ring [P, 2] of a lane's polygon, not closed."""
    lanes = graph.lanes
    ring = lanes.polygon_start[lane]
    return lanes.vertices[lanes.ring_start[ring] : lanes.ring_start[ring + 1] - 1]


def plan_lanes(graph: RoadGraph, blocks: np.ndarray, start: int) -> list[int]:
    """Lanes from ``start`` to the last roadblock, as far ahead as the route is long.

    Breadth first over the lanes of the route's roadblocks; if the last one is not met at its
    depth, the way to the lane looked at last.
    """
    allowed = {lane for block in blocks for lane in lanes_of_block(graph, block)}
    second = len(blocks) > 1 and graph.roadblock[start] == blocks[1]
    goal_depth = len(blocks) - (1 if second else 0)
    parent: dict[tuple[int, int], int] = {(start, 1): -1}
    queue: deque[int] = deque([start, -1])  # -1 ends a depth
    end, end_depth, depth = start, 1, 1
    while queue:
        lane = queue.popleft()
        if depth > goal_depth:
            break
        if lane < 0:
            depth += 1
            queue.append(-1)
            if queue[0] < 0:
                break
            continue
        if graph.roadblock[lane] == blocks[-1] and depth == goal_depth:
            end, end_depth = lane, depth
            break
        for following in next_lanes(graph, lane):
            if following in allowed:
                queue.append(following)
                parent[following, depth + 1] = lane
                end, end_depth = following, depth + 1
    way = [end]
    while parent[end, end_depth] >= 0:
        end, end_depth = parent[end, end_depth], end_depth - 1
        way.append(end)
    return way[::-1]
