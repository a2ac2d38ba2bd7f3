"""Speed and curvature along a plan, fitted as nuPlan's trackers do. Shapes: M poses, N = M - 1.

nuPlan (``tracker_utils.py``) solves two regularised least-squares problems for an initial value
and its rates. Written in the values themselves they are banded: the speeds v minimise
|v dt - p|² + jerk_penalty |second differences of v / dt|², p being the displacements along the
headings; the curvatures k minimise |v k dt - turn|² + penalty |first differences of k / dt|².
Solving the bands is the same solution in O(N).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

INITIAL_CURVATURE_PENALTY = 1e-10


@njit(cache=True)
def principal(angle_rad: float) -> float:
    """The angle in [-pi, pi)."""
    return (angle_rad + math.pi) % (2 * math.pi) - math.pi


@njit(cache=True)
def solve_pentadiagonal(
    main: np.ndarray, off1: np.ndarray, off2: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """Solves a symmetric positive definite system with two off-diagonals by L D Lᵀ.

    ``main`` [N], ``off1`` [N] (element i couples i and i + 1), ``off2`` [N] (i and i + 2).
    """
    x = right.copy()
    d, l1, l2 = factor_pentadiagonal(main, off1, off2)
    substitute_pentadiagonal(d, l1, l2, x)
    return x


@njit(cache=True)
def factor_pentadiagonal(
    main: np.ndarray, off1: np.ndarray, off2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """D [N] and the two bands of L [N] of such a system, for several right sides."""
    count = len(main)
    d, l1, l2 = np.zeros(count), np.zeros(count), np.zeros(count)
    for i in range(count):
        d[i] = main[i]
        coupling = off1[i]
        if i >= 1:
            d[i] -= l1[i - 1] * l1[i - 1] * d[i - 1]
            coupling -= l2[i - 1] * l1[i - 1] * d[i - 1]
        if i >= 2:
            d[i] -= l2[i - 2] * l2[i - 2] * d[i - 2]
        l1[i], l2[i] = coupling / d[i], off2[i] / d[i]
    return d, l1, l2


@njit(cache=True)
def substitute_pentadiagonal(d: np.ndarray, l1: np.ndarray, l2: np.ndarray, x: np.ndarray) -> None:
    """Turns the right side ``x`` [N] of a factored system into its solution, in place."""
    count = len(d)
    for i in range(count):
        if i >= 1:
            x[i] -= l1[i - 1] * x[i - 1]
        if i >= 2:
            x[i] -= l2[i - 2] * x[i - 2]
    for i in range(count):
        x[i] /= d[i]
    for i in range(count - 2, -1, -1):
        x[i] -= l1[i] * x[i + 1]
        if i + 2 < count:
            x[i] -= l2[i] * x[i + 2]


@njit(cache=True)
def fit_speed(poses: np.ndarray, dt_s: float, jerk_penalty: float) -> np.ndarray:
    """Speed profile [N] of poses [M, 3] that lie ``dt_s`` apart."""
    count = len(poses) - 1
    right = np.empty(count)
    for i in range(count):
        dx, dy = poses[i + 1, 0] - poses[i, 0], poses[i + 1, 1] - poses[i, 1]
        right[i] = dt_s * (math.cos(poses[i, 2]) * dx + math.sin(poses[i, 2]) * dy)
    d, l1, l2 = factor_speed(count, dt_s, jerk_penalty)
    substitute_pentadiagonal(d, l1, l2, right)
    return right


@njit(cache=True)
def factor_speed(
    count: int, dt_s: float, jerk_penalty: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The factored system of ``fit_speed``: it depends on the number of speeds only."""
    main, off1, off2 = np.full(count, dt_s * dt_s), np.zeros(count), np.zeros(count)
    weight = jerk_penalty / (dt_s * dt_s)
    for i in range(count - 2):  # one second difference v[i] - 2 v[i+1] + v[i+2]
        main[i] += weight
        main[i + 1] += 4 * weight
        main[i + 2] += weight
        off1[i] -= 2 * weight
        off1[i + 1] -= 2 * weight
        off2[i] += weight
    return factor_pentadiagonal(main, off1, off2)


@njit(cache=True)
def fit_curvature(
    poses: np.ndarray, speed_mps: np.ndarray, dt_s: float, rate_penalty: float
) -> np.ndarray:
    """Curvature profile [N] of poses [M, 3] driven with the speeds [N]."""
    count = len(speed_mps)
    right, main = np.empty(count), np.empty(count)
    for i in range(count):
        step = speed_mps[i] * dt_s
        main[i] = step * step
        right[i] = step * principal(poses[i + 1, 2] - poses[i, 2])
    main[0] += INITIAL_CURVATURE_PENALTY
    weight = rate_penalty / (dt_s * dt_s)
    for i in range(count - 1):
        main[i] += weight
        main[i + 1] += weight
    # One off-diagonal of -weight everywhere: L D Lᵀ in place.
    for i in range(1, count):
        low = -weight / main[i - 1]
        main[i] -= low * low * main[i - 1]
        right[i] -= low * right[i - 1]
    right[count - 1] /= main[count - 1]
    for i in range(count - 2, -1, -1):
        right[i] = right[i] / main[i] - (-weight / main[i]) * right[i + 1]
    return right
