"""Polyline kernels against Shapely."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from drivewm.geometry.polylines import (
    arc_lengths,
    interpolate,
    project,
    project_sequence,
    without_repeats,
)

PLACE = st.tuples(st.floats(-50, 50), st.floats(-50, 50))
LINE = st.lists(PLACE, min_size=2, max_size=12)


def line_of(points):
    line = without_repeats(np.array(points, float), 1e-3)
    assume(len(line) > 1)
    return line, arc_lengths(line)


@given(LINE, PLACE)
def test_projection_is_the_nearest_point(points, place):
    line, arc = line_of(points)
    shape = LineString(line)
    at, offset = project(line, arc, *place, -np.inf, np.inf)
    assert abs(offset) == pytest.approx(shape.distance(Point(place)), abs=1e-9)
    assert shape.interpolate(at).distance(Point(place)) == pytest.approx(abs(offset), abs=1e-6)


@given(LINE, st.floats(0, 1))
def test_interpolation_equals_shapely(points, share):
    line, arc = line_of(points)
    x, y, _ = interpolate(line, arc, share * arc[-1])
    there = LineString(line).interpolate(share * arc[-1])
    assert (x, y) == pytest.approx((there.x, there.y), abs=1e-9)


def test_arc_lengths_and_side():
    line, arc = line_of([(0, 0), (10, 0), (10, 5)])
    np.testing.assert_allclose(arc, [0, 10, 15])
    assert project(line, arc, 4.0, 2.0, -np.inf, np.inf) == (4.0, 2.0)  # left of it
    assert project(line, arc, 12.0, 3.0, -np.inf, np.inf) == (13.0, -2.0)  # right of it
    assert project(line, arc, 4.0, 2.0, 6.0, 15.0)[0] == 6.0  # only the asked part


def test_beyond_the_ends_the_line_goes_straight_on():
    line, arc = line_of([(0, 0), (10, 0)])
    assert interpolate(line, arc, 12.0) == (12.0, 0.0, 0.0)
    assert interpolate(line, arc, -2.0) == (-2.0, 0.0, 0.0)


def test_a_line_that_crosses_itself_is_followed_in_order():
    angle = np.linspace(0, 2 * np.pi, 60)
    loop = np.stack([20 * np.sin(angle), 20 - 20 * np.cos(angle)], -1)
    line = without_repeats(np.concatenate([[[-30, 0]], loop, [[30, 0]]]))
    arc = arc_lengths(line)
    way = np.arange(0, arc[-1], 1.0)
    places = np.array([interpolate(line, arc, s)[:2] for s in way])
    along, offset = project_sequence(line, arc, places, 5.0, 15.0)
    np.testing.assert_allclose(along, way, atol=1e-6)
    np.testing.assert_allclose(offset, 0, atol=1e-6)


def test_repeated_vertices_go():
    assert len(without_repeats(np.array([[0, 0], [0, 0], [1, 0], [1, 0]]))) == 2
    assert len(without_repeats(np.zeros((3, 2)))) == 1
