"""Shortest ways over the lane graph, and the line that a car drives along one. P points."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drivewm.scenarios.opendrive.lane_graph import Graph, Roads, is_forward, lane_of, neighbours
from drivewm.scenarios.opendrive.model import DRIVING, LaneKey
from drivewm.scenarios.opendrive.places import STEP_M, lane_centre, offset_points, steps

CHANGE_M = 10.0  # what a lane change adds to the length of a way
CHANGE_IN_JUNCTION_M = 100.0
CHANGE_OVER_M = 40.0  # along which one moves over, where there is room


class LanePlace(NamedTuple):
    """A place in a lane; ``offset_m`` from its middle, positive to the left of the road."""

    key: LaneKey
    s_m: float
    offset_m: float = 0.0


@dataclass(frozen=True)
class Leg:
    """Part of a way within one lane section; more than one lane: changes on the way."""

    road: str
    section: int
    lanes: tuple[int, ...]
    from_m: float  # s
    to_m: float


@dataclass(frozen=True)
class Route:
    """A way from place to place."""

    legs: tuple[Leg, ...]

    @property
    def length_m(self) -> float:
        """Along the reference lines."""
        return float(sum(abs(leg.to_m - leg.from_m) for leg in self.legs))

    @property
    def keys(self) -> tuple[LaneKey, ...]:
        """All lanes, in order."""
        return tuple(LaneKey(leg.road, leg.section, i) for leg in self.legs for i in leg.lanes)


class _State(NamedTuple):
    """A lane on the way. A lane met at the start is another state than when it is come to again."""

    key: LaneKey
    is_start: bool


def shortest(
    roads: Roads, after: Graph, start: LanePlace, goal: LanePlace, may_change: bool = True
) -> Route | None:
    """The shortest way in driving direction; None if there is none.

    Args:
        roads: the network.
        after: successors of each lane.
        start, goal: places in lanes; their offsets are not looked at.
        may_change: may the way change to neighbouring lanes?
    """
    first = _State(start.key, True)
    cost: dict[_State, float] = {first: 0.0}
    entry: dict[_State, float] = {first: start.s_m}
    came: dict[_State, _State] = {}
    queue, done = [(0.0, 0, first)], set()
    count, best = 1, None  # the count keeps the queue's order free of ties
    while queue:
        spent, _, state = heapq.heappop(queue)
        if state is not None and state in done:
            continue
        done.add(state)
        if state.key == goal.key and _left(roads, goal.key, entry[state], goal.s_m) >= -1e-9:
            best = state
            break
        for to, extra, at in _moves(roads, after, state, entry[state], may_change):
            total = spent + extra
            if to not in done and total < cost.get(to, np.inf):
                cost[to], entry[to], came[to] = total, at, state
                heapq.heappush(queue, (total, count, to))
                count += 1
    return None if best is None else Route(_legs(roads, best, entry, came, goal.s_m))


def _left(roads: Roads, key: LaneKey, from_m: float, to_m: float) -> float:
    """Distance still to drive within a lane; negative: it lies behind."""
    return to_m - from_m if is_forward(roads, key) else from_m - to_m


def _ends(roads: Roads, key: LaneKey) -> tuple[float, float]:
    """s where one comes into a lane, and where one leaves it."""
    section = roads[key.road].sections[key.section]
    low, high = section.start_m, section.end_m
    return (low, high) if is_forward(roads, key) else (high, low)


def _moves(roads: Roads, after: Graph, state: _State, at_m: float, may_change: bool):
    """(next state, what it costs, s there)."""
    key = state.key
    out = abs(_ends(roads, key)[1] - at_m)
    for other in after.get(key, ()):
        if lane_of(roads, other).type in DRIVING:
            yield _State(other, False), out, _ends(roads, other)[0]
    if may_change:
        inside = roads[key.road].junction is not None
        for beside in neighbours(roads, key):
            if beside is not None:
                extra = CHANGE_IN_JUNCTION_M if inside else CHANGE_M
                yield _State(beside, state.is_start), extra, at_m


def _legs(
    roads: Roads,
    last: _State,
    entry: Mapping[_State, float],
    came: Mapping[_State, _State],
    goal_m: float,
) -> tuple[Leg, ...]:
    states = [last]
    while states[-1] in came:
        states.append(came[states[-1]])
    legs: list[Leg] = []
    for before, state in zip([None, *reversed(states[1:])], reversed(states)):
        key = state.key
        is_change = (
            before is not None
            and before.is_start == state.is_start
            and before.key[:2] == key[:2]
            and entry[before] == entry[state]
        )
        lanes = (*legs.pop().lanes, key.lane) if is_change and legs else (key.lane,)
        legs.append(Leg(key.road, key.section, lanes, entry[state], _ends(roads, key)[1]))
    end = legs.pop()
    return (*legs, Leg(end.road, end.section, end.lanes, end.from_m, goal_m))


def route_line(roads: Roads, route: Route, step_m: float = STEP_M) -> np.ndarray:
    """The middle of the lanes along a way as points [P, 2] in driving direction; lane changes
    are smooth and take up to ``CHANGE_OVER_M``."""
    parts = [_leg_line(roads, leg, step_m) for leg in route.legs]
    line = np.concatenate(parts)
    is_new = np.concatenate([[True], np.hypot(*np.diff(line, axis=0).T) > 1e-3])
    return line[is_new] if is_new.sum() > 1 else line[:2]


def _leg_line(roads: Roads, leg: Leg, step_m: float) -> np.ndarray:
    road = roads[leg.road]
    section = road.sections[leg.section]
    low, high = min(leg.from_m, leg.to_m), max(leg.from_m, leg.to_m)
    s = steps(low, high, step_m)
    driven = s - low if leg.from_m <= leg.to_m else high - s
    t = lane_centre(road, section, leg.lanes[0], s)
    room = (high - low) / max(len(leg.lanes) - 1, 1)
    over = max(min(CHANGE_OVER_M, room), 1e-6)
    for i, (one, other) in enumerate(zip(leg.lanes, leg.lanes[1:])):
        share = np.clip((driven - i * room) / over, 0.0, 1.0)
        share = share**2 * (3.0 - 2.0 * share)
        change = lane_centre(road, section, other, s) - lane_centre(road, section, one, s)
        t = t + share * change
    line = offset_points(road, s, t)
    return line if leg.from_m <= leg.to_m else line[::-1]


def ahead(roads: Roads, after: Graph, place: LanePlace, distance_m: float) -> LanePlace | None:
    """The place that many metres further (negative: back) in driving direction, along the first
    successors (predecessors); None where the lanes end before. The offset is kept."""
    key, s = place.key, place.s_m
    before: Graph = {}
    if distance_m < 0:
        for one, others in after.items():
            for other in others:
                before[other] = (*before.get(other, ()), one)
    links, left = (after if distance_m >= 0 else before), abs(distance_m)
    for _ in range(10_000):  # a ring of lanes shorter than a metre is no reason to stay for ever
        exit_m = _ends(roads, key)[1 if distance_m >= 0 else 0]
        room = abs(exit_m - s)
        if left <= room + 1e-9:
            return LanePlace(key, s + np.sign(exit_m - s) * left, place.offset_m)
        following = [k for k in links.get(key, ()) if lane_of(roads, k).type in DRIVING]
        if not following:
            return None
        left -= room
        key = following[0]
        s = _ends(roads, key)[0 if distance_m >= 0 else 1]
    return None
