"""Many plans driven at once: LQR tracker and bicycle. Shapes: B proposals, H steps, N profile.

Definition: ``PDMSimulator`` of NAVSIM (``pdm_planner/simulation/batch_lqr*.py``; PDM-Closed in
tuplan_garage has the same files). It is nuPlan's tracker with two differences. The speed and the
curvature profile are fitted once per proposal over the whole plan, and beyond its end the last
value holds. And the penalty of the speed fit is not nuPlan's: ``_make_banded_difference_matrix``
overwrites its ones, so that all accelerations are penalised themselves, but for the last two,
whose difference is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.sim.bicycle import ACCEL_TAU_S, MAX_STEER_RAD, STEER_TAU_S
from drivewm.sim.config import DT_S, LqrConfig
from drivewm.sim.reference import (
    INITIAL_CURVATURE_PENALTY,
    factor_pentadiagonal,
    principal,
    substitute_pentadiagonal,
)


class Gains(NamedTuple):
    """``LqrConfig`` for kernels."""

    q_lon: float
    r_lon: float
    q_offset: float
    q_heading: float
    q_steer: float
    r_lat: float
    horizon: int
    jerk_penalty: float
    curvature_rate_penalty: float
    stop_gain: float
    stop_speed_mps: float


def gains(config: LqrConfig) -> Gains:
    """The tracker's settings as a tuple of numbers."""
    return Gains(
        config.q_longitudinal, config.r_longitudinal, *config.q_lateral, config.r_lateral,
        config.horizon, config.jerk_penalty, config.curvature_rate_penalty, config.stop_gain,
        config.stop_speed_mps,
    )  # fmt: skip


NAVSIM_GAINS = gains(LqrConfig())


def simulate(
    proposals: np.ndarray,  # [B, H + 1, 3]
    ego0: np.ndarray,  # [11], EgoColumn
    wheelbase_m: float,
    tracker: Gains = NAVSIM_GAINS,
) -> np.ndarray:
    """Ego states [B, H + 1, 11] that follow the proposals from ``ego0``, 0.1 s apart.

    Args:
        proposals: absolute rear-axle poses (x m, y m, heading rad); pose 0 belongs to ``ego0``.
        wheelbase_m: of the car.

    Raises:
        ValueError: fewer than three poses.
    """
    if proposals.ndim != 3 or proposals.shape[1] < 3 or proposals.shape[2] != 3:
        raise ValueError(f"proposals must be [B, H + 1 >= 3, 3], not {proposals.shape}")
    out = np.empty((*proposals.shape[:2], 11))
    poses = np.ascontiguousarray(proposals, np.float64)
    simulate_into(poses, np.asarray(ego0, np.float64), wheelbase_m, DT_S, tracker, out)
    return out


@njit(cache=True)
def simulate_into(
    proposals: np.ndarray,
    ego0: np.ndarray,
    wheelbase_m: float,
    dt_s: float,
    tracker: Gains,
    out: np.ndarray,  # [B, H + 1, 11]
) -> None:
    """``simulate`` for callers in compiled code: writes the states into ``out``."""
    steps = proposals.shape[1] - 1
    d, l1, l2 = _factor_speed(steps, dt_s, tracker.jerk_penalty)
    speed, curvature, scratch = np.empty(steps), np.empty(steps), np.empty(steps)
    cos_sin = np.empty((steps, 2))
    for b in range(len(proposals)):
        poses = proposals[b]
        for i in range(steps):
            c, s = math.cos(poses[i, 2]), math.sin(poses[i, 2])
            cos_sin[i, 0], cos_sin[i, 1] = c, s
            dx, dy = poses[i + 1, 0] - poses[i, 0], poses[i + 1, 1] - poses[i, 1]
            speed[i] = dt_s * (c * dx + s * dy)
        substitute_pentadiagonal(d, l1, l2, speed)
        _fit_curvature_into(poses, speed, dt_s, tracker.curvature_rate_penalty, curvature, scratch)
        _drive(poses, cos_sin, speed, curvature, ego0, wheelbase_m, dt_s, tracker, out[b])


