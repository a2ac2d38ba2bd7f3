"""The route of PDM-Closed: roadblocks mended, then the shortest centreline. Python; once a drive.

Definition: tuplan_garage ``utils/route_utils.py``, ``utils/graph_search/*.py`` and
``AbstractPDMPlanner._get_discrete_centerline``. Roadblocks and lanes are rows of a RoadGraph.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.geometry.polygons import PolygonSet, nearest_distance
from drivewm.geometry.se2 import wrap_angle
from drivewm.planners.pdm_path import discrete_path
from drivewm.planners.pdm_shapes import square_meets
from drivewm.scene.road_graph import RoadGraph

NEAR_M = 1.0
HEADING_ERROR_RAD = np.pi / 4
DISPLACEMENT_M = 3.0
BACK_DEPTH, AHEAD_DEPTH, CENTRELINE_DEPTH = 15, 30, 30
LOOP_AREA_M2 = 1.0


def correct_route(graph: RoadGraph, blocks: Sequence[int], ego: np.ndarray) -> list[int]:
    """Roadblocks that begin where the ego is, linked one to the next, and cut before a loop.

    Args:
        blocks: roadblocks of the route; without any, the one that the ego is on is all of it.
        ego: [>= 3] rear-axle pose.
    """
    route = list(dict.fromkeys(blocks))
    start, candidates = _current_block(graph, route, ego)
    if not route:
        return [start]
    if start not in route:
        route = _lead_in(graph, route, start, candidates)
    return _without_loop(graph, _linked(graph, route))


def lanes_of(graph: RoadGraph, blocks: Sequence[int]) -> list[int]:
    """Lanes of the roadblocks, in order, each once."""
    first = graph.block_first
    rows = (graph.block_lane[first[b] : first[b + 1]] for b in blocks)
    return list(dict.fromkeys(int(lane) for part in rows for lane in part))


def centreline(graph: RoadGraph, blocks: Sequence[int], start: int) -> np.ndarray:
    """[P, 3] discrete path of the shortest way along the route from lane ``start``."""
    here = int(graph.roadblock[start])
    begin = list(blocks).index(here) if here in blocks else 0
    target = list(blocks)[begin : begin + CENTRELINE_DEPTH][-1]
    lanes = _shortest(graph, start, target, set(lanes_of(graph, blocks)))
    return np.concatenate([_lane_path(graph, lane) for lane in lanes])


def _lane_path(graph: RoadGraph, lane: int) -> np.ndarray:
    return discrete_path(graph.line_xy[graph.line_first[lane] : graph.line_first[lane + 1]])


def _lane_length(graph: RoadGraph, lane: int) -> float:
    return float(graph.line_arc_m[graph.line_first[lane + 1] - 1])


def _current_block(graph: RoadGraph, route: list[int], ego: np.ndarray) -> tuple[int, list[int]]:
    """The most likely roadblock of the ego, and all that come into question."""
    near = [
        block
        for connectors in (False, True)
        for block in np.flatnonzero(graph.block_is_connector == connectors)
        if any(_meets(graph, part, ego) for part in np.flatnonzero(graph.blocks_row == block))
    ]
    if not near:
        near = [
            block
            for connectors in (False, True)
            if (block := _nearest_block(graph, connectors, ego)) is not None
        ]
    on_route: list[tuple[float, int]] = []
    off_route: list[tuple[float, int]] = []
    overall: list[float] = []
    for block in map(int, near):
        closest = np.inf
        for lane in lanes_of(graph, [block]):
            path = _lane_path(graph, lane)
            gaps = np.hypot(*(path[:, :2] - ego[:2]).T)
            at = int(np.argmin(gaps))
            closest = min(closest, gaps[at])
            error = abs(float(wrap_angle(path[at, 2] - ego[2])))
            if error < HEADING_ERROR_RAD and gaps[at] < DISPLACEMENT_M:
                (on_route if block in route else off_route).append((gaps[at], block))
        overall.append(closest)
    found = on_route or off_route
    if found:
        return min(found, key=lambda item: item[0])[1], [block for _, block in found]
    return int(near[int(np.argmin(overall))]), [int(block) for block in near]


def _meets(graph: RoadGraph, part: int, ego: np.ndarray) -> bool:
    return bool(square_meets(graph.blocks, part, ego[0], ego[1], NEAR_M))


def _nearest_block(graph: RoadGraph, connectors: bool, ego: np.ndarray) -> int | None:
    rows = [
        part
        for part, block in enumerate(graph.blocks_row)
        if graph.block_is_connector[block] == connectors
    ]
    if not rows:
        return None
    gaps = [nearest_distance(_single(graph.blocks, part), ego[0], ego[1]) for part in rows]
    return int(graph.blocks_row[rows[int(np.argmin(gaps))]])


def _single(polygons: PolygonSet, p: int) -> PolygonSet:
    """Polygon ``p`` alone."""
    first, last = polygons.polygon_start[p], polygons.polygon_start[p + 1]
    begin = polygons.ring_start[first]
    return PolygonSet(
        polygons.vertices[begin : polygons.ring_start[last]],
        polygons.ring_start[first : last + 1] - begin,
        np.array([0, last - first]),
        polygons.bounds[p : p + 1],
    )


def _lead_in(graph: RoadGraph, route: list[int], start: int, candidates: list[int]) -> list[int]:
    """The route of an ego that is not on it: a way to its begin, or back to one of its first."""
    way, found = _breadth_first(graph, route[0], candidates, BACK_DEPTH, forward=False)
    if found:
        return way[::-1][:-1] + route  # the search ran backwards from the route's first
    way, found = _breadth_first(graph, start, route[:3], AHEAD_DEPTH, forward=True)
    if found:
        return way + route[route.index(way[-1]) + 1 :]
    return route


def _linked(graph: RoadGraph, route: list[int]) -> list[int]:
    """The route with the roadblocks that are missing between two of it."""
    out: list[int] = []
    for i, block in enumerate(route):
        out.append(block)
        if i + 1 == len(route):
            break
        after = route[i + 1]
        first = graph.block_previous_first
        if block in graph.block_previous[first[after] : first[after + 1]]:
            continue
        way, found = _breadth_first(graph, block, [after], AHEAD_DEPTH, forward=True)
        if found and len(way) >= 3:
            out += way[1:-1]
    return out


def _breadth_first(
    graph: RoadGraph, start: int, targets: Sequence[int], depth: int, forward: bool
) -> tuple[list[int], bool]:
    """(roadblocks from ``start`` to the first target found, was one found within the depth?)

    A roadblock may be reached at several depths; the last parent at a depth wins.
    """
    first = graph.block_next_first if forward else graph.block_previous_first
    items = graph.block_next if forward else graph.block_previous
    parent: dict[tuple[int, int], int | None] = {(start, 1): None}
    level, at = [start], 1
    while level and at <= depth:
        following: list[int] = []
        for block in level:
            if block in targets:
                return _way(parent, block, at), True
            for other in items[first[block] : first[block + 1]]:
                following.append(int(other))
                parent[(int(other), at + 1)] = block
        level, at = following, at + 1
    return [start], False


def _way(parent: dict[tuple[int, int], int | None], block: int, depth: int) -> list[int]:
    way: list[int] = [block]
    before = parent[(block, depth)]
    while before is not None:
        way.append(before)
        depth -= 1
        before = parent[(before, depth)]
    return way[::-1]


def _without_loop(graph: RoadGraph, route: list[int]) -> list[int]:
    """The route up to the first connector that crosses one before it."""
    seen: list[shapely.Geometry] = []
    for i, block in enumerate(route):
        if not graph.block_is_connector[block]:
            continue
        shape = _block_shape(graph, block)
        if any(shape.intersection(other).area > LOOP_AREA_M2 for other in seen):
            return route[:i]
        seen.append(shape)
    return route


def _block_shape(graph: RoadGraph, block: int) -> shapely.Geometry:
    parts = []
    for p in np.flatnonzero(graph.blocks_row == block):
        rings = [
            graph.blocks.vertices[graph.blocks.ring_start[r] : graph.blocks.ring_start[r + 1]]
            for r in range(graph.blocks.polygon_start[p], graph.blocks.polygon_start[p + 1])
        ]
        parts.append(Polygon(rings[0], rings[1:]))
    return shapely.union_all([shapely.make_valid(part) for part in parts])


def _shortest(graph: RoadGraph, start: int, target: int, allowed: set[int]) -> list[int]:
    """Dijkstra over lanes; without a way to the target roadblock the deepest lane is the goal."""
    cost, depth, parent = {start: 1.0}, {start: 1}, {start: -1}
    frontier, expanded = [start], []
    while frontier:
        lane = min(frontier, key=lambda row: cost[row])  # of equals the first that joined
        frontier.remove(lane)
        if graph.roadblock[lane] == target:
            return _back(parent, lane)
        expanded.append(lane)
        for after in graph.next_lane[graph.next_first[lane] : graph.next_first[lane + 1]]:
            after = int(after)
            if after not in allowed or after in expanded:
                continue
            alternative = cost[lane] + _lane_length(graph, after)
            if after not in frontier:
                frontier.append(after)
            elif alternative >= cost[after]:
                continue
            cost[after], depth[after], parent[after] = alternative, depth[lane] + 1, lane
    deepest = max(depth[lane] for lane in expanded)
    return _back(parent, min((x for x in expanded if depth[x] == deepest), key=lambda x: cost[x]))


def _back(parent: dict[int, int], lane: int) -> list[int]:
    way = [lane]
    while parent[way[-1]] >= 0:
        way.append(parent[way[-1]])
    return way[::-1]
