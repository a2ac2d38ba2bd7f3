"""End-point error of the motion field where something movable is. Shapes: X, Y cells."""

from __future__ import annotations

import numpy as np

MOVING_MPS = 0.5  # a movable this fast counts as moving
COLUMNS = 4
"""Layout of the sums: error and number of movable cells, then of those that move."""


def flow_sums(predicted: np.ndarray, true: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Sums of one prediction.

    Args:
        predicted, true: float [2, X, Y] velocity in the ego frame of that instant, m/s.
        cells: bool [X, Y]: columns that hold a movable whose velocity is known.

    Returns:
        float64 [COLUMNS], see there.
    """
    p, t = predicted[:, cells].astype(np.float64), true[:, cells].astype(np.float64)
    error = np.hypot(*(p - t))
    moving = np.hypot(*t) >= MOVING_MPS
    return np.array([error.sum(), error.size, error[moving].sum(), moving.sum()])


def end_point_error(sums: np.ndarray) -> np.ndarray:
    """Mean length of the velocity error over movable cells, m/s; [...]; NaN when there is none.

    Args:
        sums: float [..., COLUMNS].
    """
    return _mean(sums[..., 0], sums[..., 1])


def moving_end_point_error(sums: np.ndarray) -> np.ndarray:
    """The same over the cells that truly move at 0.5 m/s or more; [...]."""
    return _mean(sums[..., 2], sums[..., 3])


def _mean(total: np.ndarray, number: np.ndarray) -> np.ndarray:
    return np.where(number > 0, total / np.maximum(number, 1.0), np.nan)
