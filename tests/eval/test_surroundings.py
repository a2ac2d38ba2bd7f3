"""Agents and cameras of a synthetic world in the loop."""

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.surroundings import cameras_of, choose_mode, traffic_of
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.worlds.build import build
from drivewm.worlds.world import WorldSpec
from tests.measures.hand import cruise, scene_of
from tests.sim.test_loop import Straight

SPEC = WorldSpec(
    seed=3, layout="straight", layout_seed=1, location="boston-seaport", origin_m=(0.0, 0.0)
)


class Looking(Straight):
    modes = ("sensor", "privileged")
    image_size = (32, 16)
    camera_channels = ("CAM_FRONT",)
    replan_interval_s = 0.5


@pytest.fixture(scope="module")
def world():
    return build(SPEC)


@pytest.fixture
def scene(world):
    from dataclasses import replace

    bare = scene_of(cruise(0.0, 16), world_spec=SPEC.model_dump_json())
    return replace(bare, ego=np.tile(world.ego_start, (16, 1)), route=world.route)


def test_modes_are_chosen_by_what_the_scene_can_serve(scene):
    assert choose_mode(Looking(), scene) == "sensor"
    assert choose_mode(Looking(), scene_of(cruise(1.0))) == "privileged"
    assert choose_mode(object(), scene) == "privileged"
    only = Looking()
    only.modes = ("sensor",)
    with pytest.raises(InputError, match="no synthetic world"):
        choose_mode(only, scene_of(cruise(1.0)))


def test_reactive_agents_of_a_synthetic_scene_are_those_of_its_world(scene, world):
    traffic, expected = traffic_of(scene, "reactive"), world.make_traffic()
    assert traffic.ids == expected.ids
    np.testing.assert_array_equal(traffic.state, expected.state)
    assert traffic_of(scene, "replay").ids == scene.tracks.ids


def test_a_sensor_planner_drives_by_rendered_cameras(scene):
    planner = Looking()
    cameras = cameras_of(planner, scene, "sensor")
    drive = rollout(scene, planner, SimConfig(), traffic_of(scene, "reactive"), cameras)
    assert (drive.status, drive.mode) == ("ok", "sensor"), drive.reason
    frames = [seen.cameras[0]["CAM_FRONT"].rgb for seen in planner.seen]
    assert [frame.shape for frame in frames] == [(16, 32, 3)] * 3
    assert (frames[0] != frames[-1]).any()  # pictured from where the ego is now
    assert cameras_of(planner, scene, "privileged") is None


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [("image_size", "large", "image_size"), ("image_size", (32, 0), "image_size"),
     ("image_size", 5, "image_size"), ("camera_channels", ("CAM_ROOF",), "CAM_ROOF")],
)  # fmt: skip
def test_cameras_that_there_are_not_are_named(scene, attribute, value, says):
    planner = Looking()
    setattr(planner, attribute, value)
    with pytest.raises(InputError, match=says):
        cameras_of(planner, scene, "sensor")
