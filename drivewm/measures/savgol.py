"""Savitzky-Golay filters, equal to SciPy's ``savgol_filter`` in its default mode 'interp'.

The references round what these filters return to eight decimals, and rounding ties are common
there, so that "equal" has to mean the last bit: weights come from LAPACK's least squares as in
SciPy, full windows are summed in the order of ``scipy.ndimage.correlate1d``, and a value at an edge
that lies near a tie is fitted again by LAPACK. Shapes: T samples, W samples of a window.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

DECIMALS = 1e8  # eight of them
TIE = 1e-3  # nearness to a tie, in units of the eighth decimal, that asks for LAPACK
EPSILON = 2.220446049250313e-16  # of float64, as a plain constant


class Filter(NamedTuple):
    """What a window length, degree and derivative need; made once for many series."""

    window: int
    degree: int
    derivative: int
    step: float  # distance between samples
    middle: np.ndarray  # [W] weights for a full window's middle
    parity: int  # 1: middle is symmetric, -1: antisymmetric, 0: neither (even windows)
    edge: np.ndarray  # [W, W] weights for the value at each sample of a window
    design: np.ndarray  # [W, degree + 1] powers of 0..W-1, largest first, columns of norm 1
    norms: np.ndarray  # [degree + 1] of the columns before


@njit(cache=True)
def make_filter(window: int, degree: int, derivative: int, step: float) -> Filter:
    """The filter; ``degree < window``. The middle of an even window lies between two samples."""
    half = window // 2
    position = float(half) if window % 2 else half - 0.5
    powers = np.empty((degree + 1, window))
    for i in range(window):
        for p in range(degree + 1):
            powers[p, i] = (window - 1 - position - i) ** p
    goal = np.zeros(degree + 1)
    goal[derivative] = math.gamma(derivative + 1.0) / step**derivative
    weights = np.linalg.lstsq(powers, goal, EPSILON * max(window, degree + 1))[0]
    middle = weights[::-1].copy()
    design, norms = np.empty((window, degree + 1)), np.empty(degree + 1)
    for p in range(degree + 1):
        total = 0.0
        for i in range(window):
            design[i, p] = float(i) ** (degree - p)
            total += design[i, p] * design[i, p]
        norms[p] = math.sqrt(total)
        for i in range(window):
            design[i, p] /= norms[p]
    edge = _edge_weights(window, degree, derivative, step)
    return Filter(
        window, degree, derivative, step, middle, _parity(middle), edge, design, norms
    )  # fmt: skip


@njit(cache=True)
def _parity(middle: np.ndarray) -> int:
    window = len(middle)
    if window % 2 == 0:
        return 0
    half = window // 2
    even = odd = True
    for i in range(1, half + 1):
        even = even and abs(middle[half + i] - middle[half - i]) <= EPSILON
        odd = odd and abs(middle[half + i] + middle[half - i]) <= EPSILON
    return 1 if even else (-1 if odd else 0)


@njit(cache=True)
def _edge_weights(window: int, degree: int, derivative: int, step: float) -> np.ndarray:
    """Through polynomials that are orthonormal on the window (Gram-Schmidt on centred powers)."""
    terms = np.zeros((degree + 1, degree + 1))  # polynomial j, coefficient of power p
    values, slopes = np.empty((degree + 1, window)), np.zeros((degree + 1, window))
    for j in range(degree + 1):
        terms[j, j] = 1.0
        for i in range(window):
            values[j, i] = ((i - (window - 1) / 2) / window) ** j
        for k in range(2 * j + 1):  # each earlier one twice (once loses digits), then the norm
            other = k % j if k < 2 * j else j
            share = 0.0
            for i in range(window):
                share += values[j, i] * values[other, i]
            share = share if other < j else 1.0 - 1.0 / math.sqrt(share)
            for i in range(window):
                values[j, i] -= share * values[other, i]
            for p in range(degree + 1):
                terms[j, p] -= share * terms[other, p]
        for p in range(derivative, degree + 1):
            factor = terms[j, p] * math.gamma(p + 1.0) / math.gamma(p - derivative + 1.0)
            for i in range(window):
                slopes[j, i] += factor * ((i - (window - 1) / 2) / window) ** (p - derivative)
    out = np.zeros((window, window))
    scale = (window * step) ** derivative
    for j in range(degree + 1):
        for i in range(window):
            for k in range(window):
                out[i, k] += slopes[j, i] / scale * values[j, k]
    return out


@njit(cache=True)
def _fill_middle(values: np.ndarray, middle: np.ndarray, parity: int, out: np.ndarray) -> None:
    """The samples in the middle of a full window, summed in SciPy's order."""
    steps, window = len(values), len(middle)
    half = window // 2
    for t in range(half, steps - half):
        if parity == 0:
            start = t - half if window % 2 else t - half + 1
            total = values[start + window - 1] * middle[window - 1]
            for i in range(window - 1):
                total += values[start + i] * middle[i]
        else:
            total = values[t] * middle[half]
            for i in range(half):
                mirrored = parity * values[t + half - i]
                total += (values[t - half + i] + mirrored) * middle[i]
        out[t] = total


