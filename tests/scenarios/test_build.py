"""Concrete scenarios built."""

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.planners.careful import Careful
from drivewm.scenarios.build import build
from drivewm.scenarios.source import script_of
from drivewm.scene import EgoColumn
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from tests.scenarios.hand_built import EMPTY, LEAD_BRAKES, RED, STREET, concrete


def drive(body, planner=None):
    built = build(concrete(body))
    traffic = built.make_traffic()
    sim = SimConfig(agents="reactive", **built.sim)
    return built, rollout(built.scene, planner or Careful(), sim, traffic), traffic


def test_gap_is_between_the_bumpers():
    scene = build(concrete(LEAD_BRAKES)).scene
    car = scene.vehicle
    front = scene.ego[0, EgoColumn.X] + car.rear_axle_to_center_m + car.length_m / 2
    lead = scene.tracks.state[0, 0, 0] - scene.tracks.size_m[0, 0] / 2
    assert lead - front == pytest.approx(20.0, abs=1e-6)


def test_scene_carries_a_script_that_builds_the_same():
    built = build(concrete(LEAD_BRAKES))
    again = script_of(built.scene.scenario, built.scene.id)
    assert again.scene.scenario == built.scene.scenario
    np.testing.assert_array_equal(again.scene.tracks.state, built.scene.tracks.state)
    np.testing.assert_array_equal(again.scene.route, built.scene.route)


def test_script_moves_the_lead_and_says_so():
    _, drove, traffic = drive(LEAD_BRAKES)
    speed = np.hypot(*drove.tracks.state[0, :, 4:6].T)
    assert speed[5] == pytest.approx(10.0)
    assert speed[30] == pytest.approx(5.0, abs=0.1)
    fired = [entry.element.rpartition("::")[2] for entry in traffic.log if entry.what == "fired"]
    assert fired == ["brakes"]
    assert any(entry.what == "never" for entry in traffic.log)


def test_same_drive_twice_is_the_same_bytes():
    one, other = drive(LEAD_BRAKES)[1], drive(LEAD_BRAKES)[1]
    assert one.ego.tobytes() == other.ego.tobytes()
    assert one.tracks.state.tobytes() == other.tracks.state.tobytes()


def test_planner_does_not_see_the_script():
    class Nosy(Careful):
        def reset(self, scenes):
            assert scenes[0].scenario is None
            super().reset(scenes)

    assert drive(EMPTY, Nosy())[1].status == "ok"


def test_red_light_of_the_road_is_red_for_the_ego():
    scene = build(concrete(RED)).scene
    assert scene.lights.status is not None
    assert (scene.lights.status[:, 0] == 2).any()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (EMPTY.replace("goal_m: 60", "goal_m: 279").replace("length_m: 300", "length_m: 298"),
         "goal"),
        (STREET + """\
ego: {s_m: 20, speed_mps: 10, goal_m: 60}
actors:
  one: {kind: car, place: {at: lane, gap_m: 20}, speed_mps: 5}
  two: {kind: car, place: {at: lane, gap_m: 22}, speed_mps: 5}
conflict: {actor: one}
""", "two begins inside one"),
        (RED.replace("four_way", "t_junction"), "unreachable route"),
    ],
    ids=["goal beyond the road", "spawn overlap", "no way straight on"],
)  # fmt: skip
def test_what_cannot_be_built_is_told_with_its_place(body, problem):
    with pytest.raises(InputError, match=problem):
        build(concrete(body))
