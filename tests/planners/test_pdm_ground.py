import numpy as np
import pytest

from drivewm.geometry.boxes import centre_poses, corners
from drivewm.planners.pdm_ground import look_around, starting_lane
from drivewm.planners.pdm_setup import setup
from drivewm.scene import PACIFICA
from drivewm.scene.road_graph import graph_lanes
from tests.measures.hand import cruise, scene_of


def lane_at(route, x, y, heading=0.0) -> str:
    """Name of the starting lane of an ego at a rear-axle pose, on a route of lanes."""
    scene = scene_of(cruise(5.0))
    ground = setup(scene).ground
    names = [lane.id for lane in graph_lanes(scene.map)]
    rows = np.array([names.index(name) for name in route])
    ground.on_route[:] = False
    ground.on_route[rows] = True
    ground = ground._replace(route_lane=rows)
    ego = np.array([x, y, heading])
    centre = centre_poses(ego, PACIFICA.rear_axle_to_center_m)
    look_around(ground, centre[0], centre[1], 50.0)
    box = corners(centre, PACIFICA.length_m, PACIFICA.width_m)
    return names[starting_lane(ground, ego, centre, box)]


def test_the_lane_under_the_rear_axle():
    assert lane_at(["l0", "r0", "r1"], 50.0, 0.5) == "r0"
    assert lane_at(["l0", "r0", "r1"], 50.0, 3.0) == "l0"


def test_lanes_off_the_route_do_not_count():
    assert lane_at(["r0", "r1"], 50.0, 3.5) == "r0"  # the nearest of the route
    assert lane_at(["r1", "o0"], 99.0, 0.0) == "r1"  # holds the box centre


@pytest.mark.parametrize("x, near", [(-400.0, []), (-260.0, []), (-240.0, ["0"])])
def test_only_what_meets_the_square_is_drivable(x, near):
    scene = scene_of(cruise(5.0))
    ground = setup(scene).ground
    look_around(ground, x, 0.0, 50.0)
    names = [lane.id for lane in graph_lanes(scene.map)]
    listed = [names[row] for row in ground.listed[: ground.listed_count[0]]]
    assert sorted({name[1] for name in listed}) == near
    assert [name for name, kind in zip(names, ground.areas.kind) if kind] == sorted(
        listed, key=names.index
    )
