"""The map around PDM-Closed, and the lane that it is on. Shapes: L lanes, R roadblocks.

Definition: tuplan_garage ``pdm_observation_utils.get_drivable_area_map`` and
``AbstractPDMPlanner._get_starting_lane``. References: Shapely (in the tests).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.polygons import PolygonSet, contains
from drivewm.measures.proposals_areas import Areas, Ground
from drivewm.planners.pdm_shapes import box_polygon_distance, square_meets
from drivewm.planners.pdm_tree import tree_ranks

LANE = int(Ground.LANE | Ground.DRIVABLE)
ON_ROUTE = int(Ground.ROUTE)
INTERSECTION = int(Ground.INTERSECTION)


class Surroundings(NamedTuple):
    """The map of one drive. ``areas`` rows: lanes, then carparks, then intersections."""

    lanes: PolygonSet  # L
    speed_limit_mps: np.ndarray  # [L], NaN: unknown
    line_first: np.ndarray  # int64 [L + 1]
    line_xy: np.ndarray  # [P, 2] centrelines one after the other
    vertex_heading: np.ndarray  # [P] of the lanes' discrete paths
    blocks: PolygonSet  # parts of roadblocks
    blocks_row: np.ndarray  # int64, roadblock of each part
    block_is_connector: np.ndarray  # bool [R]
    block_first: np.ndarray  # int64 [R + 1]
    block_lane: np.ndarray  # int64, lanes of each roadblock in order
    carparks: PolygonSet
    route_lane: np.ndarray  # int64, lanes of the route in its order
    on_route: np.ndarray  # bool [L]
    areas: Areas  # ``kind`` is rewritten at every plan
    block_near: np.ndarray  # bool [R]
    listed: np.ndarray  # int64 [L + carparks], rows near the ego in the reference's order
    listed_count: np.ndarray  # int64 [1]


@njit(cache=True)
def look_around(ground: Surroundings, x: float, y: float, radius_m: float) -> None:
    """Marks what meets the square of half side ``radius_m`` around (x, y)."""
    kind = ground.areas.kind
    lanes, carparks = len(ground.on_route), len(ground.carparks.bounds)
    kind[: lanes + carparks] = 0
    kind[lanes + carparks :] = INTERSECTION
    ground.block_near[:] = False
    for part in range(len(ground.blocks_row)):
        block = ground.blocks_row[part]
        if not ground.block_near[block]:
            ground.block_near[block] = square_meets(ground.blocks, part, x, y, radius_m)
    count = 0
    for connectors in (False, True):
        for block in range(len(ground.block_near)):
            if not ground.block_near[block] or ground.block_is_connector[block] != connectors:
                continue
            for lane in ground.block_lane[
                ground.block_first[block] : ground.block_first[block + 1]
            ]:
                kind[lane] = LANE + (ON_ROUTE if ground.on_route[lane] else 0)
                ground.listed[count] = lane
                count += 1
    for park in range(carparks):
        if square_meets(ground.carparks, park, x, y, radius_m):
            kind[lanes + park] = LANE
            ground.listed[count] = lanes + park
            count += 1
    ground.listed_count[0] = count


@njit(cache=True)
def starting_lane(
    ground: Surroundings, ego: np.ndarray, centre: np.ndarray, corners: np.ndarray
) -> int:
    """The lane of the route that the ego is on, best aligned, or the nearest.

    Args:
        ego: [>= 3] rear-axle pose.
        centre: [>= 2] box centre.
        corners: [4, 2] of the ego's box.
    """
    best, error, tied = -1, np.inf, False
    for i in range(ground.listed_count[0]):
        lane = ground.listed[i]
        if lane >= len(ground.on_route) or not ground.on_route[lane]:
            continue
        if contains(ground.lanes, lane, ego[0], ego[1]):
            off = _heading_error(ground, lane, ego)
            tied = tied or off == error
            if off < error:
                best, error, tied = lane, off, False
    if tied:
        return _first_of_query(ground, ego, error)
    if best >= 0:
        return best
    nearest = np.inf
    for lane in ground.route_lane:
        if contains(ground.lanes, lane, centre[0], centre[1]):
            return lane
        gap = box_polygon_distance(corners, ground.lanes, lane)
        if gap < nearest:
            best, nearest = lane, gap
    return best


@njit(cache=True)
def _heading_error(ground: Surroundings, lane: int, ego: np.ndarray) -> float:
    """Angle between the ego and the lane at its vertex nearest to the rear axle."""
    nearest, squared = 0, np.inf
    for i in range(ground.line_first[lane], ground.line_first[lane + 1]):
        dx, dy = ground.line_xy[i, 0] - ego[0], ground.line_xy[i, 1] - ego[1]
        if dx * dx + dy * dy < squared:
            nearest, squared = i, dx * dx + dy * dy
    turned = ground.vertex_heading[nearest] - ego[2]
    return abs(math.atan2(math.sin(turned), math.cos(turned)))


@njit(cache=True)
def _first_of_query(ground: Surroundings, ego: np.ndarray, error: float) -> int:
    """Of equally aligned lanes the one that a query of the reference's tree names first."""
    count = ground.listed_count[0]
    ranks = tree_ranks(ground.areas.bounds[ground.listed[:count]])
    best, rank = -1, count
    for i in range(count):
        lane = ground.listed[i]
        if lane >= len(ground.on_route) or not ground.on_route[lane] or ranks[i] > rank:
            continue
        here = contains(ground.lanes, lane, ego[0], ego[1])
        if here and _heading_error(ground, lane, ego) == error:
            best, rank = lane, ranks[i]
    return best
