"""Scripted motion against closed form."""

from __future__ import annotations

import numpy as np
import pytest

from drivewm.sim.script import model as m
from tests.sim.script.build import LANES, arc, at, board, car, entries, play


def one(action, seconds=10.0, trigger=None, actors=(), **more):
    event = m.Event(name="e", actions=(action,), trigger=trigger or at(1.0))
    story = m.story_of("car", event)
    return play(board([car(**more), *actors], story), seconds)


def test_a_car_that_cuts_in_after_2_s_is_in_the_lane_at_5_s():
    change = m.LaneChange(
        lanes=1, dynamics=m.Dynamics(shape="sinusoidal", dimension="time", value=3.0)
    )
    states, traffic = one(change, trigger=at(2.0))
    y = states[:, 0, 1]
    assert (y[:21] == 0.0).all() and y[35] == pytest.approx(1.75) and y[50] == 3.5 == y[-1]
    assert entries(traffic, "ended")[0] == (5.0, "e")
    assert states[35, 0, 3] > 0.1 and states[60, 0, 3] == 0.0


def test_the_way_of_a_lane_change_is_as_long_as_the_speed_says():
    change = m.LaneChange(lanes=1, dynamics=m.Dynamics(shape="linear", value=3.0))
    states, traffic = one(change)
    way = np.hypot(*np.diff(states[:, 0, :2], axis=0).T)
    assert way == pytest.approx(1.0, abs=2e-3)
    assert traffic.body("car").traveled == pytest.approx(100.0, abs=1e-6)


def test_a_lane_change_over_a_distance_ends_there():
    change = m.LaneChange(
        lanes=1, dynamics=m.Dynamics(shape="cubic", dimension="distance", value=40.0)
    )
    _, traffic = one(change)
    assert entries(traffic, "ended")[0][0] == pytest.approx(5.0, abs=0.011)


def test_a_rate_is_the_greatest_sideways_speed():
    dynamics = m.Dynamics(shape="sinusoidal", dimension="rate", value=1.0)
    states, _ = one(m.LaneChange(lanes=1, dynamics=dynamics))
    assert np.diff(states[:, 0, 1]).max() * 10 == pytest.approx(1.0, abs=0.01)


def test_speed_by_a_rate_goes_by_the_closed_form():
    action = m.Speed(
        speed_mps=20.0, dynamics=m.Dynamics(shape="linear", dimension="rate", value=2.5)
    )
    states, traffic = one(action)
    t = np.arange(101) * 0.1
    into = np.clip(t - 1.0, 0.0, 4.0)
    x = 100.0 + 10.0 * t + 0.5 * 2.5 * into**2 + 10.0 * np.clip(t - 5.0, 0.0, None)
    assert states[:, 0, 0] == pytest.approx(x, abs=1e-6)
    assert entries(traffic, "ended")[0] == (5.0, "e")


def test_braking_ends_standing():
    states, _ = one(m.Brake(decel_mps2=5.0))
    assert states[-1, 0, 0] == pytest.approx(100.0 + 10.0 + 10.0, abs=1e-6)
    assert (states[-1, 0, 4:] == 0.0).all()


def test_a_profile_reaches_each_speed_at_its_time():
    states, _ = one(m.SpeedProfile(entries=((2.0, 14.0), (3.0, 5.0), (1.0, 5.0))))
    assert states[30, 0, 4] == pytest.approx(14.0) and states[60, 0, 4] == pytest.approx(5.0)
    assert states[100, 0, 0] == pytest.approx(100 + 10 + 24 + 28.5 + 5 * 4.0, abs=1e-6)


