"""What a file says is read or named; what would bend the geometry is refused."""

from __future__ import annotations

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.opendrive import read_opendrive
from tests.scenarios.opendrive import maps
from tests.scenarios.opendrive.files import geometry, lane, network, notes, road, section, straight

LINE = "<line/>"


def test_a_good_file_has_no_notes(tmp_path) -> None:
    odr = maps.widening(tmp_path)
    assert odr.notes == () and odr.version == (1, 7) and odr.name == "test"
    assert [section.start_m for section in odr.roads["1"].sections] == [0.0, 100.0, 200.0]


def test_all_curve_kinds_are_read(tmp_path) -> None:
    param = '<paramPoly3 pRange="{}" aU="0" bU="{}" cU="0" dU="0" aV="0" bV="0" cV="{}" dV="0"/>'
    kinds = [
        ("<line/>", 0.0),
        ('<arc curvature="0.01"/>', 0.4996),
        ('<poly3 a="0" b="0" c="0.01" d="0"/>', 0.99),
        ('<spiral curvStart="0" curvEnd="0.03"/>', 0.4997),
        (param.format("normalized", 10, 1), 1.0),
        (param.format("arcLength", 1, 0.01), 1.0),
    ]
    for kind, left in kinds:
        odr = network(tmp_path, road(geometry(kind, 10.0), 10.0))
        assert odr.road_position("1", 10.0).y_m == pytest.approx(left, abs=0.03), kind
        assert odr.notes == () or "paramPoly3 is" in notes(odr)


def test_speed_limits_have_units_and_lanes_go_before_roads(tmp_path) -> None:
    types = "".join(
        f'<type s="{s}" type="town"><speed max="{limit}" unit="{unit}"/></type>'
        for s, limit, unit in [(0, 50, "km/h"), (30, 30, "mph"), (60, 20, "m/s")]
    )
    types += '<type s="80" type="motorway"><speed max="no limit"/></type>'
    more = '<speed sOffset="40" max="10" unit="m/s"/>'
    lanes = section([lane(-1), lane(-2, more=more)])
    odr = network(tmp_path, straight(sections=lanes, extra=types))
    limits = [odr.speed_limit_mps("1", -1, s) for s in (10, 40, 70, 90)]
    assert limits == pytest.approx([50 / 3.6, 30 * 0.44704, 20.0, None])
    assert odr.speed_limit_mps("1", -2, 70) == 10.0
    assert odr.roads["1"].kind == "town" and odr.notes == ()


def test_an_unknown_unit_is_named_and_not_guessed(tmp_path) -> None:
    odr = network(
        tmp_path, straight(extra='<type s="0" type="town"><speed max="5" unit="kn"/></type>')
    )
    assert odr.speed_limit_mps("1", -1, 5.0) is None
    assert 'speed unit "kn" is unknown' in notes(odr)


def test_elevation_is_read_and_banking_named(tmp_path) -> None:
    extra = (
        '<elevationProfile><elevation s="0" a="5" b="0.1" c="0" d="0"/></elevationProfile>\n'
        '<lateralProfile><superelevation s="0" a="0.1" b="0" c="0" d="0"/>'
        '<superelevation s="9" a="0" b="0" c="0" d="0"/></lateralProfile>'
    )
    odr = network(tmp_path, straight(extra=extra))
    assert odr.roads["1"].elevation.at([20.0])[0] == pytest.approx(7.0)
    assert notes(odr).count("<superelevation> is left out of the plane") == 1


def test_marks_and_types_are_read(tmp_path) -> None:
    mark = '<roadMark sOffset="10" type="broken" width="0.12" color="white" laneChange="both"/>'
    odr = network(tmp_path, straight(sections=section([lane(-1, more=mark, kind="bus")], 0.0)))
    found = odr.lane("1", -1, 5.0)
    (read,) = found.marks
    assert (found.type, read.type, read.s_m, read.width_m) == ("bus", "broken", 10.0, 0.12)
    assert read.lane_change == "both"


def test_what_is_not_used_is_named_once_per_kind_with_its_line(tmp_path) -> None:
    more = "<access sOffset='0' rule='allow' restriction='none'/>"
    lanes = section([lane(-1, more=more), lane(-2, more=more)])
    odr = network(tmp_path, straight(sections=lanes), "<userData code='x'/>")
    found = notes(odr)
    assert "<road/lanes/laneSection/right/lane/access> is not used (and 1 more)" in found
    assert "line 8: <userData> is not used" in found


def test_an_unknown_lane_type_is_named(tmp_path) -> None:
    odr = network(tmp_path, straight(sections=section([lane(-1, kind="hover")])))
    assert 'lane type "hover" is unknown; nobody drives there' in notes(odr)


