"""NAVSIM-style agents: written against navsim's interface, driven here."""

from dataclasses import dataclass

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.planners import registry
from drivewm.planners.navsim import NavsimPlanner, driving_command
from drivewm.planners.past import EgoPast, driven_back
from drivewm.scene import CameraFrame, ScoreType
from drivewm.sim.config import IsolationConfig, SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, drive, scene_of, track


@dataclass
class Sampling:
    num_poses: int = 8
    interval_length: float = 0.5


@dataclass
class Answer:
    poses: np.ndarray
    trajectory_sampling: Sampling


@dataclass
class Sensors:
    cam_f0: object = False
    cam_l0: object = False
    cam_b0: object = False
    lidar_pc: object = False


class Agent:
    """NAVSIM's constant-velocity agent, in our words."""

    requires_scene = False

    def __init__(self, factor=1.0, **sensors):
        self.factor, self.sensors, self.initialized, self.inputs = factor, sensors, 0, []

    def name(self):
        return "my_agent"

    def initialize(self):
        self.initialized += 1

    def get_sensor_config(self):
        return Sensors(**self.sensors)

    def compute_trajectory(self, agent_input):
        self.inputs.append(agent_input)
        speed = self.factor * np.linalg.norm(agent_input.ego_statuses[-1].ego_velocity)
        poses = np.zeros((8, 3), np.float32)
        poses[:, 0] = speed * 0.5 * np.arange(1, 9)
        return Answer(poses, Sampling())


def run(agent, scene=None, cameras=None, **settings):
    scene = scene or scene_of(cruise(9.0, 61), track(ScoreType.VEHICLE, 200.0, steps=61))
    planner = NavsimPlanner(agent)
    return rollout(scene, planner, SimConfig(**settings), replay_traffic(scene), cameras)


def test_it_drives_as_the_agent_says():
    agent = Agent()
    done = run(agent)
    assert (done.status, done.reason, done.replan_interval_s) == ("ok", None, 0.5)
    assert done.ego[-1, 0] == pytest.approx(-30 + 54.0, abs=0.1)
    assert agent.initialized == 1 and len(agent.inputs) == 12
    np.testing.assert_allclose(done.plan_horizons_s[0], 0.5 * np.arange(1, 9))


def test_poses_are_relative_to_the_rear_axle():
    heading, speed = 2.0, 5.0
    path = 0.1 * speed * np.arange(61)
    ego = drive(path * np.cos(heading) + 7, path * np.sin(heading), heading, speed)
    done = run(Agent(), scene_of(ego, route=ego[:, :2]), tracker="perfect")
    np.testing.assert_allclose(done.ego[-1, :2], ego[-1, :2], atol=0.01)


def test_it_gets_four_statuses_at_2_hz_in_the_frame_of_now():
    agent = Agent()
    run(agent)
    first, later = agent.inputs[0].ego_statuses, agent.inputs[6].ego_statuses
    for statuses in (first, later):  # before the start: driven back
        poses = np.array([status.ego_pose for status in statuses])
        np.testing.assert_allclose(poses[:, 0], [-13.5, -9.0, -4.5, 0.0], atol=0.05)
        np.testing.assert_allclose(poses[:, 1:], 0.0, atol=1e-3)
        assert poses.dtype == np.float32
        assert [s.driving_command.tolist() for s in statuses] == [[0, 1, 0, 0]] * 4
        np.testing.assert_allclose(statuses[-1].ego_velocity, [9.0, 0.0], atol=0.05)
    assert len(agent.inputs[0].cameras) == len(agent.inputs[0].lidars) == 4
    assert agent.inputs[0].cameras[-1].cam_f0.image is None