def test_relative_speeds_follow_when_continuous():
    lead = car("lead", 300.0, 12.0)
    brake = m.Event(name="b", actions=(m.Brake(decel_mps2=4.0, speed_mps=4.0),), trigger=at(3.0))
    follow = m.Event(
        name="f", actions=(m.Speed(speed_mps=2.0, relative_to="lead", continuous=True),)
    )
    states, _ = play(
        board([car(), lead], m.story_of("car", follow), m.story_of("lead", brake)), 8.0
    )
    assert states[20, 0, 4] == pytest.approx(14.0) and states[-1, 0, 4] == pytest.approx(6.0)


def test_offset_with_a_sideways_acceleration():
    offset = m.LaneOffset(offset_m=-1.0, shape="sinusoidal", max_lateral_accel_mps2=1.0)
    states, _ = one(offset)
    accel = np.diff(states[:, 0, 1], 2) * 100
    assert states[-1, 0, 1] == -1.0 and np.abs(accel).max() == pytest.approx(1.0, abs=0.05)


def test_speed_on_a_curve_is_that_of_the_car_and_not_of_the_middle_of_its_lane():
    roads = m.Roads(paths=(m.Path(name="bend", xy=arc(30.0, 3.0)),))
    start = m.PathPosition(path=0, s_m=0.0, lateral_m=-1.5)
    states, traffic = play(board([car(start=start)], roads=roads), 8.0)
    way = np.hypot(*np.diff(states[:, 0, :2], axis=0).T)
    assert way.sum() == pytest.approx(80.0, rel=1e-4)
    assert np.hypot(*(states[-1, 0, :2] - [0.0, 30.0])) == pytest.approx(31.5, abs=1e-2)
    assert traffic.body("car").s == pytest.approx(80.0 / 1.05, rel=1e-3)


def test_a_timed_trajectory_passes_its_vertices_in_time():
    xy = np.array([[0.0, 10.0], [20.0, 10.0], [20.0, 40.0]])
    cross = m.Path(name="t", kind="trajectory", xy=xy, times_s=np.array([0.0, 4.0, 10.0]))
    roads = m.Roads(paths=(*LANES.paths, cross))
    event = m.Event(name="e", actions=(m.FollowTrajectory(path=2, timed=True),), trigger=at(1.0))
    states, traffic = play(board([car()], m.story_of("car", event), roads=roads), 13.0)
    assert states[50, 0, :2] == pytest.approx([20.0, 10.0])
    assert states[30, 0, :2] == pytest.approx([10.0, 10.0])
    assert states[110, 0, :2] == pytest.approx([20.0, 40.0])
    assert states[130, 0, 1] == pytest.approx(50.0)  # goes on at its last speed
    assert entries(traffic, "ended")[0][0] == pytest.approx(11.0, abs=0.011)


def test_a_trajectory_without_times_goes_by_the_speed():
    line = m.Path(name="t", kind="trajectory", xy=np.array([[50.0, -5.0], [50.0, 5.0]]))
    roads = m.Roads(paths=(*LANES.paths, line))
    follow = m.InitAction(actor="car", action=m.FollowTrajectory(path=2))
    storyboard = board([car(start=None, speed_mps=2.0)], roads=roads, init=(follow,))
    states, _ = play(storyboard, 3.0)
    assert states[0, 0, :4] == pytest.approx([50.0, -5.0, 0.8, np.pi / 2])
    assert states[30, 0, :2] == pytest.approx([50.0, 1.0])


def test_headings_of_a_trajectory_are_kept_when_it_drives_backwards():
    line = m.Path(
        name="back", kind="trajectory", xy=np.array([[100.0, 0.0], [0.0, 0.0]]),
        heading_rad=np.zeros(2),
    )  # fmt: skip
    roads = m.Roads(paths=(*LANES.paths, line))
    follow = m.InitAction(actor="car", action=m.FollowTrajectory(path=2))
    states, _ = play(board([car(speed_mps=2.0)], roads=roads, init=(follow,)), 5.0)
    assert states[-1, 0, 0] == pytest.approx(90.0) and states[-1, 0, 3] == 0.0
    assert states[-1, 0, 4] == pytest.approx(-2.0)


