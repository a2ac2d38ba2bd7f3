import numpy as np
import pytest

from drivewm.planners.pdm_brake import brake, must_brake


@pytest.mark.parametrize(
    "step, speed, expected",
    [(-1, 1.0, False), (0, 0.0, True), (20, 5.0, True), (21, 5.0, False), (20, 5.1, False)],
)
def test_only_a_slow_ego_brakes_for_a_near_collision(step, speed, expected):
    assert must_brake(step, speed, 0.1) is expected


def plan_from(speed: float, accel: float = 0.0) -> np.ndarray:
    ego = np.zeros(11)
    ego[:3], ego[3], ego[5] = (10.0, 20.0, np.pi / 2), speed, accel
    poses = np.empty((81, 3))
    brake(ego, 1.461, 0.1, poses)
    return poses


def test_a_moving_ego_is_sent_back_by_what_it_cannot_shed():
    poses = plan_from(2.0)  # 1.1 * (2 - 4.05) m/s
    np.testing.assert_allclose(poses[:, 0], 10.0)
    np.testing.assert_allclose(poses[:, 1], 20.0 - 2.255 * 0.1 * np.arange(81))
    np.testing.assert_allclose(poses[:, 2], np.pi / 2)


def test_a_standing_ego_stays():
    np.testing.assert_allclose(plan_from(0.0)[:, 1], 20.0)


def test_acceleration_counts_below_walking_pace():
    assert plan_from(0.1, 1.0)[10, 1] == pytest.approx(20.0 - 1.4)  # -4 * 0.1 - 1
