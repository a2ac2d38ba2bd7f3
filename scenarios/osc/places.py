"""Positions of OpenSCENARIO XML, resolved on the road network.

Headings: a lane position looks along its lane's driving direction, a road position along the
road's s, a route position along the route, unless an orientation says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple


from drivewm.errors import InputError
from drivewm.scenarios.opendrive.model import LaneKey
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.places import lane_at
from drivewm.scenarios.osc.catalogs import Catalogs
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.entities import Entities
from drivewm.scenarios.osc.lane_paths import LanePaths, lane_paths, road_path
from drivewm.scenarios.osc.parameters import declare_all
from drivewm.scenarios.osc.routes import ReferenceRoute, route_of_waypoints
from drivewm.scenarios.osc.shapes import read_shape
from drivewm.sim.script import model as m
from drivewm.sim.script.curve import Curve

EDGE_M = 1e-6


class Spot(NamedTuple):
    """A place at the start of the scenario; ``path`` is one it lies on, with the arc length."""

    x_m: float
    y_m: float
    heading_rad: float
    path: int | None = None
    near_s_m: float | None = None
    key: LaneKey | None = None
    road_s_m: float | None = None
    has_orientation: bool = False  # the file tells the heading


class Places:
    """Resolves positions and collects the paths that they and the actions speak of."""

    def __init__(
        self, network: OpenDrive | None, entities: Entities, catalogs: Catalogs, notes: list
    ) -> None:
        self.network, self._entities, self._catalogs = network, entities, catalogs
        self._notes = notes
        self.lanes = lane_paths(network) if network else LanePaths((), {})
        self.paths: list[m.Path] = list(self.lanes.paths)
        if network:
            self.paths += [road_path(network, road) for road in network.roads.values()]
        self._curves: dict[int, Curve] = {}
        self._cache: dict[Any, int] = {}
        self.from_actor: set[int] = set()  # trajectories that start wherever the entity is
        self._references: dict[int, ReferenceRoute] = {}
        self._starts: dict[str, Element | Spot] = {}
        self._busy: list[str] = []

    # Where entities start.

    def starts_at(self, name: str, position: Element | Spot) -> None:
        """Says where an entity is at the start (the holder of a position, or a spot)."""
        self._starts[name] = position

    def has_start(self, name: str) -> bool:
        return name in self._starts

    def start(self, name: str, item: Element) -> Spot:
        """Where an entity is at the start.

        Raises:
            InputError: it has no place, or places refer to each other in a circle.
        """
        known = self._starts.get(name)
        if isinstance(known, Spot):
            return known
        if known is None:
            raise item.error(f"refers to '{name}', which has no place at the start", field=name,
                             fix="give it a TeleportAction in Init")  # fmt: skip
        if name in self._busy:
            ring = " -> ".join([*self._busy, name])
            raise known.error(f"places entities relative to each other in a circle: {ring}")
        self._busy.append(name)
        try:
            spot = self.spot(known)
        finally:
            self._busy.pop()
        self._starts[name] = spot
        return spot

    def position_of(self, spot: Spot) -> m.Position:
        """A spot as the engine takes it."""
        if spot.path is None:
            return m.WorldPosition(x_m=spot.x_m, y_m=spot.y_m, heading_rad=spot.heading_rad)
        curve = self.curve(spot.path)
        s, lateral = curve.project(spot.x_m, spot.y_m, spot.near_s_m)
        turn = spot.heading_rad - curve.pose(s)[2]
        return m.PathPosition(path=spot.path, s_m=s, lateral_m=lateral,
                              heading_rad=math.remainder(turn, 2 * math.pi))  # fmt: skip

    def curve(self, path: int) -> Curve:
        """A path to move along."""
        if path not in self._curves:
            self._curves[path] = Curve(self.paths[path].xy, index=path)
        return self._curves[path]

    # Positions.

    def position(self, holder: Element) -> m.Position:
        """The position in an element such as ``<Position>``; relative ones stay relative.

        Raises:
            InputError: an unknown kind of position, road, lane or entity, with its line.
        """
        item = holder.only()
        relative = RELATIVE.get(item.tag)
        if relative is not None:
            name = self._entities.name(item)
            return relative(self, item, name)
        return self.position_of(self.spot(holder))

    def spot(self, holder: Element) -> Spot:
        """The same as a place in the world; relative ones count from where entities start."""
        item = holder.only()
        reader = SPOTS.get(item.tag)
        if reader is None:
            raise item.error("is not supported", fix=f"known: {', '.join(SPOTS)}")
        try:
            return reader(self, item)
        except InputError as error:
            if self.network is not None and error.file == self.network.file:
                raise item.error(f"does not fit {error.file.name}: {error.problem}",
                                 field=error.field, fix=error.fix) from None  # fmt: skip
            raise

    def _net(self, item: Element) -> OpenDrive:
        if self.network is None:
            raise item.error("needs a road network, and the scenario has none")
        return self.network

    def on_lane(
        self, road: str, lane: int, s_m: float, offset_m: float, turn: tuple[float, str] | None,
        item: Element,
    ) -> Spot:  # fmt: skip
        """A place in a lane; ``offset_m`` along the road's t."""
        network = self._net(item)
        pose = network.lane_position(road, lane, s_m, offset_m)
        key = network.key(road, lane, s_m)
        along = pose.heading_rad
        if not network.drives_forward(road, lane, s_m):
            along += math.pi
        path, near = self.lanes.place(key, s_m) if key in self.lanes.pieces else (None, None)
        heading = _turned(along, turn)
        return Spot(pose.x_m, pose.y_m, heading, path, near, key, s_m, turn is not None)

    def on_road(
        self, road: str, s_m: float, t_m: float, turn: tuple[float, str] | None, item: Element
    ) -> Spot:
        """A place beside a road's reference line."""
        network = self._net(item)
        pose = network.road_position(road, s_m, t_m)
        heading = _turned(pose.heading_rad, turn)
        found = self._lane_near(road, s_m, t_m, heading - pose.heading_rad)
        spot = Spot(pose.x_m, pose.y_m, heading, has_orientation=turn is not None)
        if found is None:
            return spot
        path, near = self.lanes.place(found, s_m)
        return spot._replace(path=path, near_s_m=near, key=found, road_s_m=s_m)

    def _lane_near(self, road_id: str, s_m: float, t_m: float, turn: float) -> LaneKey | None:
        """The lane at (s, t), between two the one that leads the way; beyond all the outermost."""
        assert self.network is not None
        road = self.network.roads[road_id]
        number = road.section_index(s_m)
        section = road.sections[number]
        ids = {lane_at(road, section, s_m, t_m + step) for step in (EDGE_M, -EDGE_M)} - {None}
        if not ids and section.lanes:
            ids = {max(section.lanes)} if t_m > 0 else {min(section.lanes)}
        keys = [LaneKey(road_id, number, i) for i in sorted(i for i in ids if i)]
        keys = [key for key in keys if key in self.lanes.pieces]
        ahead = math.cos(turn) >= 0
        keys.sort(key=lambda k: road.drives_forward(section.lanes[k.lane]) != ahead)
        return keys[0] if keys else None

    # Paths.

    def add(self, path: m.Path, key: Any) -> int:
        """Index of a path; one of the same key is not added twice."""
        if key not in self._cache:
            self._cache[key] = len(self.paths)
            self.paths.append(path)
        return self._cache[key]

    def lane_by_id(self, target: Element, actor: str | None) -> int:
        """The path of the lane of an absolute id, on the road where the actor starts.

        Raises:
            InputError: there is no such lane, or the actor is not known to be on a road.
        """
        lane = target.whole("value")
        start = self.start(actor, target) if actor is not None and self.has_start(actor) else None
        if start is None or start.key is None:
            raise target.error("asks for a lane by its id, but the actor starts on no road")
        key = start.key._replace(lane=lane)
        if key not in self.lanes.pieces:
            known = ", ".join(str(k.lane) for k in self.lanes.pieces if k[:2] == key[:2])
            raise target.error(f"asks for lane {lane} of road '{key.road}'",
                               fix=f"it has: {known}")  # fmt: skip
        return self.lanes.pieces[key][0]

    def trajectory_of(self, item: Element) -> int:
        """The path of the trajectory in an action or a position."""
        holder = item.first("TrajectoryRef") or item
        found = holder.first("Trajectory", "CatalogReference")
        if found is None:
            raise item.error("holds no trajectory")
        if found.tag == "CatalogReference":
            found = self._catalogs.entry(found, "Trajectory")
        else:
            found = found.inner()
            declare_all(found.node, found.scope)
        if found.flag("closed"):
            self._notes.append((found.where, "a closed trajectory is driven once"))
        shape = read_shape(found, self.spot)
        path = m.Path(name=found.text("name"), xy=shape.xy, kind="trajectory",
                      heading_rad=shape.heading_rad, times_s=shape.times_s, where=found.where)  # fmt: skip
        parts = (shape.xy, shape.heading_rad, shape.times_s)
        told = (None if x is None else x.tobytes() for x in parts)
        index = self.add(path, ("trajectory", shape.is_relative, *told))
        if shape.is_relative:
            self.from_actor.add(index)
        return index

    def route_of(self, item: Element, actor: str | None) -> int:
        """The path of the route in an action or a position: the middle of its lanes."""
        found = item.first("Route", "CatalogReference")
        if found is None:
            raise item.error("holds no route")
        if found.tag == "CatalogReference":
            found = self._catalogs.entry(found, "Route")
        else:
            found = found.inner()
            declare_all(found.node, found.scope)
        waypoints = list(found.all("Waypoint"))
        if len(waypoints) < 2:
            raise found.error("needs two waypoints or more")
        for waypoint in waypoints:
            if waypoint.text("routeStrategy", "shortest") != "shortest":
                self._notes.append((waypoint.where, "the shortest way is taken, whatever the "
                                    "routeStrategy"))  # fmt: skip
        spots = [self.spot(waypoint.one("Position")) for waypoint in waypoints]
        if found.flag("closed", False):
            spots.append(spots[0])
        key = ("route", *spots)
        if key not in self._cache:
            reference = route_of_waypoints(self._net(found), spots, found)
            name = found.text("name", "route")
            path = m.Path(name=name, xy=reference.lane_xy, kind="route", where=found.where)
            self._references[self.add(path, key)] = reference
        return self._cache[key]

    def reference(self, route: int) -> ReferenceRoute:
        """The reference lines along a route path."""
        return self._references[route]

    def way_to(self, item: Element, actor: str | None, position: m.Position) -> int | None:
        """A path over the lanes from where an actor starts to a position; None: straight on."""
        start = self._starts.get(actor or "")
        if not isinstance(start, Spot) or start.key is None or self.network is None:
            return None
        x, y = self.world_xy(position) or (None, None)
        if x is None or y is None:
            return None
        goal = self.network.project(x, y)
        if goal.lane is None:
            return None
        key = self.network.key(goal.road, goal.lane, goal.s_m)
        spots = [start, Spot(x, y, 0.0, key=key, road_s_m=goal.s_m)]
        try:
            reference = route_of_waypoints(self.network, spots, item)
        except InputError:
            self._notes.append((item.where, "no way over the lanes leads to the position: the "
                                "entity goes straight to it"))  # fmt: skip
            return None
        path = m.Path(name="way", xy=reference.lane_xy, kind="route", where=item.where)
        return self.add(path, ("way", *spots))

    def world_xy(self, position: m.Position) -> tuple[float, float] | None:
        """x, y of a position that does not depend on entities."""
        if isinstance(position, m.WorldPosition):
            return position.x_m, position.y_m
        if isinstance(position, m.PathPosition):
            return self.curve(position.path).pose(position.s_m, position.lateral_m)[:2]
        return None


