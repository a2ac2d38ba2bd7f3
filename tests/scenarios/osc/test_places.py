"""Every kind of position, on a straight road along x (lanes of 3.5 m) and on a junction."""
# ruff: noqa: E501 (XML stays on its line)

import math

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import read_document
from drivewm.sim.script import model as m
from tests.scenarios.osc.files import (
    CAR,
    EGO,
    by_entity,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    trigger,
    write,
    xosc,
)


def placed(tmp_path, position, ego=None):
    """Where the position puts ``Car``; the ego stands in lane -1 at s = 50 (x 50, y -1.75)."""
    init = private("Ego", teleport(ego or lane())) + private("Car", teleport(position))
    document = read_document(write(tmp_path, xosc(init, entities=EGO + CAR)))
    spot = document.places._starts["Car"]
    return (spot.x_m, spot.y_m, math.remainder(spot.heading_rad, 2 * math.pi)), document


def turned(angle, kind="relative"):
    return f'<Orientation h="{angle}" type="{kind}"/>'


@pytest.mark.parametrize(
    ("position", "pose"),
    [
        ('<WorldPosition x="3" y="4" h="0.5"/>', (3, 4, 0.5)),
        ('<WorldPosition x="3" y="4"/>', (3, 4, 0)),
        (lane(s="80", offset="0.5"), (80, -1.25, 0)),
        (lane(lane_id=1, s="80", offset="0.5"), (80, 2.25, math.pi)),
        (lane(lane_id=1, s="80", more=turned(0.1)), (80, 1.75, math.pi + 0.1)),
        (lane(lane_id=1, s="80", more=turned(0.1, "absolute")), (80, 1.75, 0.1)),
        ('<RoadPosition roadId="1" s="70" t="2"/>', (70, 2, 0)),
        (f'<RoadPosition roadId="1" s="70" t="-2">{turned(0.2)}</RoadPosition>', (70, -2, 0.2)),
        ('<RelativeWorldPosition entityRef="Ego" dx="10" dy="1"/>', (60, -0.75, 0)),
        ('<RelativeObjectPosition entityRef="Ego" dx="10" dy="1"/>', (60, -0.75, 0)),
        ('<RelativeRoadPosition entityRef="Ego" ds="10" dt="3.5"/>', (60, 1.75, 0)),
        ('<RelativeLanePosition entityRef="Ego" dLane="0" ds="20" offset="0.25"/>', (70, -1.5, 0)),
        ('<RelativeLanePosition entityRef="Ego" dLane="-1" ds="20"/>', (70, -5.25, 0)),
        ('<RelativeLanePosition entityRef="Ego" dLane="1" dsLane="20"/>', (70, 1.75, math.pi)),
    ],
)
def test_kinds(tmp_path, position, pose):
    found, _ = placed(tmp_path, position)
    assert found[:2] == pytest.approx(pose[:2])
    assert math.remainder(found[2] - pose[2], 2 * math.pi) == pytest.approx(0, abs=1e-9)


def test_relative_object_turns_with_the_entity(tmp_path):
    ego = lane(more=turned(math.pi / 2))
    found, _ = placed(tmp_path, '<RelativeObjectPosition entityRef="Ego" dx="10" dy="0"/>', ego)
    assert found == pytest.approx((50, 8.25, math.pi / 2))


def test_relative_to_an_oncoming_entity_counts_lanes_in_its_direction(tmp_path):
    ego = lane(lane_id=1)
    position = '<RelativeLanePosition entityRef="Ego" dLane="1" ds="20" offset="0.5"/>'
    found, _ = placed(tmp_path, position, ego)
    assert found[:2] == pytest.approx((30, -2.25))  # its left is our lane -1; left of it is -y


ROUTE = (
    '<Route name="r" closed="false"><Waypoint routeStrategy="shortest"><Position>{}</Position>'
    '</Waypoint><Waypoint routeStrategy="shortest"><Position>{}</Position></Waypoint></Route>'
)


@pytest.mark.parametrize(
    ("inside", "pose"),
    [
        ('<FromRoadCoordinates pathS="30" t="1"/>', (40, 1, 0)),
        ('<FromLaneCoordinates pathS="30" laneId="-1" laneOffset="0.5"/>', (40, -1.25, 0)),
        ('<FromCurrentEntity entityRef="Ego"/>', (50, -1.75, 0)),
    ],
)
def test_route_positions(tmp_path, inside, pose):
    route = ROUTE.format(lane(s="10"), lane(s="200"))
    position = f"<RoutePosition><RouteRef>{route}</RouteRef><InRoutePosition>{inside}</InRoutePosition></RoutePosition>"
    found, _ = placed(tmp_path, position)
    assert found == pytest.approx(pose)


