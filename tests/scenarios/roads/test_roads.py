"""Scenario roads: lanes join, lie on the pavement, and lead where they should."""

import numpy as np
import pytest
from shapely.geometry import LineString
from shapely.ops import unary_union

from drivewm.errors import InputError
from drivewm.scenarios import schema_road as r
from drivewm.scenarios.roads import draw

L = {"speed_limit_mps": 13.9}
ROADS = {
    "highway": r.Highway(**L),
    "merge": r.Highway(ramp="merge", **L),
    "exit in a bend": r.Highway(ramp="exit", radius_m=-400, straight_m=100, shoulder_m=2.5, **L),
    "street": r.Street(**L),
    "bent street": r.Street(radius_m=40, straight_m=60, crossings=(r.Zebra(at_m=50),),
                            parking=(r.ParkingRow(from_m=20, to_m=100),), **L),
    "lane drop": r.LaneDrop(**L),
    "left lane drop": r.LaneDrop(ends="left", lanes=3, **L),
    "narrow": r.Narrow(**L),
    "passage": r.Narrow(passage=r.Span(from_m=80, to_m=120), **L),
    "four way": r.FourWay(**L),
    "skew four way": r.FourWay(lanes=2, turn_lanes=True, angle_rad=1.2, **L),
    "stem": r.TJunction(**L),
    "main road": r.TJunction(ego_from="main_left", **L),
    "roundabout": r.Roundabout(**L),
    "small roundabout": r.Roundabout(radius_m=10, arms=3, **L),
    "car park": r.CarPark(**L),
    "driveway": r.Driveway(**L),
    "out of a driveway": r.Driveway(side="left", ego_from="driveway", **L),
    "dead end": r.DeadEnd(**L),
    "seeded": r.Drawn(layout="four_way", **L),
}  # fmt: skip


@pytest.mark.parametrize("name", ROADS)
def test_lanes_join_and_lie_on_the_pavement(name):
    road_map = draw(ROADS[name]).network.road_map((0.0, 0.0))
    area = unary_union(road_map.drivable).buffer(0.05)
    for lane in road_map.lanes:
        track = LineString(lane.centerline).buffer(0.9, cap_style="flat")
        assert track.difference(area).area < 0.05
        for after in lane.successors:
            gap = road_map.lane(after).centerline[0] - lane.centerline[-1]
            assert np.hypot(*gap) < 0.05


@pytest.mark.parametrize("name", ROADS)
def test_the_same_parameters_draw_the_same_road(name):
    one, other = (draw(ROADS[name]).network.road_map((0.0, 0.0)) for _ in range(2))
    assert [lane.id for lane in one.lanes] == [lane.id for lane in other.lanes]
    for a, b in zip(one.lanes, other.lanes):
        np.testing.assert_array_equal(a.centerline, b.centerline)


def test_lane_that_ends_leads_into_its_neighbour():
    drawn = draw(ROADS["lane drop"])
    before, after = drawn.arms["near"].entering, drawn.arms["far"].leaving
    assert len(after) == len(before) - 1
    assert drawn.way(before[-1], after) is not None


def test_bend_has_its_radius():
    line = draw(ROADS["bent street"]).line
    heading = np.unwrap(np.arctan2(*np.diff(line, axis=0).T[::-1]))
    turn = np.diff(heading)[70:90]
    assert 1.0 / turn.mean() == pytest.approx(40.0, rel=0.02)


@pytest.mark.parametrize(("light", "status"), [("green", 0), ("red", 2)])
def test_ego_meets_the_light_that_was_asked_for(light, status):
    drawn = draw(r.FourWay(light=light, light_change_s=5.0, **L))
    ways = drawn.arms["near"].entering[0]
    connector = drawn.network.lanes[ways].successors[0]
    row = drawn.lights.lane_ids.index(drawn.network.lane_id(connector))
    assert drawn.lights.status_at(0.0)[row] == status
    assert drawn.lights.status_at(4.8)[row] == status
    assert drawn.lights.status_at(5.2)[row] != status


def test_ramp_beyond_the_end_is_refused():
    with pytest.raises(InputError, match="overlaps"):
        draw(r.Highway(ramp="merge", ramp_at_m=850, length_m=900, **L))
