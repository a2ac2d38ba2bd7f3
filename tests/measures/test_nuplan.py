"""nuPlan's lane measures on hand-built roads, and the whole measurement."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from drivewm.measures.drivable_history import leave_drivable
from drivewm.measures.driving_direction import (
    driving_direction_score,
    lane_progress,
    window_sums,
)
from drivewm.measures.expert_route import expert_route, route_progress
from drivewm.measures.history import History
from drivewm.measures.lane_history import follow_corners, follow_point
from drivewm.measures.nuplan import TERMS, nuplan_terms
from drivewm.measures.nuplan_road import road_of_map
from drivewm.measures.speed_limit import overspeed, speed_limit_score
from drivewm.scene import Lane, RoadMap, ScoreType
from tests.measures.hand import START_US, cruise, scene_of, track

TIMES_US = START_US + 100_000 * np.arange(400, dtype=np.int64)


def lane(name, x0, x1, y=0.0, after=(), before=(), connector=False, limit=10.0):
    return Lane(
        id=name, centerline=np.array([[x0, y], [x1, y]]), polygon=box(x0, y - 2, x1, y + 2),
        is_connector=connector, successors=tuple(after), predecessors=tuple(before),
        speed_limit_mps=limit,
    )  # fmt: skip


def chain(limits=(10.0, None, 20.0)):
    """Lane, connector and lane of 50 m each, and a lane beside the last."""
    return RoadMap(
        origin="fixture",
        lanes=(
            lane("a", 0, 50, after=("c",), limit=limits[0]),
            lane("b", 100, 150, before=("c",), limit=limits[2]),
            lane("far", 100, 150, y=4.0),
            lane("c", 50, 100, after=("b",), before=("a",), connector=True, limit=limits[1]),
        ),
        drivable=(box(0, -2, 150, 2),),
    )


ROAD = road_of_map(chain())


def along(x, y=0.0):
    return np.stack([np.asarray(x, float), np.full(len(x), y)], -1)


def test_lane_progress_starts_on_the_third_step_in_a_lane():
    points = along([45.0, 47.0, 49.0, 51.0, 53.0, 56.0])
    found = lane_progress(ROAD, points, follow_point(ROAD, points))
    np.testing.assert_allclose(found, [0, 2, 2, 0, 0, 3], atol=1e-12)


def test_lane_progress_at_the_start_of_the_line_counts_as_none():
    inside = follow_point(ROAD, along([2.0, 1.0, 1e-3, 1.0]))
    found = lane_progress(ROAD, along([2.0, 1.0, 0.0, 1.0]), inside)
    np.testing.assert_allclose(found, [0.0, -1.0, 0.0, 1.0], atol=1e-12)


def test_window_is_a_second_and_one_step():
    sums = window_sums(np.ones(30), TIMES_US[:30])
    assert list(sums[:3]) == [1, 2, 3] and set(sums[10:]) == {11}
    assert list(window_sums(np.ones(1), TIMES_US[:1])) == [0.0]


@pytest.mark.parametrize(("least", "score"), [(-1.99, 1), (-2.0, 0.5), (-5.99, 0.5), (-6.0, 0)])
def test_driving_direction_score(least, score):
    assert driving_direction_score(np.array([0.0, least])) == score


def test_limit_of_a_connector_is_the_largest_beside_it():
    points = along([25.0, 75.0, 125.0, 200.0])
    over, known = overspeed(ROAD, np.full(4, 21.0), follow_point(ROAD, points))
    assert known and list(over) == [11.0, 1.0, 1.0, 0.0]


def test_a_missing_limit_excuses():
    road = road_of_map(chain((10.0, 5.0, None)))
    points = along([25.0, 75.0, 125.0])
    over, known = overspeed(road, np.full(3, 21.0), follow_point(road, points))
    assert known and list(over) == [11.0, 0.0, 0.0]
    nowhere, known = overspeed(road, np.full(2, 21.0), follow_point(road, along([200.0, 201.0])))
    assert not known and not nowhere.any()


def test_speed_limit_score():
    assert speed_limit_score(np.full(151, 1.6), TIMES_US[:151]) == pytest.approx(0.277728, abs=1e-6)
    assert speed_limit_score(np.full(151, 9.0), TIMES_US[:151]) == 0.0
    assert speed_limit_score(np.ones(1), TIMES_US[:1]) == 1.0


def test_progress_along_the_experts_blocks():
    expert = along(np.arange(10.0, 145.0, 5.0))
    route = expert_route(ROAD, follow_point(ROAD, expert))
    assert len(route.block) == 3
    assert route_progress(ROAD, route, expert).sum() == pytest.approx(expert[-1, 0] - 10.0)
    skips = along([10.0, 40.0, 120.0])  # passes over the connector
    assert list(route_progress(ROAD, route, skips)) == pytest.approx([0, 30, 80])
    leaves = np.array([[10.0, 0.0], [20.0, 9.0], [30.0, 0.0], [25.0, 0.0]])
    assert list(route_progress(ROAD, route, leaves)) == pytest.approx([0, 0, 20, -5])
    returns = along([90.0, 110.0, 90.0, 110.0])  # blocks that were left stay left
    assert list(route_progress(ROAD, route, returns)) == pytest.approx([0, 60, 0, 0])


def test_an_expert_off_every_lane_has_no_route():
    history = follow_point(ROAD, along([200.0, 210.0]))
    assert len(expert_route(ROAD, history).block) == 0


@pytest.mark.parametrize(("y", "outside", "violates"), [(0.0, 0, 0), (-1.2, 1, 0), (-1.4, 1, 1)])
def test_corners_outside_and_far_outside(y, outside, violates):
    corners = np.array([[[30.0, y + 1], [25.0, y + 1], [25.0, y - 1], [30.0, y - 1]]] * 2)
    flags = np.zeros((2, 2), bool)
    centre = follow_point(ROAD, along([27.0, 27.0], y))
    leave_drivable(ROAD, corners, follow_corners(ROAD, corners), centre, flags[0], flags[1])
    assert flags.tolist() == [[bool(outside)] * 2, [bool(violates)] * 2]


def measured(ego, *rows, **kwargs):
    scene = scene_of(ego, *rows, **kwargs)
    return nuplan_terms(History.of_scene(scene), road_of_map(scene.map), scene.ego)


def test_the_track_that_limits_the_ttc_is_named():
    near, far = track(ScoreType.VEHICLE, 40.0), track(ScoreType.VEHICLE, 60.0)
    found = measured(cruise(9.0), far, near)
    before = int(found.contact_step[0]) - 5
    assert found.ttc_track[before] == 1 and found.ttc_s[before] == pytest.approx(0.5)
    assert found.ttc_track[0] == -1 and np.isinf(found.ttc_s[0])


def test_a_very_short_drive_has_no_comfort():
    found = measured(cruise(9.0, steps=3))
    scores = dict(zip(TERMS, found.scores))
    assert np.isnan(scores.pop("comfort")) and set(scores.values()) == {1.0}


def test_tracks_and_arrays_of_any_layout():
    ego = np.asfortranarray(cruise(9.0))
    scene = scene_of(ego, track(ScoreType.VEHICLE, 40.0))
    strange = replace(scene.tracks, state=np.asfortranarray(scene.tracks.state))
    same = nuplan_terms(
        replace(History.of_scene(scene), tracks=strange), road_of_map(scene.map), scene.ego
    )
    assert same.scores[0] == 0.0
