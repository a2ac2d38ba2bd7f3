"""One step of nuPlan's IDM agents (Numba kernels). Shapes: A agents, N tracks, L lights.

Agents move one after the other: whoever comes later sees where the earlier ones went.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.corridors import corridor_meets, corridor_ring
from drivewm.geometry.nearest import comes_before
from drivewm.geometry.overlap import fill_corners
from drivewm.geometry.paths import (
    build_path,
    clamp_progress,
    part_of_path,
    pose_at,
    rest_of_path,
    wrapped,
)
from drivewm.geometry.rings import ring_bounds, ring_distance
from drivewm.sim.idm import idm_acceleration
from drivewm.sim.nuplan_agents import (
    ACCEL_MPS2,
    DECEL_MPS2,
    HEADWAY_S,
    MIN_GAP_M,
    MIN_PATH_M,
    RADIUS_M,
)

GREEN, RED = 0, 2
BOX, FOOT, BOTH = 0, 1, 2
NOBODY, EGO, AGENT, STILL = -1, 0, 1, 2


@njit(cache=True, inline="always")
def step_nuplan_agents(
    m,  # NuplanAgents
    ego: np.ndarray,  # [11] before the step
    car: np.ndarray,  # [3] length, width, rear axle to centre
    recorded: np.ndarray,  # [N, 6] tracks after the step
    present: np.ndarray,  # bool [N]
    track_size: np.ndarray,  # [N, 3]
    light_status: np.ndarray,  # int8 [L] after the step
    dt_s: float,
) -> None:
    """Moves every agent by ``dt_s``."""
    for light in range(len(light_status)):
        if m.light_lane[light] >= 0:
            m.lane_light[m.light_lane[light]] = light_status[light]
    x = ego[0] + car[2] * math.cos(ego[2])
    y = ego[1] + car[2] * math.sin(ego[2])
    fill_corners(x, y, ego[2], car[0], car[1], m.others[0])
    ring_bounds(m.others[0], 4, m.other_bounds[0])
    for n in range(len(present)):
        if present[n] and m.replayed[n]:
            fill_corners(
                recorded[n, 0], recorded[n, 1], recorded[n, 3], track_size[n, 0],
                track_size[n, 1], m.others[1 + n],
            )  # fmt: skip
            ring_bounds(m.others[1 + n], 4, m.other_bounds[1 + n])
    for a in range(len(m.alive)):
        away = math.hypot(m.pose[a, 0] - x, m.pose[a, 1] - y)
        m.alive[a] = m.alive[a] and away <= RADIUS_M
    for a in range(len(m.alive)):
        if m.alive[a]:
            _move(m, a, ego, present, dt_s)


@njit(cache=True, inline="always")
def _move(m, a, ego, present, dt_s):
    _plan_route(m, a)
    gap, lead_mps, margin = _lead(m, a, ego, present)
    limit = m.speed_limit_mps[m.route[a, m.route_count[a] - 1]]
    if limit > 0.0:
        m.target[a] = limit
    speed = m.speed[a]
    accel = idm_acceleration(
        speed, m.target[a], gap - margin, lead_mps, MIN_GAP_M, HEADWAY_S, ACCEL_MPS2, DECEL_MPS2
    )
    m.progress[a] += dt_s * speed
    m.speed[a] = max(speed + dt_s * min(max(accel, -DECEL_MPS2), ACCEL_MPS2), 0.0)
    _show(m, a)


@njit(cache=True, inline="always")
def _plan_route(m, a):
    """Appends lanes, the straightest that is open, until enough path lies ahead."""
    path = m.path[a]
    wanted = MIN_PATH_M + m.target[a] * HEADWAY_S
    while path[m.vertices[a] - 1, 0] - m.progress[a] < wanted:
        end = m.route[a, m.route_count[a] - 1]
        chosen, straightest = -1, np.inf
        for k in range(m.next_first[end], m.next_first[end + 1]):
            lane = m.next_lane[k]
            light = m.lane_light[lane]
            is_open = light == GREEN if m.has_light[lane] else light != RED
            if is_open and abs(m.curvature[lane]) < straightest:
                chosen, straightest = lane, abs(m.curvature[lane])
        if chosen < 0:
            return
        first, last = m.line_first[chosen], m.line_first[chosen + 1]
        if last - first < 2 or m.vertices[a] + 1 + last - first > len(m.poses):
            return
        at = clamp_progress(path, m.vertices[a], m.progress[a])
        size = rest_of_path(path, m.vertices[a], at, m.poses)
        for k in range(first, last):
            m.poses[size, 0], m.poses[size, 1] = m.line_xy[k, 0], m.line_xy[k, 1]
            m.poses[size, 2] = m.heading[k]
            size += 1
        m.vertices[a] = build_path(m.poses, size, path)
        m.progress[a] = 0.0
        if m.route_count[a] == m.route.shape[1]:
            m.route[a, :-1] = m.route[a, 1:].copy()
        else:
            m.route_count[a] += 1
        m.route[a, m.route_count[a] - 1] = chosen


@njit(cache=True, inline="always")
def _lead(m, a, ego, present):
    """(gap m, speed along m/s, length to subtract m) of what the agent follows."""
    path, count = m.path[a], m.vertices[a]
    half = m.size[a, 1] / 2
    at = clamp_progress(path, count, m.progress[a])
    size = rest_of_path(path, count, at, m.poses)
    arc = 0.0
    for i in range(size):
        if i > 0:
            arc += math.hypot(m.poses[i, 0] - m.line[i - 1, 0], m.poses[i, 1] - m.line[i - 1, 1])
        m.line[i, 0], m.line[i, 1], m.arc[i] = m.poses[i, 0], m.poses[i, 1], arc
    line, arcs, drawn, drawn_bounds = m.line, m.arc, m.ring, m.ring_bounds
    box, box_bounds, foot = m.box[a], m.bounds[a, BOX], m.foot[a]
    feet, foot_bounds = m.foot_count[a], m.bounds[a, FOOT]
    best, best_bounds = np.inf, m.bounds[a, BOTH]
    kind, who = NOBODY, -1
    for n in range(len(present) + 1):  # the ego, then what is played back
        if n > 0 and not (present[n - 1] and m.replayed[n - 1]):
            continue
        ring, bounds = m.others[n], m.other_bounds[n]
        if corridor_meets(
            line, arcs, size, half, False, ring, 4, bounds, drawn, drawn_bounds
        ):  # fmt: skip
            away = _distance(box, box_bounds, foot, feet, foot_bounds, ring, 4, bounds)
            if kind == NOBODY or comes_before(away, bounds, best, best_bounds):
                best, best_bounds, kind, who = away, bounds, EGO if n == 0 else STILL, n
    for b in range(len(m.alive)):
        if b == a or not m.alive[b]:
            continue
        count_b, ring, bounds = m.foot_count[b], m.box[b], m.bounds[b, BOX]
        seen = corridor_meets(
            line, arcs, size, half, False, ring, 4, bounds, drawn, drawn_bounds
        )  # fmt: skip
        if not seen and count_b > 0:
            seen = corridor_meets(
                line, arcs, size, half, False, m.foot[b], count_b, m.bounds[b, FOOT], drawn,
                drawn_bounds,
            )  # fmt: skip
        if seen:
            away = _distance(box, box_bounds, foot, feet, foot_bounds, ring, 4, bounds)
            if count_b > 0 and away > 0.0:
                other = _distance(
                    box, box_bounds, foot, feet, foot_bounds, m.foot[b], count_b,
                    m.bounds[b, FOOT],
                )  # fmt: skip
                away = min(away, other)
            if kind == NOBODY or comes_before(away, m.bounds[b, BOTH], best, best_bounds):
                best, best_bounds, kind, who = away, m.bounds[b, BOTH], AGENT, b
    lines = m.stop_lines
    for k in range(m.route_count[a]):
        lane = m.route[a, k]
        if m.lane_light[lane] != RED:
            continue
        for s in range(m.stop_first[lane], m.stop_first[lane + 1]):
            row = m.stop_line[s]
            first = lines.ring_start[lines.polygon_start[row]]
            points = lines.ring_start[lines.polygon_start[row] + 1] - 1 - first
            ring, bounds = lines.vertices[first : first + points], lines.bounds[row]
            if corridor_meets(
                line, arcs, size, half, False, ring, points, bounds, drawn, drawn_bounds
            ):  # fmt: skip
                away = _distance(box, box_bounds, foot, feet, foot_bounds, ring, points, bounds)
                if kind == NOBODY or comes_before(away, bounds, best, best_bounds):
                    best, best_bounds, kind, who = away, bounds, STILL, row
    if kind == NOBODY:
        return path[count - 1, 0] - m.progress[a], 0.0, m.size[a, 0] / 2
    if kind == EGO:
        turned = wrapped(ego[2] - m.pose[a, 2])
        return best, math.hypot(ego[3], ego[4]) * math.cos(turned), 0.0
    if kind == AGENT:
        turned = wrapped(m.pose[who, 2] - m.pose[a, 2])
        return best, m.speed[who] * math.cos(turned), 0.0
    return best, 0.0, 0.0


@njit(cache=True)
def _distance(box, box_bounds, foot, feet, foot_bounds, ring, count, bounds):
    """From what the others see of an agent, its box and stretch ahead, to a ring."""
    away = ring_distance(box, 4, box_bounds, ring, count, bounds)
    if feet > 0 and away > 0.0:
        away = min(away, ring_distance(foot, feet, foot_bounds, ring, count, bounds))
    return away


@njit(cache=True, inline="always")
def _show(m, a):
    """Writes the pose and what the others see of the agent."""
    path, count = m.path[a], m.vertices[a]
    at = clamp_progress(path, count, m.progress[a])
    m.pose[a, 0], m.pose[a, 1], m.pose[a, 2] = pose_at(path, count, at)
    length = m.size[a, 0]
    fill_corners(m.pose[a, 0], m.pose[a, 1], m.pose[a, 2], length, m.size[a, 1], m.box[a])
    start = clamp_progress(path, count, m.progress[a] - length / 2)
    end = clamp_progress(path, count, m.progress[a] + length / 2 + m.speed[a] * HEADWAY_S)
    size = part_of_path(path, count, start, end, m.line)
    feet = corridor_ring(m.line, size, m.size[a, 1] / 2, False, False, m.foot[a])
    m.foot_count[a] = feet
    ring_bounds(m.box[a], 4, m.bounds[a, BOX])
    both = m.bounds[a, BOTH]
    both[:] = m.bounds[a, BOX]
    if feet > 0:
        ring_bounds(m.foot[a], feet, m.bounds[a, FOOT])
        foot = m.bounds[a, FOOT]
        both[0], both[1] = min(both[0], foot[0]), min(both[1], foot[1])
        both[2], both[3] = max(both[2], foot[2]), max(both[3], foot[3])
