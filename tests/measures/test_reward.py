import numpy as np
import pytest

from drivewm.measures.reward import RewardConfig, comfort_cost, recorded_reward, step_reward
from drivewm.scene import ScoreType
from tests.measures.hand import cruise, scene_of, track


def test_steady_progress_is_rewarded():
    reward, cont = recorded_reward(scene_of(cruise(10.0)))
    assert reward.shape == cont.shape == (30,)
    np.testing.assert_allclose(reward, 1.0)
    assert cont.all()


def test_the_step_of_an_at_fault_collision_is_the_last():
    scene = scene_of(cruise(9.0), track(ScoreType.VEHICLE, 40.0))  # contact at 7.1 s
    reward, cont = recorded_reward(scene)
    assert list(np.flatnonzero(cont)) == list(range(14))
    assert reward[14] == pytest.approx(0.9 - 5.0)
    assert not reward[15:].any()


def test_a_rear_ender_does_not_end_the_drive():
    _, cont = recorded_reward(scene_of(cruise(4.0), track(ScoreType.VEHICLE, -60.0, speed=12.0)))
    assert cont.all()


def test_a_road_departure_ends_the_drive():
    ego = cruise(9.0)
    ego[80:, 1] = -2.0  # leaves between 7.9 and 8.0 s
    _, cont = recorded_reward(scene_of(ego))
    assert list(np.flatnonzero(cont)) == list(range(15))


def test_a_drive_that_begins_off_the_road_goes_on():
    _, cont = recorded_reward(scene_of(cruise(9.0, y=-3.0)))
    assert cont.all()


def test_two_terminals_count_once():
    reward, cont = step_reward(np.zeros(4), np.zeros(4), np.array([False, True, False, True]))
    assert list(reward) == [0.0, -5.0, 0.0, 0.0]
    assert list(cont) == [1.0, 0.0, 0.0, 0.0]


def test_comfort_cost_grows_with_acceleration_and_is_capped():
    cost = comfort_cost(np.array([0.0, 4.05, -4.05, 100.0]), np.zeros(4))
    np.testing.assert_allclose(cost, [0, 1, 1, RewardConfig().max_comfort_cost])
