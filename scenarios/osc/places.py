"""Positions of OpenSCENARIO XML, resolved on the road network.

Headings: a lane position looks along its lane's driving direction, a road position along the
road's s, a route position along the route, unless an orientation says otherwise.
"""

from __future__ import annotations

import math
from typing import Any

from drivewm.errors import InputError
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.osc.catalogs import Catalogs
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.entities import Entities
from drivewm.scenarios.osc.lane_paths import LanePaths, lane_paths, road_path
from drivewm.scenarios.osc.parameters import declare_all
from drivewm.scenarios.osc.position_kinds import SPOTS, net_of
from drivewm.scenarios.osc.positions_later import RELATIVE
from drivewm.scenarios.osc.routes import ReferenceRoute, route_of_waypoints
from drivewm.scenarios.osc.shapes import read_shape
from drivewm.scenarios.osc.spot import Spot
from drivewm.sim.script import model as m
from drivewm.sim.script.curve import Curve

EDGE_M = 1e-6


class Places:
    """Resolves positions and collects the paths that they and the actions speak of."""

    def __init__(
        self, network: OpenDrive | None, entities: Entities, catalogs: Catalogs, notes: list
    ) -> None:
        self.network, self.entities, self._catalogs = network, entities, catalogs
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
            name = self.entities.name(item)
            return relative(item, name)
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

    def side_of(self, actor: str | None, item: Element) -> int:
        """1 where an actor starts in a lane that is driven along s, -1 against it: offsets count
        to the left of the road's s, the engine's to the left of the way."""
        if self.network is None or actor is None or not self.has_start(actor):
            return 1
        start = self.start(actor, item)
        if start.key is None or start.road_s_m is None:
            return 1
        forward = self.network.drives_forward(start.key.road, start.key.lane, start.road_s_m)
        return 1 if forward else -1

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
        path = m.Path(
            name=found.text("name"), xy=shape.xy, kind="trajectory", times_s=shape.times_s,
            heading_rad=shape.heading_rad, where=found.where,
        )  # fmt: skip
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
            reference = route_of_waypoints(net_of(self, found), spots, found)
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
