"""Is a box within one lane? From the lanes of its corners. Shapes: T steps.

Definition: nuplan-devkit ``metrics/utils/route_extractor.py`` and ``ego_lane_change.py``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.measures.lane_history import CornerHistory, has
from drivewm.measures.nuplan_road import NuplanRoad

OFF, APART, TOGETHER = -1, 0, 1  # all corners off every lane, in different ones, in common ones


@njit(cache=True, inline="always")
def _in_or_linked(
    lane: int,
    pool: np.ndarray,
    first: int,
    count: int,
    link_first: np.ndarray,
    links: np.ndarray,
) -> bool:
    """Is the lane one of the set or linked to one of it?"""
    found = False
    for i in range(first, first + count):
        own = pool[i]
        found = found or own == lane
        for j in range(link_first[own], link_first[own + 1]):
            found = found or links[j] == lane
    return found


class _Links(NamedTuple):
    """What leads on from and to each lane (CSR)."""

    next_first: np.ndarray
    next_lane: np.ndarray
    previous_first: np.ndarray
    previous_lane: np.ndarray


@njit(cache=True)
def _connected(
    links: _Links, pool: np.ndarray, first: np.ndarray, count: np.ndarray, t: int, lane: int
) -> bool:
    """Is the lane in or after the lanes of both rear corners and in or before both front ones'?"""
    ahead, back = True, True
    for rear in (1, 2):
        ahead = ahead and _in_or_linked(
            lane, pool, first[t, rear], count[t, rear], links.next_first, links.next_lane
        )
    for front in (0, 3):
        back = back and _in_or_linked(
            lane, pool, first[t, front], count[t, front], links.previous_first, links.previous_lane
        )
    return ahead and back


@njit(cache=True)
def _linked(links: _Links, pool: np.ndarray, first: np.ndarray, count: np.ndarray, t: int) -> bool:
    """Are four corners in lanes that are connected? (asked only where they share none)"""
    rear = False  # one rear corner is in or after the other's lanes
    for one, other in ((1, 2), (2, 1)):
        for i in range(first[t, one], first[t, one] + count[t, one]):
            rear = rear or _in_or_linked(
                pool[i], pool, first[t, other], count[t, other], links.next_first, links.next_lane
            )
    if not rear:
        return False
    for i in range(first[t, 2], first[t, 2] + count[t, 2]):  # in or after those of rear right
        lane = pool[i]
        if _connected(links, pool, first, count, t, lane):
            return True
        for j in range(links.next_first[lane], links.next_first[lane + 1]):
            if _connected(links, pool, first, count, t, links.next_lane[j]):
                return True
    return False


@njit(cache=True)
def corner_states(road: NuplanRoad, corners: CornerHistory) -> np.ndarray:
    """int8 [T]: all corners off every lane (-1), in different lanes (0), in common ones (1)."""
    first, count, pool = corners
    links = _Links(road.next_first, road.next_lane, road.previous_first, road.previous_lane)
    out = np.empty(len(first), np.int8)
    for t in range(len(first)):
        inside, alike = 0, True  # alike: every corner is in the first corner's first lane
        for c in range(4):
            if count[t, c] > 0:
                inside += 1
                alike = alike and inside == c + 1 and pool[first[t, c]] == pool[first[t, 0]]
        if inside < 4:
            out[t] = OFF if inside == 0 else APART
        elif alike or _share(pool, first, count, t) or _linked(links, pool, first, count, t):
            out[t] = TOGETHER
        else:
            out[t] = APART
    return out


@njit(cache=True)
def _share(pool: np.ndarray, first: np.ndarray, count: np.ndarray, t: int) -> bool:
    shared = False
    for i in range(first[t, 0], first[t, 0] + count[t, 0]):
        common = True
        for c in range(1, 4):
            common = common and has(pool, first[t, c], count[t, c], pool[i])
        shared = shared or common
    return shared


@njit(cache=True)
def count_lane_changes(state: np.ndarray) -> int:
    """Lane changes begun from a common lane; one that is still open at the end counts."""
    changes = 0
    is_open = False
    for t in range(1, len(state)):
        if not is_open and state[t] == APART and state[t - 1] == TOGETHER:
            is_open = True
            changes += 1
        elif is_open and state[t] != APART:
            is_open = False
    return changes
