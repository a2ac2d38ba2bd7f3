"""nuPlan's LQR tracker: one acceleration and one steering rate per step. Shapes: N profile samples.

Definition: nuplan-devkit ``simulation/controller/tracker/lqr.py``. Longitudinally one constant
acceleration over the horizon towards the speed at its end; laterally a linear model of (offset,
heading error, steering) rolled over the horizon under that acceleration, one constant steering
rate. Both are one-step LQR problems with closed solutions.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.sim.config import DT_S, DT_US, LqrConfig
from drivewm.sim.plan import Plan
from drivewm.sim.reference import fit_curvature, fit_speed, principal


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


class LqrFollower:
    """Follows one plan: fits its profiles once, then answers commands."""

    def __init__(self, plan: Plan, wheelbase_m: float, config: LqrConfig) -> None:
        self._plan, self._wheelbase_m, self._config = plan, wheelbase_m, config
        times_us, poses = plan.resampled(DT_US)
        if len(poses) < 2:  # a plan shorter than a step: go there in one
            times_us = plan.times_us[0] + np.array([0, DT_US])
            poses = np.stack([plan.poses[0], plan.poses[-1]])
        # Seconds since 1970 lose digits (2e-7 s). The reference divides here and multiplies for
        # the present time; the same rounding makes the commands equal to 1e-12.
        self._grid_s = times_us[:-1] / 1e6
        self._speed = fit_speed(poses, DT_S, config.jerk_penalty)
        self._curvature = fit_curvature(poses, self._speed, DT_S, config.curvature_rate_penalty)

    def command(self, ego: np.ndarray, now_us: int) -> tuple[float, float]:
        """Acceleration (m/s²) and steering rate (rad/s) for the ego state [11] at ``now_us``."""
        c = self._config
        return lqr_command(
            ego,
            now_us * 1e-6,
            self._plan.at(now_us),
            self._grid_s,
            self._speed,
            self._curvature,
            self._wheelbase_m,
            DT_S,
            c.horizon,
            c.q_longitudinal,
            c.r_longitudinal,
            np.array(c.q_lateral),
            c.r_lateral,
            c.stop_gain,
            c.stop_speed_mps,
        )
