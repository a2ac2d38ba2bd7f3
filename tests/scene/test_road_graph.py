"""Flattened maps and derived roadblocks."""

import numpy as np
from shapely.geometry import Polygon, box

from drivewm.scene import Lane, RoadMap
from drivewm.scene.road_graph import road_graph
from drivewm.scene.roadblocks import with_roadblocks


def _lane(name, x0, x1, y, **more) -> Lane:
    return Lane(
        id=name, centerline=np.array([[x0, y], [x1, y]]), polygon=box(x0, y - 2, x1, y + 2), **more
    )


def _two_lanes_then_one() -> RoadMap:
    return RoadMap(
        origin="hand",
        lanes=(
            _lane("left", 0, 50, 4, right_neighbor="right", successors=("c1",)),
            _lane("right", 0, 50, 0, left_neighbor="left", successors=("c2",), speed_limit_mps=10),
            _lane("end", 60, 90, 0, predecessors=("c1", "c2")),
            _lane("c1", 50, 60, 2, is_connector=True, predecessors=("left",), successors=("end",)),
            _lane("c2", 50, 60, 0, is_connector=True, predecessors=("right",), successors=("end",)),
        ),
        drivable=(box(0, -2, 90, 6),),
    )


def test_neighbours_share_a_roadblock_and_connectors_between_the_same_roadblocks_too():
    road_map = with_roadblocks(_two_lanes_then_one())
    assert [block.lane_ids for block in road_map.roadblocks] == [
        ("left", "right"), ("end",), ("c1", "c2"),
    ]  # fmt: skip
    first, last, joint = road_map.roadblocks
    assert first.successors == (joint.id,) and joint.successors == (last.id,)
    assert joint.is_connector and joint.predecessors == (first.id,)
    assert first.polygon is not None and first.polygon.area == 50 * 8
    assert road_map.lane("right").roadblock_id == first.id


def test_a_map_with_roadblocks_is_left_alone():
    road_map = with_roadblocks(_two_lanes_then_one())
    assert with_roadblocks(road_map) is road_map


def test_rows_of_the_graph_are_the_lanes_in_order():
    graph = road_graph(_two_lanes_then_one())
    assert len(graph.lanes.bounds) == 5 and list(graph.is_connector) == [False] * 3 + [True] * 2
    assert list(graph.next_lane[graph.next_first[0] : graph.next_first[1]]) == [3]
    assert list(graph.previous_lane[graph.previous_first[2] : graph.previous_first[3]]) == [3, 4]
    assert np.isnan(graph.speed_limit_mps[0]) and graph.speed_limit_mps[1] == 10
    assert list(graph.roadblock) == [0, 0, 1, 2, 2]
    start, stop = graph.line_first[1], graph.line_first[2]
    assert graph.line_xy[start:stop].tolist() == [[0, 0], [50, 0]]
    assert graph.line_arc_m[start:stop].tolist() == [0, 50]


def test_a_lane_without_a_polygon_keeps_its_row():
    lane = Lane(id="bare", centerline=np.array([[1.0, 2.0], [3.0, 2.0]]), polygon=None)
    graph = road_graph(RoadMap(origin="hand", lanes=(lane, _lane("next", 3, 9, 2))))
    assert len(graph.lanes.bounds) == 2
    assert Polygon(graph.lanes.vertices[:4]).area < 1e-12
