"""Opening doors as tracks of their own. Shapes: D doors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from drivewm.sim.script import model as m
from drivewm.sim.traffic_state import Agents
from drivewm.sim.traffic_world import World

if TYPE_CHECKING:
    from drivewm.sim.script.engine import Engine


class Doors:
    """One box for every actor and ``Grow`` action; it slides out of the actor's side."""

    def __init__(self, board: m.Storyboard) -> None:
        index = {actor.id: n for n, actor in enumerate(board.actors)}
        found: dict[tuple[str, str], tuple[int, m.Grow]] = {}
        for action, names in _actions(board):
            if not isinstance(action, m.Grow):
                continue
            for name in names:
                for side, width in (("left", action.left_m), ("right", action.right_m)):
                    if width > 0.0 and name in index and (name, side) not in found:
                        found[name, side] = (index[name], action)
        self.ids = tuple(
            f"{name}.door" if (name, "left") not in found or side == "left"
            else f"{name}.door_right"
            for name, side in found
        )  # fmt: skip
        self._sides = [side for _, side in found]
        self._names = [name for name, _ in found]
        self._grows = [grow for _, grow in found.values()]
        self.owners = [n for n, _ in found.values()]
        sizes = [
            (g.door_length_m, g.left_m if side == "left" else g.right_m, board.actors[n].size_m[2])
            for side, (n, g) in zip(self._sides, found.values())
        ]
        self.size_m = np.array(sizes, float).reshape(-1, 3)

    def write(self, agents: Agents, first: int, engine: Engine) -> None:
        """Slots of the doors, for reactive drivers."""
        for k in range(len(self.ids)):
            x, y, heading, is_open = self._pose(k, engine)
            agents.pose[first + k, :3] = x, y, heading
            agents.active[first + k] = is_open

    def show(self, k: int, n: int, engine: Engine, world: World) -> None:
        """State and validity of door ``k`` in row ``n``."""
        x, y, heading, is_open = self._pose(k, engine)
        vx, vy = engine.bodies[self._names[k]].velocity
        world.state[n] = (x, y, world.lift_m[n], heading, vx, vy)
        world.valid[n] = is_open

    def _pose(self, k: int, engine: Engine) -> tuple[float, float, float, bool]:
        body, grow = engine.bodies[self._names[k]], self._grows[k]
        begun = engine.doors.get(body.name)
        part = 0.0
        if begun is not None:
            start_s, grow = begun
            gone = engine.time_s - start_s
            part = 1.0 if grow.duration_s <= 0.0 else min(gone / grow.duration_s, 1.0)
        width, (own_width, own_left) = self.size_m[k, 1], body.closed
        way = 1.0 if self._sides[k] == "left" else -1.0
        side = own_left + way * (0.5 * own_width + (part - 0.5) * width)
        ahead = body.ahead + grow.door_ahead_m
        cos, sin = math.cos(body.heading), math.sin(body.heading)
        x, y = body.x + ahead * cos - side * sin, body.y + ahead * sin + side * cos
        return x, y, body.heading, begun is not None and body.present and body.seen


def _actions(board: m.Storyboard):
    for item in board.init:
        if item.actor is not None:
            yield item.action, (item.actor,)
    for story in board.stories:
        for group in (group for act in story.acts for group in act.groups):
            for event in (e for maneuver in group.maneuvers for e in maneuver.events):
                for action in event.actions:
                    yield action, group.actors
