"""Another ego car: planner, tracker, measures and safety all see it."""

import numpy as np
import pytest

from drivewm.config import load, validate
from drivewm.errors import InputError
from drivewm.eval.scores.registry import build, load_config
from drivewm.eval.scores.safety import SafetyConfig, safety
from drivewm.planners.registry import create
from drivewm.scene import FUSION, PACIFICA, ZOE, EgoColumn, ScoreType
from drivewm.sim.config import SimConfig, VehicleConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from drivewm.sim.vehicle import vehicle_of, with_vehicle
from tests.measures.hand import cruise, scene_of, track

NARROW_ROAD = cruise(9.0, 61, y=-0.5)  # 1.25 m from the rear axle to the right edge


def judged(planner, vehicle, scene):
    config = SimConfig(vehicle=vehicle)
    scene = with_vehicle(scene, config)
    drive = rollout(scene, create(planner), config, replay_traffic(scene))
    assert drive.status == "ok"
    return scene, drive, build(load_config("closed_loop")).judge(scene, drive)


@pytest.mark.parametrize(
    ("chosen", "expected"), [(None, ZOE), ("pacifica", PACIFICA), ("zoe", ZOE), ("fusion", FUSION)]
)
def test_a_name_chooses_a_known_car_and_none_the_log_s_own(chosen, expected):
    assert vehicle_of(ZOE, chosen) == expected


def test_figures_replace_those_of_the_log_s_own_car():
    car = vehicle_of(ZOE, VehicleConfig(width_m=2.5, wheelbase_m=3.0))
    assert (car.width_m, car.wheelbase_m) == (2.5, 3.0)
    assert (car.length_m, car.rear_axle_to_center_m) == (4.084, 1.385)


def test_a_scene_keeps_its_rear_axle_and_itself_where_nothing_changes():
    scene = scene_of(cruise(9.0, 61))
    assert with_vehicle(scene, SimConfig(vehicle="pacifica")) is scene
    np.testing.assert_array_equal(with_vehicle(scene, SimConfig(vehicle="zoe")).ego, scene.ego)


@pytest.mark.parametrize("planner", ["constant_velocity", "log_replay"])
def test_a_wider_car_leaves_a_narrow_road(planner):
    scene = scene_of(NARROW_ROAD)
    _, _, own = judged(planner, None, scene)
    _, wide_drive, wide = judged(planner, VehicleConfig(width_m=3.6), scene)
    assert own.terms["drivable_area"] == 1.0 and wide.terms["drivable_area"] == 0.0
    assert wide_drive.vehicle.width_m == 3.6


def test_a_longer_car_stops_with_its_rear_axle_further_back_and_is_hit_no_more_often():
    scene = scene_of(cruise(9.0, 151), track(ScoreType.VEHICLE, 60.0))
    _, short, _ = judged("idm", "zoe", scene)
    _, long, score = judged("idm", VehicleConfig(length_m=8.0, rear_axle_to_center_m=3.0), scene)
    assert long.ego[-1, 0] < short.ego[-1, 0] - 2.0
    assert score.terms["no_at_fault_collision"] == 1.0


def test_with_wheels_turned_a_longer_wheelbase_turns_less():
    scene = scene_of(cruise(5.0, 61))
    scene.ego[:, EgoColumn.STEER] = 0.2
    drives = [
        judged("constant_velocity", VehicleConfig(wheelbase_m=length), scene)[1]
        for length in (2.0, 4.0)
    ]
    turned = [np.abs(d.ego[1:4, EgoColumn.YAW_RATE]).max() for d in drives]
    assert turned[1] < 0.7 * turned[0]


def test_safety_is_that_of_the_car_s_length():
    scene = scene_of(cruise(5.0, 61), track(ScoreType.VEHICLE, 30.0, speed=3.0, steps=61))
    config = load(SafetyConfig, "safety/default")
    facts = [
        safety(*judged("constant_velocity", VehicleConfig(length_m=length), scene)[:2], config)
        for length in (4.0, 6.0)
    ]
    thw_s = [np.nanmin(f.series["thw_s"]) for f in facts]
    assert thw_s[1] < thw_s[0] - 0.15  # one metre nearer at 5 m/s


@pytest.mark.parametrize("vehicle", ["tank", {"width_m": -1.0}, {"wings": 2}])
def test_an_impossible_car_is_refused(vehicle):
    with pytest.raises(InputError, match="vehicle"):
        validate(SimConfig, {"vehicle": vehicle}, file="command line")