@njit(cache=True)
def _factor_speed(
    count: int, dt_s: float, penalty: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The system of the speed fit; it depends on the number of speeds only."""
    main, off1, off2 = np.full(count, dt_s * dt_s), np.zeros(count), np.zeros(count)
    weight = penalty / (dt_s * dt_s)
    for i in range(count - 3):  # accelerations
        main[i] += weight
        main[i + 1] += weight
        off1[i] -= weight
    i = count - 3  # the difference of the last two
    if i >= 0:
        main[i] += weight
        main[i + 1] += 4 * weight
        main[i + 2] += weight
        off1[i] -= 2 * weight
        off1[i + 1] -= 2 * weight
        off2[i] += weight
    return factor_pentadiagonal(main, off1, off2)


@njit(cache=True)
def _fit_curvature_into(
    poses: np.ndarray,
    speed: np.ndarray,  # [N]
    dt_s: float,
    rate_penalty: float,
    curvature: np.ndarray,  # [N] written
    band: np.ndarray,  # [N] scratch
) -> None:
    """``reference.fit_curvature`` without allocations: the system is tridiagonal."""
    count = len(speed)
    weight = rate_penalty / (dt_s * dt_s)
    before_pivot = 0.0
    for i in range(count):
        step = speed[i] * dt_s
        main = step * step + (INITIAL_CURVATURE_PENALTY if i == 0 else weight)
        main += weight if i + 1 < count else 0.0
        right = step * principal(poses[i + 1, 2] - poses[i, 2])
        if i > 0:
            main -= weight * weight * before_pivot
            right += weight * curvature[i - 1]
        before_pivot = 1.0 / main
        curvature[i] = right * before_pivot
        band[i] = weight * before_pivot
    for i in range(count - 2, -1, -1):
        curvature[i] += band[i] * curvature[i + 1]


@njit(cache=True)
def _drive(
    poses: np.ndarray,  # [H + 1, 3]
    cos_sin: np.ndarray,  # [H, 2] of the headings
    speed_profile: np.ndarray,  # [N]
    curvature_profile: np.ndarray,  # [N]
    ego0: np.ndarray,
    wheelbase_m: float,
    dt_s: float,
    t: Gains,
    out: np.ndarray,  # [H + 1, 11]
) -> None:
    """One proposal: a command and a bicycle step (as ``bicycle_step`` without friction) each."""
    last = len(speed_profile) - 1
    reach_s = t.horizon * dt_s
    accel_gain = -reach_s * t.q_lon / (reach_s * t.q_lon * reach_s + t.r_lon)
    accel_lag, steer_lag = dt_s / (dt_s + ACCEL_TAU_S), dt_s / (dt_s + STEER_TAU_S)
    out[0] = ego0
    x, y, heading, speed, accel = ego0[0], ego0[1], ego0[2], ego0[3], ego0[5]
    steer, yaw_rate, tangent = ego0[7], ego0[9], math.tan(ego0[7])
    for i in range(last + 1):
        wanted = speed_profile[min(i + t.horizon, last)]
        if wanted <= t.stop_speed_mps and speed <= t.stop_speed_mps:
            accel_command, rate = -t.stop_gain * (speed - wanted), 0.0
        else:
            accel_command = accel_gain * (speed - wanted)
            dx, dy = x - poses[i, 0], y - poses[i, 1]
            offset = dy * cos_sin[i, 0] - dx * cos_sin[i, 1]
            turned = principal(heading - poses[i, 2])
            rate = _steer_rate(
                offset, turned, steer, speed, accel_command, curvature_profile, i, wheelbase_m,
                dt_s, t,
            )  # fmt: skip
        accel += accel_lag * (accel_command - accel)
        rate *= steer_lag
        x += speed * math.cos(heading) * dt_s
        y += speed * math.sin(heading) * dt_s
        heading = principal(heading + speed * tangent / wheelbase_m * dt_s)
        speed += accel * dt_s
        steer = min(max(steer + rate * dt_s, -MAX_STEER_RAD), MAX_STEER_RAD)
        tangent = math.tan(steer)
        before, yaw_rate = yaw_rate, speed * tangent / wheelbase_m
        row = out[i + 1]
        row[0], row[1], row[2], row[3], row[4], row[5] = x, y, heading, speed, 0.0, accel
        row[6], row[7], row[8], row[9] = 0.0, steer, rate, yaw_rate
        row[10] = (yaw_rate - before) / dt_s


@njit(cache=True)
def _steer_rate(
    offset: float,
    turned: float,
    steer: float,
    speed: float,
    accel: float,
    curvature_profile: np.ndarray,
    first: int,
    wheelbase_m: float,
    dt_s: float,
    t: Gains,
) -> float:
    """The constant steering rate that ends the horizon with the least cost (``lqr._steer``)."""
    last = len(curvature_profile) - 1
    bend = steer / wheelbase_m
    per_wheelbase = dt_s / wheelbase_m
    b0 = b1 = 0.0  # response of offset and heading to a constant unit steering rate
    move, gained = speed * dt_s, accel * dt_s * dt_s
    for k in range(t.horizon):
        curvature = curvature_profile[min(first + k, last)]
        offset += move * turned
        turned += move * (bend - curvature)
        b0 += move * b1
        b1 += move * (k * per_wheelbase)
        move += gained
    turned, steer, b2 = principal(turned), principal(steer), t.horizon * dt_s
    pull = b0 * t.q_offset * offset + b1 * t.q_heading * turned + b2 * t.q_steer * steer
    cost = b0 * t.q_offset * b0 + b1 * t.q_heading * b1 + b2 * t.q_steer * b2
    return -pull / (cost + t.r_lat)
