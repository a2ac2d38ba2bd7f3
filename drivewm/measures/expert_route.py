"""Progress along the roadblocks that the recorded ego drove through. Shapes: T steps, K blocks.

Definition: nuplan-devkit ``ego_progress_along_expert_route.py`` and ``route_extractor.py``. A drive
goes forward only: blocks that it left are never entered again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.arc_search import nearest_arc
from drivewm.geometry.strips import Strips, holds
from drivewm.measures.lane_history import LaneHistory
from drivewm.measures.nuplan_road import NuplanRoad


class ExpertRoute(NamedTuple):
    """Roadblocks in the order in which they were entered, each with the lane that was taken."""

    block: np.ndarray  # int64 [K]
    lane: np.ndarray  # int64 [K], its centreline measures progress within the block


@njit(cache=True)
def expert_route(road: NuplanRoad, history: LaneHistory) -> ExpertRoute:
    """The route of a drive whose lanes are known; empty if it was in none."""
    first, count, pool = history
    steps = len(first)
    block, lane = np.empty(steps, np.int64), np.empty(steps, np.int64)
    length, kept = 0, -1  # step of the set that was kept last
    for t in range(steps):
        if count[t] == 0:
            continue
        shared = False
        if kept >= 0:
            for i in range(first[t], first[t] + count[t]):
                for j in range(first[kept], first[kept] + count[kept]):
                    shared = shared or pool[i] == pool[j]
        if shared:
            continue
        kept = t
        own = road.roadblock[pool[first[t]]]
        if length == 0 or block[length - 1] != own:
            block[length], lane[length] = own, pool[first[t]]
            length += 1
    return ExpertRoute(block[:length], lane[:length])


@njit(cache=True)
def _in_block(blocks: Strips, block_first: np.ndarray, block: int, x: float, y: float) -> bool:
    found = False
    if block >= 0:
        for part in range(block_first[block], block_first[block + 1]):
            found = found or holds(blocks, part, x, y)
    return found


@njit(cache=True)
def _arc(road: NuplanRoad, lane: int, x: float, y: float, hint: int) -> tuple[float, int]:
    first, stop = road.line_first[lane], road.line_first[lane + 1]
    return nearest_arc(road.line_xy, road.line_arc_m, first, stop, x, y, hint)


@njit(cache=True)
def _end(road: NuplanRoad, lane: int) -> tuple[float, float]:
    last = road.line_first[lane + 1] - 1
    return road.line_xy[last, 0], road.line_xy[last, 1]


@njit(cache=True)
def _skipped(road: NuplanRoad, lanes: np.ndarray) -> float:
    """Metres along all lanes but the first and the last, from the end of each one before to the
    start of each one after."""
    total = 0.0
    for k in range(1, len(lanes) - 1):
        end_x, end_y = _end(road, lanes[k - 1])
        start = road.line_first[lanes[k + 1]]
        begin, _ = _arc(road, lanes[k], end_x, end_y, 0)
        leave, _ = _arc(road, lanes[k], road.line_xy[start, 0], road.line_xy[start, 1], 0)
        total += leave - begin
    return total


@njit(cache=True)
def _enter(
    road: NuplanRoad, route: ExpertRoute, k: int, later: int, before: float, x: float, y: float
) -> tuple[float, float, int]:
    """Metres gained from arc length ``before`` in block k to a place in a later block, its arc
    length there and its segment."""
    last = road.line_first[route.lane[k] + 1] - 1
    rest = road.line_arc_m[last] - before
    end_x, end_y = _end(road, route.lane[k])
    entry, _ = _arc(road, route.lane[later], end_x, end_y, 0)
    arc_m, hint = _arc(road, route.lane[later], x, y, 0)
    skipped = _skipped(road, route.lane[k : later + 1])
    return rest + (arc_m - entry) + skipped, arc_m, hint


@njit(cache=True)
def route_progress(road: NuplanRoad, route: ExpertRoute, points: np.ndarray) -> np.ndarray:
    """Metres [T] gained since the step before along a route that is not empty.

    ``points`` [T, >=2] of the box centre. A step outside the present block and all later ones gains
    nothing.
    """
    blocks, block_first, lane, block = road.blocks, road.block_first, route.lane, route.block
    line_first, line_xy, line_arc_m = road.line_first, road.line_xy, road.line_arc_m
    out = np.zeros(len(points))
    k = 0
    before, hint = _arc(road, lane[0], points[0, 0], points[0, 1], 0)
    for t in range(1, len(points)):
        x, y = points[t, 0], points[t, 1]
        part = block_first[block[k]] if block[k] >= 0 else -1
        if part >= 0 and block_first[block[k] + 1] - part == 1:  # the usual case, without a call
            inside = holds(blocks, part, x, y)
        else:
            inside = _in_block(blocks, block_first, block[k], x, y)
        if inside:
            first, stop = line_first[lane[k]], line_first[lane[k] + 1]
            arc_m, hint = nearest_arc(line_xy, line_arc_m, first, stop, x, y, hint)
            out[t] = arc_m - before
            before = arc_m
            continue
        for later in range(k + 1, len(block)):
            if _in_block(blocks, block_first, block[later], x, y):
                out[t], before, hint = _enter(road, route, k, later, before, x, y)
                k = later
                break
    return out
