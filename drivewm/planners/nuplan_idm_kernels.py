"""Kernels of nuPlan's IDM planner. Shapes: N tracks, L lights, C path vertices, H = 17 poses.

Source: nuplan-devkit ``planner/abstract_idm_planner.py``. The path is driven by IDM in steps of
0.5 s behind whatever stands now on the stretch ahead; tracks are not predicted.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.corridors import corridor_meets
from drivewm.geometry.nearest import comes_before
from drivewm.geometry.overlap import fill_corners
from drivewm.geometry.paths import arc_at, clamp_progress, part_of_path, pose_at, wrapped
from drivewm.geometry.rings import bounds_gap, ring_bounds, ring_distance, rings_meet
from drivewm.sim.compiled import advance, take_plan
from drivewm.sim.config import DT_US
from drivewm.sim.idm import idm_acceleration

STEP_S = 0.5
RED = 2
LAST_MOVING = 2  # vehicles, pedestrians and bicycles have a speed, the rest stands


@njit(cache=True)
def plan(setup, step, now_us, ego, state, valid, size, score_type, light_status, poses):
    """Writes rear-axle poses [H, 3] at ``setup.offsets_us``; the first lies on the path abreast of
    the ego.

    Args:
        setup: NuplanIdmSetup.
        ego: [11]; state [N, 6], valid [N], size [N, 3], score_type [N]: the tracks now.
        light_status: int8 [L].
    """
    x = ego[0] + setup.car[2] * math.cos(ego[2])
    y = ego[1] + setup.car[2] * math.sin(ego[2])
    box, bounds = setup.ego_box, setup.ego_bounds
    fill_corners(x, y, ego[2], setup.car[0], setup.car[1], box)
    ring_bounds(box, 4, bounds)
    at, speed, heading = arc_at(setup.route, x, y), ego[3], ego[2]
    found = _collect(setup, at, speed, x, y, state, valid, size, light_status)
    min_gap, headway, accel_max, decel = setup.law
    _place(setup, at, poses[0])
    for k in range(1, len(poses)):
        gap, lead_mps, margin = _lead(setup, found, at, box, bounds, heading, state, score_type)
        accel = idm_acceleration(
            speed, setup.target_mps, gap - margin, lead_mps, min_gap, headway, accel_max, decel
        )
        at += STEP_S * speed
        speed = max(speed + STEP_S * min(max(accel, -decel), accel_max), 0.0)
        _place(setup, at, poses[k])
        x = poses[k, 0] + setup.car[2] * math.cos(poses[k, 2])
        y = poses[k, 1] + setup.car[2] * math.sin(poses[k, 2])
        heading = poses[k, 2]
        fill_corners(x, y, heading, setup.car[0], setup.car[1], box)
        ring_bounds(box, 4, bounds)


@njit(cache=True)
def drive(setup, run):
    """The whole drive; the step whose plan cannot be driven, or -1."""
    world = run.world
    for step in range(run.steps):
        if step % run.every == 0:
            plan(
                setup, step, run.start_us + step * DT_US, run.ego[step], world.state, world.valid,
                world.size_m, world.score_type, run.lights[step], run.plans[step // run.every],
            )  # fmt: skip
            if not take_plan(run, step):
                return step
        advance(run, step)
    return -1


@njit(cache=True)
def _place(setup, at, pose):
    """The rear-axle pose with the box centre on the path."""
    path, count = setup.path, len(setup.path)
    x, y, heading = pose_at(path, count, clamp_progress(path, count, at))
    pose[0] = x - setup.car[2] * math.cos(heading)
    pose[1] = y - setup.car[2] * math.sin(heading)
    pose[2] = heading


@njit(cache=True)
def _collect(setup, at, speed, x, y, state, valid, size, light_status):
    """Lists what may be met at all: tracks (row) and red connectors (-1 - lane); how many."""
    path = setup.path
    count = len(path)
    ahead_m = STEP_S * (len(setup.offsets_us) - 1) * (speed + setup.law[2] * 8.0)
    end = at + max(ahead_m, 0.0) + abs(setup.target_mps) * setup.horizon_s
    part = part_of_path(
        path, count, clamp_progress(path, count, at), clamp_progress(path, count, end), setup.line
    )
    _arcs(setup.line, part, setup.arc)
    found = 0
    for n in range(len(valid)):
        dx, dy = x - state[n, 0], y - state[n, 1]
        if not valid[n] or math.sqrt(dx * dx + dy * dy) >= setup.radius_m:
            continue
        corners, bounds = setup.corners[found], setup.bounds[found]
        fill_corners(state[n, 0], state[n, 1], state[n, 3], size[n, 0], size[n, 1], corners)
        ring_bounds(corners, 4, bounds)
        if _may_meet(setup, part, bounds):
            setup.who[found] = n
            found += 1
    for light in range(len(light_status)):
        lane = setup.light_lane[light]
        if light_status[light] == RED and lane >= 0 and setup.on_route[lane]:
            setup.bounds[found] = setup.lane_bounds[lane]
            if _may_meet(setup, part, setup.bounds[found]):
                setup.who[found] = -1 - lane
                found += 1
    return found


@njit(cache=True)
def _arcs(line, count, arc):
    arc[0] = 0.0
    for i in range(1, count):
        dx, dy = line[i, 0] - line[i - 1, 0], line[i, 1] - line[i - 1, 1]
        arc[i] = arc[i - 1] + math.sqrt(dx * dx + dy * dy)


@njit(cache=True)
def _may_meet(setup, count, bounds):
    """Does the circle around the bounds come near the stretch (in the scratch line) or the ego?"""
    if bounds_gap(bounds, setup.ego_bounds) == 0.0:
        return True
    line, arc = setup.line, setup.arc
    cx, cy = 0.5 * (bounds[0] + bounds[2]), 0.5 * (bounds[1] + bounds[3])
    reach = math.hypot(bounds[2] - cx, bounds[3] - cy) + math.hypot(setup.car[0], setup.car[1])
    i = 0
    while True:
        slack = math.hypot(line[i, 0] - cx, line[i, 1] - cy) - reach
        if i == count - 1:
            return slack <= 0.0
        if arc[i + 1] - arc[i] > slack:
            return True
        goal = arc[i] + slack
        while i < count - 1 and arc[i + 1] <= goal:
            i += 1


@njit(cache=True)
def _lead(setup, found, at, box, bounds, heading, state, score_type):
    """(gap m, speed along m/s, length to subtract m) of what the ego follows from ``at`` on."""
    path, count = setup.path, len(setup.path)
    nobody, best, who = True, np.inf, 0
    if found > 0:
        reach = abs(setup.target_mps) * setup.horizon_s
        part = part_of_path(
            path, count, clamp_progress(path, count, at),
            clamp_progress(path, count, at + reach), setup.line,
        )  # fmt: skip
        _arcs(setup.line, part, setup.arc)
    for k in range(found):
        other, size = setup.corners[k], 4
        if setup.who[k] < 0:
            lane = -1 - setup.who[k]
            lanes = setup.lanes
            first = lanes.ring_start[lanes.polygon_start[lane]]
            size = lanes.ring_start[lanes.polygon_start[lane] + 1] - 1 - first
            other = lanes.vertices[first : first + size]
        around = setup.bounds[k]
        if not (
            rings_meet(box, 4, bounds, other, size, around)
            or corridor_meets(
                setup.line, setup.arc, part, setup.car[1] / 2, True, other, size, around,
                setup.ring, setup.ring_bounds,
            )
        ):  # fmt: skip
            continue
        away = ring_distance(box, 4, bounds, other, size, around)
        if nobody or comes_before(away, around, best, setup.bounds[who]):
            nobody, best, who = False, away, k
    if nobody:
        return path[count - 1, 0] - at, 0.0, setup.car[0] / 2
    n = setup.who[who]
    if n < 0 or score_type[n] > LAST_MOVING:
        return best, 0.0, 0.0
    turned = wrapped(state[n, 3] - heading)
    return best, math.hypot(state[n, 4], state[n, 5]) * math.cos(turned), 0.0
