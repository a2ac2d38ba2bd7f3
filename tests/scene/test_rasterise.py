import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon
from shapely.geometry import box as rectangle

from drivewm.geometry.boxes import corners
from drivewm.scene import NO_MAP, ZOE, Lights, OccClass, RoadMap, Scene, ScoreType, Tracks
from drivewm.scene.rasterise import GROUND_LAYER, rasterise


def scene(ego_pose, boxes, road=NO_MAP) -> Scene:
    """Boxes are (x, y, heading, length, width, height), standing on z = 0."""
    n = len(boxes)
    state = np.zeros((n, 1, 6))
    size = np.zeros((n, 3))
    for i, (x, y, heading, *lwh) in enumerate(boxes):
        state[i, 0, :4] = x, y, lwh[2] / 2, heading
        size[i] = lwh
    ego = np.zeros((1, 11))
    ego[0, :3] = ego_pose
    return Scene(
        id="s", source="hand", location="", split="all", times_us=np.zeros(1, np.int64), ego=ego,
        vehicle=ZOE, map=road, lights=Lights(), route=np.zeros((2, 2)), native_rate_hz=10.0,
        tracks=Tracks(
            ids=tuple(map(str, range(n))), categories=("car",) * n,
            score_type=np.full(n, ScoreType.VEHICLE, np.int8),
            occ_class=np.full(n, OccClass.CAR, np.int8), size_m=size, state=state,
            valid=np.ones((n, 1), bool),
        ),
    )  # fmt: skip


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-3.1, 3.1), st.floats(-3.1, 3.1))
def test_a_car_fills_the_voxels_whose_centre_is_inside_its_box(x, y, heading, ego_heading):
    grid = rasterise(
        scene((100.0, 50.0, ego_heading), [(100 + x, 50 + y, heading, 4.6, 2.0, 1.6)]), 0
    )
    box = Polygon(corners(np.array([100 + x, 50 + y, heading]), 4.6, 2.0))
    cos, sin = np.cos(ego_heading), np.sin(ego_heading)
    filled = (grid == OccClass.CAR).any(-1)
    for ix, iy in np.argwhere(filled):
        ex, ey = (ix + 0.5) * 0.4 - 40, (iy + 0.5) * 0.4 - 40
        place = Point(100 + cos * ex - sin * ey, 50 + sin * ex + cos * ey)
        assert box.distance(place) < 1e-6
    inside = abs(x) + 3 < 28 and abs(y) + 3 < 28  # in view whatever the ego's heading
    if inside:
        assert abs(filled.sum() * 0.16 - 9.2) < 2.5
        assert (grid == OccClass.CAR).any((0, 1)).sum() in (3, 4, 5)


def test_road_lies_in_the_ground_layer_and_what_is_unknown_stays_free():
    road = RoadMap(origin="hand", drivable=(rectangle(0.0, -4.0, 100.0, 4.0),))
    grid = rasterise(scene((20.0, 0.0, 0.0), [], road), 0)
    ground = grid[..., GROUND_LAYER] == OccClass.DRIVEABLE_SURFACE
    ys = np.flatnonzero(ground[100])
    assert abs(len(ys) - 20) <= 1 and abs(ys.mean() - 99.5) <= 0.5
    xs = np.flatnonzero(ground[:, 100])
    assert abs(xs.min() - 50) <= 1 and xs.max() == 199
    assert (np.delete(grid, GROUND_LAYER, axis=-1) == OccClass.FREE).all()


def test_a_hole_in_the_road_is_not_road_but_another_polygon_may_fill_it():
    ring = Polygon(
        [(0, -20), (40, -20), (40, 20), (0, 20)], [[(10, -5), (20, -5), (20, 5), (10, 5)]]
    )
    holed = rasterise(scene((15.0, 0.0, 0.0), [], RoadMap(origin="hand", drivable=(ring,))), 0)
    assert holed[100, 100, GROUND_LAYER] == OccClass.FREE
    both = RoadMap(origin="hand", drivable=(rectangle(9, -6, 21, 6), ring))
    filled = rasterise(scene((15.0, 0.0, 0.0), [], both), 0)
    assert filled[100, 100, GROUND_LAYER] == OccClass.DRIVEABLE_SURFACE


def test_boxes_on_a_hill_stand_on_the_ground():
    hill = scene((0.0, 0.0, 0.0), [(8.0, 0.0, 0.0, 4.6, 2.0, 1.6), (16.0, 3.0, 0.0, 4.6, 2.0, 1.6)])
    hill.tracks.state[..., 2] += 37.0
    flat = rasterise(hill, 0)
    assert (flat == OccClass.CAR).any()
    layers = np.flatnonzero((flat == OccClass.CAR).any((0, 1)))
    assert layers.min() >= GROUND_LAYER and layers.max() <= GROUND_LAYER + 4


def test_a_pedestrian_is_not_lost_between_voxels():
    grid = rasterise(scene((0.0, 0.0, 0.0), [(5.01, 2.39, 0.4, 0.3, 0.3, 1.7)]), 0)
    assert (grid == OccClass.CAR).any(-1).sum() >= 1
