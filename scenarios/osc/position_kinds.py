"""Each kind of position as a place at the start of a scenario."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from drivewm.scenarios.opendrive.model import LaneKey
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.places import lane_at
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.spot import Spot

if TYPE_CHECKING:
    from drivewm.scenarios.osc.places import Places

EDGE_M = 1e-6


def net_of(places: Places, item: Element) -> OpenDrive:
    if places.network is None:
        raise item.error("needs a road network, and the scenario has none")
    return places.network


def on_lane(
    places: Places, road: str, lane: int, s_m: float, offset_m: float,
    turn: tuple[float, str] | None, item: Element,
) -> Spot:  # fmt: skip
    """A place in a lane; ``offset_m`` along the road's t."""
    network = net_of(places, item)
    pose = network.lane_position(road, lane, s_m, offset_m)
    key = network.key(road, lane, s_m)
    along = pose.heading_rad
    if not network.drives_forward(road, lane, s_m):
        along += math.pi
    path, near = places.lanes.place(key, s_m) if key in places.lanes.pieces else (None, None)
    heading = _turned(along, turn)
    return Spot(pose.x_m, pose.y_m, heading, path, near, key, s_m, turn is not None)


def on_road(
    places: Places, road: str, s_m: float, t_m: float, turn: tuple[float, str] | None, item: Element
) -> Spot:
    """A place beside a road's reference line."""
    network = net_of(places, item)
    pose = network.road_position(road, s_m, t_m)
    heading = _turned(pose.heading_rad, turn)
    found = _lane_near(places, road, s_m, t_m, heading - pose.heading_rad)
    spot = Spot(pose.x_m, pose.y_m, heading, has_orientation=turn is not None)
    if found is None:
        return spot
    path, near = places.lanes.place(found, s_m)
    return spot._replace(path=path, near_s_m=near, key=found, road_s_m=s_m)


def _lane_near(places: Places, road_id: str, s_m: float, t_m: float, turn: float) -> LaneKey | None:
    """The lane at (s, t), between two the one that leads the way; beyond all the outermost."""
    assert places.network is not None
    road = places.network.roads[road_id]
    number = road.section_index(s_m)
    section = road.sections[number]
    ids = {lane_at(road, section, s_m, t_m + step) for step in (EDGE_M, -EDGE_M)} - {None}
    if not ids and section.lanes:
        ids = {max(section.lanes)} if t_m > 0 else {min(section.lanes)}
    keys = [LaneKey(road_id, number, i) for i in sorted(i for i in ids if i)]
    keys = [key for key in keys if key in places.lanes.pieces]
    ahead = math.cos(turn) >= 0
    keys.sort(key=lambda k: road.drives_forward(section.lanes[k.lane]) != ahead)
    return keys[0] if keys else None


def orientation(item: Element) -> tuple[float, str] | None:
    """(heading, relative or absolute), or None where the file tells none."""
    block = item.first("Orientation")
    if block is None:
        return None
    kind = block.choice("type", ("relative", "absolute"), "absolute")
    for word in ("p", "r"):
        block.number(word, 0.0)  # the world is flat
    if not block.has("h"):
        return None if kind == "relative" else (0.0, "absolute")
    return block.number("h"), kind


def _turned(along: float, turn: tuple[float, str] | None) -> float:
    if turn is None:
        return math.remainder(along, 2 * math.pi)
    angle, kind = turn
    return math.remainder(angle if kind == "absolute" else along + angle, 2 * math.pi)


def _lane_id(item: Element, field: str = "laneId") -> int:
    return item.whole(field)


def _world(places: Places, item: Element) -> Spot:
    for word in ("z", "p", "r"):
        item.number(word, 0.0)
    return Spot(item.number("x"), item.number("y"), item.number("h", 0.0),
                has_orientation=item.has("h"))  # fmt: skip


def _lane(places: Places, item: Element) -> Spot:
    return on_lane(places, item.text("roadId"), _lane_id(item), item.number("s"),
                          item.number("offset", 0.0), orientation(item), item)  # fmt: skip


def _road(places: Places, item: Element) -> Spot:
    return on_road(places, item.text("roadId"), item.number("s"), item.number("t"),
                          orientation(item), item)  # fmt: skip


def _relative_object(places: Places, item: Element) -> Spot:
    base = places.start(places.entities.name(item), item)
    item.number("dz", 0.0)
    dx, dy = item.number("dx"), item.number("dy")
    c, s = math.cos(base.heading_rad), math.sin(base.heading_rad)
    turn = orientation(item)
    x, y = base.x_m + c * dx - s * dy, base.y_m + s * dx + c * dy
    return _near(places, x, y, _turned(base.heading_rad, turn), base, turn is not None)


def _relative_world(places: Places, item: Element) -> Spot:
    base = places.start(places.entities.name(item), item)
    item.number("dz", 0.0)
    x, y = base.x_m + item.number("dx"), base.y_m + item.number("dy")
    turn = orientation(item)
    return _near(places, x, y, _turned(base.heading_rad, turn), base, turn is not None)


