"""Reactive agents go on along the lanes where their record ends."""

from dataclasses import replace

import numpy as np
from shapely.geometry import box

from drivewm.scene import PACIFICA, Lane, Lights, LightStatus, RoadMap, ScoreType
from drivewm.scene.road_graph import road_graph
from drivewm.sim.traffic import reactive_traffic
from drivewm.sim.traffic_lanes import lanes_ahead
from tests.measures.hand import cruise, drive, golden_road, scene_of, track

CAR = ScoreType.VEHICLE
PARKED_EGO = drive(np.full(151, -150.0), 7.0, np.pi, 0.0)


def bend() -> RoadMap:
    """A lane to x = 50, a connector that turns left within 20 m, a lane north; another one right
    that turns more."""
    angle = np.linspace(0.0, np.pi / 2, 12)
    arc = np.stack([50 + 20 * np.sin(angle), 20 - 20 * np.cos(angle)], -1)
    north = np.stack([np.full(9, 70.0), np.linspace(20, 100, 9)], -1)
    west = np.stack([50 + 9 * np.sin(2 * angle), -9 + 9 * np.cos(2 * angle)], -1)
    straight = np.stack([np.linspace(0, 50, 11), np.zeros(11)], -1)
    rows = (
        ("a", straight, box(0, -2, 50, 2), ("left", "round")),
        ("left", arc, box(50, -2, 72, 20), ("b",)),
        ("round", west, box(50, -20, 60, 2), ()),
        ("b", north, box(68, 20, 72, 100), ()),
    )
    lanes = tuple(
        Lane(id=name, centerline=line, polygon=shape, successors=after)
        for name, line, shape, after in rows
    )
    return RoadMap(origin="hand", lanes=lanes)


def test_the_way_follows_successors_that_turn_least():
    points = lanes_ahead(road_graph(bend()), np.array([30.0, 0.0, 0.0]), 100.0)
    np.testing.assert_allclose(points[9], [40.0, 0.0], atol=0.01)
    np.testing.assert_allclose(points[-1, 0], 70.0, atol=0.2)
    assert points[-1, 1] > 60.0
    steps = np.hypot(*np.diff(points, axis=0).T)
    assert steps.max() < 1.1


def test_an_offset_is_driven_off_gently():
    points = lanes_ahead(road_graph(golden_road()), np.array([0.0, 1.0, 0.1]), 60.0)
    assert 0.95 < points[0, 1] <= 1.0 and abs(points[30:, 1]).max() < 1e-6
    assert (np.diff(points[:, 1]) <= 1e-9).all()


def test_no_lane_that_way_no_points():
    graph = road_graph(golden_road())
    assert len(lanes_ahead(graph, np.array([0.0, 0.0, np.pi]), 60.0)) == 0
    assert len(lanes_ahead(graph, np.array([0.0, 40.0, 0.0]), 60.0)) == 0


def test_behind_the_last_lane_the_way_goes_straight_on():
    points = lanes_ahead(road_graph(bend()), np.array([70.0, 80.0, np.pi / 2]), 60.0)
    np.testing.assert_allclose(points[-1], [70.0, 140.0], atol=0.01)


def play(scene):
    traffic, states = reactive_traffic(scene), []
    for step in range(150):
        traffic.step(scene.ego[step], PACIFICA)
        states.append(traffic.state)
    return np.array(states), traffic


def test_an_agent_drives_on_around_the_bend_when_its_record_ends():
    kind, state = track(CAR, 5.0, speed=8.0)
    state[51:] = state[50]  # recorded for 5 s, to x = 45
    scene = scene_of(PARKED_EGO, (kind, state), road=bend())
    scene.tracks.valid[0, 51:] = False
    states, traffic = play(scene)
    assert traffic.valid.all()
    assert abs(states[-1, 0, 0] - 70.0) < 1.0 and states[-1, 0, 1] > 20.0
    assert abs(states[-1, 0, 3] - np.pi / 2) < 0.1


def test_it_stops_at_a_red_light_behind_its_record():
    kind, state = track(CAR, 40.0, speed=8.0)
    state[31:] = state[30]  # to x = 64; the connector begins at 100
    lights = Lights(lane_ids=("r1",), status=np.full((1, 151), LightStatus.RED, np.int8))
    scene = scene_of(PARKED_EGO, (kind, state), lights=lights)
    scene.tracks.valid[0, 31:] = False
    states, _ = play(scene)
    assert 85.0 < states[-1, 0, 0] + 2.3 < 100.5 and abs(states[-1, 0, 4]) < 0.1


def test_parked_cars_stay_parked_on_lanes_too():
    scene = scene_of(cruise(2.0), track(CAR, 60.0), road=replace(golden_road(), _by_id={}))
    states, _ = play(scene)
    assert (states[:, 0] == states[0, 0]).all()
