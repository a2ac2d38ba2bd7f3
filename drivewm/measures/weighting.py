"""Frequency weightings of ISO 2631-1:1997 (annex A) for sampled signals. Shapes: A axes, T samples.

The standard gives analogue transfer functions. At 10 Hz their bilinear transforms would be bent
beyond use above 1 Hz, so a signal is first interpolated band-limited to at least 100 Hz and
filtered there. Reference: SciPy's filters (in the tests; importing them takes half a second).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit

WORK_RATE_HZ = 100.0
BUTTERWORTH_Q = 1 / math.sqrt(2)
HALF_WIDTH = 10  # samples on each side that an interpolated one is made of
KAISER_BETA = 5.0


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
def sections(weighting: Weighting, rate_hz: float) -> np.ndarray:
    """The weighting by bilinear transform: [S, 5] b0 b1 b2 a1 a2 of second-order sections.

    A low pass at or beyond the highest frequency of the signal is left out: it cannot be formed.
    """
    rows = []
    for number, (num, den) in enumerate(stages(weighting)):
        if number == 1 and weighting.low_pass_hz >= rate_hz / 2:
            continue
        b, a = _bilinear(num, rate_hz), _bilinear(den, rate_hz)
        rows.append(np.concatenate([b, a[1:]]) / a[0])
    return np.array(rows)


def _bilinear(polynomial: list[float], rate_hz: float) -> np.ndarray:
    """Coefficients of 1, z^-1, z^-2 of a polynomial in s (times (1 + z^-1)^2)."""
    square, linear, constant = [0.0] * (3 - len(polynomial)) + polynomial
    k = 2 * rate_hz
    return np.array(
        [
            square * k * k + linear * k + constant,
            2 * (constant - square * k * k),
            square * k * k - linear * k + constant,
        ]
    )


@lru_cache(maxsize=16)
def interpolator(factor: int) -> np.ndarray:
    """[factor, 2 * HALF_WIDTH + 1] weights of the samples around, for each place between two.

    A windowed sinc; the weights of a place sum to 1, so that a constant stays one.
    """
    if factor == 1:
        return np.eye(1, 2 * HALF_WIDTH + 1, HALF_WIDTH)
    near = np.arange(-HALF_WIDTH, HALF_WIDTH + 1)
    away = np.arange(factor)[:, None] / factor - near  # in samples
    inside = np.sqrt(np.maximum(1 - (away / HALF_WIDTH) ** 2, 0.0))
    weights = np.sinc(away) * np.where(np.abs(away) <= HALF_WIDTH, np.i0(KAISER_BETA * inside), 0.0)
    return weights / weights.sum(axis=1, keepdims=True)


@njit(cache=True)
def _weight(
    values: np.ndarray,  # [A, T]
    weights: np.ndarray,  # [F, 2 H + 1]
    sos: np.ndarray,  # [S, 5]
    out: np.ndarray,  # [A, T]
) -> None:
    axes, count = values.shape
    factor, half = len(weights), weights.shape[1] // 2
    memory = np.empty((len(sos), 2))
    for axis in range(axes):
        level = values[axis, 0]
        for i in range(len(sos)):  # as if the first value had always been there
            b0, b1, b2, a1, a2 = sos[i]
            after = level * (b0 + b1 + b2) / (1.0 + a1 + a2)
            memory[i, 0], memory[i, 1] = after - b0 * level, b2 * level - a2 * after
            level = after
        for t in range(count):
            for place in range(factor if t < count - 1 else 1):
                value = 0.0
                for j in range(-half, half + 1):
                    value += weights[place, j + half] * values[axis, min(count - 1, max(0, t + j))]
                for i in range(len(sos)):
                    b0, b1, b2, a1, a2 = sos[i]
                    after = b0 * value + memory[i, 0]
                    memory[i, 0] = b1 * value - a1 * after + memory[i, 1]
                    memory[i, 1] = b2 * value - a2 * after
                    value = after
                if place == 0:
                    out[axis, t] = value


def weight(values: np.ndarray, rate_hz: float, weighting: Weighting) -> np.ndarray:
    """Frequency-weighted copy [A, T] of signals [A, T].

    Before its start a signal is taken to have been constant, so that a drive cut out of a longer
    one does not begin with a jolt.

    Args:
        values: [A, T], evenly sampled.
        rate_hz: their sampling rate.
        weighting: what to apply.
    """
    factor = max(1, math.ceil(WORK_RATE_HZ / rate_hz - 1e-9))
    values = np.ascontiguousarray(values, float)
    out = np.empty_like(values)
    sos = sections(weighting, round(rate_hz * factor, 6))
    _weight(values, interpolator(factor), sos, out)
    return out
