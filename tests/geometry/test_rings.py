"""Rings against Shapely."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from drivewm.geometry.corridors import corridor_ring
from drivewm.geometry.rings import ring_bounds, ring_contains, ring_distance, rings_meet


def _bounds(ring):
    out = np.empty(4)
    ring_bounds(ring, len(ring), out)
    return out


@st.composite
def rings(draw):
    """A box, or a bent corridor, somewhere near the origin."""
    x, y, turn = (draw(st.floats(-8, 8)) for _ in range(3))
    if draw(st.booleans()):
        half = np.array([draw(st.floats(0.2, 3)), draw(st.floats(0.2, 3))])
        local = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * half
    else:
        bend = np.cumsum(draw(st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=8)))
        line = np.cumsum(2.0 * np.stack([np.cos(bend), np.sin(bend)], -1), 0)
        local = np.empty((400, 2))
        local = local[: corridor_ring(line, len(line), 1.0, False, True, local)]
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.ascontiguousarray(local @ rotation + [x, y])


@given(a=rings(), b=rings())
def test_distance_and_meeting_equal_shapely(a, b):
    want = Polygon(a).distance(Polygon(b))
    got = ring_distance(a, len(a), _bounds(a), b, len(b), _bounds(b))
    assert abs(got - want) < 1e-9
    if want > 1e-9 or Polygon(a).intersection(Polygon(b)).area > 1e-9:
        meet = rings_meet(a, len(a), _bounds(a), b, len(b), _bounds(b))
        assert meet == Polygon(a).intersects(Polygon(b))


def test_one_ring_inside_another_meets_it():
    big = np.array([[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]])
    small = big / 9.0 + 4.0
    for a, b in ((big, small), (small, big)):
        assert rings_meet(a, 4, _bounds(a), b, 4, _bounds(b))
        assert ring_distance(a, 4, _bounds(a), b, 4, _bounds(b)) == 0.0


def test_touching_counts():
    left = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    right = left + np.array([1.0, 0.5])
    assert rings_meet(left, 4, _bounds(left), right, 4, _bounds(right))


def test_contains_follows_the_ring():
    ring = np.array(LineString([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]).coords)
    assert ring_contains(ring, len(ring), 0.5, 1.0)
    assert not ring_contains(ring, len(ring), 2.0, 3.0)
