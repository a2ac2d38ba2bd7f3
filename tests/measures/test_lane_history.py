"""Lanes followed step by step, beside a plain version of the same rules over Shapely polygons."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from drivewm.geometry.boxes import corners
from drivewm.measures.corner_lanes import (
    APART,
    OFF,
    TOGETHER,
    corner_states,
    count_lane_changes,
)
from drivewm.measures.lane_history import follow_corners, follow_point
from drivewm.measures.nuplan_road import road_of_map
from drivewm.scene import Lane, RoadMap
from drivewm.scene.road_graph import graph_lanes

LINE = np.array([[0.0, 0.0], [1.0, 0.0]])


def lane(name, shape, after=(), before=(), connector=False):
    return Lane(
        id=name, centerline=LINE, polygon=shape, successors=tuple(after),
        predecessors=tuple(before), is_connector=connector,
    )  # fmt: skip


def fork():
    """Lane ``in`` to x = 0; connectors straight on and to the left, which share a stretch; lanes
    ``on`` and ``up`` after them, ``side`` beside ``in``. An intersection covers the connectors."""
    left = Polygon([(0, -2), (16, -2), (20, 8), (20, 20), (16, 20), (14, 8), (6, 2), (0, 2)])
    return RoadMap(
        origin="fixture",
        lanes=(
            lane("in", box(-40, -2, 0, 2), ("a", "b")),
            lane("side", box(-40, 2, 0, 6)),
            lane("on", box(20, -2, 60, 2), (), ("a",)),
            lane("up", box(16, 20, 20, 60), (), ("b",)),
            lane("a", box(0, -2, 20, 2), ("on",), ("in",), connector=True),
            lane("b", left, ("up",), ("in",), connector=True),
        ),
        intersections=(box(0, -6, 24, 20),),
    )


FORK = fork()
ROAD, LANES = road_of_map(FORK), {lane.id: lane for lane in graph_lanes(FORK)}
NAMES = list(LANES)
EDGES = shapely.union_all(
    [shape.boundary for shape in (*[x.polygon for x in LANES.values()], *FORK.intersections)]
)


def named(history, *at):
    first, held = history.first[at], history.held[at]
    return [NAMES[i] for i in history.pool[first : first + held]]


def inside(name, x, y):
    return LANES[name].polygon.contains(Point(x, y))


def plain_search(x, y):
    lanes = [n for n in NAMES if not LANES[n].is_connector and inside(n, x, y)]
    return lanes[:1] or [n for n in NAMES if LANES[n].is_connector and inside(n, x, y)]


def plain_among(candidates, x, y):
    found = [n for n in candidates if inside(n, x, y)]
    if not found and len(candidates) == 1:
        found = [n for n in LANES[candidates[0]].successors if inside(n, x, y)]
    return found


def plain_point(points):
    route = []
    for t, (x, y) in enumerate(points):
        found = plain_among(route[-1], x, y) if route and route[-1] else []
        if not found:
            found = plain_search(x, y)
            was = route[-1] if t > 1 else []
            crossing = FORK.intersections[0].contains(Point(x, y))
            if (
                was and LANES[was[0]].is_connector
                and (LANES[found[0]].is_connector if found else crossing)
            ):  # fmt: skip
                near = [n for n in was if LANES[n].polygon.distance(Point(x, y)) < 5]
                found = near or found
        route.append(found)
    for t in range(len(route) - 2, -1, -1):
        now, after = route[t], route[t + 1]
        if len(now) <= 1:
            continue
        if len(now) > len(after) and set(after) <= set(now):
            route[t] = after
        if after and not LANES[after[0]].is_connector:
            route[t] = [n for n in now if n in LANES[after[0]].predecessors] or route[t]
    return route


def plain_corners(boxes):
    out, candidates = [], []
    for t, four in enumerate(boxes):
        row, after = [], []
        for x, y in four:
            found = plain_among(candidates, x, y) if candidates else []
            if not found:
                found = plain_search(x, y)
                if t == 1:
                    candidates = list(dict.fromkeys([*candidates, *found]))
            after = list(dict.fromkeys([*after, *found]))
            row.append(found)
        out.append(row)
        candidates = after
    return out


def plain_state(row):
    if not all(row):
        return APART if any(row) else OFF
    sets = [set(found) for found in row]
    if set.intersection(*sets):
        return TOGETHER
    after = [s | {n for m in s for n in LANES[m].successors} for s in sets]
    before = [s | {n for m in s for n in LANES[m].predecessors} for s in sets]
    if not (sets[1] & after[2]) | (sets[2] & after[1]):
        return APART
    return TOGETHER if before[0] & after[2] & before[3] & after[1] else APART


steps = st.tuples(st.floats(-9, 9), st.floats(-0.5, 0.5))


@given(st.floats(-40, 20), st.floats(-4, 7), st.lists(steps, min_size=2, max_size=40))
def test_follows_as_the_plain_rules_do(x, y, moves):
    speed, turn = np.array(moves).T
    heading = np.cumsum(turn)
    where = np.stack(
        [x + np.cumsum(speed * np.cos(heading)), y + np.cumsum(speed * np.sin(heading))], -1
    )
    boxes = corners(np.column_stack([where, heading]), 5.0, 2.0)
    for corner in (*boxes.reshape(-1, 2), *where):  # on an edge Shapely says outside
        assume(EDGES.distance(Point(corner)) > 1e-9)
    history = follow_point(ROAD, where)
    assert [named(history, t) for t in range(len(where))] == plain_point(where)
    found, expected = follow_corners(ROAD, boxes), plain_corners(boxes)
    assert [[named(found, t, c) for c in range(4)] for t in range(len(boxes))] == expected
    assert list(corner_states(ROAD, found)) == [plain_state(row) for row in expected]


def test_of_two_connectors_the_one_that_was_driven_stays():
    straight = np.stack([np.arange(-10.0, 40.0, 2.0) + 0.5, np.zeros(25)], -1)
    history = follow_point(ROAD, straight)
    assert [named(history, t) for t in (0, 6, 11, 20)] == [["in"], ["a"], ["a"], ["on"]]


def test_a_connector_that_is_left_a_little_stays_the_one():
    points = np.array([[2.0, 1.9], [3.0, 1.8], [5.0, -1.0], [5.0, -3.0], [5.0, -5.9]])
    history = follow_point(ROAD, points)
    assert [named(history, t) for t in (3, 4)] == [["a", "b"]] * 2  # 1 m and 3.9 m beside both


def test_several_connectors_before_a_step_in_none_are_dropped_too():
    points = np.array([[2.0, 1.9], [3.0, 1.8], [5.0, -1.0], [5.0, -9.0]])
    history = follow_point(ROAD, points)
    assert history.held.sum() == 0


def test_corner_states_and_lane_changes():
    heading = np.zeros(4)
    boxes = corners(np.stack([np.full(4, -20.0), [0, 2, 4, 9], heading], -1), 5.0, 2.0)
    assert list(corner_states(ROAD, follow_corners(ROAD, boxes))) == [
        TOGETHER,
        APART,
        TOGETHER,
        OFF,
    ]


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ([1, 1, 1], 0), ([1, 0, 1], 1), ([1, 0, -1, 0, 1], 1), ([0, 0, 1], 0), ([1, 0, 0], 1),
        ([1, 0, 1, 0, 1], 2), ([-1, 0, 1], 0),
    ],
)  # fmt: skip
def test_lane_changes_begin_in_a_common_lane(state, changes):
    assert count_lane_changes(np.array(state, np.int8)) == changes


def test_a_map_without_lane_graph_is_not_known():
    bare = replace(FORK, lanes=(), _by_id={})
    road = road_of_map(bare)
    assert not road.known
    assert follow_point(road, np.zeros((3, 2))).held.sum() == 0
    assert list(corner_states(road, follow_corners(road, np.zeros((3, 4, 2))))) == [OFF] * 3
