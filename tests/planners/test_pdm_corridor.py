import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import substring

from drivewm.geometry.boxes import corners
from drivewm.geometry.polygons import pack
from drivewm.planners.pdm_corridor import (
    build_corridor,
    corridor_clearance,
    corridor_holds,
    corridor_meets_polygon,
    empty_corridors,
)
from drivewm.planners.pdm_path import discrete_path, parallel_paths

HALF_M = 2.297 / 2


def bent_paths(seed: int):
    rng = np.random.default_rng(seed)
    turn = np.cumsum(rng.normal(0, rng.choice([0.01, 0.1, 0.3]), 40))
    steps = np.stack([np.cos(turn), np.sin(turn)], -1) * rng.uniform(0.5, 2, (40, 1))
    return parallel_paths(discrete_path(np.cumsum(steps, 0)), [0.0, -1.0, 1.0])


def reference(paths, k: int, from_m: float, to_m: float) -> Polygon:
    arc = paths.arc_m[k]
    begin, end = np.clip([from_m, to_m], 0, arc[-1])
    inside = paths.poses[k, (begin <= arc) & (arc <= end), :2]
    line = LineString(paths.poses[k, :, :2])
    line = LineString(inside) if len(inside) > 1 else substring(line, begin, end)
    return line.buffer(HALF_M, cap_style="square")


@given(
    st.integers(0, 300), st.floats(0, 60), st.sampled_from([0.0, 0.4, 5.0, 100.0]),
    st.floats(0, 1), st.floats(-3, 3), st.floats(-3.14, 3.14), st.floats(0.3, 5),
    st.sampled_from([0.0, 1 - 1e-6, 1 + 1e-6]),
)  # fmt: skip
def test_what_meets_the_corridor_is_what_shapely_says(
    seed, from_m, reach_m, along, off_m, heading, length_m, onto
):
    paths = bent_paths(seed)
    corridors = empty_corridors(paths)
    for k in range(3):
        build_corridor(corridors, paths, k, from_m, from_m + reach_m, HALF_M)
        area = reference(paths, k, from_m, from_m + reach_m)
        place = area.exterior.interpolate(along, normalized=True)
        box = corners(np.array([place.x + off_m, place.y, heading]), length_m, 1.0)
        gap_m = area.distance(Polygon(box))
        if gap_m > 0:  # move it to within a hair of the outline, on either side
            (x, y), (to_x, to_y) = shapely.shortest_line(Polygon(box), area).coords
            box = box + onto * np.array([to_x - x, to_y - y])
        shape = Polygon(box)
        if 0 < area.distance(shape) < 1e-8 or (
            area.intersects(shape) and area.intersection(shape).area < 1e-12
        ):
            continue  # touching up to rounding
        clear_m = corridor_clearance(corridors, k, box, np.array(shape.bounds))
        assert (clear_m < 0) == area.intersects(shape)
        assert clear_m <= area.distance(shape) + 1e-6
        assert corridor_meets_polygon(corridors, k, pack([shape]), 0) == area.intersects(shape)


@given(st.integers(0, 300), st.floats(0, 30), st.floats(-20, 60), st.floats(-30, 30))
def test_points_inside(seed, from_m, x, y):
    paths = bent_paths(seed)
    corridors = empty_corridors(paths)
    build_corridor(corridors, paths, 0, from_m, from_m + 40, HALF_M)
    area = reference(paths, 0, from_m, from_m + 40)
    if area.exterior.distance(Point(x, y)) > 1e-6:
        assert corridor_holds(corridors, 0, x, y) == area.contains(Point(x, y))


def test_at_the_end_of_the_path_a_square_is_left():
    paths = parallel_paths(discrete_path(np.array([[0.0, 0], [5, 0], [10, 0]])), [0.0])
    corridors = empty_corridors(paths)
    build_corridor(corridors, paths, 0, 25.0, 60.0, HALF_M)
    outline = Polygon(corridors.outline[0, : corridors.used[0]])
    assert outline.bounds == pytest.approx((10 - HALF_M, -HALF_M, 10 + HALF_M, HALF_M))
    assert outline.area == pytest.approx(4 * HALF_M**2)
