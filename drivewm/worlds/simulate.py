"""Runs a world with its own ego driver: the log that a recording car would have made.

Shapes: T steps at 10 Hz, N agents, L lights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.scene import EgoColumn, ScoreType, VehicleParams
from drivewm.seeds import generator
from drivewm.sim.bicycle import DT_S, bicycle_step
from drivewm.sim.traffic import Traffic
from drivewm.sim.traffic_look import boxes_touch
from drivewm.worlds.ego_policies import DRIVERS
from drivewm.worlds.world import World

FRICTION = 0.8
EPOCH_US = 1_533_000_000_000_000  # nuScenes was recorded in the summer of 2018


@dataclass(frozen=True, kw_only=True)
class WorldLog:
    """One recorded drive, map frame."""

    times_us: np.ndarray  # int64 [T]
    ego: np.ndarray  # [T, 11], EgoColumn; lateral acceleration = speed x yaw rate
    actions: np.ndarray  # [T, 2] commands given at each step: acceleration, steering rate
    ids: tuple[str, ...]
    categories: tuple[str, ...]
    occ_class: np.ndarray  # int8 [N]
    score_type: np.ndarray  # int8 [N]
    size_m: np.ndarray  # [N, 3]
    state: np.ndarray  # [N, T, 6], TrackColumn
    valid: np.ndarray  # bool [N, T]
    light_status: np.ndarray  # int8 [L, T]
    policy: str


def simulate(world: World) -> WorldLog:
    """Drives the ego through the world in closed loop and records everything."""
    spec, traffic, vehicle = world.spec, world.make_traffic(), world.vehicle
    driver = DRIVERS[spec.policy](world, generator("driver", spec.seed))
    steps = round(spec.duration_s / DT_S) + 1
    ego = np.zeros((steps, len(EgoColumn)))
    actions = np.zeros((steps, 2))
    state, valid, lights = [], [], []
    now = world.ego_start
    for step in range(steps):
        traffic.set_ego(now, vehicle)
        ego[step] = now
        state.append(traffic.state)
        valid.append(traffic.valid)
        lights.append(traffic.light_status)
        driver.crashed = driver.crashed or in_contact(now, vehicle, traffic)
        actions[step] = driver.act(traffic, now, step * DT_S)
        after = bicycle_step(
            now, actions[step, 0], actions[step, 1], vehicle.wheelbase_m, DT_S, FRICTION
        )
        traffic.step(now, vehicle)
        now = after
    ego[:, EgoColumn.AY] = ego[:, EgoColumn.VX] * ego[:, EgoColumn.YAW_RATE]
    start = EPOCH_US + int(generator("clock", spec.seed).integers(0, 10_000_000)) * 1_000_000
    return WorldLog(
        times_us=start + np.arange(steps, dtype=np.int64) * round(DT_S * 1e6), ego=ego,
        actions=actions, ids=traffic.ids, categories=traffic.categories,
        occ_class=traffic.occ_class, score_type=traffic.score_type, size_m=traffic.size_m,
        state=np.stack(state, 1), valid=np.stack(valid, 1), light_status=np.stack(lights, 1),
        policy=spec.policy,
    )  # fmt: skip


def in_contact(ego: np.ndarray, vehicle: VehicleParams, traffic: Traffic) -> bool:
    """Whether the moving ego touches anything but a cone."""
    if ego[EgoColumn.VX] < 0.5:
        return False
    box, size = ego_box(ego, vehicle)
    for i in np.flatnonzero(traffic.valid):
        if traffic.score_type[i] == ScoreType.CONE:
            continue
        other = traffic.state[i, [0, 1, 3]]
        near = np.hypot(*(other[:2] - box[:2])) < 15
        if near and boxes_touch(box, size, other, traffic.size_m[i, :2], 0.0):
            return True
    return False


def ego_box(ego: np.ndarray, vehicle: VehicleParams) -> tuple[np.ndarray, np.ndarray]:
    """The ego's box centre pose [3] and (length, width)."""
    heading = ego[EgoColumn.HEADING]
    ahead = vehicle.rear_axle_to_center_m * np.array([np.cos(heading), np.sin(heading)])
    center = np.array([ego[EgoColumn.X] + ahead[0], ego[EgoColumn.Y] + ahead[1], heading])
    return center, np.array([vehicle.length_m, vehicle.width_m])
