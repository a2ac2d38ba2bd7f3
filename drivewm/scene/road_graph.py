"""A road map as flat arrays that kernels read. Shapes: L lanes and connectors, R roadblocks.

Lanes keep the map's order (lanes before connectors where the source says so): candidates are
looked at in that order, as the reference implementations do. Bike lanes are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.geometry.polygons import PolygonSet, pack
from drivewm.geometry.polylines import arc_lengths
from drivewm.scene.once import once_per_map
from drivewm.scene.road_map import Lane, RoadMap
from drivewm.scene.roadblocks import with_roadblocks

EMPTY_M = 1e-9  # a lane without a polygon gets one of this size, so that row = lane


class RoadGraph(NamedTuple):
    """Arrays only, for Numba. CSR: the items of row i are ``x[first[i] : first[i + 1]]``."""

    lanes: PolygonSet  # L
    is_connector: np.ndarray  # bool [L]
    has_light: np.ndarray  # bool [L]
    speed_limit_mps: np.ndarray  # [L], NaN: unknown
    roadblock: np.ndarray  # int64 [L], -1: none
    next_first: np.ndarray  # int64 [L + 1]
    next_lane: np.ndarray  # int64, successors in the source's order
    previous_first: np.ndarray  # int64 [L + 1]
    previous_lane: np.ndarray  # int64
    line_first: np.ndarray  # int64 [L + 1]
    line_xy: np.ndarray  # [P, 2] centrelines one after the other
    line_arc_m: np.ndarray  # [P] arc length within its lane
    stop_first: np.ndarray  # int64 [L + 1]
    stop_line: np.ndarray  # int64, rows of stop_lines
    block_is_connector: np.ndarray  # bool [R]
    block_first: np.ndarray  # int64 [R + 1]
    block_lane: np.ndarray  # int64, lanes of each roadblock in order
    block_next_first: np.ndarray  # int64 [R + 1]
    block_next: np.ndarray  # int64
    block_previous_first: np.ndarray  # int64 [R + 1]
    block_previous: np.ndarray  # int64
    blocks: PolygonSet  # parts of roadblock polygons
    blocks_row: np.ndarray  # int64, roadblock of each part
    intersections: PolygonSet
    drivable: PolygonSet
    carparks: PolygonSet
    stop_lines: PolygonSet


def graph_lanes(road_map: RoadMap) -> tuple[Lane, ...]:
    """The lanes that are rows of the graph, in its order."""
    return tuple(lane for lane in road_map.lanes if not lane.is_bike)


@once_per_map
def road_graph(road_map: RoadMap) -> RoadGraph:
    """Flattens a map; roadblocks are derived where it has none."""
    road_map = with_roadblocks(road_map)
    lanes, blocks = graph_lanes(road_map), road_map.roadblocks
    row = {lane.id: i for i, lane in enumerate(lanes)}
    block_row = {block.id: i for i, block in enumerate(blocks)}
    follows = _csr([_known(lane.successors, row) for lane in lanes])
    leads = _csr([_known(lane.predecessors, row) for lane in lanes])
    stops = _csr([list(lane.stop_lines) for lane in lanes])
    inner = _csr([_known(block.lane_ids, row) for block in blocks])
    after = _csr([_known(block.successors, block_row) for block in blocks])
    before = _csr([_known(block.predecessors, block_row) for block in blocks])
    lines = [np.asarray(lane.centerline, float)[:, :2] for lane in lanes]
    parts, rows = _block_parts(road_map)
    return RoadGraph(
        lanes=pack([_one_polygon(lane) for lane in lanes]),
        is_connector=np.array([lane.is_connector for lane in lanes], bool),
        has_light=np.array([lane.has_light for lane in lanes], bool),
        speed_limit_mps=np.array(
            [np.nan if x.speed_limit_mps is None else x.speed_limit_mps for x in lanes], float
        ),
        roadblock=np.array([block_row.get(x.roadblock_id or "", -1) for x in lanes], np.int64),
        next_first=follows[0], next_lane=follows[1],
        previous_first=leads[0], previous_lane=leads[1],
        line_first=np.cumsum([0, *map(len, lines)]).astype(np.int64),
        line_xy=np.ascontiguousarray(np.concatenate(lines)) if lines else np.zeros((0, 2)),
        line_arc_m=np.concatenate([arc_lengths(x) for x in lines]) if lines else np.zeros(0),
        stop_first=stops[0], stop_line=stops[1],
        block_is_connector=np.array([block.is_connector for block in blocks], bool),
        block_first=inner[0], block_lane=inner[1],
        block_next_first=after[0], block_next=after[1],
        block_previous_first=before[0], block_previous=before[1],
        blocks=pack(parts), blocks_row=rows,
        intersections=pack(road_map.intersections), drivable=pack(road_map.drivable),
        carparks=pack(road_map.carparks), stop_lines=pack(road_map.stop_lines),
    )  # fmt: skip


def _known(names: Sequence[str], row: dict[str, int]) -> list[int]:
    return [row[name] for name in names if name in row]


def _csr(items: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    first = np.cumsum([0, *map(len, items)]).astype(np.int64)
    return first, np.array([value for row in items for value in row], np.int64)


def _one_polygon(lane: Lane) -> Polygon:
    """One part per lane, so that a polygon's index is its lane's."""
    if lane.polygon is None or lane.polygon.is_empty:
        x, y = np.asarray(lane.centerline, float)[0, :2]
        return Polygon([(x, y), (x + EMPTY_M, y), (x, y + EMPTY_M)])
    if isinstance(lane.polygon, Polygon):
        return lane.polygon
    return max(lane.polygon.geoms, key=lambda part: part.area)


def _block_parts(road_map: RoadMap) -> tuple[np.ndarray, np.ndarray]:
    shapes = np.array([block.polygon for block in road_map.roadblocks], dtype=object)
    parts, rows = shapely.get_parts(shapes, return_index=True)  # None has no part
    return parts, rows.astype(np.int64)
