"""Comfort of proposals: NAVSIM's filtered series and their bounds. Shapes: T steps, W window.

Definition: NAVSIM ``pdm_comfort_metrics.py``. v2 filters as nuPlan does and takes the
acceleration of the box centre; v1 (and PDM-Closed) takes that of the rear axle and fits **one**
parabola to the whole proposal for all but the magnitude's first smoothing and the yaw series.
Reference: ``measures.savgol`` (in the tests).
"""

from __future__ import annotations

import math
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.measures.savgol import DECIMALS, Filter, filter_series, make_filter

MIN_STEPS = 5  # the yaw filters' window


class Series(IntEnum):
    """Rows of a series array; the first six are bounded, in the reference's order of flags."""

    LON_ACC = 0
    LAT_ACC = 1
    JERK = 2
    LON_JERK = 3
    YAW_ACC = 4
    YAW_RATE = 5
    MAG_ACC = 6


BOUNDED = 6
BOUNDS = np.array(  # open intervals
    [[-4.05, 2.40], [-4.89, 4.89], [-8.37, 8.37], [-4.13, 4.13], [-1.93, 1.93], [-0.95, 0.95]]
)


class ComfortFilters(NamedTuple):
    """The filters of T steps; ``at_centre``: is the acceleration that of the box centre?"""

    acceleration: Filter
    magnitude: Filter
    jerk: Filter
    yaw_rate: Filter
    yaw_acc: Filter
    at_centre: bool


@lru_cache(maxsize=64)
def comfort_filters(
    steps: int, whole_fit: bool, dt_s: float = 0.1, yaw_acc_degree: int = 3
) -> ComfortFilters:
    """Filters for proposals of ``steps`` states.

    Args:
        steps: states of the series (history included).
        whole_fit: v1's windows and rear-axle accelerations instead of v2's.
        dt_s: between states.
        yaw_acc_degree: 3; extended comfort uses 2.

    Raises:
        ValueError: fewer than five states.
    """
    if steps < MIN_STEPS:
        raise ValueError(f"comfort needs at least {MIN_STEPS} states, not {steps}")
    long = steps if whole_fit else min(15, steps)
    return ComfortFilters(
        acceleration=make_filter(steps if whole_fit else min(8, steps), 2, 0, dt_s),
        magnitude=make_filter(min(8, steps), 2, 0, dt_s),
        jerk=make_filter(long, 2, 1, dt_s),
        yaw_rate=make_filter(5, 2, 1, dt_s),
        yaw_acc=make_filter(5, yaw_acc_degree, 2, dt_s),
        at_centre=not whole_fit,
    )


@njit(cache=True)
def _filter(values: np.ndarray, kernel: Filter, exact: bool, out: np.ndarray) -> None:
    """``filter_series`` to eight decimals; not ``exact`` leaves out its care for ties at the
    ends, and sums window by window at once, in the same order."""
    if exact:
        filter_series(values, kernel, True, out)
        return
    count, window, middle = len(values), kernel.window, kernel.middle
    half = window // 2
    inner = out[half : count - half]
    if kernel.parity == 0:
        first = half - (half if window % 2 else half - 1)
        _start(values, first + window - 1, middle[window - 1], inner)
        for j in range(window - 1):
            _add(values, first + j, middle[j], inner)
    else:
        _start(values, half, middle[half], inner)
        for j in range(half):
            _add_pair(values, j, window - 1 - j, kernel.parity, middle[j], inner)
    edge = kernel.edge
    for i in range(half):
        head = tail = 0.0
        for j in range(window):
            head += edge[i, j] * values[j]
            tail += edge[window - half + i, j] * values[count - window + j]
        out[i], out[count - half + i] = head, tail
    for i in range(count):
        out[i] = np.rint(out[i] * DECIMALS) / DECIMALS


@njit(cache=True)
def _start(values: np.ndarray, first: int, weight: float, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = values[first + i] * weight


@njit(cache=True)
def _add(values: np.ndarray, first: int, weight: float, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] += values[first + i] * weight


@njit(cache=True)
def _add_pair(
    values: np.ndarray, first: int, mirrored: int, parity: int, weight: float, out: np.ndarray
) -> None:
    for i in range(len(out)):
        out[i] += (values[first + i] + parity * values[mirrored + i]) * weight


@njit(cache=True)
def fill_series(
    history: np.ndarray,  # [K, 11] states before, or none
    states: np.ndarray,  # [T, 11], EgoColumn
    rear_axle_to_center_m: float,
    filters: ComfortFilters,
    exact: bool,
    raw: np.ndarray,  # [4, K + T] scratch
    series: np.ndarray,  # [7, K + T] written, Series
) -> None:
    """The filtered series of one proposal.

    ``exact`` breaks ties of the eighth decimal as the reference's arithmetic does; for flags,
    which a tie could change only within 1e-8 of a bound, it is not worth its price.
    """
    before, count = len(history), len(history) + len(states)
    turns, last = 0.0, 0.0
    for i in range(count):
        ego = history[i] if i < before else states[i - before]
        raw[0, i], raw[1, i] = ego[5], ego[6]
        if filters.at_centre:
            raw[0, i] += rear_axle_to_center_m * ego[9] ** 2 + rear_axle_to_center_m * ego[10]
        raw[2, i] = math.hypot(ego[5], ego[6])
        if i > 0:
            turns += np.rint((ego[2] - last) / (2 * math.pi))
        last = ego[2]
        raw[3, i] = ego[2] - 2 * math.pi * turns
    _filter(raw[0], filters.acceleration, exact, series[0])
    _filter(raw[1], filters.acceleration, exact, series[1])
    _filter(raw[2], filters.magnitude, exact, series[6])
    _filter(series[6], filters.jerk, exact, series[2])
    if filters.at_centre:
        _filter(series[0], filters.jerk, exact, series[3])
    else:  # the jerk starts from the short smoothing here too
        _filter(raw[0], filters.magnitude, exact, raw[2])
        _filter(raw[2], filters.jerk, exact, series[3])
    _filter(raw[3], filters.yaw_acc, exact, series[4])
    _filter(raw[3], filters.yaw_rate, exact, series[5])


@njit(cache=True)
def fill_comfort(
    series: np.ndarray,  # [7, T]
    bounds: np.ndarray,  # [6, 2]
    flags: np.ndarray,  # bool [6] written
) -> bool:
    """Which bounded series stay strictly inside; do all?"""
    every = True
    for k in range(len(bounds)):
        low = high = series[k, 0]
        for value in series[k]:
            low, high = min(low, value), max(high, value)
        flags[k] = low > bounds[k, 0] and high < bounds[k, 1]
        every = every and flags[k]
    return every
