"""A network as a RoadMap: lanes, connectors, links, areas, lights, stop lines."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point

from drivewm.scenarios.opendrive import LaneKey, road_map
from drivewm.scenarios.opendrive.road_areas import lights
from drivewm.scene.road_graph import road_graph
from tests.scenarios.opendrive import maps
from tests.scenarios.opendrive.files import geometry, lane, link, network, road, section, straight

LIGHT = (
    '<signals><signal id="5" s="98" t="-4" type="1000001" dynamic="yes" orientation="+"/>'
    '<signal id="6" s="96" t="0" type="294" dynamic="no" orientation="+"/></signals>'
)


def test_lanes_and_connectors(tmp_path) -> None:
    found = road_map(maps.t_junction(tmp_path))
    assert [lane.id for lane in found.lanes if lane.is_connector] == ["10:0:-1", "11:0:-1"]
    west = found.lane("1:0:-1")
    assert west.successors == ("10:0:-1", "11:0:-1") and west.predecessors == ()
    assert found.lane("3:0:-1").predecessors == ("11:0:-1",)
    assert west.polygon is not None and west.polygon.area == pytest.approx(350.0)
    assert len(found.intersections) == 1 and found.origin == "opendrive"
    assert len(road_graph(found).next_lane) == 4


def test_left_and_right_follow_the_driving_direction(tmp_path) -> None:
    for rule in ("RHT", "LHT"):
        found = road_map(maps.s_curve(tmp_path, rule))
        for one in found.lanes:
            a, b = one.centerline[10:12]
            across = one.left_boundary[10] - one.right_boundary[10]
            assert np.cross(b - a, across) > 0
            assert Point(one.centerline[20]).within(one.polygon)


def test_the_drivable_area_covers_lanes_without_seams(tmp_path) -> None:
    found = road_map(maps.s_curve(tmp_path))
    (area,) = found.drivable
    assert not area.interiors
    assert area.area == pytest.approx(sum(one.polygon.area for one in found.lanes), rel=1e-3)


def test_shoulders_are_drivable_and_borders_are_not(tmp_path) -> None:
    kinds = ("shoulder", "border", "sidewalk", "biking")
    lanes = section([lane(-1), *(lane(-2 - i, kind=kind) for i, kind in enumerate(kinds))])
    found = road_map(network(tmp_path, straight(sections=lanes)))
    assert [one.id for one in found.lanes] == ["1:0:-1", "1:0:-5"]
    assert found.lane("1:0:-5").is_bike
    (area,), (walk,) = found.drivable, found.walkways
    assert area.bounds == pytest.approx((0, -7, 100, 0))
    assert walk.bounds == pytest.approx((0, -14, 100, -10.5))


def test_a_light_governs_the_connectors_that_its_lanes_lead_to(tmp_path) -> None:
    odr = maps.t_junction(tmp_path, light=LIGHT)
    assert lights(odr) == {"5": (LaneKey("10", 0, -1), LaneKey("11", 0, -1))}
    found = road_map(odr)
    assert [one.id for one in found.lanes if one.has_light] == ["10:0:-1", "11:0:-1"]
    assert found.lane("1:0:-1").stop_lines == (0,) and not found.lane("1:0:1").stop_lines
    assert found.stop_lines[0].bounds == pytest.approx((95.85, -3.5, 96.15, 0.0))


def test_a_light_that_is_referred_to_stands_on_the_connector(tmp_path) -> None:
    light = '<signal id="5" s="9" t="0" type="1000001" dynamic="yes" orientation="-"/>'
    signals = f"<signals>{light}</signals>"
    refer = '<signals><signalReference id="5" s="0" t="-3" orientation="+"/></signals>'
    junction = '<junction id="7"/>'
    inner = road(geometry("<line/>", 20.0), 20.0, name="2", junction="7", extra=refer)
    odr = network(tmp_path, straight(extra=signals, sections=section([lane(-1)])), inner, junction)
    assert lights(odr) == {"5": (LaneKey("2", 0, -1), LaneKey("2", 0, -2))}


def test_crossings_and_parking_have_outlines(tmp_path) -> None:
    objects = """<objects>
      <object id="1" type="crosswalk" s="50" t="0" hdg="0"><outlines><outline id="0">
        <cornerRoad s="48" t="-7"/><cornerRoad s="52" t="-7"/><cornerRoad s="52" t="3.5"/>
        <cornerRoad s="48" t="3.5"/></outline></outlines></object>
      <object id="2" type="parkingSpace" s="20" t="-9" hdg="0" length="5" width="2.5"/>
      <object id="3" type="pole" s="0" t="5" radius="0.2">
        <repeat s="10" length="80" distance="20" tStart="5" tEnd="9"/></object>
      <object id="4" type="barrier" s="0" t="-8" width="0.4">
        <repeat s="0" length="100" distance="0" tStart="-8" tEnd="-8" widthStart="0.4"/></object>
      <object id="5" type="tree" s="9" t="9" hdg="0"><outline>
        <cornerLocal u="1" v="0"/><cornerLocal u="0" v="1"/><cornerLocal u="-1" v="0"/></outline>
      </object></objects>"""
    odr = network(tmp_path, straight(extra=objects))
    found = road_map(odr)
    assert found.crossings[0].bounds == pytest.approx((48, -7, 52, 3.5))
    assert found.carparks[0].bounds == pytest.approx((17.5, -10.25, 22.5, -7.75))
    poles = [item for item in odr.roads["1"].objects if item.type == "pole"]
    assert [(p.s_m, p.t_m) for p in poles] == [(10, 5), (30, 6), (50, 7), (70, 8), (90, 9)]
    barrier, tree = odr.roads["1"].objects[-2:]
    assert barrier.outline[:, 1].min() == pytest.approx(-8.2) and len(tree.outline) == 3
    assert tree.outline.max(0) == pytest.approx([10.0, 10.0]) and odr.notes == ()


def test_speed_limits_reach_the_lanes(tmp_path) -> None:
    kind = '<type s="0" type="town"><speed max="36" unit="km/h"/></type>'
    found = road_map(network(tmp_path, straight(extra=kind)))
    assert {one.speed_limit_mps for one in found.lanes} == {10.0}
    assert road_map(network(tmp_path, straight())).lanes[0].speed_limit_mps is None


def test_lanes_too_short_to_drive_are_bridged(tmp_path) -> None:
    both = link("predecessor", -1) + link("successor", -1)
    parts = [section([lane(-1, link=both)], s) for s in (0.0, 50.0, 50.001)]
    found = road_map(network(tmp_path, straight(sections="".join(parts))))
    assert [one.id for one in found.lanes] == ["1:0:-1", "1:2:-1"]
    assert found.lanes[0].successors == ("1:2:-1",) and found.lanes[1].predecessors == ("1:0:-1",)


def test_painted_lines_are_dividers(tmp_path) -> None:
    mark = '<roadMark sOffset="0" type="broken"/><roadMark sOffset="40" type="none"/>'
    lanes = section([lane(-1, more=mark), lane(-2)])
    (line,) = road_map(network(tmp_path, straight(sections=lanes))).dividers
    assert line[0] == pytest.approx([0, -3.5]) and line[-1] == pytest.approx([40, -3.5])
