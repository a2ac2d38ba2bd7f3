"""The compiled loop is the Python loop, byte for byte."""

from dataclasses import replace

import numpy as np
import pytest

from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.planners.idm import IDM
from drivewm.planners.nuplan_idm import NuplanIdm
from drivewm.planners.nuplan_simple import NuplanSimple
from drivewm.scene import Lights, LightStatus, ScoreType
from drivewm.sim.compiled_drive import patience_s
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import nuplan_traffic, reactive_traffic, replay_traffic
from tests.measures.hand import cruise, golden_road, scene_of, track

CAR, PERSON = ScoreType.VEHICLE, ScoreType.PEDESTRIAN
AGENTS = {"replay": replay_traffic, "reactive": reactive_traffic, "nuplan_idm": nuplan_traffic}
PLANNERS = {
    "constant_velocity": ConstantVelocity, "simple": NuplanSimple, "idm": NuplanIdm, "own_idm": IDM,
}  # fmt: skip


class Plain:
    """A planner without its kernel loop."""

    def __init__(self, planner):
        self.reset, self.plan = planner.reset, planner.plan


def busy_scene(steps=81):
    road = golden_road()
    lanes = tuple(replace(lane, has_light=lane.id == "r1") for lane in road.lanes)
    lights = np.full((1, steps), LightStatus.RED, np.int8)
    lights[0, 50:] = LightStatus.GREEN
    return scene_of(
        cruise(9.0, steps), track(CAR, 20.0, speed=6.0, steps=steps),
        track(CAR, 0.0, 3.5, speed=9.0, steps=steps), track(PERSON, 60.0, 6.0, -1.5, 1.0, steps),
        road=replace(road, lanes=lanes, _by_id={}),
        lights=Lights(lane_ids=("r1",), status=lights),
    )  # fmt: skip


def drives(planner, agents, scene=None, **config):
    scene, config = scene or busy_scene(), SimConfig(agents=agents, **config)
    return [
        rollout(scene, choice, config, AGENTS[agents](scene))
        for choice in (planner, Plain(planner))
    ]


def assert_same(ours, theirs):
    assert (ours.status, ours.reason) == (theirs.status, theirs.reason)
    for name in ("times_us", "ego", "light_status", "plan_times_us"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_array_equal(ours.tracks.state, theirs.tracks.state)
    np.testing.assert_array_equal(ours.tracks.valid, theirs.tracks.valid)
    assert len(ours.plan_poses) == len(theirs.plan_poses) == len(ours.plan_wall_s)
    for a, b in zip(ours.plan_poses, theirs.plan_poses):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("agents", AGENTS)
@pytest.mark.parametrize("planner", PLANNERS)
def test_both_loops_drive_alike(planner, agents):
    ours, theirs = drives(PLANNERS[planner](), agents)
    assert ours.status == "ok" and len(ours.ego) == 81
    assert_same(ours, theirs)


@pytest.mark.parametrize("settings", [
    {"replan_interval_s": 0.5}, {"duration_s": 2.0}, {"friction": 0.3}, {"tracker": "perfect"},
])  # fmt: skip
def test_settings_count_in_both(settings):
    ours, theirs = drives(NuplanIdm(), "reactive", **settings)
    assert_same(ours, theirs)


def test_order_and_company_of_scenes_do_not_matter():
    def drive(name):
        scene = replace(busy_scene(), id=name)
        return rollout(scene, NuplanIdm(), SimConfig(), replay_traffic(scene)).ego

    first = drive("a")
    drives(NuplanSimple(), "nuplan_idm")
    np.testing.assert_array_equal(first, drive("b"))


def test_a_planner_is_not_shown_the_future():
    scene = busy_scene()
    tracks = replace(scene.tracks, state=scene.tracks.state.copy())
    tracks.state[:, 40:, :2] += 3.0
    other = replace(scene, tracks=tracks)
    a, b = (rollout(s, NuplanIdm(), SimConfig(), replay_traffic(s)) for s in (scene, other))
    np.testing.assert_array_equal(a.ego[:41], b.ego[:41])
    assert (a.ego[60:] != b.ego[60:]).any()


def test_a_set_up_that_raises_fails_the_drive():
    drive = rollout(busy_scene(), ConstantVelocity(), SimConfig(), replay_traffic(busy_scene()))
    assert drive.status == "ok"
    broken = ConstantVelocity()
    broken.options = {"horizon_s": "far"}
    drive = rollout(busy_scene(), broken, SimConfig(), replay_traffic(busy_scene()))
    assert drive.status == "failed" and "reset() raised ValueError" in drive.reason
    assert len(drive.ego) == 1


def test_a_kernel_that_raises_fails_the_drive():
    def drive(setup, run, world):
        run.ego[1:] = 7.0
        raise ZeroDivisionError("division by zero")

    class Divides(ConstantVelocity):
        compiled = replace(ConstantVelocity.compiled, drive=drive)

    result = rollout(busy_scene(), Divides(), SimConfig(), replay_traffic(busy_scene()))
    assert result.status == "failed" and "plan() raised ZeroDivisionError" in result.reason
    assert len(result.ego) == 1 and result.tracks.state.shape[1] == 1
    assert result.plan_poses == ()


def test_a_plan_that_cannot_be_driven_ends_the_drive_with_the_same_reason():
    scene = scene_of(cruise(150.0, 31))  # faster than anything on a road
    ours, theirs = drives(ConstantVelocity(), "replay", scene)
    assert ours.status == "failed" and "jumps" in ours.reason
    assert_same(ours, theirs)


def test_a_plan_shorter_than_its_interval_is_refused():
    scene = busy_scene()
    ours, theirs = drives(ConstantVelocity(horizon_s=0.3), "replay", scene, replan_interval_s=1.0)
    assert ours.status == theirs.status == "failed"
    assert ours.reason == theirs.reason


def test_our_planners_may_compile_as_long_as_it_takes_and_others_may_not_hang():
    settings = SimConfig(hang_limit_s=2.0)
    assert patience_s(IDM(), settings) > 600
    assert patience_s(Plain(IDM()), settings) == 2.0
