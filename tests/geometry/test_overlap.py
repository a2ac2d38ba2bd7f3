"""Box kernels against Shapely."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from drivewm.geometry.boxes import centre_poses, corners
from drivewm.geometry.overlap import (
    box_distance,
    boxes_overlap,
    fill_corners,
    point_segment_distance,
    segment_hits_box,
)

BOX = st.tuples(
    st.floats(-8, 8), st.floats(-8, 8), st.floats(-7, 7), st.floats(0.2, 12), st.floats(0.2, 4)
)
NEAR = 1e-7  # closer to contact than this, rounding decides in either library
ORIGINS = ((0.0, 0.0), (664_430.0, 3_997_650.0))


def box(x, y, heading, length, width, origin=(0.0, 0.0)):
    out = np.empty((4, 2))
    fill_corners(x + origin[0], y + origin[1], heading, length, width, out)
    return out


@given(BOX)
def test_corners_equal_the_reference(row):
    reference = corners(np.array(row[:3]), np.array(row[3]), np.array(row[4]))
    np.testing.assert_allclose(box(*row), reference, atol=1e-12)


@given(BOX, BOX, st.sampled_from(ORIGINS))
def test_overlap_and_distance_equal_shapely(first, second, origin):
    a, b = box(*first, origin), box(*second, origin)
    distance = Polygon(a).distance(Polygon(b))
    assert box_distance(a, b) == pytest.approx(distance, abs=1e-6)
    assert box_distance(b, a) == pytest.approx(distance, abs=1e-6)
    depth = Polygon(a).buffer(-NEAR).intersects(Polygon(b))
    if distance > NEAR or depth:
        assert boxes_overlap(a, b) == Polygon(a).intersects(Polygon(b))
        assert boxes_overlap(a, b) == boxes_overlap(b, a)


@given(BOX, st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9)))
def test_segment_hits_box_equals_shapely(row, ends):
    a, segment = box(*row), np.array(ends).reshape(2, 2)
    line = LineString(segment)
    if line.distance(Polygon(a)) > NEAR or line.intersects(Polygon(a).buffer(-NEAR)):
        assert segment_hits_box(segment, a) == line.intersects(Polygon(a))


@pytest.mark.parametrize(
    ("second", "touches"),
    [
        ((4, 0, 0, 4, 2), True), ((4 + 1e-9, 0, 0, 4, 2), False), ((4, 2, 0, 4, 2), True),
        ((0, 0, 1, 0.5, 0.5), True),
    ],
)  # fmt: skip
def test_touching_boxes_overlap(second, touches):
    assert boxes_overlap(box(0, 0, 0, 4, 2), box(*second)) == touches


def test_distance_of_a_point_to_a_degenerate_segment():
    assert point_segment_distance(3.0, 4.0, 0.0, 0.0, 0.0, 0.0) == 5.0


def test_box_centre_lies_before_the_rear_axle():
    ego = np.zeros(11)
    ego[:3] = 10.0, 5.0, np.pi / 2
    np.testing.assert_allclose(centre_poses(ego, 1.4), [10.0, 6.4, np.pi / 2])
