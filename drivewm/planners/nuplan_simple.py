"""nuPlan's straight-on planner (``SimplePlanner``). Shapes: S scenes, N tracks, H = 41 poses.

Source: nuplan-devkit ``planner/simple_planner.py``: the kinematic bicycle with straight wheels,
slowed down above a largest speed by as much as it is too fast, every second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from drivewm.planners.options import check_numbers
from drivewm.scene import Observation, Scene, Trajectory
from drivewm.sim.compiled import Compiled, advance, take_plan
from drivewm.sim.config import DT_US
from drivewm.sim.reference import principal


class SimpleSetup(NamedTuple):
    """What the kernel reads."""

    offsets_us: np.ndarray  # int64 [H]
    max_mps: float


def setup(
    scene: Scene, max_mps: float = 5.0, horizon_s: float = 10.0, sampling_s: float = 0.25
) -> SimpleSetup:
    """The times of the poses; the scene does not matter."""
    del scene
    count = int(round(horizon_s * 1e6) // round(sampling_s * 1e6))
    return SimpleSetup(np.arange(count + 1) * round(sampling_s * 1e6), float(max_mps))


@njit(cache=True)
def plan(setup, step, now_us, ego, state, valid, size, score_type, light_status, poses):
    """Writes rear-axle poses [H, 3] at ``setup.offsets_us``; the first is the ego's own."""
    x, y, heading, speed, side, accel = ego[0], ego[1], ego[2], ego[3], ego[4], 0.0
    cos, sin = math.cos(heading), math.sin(heading)
    poses[0, 0], poses[0, 1], poses[0, 2] = x, y, heading
    for k in range(1, len(poses)):
        dt_s = (setup.offsets_us[k] - setup.offsets_us[k - 1]) * 1e-6
        magnitude = math.hypot(speed, side)
        if magnitude > setup.max_mps:
            accel = setup.max_mps - magnitude
        x += speed * cos * dt_s
        y += speed * sin * dt_s
        speed, side = speed + accel * dt_s, 0.0
        poses[k, 0], poses[k, 1], poses[k, 2] = x, y, principal(heading)


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


class NuplanSimple:
    """nuPlan's ``SimplePlanner``: straight on, not faster than a limit.

    Args:
        max_mps: above it the ego slows down.
        horizon_s: how far it plans.
        sampling_s: between poses.
    """

    name = "nuplan_simple"
    modes = ("privileged", "visible", "sensor")
    compiled = Compiled(setup, drive)

    def __init__(
        self, max_mps: float = 5.0, horizon_s: float = 10.0, sampling_s: float = 0.25
    ) -> None:
        self.options: dict[str, Any] = {
            "max_mps": max_mps,
            "horizon_s": horizon_s,
            "sampling_s": sampling_s,
        }
        check_numbers(self.name, self.options, least=1e-6)
        self._setups: list[SimpleSetup] = []

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._setups = [setup(scene, **self.options) for scene in scenes]

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next 10 s, the first now, for every scene."""
        nothing, flags = np.zeros((0, 6)), np.zeros(0, bool)
        offsets = self._setups[0].offsets_us
        poses = np.empty((len(self._setups), len(offsets), 3))
        for i, known in enumerate(self._setups):
            plan(known, observation.step, 0, observation.ego[i], nothing, flags, nothing[:, :3],
                 np.zeros(0, np.int8), np.zeros(0, np.int8), poses[i])  # fmt: skip
        return Trajectory(times_s=offsets / 1e6, poses=poses)
