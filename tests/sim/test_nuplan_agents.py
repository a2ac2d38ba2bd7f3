"""nuPlan's IDM agents: what they do right, and their quirks."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from drivewm.scene import PACIFICA, Lights, LightStatus, ScoreType
from drivewm.sim.nuplan_agents import nuplan_agents
from drivewm.sim.traffic import nuplan_traffic, reactive_traffic
from tests.measures.hand import cruise, drive, golden_road, scene_of, track

CAR, BIKE, PERSON, CONE = (
    ScoreType.VEHICLE, ScoreType.BICYCLE, ScoreType.PEDESTRIAN, ScoreType.CONE,
)  # fmt: skip
PARKED_EGO = drive(np.full(151, 20.0), 7.0, np.pi, 0.0)


def play(scene, steps=150, make=nuplan_traffic):
    """States [steps + 1, N, 6] and valid [steps + 1, N] while the ego follows its record."""
    traffic = make(scene)
    states, valid = [traffic.state], [traffic.valid]
    for step in range(steps):
        traffic.step(scene.ego[step], PACIFICA)
        states.append(traffic.state)
        valid.append(traffic.valid)
    return np.array(states), np.array(valid)


def light_scene(status, *rows, ego=PARKED_EGO):
    """A light over the connector r1, which begins at x = 100, with a stop line before it."""
    road = golden_road()
    lanes = tuple(
        replace(lane, has_light=True, stop_lines=(0,)) if lane.id == "r1" else lane
        for lane in road.lanes
    )
    road = replace(road, lanes=lanes, stop_lines=(box(98.0, -1.75, 100.0, 1.75),), _by_id={})
    lights = Lights(lane_ids=("r1",), status=np.asarray(status, np.int8)[None])
    return scene_of(ego, *rows, road=road, lights=lights)


def test_a_parked_car_drives_off():
    states, valid = play(scene_of(PARKED_EGO, track(CAR, 0.0)))
    assert valid.all()
    assert states[-1, 0, 0] > 60.0 and states[-1, 0, 4] > 8.0
    kept, _ = play(scene_of(PARKED_EGO, track(CAR, 0.0)), make=reactive_traffic)
    assert (kept[:, 0, :2] == kept[0, 0, :2]).all()  # the sane default


def test_bicycles_and_vehicles_off_the_lanes_vanish_while_the_rest_is_replayed():
    scene = scene_of(
        PARKED_EGO, track(CAR, 0.0), track(CAR, 0.0, 30.0), track(BIKE, 40.0), track(PERSON, 60.0,
        -1.0, speed=1.0), track(CONE, 80.0, 3.5),
    )  # fmt: skip
    states, valid = play(scene)
    assert valid.all(0).tolist() == [True, False, False, True, True]
    assert not valid[:, 1:3].any()
    np.testing.assert_array_equal(states[:, 3:].transpose(1, 0, 2), scene.tracks.state[3:])


def test_a_car_that_appears_later_never_comes():
    scene = scene_of(PARKED_EGO, track(CAR, 0.0))
    scene.tracks.valid[0, :5] = False
    assert not play(scene)[1].any()


def test_an_agent_that_would_touch_the_ego_is_left_out():
    scene = scene_of(cruise(5.0, x0=0.0), track(CAR, 3.0, 0.5), track(CAR, 30.0))
    assert nuplan_agents(scene).track.tolist() == [1]


def test_an_agent_is_snapped_to_its_lane():
    states, _ = play(scene_of(PARKED_EGO, track(CAR, 0.0, 0.8, 0.05, 5.0)), steps=1)
    np.testing.assert_allclose(states[0, 0, [0, 1, 3, 4]], [0, 0, 0, 5], atol=0.01)


def test_an_agent_without_a_limit_wishes_that_of_the_one_before():
    road = golden_road()
    lanes = tuple(
        replace(lane, speed_limit_mps=3.0 if lane.id == "r0" else None) for lane in road.lanes
    )
    road = replace(road, lanes=lanes, _by_id={})
    first = (track(CAR, 0.0), track(CAR, 50.0, 3.5))
    assert nuplan_agents(scene_of(PARKED_EGO, *first, road=road)).target.tolist() == [3.0, 3.0]
    second = first[::-1]
    assert nuplan_agents(scene_of(PARKED_EGO, *second, road=road)).target.tolist() == [10.0, 3.0]


def test_agents_stop_at_red_and_go_at_green():
    red = np.full(151, LightStatus.RED)
    states, _ = play(light_scene(red, track(CAR, 40.0, speed=10.0)))
    front = states[-1, 0, 0] + 2.3
    assert 80.0 < front < 98.0 and states[-1, 0, 4] < 0.5  # the path lacks its last vertex
    turning = np.where(np.arange(151) < 60, LightStatus.RED, LightStatus.GREEN)
    states, _ = play(light_scene(turning, track(CAR, 40.0, speed=10.0)))
    assert states[-1, 0, 0] > 105.0


def test_agents_follow_each_other_and_stop_behind_the_ego():
    ego = drive(np.full(151, 80.0), 0.0, 0.0, 0.0)
    states, valid = play(scene_of(ego, track(CAR, 0.0, speed=10.0), track(CAR, 20.0, speed=10.0)))
    rear = 80.0 + PACIFICA.rear_axle_to_center_m - PACIFICA.length_m / 2
    gaps = rear - states[:, 1, 0] - 2.3, states[:, 1, 0] - states[:, 0, 0] - 4.6
    assert valid.all() and (gaps[0] > 0.0).all() and (gaps[1] > 0.0).all()
    assert states[-1, :, 4].max() < 1.0


def test_agents_far_from_the_ego_leave_for_good():
    ego = drive(-150.0 + 2.0 * np.arange(151), 7.0, 0.0, 20.0)
    _, valid = play(scene_of(ego, track(CAR, -50.0, 3.5), track(CAR, 120.0)))
    assert valid[0].all()  # nobody is looked for before the first step
    assert not valid[1:, 1].any()


def test_an_agent_stops_at_the_end_of_the_last_lane():
    states, valid = play(scene_of(drive(np.full(151, 520.0), 7.0), track(CAR, 560.0, speed=10.0)))
    assert valid.all() and states[-1, 0, 0] <= 600.0
    assert np.diff(states[:, 0, 0]).min() >= 0.0


def test_a_map_without_lanes_has_no_agents():
    _, valid = play(scene_of(PARKED_EGO, track(CAR, 0.0), road=golden_road(lanes=False)))
    assert not valid.any()


@pytest.mark.parametrize("steps", [1, 40])
def test_steps_do_not_depend_on_other_traffic_objects(steps):
    scene = scene_of(PARKED_EGO, track(CAR, 0.0, speed=8.0), track(CAR, 30.0))
    alone, _ = play(scene, steps)
    play(scene_of(PARKED_EGO, track(CAR, 10.0)), 5)
    again, _ = play(scene, steps)
    np.testing.assert_array_equal(alone, again)
