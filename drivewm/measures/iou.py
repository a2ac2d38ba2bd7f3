"""Counts behind every IoU: hits, predicted and true voxels per class. Shapes: K classes.

Sums of counts over windows give the IoU of the sum (never the mean of IoUs), so that any table can
be recomputed and resampled from them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.scene import MOVABLE, OccClass

CLASSES = len(OccClass)
MOVABLE_COLUMNS = np.array([int(c) for c in MOVABLE])
_HIT, _PREDICTED, _TRUE = 0, 1, 2


@njit(cache=True)
def _count(predicted, true, mask, out):
    free = CLASSES - 1
    for i in range(predicted.size):
        if mask[i]:
            p, t = predicted[i], true[i]
            out[p, 1] += 1
            out[t, 2] += 1
            if p == t:
                out[p, 0] += 1
            if p != free:
                out[CLASSES, 1] += 1
            if t != free:
                out[CLASSES, 2] += 1
            if p != free and t != free:
                out[CLASSES, 0] += 1


def iou_counts(predicted: np.ndarray, true: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Counts of one prediction.

    Args:
        predicted, true: uint8, same shape, OccClass.
        mask: bool of that shape: voxels that count; None = all.

    Returns:
        int64 [19, 3] columns hit, predicted, true; row 18 is occupied against free.
    """
    out = np.zeros((CLASSES + 1, 3), np.int64)
    keep = np.ones(true.size, np.bool_) if mask is None else np.ascontiguousarray(mask).ravel()
    _count(np.ascontiguousarray(predicted).ravel(), np.ascontiguousarray(true).ravel(), keep, out)
    return out


def iou_counts_reference(
    predicted: np.ndarray, true: np.ndarray, mask: np.ndarray | None
) -> np.ndarray:
    """The same counts in plain NumPy."""
    keep = np.ones(true.shape, bool) if mask is None else mask
    p, t = predicted[keep], true[keep]
    rows = [[np.sum((p == c) & (t == c)), np.sum(p == c), np.sum(t == c)] for c in range(CLASSES)]
    free = OccClass.FREE
    rows.append([np.sum((p != free) & (t != free)), np.sum(p != free), np.sum(t != free)])
    return np.array(rows, np.int64)


def class_iou(counts: np.ndarray) -> np.ndarray:
    """IoU of each class from summed counts [..., 19, 3]; NaN where the class is absent from the
    truth (it is left out of every mean, never counted as 1)."""
    hit, predicted, true = np.moveaxis(counts[..., :CLASSES, :].astype(float), -1, 0)
    union = predicted + true - hit
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(true > 0, hit / union, np.nan)


def occupied_iou(counts: np.ndarray) -> np.ndarray:
    """IoU of occupied against free; [...]."""
    hit, predicted, true = np.moveaxis(counts[..., CLASSES, :].astype(float), -1, 0)
    return hit / np.maximum(predicted + true - hit, 1.0)


def mean_iou(counts: np.ndarray) -> np.ndarray:
    """Mean IoU over the classes present, free excepted; [...]; NaN when none is."""
    return _mean(class_iou(counts)[..., : OccClass.FREE])


def movable_iou(counts: np.ndarray) -> np.ndarray:
    """Mean IoU over the movable classes present; [...]; NaN when none is."""
    return _mean(class_iou(counts)[..., MOVABLE_COLUMNS])


def _mean(ious: np.ndarray) -> np.ndarray:
    present = np.isfinite(ious)
    number = present.sum(-1)
    total = np.where(present, ious, 0.0).sum(-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