def _orientation(item: Element) -> tuple[float, str] | None:
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
    return places.on_lane(item.text("roadId"), _lane_id(item), item.number("s"),
                          item.number("offset", 0.0), _orientation(item), item)  # fmt: skip


def _road(places: Places, item: Element) -> Spot:
    return places.on_road(item.text("roadId"), item.number("s"), item.number("t"),
                          _orientation(item), item)  # fmt: skip


def _relative_object(places: Places, item: Element) -> Spot:
    base = places.start(places._entities.name(item), item)
    item.number("dz", 0.0)
    dx, dy = item.number("dx"), item.number("dy")
    c, s = math.cos(base.heading_rad), math.sin(base.heading_rad)
    turn = _orientation(item)
    x, y = base.x_m + c * dx - s * dy, base.y_m + s * dx + c * dy
    return _near(places, x, y, _turned(base.heading_rad, turn), base, turn is not None)


def _relative_world(places: Places, item: Element) -> Spot:
    base = places.start(places._entities.name(item), item)
    item.number("dz", 0.0)
    x, y = base.x_m + item.number("dx"), base.y_m + item.number("dy")
    turn = _orientation(item)
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
    name = places._entities.name(item)
    base, network = places.start(name, item), places._net(item)
    if base.key is None or base.road_s_m is None:
        raise item.error(f"is relative to the lane of '{name}', which stands in none")
    forward = network.drives_forward(base.key.road, base.key.lane, base.road_s_m)
    side, lane = (1 if forward else -1), base.key.lane
    steps = item.whole("dLane")
    for _ in range(abs(steps)):
        lane += side if steps > 0 else -side
        lane = lane or (side if steps > 0 else -side)
    ds = item.number("dsLane" if item.has("dsLane") else "ds", 0.0)
    offset, turn = item.number("offset", 0.0), _orientation(item)
    s = base.road_s_m + side * ds
    if not item.has("dsLane") and 0.0 <= s <= network.road(base.key.road).length_m:
        return places.on_lane(base.key.road, lane, s, side * offset, turn, item)
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
    name = places._entities.name(item)
    base, network = places.start(name, item), places._net(item)
    found = network.project(base.x_m, base.y_m, base.heading_rad)
    s, t = found.s_m + item.number("ds"), found.t_m + item.number("dt")
    return places.on_road(found.road, s, t, _orientation(item), item)


