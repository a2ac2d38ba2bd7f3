"""nuPlan's IDM planner and its route."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from drivewm.geometry.overlap import fill_corners
from drivewm.planners.nuplan_idm import NuplanIdm, setup
from drivewm.planners.nuplan_route import plan_lanes, route_blocks, starting_lane
from drivewm.scene import PACIFICA, Lane, Lights, LightStatus, RoadMap, ScoreType
from drivewm.scene.road_graph import road_graph
from drivewm.scene.roadblocks import with_roadblocks
from drivewm.sim.config import SimConfig, VisibleConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, golden_road, scene_of, track

CAR = ScoreType.VEHICLE


def drive(scene, **options):
    return rollout(scene, NuplanIdm(**options), SimConfig(), replay_traffic(scene))


def fork() -> RoadMap:
    """Lane a, then connectors left and right, each with a lane behind it."""

    def lane(name, x0, x1, y, after=(), connector=False):
        line = np.stack([np.linspace(x0, x1, 12), np.full(12, y)], -1)
        return Lane(
            id=name, centerline=line, polygon=box(x0, y - 2, x1, y + 2), successors=after,
            is_connector=connector,
        )  # fmt: skip

    lanes = (
        lane("a", 0, 40, 0, ("to_left", "to_right")), lane("left", 60, 90, 4),
        lane("right", 60, 90, -4), lane("to_left", 40, 60, 2, ("left",), True),
        lane("to_right", 40, 60, -2, ("right",), True),
    )  # fmt: skip
    before = {"left": ("to_left",), "right": ("to_right",), "to_left": ("a",), "to_right": ("a",)}
    lanes = tuple(replace(x, predecessors=before.get(x.id, ())) for x in lanes)
    return with_roadblocks(RoadMap(origin="hand", lanes=lanes))


def blocks_of(road, *names):
    rows = {block.id: i for i, block in enumerate(road.roadblocks)}
    return np.array([rows[road.lane(name).roadblock_id] for name in names])


def test_the_lanes_lead_to_the_last_roadblock():
    road = fork()
    graph, names = road_graph(road), [lane.id for lane in road.lanes]
    for side in ("left", "right"):
        way = plan_lanes(graph, blocks_of(road, "a", f"to_{side}", side), 0)
        assert [names[lane] for lane in way] == ["a", f"to_{side}", side]


def test_a_goal_out_of_reach_gives_the_way_to_the_lane_looked_at_last():
    road = fork()
    way = plan_lanes(road_graph(road), blocks_of(road, "a", "to_left", "right"), 0)
    assert [road.lanes[lane].id for lane in way] == ["a", "to_left"]


def test_the_search_starts_in_the_first_two_roadblocks():
    road = fork()
    graph, blocks, ego = road_graph(road), blocks_of(road, "a", "to_left", "left"), np.empty((4, 2))
    for x, y, lane in ((20.0, 0.0, 0), (50.0, 2.0, 3), (-9.0, 1.0, 0), (65.0, 4.0, 3)):
        fill_corners(x, y, 0.0, 5.0, 2.0, ego)
        assert starting_lane(graph, blocks, ego, x, y) == lane


def test_the_route_is_named_or_found_along_its_line():
    road = fork()
    line = np.array([[0.0, 0.0], [40.0, 0.0], [42.0, 2.0], [58.0, 2.0], [62.0, 4.0], [90.0, 4.0]])
    scene = scene_of(cruise(5.0, 31, x0=5.0), road=road, route=line)
    want = blocks_of(road, "a", "to_left", "left").tolist()
    assert route_blocks(scene, road_graph(road)).tolist() == want
    named = tuple(road.lane(name).roadblock_id for name in ("a", "to_right"))
    found = route_blocks(replace(scene, route_roadblocks=named), road_graph(road))
    assert found.tolist() == blocks_of(road, "a", "to_right").tolist()


def test_it_keeps_its_lane_and_reaches_the_limit():
    run = drive(scene_of(cruise(6.0, 151)))
    assert run.status == "ok" and np.abs(run.ego[:, 1]).max() < 0.05
    assert 12.0 < run.ego[-1, 3] < 13.5


def test_it_wishes_its_first_speed_where_that_is_higher():
    assert setup(scene_of(cruise(20.0, 31))).target_mps == 20.0
    assert setup(scene_of(cruise(5.0, 31))).target_mps == 13.4


def test_it_stops_behind_a_parked_car_but_not_beside_one():
    behind = drive(scene_of(cruise(9.0, 151), track(CAR, 60.0)))
    front = behind.ego[-1, 0] + PACIFICA.rear_axle_to_center_m + PACIFICA.length_m / 2
    assert 52.0 < front < 60.0 - 2.3 and behind.ego[-1, 3] < 0.3
    beside = drive(scene_of(cruise(9.0, 151), track(CAR, 60.0, 3.5)))
    assert beside.ego[-1, 0] > 90.0


def test_it_stops_before_a_red_connector_of_its_route_only():
    red = np.full((1, 151), LightStatus.RED, np.int8)
    own = drive(scene_of(cruise(9.0, 151), lights=Lights(lane_ids=("r1",), status=red)))
    assert own.ego[-1, 0] < 100.0 and own.ego[-1, 3] < 0.5
    other = drive(scene_of(cruise(9.0, 151), lights=Lights(lane_ids=("o1",), status=red)))
    assert other.ego[-1, 0] > 120.0


def test_without_lanes_it_goes_straight_on():
    run = drive(scene_of(cruise(9.0, 61), road=golden_road(lanes=False)))
    assert run.status == "ok" and run.ego[-1, 0] > 15.0
    np.testing.assert_allclose(run.ego[:, 1], 0.0, atol=1e-9)


@pytest.mark.parametrize("poses", [17, 9])
def test_plans_begin_now_and_are_half_a_second_apart(poses):
    run = drive(scene_of(cruise(9.0, 11)), samples=poses - 1)
    np.testing.assert_allclose(run.plan_horizons_s[0], 0.5 * np.arange(poses))
    np.testing.assert_allclose(run.plan_poses[0][0], run.ego[0, :3], atol=1e-9)


def test_more_tracks_come_into_view_than_the_scene_began_with() -> None:
    queue = [track(ScoreType.VEHICLE, 5.0 * k, 6.0, steps=41) for k in range(12)]
    scene = scene_of(cruise(8.0, 41), *queue)
    near = VisibleConfig(range_m=35.0, occlusion=False, dropout=0.0)
    planner = NuplanIdm()
    drive = rollout(scene, planner, SimConfig(mode="visible", visible=near), replay_traffic(scene))
    assert drive.status == "ok"
    begun = setup(replace(scene, tracks=replace(scene.tracks, **_none(scene.tracks))))
    assert len(planner._setups[0].who) >= 4 > len(begun.who)


def _none(tracks):
    return {"ids": (), "categories": (), "score_type": tracks.score_type[:0],
            "occ_class": tracks.occ_class[:0], "size_m": tracks.size_m[:0],
            "state": tracks.state[:0], "valid": tracks.valid[:0]}  # fmt: skip
