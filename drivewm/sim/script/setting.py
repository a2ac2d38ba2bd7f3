"""What surrounds a storyboard: its lights, and whether anybody in it may react.

Shapes: L lights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drivewm.scene import Scene
from drivewm.sim.lights import LightProgram
from drivewm.sim.script import model as m
from drivewm.sim.traffic_recorded import stop_points
from drivewm.sim.traffic_world import DT_S


def may_react(board: m.Storyboard, actor: m.Actor) -> bool:
    """Whether an actor's own driver may ever move it."""
    if actor.kind == "object":
        return False
    if actor.reactive != "never":
        return True
    actions = [item.action for item in board.init]
    for story in board.stories:
        for group in (group for act in story.acts for group in act.groups):
            for event in (e for maneuver in group.maneuvers for e in maneuver.events):
                actions += event.actions
    return any(isinstance(action, m.ActivateController) for action in actions)


Lit = tuple[tuple[str, ...], np.ndarray, Callable[[float], np.ndarray]]


def lights_of(scene: Scene, program: LightProgram | None) -> Lit:
    """Lane ids, stop points [L, 2], and the status [L] at a time."""
    if program is not None:
        return program.lane_ids, program.stop_points, program.status_at
    status = scene.lights.status
    if status is None:
        return (), np.zeros((0, 2)), lambda time_s: np.zeros(0, np.int8)
    last = status.shape[1] - 1

    def recorded(time_s: float) -> np.ndarray:
        return np.ascontiguousarray(status[:, min(round(time_s / DT_S), last)], np.int8)

    return scene.lights.lane_ids, stop_points(scene), recorded