def _trajectory(places: Places, item: Element) -> Spot:
    path = places.trajectory_of(item)
    if path in places.from_actor:
        raise item.error("is on a trajectory that tells no start")
    s, t = item.number("s"), item.number("t", 0.0)
    x, y, along = places.curve(path).pose(s, t)
    turn = _orientation(item)
    return Spot(x, y, _turned(along, turn), path, s, has_orientation=turn is not None)


def _route(places: Places, item: Element) -> Spot:
    """``FromLaneCoordinates`` counts lanes from the route's own direction: -1 is the first to the
    right of the reference line (so the Euro NCAP obstructions stand where the protocol says)."""
    path = places.route_of(item.one("RouteRef"), None)
    reference, turn = places.reference(path), _orientation(item)
    inside = item.one("InRoutePosition").only()
    if inside.tag in ("FromCurrentEntity", "PositionOfCurrentEntity"):
        base = places.start(places._entities.name(inside), inside)
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


def _later_object(places: Places, item: Element, name: str) -> m.RelativePosition:
    return _later(item, name, "object")


def _later_world(places: Places, item: Element, name: str) -> m.RelativePosition:
    return _later(item, name, "world")


def _later(item: Element, name: str, frame: Any) -> m.RelativePosition:
    item.number("dz", 0.0)
    turn = _orientation(item)
    heading: float | None = 0.0
    if frame == "object" and turn is not None and turn[1] == "absolute":
        raise item.error("with an absolute orientation is not supported here")
    if turn is not None:
        heading = turn[0]
    elif frame == "world":
        heading = None
    if frame == "world" and turn is not None and turn[1] == "relative":
        raise item.error("with a relative orientation is not supported here")
    return m.RelativePosition(entity=name, dx_m=item.number("dx"), dy_m=item.number("dy"),
                              frame=frame, heading_rad=heading)  # fmt: skip


def _later_lane(places: Places, item: Element, name: str) -> m.RelativeLanePosition:
    ds = item.number("dsLane" if item.has("dsLane") else "ds", 0.0)
    found = m.RelativeLanePosition(entity=name, lanes=item.whole("dLane"), ds_m=ds,
                                   lateral_m=item.number("offset", 0.0))  # fmt: skip
    return replace(found, heading_rad=_along_lane(item))


def _later_road(places: Places, item: Element, name: str) -> m.RelativeLanePosition:
    return m.RelativeLanePosition(
        entity=name, ds_m=item.number("ds"), lateral_m=item.number("dt"), keep_lateral=True,
        heading_rad=_along_lane(item),
    )  # fmt: skip


def _along_lane(item: Element) -> float:
    turn = _orientation(item)
    if turn is not None and turn[1] == "absolute":
        raise item.error("with an absolute orientation is not supported here")
    return turn[0] if turn else 0.0


RELATIVE: Mapping[str, Callable[[Places, Element, str], m.Position]] = {
    "RelativeObjectPosition": _later_object, "RelativeWorldPosition": _later_world,
    "RelativeLanePosition": _later_lane, "RelativeRoadPosition": _later_road,
}  # fmt: skip

