"""Comfort: nuPlan's six filtered kinematic series and their bounds. Shapes: T steps.

Definition: nuplan-devkit ``metrics/utils/state_extractors.py`` and the ``ego_*`` metrics' YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from drivewm.measures.measure import Measure, register
from drivewm.measures.savgol import savgol
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
MIN_STEPS = 5  # the yaw filters' window


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


def comfort_series(
    times_us: np.ndarray, ego: np.ndarray, rear_axle_to_center_m: float
) -> ComfortSeries | None:
    """nuPlan's filtered series of a drive, or None when it has fewer than five steps.

    The acceleration of the box centre is the rear axle's plus d * (yaw rate² + yaw acceleration)
    along x only: that is what the reference computes (``get_acceleration_shifted``).

    Args:
        times_us: int64 [T].
        ego: [T, 11], EgoColumn.
        rear_axle_to_center_m: of the car.
    """
    if len(ego) < MIN_STEPS:
        return None
    step_s = float(np.mean(np.diff(times_us / 1e6)))  # seconds since 1970, rounded as in nuPlan
    shift = ego[:, EgoColumn.YAW_RATE] ** 2 + ego[:, EgoColumn.YAW_ACC]
    lon = _smooth(ego[:, EgoColumn.AX] + rear_axle_to_center_m * shift)
    lat = _smooth(ego[:, EgoColumn.AY])
    magnitude = _smooth(np.hypot(ego[:, EgoColumn.AX], ego[:, EgoColumn.AY]))
    heading = np.unwrap(ego[:, EgoColumn.HEADING])
    return ComfortSeries(
        lon_acc_mps2=lon,
        lat_acc_mps2=lat,
        mag_acc_mps2=magnitude,
        jerk_mps3=_slope(magnitude, step_s),
        lon_jerk_mps3=_slope(lon, step_s),
        yaw_rate_radps=savgol(heading, 5, 2, 1, step_s),
        yaw_acc_radps2=savgol(heading, 5, 3, 2, step_s),
    )


def _smooth(values: np.ndarray) -> np.ndarray:
    return np.round(savgol(values, min(8, len(values)), 2, 0, 1.0), 8)


def _slope(values: np.ndarray, step_s: float) -> np.ndarray:
    return savgol(values, min(15, len(values)), 2, 1, step_s)


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
