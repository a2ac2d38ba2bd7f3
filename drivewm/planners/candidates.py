"""Candidate plans along a route: accelerations and lateral offsets. A candidates, H poses."""

from __future__ import annotations

import numpy as np

from drivewm.geometry.polylines import arc_lengths, project, without_repeats
from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import EgoColumn

PLAN_DT_S = 0.1
BEYOND_M = 200.0  # the route goes on straight after its end


def candidate_plans(
    ego: np.ndarray,
    route: np.ndarray,
    targets: np.ndarray,
    limit_mps: float,
    horizon_s: float,
) -> np.ndarray:
    """Each target as rear-axle poses at 10 Hz.

    The offset is reached by a quintic over the horizon (at rest sideways at both ends); the speed
    stays within 0 and the limit.

    Args:
        ego: [11] state now.
        route: [P, 2] centreline.
        targets: [A, 2] acceleration in m/s2 and offset to the left of the route in m.
        limit_mps: highest speed to aim for.
        horizon_s: length of the plans.

    Returns:
        [A, H, 3] poses in the map frame.
    """
    times = np.arange(1, round(horizon_s / PLAN_DT_S) + 1) * PLAN_DT_S
    line = without_repeats(route)
    line = np.concatenate([line, line[-1:] + _direction(line[-2], line[-1]) * BEYOND_M])
    at = arc_lengths(line)
    x, y = ego[[EgoColumn.X, EgoColumn.Y]]
    here, side = project(line, at, x, y, -np.inf, np.inf)
    speed = max(float(ego[EgoColumn.VX]), 0.0)
    plans = []
    for acceleration, offset in targets:
        speeds = np.clip(speed + acceleration * times, 0.0, max(limit_mps, 0.0))
        if speed > limit_mps:  # never a jump: brake down to the limit at 2 m/s2 at least
            speeds = np.maximum(speed + min(acceleration, -2.0) * times, 0.0)
        travelled = np.cumsum(np.concatenate([[speed], speeds])[:-1] + speeds) * PLAN_DT_S / 2
        plans.append(_pose_line(line, at, here + travelled, side, offset, times, ego))
    return np.stack(plans)


def _direction(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (b - a) / np.linalg.norm(b - a)


def _pose_line(
    line: np.ndarray,
    at: np.ndarray,
    s: np.ndarray,
    side: float,
    offset: float,
    times: np.ndarray,
    ego: np.ndarray,
) -> np.ndarray:
    share = times / times[-1]
    smooth = share**3 * (10 - 15 * share + 6 * share**2)
    lateral = side + (offset - side) * smooth
    ahead = np.stack([np.interp(s + 0.5, at, line[:, d]) for d in (0, 1)], -1)
    behind = np.stack([np.interp(s - 0.5, at, line[:, d]) for d in (0, 1)], -1)
    tangent = (ahead - behind) / np.maximum(np.linalg.norm(ahead - behind, axis=1), 1e-9)[:, None]
    middle = np.stack([np.interp(s, at, line[:, d]) for d in (0, 1)], -1)
    xy = middle + lateral[:, None] * np.stack([-tangent[:, 1], tangent[:, 0]], -1)
    steps = np.diff(np.concatenate([ego[None, [EgoColumn.X, EgoColumn.Y]], xy]), axis=0)
    moving = np.linalg.norm(steps, axis=1) > 0.02
    heading = np.where(moving, np.arctan2(steps[:, 1], steps[:, 0]), np.nan)
    heading = _fill_forward(heading, float(ego[EgoColumn.HEADING]))
    return np.concatenate([xy, wrap_angle(heading)[:, None]], -1)


def _fill_forward(values: np.ndarray, first: float) -> np.ndarray:
    """A standing car keeps its heading."""
    known = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(known)
    return np.where(last >= 0, values[np.maximum(last, 0)], first)
