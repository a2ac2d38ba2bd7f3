import json

import numpy as np
import shapely
from shapely.geometry import Polygon, box

from drivewm.logs.map_tables import from_table, geo_metadata, to_table
from drivewm.logs.route import Route
from drivewm.scene import Lane, RoadMap

LANE = Lane(
    id="a",
    centerline=np.array([[0.0, 0.0], [10.0, 1.0]]),
    polygon=box(0, -2, 10, 2),
    left_boundary=np.array([[0.0, 2.0], [10.0, 3.0]]),
    speed_limit_mps=13.9,
    successors=("b",),
    right_neighbor="c",
    has_light=True,
)
BARE = Lane(
    id="b", centerline=np.array([[10.0, 1.0], [20.0, 1.0]]), polygon=None, is_connector=True
)
ROUTE = Route(np.array([[0.0, 0.0], [20.0, 1.0]]), ("a", "b"))
WITH_HOLE = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])


def test_map_comes_back_as_it_was():
    road = RoadMap(
        origin="av2",
        lanes=(LANE, BARE),
        drivable=(WITH_HOLE,),
        crossings=(box(1, 1, 2, 2),),
        dividers=(np.array([[0.0, 0.0], [5.0, 5.0]]),),
    )
    back, route = from_table(to_table("s", road, ROUTE), "av2")
    np.testing.assert_array_equal(route.points, ROUTE.points)
    assert route.lane_ids == ROUTE.lane_ids
    assert [lane.id for lane in back.lanes] == ["a", "b"]
    lane = back.lane("a")
    np.testing.assert_array_equal(lane.centerline, LANE.centerline)
    np.testing.assert_array_equal(lane.left_boundary, LANE.left_boundary)
    assert lane.right_boundary is None
    assert (lane.speed_limit_mps, lane.successors, lane.right_neighbor, lane.has_light) == (
        13.9,
        ("b",),
        "c",
        True,
    )
    assert back.lane("b").speed_limit_mps is None
    assert back.lane("b").polygon is None
    assert back.drivable[0].equals(WITH_HOLE)
    assert len(back.crossings) == 1
    assert len(back.dividers) == 1


def test_scene_without_map_keeps_its_route():
    back, route = from_table(to_table("s", RoadMap(origin="none"), ROUTE), "none")
    assert (back.lanes, back.drivable) == ((), ())
    np.testing.assert_array_equal(route.points, ROUTE.points)
    assert route.lane_ids == ROUTE.lane_ids


def test_geo_key_names_every_wkb_column():
    geo = json.loads(geo_metadata()[b"geo"])
    table = to_table("s", RoadMap(origin="none", lanes=(LANE,)), ROUTE)
    assert geo["version"] == "1.0.0"
    assert geo["primary_column"] == "geometry"
    for name, column in geo["columns"].items():
        assert column["encoding"] == "WKB"
        for wkb in table[name].to_pylist():
            assert wkb is None or shapely.from_wkb(wkb).geom_type in column["geometry_types"]
