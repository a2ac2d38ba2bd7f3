"""What nuPlan's metrics ask a map, prepared once per map for the kernels.

Shapes: L lanes and connectors, R roadblocks. CSR: row i is ``x[first[i] : first[i + 1]]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivewm.geometry.strips import Strips, cut
from drivewm.scene import RoadMap
from drivewm.scene.road_graph import RoadGraph, road_graph


class NuplanRoad(NamedTuple):
    """Arrays only, for Numba; lanes in the graph's order."""

    known: bool  # False: no lane graph, so nothing is in a lane and lane flags are unknown
    lanes: Strips  # L
    is_connector: np.ndarray  # bool [L]
    speed_limit_mps: np.ndarray  # [L], NaN: unknown
    roadblock: np.ndarray  # int64 [L], -1: none
    next_first: np.ndarray  # int64 [L + 1]
    next_lane: np.ndarray  # int64
    previous_first: np.ndarray  # int64 [L + 1]
    previous_lane: np.ndarray  # int64
    line_first: np.ndarray  # int64 [L + 1]
    line_xy: np.ndarray  # [., 2]
    line_arc_m: np.ndarray  # [.]
    blocks: Strips  # parts of roadblock polygons
    block_first: np.ndarray  # int64 [R + 1], first part of each roadblock
    intersections: Strips
    drivable: Strips


def nuplan_road(graph: RoadGraph, known: bool = True) -> NuplanRoad:
    """Prepares a graph."""
    return NuplanRoad(
        known=known, lanes=cut(graph.lanes), is_connector=graph.is_connector,
        speed_limit_mps=graph.speed_limit_mps, roadblock=graph.roadblock,
        next_first=graph.next_first, next_lane=graph.next_lane,
        previous_first=graph.previous_first, previous_lane=graph.previous_lane,
        line_first=graph.line_first, line_xy=graph.line_xy, line_arc_m=graph.line_arc_m,
        blocks=cut(graph.blocks),
        block_first=np.searchsorted(
            graph.blocks_row, np.arange(len(graph.block_is_connector) + 1)
        ).astype(np.int64),
        intersections=cut(graph.intersections), drivable=cut(graph.drivable),
    )  # fmt: skip


def road_of_map(road_map: RoadMap) -> NuplanRoad:
    """Prepares a map. A map without a lane graph keeps its drivable area only: its lanes are
    unknown, not empty."""
    graph = road_graph(road_map)
    if road_map.has_lane_graph and any(lane.polygon is not None for lane in road_map.lanes):
        return nuplan_road(graph)
    bare = RoadMap(origin=road_map.origin, drivable=road_map.drivable)
    return nuplan_road(road_graph(bare), known=False)
