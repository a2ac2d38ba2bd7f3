"""Kernels of nuPlan's IDM planner. Shapes: N tracks, L lights, C path vertices, H = 17 poses.

Source: nuplan-devkit ``planner/abstract_idm_planner.py``. The path is driven by IDM in steps of
0.5 s behind whatever stands now on the stretch ahead; tracks are not predicted.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.corridors import (
    corridor_meets,
    corridor_reach,
    corridor_ring,
    next_stretch,
)
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
    found = _collect(setup, x, y, state, valid, size, light_status)
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


@njit(cache=True, inline="always")
def _place(setup, at, pose):
    """The rear-axle pose with the box centre on the path."""
    path, count = setup.path, len(setup.path)
    x, y, heading = pose_at(path, count, clamp_progress(path, count, at))
    pose[0] = x - setup.car[2] * math.cos(heading)
    pose[1] = y - setup.car[2] * math.sin(heading)
    pose[2] = heading


@njit(cache=True, inline="always")
def _collect(setup, x, y, state, valid, size, light_status):
    """Lists the tracks around and the red connectors of the route; returns how many.

    Of each the stretches of the whole path that come near it, and whether the corridor around a
    stretch meets it, are found once per plan (of connectors once per drive).
    """
    found = 0
    for n in range(len(valid)):
        dx, dy = x - state[n, 0], y - state[n, 1]
        if not valid[n] or math.sqrt(dx * dx + dy * dy) >= setup.radius_m:
            continue
        corners, bounds = setup.corners[found], setup.bounds[found]
        fill_corners(state[n, 0], state[n, 1], state[n, 3], size[n, 0], size[n, 1], corners)
        ring_bounds(corners, 4, bounds)
        setup.who[found] = n
        setup.near_count[found] = _stretches(
            setup.whole, setup.progress, setup.car[1] / 2, corners, 4, bounds, setup.ring,
            setup.ring_bounds, setup.near[found],
        )  # fmt: skip
        found += 1
    for light in range(len(light_status)):
        lane = setup.light_lane[light]
        if light_status[light] != RED or lane < 0 or not setup.on_route[lane]:
            continue
        if setup.lane_near_count[lane] < 0:
            first, count = _ring_of(setup.lanes, lane)
            ring = setup.lanes.vertices[first : first + count]
            bounds = setup.lanes.bounds[lane]
            setup.lane_near_count[lane] = _stretches(
                setup.whole, setup.progress, setup.car[1] / 2, ring, count, bounds, setup.ring,
                setup.ring_bounds, setup.lane_near[lane],
            )  # fmt: skip
        setup.bounds[found] = setup.lanes.bounds[lane]
        setup.who[found] = -1 - lane
        setup.near_count[found] = setup.lane_near_count[lane]
        setup.near[found] = setup.lane_near[lane]
        found += 1
    return found


@njit(cache=True)
def _ring_of(lanes, lane):
    """First vertex and number of vertices of a lane's outer ring, not closed."""
    first = lanes.ring_start[lanes.polygon_start[lane]]
    return first, lanes.ring_start[lanes.polygon_start[lane] + 1] - 1 - first


@njit(cache=True)
def _stretches(line, progress, half_m, other, size, bounds, ring, drawn_bounds, near):
    """Fills ``near`` with (from, to, meets) of the path's stretches near a ring; how many, or one
    more than there is room for."""
    count = len(line)
    x, y, reach_m = corridor_reach(bounds, half_m)
    first, last = next_stretch(line, progress, count, 0, x, y, reach_m)
    found = 0
    while first < count and found < len(near):
        drawn = corridor_ring(line[first:], last + 1 - first, half_m, False, False, ring)
        ring_bounds(ring, drawn, drawn_bounds)
        meets = rings_meet(ring, drawn, drawn_bounds, other, size, bounds)
        near[found, 0], near[found, 1] = progress[first], progress[last]
        near[found, 2] = 1.0 if meets else 0.0
        found += 1
        first, last = next_stretch(line, progress, count, last, x, y, reach_m)
    return found + 1 if first < count else found


@njit(cache=True)
def _known(near, count, start_m, end_m):
    """Whether the corridor from ``start_m`` to ``end_m`` meets what ``near`` is about: 1 yes, 0 no,
    -1 its ends lie on a stretch that is near."""
    if count > len(near):
        return -1
    for k in range(count):
        inside = start_m <= near[k, 0] and near[k, 1] <= end_m
        if inside and near[k, 2] == 1.0:
            return 1
    for k in range(count):
        inside = start_m <= near[k, 0] and near[k, 1] <= end_m
        outside = end_m < near[k, 0] or start_m > near[k, 1]
        if not inside and not outside:
            return -1
    return 0


@njit(cache=True, inline="always")
def _fill_part(setup, start_m, end_m):
    """Writes the path from ``start_m`` to ``end_m`` to the scratch line; how many points."""
    line, arc = setup.line, setup.arc
    count = part_of_path(setup.path, len(setup.path), start_m, end_m, line)
    arc[0] = 0.0
    for i in range(1, count):
        dx, dy = line[i, 0] - line[i - 1, 0], line[i, 1] - line[i - 1, 1]
        arc[i] = arc[i - 1] + math.sqrt(dx * dx + dy * dy)
    return count


@njit(cache=True, inline="always")
def _lead(setup, found, at, box, bounds, heading, state, score_type):
    """(gap m, speed along m/s, length to subtract m) of what the ego follows from ``at`` on."""
    path, count = setup.path, len(setup.path)
    start = clamp_progress(path, count, at)
    end = clamp_progress(path, count, at + abs(setup.target_mps) * setup.horizon_s)
    at_an_end = start >= path[count - 1, 0] or end <= path[0, 0]
    part, best, who = 0, np.inf, -1
    for k in range(found):
        around = setup.bounds[k]
        if who >= 0 and bounds_gap(bounds, around) > best:
            continue
        known = -1 if at_an_end else _known(setup.near[k], setup.near_count[k], start, end)
        touching = bounds_gap(bounds, around) == 0.0
        if known == 0 and not touching:
            continue
        other, size = setup.corners[k], 4
        if setup.who[k] < 0:
            first, size = _ring_of(setup.lanes, -1 - setup.who[k])
            other = setup.lanes.vertices[first : first + size]
        meets = known == 1 or (touching and rings_meet(box, 4, bounds, other, size, around))
        if not meets and known < 0:
            if part == 0:
                part = _fill_part(setup, start, end)
            meets = corridor_meets(
                setup.line, setup.arc, part, setup.car[1] / 2, True, other, size, around,
                setup.ring, setup.ring_bounds,
            )  # fmt: skip
        if not meets:
            continue
        away = ring_distance(box, 4, bounds, other, size, around)
        if who < 0 or comes_before(away, around, best, setup.bounds[who]):
            best, who = away, k
    if who < 0:
        return path[count - 1, 0] - at, 0.0, setup.car[0] / 2
    n = setup.who[who]
    if n < 0 or score_type[n] > LAST_MOVING:
        return best, 0.0, 0.0
    turned = wrapped(state[n, 3] - heading)
    return best, math.hypot(state[n, 4], state[n, 5]) * math.cos(turned), 0.0
