"""Margins by strips against the plain kernel."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from drivewm.geometry.polygons import pack, signed_margin
from drivewm.geometry.strip_margin import least_margins, margin
from drivewm.geometry.strips import cut

LANE = shapely.LineString([(t, 20 * np.sin(t / 30)) for t in range(0, 120, 2)]).buffer(1.75)
RING = Polygon([(0, 40), (60, 40), (60, 90), (0, 90)], [[(9, 50), (50, 50), (50, 80), (9, 80)]])
SHAPES = (LANE, RING, box(15, 55, 25, 70))  # disjoint: the last one is inside the hole
FLAT, STRIPS = pack(SHAPES), cut(pack(SHAPES))


@given(st.floats(-50, 170), st.floats(-60, 140))
def test_same_margin_as_the_plain_kernel(x, y):
    assert margin(STRIPS, x, y) == signed_margin(FLAT, x, y)


@pytest.mark.parametrize(
    ("place", "metres"), [((20, 62), 5.0), ((30, 65), -5.0), ((5, 45), 5.0), ((-3, 36), -5.0)]
)
def test_margin_of_known_places(place, metres):
    assert margin(STRIPS, *map(float, place)) == pytest.approx(metres)


def test_least_margin_of_a_box_is_its_worst_corner():
    corners = np.array([[[16, 60], [24, 60], [24, 68], [16, 68]]], float)
    out = np.empty(1)
    least_margins(STRIPS, corners, out)
    assert out[0] == pytest.approx(1.0)


def test_nothing_is_inside_an_empty_set():
    assert margin(cut(pack([])), 0.0, 0.0) == -np.inf
