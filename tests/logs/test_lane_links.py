"""Connectors' polygons and lanes' neighbours, worked out where a source leaves them out."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from drivewm.geometry.se2 import wrap_angle
from drivewm.logs.lane_links import WIDTH_M, with_connector_polygons, with_neighbors
from drivewm.scene import Lane


def lane(name, x0, x1, y, width=3.5, **more):
    low, high = min(x0, x1), max(x0, x1)
    return Lane(
        id=name, centerline=np.array([[x0, y], [x1, y]], float),
        polygon=box(low, y - width / 2, high, y + width / 2), **more,
    )  # fmt: skip


def neighbors(*lanes):
    return {x.id: (x.left_neighbor, x.right_neighbor) for x in with_neighbors(lanes)}


def test_lanes_beside_each_other_are_neighbours():
    assert neighbors(lane("r", 0, 50, 0), lane("m", 0, 50, 3.5), lane("l", 0, 50, 7)) == {
        "r": ("m", None), "m": ("l", "r"), "l": (None, "m"),
    }  # fmt: skip


def test_oncoming_lanes_and_lanes_behind_are_no_neighbours():
    nobody = (None, None)
    assert neighbors(lane("a", 0, 50, 0), lane("oncoming", 50, 0, 3.5)) == {
        "a": nobody, "oncoming": nobody,
    }  # fmt: skip
    assert neighbors(lane("a", 0, 50, 0), lane("next", 50, 90, 0)) == {"a": nobody, "next": nobody}


def test_long_lane_is_not_the_neighbour_of_a_short_one_beside_its_end():
    assert neighbors(lane("long", 0, 90, 0), lane("short", 70, 90, 3.5)) == {
        "long": (None, None), "short": (None, None),
    }  # fmt: skip


def test_lanes_across_a_strip_of_grass_are_no_neighbours():
    assert neighbors(lane("a", 0, 50, 0), lane("b", 0, 50, 5.0))["a"] == (None, None)


def test_neighbours_that_a_source_tells_are_kept():
    told = lane("a", 0, 50, 0, left_neighbor="x"), lane("b", 0, 50, 3.5)
    assert with_neighbors(told) == told


@given(turn=st.floats(-np.pi, np.pi), y=st.floats(2.8, 4.2))
def test_neighbours_do_not_depend_on_the_way_the_road_lies(turn, y):
    cos, sin = np.cos(turn), np.sin(turn)

    def turned(one):
        from shapely import affinity

        line = one.centerline @ np.array([[cos, sin], [-sin, cos]])
        shape = affinity.rotate(one.polygon, turn, origin=(0, 0), use_radians=True)
        return dataclasses.replace(one, centerline=line, polygon=shape)

    lanes = turned(lane("a", 0, 40, 0, width=y)), turned(lane("b", 0, 40, y, width=y))
    assert neighbors(*lanes) == {"a": ("b", None), "b": (None, "a")}
    chord = lanes[0].centerline[1] - lanes[0].centerline[0]
    assert abs(wrap_angle(np.arctan2(chord[1], chord[0]) - turn)) < 1e-9


def test_connector_is_as_wide_as_the_lanes_it_joins_and_stays_on_the_road():
    via = Lane(
        id="via", centerline=np.array([[50.0, 0.0], [60.0, 0.0]]), polygon=None, is_connector=True,
        predecessors=("a",), successors=("b",),
    )  # fmt: skip
    joined = lane("a", 0, 50, 0, width=3.0), lane("b", 60, 90, 0, width=4.0)
    whole = with_connector_polygons((*joined, via))[-1].polygon
    assert whole.bounds == pytest.approx((50, -1.75, 60, 1.75))
    cut = with_connector_polygons((*joined, via), (box(0, -1, 90, 9),))[-1].polygon
    assert cut.bounds == pytest.approx((50, -1, 60, 1.75))
    alone = with_connector_polygons((via,))[0].polygon
    assert alone.area == pytest.approx(10 * WIDTH_M)
