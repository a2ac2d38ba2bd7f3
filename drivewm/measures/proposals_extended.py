"""Extended comfort: how much a plan differs from the one made half a second before.

Definition: NAVSIM ``pdm_comfort_metrics.ego_is_two_frame_extended_comfort`` and
``scene_aggregator._compute_two_frame_comfort``. Shapes: B proposals, T states, V overlap.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.measures.proposals_comfort import ComfortFilters, Series, comfort_filters, fill_series

NO_HISTORY = np.zeros((0, 11))
FEATURES = (Series.MAG_ACC, Series.JERK, Series.YAW_RATE, Series.YAW_ACC)
LIMITS = np.array([0.7, 0.5, 0.1, 0.1])  # m/s², m/s³, rad/s, rad/s²; closed
MAX_INTERVAL_S = 0.55


class ExtendedComfort(NamedTuple):
    """Per proposal."""

    ok: np.ndarray  # bool [B]
    rms: np.ndarray  # [B, 4] of the differences in acceleration, jerk, yaw rate, yaw acceleration


def extended_comfort(
    now: np.ndarray, before: np.ndarray, interval_s: float, dt_s: float = 0.1
) -> ExtendedComfort:
    """Compares plans where they overlap.

    Args:
        now: [B, T, 11] driven states of the plans made now, EgoColumn.
        before: [B, T, 11] of the plans made ``interval_s`` earlier.
        interval_s: between the two, more than 0 and less than 0.55 s.
        dt_s: between states.

    Raises:
        ValueError: the shapes differ, or the interval is out of range.
    """
    shift = round(interval_s / dt_s)
    if now.shape != before.shape or not 0 < interval_s < MAX_INTERVAL_S or shift < 1:
        raise ValueError(f"plans {before.shape} and {now.shape}, {interval_s:g} s apart")
    overlap = now.shape[1] - shift
    filters = comfort_filters(overlap, False, dt_s, yaw_acc_degree=2)
    rms = np.empty((len(now), len(FEATURES)))
    first = np.ascontiguousarray(now[:, :overlap])
    _differences(first, np.ascontiguousarray(before[:, shift:]), filters, NO_HISTORY, rms)
    return ExtendedComfort((rms <= LIMITS).all(axis=1), rms)


def worst_difference(
    now: np.ndarray, before: np.ndarray, interval_s: float, dt_s: float = 0.1
) -> tuple[int, float]:
    """(step of ``now`` [T, 11] at which the feature that takes most of its limit differs most from
    ``before`` [T, 11], share of the limit that its root mean square takes); as
    ``extended_comfort``."""
    rms = extended_comfort(now[None], before[None], interval_s, dt_s).rms[0]
    worst, shift = int(np.argmax(rms / LIMITS)), round(interval_s / dt_s)
    overlap = len(now) - shift
    filters, raw = comfort_filters(overlap, False, dt_s, yaw_acc_degree=2), np.empty((4, overlap))
    ours, theirs = np.empty((2, len(Series), overlap))
    for states, series in ((now[:overlap], ours), (before[shift:], theirs)):
        fill_series(NO_HISTORY, np.ascontiguousarray(states), 0.0, filters, True, raw, series)
    row = FEATURES[worst]
    return int(np.argmax(np.abs(ours[row] - theirs[row]))), float(rms[worst] / LIMITS[worst])


@njit(cache=True)
def _differences(
    now: np.ndarray,  # [B, V, 11]
    before: np.ndarray,  # [B, V, 11]
    filters: ComfortFilters,
    no_history: np.ndarray,
    rms: np.ndarray,  # [B, 4] written
) -> None:
    count = now.shape[1]
    raw, ours, theirs = np.empty((4, count)), np.empty((7, count)), np.empty((7, count))
    for b in range(len(now)):
        # the acceleration at the box centre is not among the features: no shift is needed
        fill_series(no_history, now[b], 0.0, filters, True, raw, ours)
        fill_series(no_history, before[b], 0.0, filters, True, raw, theirs)
        for k, row in enumerate((6, 2, 5, 4)):
            total = 0.0
            for i in range(count):
                total += (ours[row, i] - theirs[row, i]) ** 2
            rms[b, k] = np.sqrt(total / count)
