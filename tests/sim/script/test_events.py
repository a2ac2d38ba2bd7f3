"""Priorities, executions, acts, values, entities that come and go."""

from __future__ import annotations

import numpy as np
import pytest

from drivewm.sim.script import model as m
from tests.sim.script.build import LANES, at, board, car, entries, play

SLOW = m.Speed(name="slow", speed_mps=5.0, dynamics=m.Dynamics(shape="linear", value=4.0))
LEFT = m.LaneOffset(offset_m=1.0, dynamics=m.Dynamics(shape="cubic", dimension="time", value=1.0))


def pair(priority, seconds=8.0, **more):
    """A speed change from 1 s on, and an offset at 2 s of this priority."""
    second = m.Event(name="second", actions=(LEFT,), trigger=at(2.0), priority=priority, **more)
    first = m.Event(name="first", actions=(SLOW,), trigger=at(1.0))
    return play(board([car()], m.story_of("car", first, second)), seconds)


def test_override_stops_the_other_event():
    states, traffic = pair("override")
    assert (2.0, "first") in entries(traffic, "stopped")
    assert states[-1, 0, 4] == pytest.approx(8.75) and states[-1, 0, 1] == 1.0


def test_parallel_lets_both_run():
    states, traffic = pair("parallel")
    assert states[-1, 0, 4] == pytest.approx(5.0) and states[-1, 0, 1] == 1.0
    assert not entries(traffic, "stopped")


def test_skip_waits_until_the_other_event_is_over():
    _, traffic = pair("skip")
    assert (2.0, "second") in entries(traffic, "skipped")
    assert (5.0, "second") in entries(traffic, "fired") or (5.01, "second") in entries(
        traffic, "fired"
    )


def test_executions_are_counted():
    add = m.ModifyVariable(variable="n", add=1.0)
    every = m.SimulationTime(value_s=1.0)
    event = m.Event(name="e", actions=(add,), trigger=m.when(every), max_executions=3)
    _, traffic = play(board([car()], m.story_of("car", event), variables={"n": "0"}), 3.0)
    assert [t for t, _ in entries(traffic, "fired")] == pytest.approx([1.0, 1.01, 1.02])
    assert traffic._engine.variables["n"] == "3.0"


def test_acts_start_and_stop():
    long = m.Speed(speed_mps=30.0, dynamics=m.Dynamics(shape="linear", value=20.0))
    event = m.Event(name="e", actions=(long,))
    group = m.ManeuverGroup(
        name="g", actors=("car",), maneuvers=(m.Maneuver(name="m", events=(event,)),)
    )
    act = m.Act(name="act", groups=(group,), start=at(1.0), stop=at(3.0))
    states, traffic = play(board([car()], m.Story(name="s", acts=(act,))), 5.0)
    assert entries(traffic, "started") == [(1.0, "act")]
    assert (3.0, "act") in entries(traffic, "stopped")
    assert states[-1, 0, 4] == pytest.approx(12.0)  # keeps the speed it had


def test_the_stop_trigger_ends_the_storyboard():
    event = m.Event(name="late", actions=(SLOW,), trigger=at(3.0))
    storyboard = board([car()], m.story_of("car", event), stop=at(2.0), ends_run=True)
    states, traffic = play(storyboard, 4.0)
    assert traffic.is_over and traffic.stopped_s == 2.0
    assert states[-1, 0, 4] == 10.0 and not entries(traffic, "fired")


def test_triggering_entities_become_the_actors():
    trigger = m.when(m.TraveledDistance(by=("car", "fast"), value_m=30.0))
    event = m.Event(name="e", actions=(m.Brake(decel_mps2=5.0),), trigger=trigger)
    maneuver = m.Maneuver(name="m", events=(event,))
    group = m.ManeuverGroup(name="g", actors=(), maneuvers=(maneuver,), select_triggering=True)
    story = m.Story(name="s", acts=(m.Act(name="a", groups=(group,)),))
    states, _ = play(board([car(), car("fast", 300.0, 20.0)], story), 8.0)
    assert states[-1, 1, 4] == 0.0 and states[-1, 0, 4] == 10.0


