"""Kinematic bicycle at the rear axle: nuPlan's ego motion model (Euler, first-order actuators)."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

DT_S = 0.1
ACCEL_TAU_S = 0.2
STEER_TAU_S = 0.05
MAX_STEER_RAD = math.pi / 3
GRAVITY_MPS2 = 9.81


@njit(cache=True)
def bicycle_step(ego, accel_mps2, steer_rate_radps, wheelbase_m, dt_s, friction):
    """The ego state [11] (EgoColumn) after ``dt_s`` under the two commands.

    The commands pass through first-order lags (0.2 s, 0.05 s); pose and speed move with the values
    from before the step. Lateral velocity and acceleration stay 0, as in the reference.

    Args:
        friction: road friction coefficient that bounds sqrt(a_x^2 + (v^2 curvature)^2); 0 = none.
    """
    x, y, heading, speed = ego[0], ego[1], ego[2], ego[3]
    accel_before, steer, yaw_rate_before = ego[5], ego[7], ego[9]
    accel = accel_before + (accel_mps2 - accel_before) * dt_s / (dt_s + ACCEL_TAU_S)
    rate = steer_rate_radps * dt_s / (dt_s + STEER_TAU_S)
    steer_next = min(max(steer + rate * dt_s, -MAX_STEER_RAD), MAX_STEER_RAD)
    if friction > 0.0:
        grip = friction * GRAVITY_MPS2
        accel = min(max(accel, -grip), grip)
        side = math.sqrt(max(grip * grip - accel * accel, 0.0))
        bound = math.atan(wheelbase_m * side / max(speed * speed, 1e-6))
        steer = min(max(steer, -bound), bound)
        steer_next = min(max(steer_next, -bound), bound)
    out = np.zeros(11)
    out[0] = x + speed * math.cos(heading) * dt_s
    out[1] = y + speed * math.sin(heading) * dt_s
    turned = heading + speed * math.tan(steer) / wheelbase_m * dt_s
    out[2] = math.atan2(math.sin(turned), math.cos(turned))
    out[3] = speed + accel * dt_s
    out[5] = accel
    out[7] = steer_next
    out[8] = rate
    out[9] = out[3] * math.tan(steer_next) / wheelbase_m
    out[10] = (out[9] - yaw_rate_before) / dt_s
    return out


def command_for_accel(ego: np.ndarray, accel_mps2: float, dt_s: float = DT_S) -> float:
    """The acceleration command whose lagged response is exactly ``accel_mps2`` after one step."""
    before = float(ego[5])
    return before + (accel_mps2 - before) * (dt_s + ACCEL_TAU_S) / dt_s


def command_for_steer(ego: np.ndarray, steer_rad: float, dt_s: float = DT_S) -> float:
    """The steering-rate command whose lagged response reaches ``steer_rad`` after one step."""
    return (steer_rad - float(ego[7])) / dt_s * (dt_s + STEER_TAU_S) / dt_s
