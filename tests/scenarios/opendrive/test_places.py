"""Places on roads: closed forms, continuity, and that projection is the inverse of position."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.scenarios.opendrive.places import lane_at
from tests.scenarios.opendrive import maps
from tests.scenarios.opendrive.files import geometry, lane, network, road, section, straight

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def curve(tmp_path_factory):
    return maps.s_curve(tmp_path_factory.mktemp("curve"))


@pytest.fixture(scope="module")
def widening(tmp_path_factory):
    return maps.widening(tmp_path_factory.mktemp("widening"))


def test_a_place_on_a_straight_road(tmp_path) -> None:
    odr = network(tmp_path, road(geometry("<line/>", 50.0, 0.0, 10.0, 20.0, pi / 2), 50.0))
    at = odr.road_position("1", 30.0, 2.0)
    assert at == pytest.approx((8.0, 50.0, pi / 2))
    assert odr.lane_position("1", -1, 30.0) == pytest.approx((11.75, 50.0, pi / 2))
    assert odr.lane_position("1", 1, 30.0, 0.5) == pytest.approx((7.75, 50.0, pi / 2))


def test_a_place_on_an_arc_lies_on_its_circle(tmp_path) -> None:
    odr = network(tmp_path, road(geometry('<arc curvature="0.02"/>', 60.0), 60.0))
    x, y, heading = odr.road_position("1", 40.0, -3.0)
    assert np.hypot(x, y - 50.0) == pytest.approx(53.0)
    assert heading == pytest.approx(0.8)


def test_the_heading_of_a_widening_lane_is_that_of_its_middle(widening) -> None:
    low, high = (widening.lane_position("1", -2, s) for s in (149.99, 150.01))
    chord = np.arctan2(high.y_m - low.y_m, high.x_m - low.x_m)
    assert widening.lane_position("1", -2, 150.0).heading_rad == pytest.approx(chord, abs=1e-6)
    assert chord < -0.02


def test_lane_headings_on_a_curve_are_chords(curve) -> None:
    for s in (30.0, 70.0, 120.0, 180.0):
        low, high = (curve.lane_position("1", -2, s + d) for d in (-0.01, 0.01))
        chord = np.arctan2(high.y_m - low.y_m, high.x_m - low.x_m)
        assert curve.lane_position("1", -2, s).heading_rad == pytest.approx(chord, abs=1e-4)


@SHARED
@given(st.floats(0.5, 239.5), st.floats(-9.0, 5.0))
def test_the_reference_line_has_no_jump(curve, s: float, t: float) -> None:
    low, high = curve.road_position("1", s - 1e-4, t), curve.road_position("1", s + 1e-4, t)
    assert np.hypot(high.x_m - low.x_m, high.y_m - low.y_m) < 3e-4
    assert abs(high.heading_rad - low.heading_rad) < 1e-5


@SHARED
@given(st.sampled_from([100.0, 200.0]), st.sampled_from([-1, -2]))
def test_lanes_go_on_without_a_jump_from_section_to_section(widening, s, lane_id) -> None:
    if (s, lane_id) == (100.0, -2):
        return  # it begins there
    low, high = (widening.lane_position("1", lane_id, s + d) for d in (-1e-5, 1e-5))
    assert np.hypot(high.x_m - low.x_m, high.y_m - low.y_m) < 1e-4


@SHARED
@given(st.floats(0.0, 240.0), st.floats(-7.0, 3.5))
def test_projection_is_the_inverse_of_position(curve, s: float, t: float) -> None:
    x, y, _ = curve.road_position("1", s, t)
    found = curve.project(x, y)
    assert found.road == "1" and found.beyond_m == 0.0
    assert (found.s_m, found.t_m) == pytest.approx((s, t), abs=1e-6)
    if min(abs(t), abs(t + 3.5), abs(t + 7), abs(t - 3.5)) > 1e-6:
        assert found.lane == (1 if t > 0 else -1 if t > -3.5 else -2)


@SHARED
@given(st.floats(0.0, 300.0), st.sampled_from([-1, -2]), st.floats(-0.4, 0.4))
def test_a_place_in_a_lane_projects_to_that_lane(widening, s, lane_id, share) -> None:
    if lane_id not in widening.section("1", s).lanes:
        return
    width = widening.lane_width_m("1", lane_id, s)
    if width < 0.01:
        return
    at = widening.lane_position("1", lane_id, s, share * width)
    found = widening.project(at.x_m, at.y_m)
    assert (found.lane, found.s_m) == (lane_id, pytest.approx(s, abs=1e-6))


def test_beside_and_beyond_a_road(tmp_path) -> None:
    odr = network(tmp_path, straight())
    beside, beyond = odr.project(50.0, 20.0), odr.project(104.0, -2.0)
    assert (beside.lane, beside.t_m, beside.beyond_m) == (None, pytest.approx(20.0), 0.0)
    assert (beyond.s_m, beyond.lane, beyond.beyond_m) == (100.0, None, pytest.approx(4.0))


def test_the_nearest_of_several_roads_is_found_off_road(tmp_path) -> None:
    far = road(geometry("<line/>", 100.0, y=100.0), 100.0, name="2")
    odr = network(tmp_path, straight(), far)
    assert odr.project(50.0, 70.0).road == "2" and odr.project(50.0, 30.0).road == "1"
    assert odr.project(50.0, 70.0, roads=["1"]).road == "1"


def test_the_heading_tells_crossing_roads_apart(tmp_path) -> None:
    across = road(geometry("<line/>", 100.0, x=50.0, y=-50.0, hdg=pi / 2), 100.0, name="2")
    odr = network(tmp_path, straight(), across)
    found = [odr.project(51.0, -1.0, heading).road for heading in (0.0, pi / 2)]
    assert found == ["1", "2"]


def test_borders_are_counted_from_the_reference_line(tmp_path) -> None:
    def bordered(number: int, a: float) -> str:
        shape = f'<border sOffset="0" a="{a}" b="0" c="0" d="0"/>'
        return f'<lane id="{number}" type="driving">{shape}</lane>'

    for sign in (1, -1):  # both ways in which files write the right side
        lanes = section([bordered(-1, sign * 3.0), bordered(-2, sign * 7.0)])
        odr = network(tmp_path, straight(sections=lanes))
        assert odr.lane_t("1", -1, 10.0) == -1.5 and odr.lane_t("1", -2, 10.0) == -5.0


def test_the_lane_offset_moves_all_lanes(tmp_path) -> None:
    offset = (
        '<laneOffset s="20" a="0" b="0.1" c="0" d="0"/><laneOffset s="30" a="1" b="0" c="0" d="0"/>'
    )
    odr = network(tmp_path, straight(offset=offset))
    found = [odr.lane_t("1", -1, s) for s in (10.0, 25.0, 60.0)]
    assert found == pytest.approx([-1.75, -1.25, -0.75])
    assert odr.project(60.0, 0.5).lane == -1


def test_an_offset_that_starts_with_a_section_is_not_seen_before(tmp_path) -> None:
    offset = '<laneOffset s="50" a="3.5" b="0" c="0" d="0"/>'
    sections = section([lane(-1)], 0.0) + section([lane(-1), lane(-2)], 50.0)
    odr = network(tmp_path, straight(offset=offset, sections=sections))
    key = odr.key("1", -1, 10.0)
    assert odr.centreline(key)[-1] == pytest.approx([50.0, -1.75])


def test_lane_at_the_edges(curve) -> None:
    one = curve.roads["1"]
    assert [lane_at(one, one.sections[0], 10.0, t) for t in (3.6, 3.4, -0.1, -7.1)] == [
        None, 1, -1, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda o: o.road_position("9", 0.0), "has no road '9'; it has: 1"),
        (lambda o: o.road_position("1", 100.1), "s = 100.1 m lies outside road '1'"),
        (lambda o: o.road_position("1", -1.0), "lies outside"),
        (lambda o: o.lane_position("1", -7, 3.0), "no lane -7 at s = 3 m; it has: 1, -1, -2"),
        (lambda o: o.project(0.0, 0.0, roads=[]), "no road to project to"),
    ],
)
def test_places_that_do_not_exist_are_named(tmp_path, ask, said: str) -> None:
    odr = network(tmp_path, straight())
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        ask(odr)


def test_rounding_at_the_end_of_a_road_is_forgiven(tmp_path) -> None:
    odr = network(tmp_path, straight())
    assert odr.road_position("1", 100.005).x_m == 100.0
