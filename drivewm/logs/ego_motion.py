"""Velocity, acceleration and yaw rate of the ego from its poses, where the log lacks them.

A local quadratic (Savitzky-Golay) over a window that spans at least two recorded intervals: plain
differences of linearly interpolated poses would be a staircase.
"""

from __future__ import annotations

import numpy as np

from drivewm.scene.columns import EGO_COLUMNS, EgoColumn

_E = EgoColumn
_MIN_STEER_SPEED_MPS = 0.5  # below it the steering angle cannot be told from the yaw rate


def from_poses(
    times_us: np.ndarray, poses: np.ndarray, *, wheelbase_m: float, record_interval_s: float
) -> np.ndarray:
    """[T, 3] rear-axle poses (x, y, heading) -> [T, 11] ego states.

    Velocity and acceleration are those of the rear axle in the ego frame (acceleration with its
    centripetal part). The steering angle is the kinematic bicycle's for the yaw rate and speed.
    """
    ego = np.zeros((len(poses), EGO_COLUMNS))
    ego[:, : _E.HEADING + 1] = poses
    heading = np.unwrap(poses[:, 2])
    columns = np.column_stack([poses[:, :2], heading])
    first = _derivative(times_us, columns, 1, record_interval_s)
    second = _derivative(times_us, columns, 2, 2 * record_interval_s)
    cos, sin = np.cos(heading), np.sin(heading)
    ego[:, _E.VX] = cos * first[:, 0] + sin * first[:, 1]
    ego[:, _E.VY] = -sin * first[:, 0] + cos * first[:, 1]
    ego[:, _E.AX] = cos * second[:, 0] + sin * second[:, 1]
    ego[:, _E.AY] = -sin * second[:, 0] + cos * second[:, 1]
    ego[:, _E.YAW_RATE], ego[:, _E.YAW_ACC] = first[:, 2], second[:, 2]
    speed = ego[:, _E.VX]
    moving = np.abs(speed) > _MIN_STEER_SPEED_MPS
    ratio = np.divide(first[:, 2], speed, out=np.zeros_like(speed), where=moving)
    ego[:, _E.STEER] = np.clip(np.arctan(wheelbase_m * ratio), -0.6, 0.6)
    ego[:, _E.STEER_RATE] = _derivative(times_us, ego[:, [_E.STEER]], 1, record_interval_s)[:, 0]
    return ego


def _derivative(
    times_us: np.ndarray, values: np.ndarray, order: int, interval_s: float
) -> np.ndarray:
    """Derivative along the first axis of [T, C] on a nearly regular grid."""
    from drivewm.measures.savgol import savgol  # late: looking into a fleet needs no Numba

    if len(times_us) < 3:
        span_s = max((times_us[-1] - times_us[0]) / 1e6, 1e-6)
        slope = (values[-1] - values[0]) / span_s if order == 1 else np.zeros(values.shape[1])
        return np.broadcast_to(slope, values.shape).copy()
    step_s = float(np.median(np.diff(times_us))) / 1e6
    half = max(int(np.ceil(interval_s / step_s)), 2)
    window = min(2 * half + 1, (len(values) - 1) // 2 * 2 + 1)
    polyorder = min(2, window - 1)
    columns = [savgol(column, window, polyorder, order, step_s) for column in values.T]
    return np.stack(columns, axis=-1)
