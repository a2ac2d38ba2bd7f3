"""Bad storyboards are named before they run."""

from __future__ import annotations

import pytest

from drivewm.errors import InputError
from drivewm.sim.script import model as m
from tests.sim.script.build import at, board, car, play

NOTHING = (m.UserDefined(text="x"),)


def of(*actions, trigger=None):
    event = m.Event(name="e", actions=actions or NOTHING, trigger=trigger, where="s.xosc:9")
    return board([car()], m.story_of("car", event), variables={"count": "0"})


@pytest.mark.parametrize(
    ("storyboard", "words"),
    [
        (of(m.Speed(speed_mps=1.0, relative_to="cra")), "no entity 'cra'; did you mean 'car'"),
        (of(m.SetVariable(variable="conut", value="1")), "did you mean 'count'"),
        (of(m.LaneChange()), "either lanes or a path"),
        (of(m.LaneChange(path=7)), "path 7 does not exist; there are 2"),
        (of(m.FollowTrajectory(path=0, timed=True)), "tells no times"),
        (of(m.Brake(decel_mps2=-3.0)), "it is positive"),
        (of(m.Speed(speed_mps=float("nan"))), "speed_mps is nan"),
        (
            of(m.Speed(speed_mps=1.0, dynamics=m.Dynamics(shape="linear", dimension="rate"))),
            "a rate of 0",
        ),
        (of(trigger=at(1.0, delay_s=-1.0)), "a delay of -1"),
        (of(trigger=m.when(m.Collision(by=()))), "no triggering entity"),
        (of(trigger=m.when(m.TimeToCollision(by=("Ego",), value_s=1.0))), "an entity or a pos"),
        (
            of(trigger=m.when(m.StoryboardElementState(element="f", state="completeState"))),
            "no storyboard element 'f'",
        ),
        (of(trigger=m.when(m.SignalPhaseIs(controller="c", phase="p"))), "no signal controller"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(storyboard, words):
    with pytest.raises(InputError, match=words) as caught:
        play(storyboard, 0.1)
    assert caught.value.file == "s.xosc:9"


def test_two_entities_of_one_name():
    with pytest.raises(InputError, match="two entities"):
        play(board([car(), car()]), 0.1)


def test_nobody_stands_nowhere():
    with pytest.raises(InputError, match="has no position"):
        play(board([car(start=None)]), 0.1)


def test_positions_that_wait_for_each_other():
    a = car("a", start=m.RelativePosition(entity="b", dx_m=1.0, dy_m=0.0))
    b = car("b", start=m.RelativePosition(entity="a", dx_m=1.0, dy_m=0.0))
    with pytest.raises(InputError, match="wait for each other"):
        play(board([a, b]), 0.1)


def test_sub_steps_fit_into_a_step():
    with pytest.raises(InputError, match="whole fraction"):
        play(board([car()], substep_s=0.03), 0.1)
