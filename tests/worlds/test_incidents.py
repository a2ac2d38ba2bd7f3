"""Contacts and departures of hand-made drives."""

from types import SimpleNamespace

import numpy as np
import pytest

from drivewm.scene import ZOE, OccClass, ScoreType
from drivewm.worlds.incidents import incidents
from tests.worlds.roads import two_lanes_through_a_light


def drive(category: str, turn_rad: float = 0.0, obstacle_x_m: float = 125.0):
    """Three seconds at 10 m/s from (101, 50); an object of 0.6 m stands ahead."""
    time_s = np.arange(31) / 10
    ego = np.zeros((31, 11))
    ego[:, 0] = 101 + 10 * time_s * np.cos(turn_rad)
    ego[:, 1] = 50 + 10 * time_s * np.sin(turn_rad)
    ego[:, 2], ego[:, 3] = turn_rad, 10.0
    state = np.zeros((1, 31, 6))
    state[0, :, :3] = obstacle_x_m, 50.0, 0.5
    log = SimpleNamespace(
        times_us=(time_s * 1e6).astype(np.int64),
        ego=ego,
        ids=("a",),
        categories=(category,),
        score_type=np.array([ScoreType.VEHICLE], np.int8),
        occ_class=np.array([OccClass.CAR], np.int8),
        size_m=np.array([[0.6, 0.6, 1.0]]),
        state=state,
        valid=np.ones((1, 31), bool),
    )
    return SimpleNamespace(road_map=two_lanes_through_a_light().road_map, vehicle=ZOE), log


def test_the_first_touch_is_timed():
    front_m = ZOE.rear_axle_to_center_m + ZOE.length_m / 2
    found = incidents(*drive("vehicle.car"))
    assert found.collision_time_s == pytest.approx((125 - 0.3 - 101 - front_m) / 10, abs=0.11)
    assert found.departure_time_s is None


def test_cones_do_not_count():
    assert incidents(*drive("movable_object.trafficcone")).collision_time_s is None


def test_leaving_the_road_is_timed():
    found = incidents(*drive("vehicle.car", turn_rad=0.5, obstacle_x_m=300.0))
    assert found.collision_time_s is None
    assert 0.8 < found.departure_time_s < 1.6  # 8 m to the left edge
