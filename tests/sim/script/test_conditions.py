"""Distances and other conditions on hand-built scenes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon

from drivewm.sim.script import model as m
from drivewm.sim.script.body import Body
from drivewm.sim.script.checks import BY_ENTITY, compare_text
from drivewm.sim.script.distances import between_boxes, corners, overlap
from drivewm.sim.script.traffic import scripted_traffic
from tests.sim.script.build import LANES, arc, board, car, empty_scene


def box(x, y, heading, length=4.0, width=2.0):
    body = Body("b", "vehicle", "car", (length, width), (0.0, 0.0))
    body.tell(0.0, x, y, heading, 0.0, 0.0)
    return body


@given(*[st.floats(-8.0, 8.0)] * 2, *[st.floats(-3.2, 3.2)] * 2)
def test_box_distance_is_that_of_polygons(x, y, a, b):
    one, two = box(0.0, 0.0, a), box(x, y, b)
    truth = Polygon(corners(one)).distance(Polygon(corners(two)))
    assert between_boxes(one, two) == pytest.approx(truth, abs=1e-6)
    assert overlap(one, two) == (between_boxes(one, two) == 0.0)


def holds(condition, actors, roads=LANES, ego=(-500.0, -200.0, 0.0, 0.0)):
    traffic = scripted_traffic(board(actors, roads=roads), empty_scene(ego))
    engine = traffic._engine
    return BY_ENTITY[type(condition)](engine, condition, engine.bodies[condition.by[0]])


def between(low, high, make):
    """The condition holds for greaterThan ``low`` and lessThan ``high``."""
    return make(low, "greaterThan"), make(high, "lessThan")


TWO = [car("a", 100.0, 20.0), car("b", 150.0, 10.0, path=1)]


@pytest.mark.parametrize(
    ("kind", "free", "system", "metres"),
    [
        ("longitudinal", False, "entity", 50.0),
        ("longitudinal", True, "entity", 45.5),
        ("lateral", False, "entity", 3.5),
        ("lateral", True, "lane", 1.6),
        ("longitudinal", True, "lane", 45.5),
        ("longitudinal", False, "road", 50.0),
        ("euclidean", False, "entity", np.hypot(50.0, 3.5)),
        ("euclidean", True, "entity", np.hypot(45.5, 1.6)),
    ],
)
def test_relative_distances(kind, free, system, metres):
    for value, rule in ((metres - 0.01, "greaterThan"), (metres + 0.01, "lessThan")):
        assert holds(m.RelativeDistance(by=("a",), entity="b", value_m=value, rule=rule,
                                        distance_type=kind, freespace=free,
                                        coordinate_system=system), TWO)  # fmt: skip


def test_along_a_bend_the_lane_is_longer_than_the_straight_line():
    roads = m.Roads(paths=(m.Path(name="bend", xy=arc(40.0, 3.0)),))
    actors = [car("a", 10.0), car("b", 70.0)]

    def far(system, value):
        return holds(m.RelativeDistance(by=("a",), entity="b", value_m=value, freespace=False,
                                        rule="greaterThan", coordinate_system=system),
                     actors, roads)  # fmt: skip

    assert far("lane", 59.9) and not far("lane", 60.1) and not far("entity", 45.0)


def test_time_to_collision_and_headway():
    def ttc(value, **more):
        return holds(m.TimeToCollision(by=("a",), value_s=value, distance_type="longitudinal",
                                       **more), TWO)  # fmt: skip

    assert ttc(4.56, entity="b") and not ttc(4.54, entity="b")
    spot = m.WorldPosition(x_m=140.0, y_m=0.0)
    assert ttc(2.01, position=spot, freespace=False)
    assert not ttc(1.99, position=spot, freespace=False)
    parting = m.TimeToCollision(by=("b",), entity="a", value_s=1e6, distance_type="longitudinal")
    assert holds(parting, TWO)  # a is faster and comes from behind
    away = [car("a", 100.0, 5.0), car("b", 150.0, 10.0)]
    assert not holds(m.TimeToCollision(by=("a",), entity="b", value_s=1e6), away)
    headway = m.TimeHeadway(by=("a",), entity="b", value_s=2.28)
    assert holds(headway, TWO)
    assert not holds(m.TimeHeadway(by=("a",), entity="b", value_s=2.27), TWO)


def test_collision_by_name_kind_and_any():
    actors = [car("a", 100.0), car("b", 104.0), car("c", 200.0)]
    assert holds(m.Collision(by=("a",), entity="b"), actors)
    assert holds(m.Collision(by=("a",), kind="vehicle"), actors)
    assert holds(m.Collision(by=("b",)), actors)
    assert not holds(m.Collision(by=("a",), entity="c"), actors)
    assert not holds(m.Collision(by=("a",), kind="pedestrian"), actors)


def test_end_of_road_and_offroad():
    beyond = car("a", start=m.PathPosition(path=0, s_m=3001.0))
    inside = car("b", 100.0)
    aside = car("c", start=m.PathPosition(path=0, s_m=100.0, lateral_m=-4.0))
    for actor, end, off in ((beyond, True, True), (inside, False, False), (aside, False, True)):
        by = {"by": (actor.id,)}
        assert holds(m.EndOfRoad(**by), [actor]) == end
        assert holds(m.Offroad(**by), [actor]) == off
    field = m.Roads(paths=LANES.paths, drivable=(np.array([[0, -9], [900, -9], [900, 9], [0, 9]]),))
    assert not holds(m.Offroad(by=("c",)), [aside], field)


def test_angles_and_relative_speed():
    turned = car("a", start=m.WorldPosition(x_m=0.0, y_m=90.0, heading_rad=1.571))
    assert holds(m.Angle(by=("a",), angle_rad=1.57, tolerance_rad=0.01), [turned])
    assert holds(m.RelativeAngle(by=("a",), entity="Ego", angle_rad=1.57, tolerance_rad=0.01),
                 [turned])  # fmt: skip
    assert not holds(m.Angle(by=("b",), angle_rad=1.57, tolerance_rad=0.5, relative=True), TWO)
    assert holds(m.RelativeSpeed(by=("a",), entity="b", value_mps=9.9), TWO)
    assert holds(m.RelativeSpeed(by=("b",), entity="a", value_mps=-9.9, rule="lessThan",
                                 direction="longitudinal"), TWO)  # fmt: skip


def test_clearance_in_lanes():
    def clear(ahead, lanes, **more):
        return holds(m.RelativeClearance(by=("a",), ahead_m=ahead, lanes=lanes, **more), TWO)

    assert clear(60.0, (0, 0)) and not clear(60.0, (0, 1)) and clear(45.0, (1, 1))
    assert not clear(46.0, (1, 1), freespace=True) and clear(46.0, (1, 1), freespace=False)


def test_values_are_numbers_or_words():
    assert compare_text("3.0", "equalTo", "3") and compare_text("10", "greaterThan", "9")
    assert compare_text("true", "equalTo", "true") and not compare_text("a", "lessThan", "b")
