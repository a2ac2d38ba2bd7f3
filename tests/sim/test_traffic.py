"""Replayed and reactive agents on hand-built scenes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from drivewm.geometry.boxes import corners
from drivewm.scene import ZOE, Lane, Lights, RoadMap, Scene, Tracks, classify
from drivewm.sim.traffic import reactive_traffic, replay_traffic
from drivewm.sim.traffic_look import boxes_touch

STEPS = 151
FAR_EGO = np.array([0.0, 500.0, 0, 0, 0, 0, 0, 0, 0, 0, 0])


def straight_track(x_m, y_m, speed_mps, first_step=0):
    """State [T, 6] and valid [T] of a box moving along +x, seen from ``first_step`` on."""
    time = (np.arange(STEPS) - first_step) * 0.1
    state = np.zeros((STEPS, 6))
    state[:, 0], state[:, 1], state[:, 2] = x_m + speed_mps * time, y_m, 0.8
    state[:, 4] = speed_mps
    return state, np.arange(STEPS) >= first_step


def scene_of(tracks, categories=None, lights=None, road_map=None):
    categories = categories or ["vehicle.car"] * len(tracks)
    classes = [classify("nuscenes", c) for c in categories]
    ego = np.tile(FAR_EGO, (STEPS, 1))
    return Scene(
        id="hand", source="nuscenes", location="nowhere", split="val",
        times_us=np.arange(STEPS) * 100_000, ego=ego, vehicle=ZOE,
        tracks=Tracks(
            ids=tuple(f"{k:032x}" for k in range(len(tracks))), categories=tuple(categories),
            score_type=np.array([a for a, _ in classes], np.int8),
            occ_class=np.array([b for _, b in classes], np.int8),
            size_m=np.tile([4.5, 1.9, 1.6], (len(tracks), 1)),
            state=np.stack([s for s, _ in tracks]), valid=np.stack([v for _, v in tracks]),
        ),
        map=road_map or RoadMap(origin="none"), lights=lights or Lights(), route=ego[:2, :2],
        native_rate_hz=10.0,
    )  # fmt: skip


def run(traffic, ego, steps=STEPS - 1):
    """States [steps + 1, N, 6] and valid while the ego stands still at ``ego``."""
    states, valid = [traffic.state], [traffic.valid]
    for _ in range(steps):
        traffic.step(ego, ZOE)
        states.append(traffic.state)
        valid.append(traffic.valid)
    return np.array(states), np.array(valid)


def test_replay_equals_the_scene():
    scene = scene_of([straight_track(0, 0, 8), straight_track(5, 4, 3, first_step=20)])
    states, valid = run(replay_traffic(scene), FAR_EGO)
    np.testing.assert_array_equal(valid.T, scene.tracks.valid)
    seen = scene.tracks.valid
    np.testing.assert_array_equal(states.transpose(1, 0, 2)[seen], scene.tracks.state[seen])


def test_reactive_agent_stops_behind_a_stopped_ego():
    ego = np.array([60.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    states, valid = run(reactive_traffic(scene_of([straight_track(0, 0, 10)])), ego)
    rear_bumper = 60.0 + ZOE.rear_axle_to_center_m - ZOE.length_m / 2
    gap = rear_bumper - (states[-1, 0, 0] + 4.5 / 2)
    assert valid.all()
    assert 0.2 < gap < 4.0
    assert np.hypot(*states[-1, 0, 4:]) < 0.1


def test_replayed_agent_drives_through_a_stopped_ego():
    ego = np.array([60.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    states, _ = run(replay_traffic(scene_of([straight_track(0, 0, 10)])), ego)
    assert states[-1, 0, 0] == pytest.approx(150.0)


def test_reactive_agent_drives_on_past_its_record_when_free():
    slow_then_gone = straight_track(0, 0, 10)
    slow_then_gone[1][50:] = False
    states, valid = run(reactive_traffic(scene_of([slow_then_gone])), FAR_EGO)
    assert valid[-1, 0] and states[-1, 0, 0] > 100
    assert abs(states[-1, 0, 1]) < 1e-6


def test_reactive_follower_keeps_its_distance_to_a_slow_lead():
    scene = scene_of([straight_track(0, 0, 12), straight_track(40, 0, 5)])
    states, _ = run(reactive_traffic(scene), FAR_EGO)
    gaps = states[:, 1, 0] - states[:, 0, 0] - 4.5
    assert gaps.min() > 0.5
    assert states[-1, 0, 4] == pytest.approx(5.0, abs=0.6)


def test_parked_agent_stays_parked_and_pedestrian_is_replayed():
    parked, walker = straight_track(30, 3, 0), straight_track(0, 6, 1.2)
    scene = scene_of([parked, walker], ["vehicle.car", "human.pedestrian.adult"])
    states, _ = run(reactive_traffic(scene), FAR_EGO)
    assert np.ptp(states[:, 0, :2], axis=0).max() == 0.0
    np.testing.assert_array_equal(states[:, 1], scene.tracks.state[1])


def test_a_car_that_waits_in_the_record_does_not_set_off_before_it_did():
    waits = straight_track(0, 0, 0)
    waits[0][60:, 0] = 6.0 * 0.1 * np.arange(STEPS - 60)
    waits[0][60:, 4] = 6.0
    states, _ = run(reactive_traffic(scene_of([waits])), FAR_EGO)
    assert np.ptp(states[:59, 0, 0]) == 0.0
    assert states[-1, 0, 0] > 10.0


def test_late_agent_waits_until_the_ego_has_left_its_place():
    scene = scene_of([straight_track(40, 0, 8, first_step=30)])
    traffic = reactive_traffic(scene)
    on_the_spot, away = FAR_EGO.copy(), FAR_EGO
    on_the_spot[:2] = 40.0, 0.0
    _, valid = run(traffic, on_the_spot, 50)
    assert not valid.any()
    _, valid = run(traffic, away, 2)
    assert valid[-1].all()


def test_reactive_agent_stops_at_a_red_light():
    lane = Lane(id="c", centerline=np.stack([np.arange(50.0, 71), np.zeros(21)], -1), polygon=None,
                is_connector=True, has_light=True)  # fmt: skip
    red = Lights(lane_ids=("c",), status=np.full((1, STEPS), 2, np.int8))
    scene = scene_of(
        [straight_track(0, 0, 10)], lights=red, road_map=RoadMap(origin="x", lanes=(lane,))
    )
    states, _ = run(reactive_traffic(scene), FAR_EGO)
    assert 44.0 < states[-1, 0, 0] + 4.5 / 2 <= 50.0


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(*[st.floats(-6, 6)] * 2, st.floats(-3.1, 3.1)), st.floats(0.3, 12), st.floats(0.3, 3)
)
def test_boxes_touch_agrees_with_shapely(pose, length, width):
    a, size_a = np.array([0.3, -0.2, 0.7]), np.array([4.5, 1.9])
    b, size_b = np.array(pose), np.array([length, width])
    first, second = (Polygon(corners(p, s[0], s[1])) for p, s in ((a, size_a), (b, size_b)))
    distance, overlap = first.distance(second), first.intersection(second).area
    if distance > 1e-6 or overlap > 1e-6:  # not where they just touch
        assert boxes_touch(a, size_a, b, size_b, 0.0) == (overlap > 0)
