"""Synchronize: both arrive together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.sim.script import model as m
from drivewm.sim.script.meeting import arrival_ramps, free_ramp
from tests.sim.script.build import LANES, board, car, entries, play

LINE = m.Path(name="cross", kind="trajectory", xy=np.array([[200.0, -6.0], [200.0, 10.0]]))
ROADS = m.Roads(paths=(*LANES.paths, LINE))


@given(st.floats(0.5, 200.0), st.floats(0.5, 30.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_ramps_cover_the_way_in_the_time(way, seconds, now, end):
    ramps = arrival_ramps(way, seconds, now, end)
    assert sum(ramp.duration_s for ramp in ramps) == pytest.approx(seconds, abs=1e-6)
    assert sum(ramp.way(ramp.duration_s) for ramp in ramps) == pytest.approx(way, abs=0.1 if
        now <= 0.01 else 1e-6)  # fmt: skip
    assert min(min(ramp.low, ramp.high) for ramp in ramps) >= 0.0
    assert ramps[-1].high == end


@given(st.floats(0.5, 200.0), st.floats(0.5, 30.0), st.floats(0.0, 20.0))
def test_free_ramps_cover_the_way_too(way, seconds, now):
    ramps = free_ramp(way, seconds, now)
    assert sum(ramp.way(ramp.duration_s) for ramp in ramps) == pytest.approx(way)
    assert ramps[-1].high >= 0.0


def walker(final=1.4, **more):
    meet = m.Synchronize(
        master="Ego", master_target=m.PathPosition(path=0, s_m=190.0),
        target=m.PathPosition(path=2, s_m=6.0), final_speed_mps=final, **more,
    )  # fmt: skip
    follow = m.InitAction(actor="walker", action=m.FollowTrajectory(path=2))
    actor = m.Actor(id="walker", kind="pedestrian", size_m=(0.5, 0.6, 1.8), reactive="never")
    story = m.story_of("walker", m.Event(name="meet", actions=(meet,)))
    return board([actor], story, roads=ROADS, init=(follow,))


@settings(max_examples=8, deadline=None)
@given(st.floats(6.0, 16.0), st.floats(100.0, 130.0))
def test_who_waits_at_the_kerb_arrives_within_a_centimetre(speed, start):
    arrival = (190.0 - start) / speed
    states, _ = play(walker(steady_distance_m=4.0), 16.0, (start, 0.0, 0.0, speed))
    times = np.arange(len(states)) * 0.1
    assert np.interp(arrival, times, states[:, 0, 1]) == pytest.approx(0.0, abs=0.01)
    k = int(arrival * 10)
    assert states[k, 0, 5] == pytest.approx(1.4, abs=1e-6)
    assert (np.diff(states[:, 0, 1]) >= -1e-9).all()


def test_acceleration_takes_the_way_before_the_steady_stretch():
    states, _ = play(walker(steady_distance_m=4.0), 12.0, (100.0, 0.0, 0.0, 9.0))
    y, speed = states[:, 0, 1], states[:, 0, 5]
    assert (speed[y >= -4.0 + 1e-6] == pytest.approx(1.4)) and (speed[y == -6.0] == 0.0).all()


def test_an_ego_that_slows_down_is_waited_for():
    ego = (100.0, 0.0, 0.0, 15.0)
    states, _ = play(walker(steady_distance_m=1.0), 12.0, ego, accel_mps2=-1.2)
    now = 100.0 + 15.0 * np.arange(121) * 0.1 - 0.6 * (np.arange(121) * 0.1) ** 2
    arrival = np.interp(190.0, now, np.arange(121) * 0.1)
    reached = np.interp(0.0, states[:, 0, 1], np.arange(121) * 0.1)
    assert reached == pytest.approx(arrival, abs=0.25)  # it goes by the speed it sees


def test_a_moving_car_meets_on_another_lane_without_a_final_speed():
    meet = m.Synchronize(
        master="Ego", master_target=m.PathPosition(path=0, s_m=500.0),
        target=m.PathPosition(path=1, s_m=500.0),
    )  # fmt: skip
    storyboard = board(
        [car(path=1, s_m=200.0)], m.story_of("car", m.Event(name="e", actions=(meet,)))
    )
    states, traffic = play(storyboard, 20.0, (100.0, 0.0, 0.0, 20.0))
    assert states[200, 0, 0] == pytest.approx(500.0, abs=0.01)
    assert entries(traffic, "ended")[0][0] == pytest.approx(20.0, abs=0.011)


def test_too_late_is_told():
    _, traffic = play(walker(steady_distance_m=4.0), 3.0, (185.0, 0.0, 0.0, 10.0))
    assert entries(traffic, "failed")
