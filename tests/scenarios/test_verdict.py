"""Every reason for not passing, once."""

import numpy as np
import pytest

from drivewm.scenarios.build import build
from drivewm.scenarios.schema import Passing
from drivewm.scenarios.verdict import Found, fired, judge, red_light_run
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from tests.scenarios.hand_built import RED, concrete

GOOD = {"at_fault": False, "touched": False, "departure": False, "progress_m": 100.0}
UNAVOIDABLE = Passing(unavoidable=True, max_impact_mps=5.0)


def reasons(passing=None, failure=None, **found):
    return judge(passing or Passing(), 100.0, Found(**(GOOD | found)), failure)


def test_who_reaches_the_goal_unharmed_passes():
    verdict = reasons()
    assert verdict.passed and verdict.goal_reached and verdict.reasons == ()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"at_fault": True, "at_fault_s": 3.2, "impact_mps": 4.0},
         "at-fault collision at 3.2 s, 4.0 m/s"),
        ({"departure": True, "departure_s": 2.0}, "left the road at 2.0 s"),
        ({"red_light_s": 4.1}, "red light run at 4.1 s"),
        ({"progress_m": 40.0}, "goal not reached: 40.0 of 100.0 m"),
    ],
)  # fmt: skip
def test_one_fault_is_one_reason(found, told):
    verdict = reasons(**found)
    assert not verdict.passed and verdict.reasons == (told,)


def test_standing_still_fails():
    assert not reasons(progress_m=0.0).passed


def test_progress_instead_of_the_goal():
    passing = Passing(goal=False, progress_m=30.0)
    assert reasons(passing, progress_m=31.0).passed
    assert "too little progress" in reasons(passing, progress_m=10.0).reasons[0]


def test_unavoidable_collision_is_judged_by_its_speed():
    assert reasons(UNAVOIDABLE, at_fault=True, touched=True, impact_mps=4.0, progress_m=9.0).passed
    hard = reasons(UNAVOIDABLE, at_fault=True, touched=True, impact_mps=6.0, progress_m=9.0)
    assert hard.reasons == ("impact at 6.0 m/s, above 5.0 m/s",)


def test_collision_of_another_counts_only_where_asked():
    assert reasons(touched=True, impact_mps=2.0).passed
    assert not reasons(Passing(any_collision=True), touched=True, impact_mps=2.0).passed


def test_comfort_bounds():
    assert not reasons(Passing(max_decel_mps2=3.0), decel_mps2=4.0).passed
    assert not reasons(Passing(max_lateral_mps2=2.0), lateral_mps2=2.5).passed


def test_failed_planner_has_not_passed_and_says_why():
    verdict = reasons(failure="plan() raised")
    assert not verdict.passed and verdict.reasons == ("the planner failed: plan() raised",)


class StraightOn:
    """Keeps speed and heading."""

    def reset(self, scenes):
        pass

    def plan(self, observation):
        from drivewm.scene import Trajectory

        t = np.arange(1, 21) * 0.1
        x, y, heading, speed = observation.ego[0, :4]
        way = speed * t
        poses = np.stack(
            [x + way * np.cos(heading), y + way * np.sin(heading), 0 * t + heading], -1
        )
        return Trajectory(times_s=t, poses=poses[None])


def test_red_light_is_run_when_the_front_crosses_the_line():
    built = build(concrete(RED))
    sim = SimConfig(agents="reactive", **built.sim)
    drive = rollout(built.scene, StraightOn(), sim, built.make_traffic())
    car = drive.vehicle
    front_m = car.rear_axle_to_center_m + car.length_m / 2
    expected_s = (40.0 - front_m) / 10.0
    assert red_light_run(built.scene.map, drive) == pytest.approx(expected_s, abs=0.15)


def test_events_that_began_and_those_that_never_did():
    log = [(1.0, "a::a::a::first", "fired"), (0.0, "a::a::a::second", "never")]
    assert fired(log, ["first", "second"]) == (("first",), ("second",))
