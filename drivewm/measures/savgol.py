"""Savitzky-Golay filters, equal to SciPy's ``savgol_filter`` in its default mode 'interp'.

Kept here because the window may be even, and so that scoring does not import scipy.signal.
"""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import numpy as np


def savgol(
    values: np.ndarray, window: int, degree: int, derivative: int, step: float
) -> np.ndarray:
    """Fits a polynomial to each window of [T] samples and takes its value or derivative.

    Args:
        values: [T] samples ``step`` apart.
        window: samples per window, at most T, more than ``degree``.
        degree: of the polynomial.
        derivative: order of the derivative (0 smooths).
        step: distance between samples.

    Raises:
        ValueError: the window does not fit.
    """
    if not degree < window <= len(values):
        raise ValueError(f"window {window} needs more than {degree} and at most {len(values)}")
    middle, edge = _operators(window, degree, derivative)
    scale = 1.0 / step**derivative
    half = window // 2
    out = np.empty(len(values))
    smooth = np.convolve(values, middle[::-1], mode="valid")  # one per full window
    first = half if window % 2 else half - 1
    out[first : first + len(smooth)] = smooth
    out[:half] = edge[:half] @ values[:window]
    out[-half:] = edge[window - half :] @ values[-window:]
    return out * scale


@lru_cache(maxsize=64)
def _operators(window: int, degree: int, derivative: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights at the middle of a window [W] and at each of its samples [W, W].

    The middle of an even window lies between two samples, as in SciPy.
    """
    middle = window // 2 if window % 2 else window / 2 - 0.5
    position = np.arange(window) - middle
    fit = np.linalg.pinv(position[:, None] ** np.arange(degree + 1))  # [degree + 1, W]
    powers = np.arange(derivative, degree + 1)
    factors = np.array([factorial(p) / factorial(p - derivative) for p in powers])
    at = position[:, None] ** (powers - derivative) * factors  # [W, powers]
    edge = at @ fit[derivative:]
    return fit[derivative] * factorial(derivative), edge
