"""Kernels of the IDM planner. Shapes: P route vertices, N tracks, H poses."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.overlap import fill_corners
from drivewm.geometry.polylines import interpolate, project
from drivewm.sim.idm import idm_acceleration

REACH_M = 80.0
SIDE_MARGIN_M = 0.3
LOOK_AHEAD_S = np.array([0.0, 1.0])  # a track counts where it is and where it will be
CHORD_M = 1.5
CURVE_DECEL_MPS2 = 1.5
RETURN_S = 3.0  # an offset from the route is driven off within this time


@njit(cache=True)
def curve_speeds(line: np.ndarray, arc_m: np.ndarray, lateral_mps2: float) -> np.ndarray:
    """Speed bound [P] at the route's vertices, with room to brake before each curve."""
    count = len(line)
    bound = np.full(count, np.inf)
    for i in range(count):
        reach = 4.0
        x0, y0, _ = interpolate(line, arc_m, arc_m[i] - reach)
        x1, y1, _ = interpolate(line, arc_m, arc_m[i] + reach)
        before = math.atan2(line[i, 1] - y0, line[i, 0] - x0)
        after = math.atan2(y1 - line[i, 1], x1 - line[i, 0])
        turn = abs((after - before + math.pi) % (2 * math.pi) - math.pi)
        if turn > 1e-6:
            bound[i] = math.sqrt(lateral_mps2 * reach / turn)
    for i in range(count - 2, -1, -1):
        room = 2 * CURVE_DECEL_MPS2 * (arc_m[i + 1] - arc_m[i])
        bound[i] = min(bound[i], math.sqrt(bound[i + 1] ** 2 + room))
    return bound


@njit(cache=True)
def nearest_lead(
    line: np.ndarray,  # [P, 2]
    arc_m: np.ndarray,  # [P]
    front_m: float,
    half_width_m: float,
    state: np.ndarray,  # [N, 6]
    size: np.ndarray,  # [N, 3]
    valid: np.ndarray,  # [N]
    score_type: np.ndarray,  # int8 [N]
) -> tuple[float, float]:
    """Arc length of the nearest rear end in the corridor ahead (inf: none) and its speed along."""
    best, best_speed = np.inf, 0.0
    corners = np.empty((4, 2))
    low, high = front_m - 1.0, front_m + REACH_M
    for n in range(len(state)):
        if not valid[n]:
            continue
        for ahead_s in LOOK_AHEAD_S:
            if ahead_s > 0.0 and score_type[n] > 2:
                continue
            fill_corners(
                state[n, 0] + ahead_s * state[n, 4],
                state[n, 1] + ahead_s * state[n, 5],
                state[n, 3],
                size[n, 0],
                size[n, 1],
                corners,
            )
            near, left, right = np.inf, -np.inf, np.inf
            for c in range(4):
                at, offset = project(line, arc_m, corners[c, 0], corners[c, 1], low, high)
                near, left, right = min(near, at), max(left, offset), min(right, offset)
            side = half_width_m + SIDE_MARGIN_M
            if near <= low or near >= high or right > side or left < -side or near >= best:
                continue
            heading = interpolate(line, arc_m, near)[2]
            along = state[n, 4] * math.cos(heading) + state[n, 5] * math.sin(heading)
            best, best_speed = near, max(along, 0.0)
            if ahead_s > 0.0:  # it will be there: as far as it is along the route now
                best = max(front_m, near - ahead_s * best_speed)
    return best, best_speed


@njit(cache=True)
def plan_poses(
    line: np.ndarray,
    arc_m: np.ndarray,
    bound_mps: np.ndarray,  # [P]
    at_m: float,
    offset_m: float,
    speed_mps: float,
    target_mps: float,
    gap_m: float,
    lead_mps: float,
    law: tuple[float, float, float, float],
    steps: int,
    step_s: float,
) -> np.ndarray:
    """Rear-axle poses [H, 3] of an IDM drive along the route."""
    min_gap, headway, accel_max, decel = law
    poses = np.empty((steps, 3))
    start = at_m
    back_m = max(10.0, RETURN_S * speed_mps)  # way in which the offset is driven off
    for k in range(steps):
        bound = min(target_mps, np.interp(at_m, arc_m, bound_mps))
        accel = idm_acceleration(
            speed_mps, bound, min(gap_m, 1e6), lead_mps, min_gap, headway, accel_max, decel
        )
        accel = min(max(accel, -decel), accel_max)
        gap_m += (lead_mps - speed_mps) * step_s
        at_m += speed_mps * step_s
        speed_mps = max(speed_mps + accel * step_s, 0.0)
        ahead = _place(line, arc_m, at_m + CHORD_M, start, offset_m, back_m)
        behind = _place(line, arc_m, at_m - CHORD_M, start, offset_m, back_m)
        here = _place(line, arc_m, at_m, start, offset_m, back_m)
        poses[k, 0], poses[k, 1] = here
        poses[k, 2] = math.atan2(ahead[1] - behind[1], ahead[0] - behind[0])
    return poses


@njit(cache=True)
def _place(
    line: np.ndarray, arc_m: np.ndarray, at_m: float, start_m: float, offset_m: float, back_m: float
) -> tuple[float, float]:
    """Point on the way back from an offset to the route, at an arc length."""
    x, y, heading = interpolate(line, arc_m, at_m)
    left = min(1.0, max(0.0, 1.0 - (at_m - start_m) / back_m))
    offset = offset_m * left * left * (3.0 - 2.0 * left)
    return x - math.sin(heading) * offset, y + math.cos(heading) * offset
