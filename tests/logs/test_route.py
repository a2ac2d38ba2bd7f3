import dataclasses

import numpy as np
import pytest
from shapely.geometry import LineString, Point

from drivewm.logs.route import EXTENSION_M, SPACING_M, route_along
from drivewm.scene import NO_MAP, Lane, RoadMap


def lane(name, points, *successors):
    return Lane(id=name, centerline=np.array(points, float), polygon=None, successors=successors)


def drive(points, step_m=1.0):
    line = LineString(points)
    at = np.arange(0.0, line.length, step_m)
    xy = np.array([line.interpolate(s).coords[0] for s in at])
    ahead = np.array([line.interpolate(min(s + 0.1, line.length)).coords[0] for s in at])
    back = np.array([line.interpolate(max(s - 0.1, 0.0)).coords[0] for s in at])
    heading = np.arctan2(*(ahead - back).T[::-1])
    return np.column_stack([xy, heading])


def check(route, path, tolerance_m):
    line = LineString(route)
    assert max(line.distance(Point(p)) for p in path[:, :2]) <= tolerance_m
    assert np.hypot(*np.diff(route, axis=0).T).min() >= SPACING_M - 1e-6


def test_without_a_lane_graph_the_route_is_the_recorded_path_and_100_m_straight_on():
    path = drive([(0, 0), (40, 0)])
    route = route_along(path, NO_MAP).points
    check(route, path, 1e-6)
    np.testing.assert_allclose(route[-1], [39.0 + EXTENSION_M, 0.0], atol=0.6)


def test_standing_ego_gets_a_route_straight_ahead():
    route = route_along(np.tile([5.0, 5.0, np.pi / 2], (20, 1)), NO_MAP).points
    np.testing.assert_allclose(route[-1], [5.0, 5.0 + EXTENSION_M], atol=1e-6)


def test_route_is_the_centreline_that_the_ego_followed_with_an_offset():
    road = RoadMap(
        origin="av2",
        lanes=(
            lane("a", [(0, 0), (30, 0)], "b", "turn"),
            lane("b", [(30, 0), (200, 0)]),
            lane("turn", [(30, 0), (40, 4), (45, 20)]),
        ),
    )
    path = drive([(2, 0.6), (60, 0.6)])
    route = route_along(path, road).points
    check(route, path, 0.7)
    np.testing.assert_allclose(route[:, 1], 0.0, atol=1e-6)  # on the centreline, not on the path


def test_route_takes_the_branch_that_the_ego_took():
    road = RoadMap(
        origin="av2",
        lanes=(
            lane("a", [(0, 0), (30, 0)], "straight", "left"),
            lane("straight", [(30, 0), (90, 0)]),
            lane("left", [(30, 0), (38, 3), (42, 12), (42, 60)]),
        ),
    )
    path = drive([(0, 0), (30, 0), (38, 3), (42, 12), (42, 40)])
    route = route_along(path, road).points
    check(route, path, 1.0)
    assert route[-1, 1] > 60.0


def test_route_goes_on_along_the_straightest_successor():
    road = RoadMap(
        origin="av2",
        lanes=(
            lane("a", [(0, 0), (30, 0)], "left", "on"),
            lane("left", [(30, 0), (40, 40)]),
            lane("on", [(30, 0), (80, 5)], "last"),
            lane("last", [(80, 5), (300, 5)]),
        ),
    )
    route = route_along(drive([(0, 0), (25, 0)]), road).points
    assert LineString(route).distance(Point(80, 5)) < 0.5
    assert abs(LineString(route).length - (24 + EXTENSION_M)) < 2.0


def test_lane_change_is_blended_without_a_jump():
    road = RoadMap(
        origin="av2",
        lanes=(
            lane("right", [(0, 0), (200, 0)], "x"),
            lane("left", [(0, 3.5), (200, 3.5)], "y"),
            lane("x", [(200, 0), (210, 0)]),
            lane("y", [(200, 3.5), (210, 3.5)]),
        ),
    )
    path = drive([(0, 0), (40, 0), (70, 3.5), (120, 3.5)])
    route = route_along(path, road).points
    check(route, path, 2.0)
    steps = np.diff(route, axis=0)
    assert np.abs(np.arctan2(steps[:, 1], steps[:, 0])).max() < np.radians(40)


def test_oncoming_lane_is_not_the_route():
    road = RoadMap(
        origin="av2",
        lanes=(
            lane("mine", [(0, 0), (100, 0)], "z"),
            lane("z", [(100, 0), (150, 0)]),
            lane("oncoming", [(100, 0.5), (0, 0.5)]),
        ),
    )
    route = route_along(drive([(0, 0.5), (60, 0.5)]), road).points
    np.testing.assert_allclose(route[:, 1], 0.0, atol=1e-6)


@pytest.mark.parametrize("source", ["scenarionet", "av2", "nuscenes"])
def test_recorded_ego_stays_within_two_metres_of_its_route(real_fleets, source):
    fleet = real_fleets[source]
    for info in fleet.scenes:
        scene = fleet.scene(info.id)
        line = LineString(scene.route)
        offset = max(line.distance(Point(p)) for p in scene.ego[:, :2])
        assert offset <= 2.0, info.id


def test_lanes_under_the_route_are_told_in_order_with_those_it_goes_on_along():
    road = RoadMap(
        origin="av2",
        lanes=(
            lane("a", [(0, 0), (30, 0)], "b"),
            lane("b", [(30, 0), (60, 0)], "c"),
            lane("c", [(60, 0), (300, 0)]),
        ),
    )
    assert route_along(drive([(2, 0.6), (40, 0.6)]), road).lane_ids == ("a", "b", "c")
    assert route_along(drive([(2, 0.6), (40, 0.6)]), NO_MAP).lane_ids == ()


def test_of_two_connectors_the_one_that_was_taken_counts():
    """The car starts inside an intersection, nearer to the way that it does not take."""
    on = dataclasses.replace(lane("on", [(0, 0.5), (10, 0.5), (20, 3)]), is_connector=True)
    turn = dataclasses.replace(lane("turn", [(0, 0), (10, 0), (20, -8)], "out"), is_connector=True)
    road = RoadMap(origin="av2", lanes=(on, turn, lane("out", [(20, -8), (80, -56)])))
    path = drive([(0, 0.5), (6, 0.5), (10, 0), (20, -8), (60, -40)])
    assert route_along(path, road).lane_ids[0] == "turn"
    assert "on" not in route_along(path, road).lane_ids
