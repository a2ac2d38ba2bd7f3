"""Ride comfort and motion sickness after ISO 2631-1:1997, horizontal axes. Shapes: T steps.

Vertical motion (W_k) is not known to a planar simulation; a 10 Hz signal holds nothing above 5 Hz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from drivewm.config import Config
from drivewm.measures.measure import Measure, register
from drivewm.measures.weighting import WD, WF, weight
from drivewm.scene import EgoColumn

RIDE = register(
    Measure(
        name="ride_comfort",
        title="Weighted ride acceleration",
        unit="m/s2",
        better="lower",
        range=(0.0, math.inf),
        threshold=0.315,
        source="ISO 2631-1:1997, W_d, k = 1.4, annex C",
        unseen="vertical and rotational vibration, anything above 5 Hz or near it, the seat's own "
        "springing; boxes recorded at 2 Hz make it an artefact of interpolation",
    )
)
SICKNESS = register(
    Measure(
        name="motion_sickness_dose",
        title="Motion sickness dose, horizontal",
        unit="m/s1.5",
        better="lower",
        range=(0.0, math.inf),
        threshold=None,
        source="ISO 2631-1:1997 clause 9 and annex D, W_f applied to the horizontal axes",
        unseen="vertical motion, for which W_f was made; what passengers look at; a drive of some "
        "seconds holds few periods of 0.1-0.5 Hz",
    )
)
COMFORT_CLASSES = (  # annex C, C.2.3: upper end of the class in m/s2 (the standard's overlap)
    (0.315, "not_uncomfortable"),
    (0.63, "a_little_uncomfortable"),
    (1.0, "fairly_uncomfortable"),
    (1.6, "uncomfortable"),
    (2.5, "very_uncomfortable"),
    (math.inf, "extremely_uncomfortable"),
)
MIN_DURATION_S = 2.0  # one period of 0.5 Hz, the lowest band of the comfort range


class RideConfig(Config):
    """How the ride is judged."""

    axis_factor: float = Field(default=1.4, gt=0)  # k of the horizontal axes, seated
    seat_ahead_of_rear_axle_m: float = Field(default=1.2, ge=-2, le=8)  # driver's, passenger car


@dataclass(frozen=True, kw_only=True)
class Ride:
    """Ride quality of a drive. ``weighted_mps2`` [T] is k * |W_d-weighted horizontal a|."""

    weighted_mps2: np.ndarray
    rms_x_mps2: float
    rms_y_mps2: float
    rms_mps2: float  # k * sqrt(x² + y²)
    comfort_class: str
    msdv_mps15: float  # sqrt of the integral of the squared W_f-weighted horizontal acceleration


def seat_acceleration(ego: np.ndarray, ahead_of_rear_axle_m: float) -> np.ndarray:
    """[T, 11] ego states -> [2, T] acceleration at the seat along the car's axes, m/s2.

    The lateral part is speed times yaw rate: simulated drives leave the AY column at 0, as nuPlan's
    bicycle does.
    """
    rate, change = ego[:, EgoColumn.YAW_RATE], ego[:, EgoColumn.YAW_ACC]
    along = ego[:, EgoColumn.AX] - ahead_of_rear_axle_m * rate**2
    across = ego[:, EgoColumn.VX] * rate + ahead_of_rear_axle_m * change
    return np.stack([along, across])


def comfort_class(rms_mps2: float) -> str:
    """Annex C's wording for a combined weighted acceleration."""
    return next(name for bound, name in COMFORT_CLASSES if rms_mps2 < bound)


def ride(times_us: np.ndarray, ego: np.ndarray, config: RideConfig) -> Ride | None:
    """Ride comfort of a drive, None where it is shorter than two seconds.

    Args:
        times_us: int64 [T], evenly spaced.
        ego: [T, 11], EgoColumn.
        config: axis factor and seat.
    """
    duration_s = float(times_us[-1] - times_us[0]) / 1e6
    if duration_s < MIN_DURATION_S:
        return None
    rate_hz = (len(times_us) - 1) / duration_s
    felt = seat_acceleration(ego, config.seat_ahead_of_rear_axle_m)
    comfort, sick = weight(felt, rate_hz, WD), weight(felt, rate_hz, WF)  # each [2, T]
    rms_x, rms_y = (float(v) for v in np.sqrt(np.mean(comfort**2, axis=1)))
    total = config.axis_factor * math.hypot(rms_x, rms_y)
    return Ride(
        weighted_mps2=config.axis_factor * np.hypot(comfort[0], comfort[1]),
        rms_x_mps2=rms_x,
        rms_y_mps2=rms_y,
        rms_mps2=total,
        comfort_class=comfort_class(total),
        msdv_mps15=math.sqrt(float(np.sum(sick**2)) / rate_hz),
    )
