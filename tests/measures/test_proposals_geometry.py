"""The proposal scorer's geometry beside Shapely and NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import unary_union

from drivewm.geometry.boxes import corners
from drivewm.geometry.polygons import pack
from drivewm.measures.proposals_areas import Ground, Where, areas, contains, fill_where
from drivewm.measures.proposals_contact import box_meets_polygon, boxes_meet
from drivewm.measures.proposals_line import line, project, segment_within
from drivewm.measures.proposals_route import direction, lane_keeping
from tests.measures.hand import polygon_with_hole

LANE, ROAD = Ground.LANE | Ground.ROUTE, Ground.DRIVABLE


def star(rng, points=30):
    """A polygon that winds in and out."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, points))
    radius = rng.uniform(2, 12, points)
    return Polygon(np.stack([radius * np.cos(angle), 0.4 * radius * np.sin(angle)], -1))


def packed(*shapes, kinds=None):
    kinds = [int(ROAD)] * len(shapes) if kinds is None else [int(k) for k in kinds]
    return areas(pack(shapes), np.array(kinds, np.uint8))


@given(st.integers(0, 2**31), st.booleans())
def test_slabs_find_the_same_points_inside_as_shapely(seed, upright):
    rng = np.random.default_rng(seed)
    shape = star(rng).buffer(0)
    shape = Polygon(shape.exterior.coords if hasattr(shape, "exterior") else box(0, 0, 1, 1))
    if upright:
        shape = Polygon([(y, x) for x, y in shape.exterior.coords])
    ground = packed(shape)
    for x, y in rng.uniform(-12, 12, (60, 2)):
        if shape.boundary.distance(Point(x, y)) > 1e-9:
            assert contains(ground, 0, x, y) == shape.contains(Point(x, y))


def test_a_hole_is_outside():
    ground = packed(polygon_with_hole())
    assert contains(ground, 0, 1.0, 5.0) and not contains(ground, 0, 5.0, 5.0)
    assert not contains(ground, 0, 11.0, 5.0)


def pose_box(values):
    x, y, heading, length, width = values
    return Polygon(corners(np.array([x, y, heading]), length, width))


BOX = st.tuples(
    st.floats(-4, 4), st.floats(-4, 4), st.floats(-3.1, 3.1), st.floats(0.5, 5), st.floats(0.5, 3)
)


@given(BOX, BOX)
def test_boxes_meet_as_in_shapely(a, b):
    gap = pose_box(a).distance(pose_box(b))
    overlap = pose_box(a).intersection(pose_box(b)).area
    if 0 < gap < 1e-9 or (gap == 0 and overlap < 1e-9):
        return  # touching: the last digit decides
    met = boxes_meet(
        b[0] - a[0], b[1] - a[1], np.cos(a[2]), np.sin(a[2]), a[3] / 2, a[4] / 2,
        np.cos(b[2]), np.sin(b[2]), b[3] / 2, b[4] / 2,
    )  # fmt: skip
    assert met == (gap == 0)


@given(BOX, st.integers(0, 2**31))
def test_a_box_meets_a_polygon_as_in_shapely(a, seed):
    shape = Polygon(star(np.random.default_rng(seed), 12).convex_hull.exterior.coords)
    five = np.concatenate([corners(np.array(a[:3]), a[3], a[4]), [a[:2]]])
    centre = np.array([a[0], a[1], np.cos(a[2]), np.sin(a[2])])
    gap = shape.distance(pose_box(a))
    if gap == 0 and shape.intersection(pose_box(a)).area < 1e-9:
        return
    assert box_meets_polygon(five, centre, a[3] / 2, a[4] / 2, packed(shape), 0) == (gap == 0)


@given(st.integers(2, 60), st.integers(0, 2**31), st.floats(-20, 20), st.floats(-20, 20))
def test_projection_and_nearness_as_in_shapely(count, seed, x, y):
    rng = np.random.default_rng(seed)
    points = np.cumsum(rng.normal(0.5, 1.0, (count, 2)), 0)
    path, plain = line(points), LineString(points)
    found = plain.interpolate(project(path, x, y))
    assert found.distance(Point(x, y)) == pytest.approx(plain.distance(Point(x, y)), abs=1e-9)
    for limit in (0.5, 3.0):
        gap = plain.distance(Point(x, y)) - limit
        if abs(gap) > 1e-9:
            assert (segment_within(path, x, y, limit, count // 2) >= 0) == (gap < 0)


def test_a_line_of_one_point_is_never_near():
    path = line(np.array([[1.0, 2.0]]))
    assert project(path, 1.0, 2.0) == 0.0 and segment_within(path, 1.0, 2.0, 5.0, -1) == -1


def where_is(x, y, ground, heading=0.0):
    five = np.concatenate([corners(np.array([x, y, heading]), 4.0, 2.0), [[x, y]]])[None]
    where = np.zeros(1, np.uint8)
    fill_where(five, ground, np.zeros(len(ground.kind), np.int64), where)
    return Where(int(where[0]))


LEFT, RIGHT = box(0, 0, 100, 4), box(0, -4, 100, 0)
TWO_LANES = packed(
    unary_union([LEFT, RIGHT]), LEFT, RIGHT, kinds=[ROAD, Ground.LANE, Ground.LANE | Ground.ROUTE]
)


def test_where_the_ego_is():
    assert where_is(50, -2, TWO_LANES) == Where(0)
    assert where_is(50, 2, TWO_LANES) == Where.OFF_ROUTE
    assert where_is(50, -0.5, TWO_LANES) == Where.MULTIPLE_LANES
    assert where_is(50, -3.5, TWO_LANES) == Where.NON_DRIVABLE
    assert where_is(200, 200, TWO_LANES) == Where.NON_DRIVABLE | Where.OFF_ROUTE


def test_a_lane_that_holds_all_corners_ends_the_question_of_lanes():
    ground = packed(box(-9, -9, 9, 9), LEFT, RIGHT, kinds=[LANE | ROAD, Ground.LANE, Ground.LANE])
    assert where_is(5, 0, ground) == Where(0)


def moved(metres_per_step, steps=41):
    centre = np.zeros((steps, 4))
    centre[:, 0], centre[:, 2] = metres_per_step * np.arange(steps), 1.0
    return centre


def test_way_off_the_route_in_a_second_and_in_a_stretch():
    off = np.zeros(41, np.uint8)
    off[5:17] = Where.OFF_ROUTE
    assert direction(moved(0.1), off, True, True) == 1.0  # 1.1 m in a second
    assert direction(moved(0.3), off, True, True) == 0.5  # 3.3 m
    assert direction(moved(0.6), off, True, True) == 0.0
    assert direction(moved(0.17), off, True, True) == 1.0  # 1.87 m in a second
    assert direction(moved(0.17), off, False, True) == 0.5  # 2.04 m in one stretch
    assert direction(moved(0.6), off | Where.INTERSECTION, True, True) == 1.0
    assert direction(moved(0.6), off | Where.INTERSECTION, True, False) == 0.0


def test_twenty_states_aside_lose_the_lane_and_intersections_only_pause():
    path = line(np.array([[-5.0, 0.0], [100.0, 0.0]]))
    centre, where = moved(0.5), np.zeros(41, np.uint8)
    centre[10:29, 1] = 0.6
    assert lane_keeping(centre, where, path) == 1.0
    centre[29, 1] = 0.6
    assert lane_keeping(centre, where, path) == 0.0
    where[15:25] = Where.INTERSECTION
    assert lane_keeping(centre, where, path) == 1.0
    centre[30:40, 1] = 0.6
    assert lane_keeping(centre, where, path) == 0.0
