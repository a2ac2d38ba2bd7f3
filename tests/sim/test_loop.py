"""The closed loop: what a planner sees, what it may answer, and how failures end."""

import numpy as np
import pytest

from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.scene import Lights, LightStatus, ScoreType, Trajectory
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout, trajectory_problem
from drivewm.sim.traffic import reactive_traffic, replay_traffic
from tests.measures.hand import cruise, scene_of, track

CAR = ScoreType.VEHICLE


class Straight:
    """Drives on at the first speed and remembers what it saw."""

    def reset(self, scenes):
        self.scenes, self.seen = scenes, []

    def plan(self, observation):
        self.seen.append(observation)
        times = np.arange(1, 41) * 0.1
        poses = np.zeros((1, 40, 3))
        poses[0, :, 0] = observation.ego[0, 0] + 9.0 * times
        poses[0, :, 1] = observation.ego[0, 1]
        return Trajectory(times_s=times, poses=poses)


class FakeCameras:
    def __init__(self):
        self.calls = []

    def capture(self, ego, traffic):
        self.calls.append(ego.copy())
        return {"CAM_FRONT": "frame"}


def red_scene(**extra):
    lights = Lights(lane_ids=("r1",), status=np.full((1, 151), LightStatus.RED, np.int8))
    return scene_of(cruise(9.0), track(CAR, 200.0), lights=lights, **extra)


def run(planner, scene=None, config=None, cameras=None):
    scene = red_scene() if scene is None else scene
    return rollout(scene, planner, config or SimConfig(), replay_traffic(scene), cameras)


def test_a_straight_drive_ends_where_it_should():
    drive = run(Straight())
    assert (drive.status, drive.reason, drive.mode) == ("ok", None, "privileged")
    assert drive.ego.shape == (151, 11)
    assert drive.ego[-1, 0] == pytest.approx(105.0, abs=0.1)
    assert len(drive.plan_poses) == 150
    assert drive.tracks.state.shape == (1, 151, 6)
    np.testing.assert_array_equal(drive.tracks.state, red_scene().tracks.state)


def test_privileged_mode_shows_tracks_map_limits_and_red_lights():
    planner = Straight()
    run(planner)
    seen = planner.seen[0]
    assert seen.tracks.state.shape == (1, 1, 6)
    assert seen.maps[0].has_lane_graph
    assert seen.speed_limits_mps[0] == 13.4
    np.testing.assert_allclose(seen.red_stop_points[0], [[100.0, 0.0]])
    assert seen.cameras is None


def test_sensor_mode_hides_tracks_map_and_lights():
    planner, cameras = Straight(), FakeCameras()
    drive = run(planner, red_scene(world_spec="{}"), cameras=cameras)
    assert drive.mode == "sensor"
    assert len(cameras.calls) == len(planner.seen) == 150
    for seen in planner.seen:
        assert seen.tracks is None and seen.maps is None and seen.red_stop_points is None
        assert list(seen.cameras[0]) == ["CAM_FRONT"]
    shown = planner.scenes[0]
    assert len(shown.tracks) == 0 and not shown.map.lanes and not shown.map.drivable
    assert shown.lights.status is None and shown.world_spec is None


@pytest.mark.parametrize("cameras", [None, FakeCameras()])
def test_no_planner_sees_the_future(cameras):
    planner = Straight()
    run(planner, cameras=cameras)
    shown = planner.scenes[0]
    assert shown.ego.shape[0] == shown.steps == 1
    assert shown.tracks.state.shape[1] == 1
    assert shown.lights.status is None or shown.lights.status.shape[1] == 1


def test_log_replay_alone_gets_the_whole_scene_and_is_the_recorded_ego():
    class Playback(Straight):
        replays_log = True

    planner, scene = Playback(), red_scene()
    drive = run(planner, scene)
    assert planner.scenes[0] is scene
    np.testing.assert_array_equal(drive.ego, scene.ego)


def test_an_observation_cannot_change_the_world():
    class Vandal(Straight):
        def plan(self, observation):
            answer = super().plan(observation)
            observation.ego[:] = 0
            observation.tracks.state[:] = 0
            return answer

    np.testing.assert_array_equal(run(Vandal()).ego, run(Straight()).ego)


@pytest.mark.parametrize(("interval", "plans"), [(None, 150), (0.5, 30), (1.0, 15)])
def test_replan_interval(interval, plans):
    drive = run(Straight(), config=SimConfig(replan_interval_s=interval))
    assert len(drive.plan_poses) == plans
    assert drive.replan_interval_s == (interval or 0.1)
    assert drive.ego[-1, 0] == pytest.approx(105.0, abs=0.2)


def test_the_planners_own_replan_interval_holds():
    planner = Straight()
    planner.replan_interval_s = 0.5
    assert len(run(planner).plan_poses) == 30


