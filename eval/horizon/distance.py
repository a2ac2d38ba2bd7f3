"""Wasserstein-1 distances between weighted samples, for many weightings at once.

Values belong to scenes, and a weighting gives each scene a weight: a bootstrap draw, or a half of
the scenes. The distance is the area between the two distribution functions (Vallender 1974).
Shapes: M scenes, N values, R weightings, B places of the support.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.seeds import generator

DRAWS, SPLITS = 1000, 200
SUPPORT = 2048  # places; of more values the support is thinned to their quantiles


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Values and the scene that each is of."""

    scene: np.ndarray  # int [N]
    value: np.ndarray  # float64 [N], finite

    def __len__(self) -> int:
        return len(self.value)


def sample(scene: np.ndarray, value: np.ndarray) -> Sample:
    """The finite ones of some values."""
    keep = np.isfinite(value)
    return Sample(scene=np.asarray(scene)[keep].astype(np.int64), value=np.asarray(value)[keep])


def bootstrap_weights(scenes: int) -> np.ndarray:
    """[1 + R, M]: as it is, then draws of the Bayesian bootstrap."""
    drawn = generator("bootstrap", "horizon", scenes).dirichlet(np.ones(scenes), DRAWS)
    return np.concatenate([np.ones((1, scenes)), drawn * scenes])


def half_weights(scenes: int) -> np.ndarray:
    """bool [R, M]: which scenes are in the first half, in random splits."""
    rng = generator("halves", "horizon", scenes)
    order = rng.permuted(np.tile(np.arange(scenes), (SPLITS, 1)), axis=1)
    return order < scenes // 2


def wasserstein(
    a: Sample, b: Sample, weights_a: np.ndarray, weights_b: np.ndarray
) -> np.ndarray:  # [R]
    """The distance for each pair of weightings [R, M]; NaN where one side has no value."""
    if not len(a) or not len(b):
        return np.full(len(weights_a), np.nan)
    support = np.unique(np.concatenate([a.value, b.value]))
    if len(support) > SUPPORT:
        support = np.unique(np.quantile(support, np.linspace(0.0, 1.0, SUPPORT)))
    below = [_distribution(x, w, support) for x, w in ((a, weights_a), (b, weights_b))]
    return np.abs(below[0] - below[1])[:, :-1] @ np.diff(support)


def _distribution(x: Sample, weights: np.ndarray, support: np.ndarray) -> np.ndarray:
    """Distribution functions [R, B] at the support; NaN without weight."""
    place = np.searchsorted(support, x.value, side="right") - 1
    counts = np.zeros((weights.shape[1], len(support)))
    np.add.at(counts, (x.scene, np.clip(place, 0, None)), 1.0)
    mass = weights.astype(np.float64) @ counts
    total = mass.sum(1, keepdims=True)
    return np.cumsum(mass, 1) / np.where(total > 0, total, np.nan)


def mean_of(x: Sample, weights: np.ndarray) -> float:
    """The mean under the first weighting; NaN without values."""
    own = weights[0][x.scene].astype(np.float64)
    return float((x.value * own).sum() / own.sum()) if own.sum() > 0 else float("nan")


def first_lasting(over: np.ndarray) -> np.ndarray:
    """The first step that is over, and the next one too; [..., H] bool -> [...] with H: never.

    A single step may be over by chance; the last step needs no other.
    """
    steps = over.shape[-1]
    after = np.concatenate([over[..., 1:], np.ones((*over.shape[:-1], 1), bool)], -1)
    lasting = over & after
    return np.where(lasting.any(-1), lasting.argmax(-1), steps)