def test_gaps_in_the_reference_line_are_named(tmp_path) -> None:
    plan = geometry(LINE, 50.0) + geometry(LINE, 50.0, 50.0, 50.0, 0.5)
    odr = network(tmp_path, road(plan, 100.0))
    assert "geometry at s = 50 m starts 0.50 m and 0.000 rad off the end" in notes(odr)


def test_a_road_is_no_longer_than_its_geometry(tmp_path) -> None:
    odr = network(tmp_path, road(geometry(LINE, 50.0), 80.0))
    assert odr.roads["1"].length_m == 50.0
    assert "road 1 is 80 m long, its geometry 50 m; the shorter counts" in notes(odr)


def test_both_widths_and_borders(tmp_path) -> None:
    border = '<border sOffset="0" a="9" b="0" c="0" d="0"/>'
    odr = network(tmp_path, straight(sections=section([lane(-1, more=border)])))
    assert odr.lane_width_m("1", -1, 5.0) == 3.5 and "borders beside widths" in notes(odr)


PARAM = '<paramPoly3 {} aU="0" bU="{}" cU="0" dU="0" aV="0" bV="0" cV="0" dV="0"/>'
REFUSED = [
    (road("", 10.0), r":3: \[planView\] <road> has no <geometry>"),
    (road(geometry("<bezier/>", 5.0), 5.0), r":5: <geometry> holds bezier; one of line, arc"),
    (road(geometry("", 5.0), 5.0), "holds nothing"),
    (road(geometry("<arc/>", 5.0), 5.0), "<arc> lacks the attribute 'curvature'"),
    (road(geometry('<arc curvature="nan"/>', 5.0), 5.0), "no finite number"),
    (road(geometry('<arc curvature="1e6"/>', 5.0), 5.0), "turns by 5e.06 rad"),
    (road(geometry('<spiral curvStart="0" curvEnd="1e9"/>', 5.0), 5.0), "turns by"),
    (road(geometry(LINE, -5.0), 5.0), "has length -5 m"),
    (road(geometry(LINE, 5.0, s=1e9), 5.0), "starts at s = 1e.09 m"),
    (straight(sections=section([lane(-1, width="1e300")])), "coefficient beyond"),
    (road(geometry(LINE, 1e9), 1e9), "has length 1e.09 m"),
    (road(geometry(LINE, 5.0, x=1e12), 5.0), "lies at"),
    (road(geometry(PARAM.format('pRange="normalized"', 0), 5.0), 5.0), "has no extent"),
    (road(geometry(PARAM.format('pRange="odd"', 5), 5.0), 5.0), 'has pRange="odd"'),
    (road(geometry(LINE, 5.0), -5.0), "has length -5 m"),
    (straight() + straight(), "second of id 1"),
    (straight(rule="UK"), 'has rule="UK"; RHT or LHT'),
    (straight(sections=section([lane(1)])), "has id 1, which is not on the side <right>"),
    (straight(sections=section([lane(-1), lane(-1)])), "second of id -1"),
    (
        straight(link='<successor elementType="road" elementId="2" contactPoint="mid"/>'),
        "start or end",
    ),
    ("", "holds no road"),
]


@pytest.mark.parametrize(("parts", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_wrong_geometry_is_refused_with_its_line(tmp_path, parts: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        network(tmp_path, parts)


def test_other_versions_and_formats(tmp_path) -> None:
    old = network(tmp_path, straight(), header='<header revMajor="1" revMinor="1"/>')
    assert "OpenDRIVE 1.1 is read by the rules of 1.4 to 1.8" in notes(old)
    assert "no header" in notes(network(tmp_path, straight(), header=""))
    with pytest.raises(InputError, match=r"says OpenDRIVE 2\.0; versions 1\.4 to 1\.8"):
        network(tmp_path, straight(), header='<header revMajor="2" revMinor="0"/>')
    other = tmp_path / "x.xosc"
    other.write_text("<OpenSCENARIO/>")
    with pytest.raises(InputError, match="whose root is <OpenDRIVE> is needed"):
        read_opendrive(other)


def test_param_poly3_notes(tmp_path) -> None:
    bare = network(tmp_path, road(geometry(PARAM.format("", 5), 5.0), 5.0))
    assert "without pRange is read as normalized" in notes(bare)
    stretched = network(tmp_path, road(geometry(PARAM.format('pRange="normalized"', 6), 5.0), 5.0))
    assert "paramPoly3 is 6.00 m long, not 5.00 m" in notes(stretched)


@pytest.mark.parametrize(
    "lanes",
    [
        section([lane(-1), lane(-3)]),
        section([lane(-1, width='sOffset="5" a="3" b="0" c="0" d="0"')]),
        "",
    ],
)
def test_odd_lanes_are_named(tmp_path, lanes: str) -> None:
    text = straight(sections=lanes) if lanes else straight().replace("laneSection", "laneSektion")
    assert notes(network(tmp_path, text))
