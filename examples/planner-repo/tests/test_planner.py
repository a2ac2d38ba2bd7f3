"""Tests of the planner's own code; its driving is tested by scenarios (see README.md)."""

from types import SimpleNamespace

import numpy as np
from lane_follower import LaneFollower

ROUTE = np.stack([np.arange(0.0, 201.0), np.zeros(201)], -1)


def seen(others=(), speed_mps=8.0):
    """The ego at the start of a straight route, with others [x, y, vx, vy]."""
    count = len(others)
    state = np.zeros((1, count, 6))
    for n, (x, y, vx, vy) in enumerate(others):
        state[0, n] = x, y, 0, 0, vx, vy
    tracks = SimpleNamespace(state=state, size_m=np.full((1, count, 3), 1.8),
                             valid=np.ones((1, count), bool))  # fmt: skip
    ego = np.zeros((1, 11))
    ego[0, 3] = speed_mps
    return SimpleNamespace(ego=ego, routes=(ROUTE,), tracks=tracks,
                           speed_limits_mps=np.array([13.9]),
                           vehicles=(SimpleNamespace(length_m=4.5),))  # fmt: skip


def way_m(observation):
    """Metres that are planned."""
    return LaneFollower().plan(observation).poses[0, -1, 0]


def test_free_road_is_driven_at_speed():
    assert way_m(seen()) > 32


def test_stops_for_a_standing_car():
    assert way_m(seen([(14.0, 0.0, 0.0, 0.0)])) < 20


def test_brakes_for_who_walks_into_the_way():
    walker = (16.0, -4.0, 0.0, 1.4)
    assert way_m(seen([walker])) < way_m(seen([(16.0, -4.0, 0.0, 0.0)]))
