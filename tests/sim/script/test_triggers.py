"""Triggers: times, edges, delays, groups, states of other elements."""

from __future__ import annotations

import pytest

from drivewm.sim.script import model as m
from tests.sim.script.build import at, board, car, entries, play

NOTHING = (m.UserDefined(text="x"),)


def fired(traffic):
    return {name: time for time, name in reversed(entries(traffic, "fired"))}


def when(trigger, seconds=6.0, actors=(), ego=None, **more):
    event = m.Event(name="e", actions=NOTHING, trigger=trigger)
    storyboard = board([car(), *actors], m.story_of("car", event), **more)
    _, traffic = play(storyboard, seconds, *([] if ego is None else [ego]))
    return fired(traffic).get("e")


def test_times_are_exact_to_a_sub_step():
    assert when(at(1.234)) == pytest.approx(1.24)
    assert when(at(1.23)) == pytest.approx(1.23)
    assert when(at(1.23, rule="greaterThan")) == pytest.approx(1.24)
    assert when(at(1.0, delay_s=0.5)) == pytest.approx(1.5)


def test_edges():
    near = {"by": ("Ego",), "entity": "car", "value_m": 20.0, "distance_type": "euclidean"}
    ego = (50.0, 3.5, 0.0, 20.0)  # passes the car, which starts 50 m ahead at 10 m/s
    enters = when(m.when(m.RelativeDistance(**near)), 12.0, ego=ego)
    assert when(m.when(m.RelativeDistance(**near, edge="rising")), 12.0, ego=ego) == enters
    leaves = when(m.when(m.RelativeDistance(**near, edge="falling")), 12.0, ego=ego)
    either = when(m.when(m.RelativeDistance(**near, edge="risingOrFalling")), 12.0, ego=ego)
    assert either == enters < leaves
    later = m.RelativeDistance(**near, edge="rising", delay_s=0.73)
    assert when(m.when(later), 12.0, ego=ego) == pytest.approx(enters + 0.73)


def test_an_edge_needs_a_change():
    assert when(at(0.0, edge="rising")) is None
    assert when(at(0.0)) == 0.0


def test_groups_are_or_and_conditions_and():
    a, b, c = (m.SimulationTime(value_s=t) for t in (1.0, 2.0, 3.0))
    assert when(m.Trigger(groups=((a, b),))) == pytest.approx(2.0)
    assert when(m.Trigger(groups=((a, c), (b,)))) == pytest.approx(2.0)


def test_delays_of_single_conditions_do_not_delay_the_others():
    early = m.SimulationTime(value_s=0.5, rule="lessThan", delay_s=2.0)
    late = m.SimulationTime(value_s=2.2)
    assert when(m.when(early, late)) == pytest.approx(2.2)
    assert when(m.when(early, m.SimulationTime(value_s=2.6))) is None


def test_all_and_any_triggering_entities():
    other = car("other", 150.0, 20.0)
    both = {"by": ("car", "other"), "value_m": 40.0}
    assert when(m.when(m.TraveledDistance(**both)), actors=[other]) == pytest.approx(2.0)
    late = m.TraveledDistance(**both, by_rule="all")
    assert when(m.when(late), actors=[other]) == pytest.approx(4.0)


def test_end_of_an_action_is_seen_once():
    brake = m.Brake(name="braking", decel_mps2=5.0)
    ended = m.StoryboardElementState(element="braking", state="endTransition", kind="action")
    events = (
        m.Event(name="a", actions=(brake,), trigger=at(1.0)),
        m.Event(name="b", actions=NOTHING, trigger=m.when(ended), max_executions=5),
        m.Event(name="never", actions=NOTHING,
                trigger=m.when(ended, m.SimulationTime(value_s=4.0))),
    )  # fmt: skip
    _, traffic = play(board([car()], m.story_of("car", *events)), 6.0)
    assert [x for x in entries(traffic, "fired") if x[1] == "b"] == [(pytest.approx(3.0), "b")]
    assert "never" in [name for _, name in entries(traffic, "never")]


def test_states_are_found_by_their_path():
    first = m.story_of("car", m.Event(name="same", actions=NOTHING, trigger=at(1.0)), name="one")
    second = m.story_of("car", m.Event(name="same", actions=NOTHING, trigger=at(2.0)), name="two")
    state = m.StoryboardElementState(element="two::same", state="completeState", kind="event")
    third = m.story_of("car", m.Event(name="e", actions=NOTHING, trigger=m.when(state)))
    _, traffic = play(board([car()], first, second, third), 4.0)
    assert fired(traffic)["e"] == pytest.approx(2.0)


def test_standing_still_and_speed_and_acceleration():
    brake = m.Event(name="b", actions=(m.Brake(decel_mps2=5.0),), trigger=at(1.0))
    by = {"by": ("car",)}
    conditions = {
        "slow": m.SpeedIs(**by, value_mps=5.0, rule="lessThan"),
        "hard": m.Acceleration(**by, value_mps2=-4.0, rule="lessThan"),
        "still": m.StandStill(**by, duration_s=0.5),
    }
    events = [m.Event(name=k, actions=NOTHING, trigger=m.when(c)) for k, c in conditions.items()]
    _, traffic = play(board([car()], m.story_of("car", brake, *events)), 6.0)
    times = fired(traffic)
    assert times["hard"] == pytest.approx(1.01) and times["slow"] == pytest.approx(2.0, abs=0.011)
    assert times["still"] == pytest.approx(3.5, abs=0.021)


def test_never_fired_is_told_with_what_was_missing():
    trigger = m.when(
        m.SimulationTime(value_s=1.0), m.SpeedIs(name="fast", by=("car",), value_mps=99.0)
    )
    event = m.Event(name="e", actions=NOTHING, trigger=trigger, where="f.xosc:12")
    _, traffic = play(board([car()], m.story_of("car", event)), 3.0)
    never = next(entry for entry in traffic.log if entry.what == "never")
    assert never.element.endswith("::e") and "fast" in never.detail
    assert "SimulationTime" not in never.detail and never.where == "f.xosc:12"


def test_the_ego_in_between_steps_is_not_late():
    trigger = m.when(m.ReachPosition(by=("Ego",), tolerance_m=0.5,
                                     position=m.WorldPosition(x_m=50.0, y_m=0.0)))  # fmt: skip
    assert when(trigger, ego=(0.0, 0.0, 0.0, 20.0)) == pytest.approx(2.48, abs=0.011)
