import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import Polygon, box

from drivewm.geometry.se2 import from_local
from drivewm.logs.rasterise import (
    GROUND_LAYER,
    drivable_cells,
    drivable_edges,
    ground_height_m,
    rasterise,
)
from drivewm.scene import OccClass, RoadMap

CENTRES_M = np.stack(np.meshgrid(*[np.arange(200) * 0.4 - 39.8] * 2, indexing="ij"), -1)
NO_TRACKS = (np.zeros((0, 6)), np.zeros((0, 3)), np.zeros(0, np.int8), np.zeros(0, bool))
CAR = np.array([[4.4, 1.8, 1.6]])


def tracks(x, y, z, heading, occ_class=OccClass.CAR, size=CAR):
    state = np.array([[x, y, z, heading, 0.0, 0.0]])
    return state, size, np.array([occ_class], np.int8), np.array([True])


@settings(max_examples=25)
@given(x=st.floats(-30, 30), y=st.floats(-30, 30), heading=st.floats(-3.1, 3.1))
def test_drivable_cells_agree_with_shapely(x, y, heading):
    polygon = Polygon([(0, 0), (50, 5), (45, 40), (20, 22), (-10, 30)],
                      [[(10, 8), (20, 9), (18, 15)]])
    pose = np.array([x, y, heading])
    got = drivable_cells(pose, drivable_edges(RoadMap(origin="av2", drivable=(polygon,))))
    points = from_local(pose, CENTRES_M.reshape(-1, 2))
    inside = shapely.contains_xy(polygon, *points.T).reshape(200, 200)
    border = shapely.distance(polygon.boundary, shapely.points(points)).reshape(200, 200) < 1e-6
    assert (got == inside)[~border].all()


def test_overlapping_drivable_areas_stay_drivable_where_they_overlap():
    road = RoadMap(origin="av2", drivable=(box(-20, -5, 20, 5), box(-5, -20, 5, 20)))
    got = drivable_cells(np.zeros(3), drivable_edges(road))
    assert got[100, 100]


@settings(max_examples=25)
@given(x=st.floats(-35, 35), y=st.floats(-35, 35), heading=st.floats(-3.1, 3.1))
def test_box_fills_the_voxels_whose_centre_is_inside(x, y, heading):
    grid = rasterise(np.zeros(3), *tracks(x, y, 0.8, heading), (), ground_m=0.0)
    outline = affinity.translate(
        affinity.rotate(box(-2.2, -0.9, 2.2, 0.9), heading, origin=(0, 0), use_radians=True), x, y)
    inside = shapely.contains_xy(outline.buffer(1e-9), *CENTRES_M.reshape(-1, 2).T)
    filled = (grid == OccClass.CAR).any(2)
    centre = (int((x + 40) // 0.4), int((y + 40) // 0.4))
    expected = inside.reshape(200, 200)
    expected[centre] = True
    edge = shapely.distance(
        outline.boundary, shapely.points(CENTRES_M.reshape(-1, 2))).reshape(200, 200) < 1e-6
    assert (filled == expected)[~edge].all()
    layers = np.nonzero((grid == OccClass.CAR).any((0, 1)))[0]
    assert layers.tolist() == [2, 3, 4, 5, 6][: len(layers)]  # 0 to 1.6 m above the ground


def test_ego_frame_follows_the_pose_and_the_ground():
    pose = np.array([100.0, 50.0, np.pi / 2])
    grid = rasterise(pose, *tracks(100.0, 60.0, 20.8, np.pi / 2), ())  # 10 m ahead, ground at 20 m
    assert grid[125, 100, 3] == OccClass.CAR
    assert (grid != OccClass.FREE).any(2).sum() < 80


def test_road_lies_in_the_ground_layer_and_a_small_box_wins_over_a_large_one():
    state = np.array([[0.2, 0.2, 0.8, 0, 0, 0], [0.2, 0.2, 0.8, 0, 0, 0]])
    size = np.array([[0.4, 0.4, 1.6], [6.0, 3.0, 1.6]])
    kinds = np.array([OccClass.PEDESTRIAN, OccClass.TRUCK], np.int8)
    road = drivable_edges(RoadMap(origin="av2", drivable=(box(-10, -10, 10, 10),)))
    grid = rasterise(np.zeros(3), state, size, kinds, np.array([True, True]), road, 0.0)
    assert grid[100, 100, 3] == OccClass.PEDESTRIAN
    assert grid[102, 100, 3] == OccClass.TRUCK
    ground = grid == OccClass.DRIVEABLE_SURFACE
    assert ground[:, :, GROUND_LAYER].any()
    assert not np.delete(ground, GROUND_LAYER, axis=2).any()


def test_nothing_known_is_free():
    assert (rasterise(np.zeros(3), *NO_TRACKS, ()) == OccClass.FREE).all()


def test_invalid_tracks_are_not_drawn():
    state, size, kinds, _ = tracks(0, 0, 0.8, 0)
    grid = rasterise(np.zeros(3), state, size, kinds, np.array([False]), ())
    assert (grid == OccClass.FREE).all()


def test_ground_is_the_median_foot_of_near_road_users():
    state = np.array([[5.0, 0, 10.8, 0, 0, 0], [9.0, 0, 10.8, 0, 0, 0], [500.0, 0, 99.0, 0, 0, 0]])
    size = np.tile(CAR, (3, 1))
    kinds = np.full(3, OccClass.CAR, np.int8)
    assert ground_height_m(np.zeros(2), state, size, kinds, np.ones(3, bool)) == 10.0
    assert ground_height_m(np.zeros(2), *NO_TRACKS) == 0.0
