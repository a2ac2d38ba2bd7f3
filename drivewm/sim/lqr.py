"""nuPlan's LQR tracker: one acceleration and one steering rate per step. Shapes: N profile samples.

Definition: nuplan-devkit ``simulation/controller/tracker/lqr.py``. Longitudinally one constant
acceleration over the horizon towards the speed at its end; laterally a linear model of (offset,
heading error, steering) rolled over the horizon under that acceleration, one constant steering
rate. Both are one-step LQR problems with closed solutions. M poses of a plan.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.sim.config import DT_S, DT_US, LqrConfig
from drivewm.sim.plan import Plan
from drivewm.sim.reference import (
    factor_speed,
    fit_curvature,
    principal,
    substitute_pentadiagonal,
)


@njit(cache=True)
def _accelerate(speed: float, wanted: float, horizon_s: float, q: float, r: float) -> float:
    return -horizon_s * q * (speed - wanted) / (horizon_s * q * horizon_s + r)


@njit(cache=True)
def _steer(
    error: np.ndarray,  # [3] offset m, heading error rad, steering angle rad
    speed: float,
    accel: float,
    curvature: np.ndarray,  # [horizon]
    wheelbase_m: float,
    dt_s: float,
    q: np.ndarray,  # [3]
    r: float,
) -> float:
    offset, turned, steering = error[0], error[1], error[2]  # without input, plus curvature
    b0 = b1 = b2 = 0.0  # response to a constant unit steering rate
    v = speed
    for k in range(len(curvature)):
        move = v * dt_s
        offset, turned = offset + move * turned, turned + move / wheelbase_m * steering
        turned -= move * curvature[k]
        b0, b1, b2 = b0 + move * b1, b1 + move / wheelbase_m * b2, b2 + dt_s
        v += accel * dt_s
    turned, steering = principal(turned), principal(steering)
    pull = b0 * q[0] * offset + b1 * q[1] * turned + b2 * q[2] * steering
    return -pull / (b0 * q[0] * b0 + b1 * q[1] * b1 + b2 * q[2] * b2 + r)


@njit(cache=True)
def lqr_command(
    ego: np.ndarray,  # [11], EgoColumn
    now_s: float,
    reference: np.ndarray,  # [3] pose of the plan now
    grid_s: np.ndarray,  # [N] times of the profiles
    speed_profile: np.ndarray,  # [N]
    curvature_profile: np.ndarray,  # [N]
    wheelbase_m: float,
    dt_s: float,
    horizon: int,
    q_lon: float,
    r_lon: float,
    q_lat: np.ndarray,  # [3]
    r_lat: float,
    stop_gain: float,
    stop_speed: float,
) -> tuple[float, float]:
    """Commands (acceleration m/s², steering rate rad/s) that follow the profiles."""
    dx, dy = ego[0] - reference[0], ego[1] - reference[1]
    error = np.empty(3)
    error[0] = -dx * math.sin(reference[2]) + dy * math.cos(reference[2])
    error[1] = principal(ego[2] - reference[2])
    error[2] = ego[7]
    speed = ego[3]
    wanted = float(np.interp(now_s + horizon * dt_s, grid_s, speed_profile))
    if wanted <= stop_speed and speed <= stop_speed:
        return -stop_gain * (speed - wanted), 0.0
    accel = _accelerate(speed, wanted, horizon * dt_s, q_lon, r_lon)
    ahead_s = np.arange(horizon) * dt_s + now_s
    curvature = np.interp(ahead_s, grid_s, curvature_profile)
    return accel, _steer(error, speed, accel, curvature, wheelbase_m, dt_s, q_lat, r_lat)


class LqrLaw(NamedTuple):
    """``LqrConfig`` for kernels."""

    horizon: int
    q_lon: float
    r_lon: float
    q_lat: np.ndarray  # [3]
    r_lat: float
    jerk_penalty: float
    rate_penalty: float
    stop_gain: float
    stop_mps: float


class Followed(NamedTuple):
    """The plan being followed and its fitted profiles, overwritten by each new plan."""

    times_us: np.ndarray  # int64 [M]
    poses: np.ndarray  # [M, 3], headings unwrapped
    grid_s: np.ndarray  # [N] seconds since 1970
    grid_poses: np.ndarray  # [N + 1, 3]
    speed: np.ndarray  # [N]
    curvature: np.ndarray  # [N]
    factors: tuple[np.ndarray, np.ndarray, np.ndarray]  # of the speed fit, [N] each


def lqr_law(config: LqrConfig) -> LqrLaw:
    """The settings as the kernels want them."""
    c = config
    return LqrLaw(
        c.horizon, c.q_longitudinal, c.r_longitudinal, np.array(c.q_lateral, float), c.r_lateral,
        c.jerk_penalty, c.curvature_rate_penalty, c.stop_gain, c.stop_speed_mps,
    )  # fmt: skip


def followed(poses: int, duration_us: int, law: LqrLaw) -> Followed:
    """Room for plans of that many poses and that length; one below a step is driven in one."""
    count = max(int(duration_us) // DT_US, 1)
    return Followed(
        times_us=np.zeros(poses, np.int64), poses=np.zeros((poses, 3)), grid_s=np.zeros(count),
        grid_poses=np.zeros((count + 1, 3)), speed=np.zeros(count), curvature=np.zeros(count),
        factors=factor_speed(count, DT_S, law.jerk_penalty),
    )  # fmt: skip


@njit(cache=True)
def _between(plan: Followed, i: int, now_us: int, out: np.ndarray) -> None:
    """The pose at ``now_us`` between poses ``i`` - 1 and ``i``, held beyond the ends."""
    start, end = plan.times_us[i - 1], plan.times_us[i]
    into = float(min(max(now_us, start), end) - start)
    for c in range(3):
        a, b = plan.poses[i - 1, c], plan.poses[i, c]
        out[c] = (b - a) / float(end - start) * into + a
    out[2] = principal(out[2])


@njit(cache=True)
def fit_plan(plan: Followed, law: LqrLaw) -> None:
    """Fits the profiles to ``times_us`` and ``poses`` (headings as given; they get unwrapped)."""
    poses, count = plan.poses, len(plan.times_us)
    for i in range(1, count):
        poses[i, 2] = poses[i - 1, 2] + principal(poses[i, 2] - poses[i - 1, 2])
    size, k = len(plan.speed), 0
    for i in range(1, count):
        start, end = plan.times_us[i - 1], plan.times_us[i]
        span = float(end - start)
        x, y, turn = poses[i - 1, 0], poses[i - 1, 1], poses[i - 1, 2]
        along_x, along_y = (poses[i, 0] - x) / span, (poses[i, 1] - y) / span
        turning = (poses[i, 2] - turn) / span
        while k <= size:
            now_us = plan.times_us[0] + k * DT_US
            if now_us > end and i < count - 1:
                break
            into = float(min(now_us, end) - start)
            plan.grid_poses[k, 0] = along_x * into + x
            plan.grid_poses[k, 1] = along_y * into + y
            plan.grid_poses[k, 2] = principal(turning * into + turn)
            k += 1
    for k in range(size):
        # Seconds since 1970 lose digits (2e-7 s). The reference divides here and multiplies for
        # the present time; the same rounding makes the commands equal to 1e-12.
        plan.grid_s[k] = (plan.times_us[0] + k * DT_US) / 1e6
    grid = plan.grid_poses
    for k in range(size):
        dx, dy = grid[k + 1, 0] - grid[k, 0], grid[k + 1, 1] - grid[k, 1]
        plan.speed[k] = DT_S * (math.cos(grid[k, 2]) * dx + math.sin(grid[k, 2]) * dy)
    d, l1, l2 = plan.factors
    substitute_pentadiagonal(d, l1, l2, plan.speed)
    plan.curvature[:] = fit_curvature(grid, plan.speed, DT_S, law.rate_penalty)


@njit(cache=True)
def command(
    plan: Followed, law: LqrLaw, ego: np.ndarray, now_us: int, wheelbase_m: float
) -> tuple[float, float]:
    """Acceleration (m/s²) and steering rate (rad/s) for the ego state [11] at ``now_us``."""
    i = 1
    while i < len(plan.times_us) - 1 and plan.times_us[i] < now_us:
        i += 1
    reference = np.empty(3)
    _between(plan, i, now_us, reference)
    return lqr_command(
        ego, now_us * 1e-6, reference, plan.grid_s, plan.speed, plan.curvature, wheelbase_m, DT_S,
        law.horizon, law.q_lon, law.r_lon, law.q_lat, law.r_lat, law.stop_gain, law.stop_mps,
    )  # fmt: skip


class LqrFollower:
    """Follows one plan: fits its profiles once, then answers commands."""

    def __init__(self, plan: Plan, wheelbase_m: float, config: LqrConfig) -> None:
        self._law, self._wheelbase_m = lqr_law(config), wheelbase_m
        duration_us = int(plan.times_us[-1] - plan.times_us[0])
        self._plan = followed(max(len(plan.poses), 2), duration_us, self._law)
        self._plan.times_us[: len(plan.poses)], self._plan.poses[:] = plan.times_us, plan.poses
        if len(plan.poses) == 1:
            self._plan.times_us[1] = plan.times_us[0] + DT_US
        fit_plan(self._plan, self._law)

    def command(self, ego: np.ndarray, now_us: int) -> tuple[float, float]:
        """Acceleration (m/s²) and steering rate (rad/s) for the ego state [11] at ``now_us``."""
        accel, rate = command(self._plan, self._law, ego, int(now_us), self._wheelbase_m)
        return float(accel), float(rate)