def _near(places: Places, x: float, y: float, heading: float, base: Spot, told: bool) -> Spot:
    """A place in the world, with the lane it lies in where there is one."""
    spot = Spot(x, y, heading, has_orientation=told)
    if places.network is None or not places.network.roads:
        return spot
    found = places.network.project(x, y, heading)
    if found.lane is None:
        return spot
    key = places.network.key(found.road, found.lane, found.s_m)
    if key not in places.lanes.pieces:
        return spot
    path, near = places.lanes.place(key, found.s_m)
    return spot._replace(path=path, near_s_m=near, key=key, road_s_m=found.s_m)


def _relative_lane(places: Places, item: Element) -> Spot:
    """``dLane`` counts lanes to the left in driving direction; ``ds`` goes along the road."""
    name = places.entities.name(item)
    base, network = places.start(name, item), net_of(places, item)
    if base.key is None or base.road_s_m is None:
        raise item.error(f"is relative to the lane of '{name}', which stands in none")
    forward = network.drives_forward(base.key.road, base.key.lane, base.road_s_m)
    side, lane = (1 if forward else -1), base.key.lane
    steps = item.whole("dLane")
    for _ in range(abs(steps)):
        lane += side if steps > 0 else -side
        lane = lane or (side if steps > 0 else -side)
    ds = item.number("dsLane" if item.has("dsLane") else "ds", 0.0)
    offset, turn = item.number("offset", 0.0), orientation(item)
    s = base.road_s_m + side * ds
    if not item.has("dsLane") and 0.0 <= s <= network.road(base.key.road).length_m:
        return on_lane(places, base.key.road, lane, s, side * offset, turn, item)
    beside = network.key(base.key.road, lane, base.road_s_m)
    path, near = places.lanes.place(beside, base.road_s_m)
    curve = places.curve(path)
    way = 1 if network.drives_forward(base.key.road, lane, base.road_s_m) == forward else -1
    at = near + way * ds
    if not -1e-6 <= at <= curve.length_m + 1e-6:
        raise item.error(f"lies {ds:g} m from '{name}', beyond the end of its lanes", field="ds")
    x, y, along = curve.pose(at, way * offset)
    spot = _near(places, x, y, _turned(along, turn), base, turn is not None)
    return spot._replace(path=path, near_s_m=at)


def _relative_road(places: Places, item: Element) -> Spot:
    name = places.entities.name(item)
    base, network = places.start(name, item), net_of(places, item)
    found = network.project(base.x_m, base.y_m, base.heading_rad)
    s, t = found.s_m + item.number("ds"), found.t_m + item.number("dt")
    return on_road(places, found.road, s, t, orientation(item), item)


def _trajectory(places: Places, item: Element) -> Spot:
    path = places.trajectory_of(item)
    if path in places.from_actor:
        raise item.error("is on a trajectory that tells no start")
    s, t = item.number("s"), item.number("t", 0.0)
    x, y, along = places.curve(path).pose(s, t)
    turn = orientation(item)
    return Spot(x, y, _turned(along, turn), path, s, has_orientation=turn is not None)


def _route(places: Places, item: Element) -> Spot:
    """``FromLaneCoordinates`` counts lanes from the route's own direction: -1 is the first to the
    right of the reference line (so the Euro NCAP obstructions stand where the protocol says)."""
    path = places.route_of(item.one("RouteRef"), None)
    reference, turn = places.reference(path), orientation(item)
    inside = item.one("InRoutePosition").only()
    if inside.tag in ("FromCurrentEntity", "PositionOfCurrentEntity"):
        base = places.start(places.entities.name(inside), inside)
        return Spot(base.x_m, base.y_m, _turned(base.heading_rad, turn), path)
    s = inside.number("pathS")
    if inside.tag in ("FromRoadCoordinates", "PositionInRoadCoordinates"):
        x, y, along = reference.at(s, inside.number("t"))
    elif inside.tag in ("FromLaneCoordinates", "PositionInLaneCoordinates"):
        t = reference.lane_t(s, _lane_id(inside), inside) + inside.number("laneOffset", 0.0)
        x, y, along = reference.at(s, t)
    else:
        raise inside.error("is not supported in a route position")
    return Spot(x, y, _turned(along, turn), path, has_orientation=turn is not None)


def _geo(places: Places, item: Element) -> Spot:
    raise item.error("is not supported: positions on the globe need the road network's projection")


SPOTS: Mapping[str, Callable[[Places, Element], Spot]] = {
    "WorldPosition": _world, "LanePosition": _lane, "RoadPosition": _road,
    "RelativeObjectPosition": _relative_object, "RelativeWorldPosition": _relative_world,
    "RelativeLanePosition": _relative_lane, "RelativeRoadPosition": _relative_road,
    "TrajectoryPosition": _trajectory, "RoutePosition": _route, "GeoPosition": _geo,
}  # fmt: skip
