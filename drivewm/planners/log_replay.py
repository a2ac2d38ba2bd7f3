"""Follows the recorded ego. Shapes: T recorded steps, H poses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivewm.scene import Observation, Scene, Trajectory

HORIZON_STEPS = 40
STEP_S = 0.1


class LogReplay:
    """The recorded ego itself, played back exactly: the only planner that sees the future."""

    name = "log_replay"
    replays_log = True

    def __init__(self) -> None:
        self._scenes: Sequence[Scene] = ()

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes

    def plan(self, observation: Observation) -> Trajectory:
        """The recorded poses of the next 4 s; the last one is held."""
        ahead = np.arange(1, HORIZON_STEPS + 1)
        poses = [
            scene.ego[np.minimum(observation.step + ahead, scene.steps - 1), :3]
            for scene in self._scenes
        ]
        return Trajectory(times_s=ahead * STEP_S, poses=np.stack(poses))
