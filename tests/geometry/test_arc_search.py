"""The hinted search against Shapely's projection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from drivewm.geometry.arc_search import nearest_arc
from drivewm.geometry.polylines import arc_lengths

coordinate = st.floats(-40, 40).map(lambda v: round(v, 3))
lines = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=40, unique=True)


@given(lines, coordinate, coordinate, st.integers(-3, 60))
def test_as_near_as_shapely_for_any_hint(points, x, y, hint):
    xy, line = np.array(points), LineString(points)
    arc_m, segment = nearest_arc(xy, arc_lengths(xy), 0, len(xy), x, y, hint)
    expected = line.project(Point(x, y))
    gap = line.interpolate(arc_m).distance(Point(x, y))
    assert gap == pytest.approx(line.distance(Point(x, y)), abs=1e-6)
    assert 0 <= segment < len(xy) - 1
    assert nearest_arc(xy, arc_lengths(xy), 0, len(xy), x, y, 0)[0] == arc_m  # whatever the hint
    if abs(arc_m - expected) > 1e-6:  # equally near places
        other = line.interpolate(expected).distance(Point(x, y))
        assert other == pytest.approx(gap, abs=1e-9)


def test_of_equally_near_places_the_first():
    xy = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    for hint in range(3):
        assert nearest_arc(xy, arc_lengths(xy), 0, 4, 5.0, 5.0, hint)[0] == pytest.approx(5.0)


def test_a_part_of_a_longer_list_of_vertices():
    xy = np.array([[-99.0, 0.0], [0.0, 0.0], [10.0, 0.0], [50.0, 50.0]])
    arc_m = np.array([0.0, 0.0, 10.0, 0.0])
    assert nearest_arc(xy, arc_m, 1, 3, 4.0, 2.0, 1) == (4.0, 1)
    assert nearest_arc(xy, arc_m, 1, 2, 4.0, 2.0, 1) == (0.0, 1)
