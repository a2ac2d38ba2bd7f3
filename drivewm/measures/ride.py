"""Ride comfort and motion sickness after ISO 2631-1:1997, horizontal axes. Shapes: T steps.

The weightings are the standard's analogue transfer functions (annex A). At 10 Hz a bilinear
transform would bend them beyond use above 1 Hz, so the signal is first interpolated band-limited to
at least 100 Hz and filtered there. Vertical motion (W_k) is not known to a planar simulation, and a
10 Hz signal says nothing above 5 Hz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from pydantic import Field
from scipy import signal

from drivewm.config import Config
from drivewm.measures.measure import Measure, register
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
WORK_RATE_HZ = 100.0
BUTTERWORTH_Q = 1 / math.sqrt(2)


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """Corner frequencies and qualities of annex A, table A.1. Infinity leaves a stage out."""

    high_pass_hz: float
    low_pass_hz: float
    f3_hz: float
    f4_hz: float
    q4: float
    step: tuple[float, float, float, float] | None = None  # f5 Hz, Q5, f6 Hz, Q6


WD = Weighting(high_pass_hz=0.4, low_pass_hz=100.0, f3_hz=2.0, f4_hz=2.0, q4=0.63)
WF = Weighting(
    high_pass_hz=0.08, low_pass_hz=0.63, f3_hz=math.inf, f4_hz=0.25, q4=0.86,
    step=(0.0625, 0.8, 0.1, 0.8),
)  # fmt: skip


class RideConfig(Config):
    """How the ride is judged."""

    axis_factor: float = Field(default=1.4, gt=0)  # k of the horizontal axes for seated persons
    seat_ahead_of_rear_axle_m: float = Field(
        default=1.2, ge=-2, le=8
    )  # driver's seat of a passenger car


@dataclass(frozen=True, kw_only=True)
class Ride:
    """Ride quality of a drive. ``weighted_mps2`` [T] is k * |W_d-weighted horizontal a|."""

    weighted_mps2: np.ndarray
    rms_x_mps2: float
    rms_y_mps2: float
    rms_mps2: float  # k * sqrt(x² + y²)
    comfort_class: str
    msdv_mps15: float  # sqrt of the integral of the squared W_f-weighted horizontal acceleration


def stages(weighting: Weighting) -> list[tuple[list[float], list[float]]]:
    """Analogue (numerator, denominator) of every stage, descending powers of s in rad/s."""
    turn = 2 * math.pi
    w1, w2, w4 = (
        turn * f for f in (weighting.high_pass_hz, weighting.low_pass_hz, weighting.f4_hz)
    )
    zero = 0.0 if math.isinf(weighting.f3_hz) else 1 / (turn * weighting.f3_hz)
    parts = [
        ([1.0, 0.0, 0.0], [1.0, w1 / BUTTERWORTH_Q, w1 * w1]),
        ([w2 * w2], [1.0, w2 / BUTTERWORTH_Q, w2 * w2]),
        ([zero, 1.0], [1 / w4**2, 1 / (weighting.q4 * w4), 1.0]),
    ]
    if weighting.step is not None:
        f5, q5, f6, q6 = weighting.step
        w5, w6 = turn * f5, turn * f6
        scale = (w5 / w6) ** 2
        upper = [scale * c for c in (1 / w5**2, 1 / (q5 * w5), 1.0)]
        parts.append((upper, [1 / w6**2, 1 / (q6 * w6), 1.0]))
    return parts


def gain(weighting: Weighting, frequency_hz: np.ndarray) -> np.ndarray:
    """Magnitude of the analogue weighting at the frequencies."""
    s = 2j * math.pi * np.asarray(frequency_hz, float)
    parts = [np.polyval(num, s) / np.polyval(den, s) for num, den in stages(weighting)]
    return np.abs(np.prod(parts, axis=0))


@lru_cache(maxsize=16)
def _filter(weighting: Weighting, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """The weighting by bilinear transform: second-order sections [S, 6], steady state [S, 2].

    A low pass at or beyond the highest frequency of the signal is left out: it cannot be formed.
    """
    rows = []
    for number, (num, den) in enumerate(stages(weighting)):
        if number == 1 and weighting.low_pass_hz >= rate_hz / 2:
            continue
        b, a = signal.bilinear(num, den, rate_hz)
        rows.append([*b, *[0.0] * (3 - len(b)), *a])
    sections = np.array(rows)
    return sections, signal.sosfilt_zi(sections)


@lru_cache(maxsize=16)
def _interpolator(factor: int) -> np.ndarray:
    """Low pass below the old Nyquist frequency for :func:`scipy.signal.resample_poly`."""
    if factor == 1:
        return np.ones(1)
    return signal.firwin(20 * factor + 1, 1.0 / factor, window=("kaiser", 5.0))


def weight(values: np.ndarray, rate_hz: float, *weightings: Weighting) -> list[np.ndarray]:
    """Frequency-weighted copies of signals [A, T], one [A, T] for each weighting.

    Before its start the signal is taken to have been constant, so that a drive cut out of a longer
    one does not begin with a jolt.

    Args:
        values: [A, T], sampled at ``rate_hz``.
    """
    factor = max(1, math.ceil(WORK_RATE_HZ / rate_hz - 1e-9))
    window = _interpolator(factor)
    dense = signal.resample_poly(values, factor, 1, axis=1, window=window, padtype="edge")
    weighted = []
    for weighting in weightings:
        sections, steady = _filter(weighting, round(rate_hz * factor, 6))
        start = steady[:, None, :] * dense[None, :, :1]  # [S, A, 2]
        weighted.append(signal.sosfilt(sections, dense, axis=1, zi=start)[0][:, ::factor])
    return weighted


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
    comfort, sick = weight(felt, rate_hz, WD, WF)  # each [2, T]
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
