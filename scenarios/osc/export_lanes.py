"""Where actors are sideways while a script is written: lanes as they begin and end it.

The engine counts offsets from the lane that a body is in. What is a lane in a storyboard (a
cyclist's own line, a lane with oncoming neighbours) need not be one of the exported road, so that
offsets are counted anew from the road's lanes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drivewm.scene import RoadMap
from drivewm.sim.script import model as m
from drivewm.sim.script.curve import Curve

EDGE_M = 0.05  # as the engine counts: on the line is in the lane
USUAL_M = 3.5


@dataclass(frozen=True)
class Where:
    """A place on a path of the storyboard."""

    path: int
    s_m: float
    lateral_m: float


class Lanes:
    """The lanes of a storyboard and those of its map."""

    def __init__(self, board: m.Storyboard, road: RoadMap) -> None:
        self._paths = board.roads.paths
        self.curves = [Curve(path.xy, index=i) for i, path in enumerate(self._paths)]
        self._map = [
            (Curve(lane.centerline[:, :2]), _width_m(lane))
            for lane in road.lanes
            if not lane.is_bike
        ]
        self._where: dict[str, Where] = {
            actor.id: Where(actor.start.path, actor.start.s_m, actor.start.lateral_m)
            for actor in board.actors
            if isinstance(actor.start, m.PathPosition)
        }

    def offset(self, actor: str, offset_m: float) -> tuple[float, float]:
        """The offset to write, and how far the actor moves sideways; remembers the move."""
        here = self._in_its_lane(actor)
        if here is None:
            return offset_m, abs(offset_m)
        return self._move(actor, here, Where(here.path, here.s_m, offset_m))

    def change(self, actor: str, lanes: int, offset_m: float) -> tuple[float, float] | None:
        """The same for a lane change into an oncoming lane, which is another road; None where it
        leads to a lane of the same road."""
        here = self._in_its_lane(actor)
        if here is None:
            return None
        curve = self.curves[here.path]
        x, y, _ = curve.pose(here.s_m, here.lateral_m)
        path, way = here.path, 1
        for _ in range(abs(lanes)):
            told = self._paths[path]
            following = told.left if (lanes > 0) == (way > 0) else told.right
            if following is None:
                return None
            other = self.curves[following]
            if math.cos(other.pose(other.project(x, y)[0])[2] - curve.pose(here.s_m)[2]) * way < 0:
                way = -way
            path = following
        goal = Where(path, self.curves[path].project(x, y)[0], offset_m)
        if way > 0:
            self._where[actor] = goal
            return None
        return self._move(actor, here, goal)

    def _move(self, actor: str, here: Where, goal: Where) -> tuple[float, float]:
        x, y, _ = self.curves[here.path].pose(here.s_m, here.lateral_m)
        gx, gy, _ = self.curves[goal.path].pose(goal.s_m, goal.lateral_m)
        frame = self._map_lane(x, y) or self.curves[here.path]
        self._where[actor] = goal
        out = frame.project(gx, gy)[1]
        return out, abs(out - frame.project(x, y)[1])

    def _in_its_lane(self, actor: str) -> Where | None:
        """Where an actor is, counted from the lane that it is in by now."""
        here = self._where.get(actor)
        if here is None or abs(here.lateral_m) <= 0.5 * self._paths[here.path].width_m + EDGE_M:
            return here
        told = self._paths[here.path]
        beside = told.left if here.lateral_m > 0 else told.right
        if beside is None:
            return here
        x, y, _ = self.curves[here.path].pose(here.s_m, here.lateral_m)
        s, lateral = self.curves[beside].project(x, y)
        return Where(beside, s, lateral)

    def _map_lane(self, x: float, y: float) -> Curve | None:
        best, least = None, math.inf
        for curve, width in self._map:
            s, lateral = curve.project(x, y)
            inside = abs(lateral) <= 0.5 * width + EDGE_M and 0.0 <= s <= curve.length_m
            if inside and abs(lateral) < least:
                best, least = curve, abs(lateral)
        return best


def _width_m(lane) -> float:
    if lane.polygon is None:
        return USUAL_M
    return float(lane.polygon.area) / max(Curve(lane.centerline[:, :2]).length_m, 0.1)