def test_lanes_of_a_route_count_from_its_own_direction(tmp_path):
    route = ROUTE.format(lane(lane_id=1, s="200"), lane(lane_id=1, s="10"))
    inside = '<FromLaneCoordinates pathS="30" laneId="-1" laneOffset="0.5"/>'
    position = f"<RoutePosition><RouteRef>{route}</RouteRef><InRoutePosition>{inside}</InRoutePosition></RoutePosition>"
    found, _ = placed(tmp_path, position)
    assert found == pytest.approx((170, 1.25, math.pi))


def test_trajectory_position(tmp_path):
    shape = "".join(
        f"<Vertex><Position><WorldPosition x='{x}' y='{y}'/></Position></Vertex>"
        for x, y in ((100, 0), (100, 30))
    )
    reference = f'<TrajectoryRef><Trajectory name="t" closed="false"><Shape><Polyline>{shape}</Polyline></Shape></Trajectory></TrajectoryRef>'
    position = f'<TrajectoryPosition s="10" t="2">{reference}</TrajectoryPosition>'
    found, _ = placed(tmp_path, position)
    assert found == pytest.approx((98, 10, math.pi / 2))


def test_positions_in_a_circle_are_named(tmp_path):
    init = private("Ego", teleport('<RelativeObjectPosition entityRef="Car" dx="1" dy="0"/>'))
    init += private("Car", teleport('<RelativeObjectPosition entityRef="Ego" dx="1" dy="0"/>'))
    with pytest.raises(InputError, match="circle: Ego -> Car -> Ego"):
        read_document(write(tmp_path, xosc(init, entities=EGO + CAR)))


@pytest.mark.parametrize(
    ("position", "told"),
    [
        (lane(road="9"), "no road '9'"),
        (lane(lane_id=-7), "no lane -7"),
        (lane(s="900"), "outside road '1'"),
        ('<RelativeObjectPosition entityRef="Caar" dx="1" dy="0"/>', "did you mean 'Car'"),
        ('<RelativeLanePosition entityRef="Ego" dLane="5" ds="0"/>', "no lane"),
        ('<GeoPosition latitude="1" longitude="2"/>', "globe"),
        ("<MoonPosition/>", "not supported"),
        (lane(s="abc"), 's="abc"'),
    ],
)
def test_bad_positions_are_named_with_their_line(tmp_path, position, told):
    with pytest.raises(InputError, match=r"scenario.xosc:\d+") as error:
        placed(tmp_path, position)
    assert told in str(error.value)


def test_later_positions_stay_relative(tmp_path):
    position = '<RelativeLanePosition entityRef="Ego" dLane="-1" ds="20" offset="0.1"/>'
    condition = by_entity(
        f'<ReachPositionCondition tolerance="1"><Position>{position}</Position></ReachPositionCondition>',
        "Car",
    )
    init = private("Ego", teleport(lane())) + private("Car", teleport(lane()))
    text = xosc(init, story("Car", event("go", speed(), trigger(condition))), entities=EGO + CAR)
    document = read_document(write(tmp_path, text))
    found = document.read.stories[0].acts[0].groups[0].maneuvers[0].events[0].trigger.groups[0][0]
    assert found.position == m.RelativeLanePosition(
        entity="Ego", lanes=-1, ds_m=20.0, lateral_m=0.1
    )


def test_lane_paths_know_their_neighbours(tmp_path):
    _, document = placed(tmp_path, lane())
    lanes = document.places.lanes
    path = {key.lane: index for key, (index, _) in lanes.pieces.items()}
    assert lanes.paths[path[-1]].right == path[-2] and lanes.paths[path[-1]].left == path[1]
    assert lanes.paths[path[1]].left == path[-1] and lanes.paths[path[1]].right == path[2]
    assert lanes.paths[path[-2]].right is None
    assert lanes.place(next(k for k in lanes.pieces if k.lane == 1), 100.0) == (path[1], 400.0)


def test_intersection_lanes_go_straight_on(real_data):
    file = real_data / "openscenario/ncap/OpenSCENARIO/NCAP/CA-FC_2026/CBNA.xosc"
    places = read_document(file).places
    ego = next(p for p in places.lanes.paths if p.name == "lane -1 of road 0")
    assert ego.xy[0] == pytest.approx((0, -1.75))
    assert ego.xy[-1] == pytest.approx((523, -1.75))


def test_parked_cars_of_the_nearside_cyclist_stand_where_the_protocol_says(real_data):
    """One metre beside the cyclist's way, rear end at the start of its steady ride."""
    file = real_data / "openscenario/ncap/OpenSCENARIO/NCAP/CA-FC_2026/CBNA.xosc"
    document = read_document(file)
    starts, entities = document.places._starts, document.entities.all
    cyclist, parked = starts["VRU"], starts["ObstructionLarge"]
    gap = cyclist.x_m - parked.x_m - 0.5 * (entities["VRU"].size_m[1] + 1.82)
    assert gap == pytest.approx(1.0)
    assert math.remainder(parked.heading_rad + math.pi / 2, 2 * math.pi) == pytest.approx(
        0, abs=1e-9
    )