def test_a_trajectory_in_the_axes_of_the_actor():
    line = m.Path(name="own", kind="trajectory", xy=np.array([[0.0, 0.0], [10.0, 0.0]]))
    roads = m.Roads(paths=(*LANES.paths, line))
    event = m.Event(
        name="e", trigger=at(1.0), actions=(m.FollowTrajectory(path=2, from_actor=True),)
    )
    start = m.WorldPosition(x_m=5.0, y_m=60.0, heading_rad=np.pi / 2)
    states, _ = play(board([car(start=start)], m.story_of("car", event), roads=roads), 3.0)
    assert states[30, 0, :2] == pytest.approx([5.0, 90.0])


def test_who_faces_the_other_way_drives_against_the_lane():
    start = m.PathPosition(path=0, s_m=100.0, lateral_m=3.5, heading_rad=np.pi)
    states, _ = play(board([car(start=start)]), 2.0)
    assert states[-1, 0, :2] == pytest.approx([80.0, 3.5])
    assert abs(states[-1, 0, 3]) == pytest.approx(np.pi)


def test_the_middle_of_the_box_is_ahead_of_the_reference_point():
    states, _ = play(board([car(center_ahead_m=1.4, center_left_m=0.1)]), 1.0)
    assert states[-1, 0, :2] == pytest.approx([111.4, 0.1])


def test_a_gap_is_kept_and_a_time_gap_is_set_at_once():
    lead = car("lead", 200.0, 10.0)
    keep = m.LongitudinalDistance(
        entity="lead", distance_m=20.0, freespace=True, continuous=True, displacement="trailing",
        limits=m.Limits(max_accel_mps2=2.0, max_decel_mps2=3.0, max_speed_mps=30.0),
    )  # fmt: skip
    jump = m.LongitudinalDistance(
        entity="lead", time_gap_s=2.0, freespace=True, displacement="leading"
    )
    storyboard = board(
        [car(), lead, car("front", 400.0)],
        m.story_of("car", m.Event(name="k", actions=(keep,))),
        init=(m.InitAction(actor="front", action=jump),),
    )
    states, _ = play(storyboard, 25.0)
    assert states[0, 2, 0] - states[0, 1, 0] == pytest.approx(20.0 + 4.5)
    assert states[-1, 1, 0] - states[-1, 0, 0] == pytest.approx(20.0 + 4.5, abs=0.02)
    speeds = states[:, 0, 4]
    assert speeds.max() <= 30.0 and np.diff(speeds).max() <= 0.2001
    assert np.diff(speeds).min() >= -0.3001


def test_a_distance_without_limits_is_kept_exactly():
    lead = car("lead", 200.0, 10.0)
    keep = m.LongitudinalDistance(entity="lead", distance_m=30.0, continuous=True)
    slow = m.Event(name="b", actions=(m.Brake(decel_mps2=3.0, speed_mps=4.0),), trigger=at(1.0))
    storyboard = board(
        [car(), lead],
        m.story_of("car", m.Event(name="k", actions=(keep,))),
        m.story_of("lead", slow),
    )
    states, _ = play(storyboard, 6.0)
    assert states[:, 1, 0] - states[:, 0, 0] == pytest.approx(30.0, abs=1e-3)


def test_a_new_action_takes_over_and_the_old_one_is_stopped():
    long = m.Speed(speed_mps=30.0, dynamics=m.Dynamics(shape="linear", value=20.0))
    events = (
        m.Event(name="slow", actions=(long,)),
        m.Event(name="stop", actions=(m.Brake(decel_mps2=5.0),), trigger=at(2.0)),
    )
    states, traffic = play(board([car()], m.story_of("car", *events)), 6.0)
    assert states[-1, 0, 4] == 0.0
    assert (2.0, "Speed") in [(round(t, 1), n) for t, n in entries(traffic, "stopped")]
