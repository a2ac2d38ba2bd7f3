"""Comfort: nuPlan's six filtered kinematic series and their bounds. Shapes: T steps.

Definition: nuplan-devkit ``metrics/utils/state_extractors.py`` and the ``ego_*`` metrics' YAML.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numba import njit

from drivewm.measures.measure import Measure, register
from drivewm.measures.savgol import Filter, filter_series, make_filter
from drivewm.scene import EgoColumn

COMFORT = register(
    Measure(
        name="comfort",
        title="Comfort",
        unit="1",
        better="higher",
        range=(0.0, 1.0),
        threshold=1.0,
        source="nuPlan ego_is_comfortable",
        unseen="vibration and motion sickness; on logs recorded at 2 Hz jerk is interpolation",
    )
)
BOUNDS = {  # open intervals
    "lon_acc_mps2": (-4.05, 2.40),
    "lat_acc_mps2": (-4.89, 4.89),
    "jerk_mps3": (-8.37, 8.37),
    "lon_jerk_mps3": (-4.13, 4.13),
    "yaw_rate_radps": (-0.95, 0.95),
    "yaw_acc_radps2": (-1.93, 1.93),
}
MIN_STEPS = 4  # what the cubic fit of the yaw acceleration needs
SMOOTH_WINDOW, JERK_WINDOW, YAW_WINDOW = 8, 15, 5  # samples, fewer in a shorter drive
# Rows of the kernels' [7, T] output, and the names of ComfortSeries in that order.
SERIES = (
    "lon_acc_mps2", "lat_acc_mps2", "mag_acc_mps2", "jerk_mps3", "lon_jerk_mps3",
    "yaw_rate_radps", "yaw_acc_radps2",
)  # fmt: skip
_LOW = np.array([BOUNDS.get(name, (-np.inf, np.inf))[0] for name in SERIES])
_HIGH = np.array([BOUNDS.get(name, (-np.inf, np.inf))[1] for name in SERIES])
_AX, _AY = int(EgoColumn.AX), int(EgoColumn.AY)
_YAW_RATE, _YAW_ACC = int(EgoColumn.YAW_RATE), int(EgoColumn.YAW_ACC)
_HEADING = int(EgoColumn.HEADING)


@dataclass(frozen=True, kw_only=True)
class ComfortSeries:
    """The six series that are bounded, and the acceleration magnitude; each [T]."""

    lon_acc_mps2: np.ndarray
    lat_acc_mps2: np.ndarray
    mag_acc_mps2: np.ndarray
    jerk_mps3: np.ndarray
    lon_jerk_mps3: np.ndarray
    yaw_rate_radps: np.ndarray
    yaw_acc_radps2: np.ndarray

    @classmethod
    def of_rows(cls, rows: np.ndarray) -> ComfortSeries:
        """From a kernel's output [7, T]."""
        return cls(**dict(zip(SERIES, rows)))


@njit(cache=True)
def mean_step_s(times_us: np.ndarray) -> float:
    """Mean of the steps between times in seconds since 1970, rounded as the reference's are."""
    total = 0.0
    for t in range(len(times_us) - 1):
        total += times_us[t + 1] / 1e6 - times_us[t] / 1e6
    return total / (len(times_us) - 1)


@njit(cache=True)
def unwrapped(angles: np.ndarray) -> np.ndarray:
    """Angles [T] without jumps by full turns."""
    out = np.empty(len(angles))
    turns = 0.0
    for t in range(len(angles)):
        if t > 0:
            turns += np.rint((angles[t] - angles[t - 1]) / (2 * math.pi))
        out[t] = angles[t] - turns * (2 * math.pi)
    return out


@njit(cache=True)
def fill_rows(
    smooth: Filter,
    slope: Filter,
    yaw_rate: Filter,
    yaw_acc: Filter,
    ego: np.ndarray,  # [T, 11]
    shift_m: float,
    out: np.ndarray,  # [7, T]
) -> None:
    """Fills the seven series of one drive with filters made for its length and step.

    The acceleration of a point ``shift_m`` ahead of the rear axle is the rear axle's plus
    shift * (yaw rate² + yaw acceleration) along x only: that is what the reference computes
    (``get_acceleration_shifted``).
    """
    steps = len(ego)
    raw = np.empty((3, steps))
    for t in range(steps):
        centripetal = shift_m * ego[t, _YAW_RATE] ** 2
        raw[0, t] = (ego[t, _AX] + centripetal) + shift_m * ego[t, _YAW_ACC]
        raw[1, t] = ego[t, _AY]
        raw[2, t] = math.hypot(ego[t, _AX], ego[t, _AY])
    for row in range(3):
        filter_series(raw[row], smooth, True, out[row])
    filter_series(out[2], slope, True, out[3])
    filter_series(out[0], slope, True, out[4])
    heading = unwrapped(ego[:, _HEADING])
    filter_series(heading, yaw_rate, True, out[5])
    filter_series(heading, yaw_acc, True, out[6])


@njit(cache=True)
def comfort_rows(times_us: np.ndarray, ego: np.ndarray, shift_m: float) -> np.ndarray:
    """nuPlan's seven series [7, T] in the order of ``SERIES``; T >= 4, times rise."""
    steps = len(ego)
    step_s = mean_step_s(times_us)
    yaw = min(YAW_WINDOW, steps)
    out = np.empty((7, steps))
    fill_rows(
        make_filter(min(SMOOTH_WINDOW, steps), 2, 0, 1.0),
        make_filter(min(JERK_WINDOW, steps), 2, 1, step_s),
        make_filter(yaw, 2, 1, step_s), make_filter(yaw, 3, 2, step_s),
        ego, shift_m, out,
    )  # fmt: skip
    return out


@njit(cache=True)
def rows_within_bounds(rows: np.ndarray) -> np.ndarray:
    """bool [7]: which of the series stay strictly inside their bounds."""
    out = np.ones(len(rows), np.bool_)
    for row in range(len(rows)):
        for value in rows[row]:
            if not (value > _LOW[row] and value < _HIGH[row]):
                out[row] = False
    return out


def comfort_series(
    times_us: np.ndarray, ego: np.ndarray, rear_axle_to_center_m: float
) -> ComfortSeries | None:
    """nuPlan's filtered series of a drive, or None when it has fewer than four steps.

    Args:
        times_us: int64 [T], rising.
        ego: [T, 11], EgoColumn.
        rear_axle_to_center_m: of the car; accelerations along x are those of its centre.
    """
    if len(ego) < MIN_STEPS:
        return None
    states = np.ascontiguousarray(ego, float)
    times = np.ascontiguousarray(times_us, np.int64)
    return ComfortSeries.of_rows(comfort_rows(times, states, rear_axle_to_center_m))


def within_bounds(series: ComfortSeries) -> dict[str, bool]:
    """Which of the six series stay strictly inside their bounds, by name."""
    named = {field.name: getattr(series, field.name) for field in fields(series)}
    return {
        name: bool(np.all((named[name] > low) & (named[name] < high)))
        for name, (low, high) in BOUNDS.items()
    }


def comfort(times_us: np.ndarray, ego: np.ndarray, rear_axle_to_center_m: float) -> float | None:
    """1 if all six series stay within bounds, else 0; None when the drive is too short."""
    series = comfort_series(times_us, ego, rear_axle_to_center_m)
    return None if series is None else float(all(within_bounds(series).values()))
