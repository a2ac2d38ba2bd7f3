"""Are occupancy probabilities honest? Sums behind the calibration error and the log loss.

Sums over windows give the figures of all windows, as for the IoU. Shapes: K classes, N voxels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

BINS = 15  # of equal width over [0, 1]; the last one holds p = 1
FLOOR = 1e-6  # probabilities are kept this far from 0 and 1 under the logarithm
COLUMNS = 3 * BINS + 2
"""Layout of the sums: per bin the voxels, their summed probability and how many are occupied;
then the summed log losses of occupied-or-free and of the class."""


@njit(cache=True)
def _add(occupied, likelihood, true, mask, free, out):
    bins = (out.size - 2) // 3
    for i in range(true.size):
        if not mask[i]:
            continue
        p = min(max(occupied[i], 0.0), 1.0)
        b = min(int(p * bins), bins - 1)
        hit = true[i] != free
        out[3 * b] += 1.0
        out[3 * b + 1] += p
        kept = min(max(p, FLOOR), 1.0 - FLOOR)
        if hit:
            out[3 * b + 2] += 1.0
            out[3 * bins] -= np.log(kept)
        else:
            out[3 * bins] -= np.log(1.0 - kept)
        out[3 * bins + 1] -= np.log(min(max(likelihood[i], FLOOR), 1.0))


def calibration_sums(
    probability: np.ndarray, true: np.ndarray, mask: np.ndarray | None
) -> np.ndarray:
    """Sums of one prediction.

    Args:
        probability: float [K, ...] class probabilities; the last class is free.
        true: uint8 [...] classes below K.
        mask: bool [...]: voxels that count; None = all.

    Returns:
        float64 [COLUMNS], see there.

    Raises:
        ValueError: the shapes differ or a class is not below K.
    """
    classes, voxels = len(probability), true.size
    if probability.shape[1:] != true.shape or (voxels and true.max() >= classes):
        raise ValueError(f"probability {probability.shape} does not fit labels {true.shape}")
    flat = probability.reshape(classes, voxels)
    labels = np.ascontiguousarray(true).reshape(-1)
    likelihood = np.take_along_axis(flat, labels[None].astype(np.intp), 0)[0]
    keep = np.ones(voxels, np.bool_) if mask is None else np.ascontiguousarray(mask).reshape(-1)
    out = np.zeros(COLUMNS)
    occupied = 1.0 - flat[-1].astype(np.float64)
    _add(occupied, likelihood.astype(np.float64), labels, keep, classes - 1, out)
    return out


def calibration_sums_reference(
    probability: np.ndarray, true: np.ndarray, mask: np.ndarray | None
) -> np.ndarray:
    """The same sums in plain NumPy."""
    keep = np.ones(true.shape, bool) if mask is None else mask
    p = np.clip(1.0 - probability[-1][keep].astype(np.float64), 0.0, 1.0)
    labels, free = true[keep], len(probability) - 1
    hit = labels != free
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    sums = [np.bincount(bins, w, BINS) for w in (np.ones_like(p), p, hit.astype(float))]
    kept = np.clip(p, FLOOR, 1.0 - FLOOR)
    loss = -np.log(np.where(hit, kept, 1.0 - kept)).sum()
    likelihood = probability[:, keep][labels, np.arange(len(labels))].astype(np.float64)
    return np.append(np.stack(sums, -1), [loss, -np.log(np.clip(likelihood, FLOOR, 1.0)).sum()])


def expected_calibration_error(sums: np.ndarray) -> np.ndarray:
    """Mean gap between probability and frequency of occupied, weighted by voxels; [...].

    Args:
        sums: float [..., COLUMNS].
    """
    bins = sums[..., : 3 * BINS].reshape(*sums.shape[:-1], BINS, 3)
    return _per_voxel(np.abs(bins[..., 1] - bins[..., 2]).sum(-1), sums)


def occupancy_nll(sums: np.ndarray) -> np.ndarray:
    """Mean negative log likelihood of occupied or free, nats per voxel; [...]."""
    return _per_voxel(sums[..., -2], sums)


def class_nll(sums: np.ndarray) -> np.ndarray:
    """Mean negative log likelihood of the true class, nats per voxel; [...]."""
    return _per_voxel(sums[..., -1], sums)


def _per_voxel(total: np.ndarray, sums: np.ndarray) -> np.ndarray:
    voxels = sums[..., 0 : 3 * BINS : 3].sum(-1)
    return np.where(voxels > 0, total / np.maximum(voxels, 1.0), np.nan)
