"""Straight on at the present speed. Shapes: S scenes, N tracks, H poses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from drivewm.planners.options import check_numbers
from drivewm.scene import Observation, Scene, Trajectory
from drivewm.sim.compiled import Compiled, advance, take_plan
from drivewm.sim.config import DT_S, DT_US


class StraightSetup(NamedTuple):
    """What the kernel reads."""

    offsets_us: np.ndarray  # int64 [H]


def setup(scene: Scene | None, horizon_s: float = 4.0) -> StraightSetup:
    """The times of the poses; the scene does not matter."""
    del scene
    return StraightSetup(np.arange(1, round(float(horizon_s) / DT_S) + 1) * DT_US)


@njit(cache=True)
def plan(setup, step, now_us, ego, state, valid, size, score_type, light_status, poses):
    """Writes rear-axle poses [H, 3] at ``setup.offsets_us``."""
    along_x, along_y = ego[3] * math.cos(ego[2]), ego[3] * math.sin(ego[2])
    for k in range(len(poses)):
        after_s = setup.offsets_us[k] / 1e6
        poses[k, 0] = ego[0] + along_x * after_s
        poses[k, 1] = ego[1] + along_y * after_s
        poses[k, 2] = ego[2]


@njit(cache=True)
def drive(setup, run, world):
    """The whole drive; the step whose plan cannot be driven, or -1."""
    for step in range(run.steps):
        if step % run.every == 0:
            plan(
                setup, step, run.start_us + step * DT_US, run.ego[step], world.state, world.valid,
                world.size_m, world.score_type, run.lights[step], run.plans[step // run.every],
            )  # fmt: skip
            if not take_plan(run, step):
                return step
        advance(run, world, step)
    return -1


class ConstantVelocity:
    """Keeps heading and speed: the floor every planner should stand on.

    Args:
        horizon_s: how far it plans.

    Raises:
        InputError: that is not even one pose.
    """

    name = "constant_velocity"
    modes = ("privileged", "sensor")
    compiled = Compiled(setup, drive)

    def __init__(self, horizon_s: float = 4.0) -> None:
        self.options: dict[str, Any] = {"horizon_s": horizon_s}
        check_numbers(self.name, self.options, least=DT_S / 2)  # one pose or more
        self._setup = setup(None, horizon_s)

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Nothing to remember."""

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next seconds for every scene."""
        nothing, flags = np.zeros((0, 6)), np.zeros(0, bool)
        codes = np.zeros(0, np.int8)
        poses = np.empty((len(observation.ego), len(self._setup.offsets_us), 3))
        for i, ego in enumerate(observation.ego):
            plan(self._setup, observation.step, 0, ego, nothing, flags, nothing[:, :3], codes,
                 codes, poses[i])  # fmt: skip
        return Trajectory(times_s=self._setup.offsets_us / 1e6, poses=poses)
