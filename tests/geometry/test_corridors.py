"""Corridors against the polygons that GEOS' buffer draws."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from drivewm.geometry.corridors import corridor_meets, corridor_ring


def _line(turns_rad, step_m, at=(0.0, 0.0)):
    headings = np.cumsum(turns_rad)
    steps = step_m * np.stack([np.cos(headings), np.sin(headings)], -1)
    return np.concatenate([[at], at + np.cumsum(steps, 0)])


def _ring(line, half_m, square):
    ring = np.empty((40 * len(line) + 16, 2))
    count = corridor_ring(line, len(line), half_m, square, square, ring)
    return Polygon(ring[:count])


def _buffer(line, half_m, square):
    cap = "square" if square else "flat"
    return LineString(line).buffer(half_m, cap_style=cap, quad_segs=16)


@pytest.mark.parametrize("square", [False, True])
@given(
    turns=st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=30),
    step_m=st.floats(0.8, 3.0),
    half_m=st.floats(0.5, 1.4),
)
def test_a_lane_like_line_gets_the_ring_of_geos(square, turns, step_m, half_m):
    line = _line(np.array(turns) * min(1.0, step_m / 2.0), step_m, (300.0, -200.0))
    if not LineString(line).is_simple or np.abs(np.cumsum(turns)).max() > 2.0:
        return
    ours, theirs = _ring(line, half_m, square), _buffer(line, half_m, square)
    assert ours.is_valid
    assert shapely.hausdorff_distance(ours.exterior, theirs.exterior) < 1e-6


def test_a_straight_corridor_ends_flat_or_square():
    line = np.array([[0.0, 0.0], [4.0, 0.0], [10.0, 0.0]])
    assert _ring(line, 1.0, False).bounds == (0.0, -1.0, 10.0, 1.0)
    assert _ring(line, 1.0, True).bounds == (-1.0, -1.0, 11.0, 1.0)


def test_a_sharp_corner_gets_a_round_join_of_sixteen_pieces():
    line = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, -10.0]])
    ours, theirs = _ring(line, 1.0, False), _buffer(line, 1.0, False)
    assert ours.symmetric_difference(theirs).area < 1e-9
    assert len(ours.exterior.coords) >= 16 + 6


def test_repeated_points_change_nothing():
    line = np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 0.0], [9.0, 2.0]])
    without = _ring(line[[0, 1, 3]], 1.0, False)
    assert _ring(line, 1.0, False).equals(without)


def test_a_short_ring_cuts_joins_but_stays_a_polygon():
    line = _line(np.full(12, -0.9), 5.0)[:8]
    ring = np.empty((40, 2))
    count = corridor_ring(line, 8, 1.0, False, False, ring)
    assert count <= 40 and math.isfinite(Polygon(ring[:count]).area)


@given(
    turns=st.lists(st.floats(-0.15, 0.15), min_size=3, max_size=40),
    x=st.floats(-5, 60), y=st.floats(-15, 15), turn=st.floats(-3, 3),
    square=st.booleans(),
)  # fmt: skip
def test_a_box_meets_a_corridor_where_shapely_says_so(turns, x, y, turn, square):
    line = _line(np.array(turns), 1.5)
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    cos, sin = np.cos(turn), np.sin(turn)
    box = np.array([[2.4, 1], [-2.4, 1], [-2.4, -1], [2.4, -1]]) @ [[cos, sin], [-sin, cos]]
    box = np.ascontiguousarray(box + np.array([x, y]))
    bounds = np.concatenate([box.min(0), box.max(0)])
    ring, scratch = np.empty((40 * len(line), 2)), np.empty(4)
    got = corridor_meets(line, arc, len(line), 1.1, square, box, 4, bounds, ring, scratch)
    want = _buffer(line, 1.1, square)
    if abs(want.distance(Polygon(box)) - 1e-9) > 1e-9 or want.intersection(Polygon(box)).area > 0:
        assert got == want.intersects(Polygon(box))
