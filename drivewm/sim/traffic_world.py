"""One step of a scene's whole surroundings (Numba kernels). Shapes: N tracks, T steps, L lights.

The kernel serves the Python loop (``Traffic.step``) and the compiled one alike. Functions are put
into their callers: handing a hundred arrays over takes longer than what most of them do.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.sim.nuplan_agents import NuplanAgents
from drivewm.sim.nuplan_agents_step import step_nuplan_agents
from drivewm.sim.traffic_look import project
from drivewm.sim.traffic_state import Agents, Events, Paths
from drivewm.sim.traffic_step import step_agents

DT_S, DT_US = 0.1, 100_000
OFF_ROUTE_M = 3.0
FAR_M = 1e6
REPLAY, EGO = 3, 4  # Mode


class World(NamedTuple):
    """What moves around the ego, and where it is now."""

    agents: Agents  # N + 1 slots, the ego last
    paths: Paths
    events: Events
    nuplan: NuplanAgents  # used where ``is_nuplan``
    is_nuplan: bool
    recorded: np.ndarray  # [N, T, 6]; T may be 0
    recorded_valid: np.ndarray  # bool [N, T]
    lift_m: np.ndarray  # [N] box centres above the paths' z
    ego_path: int  # path that the ego is expected to follow; -1: not known
    score_type: np.ndarray  # int8 [N]
    size_m: np.ndarray  # [N, 3]
    state: np.ndarray  # [N, 6] now
    valid: np.ndarray  # bool [N] now


@njit(cache=True, inline="always")
def step_world(
    world: World,
    step: int,
    now_us: int,
    ego: np.ndarray,  # [11] before the step
    car: np.ndarray,  # [3] length, width, rear axle to centre
    lights: np.ndarray,  # int8 [L] before the step
    lights_after: np.ndarray,  # int8 [L]
) -> None:
    """From ``step`` to ``step`` + 1. Agents see the ego where it is before the step; nuPlan's see
    lights and replayed tracks as they are after it."""
    if world.is_nuplan:
        after = min(step + 1, world.recorded.shape[1] - 1)
        later_s = (now_us + DT_US) * 1e-6  # the difference is not quite 0.1, as in the reference
        step_nuplan_agents(
            world.nuplan, ego, car, world.recorded[:, after], world.recorded_valid[:, after],
            world.size_m, lights_after, later_s - now_us * 1e-6,
        )  # fmt: skip
    else:
        set_ego(world, ego, car)
        step_agents(world.agents, world.paths, world.events, lights, step * DT_S, DT_S)
    publish(world, step + 1)


@njit(cache=True, inline="always")
def set_ego(world: World, ego: np.ndarray, car: np.ndarray) -> None:
    """Writes the ego's slot: box centre, speed, place along the path it is expected on."""
    agents, slot = world.agents, len(world.state)
    agents.pose[slot, 0] = ego[0] + car[2] * math.cos(ego[2])
    agents.pose[slot, 1] = ego[1] + car[2] * math.sin(ego[2])
    agents.pose[slot, 2] = ego[2]
    agents.speed[slot] = max(ego[3], 0.0)
    agents.size[slot, 0], agents.size[slot, 1] = car[0], car[1]
    agents.mode[slot], agents.active[slot] = EGO, True
    if world.ego_path < 0:
        return
    x, y = agents.pose[slot, 0], agents.pose[slot, 1]
    s, side = project(world.paths, world.ego_path, x, y, 0.0, FAR_M)
    agents.s[slot], agents.lateral[slot] = s, side
    agents.path[slot] = world.ego_path if abs(side) < OFF_ROUTE_M else -1
    agents.waited[slot] = agents.waited[slot] + DT_S if agents.speed[slot] < 0.1 else 0.0


@njit(cache=True, inline="always")
def publish(world: World, step: int) -> None:
    """Writes ``state`` and ``valid`` as they are at ``step``."""
    if world.is_nuplan:
        _publish_nuplan(world, step)
        return
    agents, steps = world.agents, world.recorded.shape[1]
    for n in range(len(world.state)):
        row, pose = world.state[n], agents.pose[n]
        if agents.mode[n] == REPLAY and steps > 0:
            k = min(step, steps - 1)
            row[:] = world.recorded[n, k]
            agents.active[n] = world.recorded_valid[n, k]
            pose[0], pose[1], pose[2], pose[3] = row[0], row[1], row[3], row[2]
            agents.speed[n] = math.hypot(row[4], row[5])
        else:
            row[0], row[1], row[3], row[2] = pose[0], pose[1], pose[2], pose[3] + world.lift_m[n]
            row[4] = agents.speed[n] * math.cos(pose[2])
            row[5] = agents.speed[n] * math.sin(pose[2])
        world.valid[n] = agents.active[n]


@njit(cache=True, inline="always")
def _publish_nuplan(world: World, step: int) -> None:
    nuplan = world.nuplan
    k = min(step, world.recorded.shape[1] - 1)
    for n in range(len(world.state)):
        world.valid[n] = nuplan.replayed[n] and world.recorded_valid[n, k]
        if world.valid[n]:
            world.state[n] = world.recorded[n, k]
    for a in range(len(nuplan.alive)):
        row = world.state[nuplan.track[a]]
        heading, speed = nuplan.pose[a, 2], nuplan.speed[a]
        row[0], row[1], row[3] = nuplan.pose[a, 0], nuplan.pose[a, 1], heading
        row[2] = world.recorded[nuplan.track[a], 0, 2]
        row[4], row[5] = speed * math.cos(heading), speed * math.sin(heading)
        world.valid[nuplan.track[a]] = nuplan.alive[a]
