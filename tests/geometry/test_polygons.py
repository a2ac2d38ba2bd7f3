"""Polygon kernels against Shapely."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import union_all
from shapely.geometry import MultiPolygon, Point, Polygon, box

from drivewm.geometry import polygons

HOLED = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(4, 4), (6, 4), (6, 6), (4, 6)]])
SHAPES = [HOLED, box(20, 0, 30, 5), Polygon([(0, 20), (5, 30), (-5, 28), (-2, 24)])]
PLACE = st.tuples(st.floats(-20, 40), st.floats(-10, 40))


@given(PLACE, st.sampled_from([0.0, 664_430.0]))
def test_contains_and_distances_equal_shapely(place, shift):
    x, y = place[0] + shift, place[1]
    moved = [Polygon([(a + shift, b) for a, b in s.exterior.coords],
                     [[(a + shift, b) for a, b in r.coords] for r in s.interiors])
             for s in SHAPES]  # fmt: skip
    packed = polygons.pack(moved)
    for p, shape in enumerate(moved):
        away = shape.exterior.distance(Point(x, y))
        if away > 1e-7 and all(r.distance(Point(x, y)) > 1e-7 for r in shape.interiors):
            assert polygons.contains(packed, p, x, y) == shape.contains(Point(x, y))
        assert polygons.distance(packed, p, x, y) == pytest.approx(
            shape.distance(Point(x, y)), abs=1e-6
        )
    whole = union_all(moved)
    assert polygons.nearest_distance(packed, x, y) == pytest.approx(
        whole.distance(Point(x, y)), abs=1e-6
    )
    margin = polygons.signed_margin(packed, x, y)
    assert abs(margin) == pytest.approx(whole.boundary.distance(Point(x, y)), abs=1e-6)
    if abs(margin) > 1e-6:
        assert (margin > 0) == whole.contains(Point(x, y))


def test_a_hole_is_outside():
    packed = polygons.pack([HOLED])
    assert polygons.first_containing(packed, 5.0, 5.0) == -1
    assert polygons.first_containing(packed, 2.0, 2.0) == 0
    assert polygons.distance(packed, 0, 5.0, 5.0) == 1.0


def test_parts_and_empty_shapes():
    packed = polygons.pack([MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]), Polygon()])
    assert len(packed.bounds) == 2
    nothing = polygons.pack([])
    assert polygons.nearest_distance(nothing, 0.0, 0.0) == np.inf
    assert polygons.first_containing(nothing, 0.0, 0.0) == -1
