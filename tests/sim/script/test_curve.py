"""Curves: projection is the inverse of the pose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.sim.script import model as m
from drivewm.sim.script.curve import Curve, curve_of
from tests.sim.script.build import arc

ARC = Curve(arc(50.0, 2.0))


@given(st.floats(0.0, 100.0), st.floats(-4.0, 4.0))
def test_projection_gives_the_place_back(s, lateral):
    x, y, _ = ARC.pose(s, lateral)
    found = ARC.project(x, y)
    again = ARC.pose(*found)
    assert np.hypot(again[0] - x, again[1] - y) < 1e-6
    assert found == pytest.approx((s, lateral), abs=2e-3)
    assert ARC.project(x, y, s + 20.0) == pytest.approx(found, abs=1e-6)


@given(st.floats(-30.0, -0.1), st.floats(-4.0, 4.0))
def test_ends_go_straight_on(s, lateral):
    for place in (s, ARC.length_m - s):
        x, y, _ = ARC.pose(place, lateral)
        assert ARC.project(x, y) == pytest.approx((place, lateral), abs=1e-6)
        assert ARC.curvature(place) == 0.0


def test_a_circle_has_its_radius_and_length():
    assert pytest.approx(100.0, rel=1e-5) == ARC.length_m
    assert ARC.curvature(50.0) == pytest.approx(1 / 50.0, rel=1e-4)


def test_headings_turn_near_a_corner_only():
    corner = Curve(np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]))
    assert corner.pose(99.0)[2] == 0.0
    assert corner.pose(100.0)[2] == pytest.approx(np.pi / 4)
    assert corner.pose(101.0)[2] == pytest.approx(np.pi / 2)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"xy": np.zeros((1, 2))}, "two finite vertices"),
        ({"xy": np.zeros((2, 2))}, "same point"),
        ({"xy": np.array([[0.0, 0.0], [1.0, 0.0]]), "times_s": np.array([1.0, 1.0])}, "rise"),
        ({"xy": np.array([[0.0, 0.0], [1.0, 0.0]]), "heading_rad": np.zeros(3)}, "3 values"),
    ],
)
def test_bad_paths_are_named(more, word):
    with pytest.raises(InputError, match=word) as caught:
        curve_of(m.Path(name="p", where="f.xosc:7", **more), 0)
    assert caught.value.file == "f.xosc:7"
