"""Links become a graph in driving direction, and ways are found over it."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.scenarios.opendrive import LaneKey, LanePlace
from tests.scenarios.opendrive import maps
from tests.scenarios.opendrive.files import (
    geometry,
    lane,
    link,
    network,
    notes,
    road,
    section,
    straight,
    to_road,
)


def place(odr, road_id: str, lane_id: int, s: float) -> LanePlace:
    return LanePlace(odr.key(road_id, lane_id, s), s)


def two_roads(tmp_path, rule: str = "RHT", contact: str = "start", there: int = -1):
    """Road 1 is followed by road 2, which starts at its end (or ends there)."""
    links = [lane(-1, link=link("successor", there))], [lane(1, link=link("successor", -there))]
    at = (100.0, 0.0, 0.0) if contact == "start" else (200.0, 0.0, pi)
    one = straight(
        link=to_road("successor", "2", contact),
        rule=rule,
        sections=section(links[0], left=links[1]),
    )
    plan = geometry("<line/>", 100.0, 0.0, *at)
    two = road(plan, 100.0, name="2", rule=rule, sections=section([lane(-1)], left=[lane(1)]))
    return network(tmp_path, one, two)


def test_a_link_of_one_partner_is_enough_and_direction_decides(tmp_path) -> None:
    odr = two_roads(tmp_path)
    assert odr.successors[LaneKey("1", 0, -1)] == (LaneKey("2", 0, -1),)
    assert odr.successors[LaneKey("2", 0, 1)] == (LaneKey("1", 0, 1),)
    assert odr.successors[LaneKey("2", 0, -1)] == odr.successors[LaneKey("1", 0, 1)] == ()
    assert odr.notes == ()


def test_in_left_hand_traffic_the_other_lanes_lead_on(tmp_path) -> None:
    odr = two_roads(tmp_path, rule="LHT")
    assert odr.successors[LaneKey("1", 0, 1)] == (LaneKey("2", 0, 1),)
    assert odr.successors[LaneKey("2", 0, -1)] == (LaneKey("1", 0, -1),)
    assert odr.drives_forward("1", 1) and not odr.drives_forward("1", -1)
    line = odr.centreline(LaneKey("1", 0, 1))
    assert line[0] == pytest.approx([0.0, 1.75]) and line[-1] == pytest.approx([100.0, 1.75])


def test_roads_that_meet_end_to_end_change_the_sign_of_their_lanes(tmp_path) -> None:
    odr = two_roads(tmp_path, contact="end", there=1)
    assert odr.successors[LaneKey("1", 0, -1)] == (LaneKey("2", 0, 1),)
    assert odr.successors[LaneKey("2", 0, -1)] == (LaneKey("1", 0, 1),)
    assert odr.notes == ()


def test_links_against_the_driving_direction_are_named(tmp_path) -> None:
    odr = two_roads(tmp_path, contact="end", there=-1)
    assert "links lanes 1:0:-1 and 2:0:-1 against each other" in notes(odr)
    assert not any(odr.successors.values())


def test_linked_lanes_that_lie_apart_are_named(tmp_path) -> None:
    far = road(geometry("<line/>", 50.0, x=100.0, y=30.0), 50.0, name="2")
    lanes = section([lane(-1, link=link("successor", -1))])
    odr = network(tmp_path, straight(link=to_road("successor", "2", "start"), sections=lanes), far)
    assert "which end 30.0 m apart" in notes(odr)


def test_missing_partners_are_named_with_their_line(tmp_path) -> None:
    lanes = section([lane(-1, link=link("successor", -5))])
    odr = network(tmp_path, straight(link=to_road("successor", "2", "start"), sections=lanes),
                  straight(name="2"))  # fmt: skip
    assert "links to lane 2:0:-5, which does not exist" in notes(odr)
    odr = network(tmp_path, straight(link=to_road("successor", "8", "start")))
    assert "line 4: road 1 links to road 8, which is missing" in notes(odr)
    odr = network(tmp_path, straight(link=to_road("successor", "2", "start")), straight(name="2"))
    assert "road 1 links to road 2, but none of its lanes does" in notes(odr)


def test_a_lane_without_link_to_the_next_section_is_named(tmp_path) -> None:
    sections = section([lane(-1)], 0.0) + section([lane(-1)], 50.0)
    odr = network(tmp_path, straight(sections=sections))
    assert "lane -1 of road 1 has no link to the next section" in notes(odr)


def test_a_junction_joins_by_its_lane_links(tmp_path) -> None:
    odr = maps.t_junction(tmp_path)
    after = odr.successors[LaneKey("1", 0, -1)]
    assert after == (LaneKey("10", 0, -1), LaneKey("11", 0, -1))
    assert odr.successors[LaneKey("11", 0, -1)] == (LaneKey("3", 0, -1),)
    assert odr.notes == ()


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ('incomingRoad="1" connectingRoad="10" contactPoint="start"',
         "connection 0 of junction 7 has no laneLink"),
        ('incomingRoad="1" connectingRoad="99" contactPoint="start"',
         "connection 0 of junction 7 names road 99, which is missing"),
        ('incomingRoad="1" connectingRoad="10"', "connection 0 without contactPoint: start"),
    ],
)  # fmt: skip
def test_a_junction_with_a_missing_link_is_named(tmp_path, connection: str, said: str) -> None:
    odr = maps.t_junction(tmp_path, f'<connection id="0" {connection}/>')
    assert said in notes(odr)


def test_a_road_of_a_missing_junction_is_named(tmp_path) -> None:
    assert "belongs to junction 5, which is missing" in notes(
        network(tmp_path, straight(junction="5"))
    )


def test_a_direct_junction_joins_roads_without_connectors(tmp_path) -> None:
    junction = (
        '<junction id="7" type="direct"><connection id="0" incomingRoad="1" linkedRoad="2" '
        'contactPoint="start"><laneLink from="-1" to="-1"/></connection></junction>'
    )
    two = road(geometry("<line/>", 50.0, x=100.0), 50.0, name="2")
    odr = network(tmp_path, straight(), two, junction)
    assert odr.successors[LaneKey("1", 0, -1)] == (LaneKey("2", 0, -1),)


def test_a_virtual_junction_is_named_not_driven(tmp_path) -> None:
    junction = (
        '<junction id="7" type="virtual" mainRoad="1" sStart="5" sEnd="9">'
        '<connection id="0" incomingRoad="1" connectingRoad="2"/></junction>'
    )
    assert "junction 7 is virtual: its connections are not driven" in notes(
        network(tmp_path, straight(), junction)
    )


def test_neighbours_lead_the_same_way(tmp_path) -> None:
    lanes = section([lane(-1), lane(-2), lane(-3, kind="shoulder")], left=[lane(1), lane(2)])
    odr = network(tmp_path, straight(sections=lanes))
    found = {i: odr.neighbours(LaneKey("1", 0, i)) for i in (-1, -2, 1, 2)}
    ids = {i: tuple(k.lane if k else None for k in pair) for i, pair in found.items()}
    assert ids == {-1: (None, -2), -2: (-1, None), 1: (None, 2), 2: (1, None)}


def test_in_left_hand_traffic_neighbours_are_mirrored(tmp_path) -> None:
    lanes = section([lane(-1)], left=[lane(1), lane(2)])
    odr = network(tmp_path, straight(sections=lanes, rule="LHT"))
    assert odr.neighbours(LaneKey("1", 0, 1)) == (LaneKey("1", 0, 2), None)


def test_a_way_over_a_junction(tmp_path) -> None:
    odr = maps.t_junction(tmp_path)
    found = odr.route(place(odr, "1", -1, 20.0), place(odr, "3", -1, 30.0))
    assert [key.road for key in found.keys] == ["1", "11", "3"]
    assert found.length_m == pytest.approx(80.0 + 5 * pi + 30.0)
    line = odr.route_line(found)
    assert line[0] == pytest.approx([20.0, -1.75]) and line[-1] == pytest.approx([108.25, -40.0])
    gaps = np.hypot(*np.diff(line, axis=0).T)
    assert gaps.min() > 0.001 and gaps.max() < 0.75


def test_ways_do_not_lead_against_the_traffic(tmp_path) -> None:
    odr = maps.t_junction(tmp_path)
    with pytest.raises(InputError, match="no way leads from lane 3:0:-1"):
        odr.route(place(odr, "3", -1, 20.0), place(odr, "1", -1, 30.0))
    with pytest.raises(InputError, match="no way"):
        odr.route(place(odr, "1", -1, 50.0), place(odr, "1", -1, 30.0))


def test_a_way_in_a_lane_against_s_runs_down(tmp_path) -> None:
    odr = network(tmp_path, straight())
    found = odr.route(place(odr, "1", 1, 80.0), place(odr, "1", 1, 30.0))
    line = odr.route_line(found)
    assert line[0, 0] == 80.0 and line[-1, 0] == 30.0 and found.length_m == 50.0


def test_a_way_changes_lanes_only_when_it_may(tmp_path) -> None:
    odr = maps.widening(tmp_path)
    start, goal = place(odr, "1", -1, 10.0), place(odr, "1", -2, 290.0)
    found = odr.route(start, goal)
    assert [leg.lanes for leg in found.legs] in ([(-1,), (-1, -2), (-2,)], [(-1,), (-1,), (-1, -2)])
    line = odr.route_line(found)
    turn = np.arctan2(*np.diff(line, axis=0).T[::-1])
    assert np.abs(np.diff(turn)).max() < 0.02 and np.abs(turn).max() < 0.2
    with pytest.raises(InputError, match="no way"):
        odr.route(start, goal, may_change=False)


def test_a_ring_road_leads_back_to_where_one_was(tmp_path) -> None:
    ends = to_road("predecessor", "1", "end") + to_road("successor", "1", "start")
    lanes = section([lane(-1, link=link("predecessor", -1) + link("successor", -1))])
    length = 2 * pi * 30
    plan = geometry(f'<arc curvature="{1 / 30}"/>', length)
    odr = network(tmp_path, road(plan, length, link=ends, sections=lanes))
    found = odr.route(place(odr, "1", -1, 100.0), place(odr, "1", -1, 60.0))
    assert found.length_m == pytest.approx(length - 40.0)


def test_ahead_walks_over_roads_both_ways(tmp_path) -> None:
    odr = maps.t_junction(tmp_path)
    on = odr.ahead(place(odr, "1", -1, 90.0), 50.0)
    assert on is not None and (on.key.road, on.s_m) == ("2", pytest.approx(20.0))
    back = odr.ahead(on, -50.0)
    assert back is not None and (back.key.road, back.s_m) == ("1", pytest.approx(90.0))
    assert odr.ahead(place(odr, "2", -1, 90.0), 50.0) is None
    against = odr.ahead(place(odr, "1", 1, 90.0), 50.0)
    assert against is not None and against.s_m == pytest.approx(40.0)


def test_a_one_sided_section_leaves_the_other_side_alone(tmp_path) -> None:
    sections = section([lane(-1)], 0.0, left=[lane(1)])
    more = [lane(1, link=link("predecessor", 1)), lane(2)]
    sections += section([], 60.0, left=more, more='singleSide="true"')
    odr = network(tmp_path, straight(sections=sections))
    assert list(odr.section("1", 80.0).lanes) == [2, 1, 0, -1]
    assert odr.successors[LaneKey("1", 0, -1)] == (LaneKey("1", 1, -1),)
    assert odr.successors[LaneKey("1", 1, 1)] == (LaneKey("1", 0, 1),)
    assert odr.lane_t("1", -1, 80.0) == -1.75
