"""The closed loop of one scene in one kernel call. Shapes: T steps, N tracks, L lights, H poses.

A planner that can run here has a class attribute ``compiled`` (:class:`Compiled`) and an attribute
``options`` (the keyword arguments of its set-up). Its ``drive`` kernel lives beside its ``plan``
kernel, because a kernel that gets another one as an argument is compiled anew in every process::

    @njit(cache=True)
    def drive(setup, run, world):
        for step in range(run.steps):
            if step % run.every == 0:
                plan(setup, step, run.start_us + step * DT_US, run.ego[step], world.state,
                     world.valid, world.size_m, world.score_type, run.lights[step],
                     run.plans[step // run.every])
                if not take_plan(run, step):
                    return step
            advance(run, world, step)
        return -1

Kernels get large tuples whole and pick single arrays: taking a tuple out of a tuple touches the
reference count of every array in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from drivewm.scene import Scene
from drivewm.sim.bicycle import bicycle_step
from drivewm.sim.config import DT_S, DT_US, SimConfig
from drivewm.sim.lqr import Followed, LqrLaw, command, fit_plan, followed, lqr_law
from drivewm.sim.plan import FARTHEST, TELEPORT_MPS
from drivewm.sim.traffic import Traffic, car_of
from drivewm.sim.traffic_world import World, step_world


@dataclass(frozen=True)
class Compiled:
    """What a planner brings for the compiled loop."""

    setup: Callable[..., Any]  # (scene as known at the start, **options) -> NamedTuple of arrays
    drive: Callable[[Any, Run, World], int]  # -> -1, or the step whose plan cannot be driven
    notes: Callable[[Any, int], Sequence[Mapping[str, Any]]] | None = None
    """(set-up after the drive, number of plans) -> what Rollout.info tells of each plan."""


class Run(NamedTuple):
    """One drive: its settings, its state, and room for what it leaves."""

    steps: int
    every: int  # steps from plan to plan
    start_us: int
    lights: np.ndarray  # int8 [T, L]
    light_stop_points: np.ndarray  # [L, 2]
    plan: Followed
    offsets_us: np.ndarray  # int64 [H]
    plans: np.ndarray  # [K, H, 3]
    law: LqrLaw
    wheelbase_m: float
    friction: float
    car: np.ndarray  # [3] length, width, rear axle to centre
    ego: np.ndarray  # [T, 11]
    state: np.ndarray  # [N, T, 6]
    valid: np.ndarray  # bool [N, T]


def make_run(
    scene: Scene,
    traffic: Traffic,
    offsets_us: np.ndarray,
    config: SimConfig,
    every: int,
    steps: int,
) -> Run:
    """Room for a drive of ``steps`` steps from the scene's start; ``traffic`` must be fresh."""
    world, law, count = traffic.world, lqr_law(config.lqr), len(traffic.ids)
    starts_now = offsets_us[0] == 0
    duration_us = int(offsets_us[-1])
    ego = np.zeros((steps + 1, scene.ego.shape[1]))
    state, valid = np.zeros((count, steps + 1, 6)), np.zeros((count, steps + 1), bool)
    ego[0], state[:, 0], valid[:, 0] = scene.ego[0], world.state, world.valid
    return Run(
        steps=steps, every=every, start_us=int(scene.times_us[0]),
        lights=traffic.light_table(steps),
        light_stop_points=np.array(traffic.light_stop_points, float).reshape(-1, 2),
        plan=followed(len(offsets_us) + (0 if starts_now else 1), duration_us, law),
        offsets_us=np.array(offsets_us, np.int64),
        plans=np.zeros((-(-steps // every), len(offsets_us), 3)), law=law,
        wheelbase_m=float(scene.vehicle.wheelbase_m), friction=float(config.friction),
        car=car_of(scene.vehicle), ego=ego, state=state, valid=valid,
    )  # fmt: skip


@njit(cache=True, inline="always")
def take_plan(run: Run, step: int) -> bool:
    """Follows the plan just written from now on; False if it cannot be driven."""
    poses, ego, plan = run.plans[step // run.every], run.ego[step], run.plan
    if not _is_drivable(poses, run.offsets_us, ego):
        return False
    now_us = run.start_us + step * DT_US
    first = len(plan.times_us) - len(poses)
    if first == 1:
        plan.times_us[0] = now_us
        plan.poses[0] = ego[:3]
    for k in range(len(poses)):
        plan.times_us[first + k] = now_us + run.offsets_us[k]
        plan.poses[first + k] = poses[k]
    fit_plan(plan, run.law)
    return True


@njit(cache=True)
def _is_drivable(poses: np.ndarray, offsets_us: np.ndarray, ego: np.ndarray) -> bool:
    """Finite, and nowhere faster than anything on a road (as the Python loop asks)."""
    x, y, before_us = ego[0], ego[1], 0
    for k in range(len(poses)):
        for c in range(3):
            if not abs(poses[k, c]) <= FARTHEST:
                return False
        passed_s = max((offsets_us[k] - before_us) / 1e6, DT_S)
        if math.hypot(poses[k, 0] - x, poses[k, 1] - y) / passed_s > TELEPORT_MPS:
            return False
        x, y, before_us = poses[k, 0], poses[k, 1], offsets_us[k]
    return True


@njit(cache=True, inline="always")
def advance(run: Run, world: World, step: int) -> None:
    """Drives ego and surroundings from ``step`` to ``step`` + 1 and records both."""
    now_us = run.start_us + step * DT_US
    ego = run.ego[step]
    accel, rate = command(run.plan, run.law, ego, now_us, run.wheelbase_m)
    run.ego[step + 1] = bicycle_step(ego, accel, rate, run.wheelbase_m, DT_S, run.friction)
    step_world(world, step, now_us, ego, run.car, run.lights[step], run.lights[step + 1])
    for n in range(len(world.state)):
        run.state[n, step + 1] = world.state[n]
        run.valid[n, step + 1] = world.valid[n]