def test_duration_is_bounded_by_the_log():
    assert len(run(Straight(), config=SimConfig(duration_s=3.0)).ego) == 31
    assert len(run(Straight(), config=SimConfig(duration_s=300.0)).ego) == 151


def test_perfect_tracking_is_exact():
    drive = run(Straight(), config=SimConfig(tracker="perfect"))
    np.testing.assert_allclose(drive.ego[:, 0], -30 + 0.9 * np.arange(151), atol=1e-9)


def test_reactive_agents_answer_the_ego():
    scene = scene_of(cruise(4.0), track(CAR, -45.0, speed=9.0))
    planner = Straight()
    free = rollout(scene, planner, SimConfig(), replay_traffic(scene))
    held = rollout(scene, planner, SimConfig(), reactive_traffic(scene))
    assert held.tracks.state[0, -1, 0] < free.tracks.state[0, -1, 0] + 1.0
    assert held.status == "ok"


ANSWERS = {
    "None": (lambda t, p: None, "returned NoneType"),
    "NaN": (lambda t, p: Trajectory(times_s=t, poses=p * np.nan), "not finite"),
    "shape": (lambda t, p: Trajectory(times_s=t, poses=p[0]), "not [1, H, 3]"),
    "length": (lambda t, p: Trajectory(times_s=t[:-1], poses=p), "not [1, H, 3]"),
    "order": (lambda t, p: Trajectory(times_s=t[::-1], poses=p), "strictly increasing"),
    "past": (lambda t, p: Trajectory(times_s=t - 0.2, poses=p), "positive"),
    "jump": (lambda t, p: Trajectory(times_s=t, poses=p + 50.0), "jumps at 0.1 s (7"),
    "short": (lambda t, p: Trajectory(times_s=t * 1e-3, poses=p), "before the next plan"),
    "complex": (lambda t, p: Trajectory(times_s=t, poses=p * 1j), "not real numbers"),
    "huge": (lambda t, p: Trajectory(times_s=t, poses=p + 1e300), "as large as 1e+300"),
    "info": (lambda t, p: Trajectory(times_s=t, poses=p, info=5), "not a list of one dict"),
    "text": (lambda t, p: Trajectory(times_s="soon", poses=p), "not numbers"),
}


def test_a_subclass_of_a_compiled_planner_drives_by_its_own_plan():
    class Parked(ConstantVelocity):
        def plan(self, observation):
            poses = observation.ego[:, None, :3].repeat(40, 1)
            return Trajectory(times_s=np.arange(1, 41) * 0.1, poses=poses)

    assert run(ConstantVelocity()).ego[-1, 0] > 100.0
    assert run(Parked()).ego[-1, 0] < 0.0


def test_a_plan_whose_first_time_is_now_starts_with_its_own_pose():
    class Beside(Straight):
        def plan(self, observation):
            good = super().plan(observation)
            poses = np.concatenate([observation.ego[:, None, :3], good.poses], 1)
            poses[0, :, 1] = 1.0  # a lane's middle, a metre to the left
            return Trajectory(times_s=np.append(0.0, good.times_s), poses=poses)

    drive = run(Beside(), config=SimConfig(tracker="perfect"))
    assert (drive.status, drive.reason) == ("ok", None)
    np.testing.assert_allclose(drive.ego[1:, 1], 1.0)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_bad_answer_fails_the_drive_with_its_reason(name):
    answer, reason = ANSWERS[name]

    class Bad(Straight):
        def plan(self, observation):
            good = super().plan(observation)
            return good if len(self.seen) < 20 else answer(good.times_s, good.poses)

    drive = run(Bad())
    assert drive.status == "failed"
    assert reason in drive.reason and "1.9 s" in drive.reason
    assert len(drive.ego) == 20


def test_a_raising_planner_fails_the_drive_with_the_place():
    class Raising(Straight):
        def plan(self, observation):
            raise KeyError("no lane")

    class Stubborn(Straight):
        def reset(self, scenes):
            raise RuntimeError("out of\nmemory")

    class Leaving(Straight):
        def plan(self, observation):
            raise SystemExit(7)

    assert "plan() raised SystemExit" in run(Leaving()).reason
    drive = run(Raising())
    assert drive.status == "failed" and len(drive.ego) == 1
    assert "plan() raised KeyError at test_loop.py:" in drive.reason
    assert "reset() raised RuntimeError" in run(Stubborn()).reason
    assert "\n" not in run(Stubborn()).reason


def test_a_good_answer_has_no_problem():
    good = Trajectory(times_s=np.array([0.5]), poses=np.zeros((1, 1, 3)))
    assert trajectory_problem(good, 0.5) is None
