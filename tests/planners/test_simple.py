import numpy as np
import pytest

from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.planners.log_replay import LogReplay
from drivewm.scene import Observation
from tests.measures.hand import cruise, scene_of


def observe(ego, step=0):
    return Observation(
        mode="privileged",
        step=step,
        time_s=0.1 * step,
        ego=ego,
        vehicles=(),
        routes=(),
        speed_limits_mps=np.full(len(ego), np.nan),
    )


def test_constant_velocity_goes_straight_on_for_every_scene():
    ego = np.zeros((2, 11))
    ego[1, :4] = 5.0, 6.0, np.pi / 2, 10.0
    answer = ConstantVelocity(horizon_s=2.0).plan(observe(ego))
    assert answer.poses.shape == (2, 20, 3)
    np.testing.assert_allclose(answer.poses[0], 0)
    np.testing.assert_allclose(answer.poses[1, -1], [5.0, 26.0, np.pi / 2], atol=1e-9)
    assert answer.times_s[-1] == pytest.approx(2.0)


def test_log_replay_answers_the_recorded_poses_and_holds_the_last():
    scene = scene_of(cruise(9.0, 31))
    planner = LogReplay()
    planner.reset([scene])
    answer = planner.plan(observe(scene.ego[None, 10], step=10))
    np.testing.assert_array_equal(answer.poses[0, :20], scene.ego[11:, :3])
    np.testing.assert_array_equal(answer.poses[0, 20:], np.tile(scene.ego[-1, :3], (20, 1)))
