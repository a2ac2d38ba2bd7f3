import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from drivewm.geometry.boxes import corners
from drivewm.geometry.polygons import pack
from drivewm.planners.pdm_shapes import (
    box_polygon_distance,
    box_within,
    boxes_gap,
    edge_meets_box,
    square_meets,
)

ELL = Polygon([(0, 0), (10, 0), (10, 4), (4, 4), (4, 10), (0, 10)])
RING = Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [[(5, 5), (15, 5), (15, 15), (5, 15)]])
poses = st.tuples(st.floats(-5, 25), st.floats(-5, 25), st.floats(-3.14, 3.14)).map(np.array)
sizes = st.tuples(st.floats(0.2, 6), st.floats(0.2, 3))


@pytest.mark.parametrize("shape", [ELL, RING], ids=["notched", "with a hole"])
@given(pose=poses, size=sizes)
def test_distance_and_within_are_shapelys(shape, pose, size):
    corner = corners(pose, *size)
    rectangle, packed = Polygon(corner), pack([shape])
    gap = shape.distance(rectangle)
    assert box_polygon_distance(corner, packed, 0) == pytest.approx(gap, abs=1e-9)
    if shape.exterior.distance(rectangle) > 1e-9:
        assert box_within(corner, packed, 0) == rectangle.within(shape)


@given(a=poses, b=poses, size_a=sizes, size_b=sizes)
def test_gap_between_boxes_is_shapelys(a, b, size_a, size_b):
    expected = Polygon(corners(a, *size_a)).distance(Polygon(corners(b, *size_b)))
    got = boxes_gap(
        b[0] - a[0], b[1] - a[1],
        np.cos(a[2]), np.sin(a[2]), size_a[0] / 2, size_a[1] / 2,
        np.cos(b[2]), np.sin(b[2]), size_b[0] / 2, size_b[1] / 2,
    )  # fmt: skip
    assert got == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shape", [ELL, RING], ids=["notched", "with a hole"])
@given(x=st.floats(-15, 35), y=st.floats(-15, 35), half=st.floats(0.1, 12))
def test_square_meets_a_polygon_as_in_shapely(shape, x, y, half):
    square = box(x - half, y - half, x + half, y + half)
    if shape.intersects(square) and shape.intersection(square).area < 1e-9:
        return  # touching up to rounding
    assert square_meets(pack([shape]), 0, x, y, half) == shape.intersects(square)


def test_a_segment_through_a_box_without_a_corner_of_it():
    corner = corners(np.array([0.0, 0.0, 0.0]), 4.0, 2.0)
    assert edge_meets_box(0.0, -5.0, 0.0, 5.0, corner)
    assert edge_meets_box(2.0, -5.0, 2.0, 5.0, corner)  # touching
    assert not edge_meets_box(2.1, -5.0, 2.1, 5.0, corner)
    assert not edge_meets_box(3.5, 0.0, 0.0, 3.5, corner)  # past the corner