def test_cameras_arrive_where_the_config_asks_for_them():
    class Rig:
        calls = 0

        def capture(self, ego, traffic):
            self.calls += 1
            pose = np.eye(4)
            pose[:3, 3] = 1.7, 0.0, 1.6
            frame = CameraFrame(
                rgb=np.full((4, 6, 3), self.calls, np.uint8), intrinsics=np.eye(3),
                ego_from_camera=pose,
            )  # fmt: skip
            return {"CAM_FRONT": frame, "CAM_BACK": frame}

    agent = Agent(cam_f0=[3], cam_l0=True)
    planner = NavsimPlanner(agent)
    assert planner.modes == ("sensor",)
    assert planner.camera_channels == ["CAM_FRONT", "CAM_FRONT_LEFT"]
    assert run(agent, cameras=Rig()).mode == "sensor"
    given = agent.inputs[6].cameras
    assert [cameras.cam_f0.image[0, 0, 0] for cameras in given] == [4, 5, 6, 7]
    assert given[-1].cam_f0.sensor2lidar_translation.tolist() == [1.7, 0.0, 1.6]
    assert given[-1].cam_b0.image is None  # not asked for
    assert agent.inputs[0].cameras[0].cam_f0.image[0, 0, 0] == 1  # the first stands for before


@pytest.mark.parametrize(
    ("y", "command"), [(0.0, [0, 1, 0, 0]), (10.0, [1, 0, 0, 0]), (-10.0, [0, 0, 1, 0])]
)
def test_the_driving_command_is_where_the_route_leads(y, command):
    line = np.array([[-50.0, 0.0], [10.0, 0.0], [20.0, y], [50.0, y]])
    assert driving_command(line, cruise(9.0, 2, x0=0.0)[0]).tolist() == command
    aside = cruise(9.0, 2, x0=0.0, y=3.0)[0]  # off the line is no turn
    assert driving_command(line * [1, 0], aside).tolist() == [0, 1, 0, 0]
    assert driving_command(line[:1], aside).tolist() == [0, 0, 0, 1]


def test_what_cannot_be_served_is_refused():
    class Whole(Agent):
        requires_scene = True

    class Mute:
        pass

    with pytest.raises(InputError, match="requires the scene"):
        NavsimPlanner(Whole())
    with pytest.raises(InputError, match="lidar"):
        NavsimPlanner(Agent(lidar_pc=True))
    with pytest.raises(InputError, match=r"no method initialize\(\)"):
        NavsimPlanner(Mute())


def test_a_wrong_answer_is_a_failed_drive():
    class Flat(Agent):
        def compute_trajectory(self, agent_input):
            return Answer(np.zeros(24), Sampling())

    assert "not [N, 3]" in run(Flat()).reason


def test_by_the_registry_with_options_and_in_a_process():
    text = "navsim:tests.planners.test_navsim:Agent?factor=0.5"
    planner = registry.create(text)
    assert isinstance(planner, NavsimPlanner) and planner.name == "my_agent"
    scene = scene_of(cruise(9.0, 31))
    apart = registry.create(text, IsolationConfig(process=True))
    assert apart.name == "my_agent" and apart.replan_interval_s == 0.5
    here = rollout(scene, planner, SimConfig(), replay_traffic(scene))
    there = rollout(scene, apart, SimConfig(), replay_traffic(scene))
    assert there.status == "ok" and here.ego.tobytes() == there.ego.tobytes()


def make(factor):
    return Agent(factor)


def test_a_function_that_makes_the_agent_will_do():
    assert registry.create("navsim:tests.planners.test_navsim:make?factor=2").name == "my_agent"


def test_the_past_is_interpolated_and_driven_back_along_a_circle():
    ego = cruise(10.0, 2, x0=0.0)
    past = EgoPast()
    past.add(1.0, ego[0])
    past.add(1.1, ego[1])
    assert past.at(1.05)[0] == pytest.approx(0.5)
    assert past.at(0.5)[0] == pytest.approx(-5.0) and past.at(9.0)[0] == pytest.approx(1.0)
    turning = ego[0].copy()
    turning[9] = np.pi / 2  # a quarter turn each second, radius 20 / pi
    back = driven_back(turning, 1.0)
    radius = 20 / np.pi
    np.testing.assert_allclose(back[:3], [-radius, radius, -np.pi / 2], atol=1e-9)
