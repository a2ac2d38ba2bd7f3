"""Strips against the plain kernels and Shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from drivewm.geometry.polygons import contains, pack
from drivewm.geometry.strips import any_holds, any_within, cut, holds, within

LANE = shapely.LineString([(t, 20 * np.sin(t / 30)) for t in range(0, 120, 2)]).buffer(1.75)
RING = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(4, 4), (6, 4), (6, 6), (4, 6)]])
FAR = shapely.transform(LANE, lambda xy: xy + np.array([664_430.0, 3_997_650.0]))
SHAPES = (LANE, RING, box(-5, -5, -1, 9), FAR)
FLAT, STRIPS = pack(SHAPES), cut(pack(SHAPES))

places = st.tuples(st.floats(-15, 130), st.floats(-30, 30), st.sampled_from(range(len(SHAPES))))


@given(places)
def test_same_answers_as_the_plain_kernel(place):
    x, y, p = place
    x, y = (x + 664_430.0, y + 3_997_650.0) if p == 3 else (x, y)
    assert holds(STRIPS, p, x, y) == contains(FLAT, p, x, y)


@given(places, st.floats(0.01, 20))
def test_within_is_shapelys_distance(place, reach):
    x, y, p = place
    x, y = (x + 664_430.0, y + 3_997_650.0) if p == 3 else (x, y)
    gap = SHAPES[p].distance(Point(x, y))
    if abs(gap - reach) > 1e-6:
        assert within(STRIPS, p, x, y, reach) == (gap < reach)


def test_hole_is_outside_but_near():
    assert not holds(STRIPS, 1, 5.0, 5.0)
    assert within(STRIPS, 1, 5.0, 5.0, 1.1) and not within(STRIPS, 1, 5.0, 5.0, 0.9)


def test_any_of_the_set():
    assert any_holds(STRIPS, -3.0, 0.0) and not any_holds(STRIPS, -6.0, 0.0)
    assert any_within(STRIPS, -6.0, 0.0, 1.5) and not any_within(STRIPS, -6.0, 0.0, 0.5)


def test_an_empty_set_holds_nothing():
    empty = cut(pack([]))
    assert not any_holds(empty, 0.0, 0.0) and not any_within(empty, 0.0, 0.0, 5.0)


@pytest.mark.parametrize("y", [0.0, 10.0, 9.999999, 1e-9])
def test_levels_at_the_ends_of_a_polygon(y):
    assert holds(STRIPS, 1, 2.0, y) == contains(FLAT, 1, 2.0, y)
