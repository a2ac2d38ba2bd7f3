"""Straight on at the present speed. Shapes: S scenes, H poses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivewm.scene import EgoColumn, Observation, Scene, Trajectory


class ConstantVelocity:
    """Keeps heading and speed: the floor every planner should stand on.

    Args:
        horizon_s: how far it plans.
    """

    name = "constant_velocity"
    modes = ("privileged", "sensor")

    def __init__(self, horizon_s: float = 4.0) -> None:
        self._times_s = np.arange(1, round(float(horizon_s) / 0.1) + 1) * 0.1

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Nothing to remember."""

    def plan(self, observation: Observation) -> Trajectory:
        ego = observation.ego
        heading = ego[:, EgoColumn.HEADING, None]
        way_m = ego[:, EgoColumn.VX, None] * self._times_s  # [S, H]
        x = ego[:, EgoColumn.X, None] + way_m * np.cos(heading)
        y = ego[:, EgoColumn.Y, None] + way_m * np.sin(heading)
        poses = np.stack([x, y, np.broadcast_to(heading, x.shape)], -1)
        return Trajectory(times_s=self._times_s, poses=poses)
