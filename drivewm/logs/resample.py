"""From recorded instants to any time grid: linear in position, shortest way round in angle.

Shapes: R recorded instants, T grid instants, C columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drivewm.geometry.se2 import wrap_angle

MAX_GAP_S = 1.1  # two missing 2 Hz keyframes; longer gaps are not bridged


def time_grid(first_us: int, last_us: int, rate_hz: float) -> np.ndarray:
    """int64 [T] instants from ``first_us`` on, none after ``last_us``."""
    steps = int(np.floor((last_us - first_us) * rate_hz / 1e6 + 1e-9)) + 1
    return first_us + np.round(np.arange(steps) * (1e6 / rate_hz)).astype(np.int64)


def resample(
    times_us: np.ndarray,  # int64 [R], strictly increasing
    values: np.ndarray,  # [R, C]
    grid_us: np.ndarray,  # int64 [T]
    *,
    angle_columns: Sequence[int] = (),
    max_gap_s: float = MAX_GAP_S,
) -> tuple[np.ndarray, np.ndarray]:
    """Values at the grid instants, [T, C], and where they are valid, bool [T].

    Never extrapolates: an instant before the first or after the last record, or inside a gap
    longer than ``max_gap_s``, is invalid (its values are unspecified). Angles stay wrapped to
    (-pi, pi].
    """
    after = np.clip(np.searchsorted(times_us, grid_us, side="left"), 0, len(times_us) - 1)
    before = np.maximum(np.where(times_us[after] == grid_us, after, after - 1), 0)
    gap_us = times_us[after] - times_us[before]
    share = np.where(gap_us > 0, (grid_us - times_us[before]) / np.maximum(gap_us, 1), 0.0)
    step = values[after] - values[before]
    for column in angle_columns:
        step[:, column] = wrap_angle(step[:, column])
    out = values[before] + np.clip(share, 0.0, 1.0)[:, None] * step
    for column in angle_columns:
        out[:, column] = wrap_angle(out[:, column])
    inside = (grid_us >= times_us[0]) & (grid_us <= times_us[-1])
    return out, inside & (gap_us <= max_gap_s * 1e6)


def finite_difference(
    times_us: np.ndarray, values: np.ndarray, max_gap_s: float = MAX_GAP_S
) -> np.ndarray:
    """Rates of change per second, [R, C]: central where both neighbours are near enough in time,
    else one-sided; zero for a record without a near neighbour (nothing is known to move)."""
    out = np.zeros(np.shape(values), float)
    if len(times_us) < 2:
        return out
    seconds = np.diff(times_us) / 1e6
    near = (seconds <= max_gap_s)[:, None]
    slope = np.where(near, np.diff(values, axis=0) / seconds[:, None], 0.0)
    weight = np.where(near, seconds[:, None], 0.0)
    total = np.zeros(np.shape(values), float)
    for side in (slice(None, -1), slice(1, None)):
        out[side] += slope * weight
        total[side] += weight
    return np.divide(out, total, out=np.zeros_like(out), where=total > 0)
