"""Counts behind every IoU: confusion matrices, and of them hits, predicted and true voxels per
class. Shapes: K classes.

Sums of counts over windows give the IoU of the sum (never the mean of IoUs), so that any table can
be recomputed and resampled from them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from drivewm.scene import MOVABLE, OccClass

CLASSES = len(OccClass)
MOVABLE_COLUMNS = np.array([int(c) for c in MOVABLE])
VRU = (OccClass.PEDESTRIAN, OccClass.BICYCLE, OccClass.MOTORCYCLE)  # vulnerable road users
_VRU_COLUMNS = np.array([int(c) for c in VRU])


@njit(cache=True)
def _confuse(predicted, true, mask, out):
    for i in range(predicted.size):
        if mask[i]:
            out[true[i], predicted[i]] += 1


def confusion(predicted: np.ndarray, true: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Voxels by true class (row) and predicted class (column); int64 [18, 18].

    Args:
        predicted, true: uint8, same shape, OccClass.
        mask: bool of that shape: voxels that count; None = all.

    Raises:
        ValueError: the shapes differ, or a class index is out of range.
    """
    if predicted.shape != true.shape or (mask is not None and mask.shape != true.shape):
        raise ValueError(f"shapes differ: predicted {predicted.shape}, true {true.shape}")
    if max(predicted.max(initial=0), true.max(initial=0)) >= CLASSES:
        raise ValueError(f"a class index is above {CLASSES - 1}")
    out = np.zeros((CLASSES, CLASSES), np.int64)
    keep = np.ones(true.size, np.bool_) if mask is None else np.ascontiguousarray(mask).ravel()
    _confuse(np.ascontiguousarray(predicted).ravel(), np.ascontiguousarray(true).ravel(), keep, out)
    return out


def counts_of(matrix: np.ndarray) -> np.ndarray:
    """Hits, predicted and true voxels of each class, and in row 18 of occupied against free.

    Args:
        matrix: [..., 18, 18] (sums of) confusion matrices.

    Returns:
        [..., 19, 3] columns hit, predicted, true.
    """
    free = CLASSES - 1
    hit = np.diagonal(matrix, axis1=-2, axis2=-1)
    predicted, true = matrix.sum(-2), matrix.sum(-1)
    per_class = np.stack([hit, predicted, true], -1)
    occupied = [matrix[..., :free, :free].sum((-1, -2))]
    occupied += [total[..., :free].sum(-1) for total in (predicted, true)]
    return np.concatenate([per_class, np.stack(occupied, -1)[..., None, :]], -2)


def counts_reference(
    predicted: np.ndarray, true: np.ndarray, mask: np.ndarray | None
) -> np.ndarray:
    """What ``counts_of(confusion(...))`` gives, in plain NumPy."""
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


def vru_iou(counts: np.ndarray) -> np.ndarray:
    """Mean IoU over the vulnerable road users present; [...]; NaN when none is."""
    return _mean(class_iou(counts)[..., _VRU_COLUMNS])


def _mean(ious: np.ndarray) -> np.ndarray:
    present = np.isfinite(ious)
    number = present.sum(-1)
    total = np.where(present, ious, 0.0).sum(-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