@njit(cache=True)
def _fit(samples: np.ndarray, kernel: Filter, terms: np.ndarray) -> None:
    """Fits a window as NumPy's and SciPy's ``polyfit`` do; the derivative's coefficients, largest
    power first, go into ``terms`` [degree + 1 - derivative]."""
    degree, cutoff = kernel.degree, kernel.window * EPSILON
    fitted = np.linalg.lstsq(kernel.design, samples.copy(), cutoff)[0]
    for p in range(len(terms)):
        terms[p] = fitted[p] / kernel.norms[p]
        for k in range(kernel.derivative):
            terms[p] *= degree - k - p


@njit(cache=True)
def _value(terms: np.ndarray, at: int, scale: float) -> float:
    value = 0.0
    for p in range(len(terms)):
        value = value * at + terms[p]
    return value / scale


@njit(cache=True)
def _rounded(value: float) -> float:
    return np.rint(value * DECIMALS) / DECIMALS


@njit(cache=True)
def _near_tie(value: float) -> bool:
    scaled = value * DECIMALS
    return abs(scaled - math.floor(scaled) - 0.5) < TIE


@njit(cache=True)
def filter_series(values: np.ndarray, kernel: Filter, to_decimals: bool, out: np.ndarray) -> None:
    """Filters ``values`` [T] (T >= window) into ``out`` [T].

    ``to_decimals`` rounds to eight decimals, ties as the references' own arithmetic breaks them.
    """
    steps, window, edge = len(values), kernel.window, kernel.edge
    half = window // 2
    _fill_middle(values, kernel.middle, kernel.parity, out)
    if to_decimals:
        for t in range(half, steps - half):
            out[t] = _rounded(out[t])
    terms, scale = np.empty(kernel.degree + 1 - kernel.derivative), kernel.step**kernel.derivative
    for start, begin, end in ((0, 0, half), (steps - window, window - half, window)):
        is_fitted = False
        for i in range(begin, end):
            value = 0.0
            for j in range(window):
                value += edge[i, j] * values[start + j]
            if to_decimals:
                if _near_tie(value):
                    if not is_fitted:
                        _fit(values[start : start + window], kernel, terms)
                        is_fitted = True
                    value = _value(terms, i, scale)
                value = _rounded(value)
            out[start + i] = value


def savgol(
    values: np.ndarray, window: int, degree: int, derivative: int, step: float
) -> np.ndarray:
    """Fits a polynomial to each window of [T] samples and takes its value or derivative.

    Args:
        values: [T] samples ``step`` apart.
        window: samples per window, at most T, more than ``degree``.
        degree: of the polynomial.
        derivative: order of the derivative (0 smooths), at most ``degree``.
        step: distance between samples.

    Raises:
        ValueError: the window does not fit.
    """
    if not degree < window <= len(values):
        raise ValueError(f"window {window} needs more than {degree} and at most {len(values)}")
    out = np.empty(len(values))
    kernel = make_filter(window, degree, derivative, float(step))
    filter_series(np.ascontiguousarray(values, float), kernel, False, out)
    return out