def test_groups_repeat():
    event = m.Event(name="e", actions=(m.UserDefined(text="x"),))
    maneuver = m.Maneuver(name="m", events=(event,))
    group = m.ManeuverGroup(name="g", actors=("car",), maneuvers=(maneuver,), max_executions=2)
    act = m.Act(name="a", groups=(group,))
    _, traffic = play(board([car()], m.Story(name="s", acts=(act,))), 1.0)
    assert len(entries(traffic, "fired")) == 2


def test_entities_come_and_go():
    add = m.AddEntity(entity="new", position=m.PathPosition(path=1, s_m=50.0))
    events = (
        m.Event(name="in", actions=(add,), trigger=at(1.0)),
        m.Event(name="out", actions=(m.DeleteEntity(entity="car"),), trigger=at(2.0)),
        m.Event(name="brake", actions=(m.Brake(decel_mps2=1.0),), trigger=at(3.0)),
    )
    new = car("new", start=None, speed_mps=5.0, present=False)
    states, traffic = play(board([car(), new], m.story_of("car", *events)), 4.0)
    assert traffic.valid.tolist() == [False, True]
    assert states[-1, 1, 0] == pytest.approx(65.0)
    assert any("not there" in e.detail for e in traffic.log if e.what == "failed")


def test_a_hidden_actor_is_no_track():
    hide = m.Event(name="h", actions=(m.Visibility(sensors=False),), trigger=at(1.0))
    _, traffic = play(board([car()], m.story_of("car", hide)), 2.0)
    assert not traffic.valid[0]


def test_positions_relative_to_others_are_found_in_any_order():
    behind = m.RelativeLanePosition(entity="car", lanes=1, ds_m=-30.0, lateral_m=0.2)
    beside = m.RelativePosition(entity="b", dx_m=10.0, dy_m=-3.5)
    actors = [car("c", start=beside), car("b", start=behind), car()]
    states, _ = play(board(actors), 0.1)
    assert states[0, 1, :2] == pytest.approx([70.0, 3.7])
    assert states[0, 0, :2] == pytest.approx([80.0, 0.2])


def test_a_lane_that_is_not_there_is_told():
    change = m.Event(name="e", actions=(m.LaneChange(lanes=2, name="far"),), trigger=at(1.0))
    _, traffic = play(board([car()], m.story_of("car", change)), 2.0)
    failed = [e for e in traffic.log if e.what == "failed"]
    assert len(failed) == 1 and "no lane 2 to the left" in failed[0].detail


def test_signals_and_phases():
    phases = (m.Phase(name="go", duration_s=2.0, states=(("A", "green"),)),
              m.Phase(name="halt", duration_s=3.0, states=(("A", "red"),)))  # fmt: skip
    roads = m.Roads(paths=LANES.paths, signals=(m.Signal(name="A"),),
                    controllers=(m.SignalController(name="c", phases=phases),))  # fmt: skip
    events = (
        m.Event(name="red", actions=(SLOW,), trigger=m.when(m.SignalIs(signal="A", state="red"))),
        m.Event(name="p", actions=(m.UserDefined(text="x"),),
                trigger=m.when(m.SignalPhaseIs(controller="c", phase="halt"))),
    )  # fmt: skip
    _, traffic = play(board([car()], m.story_of("car", *events), roads=roads), 4.0)
    assert sorted(entries(traffic, "fired")) == [(2.0, "p"), (2.0, "red")]


def test_a_door_is_a_track_that_slides_out():
    grow = m.Event(name="e", actions=(m.Grow(left_m=0.9, duration_s=1.0),), trigger=at(1.0))
    actor = car(speed_mps=0.0)
    states, traffic = play(board([actor], m.story_of("car", grow)), 3.0)
    assert traffic.ids == ("car", "car.door") and traffic.valid.all()
    assert states[-1, 1, 1] == pytest.approx(0.95 + 0.45)
    assert traffic.size_m[1].tolist() == [1.1, 0.9, 1.6]
    assert traffic.body("car").width == pytest.approx(1.9 + 0.9)
    assert np.isclose(traffic.body("car").left, 0.45)
