"""Lanes and positions at run time: in which lane a body is, what a position means now."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from shapely.geometry import Polygon

from drivewm.geometry.polygons import PolygonSet, first_containing, pack
from drivewm.sim.script.body import Body
from drivewm.sim.script.curve import Curve, curve_of, wrap
from drivewm.sim.script.places import (
    PathPosition,
    Position,
    RelativeLanePosition,
    RelativePosition,
    Roads,
    WorldPosition,
)

EDGE_M = 0.05  # on the line is in the lane
AGAINST = 1.0  # metres beside the middle that a lane in the wrong direction is worse by
BEYOND_M = 1e-6


@dataclass(frozen=True)
class Spot:
    """A position now. ``curve`` None: on no path."""

    x: float
    y: float
    heading: float
    curve: Curve | None = None
    s: float = 0.0
    lateral: float = 0.0
    turn: float = 0.0  # heading relative to the curve


@dataclass(frozen=True)
class Found:
    """Where a body is in a lane."""

    lane: int
    s: float
    lateral: float
    sense: float  # 1 along the lane, -1 against it


class NoPlace(Exception):
    """A position that does not exist at that moment; its text says why."""


class Ground:
    """The roads, ready to be asked."""

    def __init__(self, roads: Roads) -> None:
        self.paths = roads.paths
        self.curves = [curve_of(path, index) for index, path in enumerate(roads.paths)]
        self.lanes = [i for i, path in enumerate(roads.paths) if path.kind == "lane"]
        self.reference = [i for i, path in enumerate(roads.paths) if path.kind == "road"]
        shapes = [Polygon(ring) for ring in roads.drivable]
        self._drivable: PolygonSet | None = pack(shapes) if shapes else None

    # Lanes.

    def lane_of(self, body: Body) -> Found | None:
        """The lane around the body's reference point: the one it was in, else the best one."""
        if body.lane is not None:
            lane, s_before = body.lane
            found = self._in_lane(body, lane, s_before)
            if found is not None:
                body.lane = (lane, found.s)
                return found
        best, least = None, math.inf
        for lane in self.lanes:
            found = self._in_lane(body, lane, None)
            if found is None:
                continue
            misfit = abs(found.lateral) + AGAINST * (1.0 - math.cos(self._turn(body, found)))
            if misfit < least:
                best, least = found, misfit
        if best is not None:
            body.lane = (best.lane, best.s)
        return best

    def _turn(self, body: Body, found: Found) -> float:
        return body.heading - self.curves[found.lane].pose(found.s)[2]

    def _in_lane(self, body: Body, lane: int, near_s: float | None) -> Found | None:
        curve = self.curves[lane]
        if curve is body.curve and not body.external:
            s, lateral = body.s, body.lateral
        else:
            s, lateral = curve.project(body.x, body.y, near_s)
        if abs(lateral) > 0.5 * curve.width_m + EDGE_M:
            return None
        if not -BEYOND_M <= s <= curve.length_m + BEYOND_M:
            return None
        turn = body.heading - curve.pose(s)[2]
        return Found(lane, s, lateral, 1.0 if math.cos(turn) >= 0.0 else -1.0)

    def beyond_end(self, body: Body) -> bool:
        """Whether the body has left the lane it was in last over one of its ends."""
        if self.lane_of(body) is not None or body.lane is None:
            return False
        curve = self.curves[body.lane[0]]
        s, _ = curve.project(body.x, body.y, body.lane[1])
        return not -BEYOND_M <= s <= curve.length_m + BEYOND_M

    def off_road(self, body: Body) -> bool:
        """Whether the middle of the body's box is outside the drivable area (without one: of
        every lane)."""
        x, y = body.center
        if self._drivable is not None:
            return bool(first_containing(self._drivable, x, y) < 0)
        return all(not self._covers(self.curves[lane], x, y) for lane in self.lanes)

    def _covers(self, curve: Curve, x_m: float, y_m: float) -> bool:
        s, lateral = curve.project(x_m, y_m)
        return abs(lateral) <= 0.5 * curve.width_m + EDGE_M and 0.0 <= s <= curve.length_m

    def neighbour(self, lane: int, s_m: float, lanes: int) -> int:
        """The lane that lies ``lanes`` to the left as seen along the lane's path.

        Raises:
            NoPlace: there is none.
        """
        s, way = s_m, 1.0
        for _ in range(abs(lanes)):
            to_left = (lanes > 0) == (way > 0)
            path = self.paths[lane]
            following = path.left if to_left else path.right
            if following is None:
                side = "left" if lanes > 0 else "right"
                raise NoPlace(f"no lane {abs(lanes)} to the {side} of {self.paths[lane].name}")
            x, y, turn = self.curves[lane].pose(s)
            s, _ = self.curves[following].project(x, y)
            if math.cos(self.curves[following].pose(s)[2] - turn) < 0.0:
                way = -way
            lane = following
        return lane

    def road_curve(self, body: Body, other: Body | None = None) -> Curve | None:
        """The reference line that distances along the road are measured on: the nearest one, else
        the body's lane, else the other's."""
        if self.reference:
            near = [abs(self.curves[i].project(body.x, body.y)[1]) for i in self.reference]
            return self.curves[self.reference[near.index(min(near))]]
        for one in (body, other):
            found = None if one is None else self.lane_of(one)
            if found is not None:
                return self.curves[found.lane]
        return None

    # Positions.

    def spot(self, position: Position, body_of: Callable[[str], Body]) -> Spot:
        """What a position means now.

        Raises:
            NoPlace: it is relative to somebody who is in no lane, or to a lane that is not there.
        """
        if isinstance(position, WorldPosition):
            return self._world(position)
        if isinstance(position, PathPosition):
            return self._on(self.curves[position.path], position.s_m, position.lateral_m,
                            position.heading_rad)  # fmt: skip
        other = body_of(position.entity)
        if isinstance(position, RelativePosition):
            return self._beside(position, other)
        return self._in_lane_of(position, other)

    def _on(self, curve: Curve, s: float, lateral: float, turn: float) -> Spot:
        x, y, along = curve.pose(s, lateral)
        return Spot(x, y, along + turn, curve, s, lateral, turn)

    def _world(self, position: WorldPosition) -> Spot:
        best, least = None, math.inf
        for lane in self.lanes:
            curve = self.curves[lane]
            s, lateral = curve.project(position.x_m, position.y_m)
            inside = abs(lateral) <= 0.5 * curve.width_m + EDGE_M
            if not inside or not -BEYOND_M <= s <= curve.length_m + BEYOND_M:
                continue
            along = curve.pose(s)[2]
            turn = 0.0 if position.heading_rad is None else wrap(position.heading_rad - along)
            misfit = abs(lateral) + AGAINST * (1.0 - math.cos(turn))
            if misfit < least:
                spot = Spot(position.x_m, position.y_m, along + turn, curve, s, lateral, turn)
                best, least = spot, misfit
        if best is not None:
            return best
        return Spot(position.x_m, position.y_m, position.heading_rad or 0.0)

    def _beside(self, position: RelativePosition, other: Body) -> Spot:
        turn = other.heading if position.frame == "object" else 0.0
        cos, sin = math.cos(turn), math.sin(turn)
        x = other.x + position.dx_m * cos - position.dy_m * sin
        y = other.y + position.dx_m * sin + position.dy_m * cos
        heading = None if position.heading_rad is None else turn + position.heading_rad
        return self._world(WorldPosition(x_m=x, y_m=y, heading_rad=heading))

    def _in_lane_of(self, position: RelativeLanePosition, other: Body) -> Spot:
        found = self.lane_of(other)
        if found is None:
            raise NoPlace(f"{other.name} is in no lane")
        lane = self.neighbour(found.lane, found.s, position.lanes)
        s = found.s + position.ds_m
        x, y, turn = self.curves[found.lane].pose(s)
        curve, lateral = self.curves[lane], position.lateral_m
        if lane != found.lane:
            s, _ = curve.project(x, y)
        if position.keep_lateral:
            lateral += found.lateral if math.cos(curve.pose(s)[2] - turn) >= 0.0 else -found.lateral
        return self._on(curve, s, lateral, position.heading_rad)
