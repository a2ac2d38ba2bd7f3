"""The emergency brake of PDM-Closed. Shapes: H poses.

Definition: tuplan_garage ``pdm_emergency_brake.py``: a plan that moves on (or back) at a constant
speed found by a proportional controller, all poses at the ego's heading.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

TIME_TO_COLLISION_S = 2.0
MAX_SPEED_MPS = 5.0
ACCEL_LIMITS_MPS2 = (-4.05, 2.40)
STANDING_MPS = 0.2


@njit(cache=True)
def must_brake(collision_step: int, speed_mps: float, dt_s: float) -> bool:
    """Is an at-fault collision (its step, or negative: none) near while the ego is slow?"""
    near = collision_step >= 0 and collision_step * dt_s <= TIME_TO_COLLISION_S
    return near and speed_mps <= MAX_SPEED_MPS


@njit(cache=True)
def brake(ego: np.ndarray, rear_axle_to_center_m: float, dt_s: float, poses: np.ndarray) -> None:
    """Writes the braking plan [H, 3] from the ego state [11], EgoColumn."""
    low, high = ACCEL_LIMITS_MPS2
    speed = ego[3]
    accel = ego[5] + rear_axle_to_center_m * (ego[9] ** 2 + ego[10])  # of the box centre
    if speed > STANDING_MPS:
        going = 11 / 10 * (speed + max(min(-10.0 * speed, high), low))
    else:
        going = max(min(-4.0 * speed - accel, high), low)
    cos, sin = math.cos(ego[2]), math.sin(ego[2])
    for i in range(len(poses)):
        along = going * (dt_s * i)
        poses[i, 0], poses[i, 1] = ego[0] + along * cos, ego[1] + along * sin
        poses[i, 2] = math.atan2(sin, cos)
